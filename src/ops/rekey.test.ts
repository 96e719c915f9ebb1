/** `rotate`, `updateKeys` and the verbs of groups: what they change in a file, and what they leave. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { KeyGroup, MasterKey } from '../core/metadata.ts';
import { decrypt } from './decrypt.ts';
import { encrypt } from './encrypt.ts';
import { addGroup, deleteGroup } from './groups.ts';
import { rotate } from './rotate.ts';
import { compareKeys, updateKeys, type WantedKeys } from './updatekeys.ts';

const keys = new URL('../../testdata/vectors/keys/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, keys), 'utf8').trim();
const identity = (...numbers: number[]): string => numbers.map(n => read(`age-${n}.txt`)).join('\n');
const key = (n: number): MasterKey => ({ kind: 'age', recipient: read(`age-${n}.pub`), enc: '' });
const wanted = (...groups: KeyGroup[]): WantedKeys => ({ groups, shamirThreshold: 0 });
const now = new Date('2030-01-02T03:04:05Z');
const options = { format: 'yaml', identities: identity(1), now } as const;

const plain = `---
# head

a:   "x"   # inline
list: [1.10, 0x1F]   # flow

b: |
  text
c_unencrypted: 1
`;
const made = (groups: KeyGroup[] = [[key(1)]]): Promise<string> =>
  encrypt(plain, { format: 'yaml', groups, now: new Date('2020-01-01T00:00:00Z') });
const opens = (text: string, ...numbers: number[]): Promise<string> =>
  decrypt(text, { format: 'yaml', identities: identity(...numbers) });
const ciphertexts = (text: string): string[] => text.match(/ENC\[AES256_GCM,[^\]]*\]/g) ?? [];
const vectorsOf = (text: string): string[] => ciphertexts(text).map(found => /iv:([^,]*)/.exec(found)?.[1] ?? '');
/** Lines of the first text that the second does not have. */
const gone = (before: string, after: string): string[] => {
  const left = new Set(after.split('\n'));
  return before.split('\n').filter(line => !left.has(line));
};

describe('rotate', () => {
  test('draws everything anew and keeps the text', async () => {
    const before = await made();
    const after = await rotate(before, options);
    assert.equal(await opens(after, 1), plain);
    const old = new Set([...ciphertexts(before), ...vectorsOf(before)]);
    for (const found of [...ciphertexts(after), ...vectorsOf(after)]) assert.ok(!old.has(found));
    const blank = (text: string): string => text.replace(/ENC\[[^\]]*\]/g, 'ENC').replace(/^ +[\w+/=]{20,}$/gm, '');
    assert.equal(blank(after), blank(before).replace('2020-01-01T00:00:00Z', '2030-01-02T03:04:05Z'));
  });

  test('adds and removes', async () => {
    const both = await rotate(await made(), { ...options, add: [key(2), key(1), key(2)] });
    assert.equal(both.match(/recipient: /g)?.length, 2);
    assert.equal(await opens(both, 2), plain);
    const absent: MasterKey[] = [];
    const one = await rotate(both, { ...options, remove: [key(1), key(3)], onAbsent: found => absent.push(found) });
    assert.deepEqual(absent, [key(3)]);
    assert.equal(await opens(one, 2), plain);
    await assert.rejects(opens(one, 1), { code: 'DATA_KEY_UNAVAILABLE' });
    await assert.rejects(rotate(one, { ...options, identities: identity(2), remove: [key(2)] }), {
      code: 'KEY_GROUP_EMPTY',
    });
  });

  test('is ended by whoever looks at the recipients', async () => {
    const refuse = () => {
      throw new RangeError('no');
    };
    await assert.rejects(rotate(await made(), { ...options, onRecipients: refuse }), RangeError);
  });

  test('keeps groups and their threshold', async () => {
    const before = await encrypt(plain, { format: 'yaml', groups: [[key(1)], [key(2)], [key(3)]], shamirThreshold: 2 });
    const after = await rotate(before, { ...options, identities: identity(1, 3) });
    for (const pair of [
      [1, 2],
      [1, 3],
      [2, 3],
    ] as const)
      assert.equal(await opens(after, ...pair), plain);
    await assert.rejects(opens(after, 2), { code: 'DATA_KEY_UNAVAILABLE' });
  });

  test('fields that nobody here knows stay', async () => {
    const before = (await made()).replace('\nsops:\n', '\nsops:\n    x_other: [1, two]\n');
    assert.match(await rotate(before, options), /^ {4}x_other:(?: \[1, two\]$|\n {8}- 1\n {8}- two$)/m);
  });
});

