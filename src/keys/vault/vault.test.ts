/** Vault keys with a server: the answers it gives, the troubles it can have, and files that go to a real sops and back. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { makeCertificate } from '../../../testdata/servers/certificate.ts';
import { startVault, type TestVault, vaultProgram, vaultRequest } from '../../../testdata/servers/vault.ts';
import type { VaultKey } from '../../core/metadata.ts';
import { TsopsError } from '../../errors.ts';
import { readOptionalFile } from '../../host/files.ts';
import { explicitContext } from '../context.ts';
import type { KeyContext, UnwrapFailure } from '../provider.ts';
import { vaultProvider } from './index.ts';

const { parse, wrap, unwrap } = vaultProvider;
const folder = mkdtempSync(join(tmpdir(), 'tsops-vault-'));
const servers: Server[] = [];
after(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const server of servers) server.close();
});

const noRandom = () => assert.fail('Vault needs no randomness of ours');
const wrapped = (key: VaultKey, part: Uint8Array, context: KeyContext) => wrap(key, part, context, noRandom);
const keyAt = (address: string, more: Partial<VaultKey> = {}): VaultKey => ({
  ...parse(`${address}/v1/transit/keys/k`, 'now')[0]!,
  enc: 'vault:v1:canary-enc',
  ...more,
});

const contextOf = (vars: Record<string, string>, more: Partial<KeyContext> = {}): KeyContext => ({
  ...explicitContext({}),
  env: name => vars[name],
  readFile: path => readOptionalFile(path),
  mayConnect: true,
  timeoutMs: 10_000,
  ...more,
});
/** A machine whose user has a token, and names the server. */
const machine = (address: string, vars: Record<string, string> = {}, more: Partial<KeyContext> = {}): KeyContext =>
  contextOf({ VAULT_ADDR: address, VAULT_TOKEN: 'canary-token', VAULT_MAX_RETRIES: '0', ...vars }, more);

async function opened(key: VaultKey, context: KeyContext): Promise<Uint8Array> {
  const result = await unwrap(key, context);
  assert.ok(result instanceof Uint8Array, result instanceof Uint8Array ? '' : result.reason);
  return result;
}

/** The failure of a key, which must not repeat a token, a text of the server or the wrapped key. */
async function failure(key: VaultKey, context: KeyContext): Promise<UnwrapFailure> {
  const result = await unwrap(key, context);
  assert.ok(!(result instanceof Uint8Array), 'it opened');
  assert.ok(!JSON.stringify([result.reason, result.hints]).includes('canary'), 'a secret is in the report');
  assert.equal(result.key, key);
  assert.ok(result.hints.length > 0, 'no next act is named');
  return result;
}

const rejects = (promise: Promise<unknown>, reason: RegExp) =>
  assert.rejects(promise, error => {
    assert.ok(error instanceof TsopsError && error.code === 'WRAP_FAILED');
    assert.match(error.message, reason);
    return !JSON.stringify([error.message, error.hints]).includes('canary');
  });

