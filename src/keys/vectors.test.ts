/** The wrapped keys of files that sops made: testdata/vectors/cases/keys, each with every set of keys that its case names. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { createCipher } from '../core/cipher.ts';
import { DataKey } from '../core/datakey.ts';
import type { KeyGroup } from '../core/metadata.ts';
import { type ErrorCode, TsopsError } from '../errors.ts';
import { systemContext } from './context.ts';
import { unwrapDataKey, wrapDataKey } from './groups.ts';
import { pgpProvider } from './pgp.ts';
import type { KeyContext } from './provider.ts';

const vectors = fileURLToPath(new URL('../../testdata/vectors/', import.meta.url));
const keys = join(vectors, 'keys');
const scratch = mkdtempSync(join(tmpdir(), 'tsops-keys-'));
const gpg = findGpg();

/** An error of this code whose text or hints match. */
const failsWith =
  (code: ErrorCode, pattern = /(?:)/) =>
  (error: unknown) =>
    error instanceof TsopsError && error.code === code && pattern.test([error.message, ...error.hints].join('\n'));

interface KeySet {
  readonly env: Readonly<Record<string, string | readonly string[]>>;
  readonly expect: string;
}
interface Case extends KeySet {
  readonly name: string;
  readonly passphraseFile?: string;
  readonly decryptWith?: readonly KeySet[];
}
interface StoredGroup {
  readonly age?: readonly { recipient: string; enc: string }[] | null;
  readonly pgp?: readonly { fp: string; created_at: string; enc: string }[] | null;
}
interface StoredBlock extends StoredGroup {
  readonly key_groups?: readonly StoredGroup[];
  readonly shamir_threshold?: number;
}

