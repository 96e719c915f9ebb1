/** Merging through the public verbs, with real keys, in every format. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { FormatName } from '../formats/format.ts';
import { loadProvider } from '../keys/index.ts';
import { decrypt } from './decrypt.ts';
import { edit } from './edit.ts';
import { encrypt } from './encrypt.ts';
import { inspectFile } from './inspect.ts';
import { merge } from './merge.ts';
import { rotate } from './rotate.ts';
import { updateKeys } from './updatekeys.ts';

const vectors = new URL('../../testdata/vectors/', import.meta.url);
const identities = readFileSync(new URL('keys/age-1.txt', vectors), 'utf8');
const age = readFileSync(new URL('keys/age-1.pub', vectors), 'utf8').trim();

const changed = (sealed: string, text: string, format: FormatName): Promise<string> =>
  edit(sealed, () => Buffer.from(text), { format, identities });

const clean: readonly [name: string, format: FormatName, base: string, ours: string, theirs: string, out: string][] = [
  ['different values', 'yaml', 'a: 1\nb: 2\n', 'a: 3\nb: 2\n', 'a: 1\nb: 4\n', 'a: 3\nb: 4\n'],
  ['both add', 'yaml', 'a: 1\n', 'a: 1\nb: 2\n', 'a: 1\nc: 3\n', 'a: 1\nb: 2\nc: 3\n'],
  ['a comment', 'yaml', 'a: 1\nb: 2\n', 'a: 3\nb: 2\n', 'a: 1\n# why\nb: 2\n', 'a: 3\n# why\nb: 2\n'],
  ['JSON', 'json', '{"a": 1}\n', '{"a": 1, "b": 2}\n', '{"a": 5}\n', '{"a": 5, "b": 2}\n'],
  ['dotenv', 'dotenv', 'A=1\n', 'A=1\nB=2\n', 'A=1\nC=3\n', 'A=1\nB=2\nC=3\n'],
  ['INI', 'ini', '[s]\na = 1\n', '[s]\na = 1\nb = 2\n', '[s]\na = 4\n', '[s]\na = 4\nb = 2\n'],
  ['text', 'binary', 'a\nb\nc\n', 'A\nb\nc\n', 'a\nb\nC\n', 'A\nb\nC\n'],
];

for (const [name, format, base, ours, theirs, out] of clean) {
  test(`clean: ${name}`, async () => {
    const sealed = await encrypt(base, { format, age });
    const sides = [await changed(sealed, ours, format), await changed(sealed, theirs, format)] as const;
    const merged = await merge(sealed, sides[0], sides[1], { format, identities });
    assert.equal(merged.conflict, undefined);
    assert.equal(await decrypt(merged.content, { format, identities }), out);
  });
}

test('unchanged values keep their ciphertext, and those of theirs come with it', async () => {
  const options = { format: 'yaml', identities } as const;
  const sealed = await encrypt('a: x\nb: y\nc: z\n', { format: 'yaml', age });
  const ours = await changed(sealed, 'a: X\nb: y\nc: z\n', 'yaml');
  const theirs = await changed(sealed, 'a: x\nb: y\nc: Z\n', 'yaml');
  const { content } = await merge(sealed, ours, theirs, options);
  const line = (text: string, at: number): string | undefined => text.split('\n')[at];
  assert.deepEqual(
    [0, 1, 2].map(at => line(content, at)),
    [line(ours, 0), line(sealed, 1), line(theirs, 2)],
  );
});

test('one side rotates: the new data key stays', async () => {
  const options = { format: 'yaml', identities } as const;
  const sealed = await encrypt('a: long secret\nb: y\n', { format: 'yaml', age });
  const rotated = await rotate(sealed, options);
  const other = await changed(sealed, 'a: long secret\nb: z\n', 'yaml');
  for (const [one, two] of [
    [rotated, other],
    [other, rotated],
  ] as const) {
    const { content, conflict } = await merge(sealed, one, two, options);
    assert.equal(conflict, undefined);
    assert.equal(await decrypt(content, options), 'a: long secret\nb: z\n');
    assert.ok(content.includes(/enc: \|\n[\s\S]*?END/.exec(rotated)?.[0] ?? 'none'));
  }
});

test('a conflict shows the two values and nothing else', async () => {
  const options = { format: 'yaml', identities } as const;
  const sealed = await encrypt('a: 1\nb: 2\n', { format: 'yaml', age });
  const ours = await changed(sealed, 'a: 1\nb: 3\n', 'yaml');
  const theirs = await changed(sealed, 'a: 7\nb: 4\n', 'yaml');
  const { content, conflict } = await merge(sealed, ours, theirs, options);
  assert.ok(conflict !== undefined);
  assert.deepEqual(conflict.paths, [['b']]);
  assert.equal(Buffer.from(conflict.text).toString(), 'a: 7\n<<<<<<< ours\nb: 3\n=======\nb: 4\n>>>>>>> theirs\n');
  assert.equal(await decrypt(content, options), 'a: 7\nb: 3\n');
  await assert.rejects(conflict.encrypt(conflict.text), { code: 'MERGE_CONFLICT' });
  assert.equal(await decrypt(await conflict.encrypt(Buffer.from('a: 7\nb: 5\n')), options), 'a: 7\nb: 5\n');
});

test('a side that was tampered with is refused by its name', async () => {
  const sealed = await encrypt('a: x\nb: y\n', { format: 'yaml', age });
  const [first = '', second = '', ...rest] = sealed.split('\n');
  const swapped = [second, first, ...rest].join('\n');
  await assert.rejects(merge(sealed, sealed, swapped, { format: 'yaml', identities }), /version of theirs/);
});

describe('the sops block', () => {
  const options = { format: 'yaml', identities } as const;
  const key = (n: number): string => readFileSync(new URL(`keys/age-${n}.pub`, vectors), 'utf8').trim();
  const groupOf = async (...numbers: number[]) => [(await loadProvider('age')).parse(numbers.map(key).join(','))];
  const recipients = async (content: string): Promise<(string | undefined)[]> =>
    ((await inspectFile(content, options)).metadata?.groups ?? []).flat().map(({ text }) => text);
  const withKeys = async (sealed: string, ...numbers: number[]): Promise<string> =>
    updateKeys(sealed, { groups: await groupOf(...numbers), shamirThreshold: 0 }, options);
  const plain = 'a: long secret\nb: y\n';

  test('recipients that both added are there, with their wrapped keys as they were', async () => {
    const sealed = await encrypt(plain, { format: 'yaml', age });
    const [ours, theirs] = [await withKeys(sealed, 1, 2), await withKeys(sealed, 1, 3)];
    const { content } = await merge(sealed, ours, theirs, options);
    assert.deepEqual((await recipients(content)).sort(), [key(1), key(2), key(3)].sort());
    for (const n of [2, 3]) {
      const own = readFileSync(new URL(`keys/age-${n}.txt`, vectors), 'utf8');
      assert.equal(await decrypt(content, { format: 'yaml', identities: own }), plain);
    }
  });

  test('a recipient that was removed stays removed, and the data key is the new one', async () => {
    const sealed = await encrypt(plain, { format: 'yaml', age: [age, key(2)] });
    const removed = await withKeys(sealed, 1);
    const other = await changed(sealed, plain.replace('y', 'z'), 'yaml');
    for (const [one, two] of [
      [removed, other],
      [other, removed],
    ] as const) {
      const { content } = await merge(sealed, one, two, options);
      assert.deepEqual(await recipients(content), [key(1)]);
      assert.equal(await decrypt(content, options), plain.replace('y', 'z'));
      const own = readFileSync(new URL('keys/age-2.txt', vectors), 'utf8');
      await assert.rejects(decrypt(content, { format: 'yaml', identities: own }), { code: 'DATA_KEY_UNAVAILABLE' });
    }
  });

  test('a new data key on one side and other recipients on the other one are not merged', async () => {
    const sealed = await encrypt(plain, { format: 'yaml', age });
    const [ours, theirs] = [await rotate(sealed, options), await withKeys(sealed, 1, 2)];
    await assert.rejects(merge(sealed, ours, theirs, options), { code: 'MERGE_CONFLICT' });
  });

  test('a whole file that somebody without a key has made is refused', async () => {
    const sealed = await encrypt(plain, { format: 'yaml', age });
    const forged = await encrypt('a: made up value\nb: y\n', { format: 'yaml', age });
    const ours = await changed(sealed, plain.replace('y', 'z'), 'yaml');
    await assert.rejects(merge(sealed, ours, forged, options), { code: 'MERGE_CONFLICT' });
  });

  test('an entry without a wrapped data key gets none', async () => {
    const sealed = await encrypt(plain, { format: 'yaml', age });
    const planted = sealed.replace(/^( +)- enc: \|/m, `$1- enc: ""\n$1  recipient: ${key(2)}\n$1- enc: |`);
    assert.notEqual(planted, sealed);
    const ours = await changed(sealed, plain.replace('y', 'z'), 'yaml');
    await assert.rejects(merge(sealed, ours, planted, options), { code: 'METADATA_INVALID' });
  });

  test('a rule of one side does not lay open what the other one encrypts', async () => {
    const sealed = await encrypt(plain, { format: 'yaml', age });
    const ours = await changed(sealed, `${plain}c_unencrypted: open\nd: hidden one\n`, 'yaml');
    const theirs = await updateKeys(
      sealed,
      { groups: await groupOf(1), shamirThreshold: 0, selection: { kind: 'encryptedRegex', text: '^[ab]$' } },
      options,
    );
    await assert.rejects(merge(sealed, ours, theirs, options), { code: 'MERGE_CONFLICT' });
  });
});

test('comments of theirs that have no place are told', async () => {
  const sealed = await encrypt('a: 1\n', { format: 'yaml', age });
  const ours = await changed(sealed, 'a: 1\n# mine\nb: 2\n', 'yaml');
  const theirs = await changed(sealed, 'a: 1\n# yours\nc: 3\n', 'yaml');
  let lost = 0;
  const { content } = await merge(sealed, ours, theirs, {
    format: 'yaml',
    identities,
    onLostComments: count => (lost = count),
  });
  const text = await decrypt(content, { format: 'yaml', identities });
  for (const part of ['# mine\nb: 2\n', 'c: 3\n']) assert.ok(text.includes(part), part);
  assert.equal(text.includes('# yours'), lost === 0);
});