describe(`with ${vaultProgram === undefined ? 'the transit engine of testdata/servers' : 'a real Vault server'}`, () => {
  const part = randomBytes(32);
  const limited = 'canary-limited';
  let vault: TestVault;
  let enc = '';
  const user = (vars: Record<string, string> = {}, more: Partial<KeyContext> = {}) =>
    machine(vault.address, { VAULT_TOKEN: vault.token, ...vars }, more);
  const key = (more: Partial<VaultKey> = {}) => keyAt(vault.address, { enc, ...more });

  before(async () => {
    vault = await startVault();
    for (const mount of ['transit', 'team/transit'])
      assert.equal(await vaultRequest(vault, 'POST', `sys/mounts/${mount}`, { type: 'transit' }), 204);
    assert.equal(await vaultRequest(vault, 'POST', 'transit/keys/other', {}), 200);
    const token = { id: limited, policies: ['default'] };
    assert.equal(await vaultRequest(vault, 'POST', 'auth/token/create', token), 200);
    enc = await wrapped(key({ enc: '' }), part, user());
  });
  after(() => vault.stop());

  test('what was wrapped opens again', async () => {
    assert.match(enc, /^vault:v1:[A-Za-z0-9+/=]+$/);
    assert.deepEqual(Buffer.from(await opened(key(), user())), part);
    const deeper = key({ enginePath: 'team/transit', enc: '' });
    const again = await wrapped(deeper, part, user());
    assert.notEqual(again, enc);
    assert.deepEqual(Buffer.from(await opened({ ...deeper, enc: again }, user())), part);
  });

  test('the token can stand in ~/.vault-token', async () => {
    writeFileSync(join(folder, '.vault-token'), `${vault.token}\n`);
    await opened(key(), user({ VAULT_TOKEN: '' }, { homeDir: folder }));
  });

  const limits: [name: string, vars: Record<string, string>, more: Partial<VaultKey>, reason: RegExp][] = [
    ['a token that does not live', { VAULT_TOKEN: 'canary-no-such' }, {}, /Vault token.*: it has expired, or/],
    ['a token that may not', { VAULT_TOKEN: limited }, {}, /Vault token .*\(HTTP 403\).*policies/],
    ['no token', { VAULT_TOKEN: '' }, {}, /no Vault token: VAULT_TOKEN is not set/],
    ['no key of this name', {}, { keyName: 'none' }, /no key of this name/],
    ['a key that did not wrap it', {}, { keyName: 'other' }, /not the one that wrapped it/],
    ['no engine at this path', {}, { enginePath: 'nowhere' }, /no transit engine at this path \(HTTP 404\)/],
    ['another namespace', { VAULT_NAMESPACE: 'nowhere' }, {}, /no such namespace|no transit engine/],
    ['a wrapped text that is none', {}, { enc: 'canary' }, /was changed/],
    ['a later version', {}, { enc: 'vault:v9:AAAA' }, /later version/],
    ['a short text', {}, { enc: 'vault:v1:AAAA' }, /was changed/],
  ];
  for (const [name, vars, more, reason] of limits) {
    test(name, async () => {
      assert.match((await failure(key(more), user(vars))).reason, reason);
    });
  }

  test('a wrapped text that was changed', async () => {
    const text = enc.replace(/.(?=.{8}$)/, char => (char === 'A' ? 'B' : 'A'));
    assert.match((await failure(key({ enc: text }), user())).reason, /was changed/);
  });

  test('wrapping says why as well', async () => {
    await rejects(wrapped(key(), part, user({ VAULT_TOKEN: limited })), /Vault token .*HTTP 403/);
    await rejects(wrapped(key(), part, user({ VAULT_TOKEN: '' })), /no Vault token/);
    await rejects(wrapped(key({ enginePath: 'nowhere' }), part, user()), /no transit engine/);
  });

  test('a key has versions, and the old ones can be closed', async () => {
    await vaultRequest(vault, 'POST', 'transit/keys/k/rotate');
    assert.match(await wrapped(key(), part, user()), /^vault:v2:/);
    await opened(key(), user());
    await vaultRequest(vault, 'POST', 'transit/keys/k/config', { min_decryption_version: 2 });
    assert.match((await failure(key(), user())).reason, /min_decryption_version/);
    await vaultRequest(vault, 'POST', 'transit/keys/k/config', { min_decryption_version: 1 });
  });

  const sops = process.env['TSOPS_TEST_SOPS'];
  test('a real sops opens what we wrap, and we what it wraps', {
    skip: !sops && 'TSOPS_TEST_SOPS names no sops',
  }, async () => {
    const path = join(folder, 'file.yaml');
    writeFileSync(path, 'secret: value\n');
    const options = { env: { PATH: process.env['PATH'], HOME: folder, VAULT_TOKEN: vault.token } };
    const run = async (...args: string[]) => (await promisify(execFile)(sops ?? '', args, options)).stdout;
    const text = await run('encrypt', '--hc-vault-transit', `${vault.address}/v1/transit/keys/k`, path);
    const [, theirs = ''] = /enc: (vault:v\d+:\S+)/.exec(text) ?? [];
    const dataKey = await opened(key({ enc: theirs }), user());
    assert.equal(dataKey.length, 32);
    writeFileSync(path, text.replace(theirs, await wrapped(key(), dataKey, user())));
    assert.ok(!readFileSync(path, 'utf8').includes(theirs));
    assert.equal(await run('decrypt', path), 'secret: value\n');
  });

  test('at last the server is sealed', async () => {
    await vaultRequest(vault, 'PUT', 'sys/seal');
    assert.match((await failure(key(), user())).reason, /is sealed/);
  });
});

