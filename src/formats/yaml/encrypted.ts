/** An encrypted YAML file: what it holds, and its text once values are decrypted. `docs/format.md` §4. */

import { LineMap, type LinePlace } from '../../core/linemap.ts';
import { standsFor } from '../../core/scalar.ts';
import {
  applyChanges,
  type Changes,
  type Comment,
  isComment,
  type Mapping,
  type Node,
  type Scalar,
  type Tree,
} from '../../core/tree.ts';
import type { EncryptedFile } from '../format.ts';
import { blockLines, type KeptBlocks, removalPatch } from './block.ts';
import { FormerStyles } from './former.ts';
import { parseYaml } from './parser.ts';
import { applyPatches, endsWithNewline, lineEnd, newlineOf, nextLine, type Patch } from './patch.ts';
import { decodeYaml, encodeYaml, type YamlEncoding } from './reader.ts';
import { bodyEnd, openedText, type Restyled, sealedLeaf } from './restyle.ts';
import { locate, parseSpelling, type Source } from './spelling.ts';
import type { ScalarNode, SequenceNode, SyntaxNode, YamlStream } from './syntax.ts';
import { buildTree, type LeafPlace, type YamlTree } from './tree.ts';

export class EncryptedYaml implements EncryptedFile {
  readonly tree: Tree<'encrypted'>;
  readonly blocks: EncryptedFile['blocks'];
  readonly #encoding: YamlEncoding;
  readonly #stream: YamlStream;
  readonly #built: YamlTree;
  #lines: LineMap | undefined;

  constructor(bytes: Uint8Array) {
    const { text, encoding } = decodeYaml(bytes);
    this.#encoding = encoding;
    this.#stream = parseYaml(text);
    this.#built = buildTree(this.#stream);
    this.tree = { documents: this.#built.documents, slots: this.#built.places.length };
    this.blocks = this.#built.blocks;
  }

  /** The text and places of the block, for writing it again. */
  get kept(): KeptBlocks {
    return { text: this.#stream.text, blocks: this.#built.blocks };
  }

  /** How the ciphertexts stand in the text. */
  get former(): FormerStyles {
    return new FormerStyles(this.#stream.text, this.#built.places, this.#step());
  }

  placeOf(slot: number): LinePlace | undefined {
    const place = this.#built.places[slot];
    if (place?.kind === 'leaf') return { line: place.node.line + 1, column: place.node.column + 1 };
    this.#lines ??= new LineMap(this.#stream.text, false);
    return place?.kind === 'comment' ? this.#lines.at(place.line.start) : undefined;
  }

  rewrite(changes: Changes, spelling: string | undefined): Uint8Array {
    const sources = spelling === undefined ? undefined : parseSpelling(spelling);
    if (sources !== undefined && sources.size > 0) {
      const text = this.#rewritten(changes, sources);
      if (meansTheSame(text, applyChanges(this.tree, changes))) return encodeYaml(text, this.#encoding);
    }
    return encodeYaml(this.#rewritten(changes, new Map()), this.#encoding);
  }

  #rewritten(changes: Changes, sources: ReadonlyMap<string, Source>): string {
    const { text } = this.#stream;
    const patches: Patch[] = [];
    const spelled = new Set<SyntaxNode>();
    for (const { node, source } of sources.size > 0 ? locate(this.#stream, sources) : []) {
      spelled.add(node);
      patches.push(...spelledPatches(node, source, text));
    }
    const step = this.#step();
    this.#built.places.forEach((place, slot) => {
      const change = changes[slot];
      if (change === undefined || change === '') return;
      if (place.kind === 'comment')
        patches.push({ start: place.line.start + 1, end: place.line.end, text: commentText(change) });
      else if (place.kind === 'leaf' && !spelled.has(place.node)) this.#openLeaf(place, change, step, patches);
    });
    patches.push(...this.#emptiedLists(changes));
    const documents = this.#stream.documents;
    for (const found of this.#built.blocks) {
      const document = documents[found.document];
      if (document !== undefined) patches.push(removalPatch(text, found, document, documents.length === 1));
    }
    return applyPatches(text, patches).text;
  }

  #openLeaf(place: LeafPlace, change: Scalar | Comment, step: number, patches: Patch[]): void {
    const { text } = this.#stream;
    const { node, list } = place;
    if (isComment(change)) {
      const start = list?.node.dashes[list.index] ?? node.start;
      patches.push({ start, end: node.end, text: `#${change.text}` });
      return;
    }
    const opened = openedText(sealedLeaf(node, text), change, {
      base: place.base,
      step,
      allowBlock: !this.#isInLastLine(node),
    });
    pushOpened(patches, node, opened, text);
  }

  /** Whether a node ends up in the last line of a text without final line break once the block is out. */
  #isInLastLine(node: ScalarNode): boolean {
    const { text } = this.#stream;
    const block = this.#built.blocks.at(-1);
    if (endsWithNewline(text)) return false;
    return nextLine(text, node.end) === (block === undefined ? text.length : blockLines(text, block).start);
  }

  /** A list that held nothing but comments would read as null without its items. */
  #emptiedLists(changes: Changes): Patch[] {
    const left = new Map<SequenceNode, { count: number; last: LeafPlace }>();
    this.#built.places.forEach((place, slot) => {
      const change = changes[slot];
      if (place.kind !== 'leaf' || place.list === undefined || change === undefined || !isComment(change)) return;
      const { node } = place.list;
      left.set(node, { count: (left.get(node)?.count ?? node.items.length) - 1, last: place });
    });
    const { text } = this.#stream;
    return [...left].flatMap(([node, { count, last }]) => {
      if (count > 0) return [];
      const at = lineEnd(text, last.node.end);
      return [{ start: at, end: at, text: `${newlineOf(text)}${' '.repeat(node.column)}[]` }];
    });
  }

  /** Spaces per level, as the block shows them. */
  #step(): number {
    const found = this.#built.blocks[0];
    if (found === undefined || found.pair.value.kind !== 'mapping' || found.root.flow) return 4;
    const step = found.pair.value.column - found.root.column;
    return step >= 2 && step <= 9 ? step : 4;
  }
}

