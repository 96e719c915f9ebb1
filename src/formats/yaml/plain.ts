/** A plain YAML file: what it holds, and its text once values are encrypted. `docs/format.md` §3. */

import type { Changes, Mapping, Node, Scalar, Tree } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import type { EncryptedFile, PlainFile, PrintOptions, SealOptions } from '../format.ts';
import { blockPatch } from './block.ts';
import { EncryptedYaml } from './encrypted.ts';
import type { FormerStyles } from './former.ts';
import { parseYaml } from './parser.ts';
import { applyPatches, lineEnd, newlineOf, type Patch } from './patch.ts';
import { type Prepared, prepare } from './prepare.ts';
import { decodeYaml, encodeYaml, type YamlEncoding } from './reader.ts';
import {
  asSealedLeaf,
  bodyEnd,
  contentLinesEnd,
  hasTypeTag,
  openedText,
  type RestyleContext,
  type Restyled,
  sealedText,
} from './restyle.ts';
import { printSpelling, type Source, type SpellingPath, visitPaths } from './spelling.ts';
import type { ScalarNode, SyntaxNode, YamlStream } from './syntax.ts';
import { buildTree, type LeafPlace, pathOf, writtenTree, type YamlTree } from './tree.ts';

export class PlainYaml implements PlainFile {
  readonly tree: Tree<'plain'>;
  readonly blocks: PlainFile['blocks'];
  readonly #encoding: YamlEncoding;
  readonly #prepared: Prepared;
  readonly #built: YamlTree;
  readonly #values: readonly Scalar[];

  constructor(bytes: Uint8Array) {
    const { text, encoding } = decodeYaml(bytes);
    const stream = parseYaml(text);
    if (stream.documents.length === 0 && bytes.length > 0) throw noDocument();
    refuseDuplicates(stream);
    const found = buildTree(stream);
    refuseWrittenNulls(stream);
    this.#encoding = encoding;
    this.blocks = found.blocks;
    this.#prepared = found.blocks.length > 0 ? { stream, spots: [], replaced: [] } : prepare(stream);
    this.#built = this.#prepared.stream === stream ? found : buildTree(this.#prepared.stream);
    const written = this.#built === found ? undefined : writtenTree(stream, found, this.#prepared.stream, this.#built);
    this.tree = { documents: this.#built.documents, slots: this.#built.places.length, asWritten: written };
    this.#values = leafValues(this.tree.documents, this.#built.places.length);
  }

  get #text(): string {
    return this.#prepared.stream.text;
  }

