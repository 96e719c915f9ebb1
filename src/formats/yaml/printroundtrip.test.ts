import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { sameScalar, Timestamp } from '../../core/scalar.ts';
import {
  type Comment,
  comment,
  type Entry,
  entry,
  leaf,
  type Mapping,
  mapping,
  type Node,
  type Scalar,
  sequence,
} from '../../core/tree.ts';
import { decodeYaml, parseYaml } from './parser.ts';
import { printYaml } from './print.ts';
import { buildTree } from './tree.ts';

const cases = new URL('../../../testdata/vectors/cases/', import.meta.url);
/** Printed with another indentation, or a float that reads back as an int. */
const notFixed = /^(?:indent-.*|floats)$/;

for (const area of ['selection', 'lifecycle', 'yaml']) {
  test(`what sops printed is printed the same again: vectors ${area}`, () => {
    let seen = 0;
    for (const name of readdirSync(new URL(`${area}/`, cases))) {
      const folder = new URL(`${area}/${name}/`, cases);
      if (notFixed.test(name) || !readdirSync(folder).includes('decrypted.yaml')) continue;
      const bytes = readFileSync(new URL('decrypted.yaml', folder));
      assert.equal(printYaml(buildTree(parseYaml(decodeYaml(bytes).text)).documents, {}), bytes.toString('utf8'), name);
      seen++;
    }
    assert.ok(seen > 50, `${seen} files`);
  });
}

const texts = [
  '',
  ' ',
  'a',
  'true',
  '12',
  '2001-01-01',
  '\n',
  '\n\n',
  'a\nb',
  'a\n',
  ' a\nb\n',
  '\n a\nb',
  '\ta\nb',
  'a \nb',
  'a\n\tb\n\n',
  '<<',
  '- a',
  ': ',
  'a: b',
  '#',
  "'",
  '\u2028',
  'a\u2028 b',
  '😀',
  '\ufeffa',
  '\r\n',
  'é'.repeat(65),
];
const text = fc.oneof(
  fc.constantFrom(...texts),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.array(fc.constantFrom(...texts), { maxLength: 4 }).map(parts => parts.join('')),
);
const bytes = fc.uint8Array({ maxLength: 80 }).map(tail => Uint8Array.from([0xff, ...tail]));
const times = fc
  .constantFrom('2001-01-01T00:00:00Z', '0000-02-29T23:59:59.000000001-05:30')
  .map(form => Timestamp.parse(form) ?? null);
const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  { arbitrary: text, weight: 4 },
  { arbitrary: bytes, weight: 1 },
  // Whole floats come back as ints: sops prints 1.0 as 1.
  {
    arbitrary: fc.oneof(
      fc.double({ noInteger: true }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.boolean(),
      fc.constant(null),
      times,
    ),
    weight: 2,
  },
);
const { node, root } = fc.letrec<{ node: Node; root: Mapping; list: Node }>(tie => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    scalar.map(value => leaf(value)),
    tie('root'),
    tie('list'),
  ),
  list: fc.array(tie('node'), { maxLength: 4 }).map(items => sequence(items)),
  root: fc
    .uniqueArray(fc.tuple(text, tie('node')), { maxLength: 4, selector: ([key]) => key })
    .map(pairs => mapping(pairs.filter(([key]) => key !== 'sops').map(([key, value]) => entry(key, value)))),
}));

function assertSame(actual: Node | undefined, expected: Node): void {
  assert.equal(actual?.kind, expected.kind);
  if (actual?.kind === 'leaf' && expected.kind === 'leaf') assert.ok(sameScalar(actual.value, expected.value));
  if (actual === undefined || actual.kind === 'leaf' || expected.kind === 'leaf') return;
  const items = actual.items.filter(item => item.kind !== 'comment');
  const wanted = expected.items.filter(item => item.kind !== 'comment');
  assert.equal(items.length, wanted.length);
  for (const [index, want] of wanted.entries()) {
    const item = items[index];
    if (want.kind !== 'entry') assertSame(item?.kind === 'entry' ? undefined : item, want);
    else if (item?.kind === 'entry') assertSame(item.value, want.value);
    if (want.kind === 'entry') assert.equal(item?.kind === 'entry' ? item.key : undefined, want.key);
  }
}

const reread = (printed: string): readonly Mapping[] => buildTree(parseYaml(printed)).documents;

test('every tree reads back as it was, at every indentation', () => {
  const property = fc.property(
    fc.array(root, { minLength: 1, maxLength: 3 }),
    fc.integer({ min: 1, max: 10 }),
    (documents, indent) => {
      const again = reread(printYaml(documents, { indent }));
      assert.equal(again.length, documents.length);
      for (const [index, document] of documents.entries()) assertSame(again[index], document);
    },
  );
  fc.assert(property, { seed: 1, numRuns: 1000 });
});

const note = fc
  .tuple(fc.constantFrom(' c', '', ' a: b', '#', ' é'), fc.boolean())
  .map(([said, inline]) => comment(said, inline));

function withComments(from: Node, notes: readonly Comment[]): Node {
  if (from.kind === 'leaf') return from;
  const [next] = notes;
  const rest = notes.slice(1);
  if (from.kind === 'mapping') {
    return mapping(
      from.items.flatMap(item =>
        item.kind === 'entry' && next ? [next, entry(item.key, withComments(item.value, rest))] : [item],
      ),
    );
  }
  return sequence(
    from.items.flatMap(item => (item.kind !== 'comment' && next ? [next, withComments(item, rest)] : [item])),
  );
}

const countComments = (from: Node | Entry | Comment): number => {
  if (from.kind === 'comment') return 1;
  if (from.kind === 'entry') return countComments(from.value);
  return from.kind === 'leaf' ? 0 : from.items.reduce((sum, item) => sum + countComments(item), 0);
};

test('comments do not touch the values around them, and none is lost', () => {
  const property = fc.property(root, fc.array(note, { maxLength: 5 }), (document, notes) => {
    const commented = withComments(document, notes);
    if (commented.kind !== 'mapping') return;
    const printed = printYaml([commented, commented], {});
    for (const again of reread(printed)) assertSame(again, document);
    assert.equal(parseYaml(printed).comments.length, 2 * countComments(commented), printed);
  });
  fc.assert(property, { seed: 2, numRuns: 1000 });
});

test('a node of any kind can stand under a key', () => {
  fc.assert(
    fc.property(node, value =>
      assertSame(reread(printYaml([mapping([entry('a', value)])], {}))[0], mapping([entry('a', value)])),
    ),
    { seed: 3, numRuns: 300 },
  );
});
