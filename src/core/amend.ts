/**
 * One change of a tree at one path: what `set` and `unset` mean, before any text is touched. `docs/format.md` §9;
 * sops 3.13.2 sops.go TreeBranch.Set and Unset, with the differences that `docs/compatibility.md` names.
 */

import { TsopsError } from '../errors.ts';
import { append, formatPath, last } from './path.ts';
import { sameScalar } from './scalar.ts';
import { entry, type Mapping, mapping, type Node, type Path, type Sequence, sequence } from './tree.ts';

/**
 * A change of the first document. The path exists but for its last segment, which may be a new key or the length of a list;
 * positions count values only. Without a value the node at the path is taken away.
 */
export interface Amendment {
  readonly path: Path;
  readonly value: Node | undefined;
}

export interface SetAmendment extends Amendment {
  readonly value: Node;
  /** What stands at the path so far. */
  readonly current: Node | undefined;
}

/**
 * What setting a path means in this document. A scalar in the way is replaced, missing keys are made.
 * @param comments whether comments count as positions of a list, as in the bracket form of sops
 * @throws TsopsError PATH_NOT_FOUND for a position that is not there, and where the kind of a segment does not fit
 */
export function setAmendment(root: Mapping, path: Path, value: Node, comments: boolean): SetAmendment {
  const done: (string | number)[] = [];
  let node: Node = root;
  for (const [index, segment] of path.entries()) {
    if (node.kind === 'leaf') return { path: done, value: built(path, index, value), current: node };
    const position: string | number = positionOf(node, segment, path.slice(0, index + 1), comments);
    done.push(position);
    const child: Node | undefined = childAt(node, position);
    if (child === undefined) return { path: done, value: built(path, index + 1, value), current: undefined };
    node = child;
  }
  return { path: done, value, current: node };
}

/**
 * What unsetting a path means; undefined where the path does not exist.
 * @throws TsopsError PATH_NOT_FOUND where the path leads through a scalar
 */
export function unsetAmendment(root: Mapping, path: Path, comments: boolean): Amendment | undefined {
  const done: (string | number)[] = [];
  let node: Node = root;
  for (const [index, segment] of path.entries()) {
    if (node.kind === 'leaf') throw throughScalar(path.slice(0, index));
    const position: string | number | undefined = existingPosition(node, segment, path.slice(0, index + 1), comments);
    if (position === undefined) return undefined;
    const child: Node | undefined = childAt(node, position);
    if (child === undefined) return undefined;
    done.push(position);
    node = child;
  }
  return { path: done, value: undefined };
}

