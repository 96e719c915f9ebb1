import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timestamp } from '../../core/scalar.ts';
import type { Node, Stage, Tree } from '../../core/tree.ts';
import { comment, entry, leaf, mapping, sequence } from '../../core/tree.ts';
import { dotenv } from './index.ts';

const text = (written: Uint8Array): string => Buffer.from(written).toString('utf8');
const tree = (...documents: Tree<Stage>['documents']): Tree<Stage> => ({ documents, slots: 0 });

test('a tree is printed as sops prints it', () => {
  const root = mapping([
    comment(' note'),
    entry('A', leaf('text')),
    entry('D', leaf(true)),
    entry('E', leaf(null)),
    entry('F', leaf(Timestamp.parse('2024-01-02T00:00:00Z') ?? null)),
    entry('G', leaf('multi\nline')),
    entry('J', leaf(1e21)),
    entry('bytes', leaf(new Uint8Array([0x61]))),
  ]);
  const expected = '# note\nA=text\nD=true\nE=<nil>\nF=2024-01-02T00:00:00Z\nG=multi\\nline\nJ=1E+21\nbytes=a\n';
  assert.equal(text(dotenv.print(tree(root), {})), expected);
});

test('the block follows the values', () => {
  const block = mapping([entry('age', sequence([mapping([entry('enc', leaf('a\nb'))])])), entry('mac', leaf('m'))]);
  const printed = text(dotenv.print(tree(mapping([entry('A', leaf('x'))])), { block }));
  assert.equal(printed, 'A=x\nsops_age__list_0__map_enc=a\\nb\nsops_mac=m\n');
});

test('a comment of several lines gets a marker on each', () => {
  assert.equal(text(dotenv.print(tree(mapping([comment(' a\nB=1')])), {})), '# a\n#B=1\n');
});

const refused: [name: string, printing: () => Uint8Array][] = [
  ['a mapping', () => dotenv.print(tree(mapping([entry('a', mapping([]))])), {})],
  ['a list', () => dotenv.print(tree(mapping([entry('a', sequence([]))])), {})],
  ['two documents', () => dotenv.print(tree(mapping([]), mapping([])), {})],
  ['no document', () => dotenv.print(tree(), {})],
  ['a key with =', () => dotenv.print(tree(mapping([entry('a=b', leaf('x'))])), {})],
  ['a key with a line break', () => dotenv.print(tree(mapping([entry('a\nb', leaf('x'))])), {})],
  ['a key that would be a comment', () => dotenv.print(tree(mapping([entry('#a', leaf('x'))])), {})],
  ['a reserved key', () => dotenv.print(tree(mapping([entry('sops_a', leaf('x'))])), { block: mapping([]) })],
  ['a number by itself', () => dotenv.printNode(leaf(1n), {})],
  ['a mapping by itself', () => dotenv.printNode(mapping([]), {})],
];

for (const [name, printing] of refused) {
  test(`dotenv cannot hold ${name}`, () => assert.throws(printing, { code: 'NOT_REPRESENTABLE' }));
}

const nodes: [node: Node, expected: string][] = [
  [leaf('a\nb'), 'a\nb'],
  [leaf('é'), 'é'],
  [leaf(new Uint8Array([0x62])), 'b'],
];

for (const [node, expected] of nodes) {
  test(`an extracted string is bare: ${JSON.stringify(expected)}`, () => {
    assert.equal(text(dotenv.printNode(node, {})), expected);
  });
}
