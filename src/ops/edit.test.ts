/** What an edit changes in files that sops made, and that unusual files come back, through the public verbs and with real keys. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { SelectionRule } from '../core/selection.ts';
import type { FormatName } from '../formats/format.ts';
import { decrypt } from './decrypt.ts';
import { edit } from './edit.ts';
import { encrypt } from './encrypt.ts';

const vectors = new URL('../../testdata/vectors/', import.meta.url);
const identities = readFileSync(new URL('keys/age-1.txt', vectors), 'utf8');
const age = readFileSync(new URL('keys/age-1.pub', vectors), 'utf8').trim();

/** How many lines of the second text are not in the first. */
function newLines(before: string, after: string): number {
  const left = new Map<string, number>();
  for (const line of before.split('\n')) left.set(line, (left.get(line) ?? 0) + 1);
  return after.split('\n').filter(line => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  }).length;
}

const madeBySops: readonly [name: string, file: string, format: FormatName, from: string, to: string][] = [
  ['quoted where read', 'yaml/base60-and-oddities/encrypted.yaml', 'yaml', 'question: ?x', 'question: ?y'],
  ['comments of lists stay items', 'yaml/comments-in-lists/encrypted.yaml', 'yaml', 'value: 1', 'value: 2'],
  ['quotes of INI values stay away', 'ini/quotes/encrypted.ini', 'ini', 'double     = quoted', 'double     = other'],
];

for (const [name, file, format, from, to] of madeBySops) {
  test(`an edit of one value in a file of sops: ${name}`, async () => {
    const before = readFileSync(new URL(`cases/${file}`, vectors), 'utf8');
    const change = (plain: Uint8Array): Uint8Array => {
      const text = Buffer.from(plain).toString();
      assert.ok(text.includes(from), text);
      return Buffer.from(text.replace(from, to));
    };
    const after = await edit(before, change, { format, identities, now: new Date() });
    const expected = change(Buffer.from(await decrypt(before, { format, identities })));
    assert.equal(await decrypt(after, { format, identities }), Buffer.from(expected).toString());
    assert.equal(newLines(before, after), 3, 'the value, lastmodified and mac');
  });
}

test('an edit leaves a whole float a float, though it reads as an integer', async () => {
  const options = { format: 'yaml', identities, age, keepSpelling: false } as const;
  const before = await encrypt('f: 3.0\na: x\n', options);
  const after = await edit(before, plain => Buffer.from(Buffer.from(plain).toString().replace('x', 'z')), options);
  assert.equal(await decrypt(after, options), 'f: 3\na: z\n');
  assert.equal(after.split('\n')[0], before.split('\n')[0]);
});

const enc: SelectionRule = { kind: 'encryptedCommentRegex', text: 'enc' };
const key: SelectionRule = { kind: 'encryptedRegex', text: '^key$' };

const unusual: readonly [name: string, format: FormatName, text: string, rule?: SelectionRule][] = [
  ['a block that keeps blank lines, the last of them cut off', 'yaml', 'k: >+\n  a\n  '],
  ['the same with a comment behind its header', 'yaml', 'k: |+ # c\n  a\n  '],
  [
    'a comment behind blank lines that a block keeps',
    'yaml',
    'b:\n  k:\n   - >+\n      a\n      b\n\n  # last\n\nc: d\n',
  ],
  ['a flow root whose last value is nothing', 'yaml', '{\n"a":v,\nempty":\n}\n'],
  ['a flow root whose last key ends in a colon', 'yaml', '{\nomitted value:,\n}\n'],
  ['a flow root whose last key is a tag', 'yaml', '{!!str }\n'],
  ['line breaks of both kinds', 'yaml', 'plain: text\n  lines\r\nblock: |\n  text\n   more\n'],
  ['an empty first document', 'yaml', '---\n---\na: 1\n'],
  ['a comment that an empty document takes', 'yaml', '# a\n---\n---\n    # e\n\nk: v\n'],
  ['a comment behind the last item', 'yaml', 'key:\n- a\n# - old\n', key],
  ['an alias of nothing with a comment', 'yaml', 'b: &a {} # c\nx: *a\n', { kind: 'unencryptedRegex', text: '^b' }],
  ['an alias of nothing with a secret comment', 'yaml', 'a: &a\n  # c\n  k:\nb: *a\nx: y\n'],
  ['an alias of clear values with a secret comment', 'yaml', 'a: &a {k_unencrypted: 7} # c\nb: *a\nx: y\n'],
  ['a comment that selects through no alias', 'yaml', 'a: &a {x: 1}\n# enc\nk: *a\n', enc],
  ['nesting of 9000 levels', 'json', `${'{"a":'.repeat(9000)}1.50${'}'.repeat(9000)}`],
];

for (const [name, format, text, selection] of unusual) {
  test(`comes back: ${name}`, async () => {
    const sealed = await encrypt(text, { format, age, selection, allowNothing: true });
    assert.equal(await decrypt(sealed, { format, identities }), text);
  });
}

test('a comment that the rule selects is not left readable by the block behind it', async () => {
  const sealed = await encrypt('x: 1\nkey:\n- a\n# - old\n', { format: 'yaml', age, selection: key });
  assert.doesNotMatch(sealed, /old/);
});

const refused: readonly [name: string, text: string, rule?: SelectionRule][] = [
  ['a comment behind an alias selects what it names', 'a: &a {x: 1, y: 2}\nk: *a # enc\n', enc],
  ['a comment inside of what an alias names', 'a: &a\n  # enc\n  x: 1\nk: *a\n', enc],
  ['a comment between a tag and its value', 'a: &a !!int # c\n  5\n'],
];

for (const [name, text, selection] of refused) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(encrypt(text, { format: 'yaml', age, selection }), { code: 'NOT_ENCRYPTABLE' });
  });
}

test('an empty first document of a file that sops made stays a document', async () => {
  const sealed = await encrypt('---\n---\na: 1\n', { format: 'yaml', age });
  const bySops = sealed.replace(/^---\n/, '');
  assert.equal(await decrypt(bySops, { format: 'yaml', identities }), '---\n---\na: 1\n');
});
