/**
 * Before a plain text is encrypted it takes the structure that the encrypted text will have: aliases are written out
 * (each place has its own additional data) and every document ends in a `sops` pair. What go-yaml makes of the comments in *that*
 * text decides the path each of them is encrypted under, so the tree is built from it. `docs/format.md` §7.2.
 */

import { flowOfSyntax } from './flow.ts';
import { parseYaml } from './parser.ts';
import { applyPatches, endsWithNewline, newlineOf, type Patch } from './patch.ts';
import { asDoubleQuoted } from './print.ts';
import type { AliasNode, MappingNode, Pair, ScalarNode, SyntaxNode, YamlDocument, YamlStream } from './syntax.ts';

/** Where the block of a document goes; `start..end` is empty or holds a placeholder. */
export interface BlockSpot {
  readonly start: number;
  readonly end: number;
  readonly style: 'block' | 'flow';
  /** Column of the block in a block mapping. */
  readonly column: number;
  /** Whether the text behind the previous line has to be ended first, and the block's last line is to have no end. */
  readonly lastLine: boolean;
  /** What separates the block from what stands before it in a flow mapping. */
  readonly separator: string;
}

/** Text of the source that was replaced before encrypting, and where its replacement starts in the prepared text. */
export interface Replaced {
  readonly at: number;
  /** Whether it is the key of a pair. */
  readonly key: boolean;
  readonly source: string | readonly [head: string, body: string];
  /**
   * Of an alias: where the node that it names now stands, with its anchor and the comments behind that. The alias may be put back where neither that nor its
   * replacement has an encrypted value.
   */
  readonly target: { readonly start: number; readonly end: number } | undefined;
}

export interface Prepared {
  readonly stream: YamlStream;
  readonly spots: readonly BlockSpot[];
  readonly replaced: readonly Replaced[];
}

export function prepare(stream: YamlStream): Prepared {
  const spots = stream.documents.map(document => spotOf(document, stream.text));
  const aliases = stream.documents.flatMap(document => aliasesOf(document.root));
  const last = lastBlockScalar(stream);
  if (aliases.length === 0 && last === undefined && !commentsAtEnds(stream)) return { stream, spots, replaced: [] };
  const patches = aliases.map(alias => ({ start: alias.start, end: alias.end, text: flowOfSyntax(alias.target) }));
  if (last !== undefined) patches.push(...quotedInstead(last, stream.text));
  const placeholders = spots.map(spot => placeholder(spot, stream.text));
  const patched = applyPatches(stream.text, [...patches, ...placeholders]);
  const movedSpots = spots.map((spot, index) => {
    const start = patched.moved(spot.start) - (placeholders[index]?.text.length ?? 0);
    return { ...spot, start, end: start + (placeholders[index]?.text.length ?? 0) };
  });
  const keys = new Set(stream.documents.flatMap(document => keyAliasesOf(document.root)));
  const replaced: Replaced[] = aliases.map(alias => ({
    key: keys.has(alias),
    at: patched.moved(alias.start),
    source: stream.text.slice(alias.start, alias.end),
    target: { start: patched.moved(alias.target.propsStart), end: patched.moved(alias.target.end) },
  }));
  if (last !== undefined)
    replaced.push({
      key: false,
      at: patched.moved(last.propsStart),
      source: sourceOf(last, stream.text),
      target: undefined,
    });
  return { stream: parseYaml(patched.text), spots: movedSpots, replaced };
}

function spotOf(document: YamlDocument, text: string): BlockSpot {
  const { root } = document;
  if (root.kind === 'mapping' && root.flow) {
    const pair = root.pairs.at(-1);
    const at = pair === undefined ? root.start + 1 : Math.max(pair.key.end, pair.colon + 1, pair.value.end);
    return { start: at, end: at, style: 'flow', column: 0, lastLine: false, separator: separatorBehind(pair, at) };
  }
  const lastLine = document.end === text.length && document.end > 0 && !endsWithNewline(text);
  const column = root.kind === 'mapping' ? root.column : 0;
  return { start: document.end, end: document.end, style: 'block', column, lastLine, separator: '' };
}

