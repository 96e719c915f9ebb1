/**
 * What holds for every kind of master key: one row a kind. Against services, each kind is asked in a process of its own with the
 * credentials of that kind alone (testdata/servers/everywhere.ts).
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Call, type Caller, callerOf, type Outcome } from '../../testdata/servers/caller.ts';
import { Everywhere } from '../../testdata/servers/everywhere.ts';
import { loadedBy } from '../../testdata/suites/harness.ts';
import { fromStored, type KeyKind, type MasterKey, type Metadata, masterKeyText, toStored } from '../core/metadata.ts';
import { defaultSelection } from '../core/selection.ts';
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
  /** Where its code is, and what its provider is called there. */
  readonly code: readonly [module: string, provider: string];
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
    code: ['awskms.ts', 'awsKmsProvider'],
  },
  {
    kind: 'gcp_kms',
    good: [[`${resource}/a,${resource}/b`, [`${resource}/a`, `${resource}/b`]]],
    bad: [`${resource}/a,`],
    without: /no network service may be asked here/,
    code: ['gcpkms.ts', 'gcpKmsProvider'],
  },
  {
    kind: 'hckms',
    good: [['eu-west-1:one, eu-west-1:two,', ['eu-west-1:one', 'eu-west-1:two']]],
    bad: ['one', ':one'],
    without: /no network service may be asked here/,
    code: ['hckms.ts', 'hckmsProvider'],
  },
  {
    kind: 'azure_kv',
    good: [
      ['https://n.vault.azure.net/keys/k/v', ['https://n.vault.azure.net/keys/k/v']],
      ['https://n.vault.azure.net/keys/k', ['https://n.vault.azure.net/keys/k/']],
    ],
    bad: ['http://n.vault.azure.net/keys/k/v', 'https://n.vault.azure.net/secrets/k', 'k'],
    without: /no network service may be asked here/,
    code: ['azurekv.ts', 'azureKvProvider'],
  },
  {
    kind: 'pgp',
    good: [['BDFC 0AAB 42AD E072 92A2 6C86 F3E2 3782 878E 7504', [fingerprint]]],
    bad: ['878E7504', '--output=x', `${fingerprint},`],
    without: /no program may be run here/,
    code: ['pgp.ts', 'pgpProvider'],
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
    code: ['vault/index.ts', 'vaultProvider'],
  },
  {
    kind: 'age',
    good: [[`${one}, ${two}`, [one, two]]],
    bad: ['age1nonsense', `${one},`, 'AGE-SECRET-KEY-1QQQQ'],
    without: /./,
    code: ['age/index.ts', 'ageProvider'],
  },
];

/** Fields that a file can hold for a key of any kind, whatever they are worth. */
const strange = ['', ' ', 'null', '0x1', 'a: b', '# c', "'", '"', '\\', 'ü\u{1f600}', '{}', 'x'.repeat(5000)];

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

/** The key behind a way into the block and out of it, in one group and as a member of several. */
function storedAndRead(key: MasterKey): void {
  const more = { lastModified: '2024-01-01T00:00:00Z', mac: 'm', selection: defaultSelection, version: '3.13.3' };
  for (const groups of [[[key]], [[key, key]], [[key], [key, key]]]) {
    const metadata: Metadata = { ...more, groups, shamirThreshold: 0, macOnlyEncrypted: false };
    assert.deepEqual(fromStored(toStored(metadata)), metadata);
  }
}

/** The same key with another text in one of its fields, for each field. */
function* variants(key: MasterKey): Iterable<MasterKey> {
  for (const name of Object.keys(key).filter(field => !['kind', 'createdAt', 'context', 'keyId'].includes(field))) {
    for (const text of strange) yield { ...key, [name]: text };
  }
  if (key.kind === 'hckms') for (const text of strange.slice(2)) yield { ...key, keyId: `r:${text}` };
  if (key.kind === 'kms') yield { ...key, context: new Map(strange.map(text => [text, text])) };
}

