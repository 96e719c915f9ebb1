/** Where an entry or item of a YAML text stands, with all that belongs to it: the lines that come and go with it. */

import type { Path } from '../../core/tree.ts';
import { cannotHold } from '../amendment.ts';
import { endsWithNewline, lineEnd, lineStart, newlineOf, nextLine, type Patch } from './patch.ts';
import { bodyEnd } from './restyle.ts';
import type { MappingNode, Pair, ScalarNode, SequenceNode, SyntaxNode, YamlDocument, YamlStream } from './syntax.ts';

/** The collection that a change is made in, and where in the text its own key or dash ends. */
export interface Place {
  readonly stream: YamlStream;
  readonly document: YamlDocument | undefined;
  readonly container: MappingNode | SequenceNode;
  /** Behind the `:` or `-` that the collection hangs on; undefined for the root. */
  readonly opener: number | undefined;
  /** The column of the collection around it; -1 for the root. */
  readonly outer: number;
  /** Of the entry or item; -1 for a new one. */
  readonly index: number;
}

/** @throws TsopsError NOT_REPRESENTABLE where the path leads into what an alias repeats */
export function placeOf(stream: YamlStream, path: Path): Place | undefined {
  const document = stream.documents[0];
  let node: SyntaxNode | undefined = document?.root;
  let opener: number | undefined;
  let outer = -1;
  for (const [depth, segment] of path.entries()) {
    if (node?.kind === 'alias') throw insideAlias(path);
    if (node === undefined || node.kind === 'scalar') return undefined;
    const index = indexIn(node, segment);
    if (depth === path.length - 1) return { stream, document, container: node, opener, outer, index };
    opener = openerOf(node, index);
    outer = node.column;
    node = childOf(node, index);
  }
  return undefined;
}

function insideAlias(path: Path) {
  return cannotHold(
    'the path leads into a value that an alias (*name) repeats from another place',
    path,
    'Change the value where its anchor (&name) stands, or write the alias out with `tsops edit` first.',
  );
}

function indexIn(node: MappingNode | SequenceNode, segment: string | number): number {
  if (node.kind === 'sequence') return Number(segment) < node.items.length ? Number(segment) : -1;
  return node.pairs.findIndex(({ key }) => {
    const scalar = key.kind === 'alias' ? key.target : key;
    return scalar.kind === 'scalar' && scalar.text === segment;
  });
}

export const childOf = (node: MappingNode | SequenceNode, index: number): SyntaxNode | undefined =>
  node.kind === 'sequence' ? node.items[index] : node.pairs[index]?.value;

export const countOf = (node: MappingNode | SequenceNode): number =>
  node.kind === 'sequence' ? node.items.length : node.pairs.length;

/** Behind the colon of a pair (or its key, where it has none) or the dash of an item. */
export function openerOf(node: MappingNode | SequenceNode, index: number): number {
  if (node.kind === 'sequence') return (node.dashes[index] ?? node.items[index]?.start ?? 0) + (node.flow ? 0 : 1);
  const pair = node.pairs[index];
  return pair === undefined ? node.start : Math.max(pair.colon + 1, pair.key.end);
}

/** Where an entry or item begins: its `?`, its key with its properties, its dash. */
export function startOf(node: MappingNode | SequenceNode, index: number): number {
  if (node.kind === 'sequence') return node.dashes[index] ?? node.items[index]?.propsStart ?? node.start;
  const pair = node.pairs[index];
  if (pair === undefined) return node.start;
  return pair.question >= 0 ? pair.question : pair.key.propsStart;
}

/** Behind the last character of an entry or item. */
export function endOf(node: MappingNode | SequenceNode, index: number): number {
  if (node.kind === 'sequence') return Math.max(node.items[index]?.end ?? 0, openerOf(node, index));
  return pairEnd(node.pairs[index]);
}

const pairEnd = (pair: Pair | undefined): number =>
  pair === undefined ? 0 : Math.max(pair.key.end, pair.colon + 1, pair.value.end);

/** The start of the line behind an entry or item of a block collection, and behind the comments that stand further in than it. */
export function linesEnd(stream: YamlStream, node: MappingNode | SequenceNode, index: number): number {
  const { text } = stream;
  const leaf = lastLeaf(childOf(node, index));
  const isBlock = leaf?.kind === 'scalar' && leaf.block !== undefined;
  let end = isBlock ? bodyEnd(leaf, text) : nextLine(text, endOf(node, index));
  for (let at = end; at < text.length; at = nextLine(text, at)) {
    const line = text.slice(at, lineEnd(text, at));
    const indent = /^ *(?=#)/.exec(line)?.[0].length;
    if (indent === undefined ? line.trim() !== '' : indent <= node.column) break;
    if (indent !== undefined) end = nextLine(text, at);
  }
  return end;
}

/** The block scalar that the end of a text without final line break cuts off, where an entry ends in one. */
export function cutOffBlock(
  { text }: YamlStream,
  node: MappingNode | SequenceNode,
  index: number,
): ScalarNode | undefined {
  const leaf = lastLeaf(childOf(node, index));
  const isCutOff = leaf?.kind === 'scalar' && leaf.block !== undefined && leaf.end === text.length;
  return isCutOff && !endsWithNewline(text) ? leaf : undefined;
}

function lastLeaf(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let at = node;
  while (at !== undefined && (at.kind === 'mapping' || at.kind === 'sequence') && !at.flow && countOf(at) > 0)
    at = childOf(at, countOf(at) - 1);
  return at;
}

/** The start of the first line of an entry with the comments directly above it, in its own column. A byte order mark stays. */
export function linesStart({ text }: YamlStream, node: MappingNode | SequenceNode, index: number): number {
  const own = startOf(node, index);
  let start = lineStart(text, own);
  const column = text.slice(start, own).replace('\ufeff', '').length;
  while (start > 0) {
    const above = lineStart(text, text.startsWith('\r\n', start - 2) ? start - 2 : start - 1);
    const indent = /^[ \t]*(?=#)/.exec(text.slice(above, start).replace('\ufeff', ''))?.[0].length;
    if (indent !== column) break;
    start = above;
  }
  return start === 0 && text.startsWith('\ufeff') ? 1 : start;
}

/** Whether something else stands before the entry in its line: a dash, a `?`, a bracket. */
export function sharesLine({ text }: YamlStream, node: MappingNode | SequenceNode, index: number): boolean {
  const start = startOf(node, index);
  return text.slice(lineStart(text, start), start).replace('\ufeff', '').trim() !== '';
}

/** Whether a place is the end of a text whose last line has no end: what is written there has none either. */
export const isOpenEnd = (text: string, at: number): boolean =>
  at === text.length && text.length > 0 && !endsWithNewline(text) && text !== '\ufeff';

/** Whole lines in place of others; the missing end of a last line stays missing. */
export function linePatch(text: string, start: number, end: number, lines: readonly string[]): Patch {
  const newline = newlineOf(text);
  if (!isOpenEnd(text, end)) return { start, end, text: lines.map(line => line + newline).join('') };
  if (start === end) return { start, end, text: lines.map(line => newline + line).join('') };
  if (lines.length > 0) return { start, end, text: lines.join(newline) };
  return { start: Math.max(0, start - (text.startsWith('\r\n', start - 2) ? 2 : 1)), end, text: '' };
}