  rewrite(
    changes: Changes,
    block: Mapping,
    options: PrintOptions & SealOptions & { readonly keep?: EncryptedFile | undefined },
  ): Uint8Array {
    const kept = options.keep instanceof EncryptedYaml ? options.keep.kept : undefined;
    const patches = this.#valuePatches(changes, options);
    const step = this.#step(options.indent);
    this.#prepared.spots.forEach((spot, index) => {
      patches.push(blockPatch(spot, index, block, this.#text, step, kept));
    });
    patches.push(...this.#fates(changes, options.commentRule !== undefined).untouched);
    return encodeYaml(applyPatches(this.#text, patches).text, this.#encoding);
  }

  spelling(changes: Changes, options: SealOptions = {}): string | undefined {
    const { replaced } = this.#fates(changes, options.commentRule !== undefined);
    const entries: [SpellingPath, Source][] = replaced.map(({ path, source }) => [path, source]);
    const starts = replaced.map(({ start }) => start);
    const step = this.#step(undefined);
    const former = formerOf(options);
    this.#eachChangedLeaf(changes, (place, change, slot) => {
      if (isWithin(place.node.start, replaced, starts) || this.#formerText(former, place, change, slot) !== undefined)
        return;
      const context = { base: place.base, step, allowBlock: true };
      const source = unrestored(place, this.#values[slot] ?? null, this.#text, context);
      if (source !== undefined) entries.push([pathOf(place), source]);
    });
    return printSpelling(entries);
  }

  #valuePatches(changes: Changes, options: SealOptions): Patch[] {
    const patches: Patch[] = [];
    const former = formerOf(options);
    this.#eachChangedLeaf(changes, (place, change, slot) => {
      const context = { base: place.base, step: 1, allowBlock: true };
      if (hasTypeTag(place.node)) refuseCommentInside(place, this.#text);
      const kept = this.#formerText(former, place, change, slot);
      const sealed = kept === undefined ? sealedText(place.node, change, context) : { head: kept, body: [] };
      pushSealed(patches, place.node, sealed, this.#text);
    });
    this.#built.places.forEach((place, slot) => {
      const change = changes[slot];
      if (place.kind !== 'comment' || typeof change !== 'string' || change === '') return;
      // An item behind a comment that decides would end what it decides.
      const item = options.commentRule === 'encrypted' ? undefined : former?.itemText(place, change, this.#text);
      const { start, end } = place.line;
      patches.push(item === undefined ? { start: start + 1, end, text: change } : { start, end, text: item });
    });
    return patches;
  }

  #formerText(former: FormerStyles | undefined, place: LeafPlace, change: string, slot: number): string | undefined {
    const context = { base: place.base, step: former?.step ?? 1, allowBlock: true };
    return former?.leafText(place.node, change, this.#values[slot] ?? null, this.#text, context);
  }

  #eachChangedLeaf(changes: Changes, visit: (place: LeafPlace, change: string, slot: number) => void): void {
    this.#built.places.forEach((place, slot) => {
      const change = changes[slot];
      if (place.kind === 'leaf' && typeof change === 'string' && change !== '') visit(place, change, slot);
    });
  }

  /** What becomes of the replaced parts: an alias in a clear part of the file goes back, everything else needs a spelling. */
  #fates(changes: Changes, commentRule: boolean): { untouched: Patch[]; replaced: Fate[] } {
    const untouched: Patch[] = [];
    const replaced: Fate[] = [];
    const open = new Map(this.#prepared.replaced.map(entry => [entry.at, entry]));
    if (open.size === 0) return { untouched, replaced };
    const touched = this.#changedOffsets(changes);
    const filled = this.#filledOffsets();
    const comments = this.#prepared.stream.comments.map(({ start }) => start);
    const sealed = this.#changedComments(changes);
    visitPaths(this.#prepared.stream, (node, path) => {
      const entry = open.get(node.propsStart);
      if (entry === undefined || entry.key !== (path.at(-1) === true)) return;
      open.delete(node.propsStart);
      const [start, end] = [node.propsStart, node.end];
      const { target, source } = entry;
      const clear =
        target !== undefined && !hasBetween(touched, start, end) && !hasBetween(touched, target.start, target.end);
      // An alias shows the comments of its anchor once more, where their ciphertexts do not open. Where the copy holds no
      // value, nothing tells whether they would be selected there.
      const deciding = commentRule || !hasBetween(filled, start, end) ? comments : sealed;
      const free = clear && !hasBetween(deciding, target.start, lineEnd(this.#text, target.end));
      if (free && typeof source === 'string' && !hasComment(node)) untouched.push({ start, end, text: source });
      else replaced.push({ start, end, source, path: [...path] });
    });
    return { untouched, replaced };
  }

  /** Where the changed comments start, in ascending order. */
  #changedComments(changes: Changes): number[] {
    const offsets: number[] = [];
    this.#built.places.forEach((place, slot) => {
      if (place.kind === 'comment' && changes[slot] !== undefined) offsets.push(place.line.start);
    });
    return offsets.sort((a, b) => a - b);
  }

  /** Where the leaves start that are neither null nor empty, in ascending order. */
  #filledOffsets(): number[] {
    const offsets: number[] = [];
    this.#built.places.forEach((place, slot) => {
      const value = this.#values[slot];
      if (place.kind === 'leaf' && value !== null && value !== '') offsets.push(place.node.start);
    });
    return offsets.sort((a, b) => a - b);
  }

  /** Where the changed leaves start, in ascending order. */
  #changedOffsets(changes: Changes): number[] {
    const offsets: number[] = [];
    this.#eachChangedLeaf(changes, place => {
      offsets.push(place.node.start);
    });
    return offsets.sort((a, b) => a - b);
  }

  /** Spaces per level: as asked for, else as the file has it, else 4 as sops writes. */
  #step(indent: number | undefined): number {
    if (indent !== undefined && indent !== 0) return indent;
    for (const document of this.#prepared.stream.documents) {
      const step = indentOf(document.root);
      if (step !== undefined && step >= 2 && step <= 9) return step;
    }
    return 4;
  }
}

const formerOf = ({ former }: SealOptions): FormerStyles | undefined =>
  former instanceof EncryptedYaml ? former.former : undefined;

/** How far the first nested block mapping of a document stands in. */
function indentOf(root: SyntaxNode): number | undefined {
  if (root.kind !== 'mapping' || root.flow) return undefined;
  for (const { value } of root.pairs) if (value.kind === 'mapping' && !value.flow) return value.column - root.column;
  return undefined;
}

/** One replaced part of the source that stays replaced. */
interface Fate {
  readonly start: number;
  readonly end: number;
  readonly source: Source;
  readonly path: SpellingPath;
}