const accountKey = process.env['TSOPS_TEST_VAULT_KEY'];
test('with a Vault of your own', { skip: !accountKey && 'TSOPS_TEST_VAULT_KEY names no key URI' }, async () => {
  const [key] = parse(accountKey ?? '', 'now');
  const { systemContext } = await import('../context.ts');
  const context = { ...systemContext(), trustedAddresses: async () => [accountKey ?? ''] };
  const part = randomBytes(32);
  assert.deepEqual(Buffer.from(await opened({ ...key!, enc: await wrapped(key!, part, context) }, context)), part);
});

async function serverAt(listener: RequestListener, secure?: { cert: string; key: string }): Promise<string> {
  const server = secure === undefined ? createServer(listener) : createTlsServer(secure, listener);
  servers.push(server);
  server.unref();
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
  return `${secure === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json =
  (status: number, body: unknown, headers = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(JSON.stringify(body));
const text =
  (status: number, body: string): RequestListener =>
  (_, response) =>
    void response.writeHead(status).end(body);
const canary = { errors: ['canary canary'] };

describe('servers in trouble', () => {
  const cases: [name: string, listener: RequestListener, reason: RegExp, vars?: Record<string, string>][] = [
    ['it never answers', () => undefined, /did not answer within 0.3 seconds/, { VAULT_CLIENT_TIMEOUT: '300ms' }],
    ['it answers in another language', text(200, '<html>canary</html>'), /not a transit engine/],
    ['it answers with nothing', text(204, ''), /not a transit engine/],
    ['it answers without data', json(200, { data: null }), /not a transit engine/],
    ['it answers with another type', json(200, { data: { plaintext: 1 } }), /not a transit engine/],
    ['it answers with no base64', json(200, { data: { plaintext: 'canary!' } }), /not a transit engine/],
    ['it answers with depth', text(200, '['.repeat(500_000)), /not a transit engine/],
    ['it answers with too much', text(200, `"${'canary'.repeat(200_000)}"`), /more than 1048576 bytes/],
    [
      'it does not know the token',
      json(403, { errors: ['2 errors occurred:\n\t* permission denied\n\t* invalid token'] }),
      /does not know the Vault token/,
    ],
    ['it refuses for a reason of its own', json(400, canary), /refused the request \(HTTP 400\)/],
    ['it has trouble', json(500, canary), /trouble of its own \(HTTP 500\)/],
    ['a gateway has trouble', text(502, 'canary'), /trouble of its own \(HTTP 502\)/],
    ['it is asked too often', json(429, canary, { 'retry-after': '3600' }), /too often/, { VAULT_MAX_RETRIES: '5' }],
    ['it cuts the connection off', request => void request.socket.destroy(), /cut the connection off/],
    ['it speaks something else', request => void request.socket.end('canary\n'), /not HTTP/],
    ['the engine knows no such verb', json(405, canary), /no transit engine at this path \(HTTP 405\)/],
  ];
  for (const [name, listener, reason, vars = {}] of cases) {
    test(name, async () => {
      const address = await serverAt(listener);
      const started = performance.now();
      assert.match((await failure(keyAt(address), machine(address, vars))).reason, reason);
      await rejects(wrapped(keyAt(address), randomBytes(32), machine(address, vars)), reason);
      assert.ok(performance.now() - started < 4000);
    });
  }

  test('a server that is down', async () => {
    const { reason } = await failure(keyAt('http://127.0.0.1:1'), machine('http://127.0.0.1:1'));
    assert.equal(reason, 'the server refused the connection: nothing listens at this address');
  });

  test('the step is bounded whatever the variables say', async () => {
    const address = await serverAt(() => undefined);
    const context = machine(address, { VAULT_CLIENT_TIMEOUT: '1h' }, { timeoutMs: 200 });
    assert.match((await failure(keyAt(address), context)).reason, /did not answer within 0.2 seconds/);
  });

  test('wrapping takes nothing but a wrapped key', async () => {
    const address = await serverAt(json(200, { data: { ciphertext: 'canary' } }));
    await rejects(wrapped(keyAt(address), randomBytes(32), machine(address)), /not a transit engine/);
  });

  test('trouble may pass', async () => {
    let asked = 0;
    const address = await serverAt((request, response) => {
      asked += 1;
      if (asked === 1) json(503, canary)(request, response as never);
      else json(200, { data: { plaintext: 'AAAA' } })(request, response as never);
    });
    assert.equal((await opened(keyAt(address), machine(address, { VAULT_MAX_RETRIES: '1' }))).length, 3);
    assert.equal(asked, 2);
  });
});

describe('what is sent, and where', () => {
  test('the request', async () => {
    let seen: unknown[] = [];
    const address = await serverAt((request, response) => {
      const { method, url, headers } = request;
      seen = [
        method,
        url,
        headers['x-vault-token'],
        headers['x-vault-namespace'],
        headers['x-vault-request'],
        headers['x-one'],
      ];
      json(200, { data: { plaintext: 'AAAA' } })(request, response as never);
    });
    await opened(keyAt(address), machine(address, { VAULT_NAMESPACE: 'a/b', VAULT_HEADERS: '{"X-One":"1"}' }));
    assert.deepEqual(seen, ['PUT', '/v1/transit/decrypt/k', 'canary-token', 'a/b', 'true', '1']);
  });

  test('nothing goes to a server that only the file names', async () => {
    let asked = 0;
    const address = await serverAt((request, response) => {
      asked += 1;
      json(200, { data: { plaintext: 'AAAA', ciphertext: 'vault:v1:AAAA' } })(request, response as never);
    });
    const token = { VAULT_TOKEN: 'canary-token' };
    const stranger = contextOf({ ...token, VAULT_ADDR: 'https://vault.example.com' });
    assert.match((await failure(keyAt(address), stranger)).reason, /only the file names this server/);
    await rejects(wrapped(keyAt(address), randomBytes(32), stranger), /only the file names this server/);
    const none = contextOf({ ...token, VAULT_ADDR: address, SOPS_HC_VAULT_ALLOWLIST: 'none' });
    assert.match((await failure(keyAt(address), none)).reason, /does not allow/);
    await rejects(wrapped(keyAt(address, { enc: '' }), randomBytes(32), none), /does not allow/);
    assert.match((await failure(keyAt(address), explicitContext({}))).reason, /no network service may be asked/);
    for (const more of [{ enginePath: '../sys' }, { keyName: 'k?x' }, { vaultAddress: `${address}/x` }])
      assert.match((await failure(keyAt(address, more), machine(address))).reason, /its (?:address|engine path)/);
    assert.equal(asked, 0);
    await opened(keyAt(address), contextOf({ ...token, SOPS_HC_VAULT_ALLOWLIST: address }));
    await opened(
      keyAt(address),
      contextOf(token, { trustedAddresses: async () => [`${address}/v1/transit/keys/other`] }),
    );
    await wrapped(keyAt(address, { enc: '' }), randomBytes(32), stranger);
    assert.equal(asked, 3);
  });

  test('nothing goes where a redirect points', async () => {
    let asked = 0;
    const other = await serverAt((_, response) => {
      asked += 1;
      response.end();
    });
    for (const status of [301, 302, 307, 308]) {
      const address = await serverAt((_, response) => void response.writeHead(status, { location: `${other}/` }).end());
      assert.match((await failure(keyAt(address), machine(address))).reason, /sends requests on to another address/);
    }
    assert.equal(asked, 0);
  });

  test('an agent is asked instead of the server', async () => {
    const agent = await serverAt(json(200, { data: { plaintext: 'AAAA' } }));
    const vars = { VAULT_AGENT_ADDR: agent };
    assert.equal((await opened(keyAt('https://vault.invalid'), contextOf(vars))).length, 3);
    const bad = contextOf({ VAULT_AGENT_ADDR: 'agent' });
    assert.match((await failure(keyAt('https://vault.invalid'), bad)).reason, /VAULT_AGENT_ADDR/);
  });
});

test('TLS: the certificate of the server decides, and the variables of Vault', async () => {
  const own = makeCertificate(['127.0.0.1']);
  const address = await serverAt(json(200, { data: { plaintext: 'AAAA' } }), own);
  const untrusted = await failure(keyAt(address), machine(address));
  assert.match(untrusted.reason, /certificate from an authority that is not trusted/);
  assert.match(untrusted.hints.join(), /VAULT_CACERT/);
  await opened(keyAt(address), machine(address, { VAULT_CACERT_BYTES: own.cert }));
  await opened(keyAt(address), machine(address, { VAULT_SKIP_VERIFY: 'true' }));
  const named = machine(address, { VAULT_CACERT_BYTES: own.cert, VAULT_TLS_SERVER_NAME: 'vault.example.com' });
  assert.match((await failure(keyAt(address), named)).reason, /certificate for another name/);
});
