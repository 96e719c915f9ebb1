import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createCipher } from './cipher.ts';
import { type DecryptedTree, decryptTree, type EncryptedTree, encryptTree, type Stash } from './crypt.ts';
import { DataKey } from './datakey.ts';
import { compileSelection, defaultSelection, type SelectionRule } from './selection.ts';
import {
  applyChanges,
  type Changes,
  type Comment,
  comment,
  entry,
  leaf,
  type Mapping,
  mapping,
  type Node,
  type Scalar,
  type Sequence,
  type Stage,
  sequence,
  type Tree,
} from './tree.ts';

const cipher = createCipher(DataKey.from(Buffer.alloc(32, 'f')), randomBytes);
const lastModified = '2024-01-01T00:00:00Z';

function tree<S extends Stage>(...documents: Mapping[]): Tree<S> {
  let slots = 0;
  const numberedItem = <I extends Node | Comment>(item: I): I =>
    item.kind === 'leaf' || item.kind === 'comment' ? { ...item, slot: slots++ } : (numbered(item) as I);
  const numbered = (container: Mapping | Sequence): Mapping | Sequence =>
    container.kind === 'mapping'
      ? mapping(
          container.items.map(item =>
            item.kind === 'entry' ? entry(item.key, numberedItem(item.value)) : numberedItem(item),
          ),
        )
      : sequence(container.items.map(item => numberedItem(item)));
  return { documents: documents.map(root => numbered(root) as Mapping), slots };
}

interface Extra {
  readonly rule?: SelectionRule;
  readonly stash?: Stash;
}

async function encrypted(
  plain: Tree<'plain'>,
  extra: Extra = {},
): Promise<EncryptedTree & { tree: Tree<'encrypted'> }> {
  const { rule = defaultSelection, stash } = extra;
  const selection = await compileSelection(rule);
  const result = encryptTree(plain, { cipher, selection, macOnlyEncrypted: false, lastModified, stash });
  return { ...result, tree: applyChanges(plain, result.changes) };
}

async function decrypted(
  sealed: Tree<'encrypted'>,
  mac: string,
  extra: Extra = {},
): Promise<DecryptedTree & { tree: Tree<'plain'> }> {
  const { rule = defaultSelection } = extra;
  const selection = await compileSelection(rule);
  const result = decryptTree(sealed, { cipher, selection, macOnlyEncrypted: false, lastModified, mac });
  return { ...result, tree: applyChanges(sealed, result.changes) };
}

const isText = (change: Changes[number]): change is string => typeof change === 'string' && change.startsWith('ENC[');

describe('a stash', () => {
  const list = (...values: Scalar[]): Mapping => mapping([entry('l', sequence(values.map(value => leaf(value))))]);

  async function edited(before: Mapping[], after: Mapping[]): Promise<[before: string[], after: string[]]> {
    const sealed = await encrypted(tree(...before));
    const { stash } = await decrypted(sealed.tree, sealed.mac);
    const again = await encrypted(tree(...after), { stash });
    await decrypted(again.tree, again.mac);
    return [sealed.changes.filter(isText), again.changes.filter(isText)];
  }

  const kept = (before: string[], after: string[]): number[] => after.map(text => before.indexOf(text));

  const cases: [name: string, before: Mapping[], after: Mapping[], kept: number[]][] = [
    ['keeps all of an unchanged list of equal items', [list('x', 'x', 'x')], [list('x', 'x', 'x')], [0, 1, 2]],
    ['gives a second equal item a ciphertext of its own', [list('x', 'y')], [list('x', 'x')], [0, -1]],
    [
      'does not take the ciphertext of an unchanged item for an earlier equal one',
      [list('a', 'x')],
      [list('x', 'x')],
      [-1, 1],
    ],
    ['follows items that move', [list('a', 'b', 'c')], [list('new', 'a', 'b', 'c')], [-1, 0, 1, 2]],
    ['follows equal items that move, each once', [list('x', 'x')], [list('n', 'x', 'x', 'x')], [-1, 1, 0, -1]],
    ['tells types apart', [list('1', 1n, 1, true)], [list(1n, '1', true, 1)], [1, 0, 3, 2]],
    [
      'changes what changed only',
      [mapping([comment('c'), entry('a', leaf('1')), entry('b', mapping([entry('c', leaf('2'))]))])],
      [mapping([comment('c'), entry('a', leaf('new')), entry('b', mapping([entry('c', leaf('2'))]))])],
      [0, -1, 2],
    ],
    [
      'does not follow a value to another key',
      [mapping([entry('a', leaf('1'))])],
      [mapping([entry('b', leaf('1'))])],
      [-1],
    ],
    [
      'keeps equal keys apart',
      [mapping([entry('k', leaf('1')), entry('k', leaf('2'))])],
      [mapping([entry('k', leaf('1')), entry('k', leaf('2'))])],
      [0, 1],
    ],
    [
      'keeps comments by their text, each once',
      [mapping([comment('c'), comment('c'), entry('a', leaf('1')), comment('d')])],
      [mapping([comment('d'), comment('c'), entry('a', leaf('1')), comment('c'), comment('c')])],
      [3, 0, 2, 1, -1],
    ],
    ['follows values to another document', [list('a'), list('b')], [list('b'), list('a')], [1, 0]],
  ];
  for (const [name, before, after, expected] of cases) {
    it(name, async () => assert.deepEqual(kept(...(await edited(before, after))), expected));
  }

  it('knows list comments that were stored as items', async () => {
    const plain = (): Tree<'plain'> => tree(mapping([entry('l', sequence([comment('c'), leaf('x'), leaf('x')]))]));
    const sealed = await encrypted(plain());
    const texts = sealed.changes.filter(isText);
    const stored = tree<'encrypted'>(mapping([entry('l', sequence(texts.map(text => leaf(`${text}\n`))))]));
    const { stash } = await decrypted(stored, sealed.mac);
    assert.deepEqual((await encrypted(plain(), { stash })).changes.filter(isText), texts);
  });

  it('leaves clear values clear and encrypts what the rule newly selects', async () => {
    const plain = (): Tree<'plain'> => tree(list('x', 'y'));
    const none: SelectionRule = { kind: 'encryptedSuffix', text: '_no' };
    const clear = await encrypted(plain(), { rule: none });
    const { stash } = await decrypted(clear.tree, clear.mac, { rule: none });
    const sealed = await encrypted(plain(), { stash });
    assert.equal(sealed.changes.filter(isText).length, 2);
    assert.deepEqual((await decrypted(sealed.tree, sealed.mac)).tree, plain());
  });

  it('does not mix up equal comments of which the rule encrypts one', async () => {
    const rule: SelectionRule = { kind: 'unencryptedCommentRegex', text: 'mark' };
    const plain = (): Tree<'plain'> =>
      tree(mapping([comment('mark'), comment('c'), entry('a', leaf('1')), comment('c'), entry('b', leaf('2'))]));
    const sealed = await encrypted(plain(), { rule });
    const { stash } = await decrypted(sealed.tree, sealed.mac, { rule });
    const again = await encrypted(plain(), { rule, stash });
    assert.equal(sealed.changes.filter(isText).length, 2);
    assert.deepEqual(again.changes, sealed.changes);
  });

  it('takes linear time for lists that shift', async () => {
    const values = Array.from({ length: 20_000 }, (_, index) => `v${index % 100}`);
    const [before, after] = await edited([list(...values)], [list('new', ...values)]);
    const known = new Set(before);
    assert.equal(after.filter(text => !known.has(text)).length, 1);
    assert.equal(new Set(after).size, after.length);
  });
});
