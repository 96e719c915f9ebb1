/**
 * Azure Key Vault keys, against servers that speak its protocol with real RSA, at the real addresses (testdata/servers/cloud.ts). With
 * TSOPS_TEST_SOPS a real sops meets the same servers; with TSOPS_TEST_AZURE_KEY (the URL of a key) the round trip runs on Azure.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Call, type Caller, callerOf, type Outcome } from '../../testdata/servers/caller.ts';
import { type Answer, type Cloud, type Site, startCloud } from '../../testdata/servers/cloud.ts';
import { application, applicationEnv, isToken, loginSite, Vault } from '../../testdata/servers/keyvault.ts';
import { newFolder, realSops, removeFolder, runProgram } from '../../testdata/suites/harness.ts';
import type { AzureKeyVaultKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { env } from '../host/environment.ts';
import { azureKvProvider } from './azurekv.ts';
import { explicitContext } from './context.ts';

const createdAt = '2026-01-02T03:04:05Z';
const part = 'a5'.repeat(32);
const keyOf = (vaultUrl: string, name: string, version: string, enc = ''): AzureKeyVaultKey => ({
  kind: 'azure_kv',
  vaultUrl,
  name,
  version,
  createdAt,
  enc,
});

describe('parse', () => {
  const vault = 'https://test.vault.azure.net';
  const cases: readonly (readonly [name: string, text: string, expected: readonly AzureKeyVaultKey[]])[] = [
    ['nothing', ' ', []],
    ['with a version', `${vault}/keys/k/v1`, [keyOf(vault, 'k', 'v1')]],
    ['without a version', `${vault}/keys/k`, [keyOf(vault, 'k', '')]],
    ['a slash and no version', `${vault}/keys/k/`, [keyOf(vault, 'k', '')]],
    [
      'several, with white space and a port',
      ` ${vault}/keys/k/v1 ,\thttps://localhost:8443/keys/l `,
      [keyOf(vault, 'k', 'v1'), keyOf('https://localhost:8443', 'l', '')],
    ],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => assert.deepEqual(azureKvProvider.parse(text, createdAt), expected));
  }
  for (const text of [
    'http://test.vault.azure.net/keys/k/v1',
    'https://test.vault.azure.net/secrets/k/v1',
    'https://test.vault.azure.net/keys/k/v1/more',
    'https://test.vault.azure.net/keys/',
    'test.vault.azure.net/keys/k',
    `${vault}/keys/k,`,
  ]) {
    test(`not: ${text}`, () => {
      assert.throws(() => azureKvProvider.parse(text), { name: 'TsopsError', code: 'KEY_INVALID' });
    });
  }
});

describe('what never reaches the network', () => {
  const context = { ...explicitContext({}), mayConnect: true };
  const vault = 'https://test.vault.azure.net';
  const wrapped = Buffer.alloc(256, 0xfb);
  const cases: readonly (readonly [name: string, key: AzureKeyVaultKey, reason: RegExp])[] = [
    ['padded base64', keyOf(vault, 'k', 'v', wrapped.toString('base64')), /not base64url without padding/],
    ['standard base64', keyOf(vault, 'k', 'v', wrapped.toString('base64').replace(/=+$/, '')), /not base64url/],
    ['half a letter', keyOf(vault, 'k', 'v', 'abcde'), /not base64url/],
    ['far too long', keyOf(vault, 'k', 'v', 'A'.repeat(5000)), /not base64url/],
    ['another host', keyOf('https://vault.azure.net.evil.example', 'k', 'v', 'AAAA'), /not an Azure Key Vault that/],
    ['a host of Azure that is no vault', keyOf('https://a.servicebus.windows.net', 'k', 'v', 'AAAA'), /token would/],
    ['a port', keyOf('https://a.vault.azure.net:8443', 'k', 'v', 'AAAA'), /not an Azure Key Vault that/],
    ['no TLS', keyOf('http://a.vault.azure.net', 'k', 'v', 'AAAA'), /not the address of an Azure key/],
    ['a user in the URL', keyOf('https://a:b@a.vault.azure.net', 'k', 'v', 'AAAA'), /not the address/],
    ['a path in the URL', keyOf('https://a.vault.azure.net/x', 'k', 'v', 'AAAA'), /not the address/],
    ['no URL', keyOf('', 'k', 'v', 'AAAA'), /not the address/],
    ['a name with a way out', keyOf(vault, '../secrets/x', 'v', 'AAAA'), /not the address/],
    ['a version with a query', keyOf(vault, 'k', 'v?x=', 'AAAA'), /not the address/],
  ];
  for (const [name, key, reason] of cases) {
    test(name, async () => {
      const failure = await azureKvProvider.unwrap(key, context);
      assert.ok(!(failure instanceof Uint8Array));
      assert.match(failure.reason, reason);
      assert.equal(failure.key, key);
    });
  }
  test('a context without network', async () => {
    const key = keyOf(vault, 'k', '', 'AAAA');
    const failure = await azureKvProvider.unwrap(key, explicitContext({}));
    assert.ok(!(failure instanceof Uint8Array));
    assert.match(failure.hints.join(), /systemContext\(\)/);
    const wrapping = azureKvProvider.wrap(key, new Uint8Array(32), explicitContext({}), size => new Uint8Array(size));
    await assert.rejects(wrapping, (error: unknown) => error instanceof TsopsError && error.code === 'WRAP_FAILED');
    const resolving = azureKvProvider.resolve?.(key, explicitContext({}));
    await assert.rejects(async () => resolving, { code: 'WRAP_FAILED', message: /its current version/ });
  });
});

describe('on the wire', () => {
  const vault = new Vault();
  const oldVersion = vault.add('main');
  const version = vault.add('main');
  const other = vault.add('other');
  const expired = vault.add('expired', 'expired');
  const disabled = vault.add('disabled', 'disabled');
  const china = new Vault('vault.azure.cn', 'login.chinacloudapi.cn');
  const chinaVersion = china.add('main');
  const own = new Vault('internal.example');
  const ownVersion = own.add('main');
  let site: Site = vault.site;
  const login: Site = loginSite;
  let cloud: Cloud;
  const callers: Caller[] = [];
  let caller: Caller;

  const start = (variables: Readonly<Record<string, string>> = applicationEnv): Caller => {
    const base = { PATH: env('PATH') ?? '', HOME: '/nonexistent' };
    const made = callerOf('azurekv.ts', 'azureKvProvider', { ...base, ...cloud.env, ...variables });
    callers.push(made);
    return made;
  };
  const url = 'https://test.vault.azure.net';
  const ask = async (call: Omit<Call, 'verb'> & { readonly verb?: Call['verb'] }, by = caller): Promise<Outcome> => {
    const outcome = await by.call({ verb: 'unwrap', part, ...call });
    const told = JSON.stringify([outcome.reason, outcome.hints]) + by.written();
    for (const secret of [application.secret, part, 'token-', 'made for tests']) assert.ok(!told.includes(secret));
    return outcome;
  };
  let enc = '';

  before(async () => {
    cloud = await startCloud({
      '*.vault.azure.net': ask => site(ask),
      'login.microsoftonline.com': ask => login(ask),
      '*.vault.azure.cn': china.site,
      // What the SDK makes of login.chinacloudapi.cn.
      'login.partner.microsoftonline.cn': loginSite,
      'keys.internal.example': own.site,
    });
    caller = start();
  });
  after(async () => {
    for (const made of callers) await made.end();
    await cloud.stop();
  });

  test('the current version is looked up, and is what is stored', async () => {
    const { key } = await ask({ verb: 'resolve', key: keyOf(url, 'main', '') });
    assert.deepEqual(key, keyOf(url, 'main', version));
    const given = keyOf(url, 'main', oldVersion);
    assert.deepEqual((await ask({ verb: 'resolve', key: given })).key, given);
  });

  test('wraps and unwraps, as base64url without padding', async () => {
    const outcome = await ask({ verb: 'wrap', key: keyOf(url, 'main', version) });
    enc = outcome.enc ?? '';
    assert.match(enc, /^[A-Za-z0-9_-]{342}$/);
    assert.equal((await ask({ key: keyOf(url, 'main', version, enc) })).part, part);
    assert.equal(
      (await ask({ key: keyOf(`${url}/`, 'main', version, `${enc.slice(0, 99)}\n${enc.slice(99)}`) })).part,
      part,
    );
    // As with sops, no version means the current one.
    assert.equal((await ask({ key: keyOf(url, 'main', '', enc) })).part, part);
  });

  test('nothing of the request goes out before the vault has said who it is', () => {
    const first = cloud.asked.filter(
      ({ host, headers }) => host.endsWith('.vault.azure.net') && !headers.authorization,
    );
    assert.ok(first.length > 0 && first.every(({ body }) => body === ''));
  });

  test('the permission to encrypt and decrypt is enough', async () => {
    vault.denied.add('get');
    try {
      assert.ok((await ask({ verb: 'wrap', key: keyOf(url, 'main', version) })).enc);
      assert.equal((await ask({ key: keyOf(url, 'main', version, enc) })).part, part);
      const { reason } = await ask({ verb: 'resolve', key: keyOf(url, 'main', '') });
      assert.match(reason ?? '', /could not be looked up: .* may not do keys\/get there/);
    } finally {
      vault.denied.clear();
    }
  });

  test('an expired key decrypts, and no more', async () => {
    const key = keyOf(url, 'expired', expired);
    const wrapped = vault.wrap('expired', Buffer.from(part, 'hex'));
    assert.equal((await ask({ key: { ...key, enc: wrapped } })).part, part);
    assert.match((await ask({ verb: 'wrap', key })).reason ?? '', /has expired and can only decrypt/);
  });

  test('another cloud has its own login', async () => {
    const key = keyOf('https://test.vault.azure.cn', 'main', chinaVersion);
    const wrapped = await ask({ verb: 'wrap', key });
    assert.equal((await ask({ key: { ...key, enc: wrapped.enc ?? '' } })).part, part);
    assert.ok(
      cloud.asked.some(({ host, path }) => host === 'login.partner.microsoftonline.cn' && path.includes('/token')),
    );
  });

  test('a vault of the user is asked when the configuration names it', async () => {
    const key = keyOf('https://keys.internal.example', 'main', ownVersion);
    assert.match((await ask({ verb: 'wrap', key })).reason ?? '', /not an Azure Key Vault that tsops knows/);
    const trustedAddresses = ['https://keys.internal.example/keys/main'];
    assert.ok((await ask({ verb: 'wrap', key, trustedAddresses })).enc);
  });

  const changed = () => (enc.startsWith('A') ? 'B' : 'A') + enc.slice(1);
  const answers: readonly (readonly [name: string, key: () => AzureKeyVaultKey, reason: RegExp])[] = [
    ['another version', () => keyOf(url, 'main', oldVersion, enc), /does not open it/],
    ['another key', () => keyOf(url, 'other', other, enc), /does not open it/],
    ['changed', () => keyOf(url, 'main', version, changed()), /does not open it/],
    ['no such key', () => keyOf(url, 'none', version, enc), /the vault test\.vault\.azure\.net has no such key/],
    ['no such version', () => keyOf(url, 'main', '0'.repeat(32), enc), /has no such key, or not in this version/],
    ['disabled', () => keyOf(url, 'disabled', disabled, enc), /the key is disabled/],
  ];
  for (const [name, key, reason] of answers) {
    test(`refused: ${name}`, async () => assert.match((await ask({ key: key() })).reason ?? '', reason));
  }

  const challenge = (resource: string): Answer => {
    const value = `Bearer authorization="https://login.microsoftonline.com/${application.tenant}", resource="${resource}"`;
    return { status: 401, headers: { 'www-authenticate': value } };
  };
  const otherTenant: Answer = {
    status: 401,
    headers: {
      'www-authenticate':
        'Bearer authorization="https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555", resource="https://vault.azure.net"',
    },
  };
  const faults: readonly (readonly [name: string, site: Site, reason: RegExp])[] = [
    [
      'denied',
      ask => (ask.headers.authorization ? { status: 403, body: { error: { code: 'Forbidden' } } } : vault.site(ask)),
      /may not do keys\/decrypt/,
    ],
    ['a token that it does not take', () => challenge('https://vault.azure.net'), /does not accept the Azure token/],
    ['a failure of its own', () => ({ status: 503, body: 'made for tests' }), /HTTP status 503/],
    ['too many requests', () => ({ status: 429, headers: { 'retry-after': '60' } }), /takes no more requests/],
    [
      'garbage',
      ask => (ask.headers.authorization ? { status: 200, body: 'made for tests' } : vault.site(ask)),
      /no answer that makes sense/,
    ],
    [
      'garbage as JSON',
      ask => (ask.headers.authorization ? { status: 200, body: { value: 7 } } : vault.site(ask)),
      /no answer that makes sense/,
    ],
    [
      'another status',
      () => ({ status: 418, body: 'made for tests' }),
      /no answer that makes sense \(HTTP status 418\)/,
    ],
    [
      'a way to elsewhere',
      () => ({ status: 307, headers: { location: 'https://test.vault.azure.cn/' } }),
      /HTTP status 307/,
    ],
    ['silence', () => undefined, /the vault test\.vault\.azure\.net did not answer within 2 seconds/],
    [
      'a login to another service',
      () => challenge('https://management.azure.com'),
      /another service than itself; no token was sent/,
    ],
    ['a login that is none', () => challenge('nonsense'), /another service than itself; no token was sent/],
    ['another tenant', () => otherTenant, /belongs to another tenant/],
  ];
  for (const [name, faulty, reason] of faults) {
    test(`the vault answers with ${name}`, async () => {
      site = faulty;
      const sent = cloud.asked.length;
      try {
        const outcome = await ask({ key: keyOf(url, 'main', version, enc), timeoutMs: 2000 }, start());
        assert.match(outcome.reason ?? '', reason);
        assert.ok(outcome.tookMs < 3000, `took ${outcome.tookMs} ms`);
        assert.ok((outcome.hints ?? []).length > 0);
        const tokens = cloud.asked.slice(sent).filter(({ headers }) => isToken(headers.authorization?.slice(7) ?? ''));
        if (/no token was sent/.test(outcome.reason ?? '')) assert.equal(tokens.length, 0);
      } finally {
        site = vault.site;
      }
    });
  }

  test('a proxy that is not there', async () => {
    const by = start({ ...applicationEnv, HTTPS_PROXY: 'http://127.0.0.1:9' });
    const { reason, tookMs } = await ask({ key: keyOf(url, 'main', version, enc) }, by);
    assert.match(reason ?? '', /the vault test\.vault\.azure\.net cannot be reached: the connection was refused/);
    assert.ok(tookMs < 5000);
  });

  test('a certificate that is not trusted', async () => {
    const by = start({ ...applicationEnv, NODE_EXTRA_CA_CERTS: '' });
    const { reason } = await ask({ key: keyOf(url, 'main', version, enc) }, by);
    assert.match(reason ?? '', /its certificate is not trusted/);
  });

  test('a real sops, both ways', { skip: realSops ? false : 'TSOPS_TEST_SOPS names no sops' }, async () => {
    const folder = newFolder();
    try {
      const options = { cwd: folder, env: { ...cloud.env, ...applicationEnv } };
      writeFileSync(join(folder, 'plain.json'), '{"a": "secret of the test"}');
      const args = ['encrypt', '--azure-kv', `${url}/keys/main`, 'plain.json'];
      const encrypted = await runProgram(realSops ?? '', args, options);
      assert.equal(encrypted.status, 0, encrypted.stderr);
      const file = JSON.parse(encrypted.stdout.toString()) as {
        sops: { azure_kv: { enc: string; version: string }[] };
      };
      const [entry] = file.sops.azure_kv;
      assert.ok(entry);
      assert.equal(entry.version, version);
      const key = keyOf(url, 'main', version, entry.enc);
      const dataKey = (await ask({ key })).part ?? '';
      assert.equal(dataKey.length, 64);
      entry.enc = (await ask({ verb: 'wrap', key, part: dataKey })).enc ?? '';
      assert.notEqual(entry.enc, key.enc);
      writeFileSync(join(folder, 'ours.json'), JSON.stringify(file));
      const decrypted = await runProgram(realSops ?? '', ['decrypt', 'ours.json'], options);
      assert.equal(decrypted.status, 0, decrypted.stderr);
      assert.deepEqual(
        JSON.parse(decrypted.stdout.toString()),
        JSON.parse(readFileSync(join(folder, 'plain.json'), 'utf8')),
      );
    } finally {
      removeFolder(folder);
    }
  });
});

const azureKey = env('TSOPS_TEST_AZURE_KEY');
test('on Azure', { skip: azureKey ? false : 'TSOPS_TEST_AZURE_KEY names no key' }, async () => {
  const caller = callerOf('azurekv.ts', 'azureKvProvider', process.env as Record<string, string>);
  try {
    const [key] = azureKvProvider.parse(azureKey ?? '', createdAt);
    assert.ok(key);
    const trustedAddresses = [key.vaultUrl];
    const resolved = (await caller.call({ verb: 'resolve', key, trustedAddresses })).key as AzureKeyVaultKey;
    const { enc = '', reason } = await caller.call({ verb: 'wrap', key: resolved, part, trustedAddresses });
    assert.notEqual(enc, '', reason);
    assert.equal((await caller.call({ verb: 'unwrap', key: { ...resolved, enc }, trustedAddresses })).part, part);
  } finally {
    await caller.end();
  }
});
