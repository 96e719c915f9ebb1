/** Three-way merge of trees by key path: what has changed on one side only is taken; the rest is told. */

import type { Amendment } from './amend.ts';
import { merge3 } from './diff3.ts';
import { canonical, scalarType } from './scalar.ts';
import { entry, type Mapping, mapping, type Node, type Path, type Scalar, type Sequence, sequence } from './tree.ts';

/** A value that both sides changed, each in its own way; undefined where a side has none. */
export interface TreeConflict {
  readonly document: number;
  readonly path: Path;
  readonly ours: Node | undefined;
  readonly theirs: Node | undefined;
}

export interface MergedDocuments {
  /** With ours in the place of every conflict. */
  readonly documents: readonly Mapping[];
  readonly conflicts: readonly TreeConflict[];
}

/** What is deeper is one value to the merge. */
const maxDepth = 200;

export function mergeDocuments(
  base: readonly Mapping[],
  ours: readonly Mapping[],
  theirs: readonly Mapping[],
): MergedDocuments {
  const conflicts: TreeConflict[] = [];
  const documents: Mapping[] = [];
  for (let document = 0; document < Math.max(ours.length, theirs.length); document++) {
    const merger = new Merger(document, conflicts);
    const merged = merger.merge(base[document], ours[document], theirs[document], []);
    if (merged?.kind === 'mapping') documents.push(merged);
  }
  return { documents, conflicts };
}

type Maybe = Node | undefined;

class Merger {
  readonly #document: number;
  readonly #conflicts: TreeConflict[];

  constructor(document: number, conflicts: TreeConflict[]) {
    this.#document = document;
    this.#conflicts = conflicts;
  }

  merge(base: Maybe, ours: Maybe, theirs: Maybe, path: Path): Maybe {
    if (sameContent(ours, theirs) || sameContent(base, theirs)) return ours;
    if (sameContent(base, ours)) return theirs;
    if (path.length < maxDepth) {
      if (areKeyed(ours, theirs)) return this.#mappings(base, ours as Mapping, theirs as Mapping, path);
      if (ours?.kind === 'sequence' && theirs?.kind === 'sequence' && base?.kind === 'sequence')
        return this.#sequences(base, ours, theirs, path);
    }
    return this.#conflict(ours, theirs, path);
  }

  #conflict(ours: Maybe, theirs: Maybe, path: Path): Maybe {
    this.#conflicts.push({ document: this.#document, path, ours, theirs });
    return ours;
  }

  #mappings(base: Maybe, ours: Mapping, theirs: Mapping, path: Path): Mapping {
    const [before, left, right] = [base, ours, theirs].map(keyed);
    const items: Mapping['items'][number][] = [];
    for (const key of new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])) {
      const value = this.merge(before?.get(key), left?.get(key), right?.get(key), [...path, key]);
      if (value !== undefined) items.push(entry(key, value));
    }
    return mapping(items);
  }

  #sequences(base: Sequence, ours: Sequence, theirs: Sequence, path: Path): Node {
    const [before, left, right] = [base, ours, theirs].map(valuesOf) as [Node[], Node[], Node[]];
    const known = new Map<string, Node>();
    const texts = [before, right, left].map(list =>
      list.map(node => {
        const text = contentText(node);
        known.set(text, node);
        return text;
      }),
    );
    const items: Node[] = [];
    for (const chunk of merge3(texts[0]!, texts[2]!, texts[1]!)) {
      if (chunk.kind === 'agreed') items.push(...chunk.lines.map(line => known.get(line)!));
      else if (chunk.ours.length === chunk.theirs.length && chunk.ours.length === chunk.base.length) {
        for (const [index, text] of chunk.ours.entries()) {
          const [a, b, c] = [chunk.base[index]!, text, chunk.theirs[index]!].map(line => known.get(line));
          items.push(this.merge(a, b, c, [...path, items.length])!);
        }
      } else return this.#conflict(ours, theirs, path) ?? ours;
    }
    return sequence(items);
  }
}

/** Mappings whose keys name one value each. */
function areKeyed(...nodes: readonly Maybe[]): boolean {
  return nodes.every(node => node?.kind === 'mapping' && keyed(node).size === valuesOf(node).length);
}

function keyed(node: Maybe): Map<string, Node> {
  const found = new Map<string, Node>();
  if (node?.kind === 'mapping')
    for (const item of node.items) if (item.kind === 'entry') found.set(item.key, item.value);
  return found;
}

function valuesOf(node: Mapping | Sequence): Node[] {
  const values: Node[] = [];
  for (const item of node.items) if (item.kind !== 'comment') values.push(item.kind === 'entry' ? item.value : item);
  return values;
}

/** Whether two nodes hold the same values, whatever their comments and the order of keys. */
export function sameContent(one: Maybe, other: Maybe): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one === other || contentText(one) === contentText(other);
}

/** A text that two nodes share only where they hold the same values. */
function contentText(node: Node): string {
  if (node.kind === 'leaf') return JSON.stringify(leafWords(node.value));
  if (node.kind === 'sequence') return `[${valuesOf(node).map(contentText).join()}]`;
  const fields: string[] = [];
  for (const item of node.items)
    if (item.kind === 'entry') fields.push(`${JSON.stringify(item.key)}:${contentText(item.value)}`);
  return `{${fields.sort().join()}}`;
}

function leafWords(value: Scalar): string[] {
  if (value === null) return ['null'];
  const form = canonical(value);
  return [scalarType(value), typeof form === 'string' ? form : Buffer.from(form).toString('latin1'), typeof form];
}

/** The changes that make one document hold what another one holds. */
export function amendmentsBetween(from: Mapping, to: Mapping): Amendment[] {
  const found: Amendment[] = [];
  between(from, to, [], found);
  return found;
}

function between(from: Maybe, to: Maybe, path: Path, found: Amendment[]): void {
  if (sameContent(from, to)) return;
  if (from?.kind === 'mapping' && to?.kind === 'mapping') {
    const [before, after] = [keyed(from), keyed(to)];
    for (const key of new Set([...before.keys(), ...after.keys()]))
      between(before.get(key), after.get(key), [...path, key], found);
  } else if (from?.kind === 'sequence' && to?.kind === 'sequence' && valuesOf(from).length === valuesOf(to).length) {
    const after = valuesOf(to);
    for (const [index, node] of valuesOf(from).entries()) between(node, after[index], [...path, index], found);
  } else found.push({ path, value: to && withoutComments(to) });
}

function withoutComments(node: Node): Node {
  if (node.kind === 'leaf') return node;
  if (node.kind === 'sequence') return sequence(valuesOf(node).map(withoutComments));
  return mapping([...keyed(node)].map(([key, value]) => entry(key, withoutComments(value))));
}
