import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createCipher } from './cipher.ts';
import { type DecryptedTree, decryptTree, type EncryptedTree, encryptTree } from './crypt.ts';
import { DataKey } from './datakey.ts';
import { Timestamp } from './scalar.ts';
import { compileSelection, defaultSelection, type SelectionRule } from './selection.ts';
import {
  applyChanges,
  type Changes,
  type Comment,
  comment,
  type Entry,
  entry,
  leaf,
  type Mapping,
  mapping,
  type Node,
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
  readonly macOnlyEncrypted?: boolean;
  readonly ignoreMac?: boolean;
}

async function encrypted(
  plain: Tree<'plain'>,
  extra: Extra = {},
): Promise<EncryptedTree & { tree: Tree<'encrypted'> }> {
  const { rule = defaultSelection, macOnlyEncrypted = false } = extra;
  const selection = await compileSelection(rule);
  const result = encryptTree(plain, { cipher, selection, macOnlyEncrypted, lastModified });
  return { ...result, tree: applyChanges(plain, result.changes) };
}

async function decrypted(
  sealed: Tree<'encrypted'>,
  mac: string,
  extra: Extra = {},
): Promise<DecryptedTree & { tree: Tree<'plain'> }> {
  const { rule = defaultSelection, macOnlyEncrypted = false, ignoreMac } = extra;
  const selection = await compileSelection(rule, { invalidMatchesNothing: true });
  const result = decryptTree(sealed, { cipher, selection, macOnlyEncrypted, lastModified, mac, ignoreMac });
  return { ...result, tree: applyChanges(sealed, result.changes) };
}

const roundTrip = async (plain: Tree<'plain'>, extra: Extra = {}): Promise<void> => {
  const sealed = await encrypted(plain, extra);
  assert.deepEqual((await decrypted(sealed.tree, sealed.mac, extra)).tree, plain);
};

const isText = (change: Changes[number]): change is string => typeof change === 'string' && change.startsWith('ENC[');

const time = Timestamp.parse('2006-01-02T15:04:05+07:06') as Timestamp;

/** Its digests were made by sops 3.13.2. */
const example = (): Tree<'plain'> =>
  tree(
    mapping([
      comment(' top'),
      entry('a', leaf(1n)),
      entry('b', leaf(true)),
      entry('c', leaf(1.5)),
      entry('d', leaf('x')),
      entry('e', leaf(null)),
      entry('f', leaf('')),
      entry(
        'g',
        mapping([
          entry('h_unencrypted', sequence([leaf(2n), comment(' two'), leaf('y')])),
          entry('i', sequence([leaf(time), leaf(1e21), leaf(false)])),
        ]),
      ),
    ]),
    mapping([entry('z', leaf('second doc'))]),
  );

const exampleDigest =
  '96F18E223B72889BBE38F9492D9DB9C510524E6E1A4DDDE655CEA1201848CBE798DED323AA0AF3051772727CB25B14BD77A380034446E51146CE2AE42B442AC2';
const exampleDigestOnlyEncrypted =
  'CAA3303723E0E372316BF8B4C499AF99A2A8D986EFC6813C70AA3BB8939109327338B1009B7A12FF627D9224DFB70A16F8756BFD44D0348CBFE138D39ECE48BC';

describe('a tree', () => {
  it('has the MAC of sops', async () => {
    const all = await encrypted(example());
    assert.equal(cipher.decrypt(all.mac, lastModified), exampleDigest);
    assert.deepEqual([all.leaves, all.encrypted], [10, 8]);
    const only = await encrypted(example(), { macOnlyEncrypted: true });
    assert.equal(cipher.decrypt(only.mac, lastModified), exampleDigestOnlyEncrypted);
  });

  it('comes back, with either kind of MAC and with any rule', async () => {
    await roundTrip(example());
    await roundTrip(example(), { macOnlyEncrypted: true });
    await roundTrip(example(), { rule: { kind: 'none' } });
    await roundTrip(example(), { rule: { kind: 'encryptedRegex', text: '^g$' } });
    await roundTrip(example(), { rule: { kind: 'encryptedCommentRegex', text: 'two' } });
  });

  it('counts nothing as encrypted where the rule selects nothing', async () => {
    const result = await encrypted(example(), { rule: { kind: 'encryptedSuffix', text: '_secret' } });
    assert.deepEqual([result.leaves, result.encrypted, result.changes.filter(isText).length], [10, 0, 0]);
  });

  it('stores no bytes as no change of an empty string', async () => {
    const sealed = await encrypted(tree(mapping([entry('data', leaf(''))])));
    assert.deepEqual([sealed.leaves, sealed.encrypted], [0, 0]);
    assert.deepEqual(sealed.changes.filter(isText), []);
  });

  it('may be 10,000 levels deep', async () => {
    const selection = await compileSelection(defaultSelection);
    const rules = { cipher, selection, macOnlyEncrypted: false, lastModified };
    const { changes, mac } = encryptTree(deepTree('deep'), rules);
    const sealed: Tree<'encrypted'> = deepTree(changes[0] as string);
    const { stash, ...result } = decryptTree(sealed, { ...rules, mac });
    assert.deepEqual(result.changes, ['deep']);
    assert.deepEqual(encryptTree(deepTree('deep'), { ...rules, stash }).changes, changes);
  });
});

