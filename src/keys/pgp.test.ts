/** PGP keys through a real gpg with keyrings of its own: what opens, and what is said of keys that are missing, expired, revoked, locked. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TsopsError } from '../errors.ts';
import { explicitContext, systemContext } from './context.ts';
import { pgpProvider } from './pgp.ts';
import { explainDecryption, explainListing, explainRecipient, parseStatus } from './pgp-status.ts';
import type { KeyContext } from './provider.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsops-pgp-'));
const hasGpg = spawnSync('gpg', ['--version']).error === undefined && process.platform !== 'win32';
const withGpg = { skip: hasGpg ? false : 'gpg is not here' };
const homes: string[] = [];

/** The agent otherwise measures how many rounds take a tenth of a second. */
const quickly = 's2k-count 65536\n';

function newHome(): string {
  const home = join(scratch, String(homes.length));
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(join(home, 'gpg-agent.conf'), quickly);
  homes.push(home);
  return home;
}

after(() => {
  for (const GNUPGHOME of homes)
    spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env: { ...process.env, GNUPGHOME }, stdio: 'ignore' });
  rmSync(scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});

function gpg(GNUPGHOME: string, ...args: string[]): string {
  const env = { ...process.env, GNUPGHOME };
  return execFileSync('gpg', ['--batch', ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
}

const longAgo = ['--faked-system-time', '20200101T000000'];

/** A new key, and the fingerprints of it and its sub-keys, from gpg's list for machines. */
function newKey(home: string, name: string, passphrase = '', clock: readonly string[] = [], expiry = 'never'): string {
  const secret = ['--pinentry-mode', 'loopback', '--passphrase', passphrase];
  gpg(home, ...clock, ...secret, '--quick-gen-key', name, 'ed25519', 'sign', expiry);
  return fingerprints(home, name)[0]!;
}

function addSubkey(
  home: string,
  fingerprint: string,
  passphrase = '',
  clock: readonly string[] = [],
  expiry = 'never',
): string {
  const secret = ['--pinentry-mode', 'loopback', '--passphrase', passphrase];
  gpg(home, ...clock, ...secret, '--quick-add-key', fingerprint, 'cv25519', 'encr', expiry);
  return fingerprints(home, fingerprint).at(-1)!;
}

function fingerprints(home: string, name: string): string[] {
  const list = gpg(home, '--with-colons', '--with-subkey-fingerprint', '--list-keys', name);
  return list.split('\n').flatMap(line => (line.startsWith('fpr:') ? [line.split(':')[9]!] : []));
}

/** gpg with this keyring, and without a terminal. */
function contextFor(GNUPGHOME: string, variables: Record<string, string> = {}, timeoutMs = 20_000): KeyContext {
  const system = systemContext({ timeoutMs, mayAsk: false });
  return {
    ...system,
    env: name => variables[name],
    run: (command, args, options) => system.run!(command, args, { ...options, env: { GNUPGHOME, GPG_TTY: '' } }),
  };
}

const part = Uint8Array.from(randomBytes(32));
const keyOf = (fingerprint: string, enc = '') => ({ kind: 'pgp' as const, fingerprint, createdAt: '', enc });
const wrap = (fingerprint: string, context: KeyContext) =>
  pgpProvider.wrap(keyOf(fingerprint), part, context, randomBytes);

async function opens(enc: string, context: KeyContext): Promise<void> {
  const result = await pgpProvider.unwrap(keyOf('', enc), context);
  assert.ok(result instanceof Uint8Array, JSON.stringify(result));
  assert.deepEqual(Uint8Array.from(result), part);
}

async function refusal(enc: string, context: KeyContext): Promise<string> {
  const result = await pgpProvider.unwrap(keyOf('', enc), context);
  assert.ok(!(result instanceof Uint8Array), 'it opened');
  assert.ok(result.hints.length > 0, 'there is no next act');
  return [result.reason, ...result.hints].join('\n');
}

async function wrapRefusal(fingerprint: string, context: KeyContext): Promise<string> {
  const error = await wrap(fingerprint, context).then(
    () => assert.fail('it was wrapped'),
    failure => failure,
  );
  assert.ok(error instanceof TsopsError && error.code === 'WRAP_FAILED', String(error));
  assert.ok(error.hints.length > 0, 'there is no next act');
  return [error.message, ...error.hints].join('\n');
}

describe('recipients', withGpg, () => {
  let context: KeyContext;
  let home: string;
  before(() => {
    home = newHome();
    context = contextFor(home);
  });

  it('a key, its exact sub-key, and the same in lower case', async () => {
    const key = newKey(home, 'good');
    const [one, two] = [addSubkey(home, key), addSubkey(home, key)];
    for (const text of [key, `${one}!`, `${two}!`, key.toLowerCase(), `0x${key.slice(-16)}`])
      await opens(await wrap(text, context), context);
    const packets = (enc: string) =>
      spawnSync('gpg', ['--list-packets'], { input: enc, env: { ...process.env, GNUPGHOME: home } });
    assert.match(String(packets(await wrap(`${one}!`, context)).stdout), new RegExp(`keyid ${one.slice(-16)}`));
    assert.match(
      await wrapRefusal(`${key}!`, context),
      /^exactly this key is not one for encryption\nSee what gpg knows/,
    );
  });

  it('a missing key', async () =>
    assert.match(
      await wrapRefusal('0'.repeat(39).concat('1'), context),
      /^gpg does not have its public key\n[\s\S]*gpg --import/,
    ));

  it('an expired key', async () => {
    const key = newKey(home, 'expired', '', longAgo, '20200301T000000');
    addSubkey(home, key, '', longAgo);
    assert.match(await wrapRefusal(key, context), /^the key expired on 2020-(02-29|03-01)\n/);
  });

  it('expired sub-keys, alone and exactly', async () => {
    const key = newKey(home, 'subkeys', '', longAgo);
    const old = addSubkey(home, key, '', longAgo, '20200301T000000');
    assert.match(await wrapRefusal(key, context), /^its sub-key for encryption expired on 2020-/);
    addSubkey(home, key, '', longAgo, '20200401T000000');
    assert.match(
      await wrapRefusal(key, context),
      /^none of its sub-keys for encryption can be used: the last expired on 2020-/,
    );
    addSubkey(home, key);
    await wrap(key, context);
    assert.match(await wrapRefusal(`${old}!`, context), /^the sub-key expired on 2020-/);
  });

  it('a revoked key', async () => {
    const key = newKey(home, 'revoked');
    addSubkey(home, key);
    const enc = await wrap(key, context);
    const file = join(home, 'openpgp-revocs.d', `${key}.rev`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^:---/m, '---'));
    gpg(home, '--import', file);
    assert.match(await wrapRefusal(key, context), /^the key was revoked\n/);
    await opens(enc, context);
  });

  it('a key that only signs, and a disabled one', async () => {
    const key = newKey(home, 'signer');
    assert.match(await wrapRefusal(key, context), /^the key has no sub-key for encryption\n/);
    const other = newKey(home, 'disabled');
    addSubkey(home, other);
    const edit = { input: 'disable\nsave\n', env: { ...process.env, GNUPGHOME: home } };
    spawnSync('gpg', ['--batch', '--command-fd', '0', '--edit-key', other], edit);
    assert.match(await wrapRefusal(other, context), /^the key is disabled in the keyring\n/);
  });

  it('what is no fingerprint never reaches gpg', async () => {
    const strict = { ...context, run: () => assert.fail('it ran') };
    await assert.rejects(wrap('--output=/tmp/x', strict), { code: 'WRAP_FAILED' });
  });
});

/** A pinentry that answers as it is told. Assuan: one OK a line. */
function pinentry(home: string, answer: string): void {
  const program = join(home, 'pinentry');
  const answers = 'while read -r line; do case "$line" in GETPIN) %s ;; BYE) echo OK; exit ;; *) echo OK ;; esac; done';
  writeFileSync(program, `#!/bin/sh\necho OK\n${answers.replace('%s', answer)}\n`);
  chmodSync(program, 0o755);
  useAgent(home, program);
}

function useAgent(GNUPGHOME: string, program: string): void {
  writeFileSync(join(GNUPGHOME, 'gpg-agent.conf'), `${quickly}pinentry-program ${program}\n`);
  spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env: { ...process.env, GNUPGHOME } });
}