/** Right behind a tag, or the colon of a value that is nothing, a comma would be a part of what stands there. */
function separatorBehind(pair: Pair | undefined, at: number): string {
  if (pair === undefined) return '';
  const isTag = [pair.key, pair.value].some(node => node.kind === 'scalar' && node.end === at && node.tag !== '');
  return isTag || pair.colon === at - 1 ? ' , ' : ', ';
}

function placeholder(spot: BlockSpot, text: string): Patch {
  const pair =
    spot.style === 'flow'
      ? `${spot.separator}"sops": {}`
      : withLineEnds(`${' '.repeat(spot.column)}sops: {}`, spot, text);
  return { start: spot.start, end: spot.end, text: pair };
}

/** Block lines as they stand in the text: the missing end of a last line moves behind the block. */
export function withLineEnds(lines: string, spot: BlockSpot, text: string): string {
  const newline = newlineOf(text);
  return spot.lastLine ? newline + lines : lines + newline;
}

/** Every alias, in order of position; one that is a key too, since its anchor may get a ciphertext. */
function aliasesOf(node: SyntaxNode): AliasNode[] {
  if (node.kind === 'alias') return [node];
  if (node.kind === 'sequence') return node.items.flatMap(aliasesOf);
  if (node.kind === 'mapping') return node.pairs.flatMap(({ key, value }) => [...aliasesOf(key), ...aliasesOf(value)]);
  return [];
}

function keyAliasesOf(node: SyntaxNode): SyntaxNode[] {
  if (node.kind === 'sequence') return node.items.flatMap(keyAliasesOf);
  if (node.kind !== 'mapping') return [];
  return node.pairs.flatMap(({ key, value }) => [...(key.kind === 'alias' ? [key] : []), ...keyAliasesOf(value)]);
}

/** A comment behind the last value may belong elsewhere once a block follows it; so may all in a flow mapping. */
function commentsAtEnds(stream: YamlStream): boolean {
  return stream.documents.some(({ root, start, end }) => {
    // A document with nothing in it may take a comment from behind the next `---`.
    if (root.kind !== 'mapping') return stream.comments.length > 0;
    return hasCommentBetween(stream, root.flow ? start : lastStart(root), end);
  });
}

function hasCommentBetween(stream: YamlStream, from: number, to: number): boolean {
  let low = 0;
  let high = stream.comments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stream.comments[middle]?.start ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  const next = stream.comments[low];
  return next !== undefined && next.start < to;
}

/** Start of the last leaf below a node. */
function lastStart(node: SyntaxNode): number {
  let at = node;
  for (;;) {
    const next = lastChild(at);
    if (next === undefined) return at.start;
    at = next;
  }
}

function lastChild(node: SyntaxNode): SyntaxNode | undefined {
  if (node.kind === 'mapping') return node.pairs.at(-1)?.value;
  return node.kind === 'sequence' ? node.items.at(-1) : undefined;
}

/**
 * A block scalar that the end of the text cuts off before its line ends has no line break in its value, and would get
 * one from the line that follows it now. One that keeps its blank lines would get one more where the last of them is cut off.
 */
function lastBlockScalar(stream: YamlStream): ScalarNode | undefined {
  const { text } = stream;
  const document = stream.documents.at(-1);
  if (document === undefined || document.end !== text.length || endsWithNewline(text)) return undefined;
  let node: SyntaxNode | undefined = document.root as MappingNode;
  for (let next = lastChild(node); next !== undefined; next = lastChild(node)) node = next;
  if (node.kind !== 'scalar' || node.block === undefined) return undefined;
  const cutOff = node.end === text.length || (node.block.chomping === 'keep' && isBlankFrom(text, node.end));
  return cutOff ? node : undefined;
}

const isBlankFrom = (text: string, from: number): boolean => /^[ \t]*$/.test(text.slice(from));

function quotedInstead(node: ScalarNode, text: string): Patch[] {
  const { headerEnd, bodyStart } = node.block as NonNullable<ScalarNode['block']>;
  return [
    { start: node.start, end: headerEnd, text: asDoubleQuoted(node.text) },
    { start: Math.min(bodyStart, text.length), end: text.length, text: '' },
  ];
}

function sourceOf(node: ScalarNode, text: string): readonly [string, string] {
  const { headerEnd, bodyStart } = node.block as NonNullable<ScalarNode['block']>;
  return [text.slice(node.propsStart, headerEnd), text.slice(bodyStart)];
}
