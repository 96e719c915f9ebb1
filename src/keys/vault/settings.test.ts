import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { makeCertificate } from '../../../testdata/servers/certificate.ts';
import { TsopsError } from '../../errors.ts';
import { readOptionalFile } from '../../host/files.ts';
import { explicitContext } from '../context.ts';
import type { KeyContext } from '../provider.ts';
import { readSettings, type VaultSettings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsops-vault-settings-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const { cert, key } = makeCertificate(['v']);
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const certFile = file('cert.pem', cert);
const keyFile = file('key.pem', key);
const noCertificate = file('garbage.pem', 'canary');
mkdirSync(join(folder, 'authorities', 'more'), { recursive: true });
mkdirSync(join(folder, 'empty'));
file('authorities/one.pem', cert);
file('authorities/more/two.pem', cert);
file('authorities/README', 'text');
file('.vault-token', '  token-of-file \n');

const contextOf = (vars: Record<string, string>): KeyContext => ({
  ...explicitContext({}),
  env: name => vars[name],
  readFile: path => readOptionalFile(path),
  homeDir: folder,
  timeoutMs: 100_000,
});

const good: [name: string, vars: Record<string, string>, expected: Partial<VaultSettings>][] = [
  ['nothing set', {}, { token: 'token-of-file', timeoutMs: 30_000, retries: 2, agent: undefined, proxy: undefined }],
  ['a token', { VAULT_TOKEN: 'token-of-variable' }, { token: 'token-of-variable' }],
  ['an empty token', { VAULT_TOKEN: '' }, { token: 'token-of-file' }],
  ['only our own headers', {}, { headers: { 'X-Vault-Request': 'true' } }],
  ['a namespace', { VAULT_NAMESPACE: 'a/b' }, { headers: { 'X-Vault-Request': 'true', 'X-Vault-Namespace': 'a/b' } }],
  ['headers', { VAULT_HEADERS: '{"X-One":"1"}' }, { headers: { 'X-One': '1', 'X-Vault-Request': 'true' } }],
  ['seconds', { VAULT_CLIENT_TIMEOUT: '7' }, { timeoutMs: 7000 }],
  ['a duration', { VAULT_CLIENT_TIMEOUT: '1m1.5s20ms' }, { timeoutMs: 61_520 }],
  ['no time is the default', { VAULT_CLIENT_TIMEOUT: '0' }, { timeoutMs: 30_000 }],
  ['never longer than a step may take', { VAULT_CLIENT_TIMEOUT: '1d' }, { timeoutMs: 100_000 }],
  ['retries', { VAULT_MAX_RETRIES: '0' }, { retries: 0 }],
  ['an agent', { VAULT_AGENT_ADDR: 'http://a' }, { agent: 'http://a' }],
  ['a proxy', { VAULT_HTTP_PROXY: 'http://a' }, { proxy: 'http://a' }],
  ['two proxies', { VAULT_HTTP_PROXY: 'http://a', VAULT_PROXY_ADDR: 'http://b' }, { proxy: 'http://b' }],
];

describe('settings', () => {
  for (const [name, vars, expected] of good) {
    test(name, async () => {
      const settings = await readSettings(contextOf(vars));
      for (const [field, value] of Object.entries(expected)) {
        assert.deepEqual(settings[field as keyof VaultSettings], value, field);
      }
    });
  }

  test('no token anywhere', async () => {
    assert.equal((await readSettings({ ...contextOf({}), homeDir: undefined })).token, undefined);
    assert.equal((await readSettings({ ...contextOf({}), homeDir: join(folder, 'empty') })).token, undefined);
  });
});

const tls: [name: string, vars: Record<string, string>, expected: VaultSettings['tls']][] = [
  ['nothing set', {}, {}],
  ['a file', { VAULT_CACERT: certFile, VAULT_CACERT_BYTES: 'x', VAULT_CAPATH: 'x' }, { authorities: [cert] }],
  ['bytes', { VAULT_CACERT_BYTES: cert, VAULT_CAPATH: 'x' }, { authorities: [cert] }],
  ['a folder', { VAULT_CAPATH: join(folder, 'authorities') }, { authorities: [cert, cert] }],
  ['a client certificate', { VAULT_CLIENT_CERT: certFile, VAULT_CLIENT_KEY: keyFile }, { certificate: cert, key }],
  ['a name', { VAULT_TLS_SERVER_NAME: 'x' }, { serverName: 'x' }],
  ['no check', { VAULT_SKIP_VERIFY: '1' }, { insecure: true }],
  ['a check', { VAULT_SKIP_VERIFY: 'False' }, {}],
];

describe('TLS settings', () => {
  for (const [name, vars, expected] of tls) {
    test(name, async () => {
      const none = { authorities: undefined, certificate: undefined, key: undefined, serverName: undefined };
      assert.deepEqual((await readSettings(contextOf(vars))).tls, { ...none, insecure: false, ...expected });
    });
  }
});

const bad: [name: string, vars: Record<string, string>, why: RegExp][] = [
  ['token', { VAULT_TOKEN: 'canary\n' }, /token in VAULT_TOKEN has characters/],
  ['namespace', { VAULT_NAMESPACE: 'canary\r\nX: 1' }, /VAULT_NAMESPACE/],
  ['headers that are no JSON', { VAULT_HEADERS: '{canary' }, /VAULT_HEADERS is not a JSON object/],
  ['headers that are a list', { VAULT_HEADERS: '["canary"]' }, /VAULT_HEADERS is not a JSON object/],
  ['headers that are no texts', { VAULT_HEADERS: '{"X-One":1}' }, /VAULT_HEADERS is not a JSON object/],
  ['headers with line breaks', { VAULT_HEADERS: '{"X-One":"canary\\n"}' }, /VAULT_HEADERS is not a JSON object/],
  ['headers without a name', { VAULT_HEADERS: '{"":"canary"}' }, /VAULT_HEADERS is not a JSON object/],
  ['headers of Vault itself', { VAULT_HEADERS: '{"x-vault-token":"canary"}' }, /must not set X-Vault-/],
  ['time', { VAULT_CLIENT_TIMEOUT: 'soon' }, /VAULT_CLIENT_TIMEOUT/],
  ['a time that ran out', { VAULT_CLIENT_TIMEOUT: '-5' }, /VAULT_CLIENT_TIMEOUT/],
  ['retries', { VAULT_MAX_RETRIES: '-1' }, /VAULT_MAX_RETRIES/],
  ['check', { VAULT_SKIP_VERIFY: 'perhaps' }, /VAULT_SKIP_VERIFY/],
  ['half a client certificate', { VAULT_CLIENT_CERT: certFile }, /only useful together/],
  ['half a client key', { VAULT_CLIENT_KEY: keyFile }, /only useful together/],
  ['a missing key', { VAULT_CLIENT_CERT: certFile, VAULT_CLIENT_KEY: '/nowhere' }, /VAULT_CLIENT_KEY names does not/],
  ['a missing authority', { VAULT_CACERT: '/nowhere' }, /VAULT_CACERT names does not exist/],
  ['an authority that is none', { VAULT_CACERT: noCertificate }, /VAULT_CACERT names holds no usable/],
  ['bytes that are none', { VAULT_CACERT_BYTES: 'canary' }, /VAULT_CACERT_BYTES holds no usable/],
  ['a folder without any', { VAULT_CAPATH: join(folder, 'empty') }, /VAULT_CAPATH names holds no usable/],
  ['a folder that is none', { VAULT_CAPATH: '/nowhere' }, /the folder cannot be read: no such file or folder/],
];

describe('settings that cannot be used', () => {
  for (const [name, vars, why] of bad) {
    test(name, async () => {
      await assert.rejects(readSettings(contextOf(vars)), error => {
        assert.ok(error instanceof TsopsError);
        assert.match(error.message, why);
        assert.ok(!JSON.stringify([error.message, error.hints]).includes('canary'));
        return true;
      });
    });
  }
});
