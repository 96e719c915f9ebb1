/**
 * From the parser's nodes to the tree that is encrypted, in the order in which sops visits it, and back from every slot to
 * its place in the text. `docs/format.md` §2.1; sops 3.13.2 stores/yaml/store.go.
 */

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
  type WrittenTree,
} from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import type { StoredBlock } from '../format.ts';
import { resolveScalar } from './resolve.ts';
import type {
  AliasNode,
  CommentLine,
  MappingNode,
  Pair,
  ScalarNode,
  SequenceNode,
  SyntaxNode,
  YamlDocument,
  YamlStream,
} from './syntax.ts';

/** Where a slot stands in the text. What an alias repeats has no place of its own. */
export type Place = LeafPlace | CommentPlace | { readonly kind: 'repeated' };

export interface LeafPlace {
  readonly kind: 'leaf';
  readonly node: ScalarNode;
  /** Column of the block mapping or of the dash that the value hangs on; block content stands further right. */
  readonly base: number;
  /** The sequence that the leaf is an item of, where it is one, and its position there. */
  readonly list?: { readonly node: SequenceNode; readonly index: number };
  readonly document: number;
  /** Keys and positions from the root of the document. */
  readonly path: PathLink | undefined;
}

/** A path as a linked list, innermost step first: a leaf costs one link, not a copy of its path. */
export interface PathLink {
  readonly step: string | number;
  readonly parent: PathLink | undefined;
}

export interface CommentPlace {
  readonly kind: 'comment';
  readonly line: CommentLine;
  /** The sequence it stands in, where it does. */
  readonly list?: SequenceNode;
}

/** A reserved pair of a document, and where it stands. */
export interface BlockPair extends StoredBlock {
  readonly pair: Pair;
  readonly root: MappingNode;
}

export interface YamlTree {
  readonly documents: readonly Mapping[];
  readonly places: readonly Place[];
  readonly blocks: readonly BlockPair[];
}

/** Deeper nesting is refused: nobody writes it, and recursion has to end before the stack does. */
const maxDepth = 1000;
/** How many nodes aliases may add to a file before it is taken for an attack (a few lines can mean billions). */
const maxRepeated = 200_000;

export function buildTree(stream: YamlStream): YamlTree {
  const builder = new TreeBuilder();
  const documents = stream.documents.map((document, index) => builder.document(document, index));
  return { documents: builder.withLostComments(documents, stream), places: builder.places, blocks: builder.blocks };
}

/** The tree of a text before it was prepared for encrypting. Preparing keeps every comment of the text, in its order. */
export function writtenTree(source: YamlStream, found: YamlTree, prepared: YamlStream, built: YamlTree): WrittenTree {
  const order = new Map(source.comments.map((line, index) => [line.start, index]));
  const slotAt = new Map<number, number>();
  built.places.forEach((place, slot) => {
    if (place.kind === 'comment') slotAt.set(place.line.start, slot);
  });
  const slots = found.places.map(place => {
    if (place.kind !== 'comment') return undefined;
    const line = prepared.comments[order.get(place.line.start) ?? -1];
    return line && slotAt.get(line.start);
  });
  return { documents: found.documents, slots };
}

type Items = (Entry | Comment)[];

class TreeBuilder {
  readonly places: Place[] = [];
  readonly blocks: BlockPair[] = [];
  readonly #seen = new Set<number>();
  /** Greater than 0 while the nodes of an alias are repeated. */
  #repeating = 0;
  #repeated = 0;
  #depth = 0;
  #document = 0;

  document(document: YamlDocument, index: number): Mapping {
    this.#document = index;
    const items: Items = [];
    this.#comments(document.head, false, items);
    this.#root(document.root, items);
    this.#comments(document.foot, false, items);
    return mapping(items);
  }

