/** Key groups: which keys are asked, in which order, and what is said when they do not open. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DataKey } from '../core/datakey.ts';
import type { AgeKey, KeyGroup, MasterKey } from '../core/metadata.ts';
import { type ErrorCode, TsopsError } from '../errors.ts';
import { generateIdentity } from './age/keygen.ts';
import { explicitContext } from './context.ts';
import { parseDecryptionOrder, unwrapDataKey, wrapDataKey } from './groups.ts';
import { loadProvider } from './index.ts';
import type { KeyContext } from './provider.ts';

const visible = (error: TsopsError) => [error.message, ...error.hints].join('\n');
const failsWith =
  (code: ErrorCode, pattern = /(?:)/) =>
  (error: unknown) =>
    error instanceof TsopsError && error.code === code && pattern.test(visible(error));

const people = await Promise.all(
  Array.from({ length: 6 }, async () => {
    const { recipient, fileText } = await generateIdentity({ now: new Date(0), random: randomBytes });
    return { recipient, identity: fileText };
  }),
);
const ageKey = (person: number): AgeKey => ({ kind: 'age', recipient: people[person]!.recipient, enc: '' });
const contextOf = (...persons: number[]) =>
  explicitContext({ identities: persons.map(person => people[person]!.identity) });
const nobody = explicitContext({});
const kmsKey: MasterKey = {
  kind: 'kms',
  arn: 'arn:aws:kms:eu-west-1:1:key/x',
  role: '',
  awsProfile: '',
  context: new Map(),
  createdAt: '2024-01-01T00:00:00Z',
  enc: 'AQ==',
};

it('uses of keys are told before anything is given, and whoever is told can end the work', async () => {
  const told: unknown[] = [];
  const onKeysUsed: KeyContext['onKeysUsed'] = (use, keys) =>
    told.push([use, keys.map(key => (key as AgeKey).recipient)]);
  const refuse = () => {
    throw new TsopsError('AUDIT_FAILED', 'no');
  };
  const { groups } = await wrapDataKey(dataKey, [[ageKey(0), ageKey(1)]], 0, { ...nobody, onKeysUsed }, randomBytes);
  await open(groups, 0, { ...contextOf(1), onKeysUsed });
  assert.deepEqual(told, [
    ['wrap', [ageKey(0).recipient, ageKey(1).recipient]],
    ['unwrap', [ageKey(1).recipient]],
  ]);
  await assert.rejects(open(groups, 0, { ...contextOf(1), onKeysUsed: refuse }), failsWith('AUDIT_FAILED'));
  const wrapping = wrapDataKey(dataKey, groups, 0, { ...nobody, onKeysUsed: refuse }, randomBytes);
  await assert.rejects(wrapping, failsWith('AUDIT_FAILED'));
});

const dataKey = DataKey.generate(randomBytes);
const wrapAll = (groups: readonly KeyGroup[], threshold = 0) =>
  wrapDataKey(dataKey, groups, threshold, nobody, randomBytes);
const isSame = (other: DataKey) => other.keyObject().equals(dataKey.keyObject());
const open = async (groups: readonly KeyGroup[], shamirThreshold: number, context: KeyContext) => {
  const opened = await unwrapDataKey({ groups, shamirThreshold }, { context });
  return { same: isSame(opened.dataKey), by: opened.openedBy.map(key => (key as AgeKey).recipient) };
};

describe('one group', () => {
  it('each key opens all of it', async () => {
    const { groups, threshold } = await wrapAll([[ageKey(0), ageKey(1), ageKey(2)]]);
    assert.equal(threshold, 0);
    for (const person of [0, 1, 2])
      assert.deepEqual(await open(groups, 0, contextOf(person)), { same: true, by: [people[person]!.recipient] });
    await assert.rejects(open(groups, 0, contextOf(3)), failsWith('DATA_KEY_UNAVAILABLE'));
  });

  it('a threshold is kept and means nothing, as with sops', async () => {
    const { groups, threshold } = await wrapAll([[ageKey(0)]], 2);
    assert.equal(threshold, 2);
    assert.equal((await open(groups, 2, contextOf(0))).same, true);
  });
});

describe('several groups', () => {
  it('any groups that reach the threshold open, no fewer', async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 2, max: 5 }).chain(count => fc.tuple(fc.constant(count), fc.integer({ min: 2, max: count }))),
      fc.subarray([0, 1, 2, 3, 4]),
      async ([count, threshold], held) => {
        const wrapped = await wrapAll(
          Array.from({ length: count }, (_, person) => [ageKey(5), ageKey(person)]),
          threshold,
        );
        const holders = held.filter(person => person < count);
        const opening = open(wrapped.groups, wrapped.threshold, contextOf(...holders));
        if (holders.length < threshold) return assert.rejects(opening, failsWith('DATA_KEY_UNAVAILABLE'));
        const used = holders.slice(0, threshold).map(person => people[person]!.recipient);
        assert.deepEqual(await opening, { same: true, by: used });
      },
    );
    await fc.assert(property, { seed: 1, numRuns: 30 });
  });

  it('threshold 0 is all groups; a file without one asks all of them', async () => {
    const { groups, threshold } = await wrapAll([[ageKey(0)], [ageKey(1)], [ageKey(2)]]);
    assert.equal(threshold, 3);
    assert.deepEqual((await open(groups, 0, contextOf(0, 1, 2))).same, true);
  });

  it('a group twice does not count twice', async () => {
    const { groups } = await wrapAll([[ageKey(0)], [ageKey(1)], [ageKey(2)]], 2);
    const doubled = [groups[0]!, groups[0]!, groups[2]!];
    assert.equal((await open(doubled, 2, contextOf(0, 2))).same, true);
    await assert.rejects(
      open(doubled, 2, contextOf(0)),
      failsWith('DATA_KEY_UNAVAILABLE', /same share as an earlier group/),
    );
  });

  it('impossible thresholds and groups are refused', async () => {
    for (const threshold of [1, 3, -1, 1.5, 300])
      await assert.rejects(wrapAll([[ageKey(0)], [ageKey(1)]], threshold), failsWith('KEY_GROUP_INVALID'));
    await assert.rejects(wrapAll([]), failsWith('KEY_GROUP_INVALID'));
    await assert.rejects(wrapAll([[ageKey(0)], []]), {
      code: 'KEY_GROUP_EMPTY',
      exitStatus: 1,
      message: 'Could not generate data key: [empty key group provided]',
    });
  });
});

describe('order', () => {
  const pgp: MasterKey = { kind: 'pgp', fingerprint: 'A'.repeat(40), createdAt: '2024-01-01T00:00:00Z', enc: 'x' };
  const kinds = async (order?: string[]) => {
    const failing: AgeKey[] = [0, 1].map(person => ({ ...ageKey(person), enc: `x${person}` }));
    const metadata = { groups: [[kmsKey, pgp, ...failing]], shamirThreshold: 0 };
    const error: unknown = await unwrapDataKey(metadata, { order, context: nobody }).catch(found => found);
    assert.ok(error instanceof TsopsError);
    return [...error.message.matchAll(/^ {2}(\w+) /gm)].map(match => match[1]).join(' ');
  };
  const cases: readonly [string[] | undefined, string][] = [
    [undefined, 'age age pgp kms'],
    [[], 'kms pgp age age'],
    [['pgp', 'age'], 'pgp age age kms'],
    [['unknown', 'kms'], 'kms pgp age age'],
  ];
  for (const [order, expected] of cases) it(String(order), async () => assert.equal(await kinds(order), expected));

  it('parseDecryptionOrder', () => {
    assert.deepEqual(parseDecryptionOrder('age,pgp'), ['age', 'pgp']);
    assert.deepEqual(parseDecryptionOrder(''), []);
    assert.deepEqual(parseDecryptionOrder('age, pgp'), ['age', ' pgp']);
    assert.throws(() => parseDecryptionOrder('age,pgp,age'), { code: 'DECRYPTION_ORDER_DUPLICATE', exitStatus: 112 });
  });
});

describe('failures', () => {
  it('wrapping names every key that failed, and keeps nothing', async () => {
    const plugin = { ...ageKey(0), recipient: 'age1yubikey1qqqq' };
    const failing = wrapAll([[ageKey(0), plugin, kmsKey]]);
    await assert.rejects(
      failing,
      failsWith(
        'WRAP_FAILED',
        / {2}age age1yubikey1qqqq: it is not a recipient that age can encrypt for\n {2}kms arn:.*: it needs AWS KMS, and no network service may be asked here\n/,
      ),
    );
  });

  it('the report names every key, why, and what to do; each hint once', async () => {
    const { groups } = await wrapAll([[ageKey(0)], [ageKey(1), ageKey(2)], [ageKey(3)]], 2);
    const mixed = [groups[0]!, [...groups[1]!, kmsKey], groups[2]!];
    const error: unknown = await open(mixed, 2, contextOf(3)).catch(found => found);
    assert.ok(error instanceof TsopsError && error.exitStatus === 128);
    assert.equal(
      error.message,
      [
        'the data key needs 2 of the 3 key groups, and only 1 could be opened:',
        '  group 1:',
        `    age ${people[0]!.recipient}: the age identity at hand is another one`,
        '  group 2:',
        `    age ${people[1]!.recipient}: the age identity at hand is another one`,
        `    age ${people[2]!.recipient}: the age identity at hand is another one`,
        `    kms ${kmsKey.arn}: it needs AWS KMS, and no network service may be asked here`,
      ].join('\n'),
    );
    assert.equal(new Set(error.hints).size, error.hints.length);
    assert.ok(error.hints.some(hint => hint.includes(people[3]!.recipient)));
  });

  const odd: readonly [string, string, RegExp, RegExp][] = [
    [
      'escape sequences',
      'age1\u001b]0;x\u0007\n\u202e',
      /age1\\u\{1b\}\]0;x\\u\{7\}\\u\{a\}\\u\{202e\}/,
      /[\u001b\u0007\u202e]/,
    ],
    [
      'a secret key',
      people[4]!.identity.trim().split('\n').at(-1)!,
      /\(a secret key, not shown\)/,
      /AGE-SECRET-KEY-1[A-Z0-9]/,
    ],
    ['a long text', 'age1'.repeat(1000), /age1age1…age1age1/, /(?:age1){30}/],
  ];
  for (const [name, recipient, shown, hidden] of odd) {
    it(`${name} from the file`, async () => {
      const error: unknown = await open([[{ kind: 'age', recipient, enc: 'x' }]], 0, nobody).catch(found => found);
      assert.ok(error instanceof TsopsError);
      assert.match(error.message, shown);
      assert.doesNotMatch(visible(error), hidden);
    });
  }

  it('a wrapped key of another length is left to the other keys', async () => {
    const provider = await loadProvider('age');
    const short = { ...ageKey(0), enc: await provider.wrap(ageKey(0), new Uint8Array(16), nobody, randomBytes) };
    const { groups } = await wrapAll([[ageKey(1)]]);
    assert.equal((await open([[short, ...groups[0]!]], 0, contextOf(0, 1))).same, true);
    await assert.rejects(
      open([[short]], 0, contextOf(0)),
      failsWith('DATA_KEY_UNAVAILABLE', /16 bytes long instead of 32/),
    );
  });

  it('no keys, and keys without a wrapped key', async () => {
    await assert.rejects(open([], 0, nobody), failsWith('DATA_KEY_UNAVAILABLE', /names no master key/));
    await assert.rejects(open([[]], 0, nobody), failsWith('DATA_KEY_UNAVAILABLE'));
    await assert.rejects(open([[ageKey(0)]], 0, contextOf(0)), failsWith('DATA_KEY_UNAVAILABLE', /no wrapped key/));
  });

  it('a hundred thousand copies of one entry are tried once', async () => {
    const copies = Array.from({ length: 100_000 }, () => ({ ...ageKey(0), enc: 'x' }));
    const error: unknown = await open([copies], 0, nobody).catch(found => found);
    assert.ok(error instanceof TsopsError && error.message.length < 10_000 && /and 99950 more/.test(error.message));
  });
});

describe('PGP', () => {
  const fingerprints: readonly [string, string[] | RegExp][] = [
    ['BDFC 0AAB 42AD E072 92A2 6C86 F3E2 3782 878E 7504', ['BDFC0AAB42ADE07292A26C86F3E23782878E7504']],
    [' bdfc0aab42ade072 , 92A26C86F3E23782!', ['bdfc0aab42ade072', '92A26C86F3E23782!']],
    ['0x92A26C86F3E23782', ['0x92A26C86F3E23782']],
    ['', []],
    ['878E7504', /is not one/],
    ['--output=/tmp/x', /is not one/],
    ['92A26C86F3E23782,', /2 of 2 is not one/],
    ['somebody@example.org', /is not one/],
  ];
  for (const [text, expected] of fingerprints) {
    it(`fingerprints: ${text}`, async () => {
      const provider = await loadProvider('pgp');
      if (expected instanceof RegExp)
        return assert.throws(() => provider.parse(text), failsWith('KEY_INVALID', expected));
      const keys = provider.parse(text, '2024-01-01T00:00:00Z');
      assert.deepEqual(
        keys,
        expected.map(fingerprint => ({ kind: 'pgp', fingerprint, createdAt: '2024-01-01T00:00:00Z', enc: '' })),
      );
    });
  }

  it('gpg that is missing or may not be run', async () => {
    const [key] = (await loadProvider('pgp')).parse('92A26C86F3E23782');
    const withEnc = { ...key!, enc: 'x' } as MasterKey;
    const reasons = async (context: KeyContext) => {
      const failure = await (await loadProvider('pgp')).unwrap(withEnc, context);
      return failure instanceof Uint8Array ? 'opened' : failure.reason;
    };
    assert.match(await reasons(nobody), /no program may be run here/);
    const answers = (status: number | null, stdout = ''): KeyContext => ({
      ...nobody,
      run: async () => ({ status, stdout: Buffer.from(stdout), stderr: Buffer.from('secret words of gpg') }),
    });
    assert.match(await reasons(answers(127)), /gpg was not found/);
    assert.match(await reasons(answers(null)), /did not end within 120 seconds/);
    assert.match(await reasons(answers(2)), /did not say why \(exit status 2\)/);
    assert.match(await reasons(answers(0)), /gave nothing/);
  });
});