describe('updateKeys', () => {
  test('adding a key adds lines and changes none', async () => {
    const before = await made();
    const after = await updateKeys(before, wanted([key(2), key(1)]), options);
    assert.deepEqual(gone(before, after), []);
    assert.equal(await opens(after, 2), plain);
    assert.equal(await updateKeys(after, wanted([key(1), key(2)]), options), after);
  });

  test('removing a key makes a new data key and tells what it knew', async () => {
    const before = await made([[key(1), key(2)]]);
    const paths: unknown[] = [];
    const after = await updateKeys(before, wanted([key(1)]), { ...options, onRotated: found => paths.push(...found) });
    assert.deepEqual(paths, [['a'], ['list', 0], ['list', 1], ['b']]);
    const old = new Set(ciphertexts(before));
    for (const found of ciphertexts(after)) assert.ok(!old.has(found));
    assert.equal(await opens(after, 1), plain);
    // The wrapped key that the removed one still has does not open the new file.
    const entry =
      new RegExp(` - enc: \\|\\n(?:(?! - enc)[\\s\\S])*?${read('age-2.pub')}\\n`).exec(before)?.[0] ?? assert.fail();
    await assert.rejects(opens(after.replace(/ - enc: \|\n[\s\S]*?recipient: .*\n/, entry), 2), {
      code: 'VALUE_UNDECRYPTABLE',
    });
  });

  test('unless the data key is to stay', async () => {
    const before = await made([[key(1), key(2)]]);
    const after = await updateKeys(before, wanted([key(1)]), { ...options, keepDataKey: true });
    assert.deepEqual(ciphertexts(after), ciphertexts(before));
  });

  test('an entry without a wrapped data key counts as none', async () => {
    const before = (await made()).replace(
      ' - enc:',
      ` - enc: ""\n          recipient: ${read('age-2.pub')}\n        - enc:`,
    );
    const after = await updateKeys(before, wanted([key(1), key(2)]), options);
    assert.equal(await opens(after, 2), plain);
  });

  test('a rule that selects less, and one that selects more', async () => {
    const before = await made();
    const fewer = await updateKeys(
      before,
      { ...wanted([key(1)]), selection: { kind: 'encryptedRegex', text: '^a$' } },
      options,
    );
    assert.match(fewer, /^list: \[1\.10, 0x1F\]/m);
    assert.equal(
      ciphertexts(fewer)[0],
      ciphertexts(before).find(found => fewer.includes(found)),
    );
    assert.equal(await opens(fewer, 1), plain);
    const more = await updateKeys(
      fewer,
      { ...wanted([key(1)]), selection: { kind: 'unencryptedSuffix', text: '_none' } },
      options,
    );
    assert.match(more, /^c_unencrypted: ENC/m);
    assert.equal(await opens(more, 1), plain);
  });

  test('groups and back', async () => {
    const groups = await updateKeys(await made(), wanted([key(1)], [key(2)], [key(3)]), options);
    await assert.rejects(opens(groups, 1, 2), { code: 'DATA_KEY_UNAVAILABLE' });
    const all = { ...options, identities: identity(1, 2, 3) };
    const two = await updateKeys(groups, { ...wanted([key(1)], [key(2)], [key(3)]), shamirThreshold: 2 }, all);
    assert.equal(await opens(two, 1, 2), plain);
    const one = await updateKeys(two, wanted([key(1)]), all);
    assert.equal(await opens(one, 1), plain);
    assert.ok(!/shamir_threshold|key_groups/.test(one));
  });

  test('a file whose MAC does not fit is refused', async () => {
    const before = (await made()).replace(/^a: .*\n/m, '');
    await assert.rejects(updateKeys(before, wanted([key(1), key(2)]), options), { code: 'MAC_MISMATCH' });
  });

  test('what would change is told without any key', async () => {
    const change = await compareKeys(await made([[key(1), key(2)]]), wanted([key(1), key(3)]), { format: 'yaml' });
    assert.deepEqual([change.isNeeded, change.removesKeys], [true, true]);
    const texts = (list: readonly { text: string }[] = []): string[] => list.map(({ text }) => text);
    const [group] = change.groups;
    assert.deepEqual(
      [texts(group?.common), texts(group?.added), texts(group?.removed)],
      [[read('age-1.pub')], [read('age-3.pub')], [read('age-2.pub')]],
    );
  });
});

describe('groups', () => {
  test('a group more, and one less', async () => {
    const before = await made();
    const two = await addGroup(before, [key(2)], options);
    assert.equal(await opens(two, 1, 2), plain);
    assert.deepEqual(ciphertexts(two), ciphertexts(before));
    const both = { ...options, identities: identity(1, 2) };
    await assert.rejects(deleteGroup(two, 1, both), { code: 'KEY_GROUP_INVALID' });
    const one = await deleteGroup(two, 1, { ...both, shamirThreshold: 1 });
    assert.equal(await opens(one, 1), plain);
    await assert.rejects(deleteGroup(one, 3, options), { code: 'KEY_GROUP_INVALID', exitStatus: 1 });
    await assert.rejects(addGroup(before, [], options), { code: 'KEY_GROUP_EMPTY' });
    await assert.rejects(addGroup(before, [key(2)], { ...options, shamirThreshold: 3 }), { code: 'KEY_GROUP_INVALID' });
  });
});
