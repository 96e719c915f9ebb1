/**
 * One file for a key of every kind, encrypted once by the built command: it opens with each key alone, and in groups with every pair
 * and with no single one. Every service is a server that speaks its real protocol (testdata/servers).
 */

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { testSecret } from '../servers/aws.ts';
import { Everywhere, type TestKey } from '../servers/everywhere.ts';
import { applicationEnv } from '../servers/keyvault.ts';
import { notOnNode } from '../started.ts';
import { realSops, runProgram, runTsops } from './harness.ts';

/** Writes the addresses of all modules that were loaded into the file LOADED. */
const loadHooks = `import { registerHooks } from 'node:module';
import { writeFileSync } from 'node:fs';
const urls = [];
registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
process.on('exit', () => writeFileSync(process.env.LOADED, urls.join('\\n')));
`;

const plain = 'password: canary-5b1f0\n';
const names = ['age', 'pgp', 'azure_kv', 'hckms', 'gcp_kms', 'hc_vault', 'kms'] as const;
const options = {
  age: 'age',
  pgp: 'pgp',
  azure_kv: 'azure-kv',
  hckms: 'hckms',
  gcp_kms: 'gcp-kms',
  hc_vault: 'hc-vault-transit',
  kms: 'kms',
} as const;

describe('a key of every kind', () => {
  let everywhere: Everywhere;
  before(async () => {
    everywhere = await Everywhere.start();
  });
  after(() => everywhere?.stop());

  const keyOf = (kind: string): TestKey | undefined => everywhere.keys.find(key => key.kind === kind);
  const run = (args: readonly string[], keys: readonly TestKey[], more: Readonly<Record<string, string>> = {}) => {
    const secrets = ['canary-5b1f0', testSecret, applicationEnv.AZURE_CLIENT_SECRET, 'canary-root'];
    const env = { ...everywhere.machine(keys), ...more };
    return runTsops(args, { cwd: everywhere.folder, env, secrets });
  };
  const configure = (text: string) => writeFileSync(join(everywhere.folder, '.sops.yaml'), text);
  const encrypt = async (name: string, args: readonly string[] = []) => {
    writeFileSync(join(everywhere.folder, name), plain);
    const done = await run(['encrypt', '-i', ...args, name], everywhere.keys);
    assert.equal(done.status, 0, done.stderr);
  };
  const opens = async (name: string, keys: readonly TestKey[]) => {
    const done = await run(['decrypt', '--verbose', name], keys);
    assert.equal(done.status, 0, done.stderr);
    assert.equal(done.stdout.toString(), plain);
    return done.stderr;
  };
  const stays = async (name: string, keys: readonly TestKey[]) => {
    const done = await run(['decrypt', name], keys);
    assert.deepEqual([done.status, done.stdout.toString()], [128, ''], done.stderr);
    return done.stderr;
  };

  test('encrypted once, by flags', async t => {
    if (everywhere.missing.length > 0) t.diagnostic(`left out: ${everywhere.missing.join(', ')}`);
    const flags = everywhere.keys.flatMap(({ kind, text }) => [`--${options[kind]}`, text]);
    await encrypt('one.yaml', flags);
    const block = readFileSync(join(everywhere.folder, 'one.yaml'), 'utf8');
    for (const { kind } of everywhere.keys) assert.match(block, new RegExp(`^ {4}${kind}:\n`, 'm'));
  });

  for (const kind of names) {
    test(`opens with ${kind} alone`, async t => {
      const key = keyOf(kind);
      if (key === undefined) return t.skip(everywhere.missing.join(', '));
      // The user's own configuration, not the file, says that the Vault may be sent a token.
      configure(kind === 'hc_vault' ? `creation_rules: [{hc_vault_transit_uri: "${key.text}"}]\n` : '{}\n');
      assert.match(await opens('one.yaml', [key]), new RegExp(`^tsops: opened with ${kind} `, 'm'));
    });
  }

  /** What the code of each service has in it and no other code: its protocol, and how one logs in there. */
  const sdks: Readonly<Record<string, readonly RegExp[]>> = {
    kms: [/TrentService/],
    gcp_kms: [/google\.cloud\.kms\.v1/, /google-auth-library|GoogleAuth\b/],
    azure_kv: [/keyvault-keys/, /login\.microsoftonline\.com/],
  };
  for (const kind of names) {
    test(`${kind} loads no SDK but its own`, { skip: notOnNode }, async t => {
      const key = keyOf(kind);
      if (key === undefined) return t.skip(everywhere.missing.join(', '));
      const loaded = join(everywhere.folder, `loaded-${kind}`);
      const hooks = join(everywhere.folder, 'hooks.mjs');
      writeFileSync(hooks, loadHooks);
      const more = { NODE_OPTIONS: `--import "${pathToFileURL(hooks)}"`, LOADED: loaded, VAULT_ADDR: key.text };
      // A file for this key only: on a busy machine the keys of other services would be asked too, after half a second.
      const file = `only-${kind}.yaml`;
      await encrypt(file, [`--${options[kind]}`, key.text]);
      const done = await run(['decrypt', file], [key], more);
      assert.equal(done.status, 0, done.stderr);
      const files = readFileSync(loaded, 'utf8')
        .split('\n')
        .filter(url => url.startsWith('file:') && url.includes('/dist/'));
      const code = files.map(url => readFileSync(fileURLToPath(url), 'utf8')).join('');
      assert.match(code, /age-encryption\.org/);
      for (const [owner, marks] of Object.entries(sdks))
        for (const mark of marks) assert.equal(mark.test(code), owner === kind, `${owner}: ${mark} in ${files}`);
      if (sdks[kind] === undefined)
        assert.ok(code.length < 500_000, `${code.length} bytes of code for ${kind}: ${files}`);
    });
  }

  test('no key: each is named with what to do, and within seconds', async () => {
    const start = performance.now();
    const said = await stays('one.yaml', []);
    assert.ok(performance.now() - start < 20_000);
    for (const { kind } of everywhere.keys) assert.match(said, new RegExp(`^ {2}${kind} \\S+: \\S`, 'm'));
    assert.match(said, /^tsops: hint: /m);
  });

  test('a Vault that only the file names is not sent the token', async t => {
    const vault = keyOf('hc_vault');
    if (vault === undefined) return t.skip();
    configure('{}\n');
    assert.match(await stays('one.yaml', [vault]), /only the file names this server/);
    configure('creation_rules: [\n');
    assert.match(await stays('one.yaml', [vault]), /warning: the configuration cannot be read, so no address/);
    configure('{}\n');
  });

  test('in three groups, with any two', async t => {
    const groups = [
      ['age', 'kms'],
      ['pgp', 'gcp_kms', 'hckms'],
      ['azure_kv', 'hc_vault'],
    ].map(kinds => kinds.flatMap(kind => keyOf(kind) ?? []));
    const lists = groups.map(keys => `{${keys.map(({ item: [list, item] }) => `${list}: [${item}]`).join(', ')}}`);
    configure(`creation_rules:\n  - shamir_threshold: 2\n    key_groups: [${lists.join(', ')}]\n`);
    await encrypt('groups.yaml');
    for (const [index, group] of groups.entries()) {
      for (const key of group) {
        await t.test(`not with ${key.kind} alone`, async () => {
          assert.match(await stays('groups.yaml', [key]), /needs 2 of the 3 key groups, and only 1 could be opened/);
        });
        for (const other of groups.slice(index + 1).flat()) {
          await t.test(`with ${key.kind} and ${other.kind}`, async () => {
            const said = await opens('groups.yaml', [key, other]);
            for (const { kind } of [key, other]) assert.match(said, new RegExp(`^tsops: opened with ${kind} `, 'm'));
          });
        }
      }
    }
  });

  describe('a service that never answers', () => {
    const server = createServer(() => undefined);
    let hanging: Readonly<Record<string, string>>;
    before(async () => {
      await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
      hanging = { AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    });
    after(() => {
      server.closeAllConnections();
      server.close();
    });
    const decrypt = async (keys: readonly TestKey[], ...args: string[]) => {
      const start = performance.now();
      const done = await run(['decrypt', ...args, 'one.yaml'], keys, hanging);
      return { ...done, tookMs: performance.now() - start };
    };

    test('another key opens the file, and the command ends', async t => {
      const [kms, google] = [keyOf('kms'), keyOf('gcp_kms')];
      if (kms === undefined || google === undefined) return t.skip(everywhere.missing.join(', '));
      const done = await decrypt([kms, google]);
      assert.deepEqual([done.status, done.stdout.toString()], [0, plain], done.stderr);
      assert.ok(done.tookMs < 8_000, `${done.tookMs}`);
    });

    test('--timeout, and no program of a login is left behind', async t => {
      const kms = keyOf('kms');
      if (kms === undefined) return t.skip(everywhere.missing.join(', '));
      const beats = join(everywhere.folder, 'beats');
      const command = `sh -c "while :; do echo x >>'${beats}'; sleep 0.05; done; echo"`;
      const config = join(everywhere.folder, 'hanging-config');
      writeFileSync(config, `[default]\ncredential_process = ${command}\n`);
      const more = { AWS_CONFIG_FILE: config };
      const [google] = everywhere.keys.filter(({ kind }) => kind === 'gcp_kms');
      for (const [keys, status] of [
        [[], 128],
        [google === undefined ? [] : [google], google === undefined ? 128 : 0],
      ] as const) {
        writeFileSync(beats, '');
        const done = await run(['decrypt', '--timeout', '2', 'one.yaml'], keys, more);
        assert.equal(done.status, status, done.stderr);
        const size = statSync(beats).size;
        await sleep(300);
        assert.equal(statSync(beats).size, size, 'the program goes on');
        if (status === 128) assert.ok(size > 0);
        if (status === 128) assert.match(done.stderr, /credential_process that failed .*nothing came within 2 seconds/);
      }
    });

    test('--timeout', async t => {
      const kms = keyOf('kms');
      if (kms === undefined) return t.skip(everywhere.missing.join(', '));
      const done = await decrypt([kms], '--timeout', '1');
      assert.equal(done.status, 128);
      assert.match(done.stderr, /^ {2}kms \S+: AWS KMS in eu-west-1 did not answer within 1 seconds$/m);
      assert.ok(done.tookMs < 8_000, `${done.tookMs}`);
    });
  });

  describe('settings of AWS', () => {
    const blockOf = (name: string) => readFileSync(join(everywhere.folder, name), 'utf8');

    test('--encryption-context and --aws-profile for --kms', async t => {
      const kms = keyOf('kms');
      if (kms === undefined) return t.skip(everywhere.missing.join(', '));
      const profile = '[profile work]\naws_access_key_id = AKIATESTTESTTESTTEST\naws_secret_access_key = x\n';
      writeFileSync(join(everywhere.folder, 'aws-config'), profile);
      const more = { AWS_CONFIG_FILE: join(everywhere.folder, 'aws-config') };
      writeFileSync(join(everywhere.folder, 'aws.yaml'), plain);
      configure('{}\n');
      const args = ['--kms', kms.text, '--encryption-context', 'stage:prod,app:web', '--aws-profile', 'work'];
      const done = await run(['encrypt', '-i', ...args, 'aws.yaml'], [], more);
      assert.equal(done.status, 0, done.stderr);
      assert.match(blockOf('aws.yaml'), /aws_profile: work\n +context:\n +app: web\n +stage: prod\n/);
      assert.equal((await run(['decrypt', 'aws.yaml'], [], more)).stdout.toString(), plain);
    });

    test('--encryption-context for keys of the configuration', async t => {
      const kms = keyOf('kms');
      if (kms === undefined) return t.skip(everywhere.missing.join(', '));
      configure(`creation_rules: [{kms: "${kms.text}"}]\n`);
      await encrypt('context.yaml', ['--encryption-context', 'app:web']);
      assert.match(blockOf('context.yaml'), /aws_profile: ""\n +context:\n +app: web\n/);
      await opens('context.yaml', [kms]);
      const changed = blockOf('context.yaml').replace('app: web', 'app: wet');
      writeFileSync(join(everywhere.folder, 'changed.yaml'), changed);
      assert.match(await stays('changed.yaml', [kms]), /kms \S+: .*encryption context/);
    });
  });

  test('a real sops opens it with each key that it can be led to', {
    skip: realSops === undefined && 'TSOPS_TEST_SOPS names no sops',
  }, async t => {
    for (const key of everywhere.keys) {
      await t.test(key.kind, async () => {
        const env = everywhere.machine([key]);
        const authority = { ...everywhere.forSops, SSL_CERT_FILE: env['NODE_EXTRA_CA_CERTS'] ?? '' };
        const done = await runProgram(realSops ?? '', ['decrypt', 'one.yaml'], {
          cwd: everywhere.folder,
          env: { ...env, ...authority },
        });
        assert.deepEqual([done.status, done.stdout.toString()], [0, plain], done.stderr);
      });
    }
  });
});
