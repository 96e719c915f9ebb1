/** Where nodes, comments and documents stand in the text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseYaml } from './parser.ts';
import type { MappingNode, ScalarNode, SequenceNode, SyntaxNode } from './syntax.ts';

/** All nodes in order, each as its properties, a bar, and its text. */
function cuts(text: string): string[] {
  const found: string[] = [];
  const visit = (node: SyntaxNode): void => {
    found.push(`${text.slice(node.propsStart, node.start)}|${text.slice(node.start, node.end)}`);
    if (node.kind === 'sequence') node.items.forEach(visit);
    if (node.kind === 'mapping') {
      for (const { key, value } of node.pairs) {
        visit(key);
        visit(value);
      }
    }
  };
  for (const { root } of parseYaml(text).documents) visit(root);
  return found;
}

const spans: readonly (readonly [name: string, text: string, expected: readonly string[]])[] = [
  ['block mapping', 'a: 1 # c\nb: 2 \n', ['|a: 1 # c\nb: 2', '|a', '|1', '|b', '|2']],
  ['quoted', '"a\\n": \'b\'\n', ['|"a\\n": \'b\'', '|"a\\n"', "|'b'"]],
  ['properties', 'a: &x !t  b\n', ['|a: &x !t  b', '|a', '&x !t  |b']],
  ['properties of a collection', 'a: !t\n  &x b: 1\n', ['|a: !t\n  &x b: 1', '|a', '!t\n  |&x b: 1', '&x |b', '|1']],
  ['list', 'a:\n- b\n-\n- c\n', ['|a:\n- b\n-\n- c', '|a', '|- b\n-\n- c', '|b', '|', '|c']],
  ['list that ends with nothing', '- a\n-   # c\n', ['|- a\n-', '|a', '|']],
  ['mapping that ends with nothing', 'a:\n  b:  # c\n', ['|a:\n  b:', '|a', '|b:', '|b', '|']],
  ['flow', 'a: [ b, {c: d} ] # e\n', ['|a: [ b, {c: d} ]', '|a', '|[ b, {c: d} ]', '|b', '|{c: d}', '|c', '|d']],
  ['pair in a flow list', '[ a: b , c]\n', ['|[ a: b , c]', '|a: b', '|a', '|b', '|c']],
  ['explicit key', '? a\n: b\n', ['|? a\n: b', '|a', '|b']],
  ['alias', '- &x a\n- *x \n', ['|- &x a\n- *x', '&x |a', '|*x']],
  ['folded plain value', 'a: b\n  c\n\nd: e\n', ['|a: b\n  c\n\nd: e', '|a', '|b\n  c', '|d', '|e']],
  ['literal', 'a: |-  # c\n  b\n\nd: e\n', ['|a: |-  # c\n  b\n\nd: e', '|a', '||-  # c\n  b\n\n', '|d', '|e']],
  ['literal at the end', 'a: |\n  b', ['|a: |\n  b', '|a', '||\n  b']],
  ['byte order mark', '\uFEFFa: 1\n', ['|a: 1', '|a', '|1']],
  ['documents', '--- a\n...\n---\n--- b\n', ['|a', '|', '|b']],
];

for (const [name, text, expected] of spans) test(`spans: ${name}`, () => assert.deepEqual(cuts(text), expected));

const root = (text: string): SyntaxNode => parseYaml(text).documents[0]!.root;
const pairs = (text: string): MappingNode['pairs'] => (root(text) as MappingNode).pairs;

test('colons, question marks and dashes', () => {
  const places = (text: string) => pairs(text).map(({ colon, question }) => [colon, question]);
  assert.deepEqual(places('a: 1\n"b" : 2\n'), [
    [1, -1],
    [9, -1],
  ]);
  assert.deepEqual(places('? a\n: b\n? c\n'), [
    [4, 0],
    [-1, 8],
  ]);
  assert.deepEqual(places('{a, b: , ? c : d}'), [
    [-1, -1],
    [5, -1],
    [13, 9],
  ]);
  assert.deepEqual((root('- a\n-\n-  b\n') as SequenceNode).dashes, [0, 4, 6]);
});

test('an absent value starts and ends where it could be written', () => {
  const value = (text: string): readonly number[] => {
    const { start, end, line, column } = pairs(text)[0]!.value;
    return [start, end, line, column];
  };
  assert.deepEqual(value('a:  # c\n'), [2, 2, 0, 2]);
  assert.deepEqual(value('a: &x\n'), [5, 5, 0, 5]);
  assert.deepEqual(value('{ab }\n'), [3, 3, 0, 1]);
  assert.deepEqual(value('x:\n  {}\n').slice(2), [1, 2]);
});

