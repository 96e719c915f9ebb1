import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { VaultKey } from '../../core/metadata.ts';
import { TsopsError } from '../../errors.ts';
import { originOf, parse, transitPath } from './address.ts';

describe('URIs', () => {
  const cases: [text: string, expected: [address: string, engine: string, name: string][]][] = [
    ['', []],
    [
      'https://vault.example.com:8200/v1/transit/keys/keyName',
      [['https://vault.example.com:8200', 'transit', 'keyName']],
    ],
    ['https://vault.me.com/v1/super42/bestmarket/keys/slig', [['https://vault.me.com', 'super42/bestmarket', 'slig']]],
    ['http://127.0.0.1:8200/v1/transit/keys/dev/', [['http://127.0.0.1:8200', 'transit', 'dev']]],
    ['HTTPS://Vault/v1/transit/keys/k', [['https://Vault', 'transit', 'k']]],
    ['http://[::1]:8200/v1/transit/keys/k', [['http://[::1]:8200', 'transit', 'k']]],
    ['https://v//v1/a/b/keys/k', [['https://v', 'a/b', 'k']]],
    ['https://v/v2/a/../b/keys/k.1', [['https://v', 'b', 'k.1']]],
    ['https://v/v1/transit/anything/k', [['https://v', 'transit', 'k']]],
    [
      'https://a/v1/t/keys/k,,https://b/v1/t/keys/k,',
      [
        ['https://a', 't', 'k'],
        ['https://b', 't', 'k'],
      ],
    ],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => {
      const keys = parse(text, '2026-01-02T03:04:05Z');
      assert.deepEqual(
        keys.map(key => [key.vaultAddress, key.enginePath, key.keyName]),
        expected,
      );
      for (const { kind, createdAt, enc } of keys)
        assert.deepEqual([kind, createdAt, enc], ['hc_vault', '2026-01-02T03:04:05Z', '']);
    });
  }

  test('the date is the present unless told', () => {
    const [key] = parse('https://v/v1/t/keys/k');
    assert.match(key?.createdAt ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.ok(Math.abs(Date.parse(key?.createdAt ?? '') - Date.now()) < 5000);
  });

  const refused: [text: string, why: RegExp][] = [
    ['vault.example.com/v1/transit/keys/k', /not well formed/],
    ['https://vault.example.com/v1/transit/k', /not well formed/],
    ['https://vault.example.com/', /not well formed/],
    ['ftp://vault.example.com/v1/transit/keys/k', /not well formed/],
    ['https:///v1/transit/keys/k', /not well formed/],
    [' https://v/v1/transit/keys/k', /not well formed/],
    ['https://a/v1/t/keys/k, https://b/v1/t/keys/k', /not well formed/],
    ['https://v/v1/transit/keys/k?x=1', /not well formed/],
    ['https://v/v1/transit/keys/k#x', /not well formed/],
    ['https://v/proxied/v1/transit/keys/k', /path before \/v1/],
    ['https://me:canary@v/v1/transit/keys/k', /user name or password/],
    ['https://v:99999/v1/transit/keys/k', /host or port/],
    ['https://v%2e/v1/transit/keys/k', /host or port/],
    ['https://v/v1/../transit/keys/k', /characters/],
    ['https://v/v1/transit/keys/a%2fb', /characters/],
    ['https://v/v1/tra;nsit/keys/k', /characters/],
    ['https://v/v1/schlüssel/keys/k', /characters/],
    [`https://v/v1/${'a'.repeat(1100)}/keys/k`, /characters/],
  ];
  for (const [text, why] of refused) {
    test(`refused: ${text.slice(0, 60)}`, () => {
      assert.throws(
        () => parse(text, 'now'),
        error => {
          assert.ok(error instanceof TsopsError && error.code === 'KEY_INVALID');
          assert.match(error.message, why);
          assert.ok(!/canary/.test(error.message + error.hints));
          return true;
        },
      );
    });
  }
});

const keyWith = (more: Partial<VaultKey>): VaultKey => ({
  kind: 'hc_vault',
  vaultAddress: 'https://v',
  enginePath: 'transit',
  keyName: 'k',
  createdAt: 'now',
  enc: 'vault:v1:x',
  ...more,
});

describe('paths of requests', () => {
  const cases: [engine: string, name: string, expected: string | undefined][] = [
    ['transit', 'k', '/v1/transit/decrypt/k'],
    ['/transit/', 'k', '/v1/transit/decrypt/k'],
    ['team-a/sub_b/transit', 'my.key-1', '/v1/team-a/sub_b/transit/decrypt/my.key-1'],
    ...[
      '',
      '/',
      '//',
      '.',
      '..',
      'a/../b',
      '../sys',
      'a/./b',
      'a//b',
      'a?b',
      'a#b',
      'a%2fb',
      'a%',
      'a\\b',
      'a b',
      'a\nb',
      'a;b',
      'ä',
    ].map((engine): [string, string, undefined] => [engine, 'k', undefined]),
    ...['', '.', '..', 'a/b', '../k', '/k', 'k/', 'k?x', 'k#x', '%2e%2e', 'k\0', 'k\r\n', 'k;x', 'k\u2028'].map(
      (name): [string, string, undefined] => ['transit', name, undefined],
    ),
    ['transit', 'k'.repeat(1100), undefined],
  ];
  for (const [enginePath, keyName, expected] of cases) {
    test(JSON.stringify([enginePath, keyName]).slice(0, 60), () => {
      assert.equal(transitPath(keyWith({ enginePath, keyName }), 'decrypt'), expected);
    });
  }

  test('whatever the file says, the address asked is below /v1 and as written', () => {
    const pieces = fc.constantFrom(
      'a',
      '.',
      '..',
      '/',
      '%2f',
      '%2e',
      '?',
      '#',
      '\\',
      '@',
      ':',
      ';',
      ' ',
      '\t',
      'é',
      '//',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 8 }).map(parts => parts.join('')),
    );
    const property = fc.property(text, text, (enginePath, keyName) => {
      const path = transitPath(keyWith({ enginePath, keyName }), 'encrypt');
      if (path === undefined) return;
      const url = new URL(path, 'https://v');
      assert.deepEqual([url.origin, url.pathname, url.search, url.hash], ['https://v', path, '', '']);
      assert.ok(path.startsWith('/v1/') && path.endsWith(`/encrypt/${keyName}`));
    });
    fc.assert(property, { seed: 20261122, numRuns: 3000 });
  });
});

describe('addresses', () => {
  const cases: [address: string, expected: string | undefined][] = [
    ['https://vault.example.com', 'https://vault.example.com'],
    ['https://Vault.example.com:443/', 'https://vault.example.com'],
    ['http://vault_1:8200', 'http://vault_1:8200'],
    ['http://[::1]:8200', 'http://[::1]:8200'],
    ...[
      '',
      'vault.example.com',
      'unix:///run/vault.sock',
      'https://good.example.com@evil.example.com',
      'https://good.example.com:pass@evil.example.com',
      'https://good.example.com\\@evil.example.com',
      'https://good.example.com/path',
      'https://good.example.com//evil',
      'https://good.example.com?x',
      'https://good.example.com#x',
      'https://good.example.com\n',
      ' https://good.example.com',
      'https://göod.example.com',
      'https://good.example.com:99999',
      'https://good.example.com:',
      'https://%67ood.example.com',
      'https://1.2.3.4.5',
    ].map((address): [string, undefined] => [address, undefined]),
  ];
  for (const [address, expected] of cases) {
    test(JSON.stringify(address), () => assert.equal(originOf(address), expected));
  }
});