/** The first index of an ascending list whose number is at least the given one. */
function firstFrom(ascending: readonly number[], from: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

function hasBetween(ascending: readonly number[], start: number, end: number): boolean {
  return (ascending[firstFrom(ascending, start)] ?? end) < end;
}

/** Whether an offset lies in one of the spans, which are in order of position and apart from each other. */
function isWithin(offset: number, spans: readonly Fate[], starts: readonly number[]): boolean {
  const span = spans[firstFrom(starts, offset + 1) - 1];
  return span !== undefined && offset < span.end;
}

/** go-yaml may move a comment behind a flow collection into it; without the collection it would stand elsewhere. */
function hasComment(node: SyntaxNode): boolean {
  if (node.lineComment.length > 0) return true;
  if (node.kind === 'mapping') return node.pairs.some(({ key }) => key.head.length > 0 || key.lineComment.length > 0);
  return node.kind === 'sequence' && node.items.some(item => item.head.length > 0 || item.lineComment.length > 0);
}

function pushSealed(patches: Patch[], node: ScalarNode, sealed: Restyled, text: string): void {
  const { block } = node;
  const start = hasTypeTag(node) ? node.propsStart : node.start;
  const anchor = hasTypeTag(node) && node.anchor !== '' ? `&${node.anchor} ` : '';
  if (sealed.head !== undefined) patches.push({ start, end: block?.headerEnd ?? node.end, text: anchor + sealed.head });
  if (block !== undefined)
    patches.push({
      start: block.bodyStart,
      // Blank lines stay below a ciphertext: they tell to what a comment behind them belongs.
      end: sealed.body.length > 0 ? contentLinesEnd(block, text) : bodyEnd(node, text),
      text: sealed.body.map(line => line + newlineOf(text, block.headerEnd)).join(''),
    });
}

/** The tag goes, and with it would go a comment between it and its value. */
function refuseCommentInside(place: LeafPlace, text: string): void {
  const { node } = place;
  if (!/[\s\u0085]#/.test(text.slice(node.propsStart, node.start))) return;
  throw new TsopsError('NOT_ENCRYPTABLE', 'a comment stands between the tag of a value and the value', {
    document: place.document,
    path: pathOf(place).slice(1),
    line: node.line + 1,
    column: node.column + 1,
    hints: ['Move the comment to the line above the key.'],
  });
}

/** The source of a leaf, where its sealed form would not bring it back. */
function unrestored(place: LeafPlace, value: Scalar, text: string, context: RestyleContext): Source | undefined {
  const { node } = place;
  if (node.block === undefined) {
    if (hasTypeTag(node)) return text.slice(node.propsStart, node.end);
    const opened = openedText(asSealedLeaf(node, text, context), value, context);
    const source = text.slice(node.start, node.end);
    return opened.body.length === 0 && opened.head === source ? undefined : text.slice(node.propsStart, node.end);
  }
  const body = text.slice(node.block.bodyStart, bodyEnd(node, text));
  if (hasTypeTag(node)) return [text.slice(node.propsStart, node.block.headerEnd), body];
  const opened = openedText(asSealedLeaf(node, text, context), value, context);
  const newline = newlineOf(text, node.block.headerEnd);
  const restored = opened.body.map(line => line + newline).join('');
  return opened.head === undefined && restored === body ? undefined : body;
}

function leafValues(documents: readonly Mapping[], slots: number): Scalar[] {
  const values: Scalar[] = new Array(slots).fill(null);
  const stack: Item[] = [...documents];
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) collect(item, stack, values);
  return values;
}

type Item = Mapping['items'][number] | Node;

function collect(item: Item, stack: Item[], values: Scalar[]): void {
  if (item.kind === 'leaf') values[item.slot] = item.value;
  else if (item.kind === 'entry') stack.push(item.value);
  else if (item.kind !== 'comment') for (const child of item.items) stack.push(child);
}

/** As sops does: only a file of no bytes at all counts as empty. */
function noDocument(): TsopsError {
  return new TsopsError('FILE_SYNTAX', 'the file holds nothing but comments or blank lines', {
    hints: ['Put at least one key and value into it.'],
  });
}

/** A document that is nothing is an empty mapping; one that says `null` has no place for a block. */
function refuseWrittenNulls(stream: YamlStream): void {
  for (const [document, { root }] of stream.documents.entries()) {
    if (root.kind !== 'scalar' || root.propsStart === root.end) continue;
    throw new TsopsError('FILE_SYNTAX', 'the document is a written null', {
      document,
      line: root.line + 1,
      column: root.column + 1,
      hints: ['Leave the document empty, or write {} in its place.'],
    });
  }
}

function refuseDuplicates(stream: YamlStream): void {
  for (const [document, { duplicate }] of stream.documents.entries()) {
    if (duplicate === undefined) continue;
    throw new TsopsError('FILE_SYNTAX', 'a key stands twice in one mapping', {
      document,
      line: duplicate.line + 1,
      column: duplicate.column + 1,
      hints: ['Remove or rename one of the two.'],
    });
  }
}