test('lines and columns count from 0, columns in code points', () => {
  const [pair] = (pairs('"😀": [ "😀", b ]\n')[0]!.value as SequenceNode).items.slice(1);
  assert.deepEqual([pair?.line, pair?.column, pair?.start], [0, 12, 14]);
});

test('nodes know whether they stand in a flow collection', () => {
  const { key, value } = pairs('a: [b, {c: d}]\n')[0]!;
  assert.deepEqual([key.inFlow, value.inFlow], [false, false]);
  const [b, map] = (value as SequenceNode).items;
  assert.deepEqual([b?.inFlow, map?.inFlow, (map as MappingNode).pairs[0]?.value.inFlow], [true, true, true]);
});

const layouts: readonly (readonly [text: string, ...layout: (number | string)[]])[] = [
  ['a: |2-  # c\n   b\n  \n\nd: e\n', 6, 12, 2, 2, 'strip', 16],
  ['a: >+\n\n     b\nd: e\n', 5, 6, 5, 0, 'keep', 13],
  ['a:\n- |\n  b\n', 6, 7, 2, 0, 'clip', 10],
  ['a: |\n\n\nb: c\n', 4, 5, 1, 0, 'clip', 5],
  ['a: |', 4, 4, 1, 0, 'clip', 4],
];

for (const [text, ...layout] of layouts) {
  test(`block layout of ${JSON.stringify(text)}`, () => {
    const { value } = pairs(text)[0]!;
    const scalar = (value.kind === 'sequence' ? value.items[0] : value) as ScalarNode;
    const { headerEnd, bodyStart, indent, indicator, chomping, contentEnd } = scalar.block!;
    assert.deepEqual([headerEnd, bodyStart, indent, indicator, chomping, contentEnd], layout);
  });
}

test('documents', () => {
  const places = (text: string) =>
    parseYaml(text).documents.map(d => [d.start, d.bodyStart, d.end, d.explicitStart, d.explicitEnd]);
  assert.deepEqual(places('# c\na: 1\n'), [[4, 4, 9, false, false]]);
  assert.deepEqual(places('a: 1\n...\n%YAML 1.1\n--- b\n# c\n---\n'), [
    [0, 0, 5, false, true],
    [9, 22, 29, true, false],
    [29, 32, 33, true, false],
  ]);
});

test('a duplicate key of a later document is told, not refused', () => {
  const { documents } = parseYaml('a: 1\n---\nb: 1\nc: {d: 1, d: 2}\nb: 2\n');
  assert.deepEqual(
    documents.map(document => document.duplicate),
    [undefined, { line: 3, column: 10, key: 'd' }],
  );
});

test('the non-specific tag is kept', () => {
  assert.equal(root('! 1\n').tag, '!');
});

test('every comment is listed, attached or not', () => {
  const text = '%YAML 1.1 # a\n--- # b\n# c\nk: [ # d\n  #\n v] # e\n# f\n';
  const { comments } = parseYaml(text);
  assert.deepEqual(
    comments.map(comment => comment.text),
    [' a', ' b', ' c', ' d', '', ' e', ' f'],
  );
  for (const { start, end, text: said } of comments) assert.equal(text.slice(start, end), `#${said}`);
});

/** What a document holds, as the npm package yaml would give it for strings, lists and mappings with string keys. */
function plainValue(node: SyntaxNode): unknown {
  if (node.kind === 'sequence') return node.items.map(plainValue);
  if (node.kind === 'mapping') {
    return node.pairs.map(({ key, value }) => [(key as ScalarNode).text, plainValue(value)]);
  }
  return node.kind === 'alias' ? plainValue(node.target) : node.text;
}

// The package writes YAML 1.2, where NEL, LS and PS are no line breaks and a block scalar may start with a tab: not here.
const text = fc.string({ unit: fc.constantFrom(...'ab :#-?,[]{}&*!|>\'"%@`~é😀\n'), maxLength: 12 });
const { tree } = fc.letrec(tie => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(text, tie('tree')), { maxLength: 4, selector: ([key]) => key })
      .map(pairs => new Map(pairs)),
  ),
}));

const asLists = (value: unknown): unknown => {
  if (value instanceof Map) return [...value].map(([key, inner]) => [key, asLists(inner)]);
  return Array.isArray(value) ? value.map(asLists) : value;
};

test('what the package yaml prints is read back', () => {
  fc.assert(
    fc.property(tree, fc.boolean(), (value, flow) => {
      // YAML 1.2 has more plain texts in flow collections than go-yaml: quoted ones there.
      const printed = stringify([value], {
        collectionStyle: flow ? 'flow' : 'any',
        defaultStringType: flow ? 'QUOTE_SINGLE' : 'PLAIN',
        lineWidth: 40,
      });
      assert.deepEqual(plainValue(root(printed)), [asLists(value)]);
    }),
    { seed: 11, numRuns: 400 },
  );
});