function commentText(change: Scalar | Comment): string {
  if (isComment(change)) return change.text;
  return typeof change === 'string' ? change : '';
}

function pushOpened(patches: Patch[], node: ScalarNode, opened: Restyled, text: string): void {
  // A file may mix line breaks; the one behind the node is there in plain and encrypted text.
  const newline = newlineOf(text, node.block?.headerEnd ?? node.end);
  if (node.block !== undefined) {
    const end = bodyEnd(node, text);
    if (opened.head !== undefined) patches.push({ start: node.start, end: node.block.headerEnd, text: opened.head });
    patches.push({ start: node.block.bodyStart, end, text: opened.body.map(line => line + newline).join('') });
    return;
  }
  patches.push({ start: node.start, end: node.end, text: opened.head ?? '' });
  if (opened.body.length === 0) return;
  const at = lineEnd(text, node.end);
  patches.push({ start: at, end: at, text: opened.body.map(line => newline + line).join('') });
}

function spelledPatches(node: SyntaxNode, source: Source, text: string): Patch[] {
  if (typeof source !== 'string') {
    const below = nextLine(text, node.end);
    return [
      { start: node.propsStart, end: node.end, text: source[0] },
      { start: below, end: below, text: source[1] },
    ];
  }
  if (node.kind === 'scalar' && node.block !== undefined) {
    return [{ start: node.block.bodyStart, end: bodyEnd(node, text), text: source }];
  }
  return [{ start: node.propsStart, end: node.end, text: source }];
}

/** Whether a text with spellings in it reads as the values that were decrypted; a spelling is a claim, not a fact. */
function meansTheSame(text: string, expected: Tree<'plain'>): boolean {
  try {
    const { documents } = buildTree(parseYaml(text));
    return (
      documents.length === expected.documents.length &&
      documents.every((root, i) => sameValues(root, expected.documents[i]))
    );
  } catch {
    return false;
  }
}

function sameValues(a: Node, b: Node | undefined): boolean {
  if (b === undefined || a.kind === 'leaf' || b.kind === 'leaf')
    return a.kind === 'leaf' && b?.kind === 'leaf' && standsFor(a.value, b.value);
  const [left, right] = [childrenOf(a), childrenOf(b)];
  return (
    a.kind === b.kind &&
    left.length === right.length &&
    left.every((child, i) => child.key === right[i]?.key && sameValues(child.value, right[i]?.value))
  );
}

function childrenOf(node: Mapping | Exclude<Node, { kind: 'leaf' }>): { key: string; value: Node }[] {
  const children: { key: string; value: Node }[] = [];
  for (const item of node.items) {
    if (item.kind === 'entry') children.push(item);
    else if (item.kind !== 'comment') children.push({ key: '', value: item });
  }
  return children;
}
