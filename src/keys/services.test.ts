/** The order in which this machine and key services are asked, and what is said when none of them does it. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import type { AgeKey, MasterKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { generateIdentity } from './age/keygen.ts';
import { explicitContext } from './context.ts';
import type { KeyContext, KeyService } from './provider.ts';
import { unwrapKey, wrapKey } from './services.ts';

const { recipient, fileText } = await generateIdentity({ now: new Date(0), random: randomBytes });
const part = Uint8Array.from(randomBytes(32));
const mine: AgeKey = { kind: 'age', recipient, enc: '' };
const broken: AgeKey = { kind: 'age', recipient: 'age1broken', enc: '' };
const wrapped = (await wrapKey(mine, part, explicitContext({}), randomBytes)) as AgeKey;

/** A service that does what it is told, and notes that it was asked. */
function service(name: string, answer: string | Uint8Array | undefined, asked: string[]): KeyService {
  const hints = [`hint of ${name}`];
  return {
    name,
    wrap: async () => {
      asked.push(name);
      if (typeof answer === 'string') return answer;
      throw new TsopsError('WRAP_FAILED', 'no', { hints });
    },
    unwrap: async (key: MasterKey) => {
      asked.push(name);
      return answer instanceof Uint8Array ? Uint8Array.from(answer) : { key, reason: 'no', hints };
    },
  };
}

type Answers = Readonly<Record<string, string | Uint8Array | undefined>>;

function contextOf(answers: Answers, more: Partial<KeyContext> = {}): [context: KeyContext, asked: string[]] {
  const asked: string[] = [];
  const keyServices = Object.entries(answers).map(([name, answer]) => service(name, answer, asked));
  return [{ ...explicitContext({ identities: fileText }), keyServices, ...more }, asked];
}

const off = { localKeyService: false };

describe('wrapping', () => {
  const rows: [name: string, key: AgeKey, answers: Answers, more: Partial<KeyContext>, asked: string[], enc: string][] =
    [
      ['this machine first', mine, { one: 'ENC1' }, {}, [], '-----BEGIN AGE ENCRYPTED FILE-----'],
      ['on where nothing is said', mine, {}, { localKeyService: undefined }, [], '-----BEGIN AGE ENCRYPTED FILE-----'],
      [
        'then the services in their order',
        broken,
        { one: undefined, two: 'ENC2', three: 'ENC3' },
        {},
        ['one', 'two'],
        'ENC2',
      ],
      ['this machine switched off', mine, { one: 'ENC1' }, off, ['one'], 'ENC1'],
    ];
  for (const [name, key, answers, more, expected, enc] of rows) {
    test(name, async () => {
      const [context, asked] = contextOf(answers, more);
      const result = await wrapKey(key, part, context, randomBytes);
      assert.deepEqual(asked, expected);
      assert.deepEqual({ ...result, enc: result.enc.split('\n')[0] }, { ...key, enc });
    });
  }

  test('none of them', async () => {
    const [context] = contextOf({ one: undefined, 'two\n': undefined });
    await assert.rejects(wrapKey(broken, part, context, randomBytes), (error: unknown) => {
      assert.ok(error instanceof TsopsError && error.code === 'WRAP_FAILED');
      assert.match(error.message, /^this machine: [^;]+; one: no; two\\u\{a\}: no$/);
      assert.deepEqual(error.hints.slice(-2), ['hint of one', 'hint of two\n']);
      return true;
    });
    const [alone] = contextOf({ one: undefined }, off);
    await assert.rejects(wrapKey(mine, part, alone, randomBytes), { code: 'WRAP_FAILED', message: 'one: no' });
    const [nobody] = contextOf({}, off);
    await assert.rejects(wrapKey(mine, part, nobody, randomBytes), {
      code: 'WRAP_FAILED',
      message: /no key service to ask/,
    });
  });

  test('a fault of the program is not taken for a refusal', async () => {
    const faulty = { ...service('one', undefined, []), wrap: () => Promise.reject(new TypeError('x')) };
    const [context] = contextOf({}, { ...off, keyServices: [faulty] });
    await assert.rejects(wrapKey(mine, part, context, randomBytes), TypeError);
  });
});