function deepTree<S extends Stage>(value: string): Tree<S> {
  let node: Node = leaf(value, 0);
  for (let level = 0; level < 10_000; level++) node = level % 2 ? mapping([entry('k', node)]) : sequence([node]);
  return { documents: [mapping([entry('root', node)])], slots: 1 };
}

describe('refusals', () => {
  const plain = (): Tree<'plain'> =>
    tree(
      mapping([
        entry('a', leaf('one')),
        entry('l', sequence([comment('c'), leaf('x'), leaf('y')])),
        entry('n_unencrypted', leaf(5n)),
      ]),
    );

  const withItems = (
    sealed: Tree<'encrypted'>,
    change: (items: Mapping['items']) => Mapping['items'],
  ): Tree<'encrypted'> => tree(mapping(change(sealed.documents[0]?.items ?? [])));

  const add = (item: Entry) => (items: Mapping['items']) => [...items, item];

  const cases: [name: string, code: string, change: (items: Mapping['items']) => Mapping['items'], where?: object][] = [
    ['a clear value added', 'VALUE_UNDECRYPTABLE', add(entry('p', leaf('clear'))), { document: 0, path: ['p'] }],
    [
      'a number',
      'VALUE_UNDECRYPTABLE',
      add(entry('p', sequence([leaf(null), leaf(5n)]))),
      { document: 0, path: ['p', 1] },
    ],
    ['bytes', 'VALUE_UNDECRYPTABLE', add(entry('p', leaf(Uint8Array.of(1)))), { document: 0, path: ['p'] }],
    [
      'a key renamed',
      'VALUE_UNDECRYPTABLE',
      items => [entry('b', firstValue(items)), ...items.slice(1)],
      { document: 0, path: ['b'] },
    ],
    ['a clear value changed', 'MAC_MISMATCH', items => [...items.slice(0, -1), entry('n_unencrypted', leaf(6n))]],
    ['a key removed', 'MAC_MISMATCH', items => items.slice(1)],
    ['a value emptied', 'MAC_MISMATCH', items => [entry('a', leaf('')), ...items.slice(1)]],
    ['a value nulled', 'MAC_MISMATCH', items => [entry('a', leaf(null)), ...items.slice(1)]],
  ];
  for (const [name, code, change, where = {}] of cases) {
    it(name, async () => {
      const sealed = await encrypted(plain());
      const changed = withItems(sealed.tree, change);
      await assert.rejects(decrypted(changed, sealed.mac), error => {
        assert.deepEqual(
          { code: (error as { code: string }).code, where: (error as { where: object }).where },
          { code, where },
        );
        return true;
      });
    });
  }

  it('a MAC that is missing, clear, of another time or another value; and none with ignoreMac', async () => {
    const sealed = await encrypted(plain());
    const wrong = [
      '',
      'AB',
      cipher.encrypt('AB', lastModified),
      cipher.encrypt('AB', '2024'),
      cipher.encrypt(5n, lastModified),
    ];
    for (const mac of wrong) {
      await assert.rejects(decrypted(sealed.tree, mac), { code: 'MAC_MISMATCH' });
      assert.deepEqual((await decrypted(sealed.tree, mac, { ignoreMac: true })).tree, plain());
    }
  });

  it('a value whose type was changed to comment', async () => {
    const sealed = await encrypted(plain());
    const text = cipher.encryptComment('one', 'a:');
    const changed = withItems(sealed.tree, items => [entry('a', leaf(text)), ...items.slice(1)]);
    await assert.rejects(decrypted(changed, sealed.mac), { code: 'MAC_MISMATCH' });
    await assert.rejects(decrypted(changed, sealed.mac, { ignoreMac: true }), { code: 'VALUE_UNDECRYPTABLE' });
  });

  it('never shows a value', async () => {
    const sealed = await encrypted(plain());
    const changed = withItems(sealed.tree, add(entry('p', leaf('hunter2'))));
    await assert.rejects(decrypted(changed, sealed.mac), error => !JSON.stringify(error).includes('hunter2'));
  });

  it('a time with an impossible zone, with its place', async () => {
    const odd = Timestamp.of({ year: 2024, month: 1, day: 1, offsetMinutes: 1440 }) as Timestamp;
    const bad = tree<'plain'>(mapping([entry('a', leaf('x'))]), mapping([entry('t', sequence([leaf(odd)]))]));
    await assert.rejects(encrypted(bad), { code: 'NOT_ENCRYPTABLE', where: { document: 1, path: ['t', 0] } });
  });
});

