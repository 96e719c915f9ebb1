/** What holds for every kind of master key: one row a kind. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { type KeyKind, type MasterKey, masterKeyText } from '../core/metadata.ts';
import { type ErrorCode, TsopsError } from '../errors.ts';
import { explicitContext } from './context.ts';
import { isLocal, keyOptions, loadProvider, providers } from './index.ts';

const one = 'age1f7hjf4xkw4vysmd59rm7g20e23sk3r4dhts92lzqqy4gyddyxgtsj6uxwl';
const two = 'age1hd02nzcrczlfhgac438cklwfvcaw9pd7xs92qyrelwfvqe2l5qsqdet243';
const fingerprint = 'BDFC0AAB42ADE07292A26C86F3E23782878E7504';
const resource = 'projects/p/locations/l/keyRings/r/cryptoKeys';
const arn = 'arn:aws:kms:eu-west-1:111122223333:key';

interface Row {
  readonly kind: KeyKind;
  /** What a text stands for, as the keys' own texts. */
  readonly good: readonly (readonly [text: string, keys: readonly string[]])[];
  readonly bad: readonly string[];
  /** Why the library does not use it with nothing handed in. */
  readonly without: RegExp;
}

const rows: readonly Row[] = [
  {
    kind: 'kms',
    good: [
      [`${arn}/a`, [`${arn}/a`]],
      [`${arn}/a, ${arn}/b+arn:aws:iam::1:role/r`, [`${arn}/a`, `${arn}/b+arn:aws:iam::1:role/r`]],
    ],
    bad: [`${arn}/a,`],
    without: /no network service may be asked here/,
  },
  {
    kind: 'gcp_kms',
    good: [[`${resource}/a,${resource}/b`, [`${resource}/a`, `${resource}/b`]]],
    bad: [`${resource}/a,`],
    without: /no network service may be asked here/,
  },
  {
    kind: 'hckms',
    good: [['eu-west-1:one, eu-west-1:two,', ['eu-west-1:one', 'eu-west-1:two']]],
    bad: ['one', ':one'],
    without: /no network service may be asked here/,
  },
  {
    kind: 'azure_kv',
    good: [
      ['https://n.vault.azure.net/keys/k/v', ['https://n.vault.azure.net/keys/k/v']],
      ['https://n.vault.azure.net/keys/k', ['https://n.vault.azure.net/keys/k/']],
    ],
    bad: ['http://n.vault.azure.net/keys/k/v', 'https://n.vault.azure.net/secrets/k', 'k'],
    without: /no network service may be asked here/,
  },
  {
    kind: 'pgp',
    good: [['BDFC 0AAB 42AD E072 92A2 6C86 F3E2 3782 878E 7504', [fingerprint]]],
    bad: ['878E7504', '--output=x', `${fingerprint},`],
    without: /no program may be run here/,
  },
  {
    kind: 'hc_vault',
    good: [
      [
        'https://v.example:8200/v1/transit/keys/a,http://w/v1/a/b/keys/c',
        ['https://v.example:8200/v1/transit/keys/a', 'http://w/v1/a/b/keys/c'],
      ],
    ],
    bad: ['foo', 'https://v/v1/k', 'https://u:p@v/v1/t/keys/k', 'https://v/pre/v1/t/keys/k'],
    without: /no network service may be asked here/,
  },
  {
    kind: 'age',
    good: [[`${one}, ${two}`, [one, two]]],
    bad: ['age1nonsense', `${one},`, 'AGE-SECRET-KEY-1QQQQ'],
    without: /./,
  },
];

/** A text that no message may repeat. */
const canary = 'canary-7d21';
const nothing = explicitContext({});

test('the list has every kind once, in the order of sops', () => {
  const kinds = providers.map(({ kind }) => kind);
  assert.deepEqual(
    kinds,
    rows.map(({ kind }) => kind),
  );
  const names = keyOptions.flatMap(({ name, short }) => [name, ...(short === undefined ? [] : [short])]);
  assert.equal(new Set([...names, ...keyOptions.map(({ env }) => env)]).size, names.length + keyOptions.length);
  assert.deepEqual(kinds.filter(isLocal), ['pgp', 'age']);
});

const isError =
  (code: ErrorCode, pattern = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof TsopsError, String(error));
    const said = [error.message, ...error.hints].join('\n');
    assert.equal(error.code, code, said);
    assert.match(said, pattern);
    assert.ok(!said.includes(canary), said);
    return true;
  };

for (const { kind, good, bad, without } of rows) {
  describe(kind, () => {
    test('its code is of this kind', async () => {
      const provider = await loadProvider(kind);
      assert.equal(provider.kind, kind);
      assert.deepEqual(provider.parse(''), []);
    });

    for (const [text, texts] of good) {
      test(`parse ${text}`, async () => {
        const keys = (await loadProvider(kind)).parse(text, '2024-01-01T00:00:00Z');
        assert.deepEqual(keys.map(masterKeyText), texts);
        for (const key of keys) {
          assert.deepEqual([key.kind, key.enc], [kind, '']);
          assert.equal(
            'createdAt' in key ? key.createdAt : undefined,
            kind === 'age' ? undefined : '2024-01-01T00:00:00Z',
          );
        }
      });
    }

    test('the present is the date unless told', async () => {
      const [key] = (await loadProvider(kind)).parse(good[0]![0]);
      if (key !== undefined && 'createdAt' in key) assert.match(key.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      else assert.equal(kind, 'age');
    });

    for (const text of bad) {
      test(`refused: ${text}`, async () => {
        const provider = await loadProvider(kind);
        assert.throws(() => provider.parse(text), isError('KEY_INVALID'));
        // The texts can be secrets that were put into the wrong place.
        assert.throws(() => provider.parse(`${text}${canary},,`), isError('KEY_INVALID'));
      });
    }

    test('nothing handed in: a clear answer at once', async () => {
      const provider = await loadProvider(kind);
      const [key] = provider.parse(good[0]![0]) as MasterKey[];
      const start = performance.now();
      const enc = Buffer.from(canary).toString('base64');
      const failure = await provider.unwrap({ ...key!, enc }, nothing);
      assert.ok(!(failure instanceof Uint8Array));
      const said = [failure.reason, ...failure.hints].join('\n');
      assert.ok(!said.includes(canary) && !said.includes(enc), said);
      if (kind === 'age') assert.ok(await provider.wrap(key!, randomBytes(32), nothing, randomBytes));
      else {
        const wrapping = provider.wrap(key!, randomBytes(32), nothing, randomBytes);
        await assert.rejects(wrapping, isError('WRAP_FAILED', without));
        await assert.rejects(wrapping, isError('WRAP_FAILED', /systemContext\(\)/));
      }
      assert.ok(performance.now() - start < 2000);
    });

    test('what a file may hold in place of a wrapped key', async () => {
      const provider = await loadProvider(kind);
      const [key] = provider.parse(good[0]![0]) as MasterKey[];
      for (const enc of ['', ' ', canary, '\u0000', 'A'.repeat(100_000), '-----BEGIN PGP MESSAGE-----', '{}']) {
        const failure = await provider.unwrap({ ...key!, enc }, nothing);
        assert.ok(!(failure instanceof Uint8Array));
        const said = [failure.reason, ...failure.hints].join('\n');
        assert.ok(failure.reason !== '' && !said.includes(canary) && said.length < 2000, said);
      }
    });
  });
}
