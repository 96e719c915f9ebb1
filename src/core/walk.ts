/**
 * The walk over a tree that encrypting and decrypting share: documents in order, depth first, comments in place, with the
 * selection rule and the additional data of every position. It keeps its own stack, so that nesting has no limit here.
 * `docs/format.md` §2, §3; sops 3.13.2 sops.go walkBranch, walkSlice.
 */

import { addSegment, commentAad } from './path.ts';
import type { Scope, Selection } from './selection.ts';
import type { Comment, Entry, Leaf, Mapping, Node, Path, Sequence, Stage, Tree } from './tree.ts';

export interface Visitor {
  /**
   * A leaf that is not null; `inMapping` tells a mapping's value from a list's item.
   * True makes it count as a comment: no position in its list, and the comments before it stay active.
   */
  leaf(leaf: Leaf, selected: boolean, place: Place): boolean;
  comment(comment: Comment, selected: boolean, place: Place): void;
}

/** Where the walk stands. Valid only during the visit. */
export interface Place {
  readonly document: number;
  readonly inMapping: boolean;
  /** The additional data of the leaf or comment. */
  aad(): string;
  /** Keys and positions of the leaf, or of the container of the comment. */
  path(): Path;
  /** The key of the leaf, or that of the list or lists that it is in; empty for a comment. */
  name(): string;
  /** Additional data of the containers around and beside a comment, nearest first, its own left out. */
  nearbyAads(): string[];
}

export function walk(tree: Tree<Stage>, selection: Selection, visitor: Visitor): void {
  for (const [document, root] of tree.documents.entries()) new Walk(document, root, selection, visitor).run();
}

interface Frame {
  readonly container: Mapping | Sequence;
  readonly scope: Scope;
  /** Additional data of the container: its keys, each with a colon behind it. */
  readonly prefix: string;
  index: number;
  /** Position in a list, comments left out. */
  position: number;
  /** Key of the entry the walk is at. */
  key: string | undefined;
}

const frameOf = (container: Mapping | Sequence, scope: Scope, prefix: string): Frame => ({
  container,
  scope,
  prefix,
  index: 0,
  position: 0,
  key: undefined,
});

/** How many containers are tried for a comment that stands elsewhere than it was encrypted for. */
const nearbyLimit = 32;
const nestedLimit = 8;

type Item = Entry | Node | Comment;

class Walk implements Place {
  readonly document: number;
  readonly #stack: Frame[];
  readonly #visitor: Visitor;
  #frame: Frame;
  #atComment = false;

  constructor(document: number, root: Mapping, selection: Selection, visitor: Visitor) {
    this.document = document;
    this.#visitor = visitor;
    this.#frame = frameOf(root, selection.root(), '');
    this.#stack = [this.#frame];
  }

  run(): void {
    for (;;) {
      const frame = this.#frame;
      const item = frame.container.items[frame.index++];
      if (item === undefined) {
        this.#stack.pop();
        const outer = this.#stack.at(-1);
        if (outer === undefined) return;
        this.#frame = outer;
        this.#leaveSibling();
      } else if (item.kind === 'comment') this.#visitComment(item);
      else this.#visitNode(item);
    }
  }

  #visitComment(item: Comment): void {
    this.#atComment = true;
    this.#visitor.comment(item, this.#selectsComment(item), this);
    this.#atComment = false;
  }

  /** A detached comment is judged in a scope of its own, so that no rule sees it. */
  #selectsComment({ text, detached }: Comment): boolean {
    const { scope } = this.#frame;
    return detached === true ? scope.enter(undefined).selectsComment('') : scope.selectsComment(text);
  }

  #visitNode(item: Entry | Node): void {
    const frame = this.#frame;
    frame.key = item.kind === 'entry' ? item.key : undefined;
    const node = item.kind === 'entry' ? item.value : item;
    if (node.kind !== 'leaf') {
      this.#frame = frameOf(node, frame.scope.enter(frame.key), addSegment(frame.prefix, frame.key));
      this.#stack.push(this.#frame);
      return;
    }
    const wasComment = node.value !== null && this.#visitor.leaf(node, frame.scope.selects(frame.key), this);
    if (!wasComment) this.#leaveSibling();
  }

  #leaveSibling(): void {
    this.#frame.scope.leaveSibling();
    this.#frame.position++;
  }

  get inMapping(): boolean {
    return this.#frame.container.kind === 'mapping';
  }

  aad(): string {
    const { prefix, key } = this.#frame;
    return this.#atComment ? commentAad(prefix) : addSegment(prefix, key);
  }

  path(): Path {
    const path = this.#stack.map(frame => (frame.container.kind === 'mapping' ? (frame.key ?? '') : frame.position));
    return this.#atComment ? path.slice(0, -1) : path;
  }

  name(): string {
    return this.#atComment ? '' : (this.#stack.findLast(frame => frame.key !== undefined)?.key ?? '');
  }

  nearbyAads(): string[] {
    const { container, prefix, index } = this.#frame;
    const found = new Set<string>();
    for (const aad of nearbyPrefixes(container, prefix, index - 1)) {
      found.add(aad);
      if (found.size >= nearbyLimit) break;
    }
    for (const frame of this.#stack.slice(-nearbyLimit, -1).reverse()) found.add(commentAad(frame.prefix));
    found.delete(commentAad(prefix));
    return [...found];
  }
}

/** The prefixes of the containers beside a comment and of what they hold, nearest first, on both sides. */
function* nearbyPrefixes(container: Mapping | Sequence, prefix: string, index: number): Generator<string> {
  for (let distance = 1; distance <= nearbyLimit; distance++) {
    yield* nestedPrefixes(container.items[index - distance], prefix, -1);
    yield* nestedPrefixes(container.items[index + distance], prefix, 1);
  }
}

/** The prefixes of a container and of its first or last containers, level by level. */
function* nestedPrefixes(start: Item | undefined, prefix: string, step: 1 | -1): Generator<string> {
  let item = start;
  let inside = prefix;
  for (let level = 0; level < nestedLimit && item !== undefined && item.kind !== 'comment'; level++) {
    const node: Node = item.kind === 'entry' ? item.value : item;
    if (node.kind === 'leaf') return;
    inside = addSegment(inside, item.kind === 'entry' ? item.key : undefined);
    yield inside;
    item = outermost(node, step);
  }
}

/** The first or last entry or item that is no comment. */
function outermost({ items }: Mapping | Sequence, step: 1 | -1): Item | undefined {
  const isNode = (item: Item): boolean => item.kind !== 'comment';
  return step === 1 ? items.find(isNode) : items.findLast(isNode);
}