describe('unwrapping', () => {
  const stranger = { ageIdentities: [] };
  const short = part.subarray(0, 31);
  const rows: [name: string, answers: Answers, more: Partial<KeyContext>, asked: string[]][] = [
    ['this machine first', { one: part }, {}, []],
    ['then the services in their order', { one: undefined, two: part, three: part }, stranger, ['one', 'two']],
    ['this machine switched off', { one: part }, off, ['one']],
    [
      'an answer of another length is none',
      { one: short, two: new Uint8Array(), three: part },
      off,
      ['one', 'two', 'three'],
    ],
  ];
  for (const [name, answers, more, expected] of rows) {
    test(name, async () => {
      const [context, asked] = contextOf(answers, more);
      const result = await unwrapKey(wrapped, 32, context);
      assert.ok(result instanceof Uint8Array);
      assert.deepEqual(Uint8Array.from(result), part);
      assert.deepEqual(asked, expected);
    });
  }

  test('none of them', async () => {
    const reasonOf = async (answers: Answers, more: Partial<KeyContext>): Promise<string> => {
      const [context] = contextOf(answers, more);
      const failure = await unwrapKey(wrapped, 32, context);
      assert.ok(!(failure instanceof Uint8Array));
      assert.equal(failure.key, wrapped);
      assert.ok(failure.hints.length > 0);
      return failure.reason;
    };
    assert.match(
      await reasonOf({ one: short }, stranger),
      /^this machine: [^;]+; one: .* 31 bytes long instead of 32$/,
    );
    assert.equal(await reasonOf({ one: undefined }, off), 'one: no');
    assert.match(await reasonOf({}, off), /no key service to ask/);
    assert.doesNotMatch(await reasonOf({}, stranger), /this machine/);
  });
});

describe('what was asked before', () => {
  const key: MasterKey = { kind: 'age', recipient, enc: 'AAAA' };
  const asking = (answer: Uint8Array | undefined, more: Partial<KeyContext> = {}) =>
    contextOf({ one: answer }, { ...off, ...more });

  test('is not asked again where answers are kept, and what is handed out may be wiped', async () => {
    const [context, asked] = asking(part, { asked: new Map() });
    const first = await Promise.all([unwrapKey(key, 32, context), unwrapKey(key, 32, context)]);
    for (const answer of first) {
      assert.deepEqual(answer, part);
      (answer as Uint8Array).fill(0);
    }
    assert.deepEqual(await unwrapKey(key, 32, context), part);
    assert.deepEqual(asked, ['one']);
  });

  test('is asked again where answers are not kept, for another wrapped key, and after a failure', async () => {
    const [plain, asked] = asking(part);
    for (let i = 0; i < 2; i += 1) await unwrapKey(key, 32, plain);
    assert.equal(asked.length, 2);
    const [keeping, others] = asking(part, { asked: new Map() });
    await unwrapKey(key, 32, keeping);
    await unwrapKey({ ...key, enc: 'BBBB' }, 32, keeping);
    assert.equal(others.length, 2);
    const [failing, failures] = asking(undefined, { asked: new Map() });
    for (let i = 0; i < 2; i += 1) assert.ok('reason' in (await unwrapKey(key, 32, failing)));
    assert.equal(failures.length, 2);
  });

  test('is kept up to a bound, the newest of it', async () => {
    const kept = new Map<string, Promise<unknown>>();
    const [context, asked] = asking(part, { asked: kept });
    const numbered = (n: number): MasterKey => ({ ...key, enc: String(n) });
    for (let n = 0; n < 1500; n += 1) await unwrapKey(numbered(n), 32, context);
    assert.equal(kept.size, 1000);
    await unwrapKey(numbered(1499), 32, context);
    assert.equal(asked.length, 1500);
    await unwrapKey(numbered(0), 32, context);
    assert.equal(asked.length, 1501);
  });

  test('tells AWS keys apart by their encryption context', async () => {
    const [context, asked] = asking(part, { asked: new Map() });
    const kms = { kind: 'kms', arn: 'arn', role: '', awsProfile: '', enc: 'AAAA' } as const;
    for (const [value, createdAt] of [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
    ] as const)
      await unwrapKey({ ...kms, createdAt, context: new Map([['x', value]]) }, 32, context);
    assert.equal(asked.length, 2, 'the date is no part of a request');
  });
});