function findGpg(): boolean {
  try {
    execFileSync('gpg', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function groupOf({ age, pgp }: StoredGroup): KeyGroup {
  return [
    ...(age ?? []).map(key => ({ kind: 'age' as const, ...key })),
    ...(pgp ?? []).map(({ fp, created_at, enc }) => ({
      kind: 'pgp' as const,
      fingerprint: fp,
      createdAt: created_at,
      enc,
    })),
  ];
}

const homes = new Map<string, string>();

/** A keyring with the named keys in it. */
function gnupgHome(names: readonly string[]): string {
  const id = names.join(' ');
  const known = homes.get(id);
  if (known !== undefined) return known;
  const home = join(scratch, `gnupg-${homes.size}`);
  mkdirSync(home, { mode: 0o700 });
  const files = names.map(name => join(keys, name));
  execFileSync('gpg', ['--batch', '--quiet', '--import', ...files], { env: { ...process.env, GNUPGHOME: home } });
  homes.set(id, home);
  return home;
}

/** The variables of a set of keys as the README of the vectors says how to set them. */
function variables({ env }: KeySet): Map<string, string> {
  return new Map(
    Object.entries(env).map(([name, value]) => {
      const names = [value].flat();
      if (name === 'GNUPGHOME') return [name, gnupgHome(names)];
      const content = names.map(file => readFileSync(join(keys, file))).join('\n');
      if (name === 'SOPS_AGE_KEY') return [name, content];
      const file = join(scratch, names.join('+'));
      writeFileSync(file, content);
      return [name, name.endsWith('_CMD') ? `cat '${file}'` : file];
    }),
  );
}

/** The machine, with these variables and nothing else of the user's. */
function contextOf(keySet: KeySet, passphraseFile?: string): KeyContext {
  const env = variables(keySet);
  const system = systemContext({ timeoutMs: 20_000 });
  const home = env.get('GNUPGHOME') ?? join(scratch, 'nobody');
  return {
    ...system,
    env: name => env.get(name),
    homeDir: join(scratch, 'home'),
    configDir: join(scratch, 'home', '.config'),
    run: (command, args, options) =>
      system.run!(command, args, { ...options, env: { ...options.env, GNUPGHOME: home } }),
    askSecret: async () => (passphraseFile ? readFileSync(join(keys, passphraseFile), 'utf8').trim() : undefined),
  };
}

interface Encrypted {
  readonly groups: readonly KeyGroup[];
  readonly shamirThreshold: number;
  readonly leaf: readonly [key: string, value: string];
}

/** The keys of an encrypted file, and one of its encrypted values. Flat formats are left to their own tests. */
function readEncrypted(folder: string): Encrypted | undefined {
  const file = ['encrypted.yaml', 'encrypted.json', 'encrypted.bin'].map(name => join(folder, name)).find(existsSync);
  if (file === undefined) return undefined;
  const { sops, ...values } = parse(readFileSync(file, 'utf8')) as { sops: StoredBlock } & Record<string, unknown>;
  const leaf = Object.entries(values).find(([, value]) => typeof value === 'string' && value.startsWith('ENC['));
  return {
    groups: sops.key_groups?.map(groupOf) ?? [groupOf(sops)],
    shamirThreshold: sops.shamir_threshold ?? 0,
    leaf: leaf as [string, string],
  };
}

let opened = 0;

async function check(file: Encrypted, keySet: KeySet, passphraseFile?: string): Promise<void> {
  const context = contextOf(keySet, passphraseFile);
  if (keySet.expect !== 'ok') {
    await assert.rejects(unwrapDataKey(file, { context }), failsWith('DATA_KEY_UNAVAILABLE'));
    return;
  }
  const { dataKey, openedBy } = await unwrapDataKey(file, { context });
  const [key, value] = file.leaf;
  assert.ok(createCipher(dataKey, randomBytes).decrypt(value, `${key}:`) !== '');
  assert.equal(openedBy.length, Math.max(1, file.groups.length > 1 ? file.shamirThreshold : 1));
  opened++;
}

describe('vectors of master keys', () => {
  after(() => {
    console.log(`vectors: ${opened} sets of keys opened their file`);
    for (const home of homes.values()) execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  });
  const folder = join(vectors, 'cases', 'keys');
  for (const name of readdirSync(folder)) {
    const vector = JSON.parse(readFileSync(join(folder, name, 'case.json'), 'utf8')) as Case;
    const file = readEncrypted(join(folder, name));
    for (const keySet of file === undefined ? [] : [vector, ...(vector.decryptWith ?? [])]) {
      const title = `${name} with ${Object.entries(keySet.env).flat(2).join(' ') || 'nothing'}: ${keySet.expect}`;
      const needsGpg = 'GNUPGHOME' in keySet.env || file!.groups.flat().some(key => key.kind === 'pgp');
      it(title, { skip: needsGpg && !gpg ? 'gpg is not installed' : false }, () =>
        check(file!, keySet, vector.passphraseFile),
      );
    }
  }

  it('a key that gpg wraps is a key that gpg unwraps', { skip: gpg ? false : 'gpg is not installed' }, async () => {
    const context = contextOf({ env: { GNUPGHOME: ['pgp-1.secret.asc', 'pgp-2.secret.asc'] }, expect: 'ok' });
    const names = ['pgp-1', 'pgp-2'].map(name => readFileSync(join(keys, `${name}.fingerprint.txt`), 'utf8').trim());
    const dataKey = DataKey.generate(randomBytes);
    const [group] = (await wrapDataKey(dataKey, [pgpProvider.parse(names.join(','))], 0, context, randomBytes)).groups;
    for (const key of group!) {
      assert.match(key.enc, /^-----BEGIN PGP MESSAGE-----\n[\s\S]*\n-----END PGP MESSAGE-----$/);
      const { dataKey: same } = await unwrapDataKey({ groups: [[key]], shamirThreshold: 0 }, { context });
      assert.ok(same.keyObject().equals(dataKey.keyObject()));
    }
    const unknown = pgpProvider.parse('0123456789ABCDEF0123456789ABCDEF01234567');
    await assert.rejects(
      wrapDataKey(dataKey, [unknown], 0, context, randomBytes),
      failsWith('WRAP_FAILED', /gpg --list-keys/),
    );
  });
});
