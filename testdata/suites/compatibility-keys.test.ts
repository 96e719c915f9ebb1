/**
 * The rows of `docs/compatibility.md` on keys that need a service: what tsops does, and, where `TSOPS_TEST_SOPS` names a real sops,
 * what sops does. The other rows are in compatibility.test.ts.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { started } from '../started.ts';
import { Field, hasRow, plain, saw } from './compatibility/services.ts';
import { realSops } from './harness.ts';

describe('rows on keys of services', () => {
  let field: Field;
  before(async () => {
    field = await Field.start();
  });
  after(() => field?.stop());

  const row = (name: string, work: (t: TestContext) => Promise<void>) => {
    test(name, async t => {
      hasRow(name);
      await work(t);
    });
  };
  const silent = () => field.serve(() => undefined);
  const decrypt = (name: string) => ['decrypt', name];

  row('Services are asked beside each other', async t => {
    const [kms, google] = [field.key('kms', t), field.key('gcp_kms', t)];
    if (kms === undefined || google === undefined) return;
    await field.file('two.yaml', ['--kms', kms.text, '--gcp-kms', google.text], [kms, google]);
    const more = { AWS_ENDPOINT_URL: await silent() };
    saw(await field.sops(decrypt('two.yaml'), [kms, google], more), { status: 124, out: '' });
    const start = performance.now();
    saw(await field.tsops(decrypt('two.yaml'), [kms, google], more), { status: 0, out: plain });
    assert.ok(performance.now() - start < 10_000);
  });

  row('Bounded waiting', async t => {
    const kms = field.key('kms', t);
    if (kms === undefined) return;
    await field.file('slow.yaml', ['--kms', kms.text], [kms]);
    const more = { AWS_ENDPOINT_URL: await silent() };
    const late = { status: 128, out: '', err: /did not answer within 1 seconds/ };
    saw(await field.tsops(['decrypt', '--timeout', '1', 'slow.yaml'], [kms], more), late);
    saw(await field.sops(decrypt('slow.yaml'), [kms], more), { status: 124, out: '' });
  });

  row('`--encryption-context` reaches every flat AWS key', async t => {
    const kms = field.key('kms', t);
    if (kms === undefined) return;
    field.write('rule.yaml', `creation_rules: [{kms: "${kms.text}"}]\n`);
    field.write('context.yaml', plain);
    const args = ['--config', 'rule.yaml', 'encrypt', '--encryption-context', 'app:web', 'context.yaml'];
    saw(await field.tsops(args, [kms]), { status: 0, out: /\n +context:\n +app: web\n/ });
    saw(await field.sops(args, [kms]), { status: 0, out: /^(?!.*context:)/s });
  });

  row('Contexts without a value', async t => {
    const kms = field.key('kms', t);
    if (kms === undefined) return;
    const args = ['--kms', kms.text, '--encryption-context', 'app:web'];
    await field.file('null.yaml', args, [kms], text => text.replace(/( +)app: web\n/, '$&$1more: null\n'));
    saw(await field.tsops(decrypt('null.yaml'), [kms]), { status: 0, out: plain });
    saw(await field.sops(decrypt('null.yaml'), [kms]), { status: 2, out: '', err: /panic/ });
  });

  row('AWS keys of sops before 3.3.0', async t => {
    const kms = field.key('kms', t);
    if (kms === undefined) return;
    const args = ['--kms', kms.text, '--encryption-context', 'app:web,stage:web'];
    const mixUp = (text: string) => text.replace('stage: web', 'stage: prod').replace(/version: .*/, 'version: 3.2.0');
    await field.file('old.yaml', args, [kms], mixUp);
    const stored = field.read('old.yaml');
    saw(await field.tsops(decrypt('old.yaml'), [kms]), {
      status: 0,
      out: plain,
      err: /^tsops: warning: sops before 3\.3\.0 .*kms arn:aws:kms:.*rotate.*\n$/,
    });
    saw(await field.sops(decrypt('old.yaml'), [kms]), { status: 0, out: /^Up until version 3\.3\.0.*\na: canary/s });
    assert.equal(field.read('old.yaml'), stored);
    field.write('new.yaml', stored.replace('version: 3.2.0', 'version: 3.3.0'));
    saw(await field.tsops(decrypt('new.yaml'), [kms]), { status: 128, out: '', err: /encryption context is another/ });
  });

  row('AWS regions', async t => {
    const kms = field.key('kms', t);
    if (kms === undefined) return;
    const change = (text: string) => text.replace('arn:aws:kms:eu-west-1:', 'arn:aws:kms:x.example/#:');
    await field.file('region.yaml', ['--kms', kms.text], [kms], change);
    const refused = { status: 128, out: '', err: /it is not the ARN of an AWS KMS key or alias/ };
    saw(await field.tsops(decrypt('region.yaml'), [kms]), refused);
  });

  const vault = async (t: TestContext, name: string, change?: (text: string) => string) => {
    const key = field.key('hc_vault', t)!;
    await field.file(name, ['--hc-vault-transit', key.text], [key], change);
    return key;
  };

  row('A Vault that only the file names', async t => {
    const key = await vault(t, 'vault.yaml');
    const refused = { status: 128, out: '', err: /only the file names this server/ };
    saw(await field.tsops(decrypt('vault.yaml'), [key]), refused);
    saw(await field.tsops(decrypt('vault.yaml'), [key], { VAULT_ADDR: key.text }), { status: 0, out: plain });
    saw(await field.sops(decrypt('vault.yaml'), [key]), { status: 0, out: plain });
  });

  row('Vault addresses', async t => {
    const key = await vault(t, 'named.yaml', text => text.replace('vault_address: http://', '$&me:canary-2f80@'));
    const refused = { status: 128, out: '', err: /hc_vault/ };
    saw(await field.tsops(decrypt('named.yaml'), [key], { SOPS_HC_VAULT_ALLOWLIST: 'all' }), refused);
    saw(await field.sops(decrypt('named.yaml'), [key]), { status: 0, out: plain });
  });

  row('Redirects of Vault', async t => {
    const target = new URL(field.key('hc_vault', t)!.text).origin;
    const moved = await field.serve((request, response) =>
      response.writeHead(307, { Location: `${target}${request.url}` }).end(),
    );
    const key = await vault(t, 'moved.yaml', text => text.replace(target, moved));
    const refused = { status: 128, out: '', err: /redirect|another (?:address|place)|sends? .*on/i };
    saw(await field.tsops(decrypt('moved.yaml'), [key], { VAULT_ADDR: moved }), refused);
    saw(await field.sops(decrypt('moved.yaml'), [key]), { status: 0, out: plain });
  });

  row('`VAULT_SRV_LOOKUP`', async t => {
    const key = await vault(t, 'limited.yaml');
    const more = { VAULT_ADDR: key.text, VAULT_RATE_LIMIT: 'none' };
    saw(await field.tsops(decrypt('limited.yaml'), [key], more), { status: 0, out: plain });
    saw(await field.sops(decrypt('limited.yaml'), [key], more), { status: 128, out: '' });
  });

  row('Azure hosts', async t => {
    const key = field.key('azure_kv', t)!;
    const change = (text: string) => text.replace('https://test.vault.azure.net', 'https://vault.example');
    await field.file('azure.yaml', ['--azure-kv', key.text], [key], change);
    const refused = { status: 128, out: '', err: /vault\.example is not an Azure Key Vault that tsops knows/ };
    saw(await field.tsops(decrypt('azure.yaml'), [key]), refused);
  });

  row('HuaweiCloud', async t => {
    const key = field.key('hckms', t)!;
    await field.file('huawei.yaml', ['--hckms', key.text], [key]);
    // There is no way to its address but the proxy.
    saw(await field.tsops(decrypt('huawei.yaml'), [key]), { status: 0, out: plain });
  });

  row('`--keyservice` values', async t => {
    const key = field.key('age', t)!;
    await field.file('age.yaml', ['--age', key.text], [key]);
    const two = ['decrypt', '--keyservice', 'tcp://127.0.0.1:1,tcp://127.0.0.1:2', '--enable-local-keyservice=false'];
    const both = { status: 128, out: '', err: /tcp:\/\/127\.0\.0\.1:1: .*tcp:\/\/127\.0\.0\.1:2: / };
    saw(await field.tsops([...two, 'age.yaml'], [key]), both);
    const unset = { SOPS_ENABLE_LOCAL_KEYSERVICE: '' };
    saw(await field.tsops(decrypt('age.yaml'), [key], unset), { status: 0, out: plain });
  });
});