describe('secret keys', withGpg, () => {
  let home: string;
  let enc: string;
  before(async () => {
    home = newHome();
    const key = newKey(home, 'locked', 'geheim');
    addSubkey(home, key, 'geheim');
    enc = await wrap(key, contextFor(home));
  });

  it('a key that gpg does not have', async () =>
    assert.match(
      await refusal(enc, contextFor(newHome())),
      /^gpg does not have the secret key that it is for \(key ID [0-9A-F]{16}\)\n.*--list-secret-keys/,
    ));

  const answers: readonly [string, string, RegExp | undefined][] = [
    ['the passphrase', 'echo "D geheim"; echo OK', undefined],
    ['a wrong passphrase', 'echo "D falsch"; echo OK', /^the passphrase of its secret key was wrong\n/],
    [
      'a cancelled question',
      'echo "ERR 83886179 cancelled"',
      /^the question for the passphrase .* was cancelled\n.*GPG_TTY/,
    ],
    [
      'a question that timed out',
      'echo "ERR 83886142 timeout"',
      /^the question for the passphrase .* was (not answered in time|cancelled)\n/,
    ],
  ];
  for (const [name, answer, words] of answers) {
    it(`the agent asks: ${name}`, async () => {
      pinentry(home, answer);
      if (words === undefined) await opens(enc, contextFor(home));
      else assert.match(await refusal(enc, contextFor(home)), words);
    });
  }

  it('the agent cannot ask', async () => {
    useAgent(home, '/nonexistent/pinentry');
    assert.match(
      await refusal(enc, contextFor(home)),
      /^its secret key is locked, and gpg had no way to ask .*\n.*GPG_TTY/,
    );
  });

  it('nobody answers', async () => {
    pinentry(home, 'exec sleep 30');
    assert.match(
      await refusal(enc, contextFor(home, {}, 1_500)),
      /^gpg did not end within 1.5 seconds\ngpg may be waiting/,
    );
  });

  const damaged: readonly [string, (text: string) => string, RegExp][] = [
    ['no PGP at all', () => 'hunter2', /^its wrapped key is damaged: it is no PGP message/],
    ['nothing', () => '', /^its wrapped key is damaged: it is no PGP message/],
    ['a checksum that does not fit', text => text.replace(/^=.{4}/m, '=AAAA'), /^gpg failed and did not say why/],
    ['a message cut short', text => text.slice(0, 200), /^(its wrapped key is damaged|gpg failed)/],
  ];
  for (const [name, change, words] of damaged) {
    it(name, async () => {
      pinentry(home, 'echo "D geheim"; echo OK');
      assert.match(await refusal(change(enc), contextFor(home)), words);
    });
  }
});