function existingPosition(
  node: Mapping | Sequence,
  segment: string | number,
  path: Path,
  comments: boolean,
): string | number | undefined {
  try {
    return positionOf(node, segment, path, comments);
  } catch (error) {
    if (error instanceof TsopsError && error.code === 'PATH_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The key, or the position counted in values. */
function positionOf(
  node: Mapping | Sequence,
  segment: string | number,
  path: Path,
  comments: boolean,
): string | number {
  if (node.kind === 'mapping') {
    if (typeof segment === 'string') return segment;
    throw notFound(path, 'leads to a mapping, where a position names nothing', 'Name the key in quotes: ["key"].');
  }
  if (typeof segment === 'string')
    throw notFound(
      path,
      'leads to a list, where a key names nothing',
      'Give a position, [-1] for the last item, or [+] to append.',
    );
  const values = node.items.filter(item => item.kind !== 'comment').length;
  if (segment === append) return values;
  const position = segment === last ? values - 1 : valuePosition(node, segment, comments);
  if (position !== undefined && position >= 0 && position < values) return position;
  throw notFound(
    path,
    'names no item of the list',
    'Positions count from 0 (comments count too in this form, not in a.b[0]); [-1] is the last item, [+] appends one.',
  );
}

function valuePosition({ items }: Sequence, segment: number, comments: boolean): number | undefined {
  if (!comments) return segment;
  const item = items[segment];
  if (item === undefined || item.kind === 'comment') return undefined;
  return items.slice(0, segment).filter(other => other.kind !== 'comment').length;
}

function childAt(node: Mapping | Sequence, position: string | number): Node | undefined {
  if (node.kind === 'sequence') return node.items.filter(item => item.kind !== 'comment')[position as number];
  for (const item of node.items) if (item.kind === 'entry' && item.key === position) return item.value;
  return undefined;
}

/** The value under the part of a path that is not there yet. */
function built(path: Path, from: number, value: Node): Node {
  return path.slice(from).reduceRight<Node>((inner, segment, index) => {
    if (typeof segment === 'string') return mapping([entry(segment, inner)]);
    if (segment === append) return sequence([inner]);
    throw notFound(
      path.slice(0, from + index + 1),
      'names an item of a list that is not there',
      'Begin a list with [+].',
    );
  }, value);
}

function notFound(path: Path, why: string, hint: string): TsopsError {
  return new TsopsError('PATH_NOT_FOUND', `the path ${formatPath(path)} ${why}`, { path, hints: [hint] });
}

function throughScalar(path: Path): TsopsError {
  return notFound(path, 'is a single value, so nothing is below it', 'Shorten the path to take that value away.');
}

/** The document with the change in it. Of equal keys the first counts. */
export function amended(root: Mapping, { path, value }: Amendment): Mapping {
  return amendedNode(root, path, value) as Mapping;
}

function amendedNode(node: Node, [segment, ...rest]: Path, value: Node | undefined): Node | undefined {
  if (segment === undefined) return value;
  if (node.kind === 'leaf') return node;
  return node.kind === 'mapping'
    ? amendedMapping(node, String(segment), rest, value)
    : amendedSequence(node, Number(segment), rest, value);
}

function amendedMapping(node: Mapping, key: string, rest: Path, value: Node | undefined): Mapping {
  const index = node.items.findIndex(item => item.kind === 'entry' && item.key === key);
  const found = node.items[index];
  if (found?.kind !== 'entry') return value === undefined ? node : mapping([...node.items, entry(key, value)]);
  const next = amendedNode(found.value, rest, value);
  return mapping(node.items.toSpliced(index, 1, ...(next === undefined ? [] : [entry(key, next)])));
}

function amendedSequence(node: Sequence, position: number, rest: Path, value: Node | undefined): Sequence {
  const found = node.items.filter(item => item.kind !== 'comment')[position];
  if (found === undefined) return value === undefined ? node : sequence([...node.items, value]);
  const next = amendedNode(found, rest, value);
  return sequence(node.items.toSpliced(node.items.indexOf(found), 1, ...(next === undefined ? [] : [next])));
}

/** Whether two nodes hold the same values in the same order, whatever their comments. Keeps its own stack. */
export function sameValues(one: Node, other: Node): boolean {
  const open: [Node, Node][] = [[one, other]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [a, b] = pair;
    if (a.kind === 'leaf' || b.kind === 'leaf') {
      if (a.kind !== 'leaf' || b.kind !== 'leaf' || !sameScalar(a.value, b.value)) return false;
      continue;
    }
    const [left, right] = [childrenOf(a), childrenOf(b)];
    if (a.kind !== b.kind || left.length !== right.length) return false;
    for (const [index, child] of left.entries()) {
      const twin = right[index];
      if (twin === undefined || child.key !== twin.key) return false;
      open.push([child.value, twin.value]);
    }
  }
  return true;
}

interface Child {
  readonly key: string | undefined;
  readonly value: Node;
}

function childrenOf(node: Mapping | Sequence): Child[] {
  const children: Child[] = [];
  for (const item of node.items) {
    if (item.kind === 'entry') children.push(item);
    else if (item.kind !== 'comment') children.push({ key: undefined, value: item });
  }
  return children;
}

/** The lines of all comments below a node, without markers and blanks at their ends, in no certain order. */
export function commentLines(root: Node): string[] {
  const lines: string[] = [];
  const open: (Node | Mapping['items'][number])[] = [root];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    if (item.kind === 'comment') lines.push(...item.text.split('\n').map(unmarked));
    else if (item.kind === 'entry') open.push(item.value);
    else if (item.kind !== 'leaf') for (const child of item.items) open.push(child);
  }
  return lines;
}

/** Where lines of comments are joined, those behind the first keep their markers. */
const unmarked = (line: string): string => line.replace(/^[\s#;]+/, '').trimEnd();