/** None is left behind by a test that fails. */
const services: ChildProcess[] = [];
after(() => {
  for (const service of services) service.kill('SIGKILL');
});

interface Listening {
  readonly said: () => string;
  readonly ended: Promise<number | null>;
  /** Sends a signal, and gives the exit status. */
  end(): Promise<number | null>;
}

async function listen(program: readonly string[], args: readonly string[], ready: (said: string) => boolean) {
  const [command = '', ...first] = program;
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', VAULT_TOKEN: 'canary-token' };
  const child = spawn(command, [...first, 'keyservice', ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', chunk => (said += chunk));
  const ended = new Promise<number | null>(settle => child.once('exit', settle));
  for (let tries = 0; tries < 400 && !ready(said) && child.exitCode === null; tries += 1) await sleep(25);
  const end = () => {
    child.kill('SIGTERM');
    return ended;
  };
  services.push(child);
  return { said: () => said, ended, end } satisfies Listening;
}

describe('rows on key services', { skip: process.platform === 'win32' }, () => {
  const programs = { tsops: started, ...(realSops === undefined ? {} : { sops: [realSops] }) };
  let field: Field;
  before(async () => {
    field = await Field.start();
  });
  after(() => field?.stop());

  for (const [name, program] of Object.entries(programs)) {
    test(`Sockets of \`keyservice\`: ${name}`, async () => {
      hasRow('Sockets of `keyservice`');
      const path = field.path(`${name}.socket`);
      const args = ['--network', 'unix', '--address', path];
      const service = await listen(program, args, () => existsSync(path));
      await sleep(50);
      assert.equal((statSync(path).mode & 0o077) === 0, name === 'tsops');
      const second = await listen(program, args, () => false);
      assert.equal(await second.ended, 1, second.said());
      await canConnect(path);
      const status = await service.end();
      if (name === 'tsops') assert.equal(status, 0);
      if (name === 'tsops') assert.ok(!existsSync(path));
    });

    test(`Vault addresses in requests to \`keyservice\`: ${name}`, async () => {
      hasRow('Vault addresses in requests to `keyservice`');
      const tokens: (string | undefined)[] = [];
      const address = await field.serve((request, response) => {
        tokens.push(String(request.headers['x-vault-token']));
        response.end(JSON.stringify({ data: { plaintext: Buffer.alloc(32).toString('base64') } }));
      });
      const age = field.everywhere.keys.find(({ kind }) => kind === 'age')!;
      const key = field.everywhere.keys.find(({ kind }) => kind === 'hc_vault')!;
      const change = (text: string) => text.replace(new URL(key.text).origin, address);
      await field.file('foreign.yaml', ['--hc-vault-transit', key.text], [key], change);
      const path = field.path(`vault-${name}.socket`);
      const service = await listen(program, ['--network', 'unix', '--address', path], () => existsSync(path));
      const args = ['decrypt', '--enable-local-keyservice=false', '--keyservice', `unix://${encodeURI(path)}`];
      await field.tsops([...args, 'foreign.yaml'], [age]);
      await service.end();
      assert.deepEqual(tokens, name === 'tsops' ? [] : ['canary-token']);
    });
  }

  test('`keyservice` on other addresses than the loopback', async () => {
    hasRow('`keyservice` on other addresses than the loopback');
    const service = await listen(started, ['--address', '0.0.0.0:0'], said => said.includes('Listening'));
    assert.equal(await service.end(), 0);
    assert.match(service.said(), /^tsops: warning: other machines can reach this address/);
    const other = await listen(started, ['--network', 'udp', '--address', '127.0.0.1:0'], () => false);
    assert.equal(await other.ended, 1);
  });
});

function canConnect(path: string): Promise<void> {
  return new Promise((settle, fail) => {
    const socket = connect(path, () => {
      socket.destroy();
      settle();
    });
    socket.once('error', fail);
  });
}
