/** AWS KMS keys of files that sops before 3.3.0 made: which contexts are tried, for which files, and what is said. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AwsKmsKey, MasterKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { withOldContexts } from './awskms-old.ts';
import { explicitContext } from './context.ts';
import { unwrapDataKey } from './groups.ts';
import type { KeyContext, KeyService } from './provider.ts';

const keyOf = (pairs: Readonly<Record<string, string>>, enc = 'AA=='): AwsKmsKey => ({
  kind: 'kms',
  arn: 'arn:aws:kms:eu-west-1:1:key/x',
  role: '',
  awsProfile: '',
  context: new Map(Object.entries(pairs)),
  createdAt: '2018-01-01T00:00:00Z',
  enc,
});
const contextsOf = (keys: readonly MasterKey[]) =>
  keys.map(key => (key.kind === 'kms' ? [...key.context].map(pair => pair.join('=')).join() : key.kind));
const age: MasterKey = { kind: 'age', recipient: 'age1x', enc: 'x' };
const key = keyOf({ a: '1', b: '2', c: '1' });

describe('which contexts', () => {
  const versions: readonly (readonly [version: string, isOld: boolean])[] = [
    ...(['1.14', '1.x', '2.0.9', '3.0.0', '3.2.9', 'v3.2.0', '3.3.0-rc1', '0.1.0'] as const).map(
      old => [old, true] as const,
    ),
    ...(['3.3.0', '3.3.1', '3.3.1-rc1', '3.10.2', '4.0.0', '10.0.0', '3.3.0+b'] as const).map(
      now => [now, false] as const,
    ),
  ];
  for (const [version, isOld] of versions) {
    test(`written by ${version}`, () => {
      const { groups, added } = withOldContexts([[key, age]], version);
      const old = ['a=1,b=1,c=1', 'a=2,b=2,c=2'];
      assert.deepEqual(groups.map(contextsOf), [['a=1,b=2,c=1', 'age', ...(isOld ? old : [])]]);
      assert.deepEqual([...added.values()], isOld ? [key, key] : []);
    });
  }

  test('not for contexts that had nothing to mix up, nor without bound', () => {
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`n${index}`, `v${index}`]));
    for (const pairs of [{}, { a: '1' }, { a: '1', b: '1' }, many])
      assert.equal(withOldContexts([[keyOf(pairs)]], '3.0.0').added.size, 0);
  });
});

/** A service that opens for one context, and notes what it was asked. */
function machine(opens: string) {
  const asked: string[] = [];
  const service: KeyService = {
    name: 'test',
    wrap: () => assert.fail('nothing is wrapped'),
    unwrap: async one => {
      const [context = ''] = contextsOf([one]);
      asked.push(context);
      return context === opens ? new Uint8Array(32).fill(7) : { key: one, reason: 'another context', hints: [] };
    },
  };
  const context: KeyContext = { ...explicitContext({}), localKeyService: false, keyServices: [service] };
  return { asked, context };
}

describe('opening', () => {
  const file = (version: string) => ({ groups: [[key]], shamirThreshold: 0, version });

  test('the context of the file first, then the old ones; the key is that of the file', async () => {
    const { asked, context } = machine('a=2,b=2,c=2');
    const { openedBy, oldContexts } = await unwrapDataKey(file('3.2.0'), { context });
    assert.deepEqual([openedBy, oldContexts], [[key], [key]]);
    assert.deepEqual(asked, ['a=1,b=2,c=1', 'a=1,b=1,c=1', 'a=2,b=2,c=2']);
  });

  test('a file that is as it should be', async () => {
    const { asked, context } = machine('a=1,b=2,c=1');
    const { openedBy, oldContexts } = await unwrapDataKey(file('3.2.0'), { context });
    assert.deepEqual([openedBy, oldContexts, asked.length], [[key], [], 1]);
  });

  test('a newer file, and one that does not open, whose report names the key once', async () => {
    await assert.rejects(unwrapDataKey(file('3.3.0'), { context: machine('a=2,b=2,c=2').context }));
    const { asked, context } = machine('none');
    await assert.rejects(unwrapDataKey(file('3.2.0'), { context }), (error: unknown) => {
      assert.ok(error instanceof TsopsError && error.code === 'DATA_KEY_UNAVAILABLE');
      assert.equal(error.message.split('another context').length, 2, error.message);
      return true;
    });
    assert.equal(asked.length, 3);
  });
});