  /** Comments that go-yaml loses are secrets like the others: they get a slot at the end of their document. */
  withLostComments(documents: readonly Mapping[], stream: YamlStream): readonly Mapping[] {
    const lost: Items[] = documents.map(() => []);
    let index = 0;
    for (const line of stream.comments) {
      while (index + 1 < documents.length && line.start >= (stream.documents[index]?.end ?? 0)) index++;
      if (this.#seen.has(line.start) || this.#isInBlock(line)) continue;
      lost[index]?.push({ ...comment(line.text, false, this.#slot({ kind: 'comment', line })), detached: true });
    }
    return documents.map((root, i) => (lost[i]?.length ? mapping([...root.items, ...lost[i]]) : root));
  }

  #isInBlock(line: CommentLine): boolean {
    return this.blocks.some(({ pair }) => line.start > pair.key.start && line.start < pair.value.end);
  }

  #root(node: SyntaxNode, items: Items): void {
    if (node.kind === 'alias') {
      this.#repeat(node, () => this.#root(node.target, items));
      return;
    }
    this.#comments(node.head, false, items);
    this.#comments(node.lineComment, false, items);
    if (node.kind === 'sequence') throw rootError(node, 'a list');
    if (node.kind === 'scalar' && resolved(node) !== null) throw rootError(node, 'a single value');
    if (node.kind === 'mapping') this.#pairs(node, undefined, items, true);
    this.#comments(node.foot, false, items);
  }

  #pairs(node: MappingNode, path: PathLink | undefined, items: Items, isRoot = false): void {
    for (const pair of node.pairs) {
      const key = keyOf(pair.key);
      if (isRoot && key === 'sops') this.#blockPair(pair, node, items);
      else this.#pair(pair, node, key, { step: key, parent: path }, items);
    }
  }

  #pair(pair: Pair, parent: MappingNode, key: string, path: PathLink, items: Items): void {
    const { value } = pair;
    this.#comments(pair.key.head, false, items);
    this.#comments(pair.key.lineComment, false, items);
    const handled = value.kind === 'scalar' || value.kind === 'alias';
    if (handled) {
      this.#comments(value.head, false, items);
      this.#comments(value.lineComment, true, items);
    }
    items.push(entry(key, this.#node(value, handled, path, parent.column)));
    if (handled) this.#comments(value.foot, false, items);
    this.#comments(pair.key.foot, false, items);
  }

  #blockPair(pair: Pair, root: MappingNode, items: Items): void {
    this.#comments(pair.key.head, false, items);
    const places = this.places.length;
    const value = this.#node(pair.value, true, undefined, 0);
    this.places.length = places;
    this.blocks.push({ document: this.#document, value, pair, root });
    this.#comments(pair.key.foot, false, items);
  }

  #node(node: SyntaxNode, handled: boolean, path: PathLink | undefined, base: number, list?: LeafPlace['list']): Node {
    if (node.kind === 'scalar') return this.#leaf(node, path, base, list);
    if (node.kind === 'alias') return this.#repeat(node, () => this.#node(node.target, false, path, base));
    this.#depth++;
    if (this.#depth > maxDepth)
      throw syntaxError(node, `the file is nested more than ${maxDepth} levels deep`, 'Flatten the structure.');
    const built = node.kind === 'mapping' ? this.#mapping(node, handled, path) : this.#sequence(node, handled, path);
    this.#depth--;
    return built;
  }

  #leaf(node: ScalarNode, path: PathLink | undefined, base: number, list: LeafPlace['list']): Node {
    const value = node.style === 'plain' && node.text.startsWith('ENC[') ? node.text : resolved(node);
    const place: LeafPlace = { kind: 'leaf', node, base, document: this.#document, path, ...(list && { list }) };
    return leaf(value, this.#slot(place));
  }

  #mapping(node: MappingNode, handled: boolean, path: PathLink | undefined): Mapping {
    const items: Items = [];
    if (!handled) this.#comments([...node.head, ...node.lineComment], false, items);
    this.#pairs(node, path, items);
    if (!handled) this.#comments(node.foot, false, items);
    return mapping(items);
  }

  #sequence(node: SequenceNode, handled: boolean, path: PathLink | undefined): Node {
    const items: (Node | Comment)[] = [];
    if (!handled) this.#comments([...node.head, ...node.lineComment], false, items, node);
    node.items.forEach((item, index) => {
      this.#comments(item.head, false, items, node);
      this.#comments(item.lineComment, true, items, node);
      items.push(this.#node(item, true, { step: index, parent: path }, node.column, { node, index }));
      this.#comments(item.foot, false, items, node);
    });
    if (!handled) this.#comments(node.foot, false, items, node);
    return sequence(items);
  }

  #repeat<T>(alias: AliasNode, build: () => T): T {
    this.#repeating++;
    const before = this.places.length;
    const built = build();
    this.#repeating--;
    this.#repeated += this.places.length - before + 1;
    if (this.#repeated > maxRepeated) throw tooManyRepetitions(alias);
    return built;
  }

  #comments(
    lines: readonly CommentLine[],
    inline: boolean,
    items: (Comment | Entry | Node)[],
    list?: SequenceNode,
  ): void {
    for (const line of lines) {
      this.#seen.add(line.start);
      items.push(comment(line.text, inline, this.#slot({ kind: 'comment', line, ...(list && { list }) })));
    }
  }

  #slot(place: Place): number {
    this.places.push(this.#repeating > 0 ? { kind: 'repeated' } : place);
    return this.places.length - 1;
  }
}

function resolved(node: ScalarNode): Scalar {
  try {
    return resolveScalar(node);
  } catch (error) {
    throw error instanceof TsopsError ? error.with({ line: node.line + 1, column: node.column + 1 }) : error;
  }
}

function keyOf(node: SyntaxNode): string {
  const target = node.kind === 'alias' ? node.target : node;
  if (target.kind !== 'scalar') {
    throw syntaxError(node, 'a list or mapping is used as a key', 'Use text as the key.');
  }
  const key = resolved(target);
  if (typeof key === 'string') return key;
  throw new TsopsError('NOT_ENCRYPTABLE', 'a key is not text: the sops format knows only text keys', {
    line: node.line + 1,
    column: node.column + 1,
    hints: ['Put the key in quotes (numbers, dates, true, false and null are not text without them).'],
  });
}

function rootError(node: SyntaxNode, what: string): TsopsError {
  return syntaxError(
    node,
    `the document is ${what}; only mappings can be encrypted`,
    'Put it under a key, for example `data:`, or encrypt the file as binary (--input-type binary).',
  );
}

function syntaxError(node: SyntaxNode, message: string, hint: string): TsopsError {
  return new TsopsError('FILE_SYNTAX', message, { line: node.line + 1, column: node.column + 1, hints: [hint] });
}

function tooManyRepetitions(alias: AliasNode): TsopsError {
  return syntaxError(
    alias,
    `the aliases of the file repeat more than ${maxRepeated} values`,
    'Write the values out, or split the file.',
  );
}

/** The path of a leaf as a list, outermost step first, led by its document. */
export function pathOf(place: LeafPlace): (string | number)[] {
  const steps: (string | number)[] = [];
  for (let link = place.path; link !== undefined; link = link.parent) steps.push(link.step);
  steps.push(place.document);
  return steps.reverse();
}
