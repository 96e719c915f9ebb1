/**
 * Random files of every format with random changes: what comes out holds exactly that change, a new entry is taken out without a
 * trace, and a refusal is rare. `Format.amend` reads back what it gives; here its word is checked with another reading of it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { amended, commentLines, sameValues, setAmendment } from '../../src/core/amend.ts';
import { getNode } from '../../src/core/path.ts';
import { entry, leaf, type Mapping, mapping, type Node, type Path, sequence } from '../../src/core/tree.ts';
import { TsopsError } from '../../src/errors.ts';
import type { Format, FormatName } from '../../src/formats/format.ts';
import { formatEntry } from '../../src/formats/index.ts';
import { Chooser, generate } from './generate.ts';

const seed = Number(process.env['TSOPS_TEST_SEED'] ?? 20261129);
const factor = Number(process.env['TSOPS_TEST_RUNS'] ?? 2500) / 2500;

const texts: readonly Node[] = ['new', 'two\nlines\n', 'x: y # z', '', ' lead', 'a\n\n', '- x', '"', "it's"].map(text =>
  leaf(text),
);
const scalars: readonly Node[] = [...texts, leaf(5n), leaf(1), leaf(2.5), leaf(true), leaf(null)];
const deep = mapping([
  entry('p', leaf('q')),
  entry('r', sequence([leaf('s'), mapping([entry('t', leaf('u\nv')), entry('w', leaf(1n))])])),
]);
const list = sequence([leaf('one'), sequence([leaf('two'), leaf('x')]), mapping([entry('k', leaf('v'))])]);
const structured: readonly Node[] = [...scalars, mapping([]), sequence([]), deep, list];

/** Formats, values, how many files, and how many changes of a hundred may be refused: YAML has aliases. */
const formats: readonly (readonly [FormatName, readonly Node[], number, number])[] = [
  ['yaml', structured, 500, 3],
  ['json', structured, 400, 0],
  ['dotenv', texts, 300, 0],
  ['ini', texts, 300, 0],
];

for (const [name, values, runs, refusals] of formats) {
  test(`${name}: a change of a random file is that change and nothing else`, async t => {
    const format = await formatEntry(name).load();
    const count = { done: 0, refused: 0 };
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (file, choice) => change(format, file, new Chooser(choice), values, count)),
      { seed, numRuns: Math.max(1, Math.round(runs * factor)) },
    );
    t.diagnostic(`${count.done} changes, ${count.refused} refused`);
    assert.ok(count.done > runs * factor * 0.5 && count.refused * 100 <= refusals * count.done);
  });
}

type Count = { done: number; refused: number };

function change(format: Format, file: number, chooser: Chooser, values: readonly Node[], count: Count): void {
  const bytes = generate(format.name, file);
  const root = rootOf(format, bytes);
  if (root === undefined) return;
  const paths = pathsIn(root).filter(path => format.name !== 'ini' || path.length === 2);
  const ways = [
    () => replace(format, bytes, root, chooser.pick(paths), chooser.pick(values)),
    () => remove(format, bytes, root, chooser.pick(paths)),
  ];
  const insertion = () => insert(format, bytes, root, chooser.pick(containersIn(format, root)), chooser.pick(values));
  try {
    (paths.length === 0 ? insertion : chooser.pick([...ways, insertion]))();
    count.done++;
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    assert.equal(error.code, 'NOT_REPRESENTABLE');
    count.refused++;
  }
}

function rootOf(format: Format, bytes: Uint8Array): Mapping | undefined {
  try {
    const { tree, blocks } = format.parse(bytes, 'plain');
    const [root] = tree.documents;
    return blocks.length > 0 || root === undefined || hasEqualKeys(root) ? undefined : root;
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}

/** Of equal keys a path names the first only. */
function hasEqualKeys(node: Node): boolean {
  if (node.kind === 'leaf') return false;
  const keys = node.items.flatMap(item => (item.kind === 'entry' ? [item.key] : []));
  return new Set(keys).size < keys.length || childrenOf(node).some(([, child]) => hasEqualKeys(child));
}

function childrenOf(node: Node): [string | number, Node][] {
  if (node.kind === 'leaf') return [];
  const values = node.items.filter(item => item.kind !== 'comment');
  return values.map((item, index) => (item.kind === 'entry' ? [item.key, item.value] : [index, item]));
}

const pathsIn = (node: Node, at: Path = []): Path[] =>
  childrenOf(node).flatMap(([step, child]) => [[...at, step], ...pathsIn(child, [...at, step])]);

function containersIn(format: Format, root: Mapping): Path[] {
  if (format.name === 'ini') return childrenOf(root).map(([step]) => [step]);
  return [[], ...pathsIn(root)].filter(path => getNode(root, path)?.kind !== 'leaf');
}

function replace(format: Format, bytes: Uint8Array, root: Mapping, path: Path, value: Node): void {
  const after = format.amend(bytes, { path, value });
  holds(format, after, amended(root, { path, value }));
  const was = getNode(root, path);
  if (was?.kind === 'leaf') assert.ok(commentsOf(format, after) <= commentsOf(format, bytes));
  const isLine = format.name !== 'yaml' && format.name !== 'ini' && was?.kind === 'leaf' && value.kind === 'leaf';
  if (isLine) assert.equal(linesOf(after).length, linesOf(bytes).length);
}

function insert(format: Format, bytes: Uint8Array, root: Mapping, at: Path, value: Node): void {
  const container = getNode(root, at);
  const step = container?.kind === 'sequence' ? Number.POSITIVE_INFINITY : 'new_key';
  const amendment = setAmendment(root, [...at, step], value, false);
  const after = format.amend(bytes, amendment);
  holds(format, after, amended(root, amendment));
  assert.equal(commentsOf(format, after), commentsOf(format, bytes));
  const back = format.amend(after, { path: amendment.path, value: undefined });
  const [left, right] = [back, bytes].map(part => Buffer.from(part).toString());
  // What has no place for a line below it gets one: a block that the file cuts off, brackets over several lines.
  if (left !== right) assert.equal(loosely(left ?? ''), loosely(right ?? ''));
}

const loosely = (text: string): string => text.replace(/([|>]\d?)[+-]?/g, '$1').replace(/([{[])\s+(?=[}\]])/g, '$1');

function remove(format: Format, bytes: Uint8Array, root: Mapping, path: Path): void {
  const after = format.amend(bytes, { path, value: undefined });
  holds(format, after, amended(root, { path, value: undefined }));
  const kept = new Set(linesOf(bytes));
  const added = linesOf(after).filter(line => !kept.has(line));
  assert.ok(added.length <= 1, 'at most the line changes that an entry was taken out of');
}

const linesOf = (bytes: Uint8Array): string[] =>
  Buffer.from(bytes)
    .toString()
    .split(/\r\n|[\r\n]/);

function holds(format: Format, bytes: Uint8Array, root: Mapping): void {
  const [first] = format.parse(bytes, 'plain').tree.documents;
  assert.ok(first !== undefined && sameValues(first, root));
}

const commentsOf = (format: Format, bytes: Uint8Array): number =>
  format.parse(bytes, 'plain').tree.documents.flatMap(commentLines).length;