describe('comments', () => {
  it('of a list may be stored as its items, and count neither in the MAC nor as positions', async () => {
    const plain = tree<'plain'>(mapping([entry('l', sequence([comment('note'), leaf('x')]))]));
    const sealed = await encrypted(plain);
    const stored = sealed.changes.filter(isText);
    const asItems = tree<'encrypted'>(mapping([entry('l', sequence(stored.map(text => leaf(text))))]));
    const result = await decrypted(asItems, sealed.mac);
    assert.deepEqual(result.tree, plain);
    const broken = tree<'encrypted'>(mapping([entry('l', sequence([leaf(stored[0] ?? ''), leaf('clear')]))]));
    await assert.rejects(decrypted(broken, sealed.mac), { where: { document: 0, path: ['l', 0] } });
  });

  it('that do not decrypt are kept and reported', async () => {
    const sealed = await encrypted(tree(mapping([entry('l', sequence([leaf('x')]))])));
    const list = sealed.changes.filter(isText).map(text => leaf(text));
    const foreign = cipher.encryptComment('far away', 'elsewhere:');
    const stored = tree<'encrypted'>(mapping([comment(' clear'), entry('l', sequence([comment(foreign), ...list]))]));
    const result = await decrypted(stored, sealed.mac);
    assert.deepEqual(result.unverifiedComments, [
      { document: 0, path: [], slot: 0 },
      { document: 0, path: ['l'], slot: 1 },
    ]);
    assert.deepEqual([result.changes[0], result.changes[1], result.changes[2]], [undefined, undefined, 'x']);
  });

  it('that moved to a container nearby decrypt', async () => {
    const text = (aad: string): Comment => comment(cipher.encryptComment(aad, aad));
    const inner = (): Node => mapping([entry('deep', sequence([leaf(null)]))]);
    const stored = tree<'encrypted'>(
      mapping([
        entry('before', inner()),
        text('before:deep:'),
        text('after:'),
        text('after:deep:'),
        entry('after', mapping([entry('deep', sequence([text('after:'), text(':')]))])),
        entry('leaf', leaf(null)),
        text('before:'),
      ]),
    );
    const { mac } = await encrypted(tree(mapping([])));
    const result = await decrypted(stored, mac);
    assert.deepEqual(result.unverifiedComments, []);
    assert.deepEqual(
      result.changes.filter(change => change !== undefined),
      ['before:deep:', 'after:', 'after:deep:', 'after:', ':', 'before:'],
    );
  });

  it('that a formatter moved away from their marker decrypt', async () => {
    const { mac } = await encrypted(tree(mapping([])));
    const stored = tree<'encrypted'>(mapping([comment(` ${cipher.encryptComment(' c', ':')}`)]));
    assert.deepEqual((await decrypted(stored, mac)).changes, [' c']);
  });

  it('that are values behind a hash stay as they are', async () => {
    const { mac } = await encrypted(tree(mapping([])));
    const stored = tree<'encrypted'>(mapping([entry('l', sequence([comment(cipher.encrypt('value', 'l:'))]))]));
    const result = await decrypted(stored, mac);
    assert.equal(result.unverifiedComments.length, 1);
  });

  it('must not match unencrypted_comment_regex once encrypted', async () => {
    const rule: SelectionRule = { kind: 'unencryptedCommentRegex', text: 'AES256' };
    const plain = tree<'plain'>(mapping([entry('m', mapping([comment('c'), entry('a', leaf('x'))]))]));
    await assert.rejects(encrypted(plain, { rule }), {
      code: 'NOT_ENCRYPTABLE',
      exitStatus: 23,
      where: { document: 0, path: ['m'] },
    });
  });
});

function firstValue(items: Mapping['items']): Node {
  const [first] = items;
  assert.ok(first?.kind === 'entry');
  return first.value;
}