describe('the program', () => {
  const script = (name: string, text: string) => {
    const path = join(scratch, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return path;
  };
  const message = '-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----';

  it('SOPS_GPG_EXEC names it, with a blank in its path', { skip: process.platform === 'win32' }, async () => {
    mkdirSync(join(scratch, 'a b'));
    const named = script('a b/gpg', `echo '${message}'`);
    assert.equal(await wrap('A'.repeat(40), contextFor(scratch, { SOPS_GPG_EXEC: named })), message);
  });

  it('is not there', async () => {
    const named = contextFor(scratch, { SOPS_GPG_EXEC: '/nonexistent/gpg' });
    assert.match(await refusal(message, named), /^the program in SOPS_GPG_EXEC was not found or cannot be started\n/);
    const none = { ...named, env: () => undefined, run: async () => ({ status: 127, stdout: part, stderr: part }) };
    assert.match(await refusal(message, none), /^gpg was not found or cannot be started\nInstall GnuPG/);
    assert.match(await wrapRefusal('A'.repeat(40), none), /^gpg was not found/);
    assert.match(await refusal(message, explicitContext({})), /^it needs gpg, and no program may be run here\n/);
  });

  it('gives nothing, and its words are shown to nobody', { skip: process.platform === 'win32' }, async () => {
    const silent = contextFor(scratch, { SOPS_GPG_EXEC: script('silent', 'echo canary >&2') });
    assert.match(await refusal(message, silent), /^gpg gave nothing for it/);
    const failing = contextFor(scratch, { SOPS_GPG_EXEC: script('failing', 'echo canary; echo canary >&2; exit 5') });
    for (const text of [await refusal(message, failing), await wrapRefusal('A'.repeat(40), failing)]) {
      assert.match(text, /exit status 5/);
      assert.ok(!text.includes('canary'));
    }
  });
});

describe('status lines', () => {
  const reasonOf = (text: string, status = 2) => explainDecryption(status, parseStatus(Buffer.from(text))).reason;
  const cases: readonly [string, string, RegExp][] = [
    [
      'a card that is not there',
      '[GNUPG:] ERROR pkdecrypt_failed 100663408',
      /the card with its secret key is not there/,
    ],
    ['a blocked PIN', '[GNUPG:] ERROR pkdecrypt_failed 100663426', /the PIN of the card/],
    ['another error', '[GNUPG:] ERROR pkdecrypt_failed 67109000', /could not use its secret key \(gpg error 136\)/],
    ['a hidden recipient', '[GNUPG:] NO_SECKEY 0000000000000000', /its key ID is hidden/],
    ['a key ID that is none', '[GNUPG:] NO_SECKEY \u001b[31m', /of an unknown key ID/],
    ['a changed message', 'gpg: x\n[GNUPG:] DECRYPTION_FAILED\r\n', /gpg cannot decrypt it/],
    ['words that only look like it', 'gpg: [GNUPG:] NO_SECKEY 1', /did not say why/],
  ];
  for (const [name, text, words] of cases) it(name, () => assert.match(reasonOf(text), words));

  it('refused recipients', () => {
    const reason = (code: number) => explainRecipient([['INV_RECP', String(code), 'X']]);
    assert.deepEqual([4, 5, 0].map(reason), ['the key was revoked', 'the key has expired', undefined]);
    assert.equal(explainListing(Buffer.from('garbage\n'), 'A'), undefined);
  });
});
