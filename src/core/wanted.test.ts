import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createCipher } from './cipher.ts';
import { decryptTree, encryptTree } from './crypt.ts';
import { DataKey } from './datakey.ts';
import { compileSelection, type SelectionRule } from './selection.ts';
import { applyChanges, type Comment, comment, entry, leaf, mapping, sequence, type Tree } from './tree.ts';

const cipher = createCipher(DataKey.from(Buffer.alloc(32, 'f')), randomBytes);
const common = { cipher, macOnlyEncrypted: false, lastModified: '2024-01-01T00:00:00Z' };

/** `key: [a]` and a comment that stands in the list as written, and in the root once a block follows it. */
function moved(text: string): Tree<'plain'> {
  return {
    documents: [mapping([entry('key', sequence([leaf('a', 0)])), comment(text, false, 1)])],
    slots: 2,
    asWritten: {
      documents: [mapping([entry('key', sequence([leaf('a', 0), comment(text, false, 5)]))])],
      slots: [undefined, undefined, undefined, undefined, undefined, 1],
    },
  };
}

const rules: readonly [name: string, rule: SelectionRule, isEncrypted: boolean][] = [
  ['selected where it was written', { kind: 'encryptedRegex', text: 'key' }, true],
  ['selected nowhere', { kind: 'encryptedRegex', text: 'other' }, false],
  ['selected in both places', { kind: 'unencryptedSuffix', text: '_unencrypted' }, true],
];

for (const [name, rule, isEncrypted] of rules) {
  test(`a comment that moves out of the selected part: ${name}`, async () => {
    const selection = await compileSelection(rule);
    const plain = moved(' old secret');
    const { changes, mac } = encryptTree(plain, { ...common, selection });
    assert.equal(typeof changes[1] === 'string', isEncrypted);
    const encrypted: Tree<'encrypted'> = applyChanges(plain, changes);
    const decrypted = decryptTree(encrypted, { ...common, selection, mac });
    const text = applyChanges(encrypted, decrypted.changes).documents[0]?.items[1] as Comment;
    assert.equal(text.text, ' old secret');
    assert.deepEqual(decrypted.unverifiedComments, []);
  });
}

test('a comment that decides something itself stays readable where it decides', async () => {
  const selection = await compileSelection({ kind: 'encryptedCommentRegex', text: 'enc' });
  const plain = moved(' enc');
  assert.deepEqual([...encryptTree(plain, { ...common, selection }).changes], [undefined, undefined]);
});

test('a value that only the text as written selects is refused with its path', async () => {
  const selection = await compileSelection({ kind: 'encryptedCommentRegex', text: 'enc' });
  const plain: Tree<'plain'> = {
    documents: [mapping([entry('k', mapping([entry('x', leaf('v', 0))]))])],
    slots: 1,
    asWritten: {
      documents: [mapping([comment(' enc', false, 0), entry('k', mapping([entry('x', leaf('v', 1))]))])],
      slots: [],
    },
  };
  assert.throws(() => encryptTree(plain, { ...common, selection }), {
    code: 'NOT_ENCRYPTABLE',
    where: { document: 0, path: ['k', 'x'] },
  });
});