for (const { kind, good, bad, without, code } of rows) {
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

    test('its code and its texts need no SDK', () => {
      const loaded = loadedBy(`const { ${code[1]} } = await import('./src/keys/${code[0]}');
        const { masterKeyText } = await import('./src/core/metadata.ts');
        for (const text of ${JSON.stringify(good.map(([text]) => text))}) ${code[1]}.parse(text).map(masterKeyText);`);
      assert.match(loaded, new RegExp(`/src/keys/${code[0]}$`, 'm'));
      assert.ok(!loaded.includes('node_modules'), loaded);
    });

    test('stored and read again it is the same key', async () => {
      const provider = await loadProvider(kind);
      for (const key of good.flatMap(([text]) => provider.parse(text, '2024-01-01T00:00:00Z')))
        for (const variant of [key, ...variants(key)]) storedAndRead(variant);
    });

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

describe('with its service, program or identities', () => {
  let everywhere: Everywhere;
  before(async () => {
    everywhere = await Everywhere.start();
  });
  after(() => everywhere?.stop());

  for (const { kind, code } of rows) {
    test(`${kind}: a round trip, and the wrapped key of another one`, async t => {
      const known = everywhere.keys.find(key => key.kind === kind);
      if (known === undefined) return t.skip(everywhere.missing.join(', '));
      const provider = await loadProvider(kind);
      const [key, other] = [known.text, known.other].map(text => provider.parse(text, '2024-01-01T00:00:00Z')[0]!);
      const env = { PATH: process.env['PATH'] ?? '', HOME: everywhere.folder, ...everywhere.machine([known]) };
      const caller = callerOf(code[0], code[1], env);
      const ask = (call: Call) => caller.call({ trustedAddresses: [known.text], ...call });
      try {
        // The paths of key files are no secrets: reports say where was looked.
        const credentials = Object.values(known.credentials).filter(value => !value.startsWith('/'));
        await ownAndForeign(ask, key!, other!, [...credentials, 'AGE-SECRET-KEY']);
      } finally {
        await caller.end();
      }
      assert.equal(caller.written(), '');
    });
  }
});

type Ask = (call: Call) => ReturnType<Caller['call']>;

async function ownAndForeign(ask: Ask, key: MasterKey, other: MasterKey, credentials: readonly string[]) {
  const part = randomBytes(32).toString('hex');
  const [own, foreign] = [await wrapped(ask, key, part), await wrapped(ask, other, part)];
  storedAndRead(own);
  assert.equal((await ask({ verb: 'unwrap', key: own })).part, part);
  const secrets = [part, Buffer.from(part, 'hex').toString('base64'), ...credentials];
  for (const text of [masterKeyText(own), JSON.stringify(own)]) refuseSecrets(text, secrets);
  const strangers = [{ ...own, enc: foreign.enc }, ...(isLocal(key.kind) ? [foreign] : [])];
  const broken = own.enc.slice(0, own.enc.length / 2);
  for (const stranger of [...strangers, { ...own, enc: broken }]) {
    const outcome = await ask({ verb: 'unwrap', key: stranger });
    assert.deepEqual([outcome.part, outcome.isThrown], [undefined, undefined], 'it opened, or threw');
    assert.ok(outcome.reason !== undefined && outcome.reason !== '');
    assert.ok(outcome.hints !== undefined && outcome.hints.length > 0, outcome.reason);
    refuseSecrets([outcome.reason, ...outcome.hints].join('\n'), [...secrets, own.enc, foreign.enc]);
  }
}

async function wrapped(ask: Ask, key: MasterKey, part: string): Promise<MasterKey> {
  const resolved: Outcome = await ask({ verb: 'resolve', key });
  const { enc = '', reason } = await ask({ verb: 'wrap', key: resolved.key ?? key, part });
  assert.equal(reason, undefined);
  return { ...(resolved.key ?? key), enc };
}

function refuseSecrets(text: string, secrets: readonly string[]): void {
  for (const secret of secrets.filter(value => value.length > 6)) assert.ok(!text.includes(secret), text);
}
