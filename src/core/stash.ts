/**
 * Ciphertexts of an earlier decryption, so that editing changes only the ciphertexts of values that changed.
 * `docs/format.md` §9; the stash of sops 3.13.2 aes/cipher.go does this by value, and so gives equal list items equal
 * ciphertexts. Here a ciphertext is used once, first where the same value still stands at the same place.
 */

import type { Value } from './cipher.ts';
import { addSegment, commentAad } from './path.ts';
import { canonical, scalarType, standsFor } from './scalar.ts';
import {
  type Changes,
  type Comment,
  isComment,
  type Leaf,
  type Mapping,
  type Node,
  type Sequence,
  type Stage,
  type Tree,
} from './tree.ts';

/** An encrypted tree and what it decrypted to. Its ciphertexts are of use under the same data key only. */
export interface Stash {
  readonly tree: Tree<'encrypted'>;
  readonly changes: Changes;
}

type Container = Mapping | Sequence;

/** One ciphertext of the stash with its plain value. */
interface Kept {
  readonly slot: number;
  readonly ciphertext: string;
  readonly plain: Value | Comment;
}

/** The ciphertexts of a stash that a plain tree can use again. */
export class Reuse {
  readonly #stash: Stash;
  /** By slot of the plain tree: the ciphertext of the same value at the same place. */
  readonly #unmoved: (string | undefined)[] = [];
  /** By slot of the encrypted tree. */
  readonly #used: Uint8Array;
  #moved: Map<string, Queue<Kept>> | undefined;

  constructor(plain: Tree<Stage>, stash: Stash) {
    this.#stash = stash;
    this.#used = new Uint8Array(stash.tree.slots);
    for (const [index, document] of plain.documents.entries()) {
      const former = stash.tree.documents[index];
      if (former !== undefined) this.#pair(document, former);
    }
  }

  /** The ciphertext of an unchanged value at an unchanged place. To be asked for all slots before `moved` is asked. */
  unmoved(slot: number): string | undefined {
    return this.#unmoved[slot];
  }

  /** A ciphertext of the same value with the same additional data from elsewhere, such as a list that has shifted; each only once. */
  moved(value: Value | Comment, aad: string): string | undefined {
    this.#moved ??= this.#unused();
    return this.#moved.get(identity(value, aad))?.take()?.ciphertext;
  }

  #pair(plain: Mapping, former: Mapping): void {
    const pairs: [Container, Container][] = [[plain, former]];
    for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
      const [container, formerContainer] = pair;
      this.#pairComments(container, formerContainer);
      for (const [node, formerNode] of matchingNodes(container, formerContainer, this.#stash.changes)) {
        if (node.kind === 'leaf') {
          if (formerNode.kind === 'leaf') this.#pairLeaf(node, formerNode);
        } else if (node.kind === formerNode.kind) pairs.push([node, formerNode as Container]);
      }
    }
  }

  #pairLeaf(leaf: Leaf, former: Leaf): void {
    const kept = keptOf(former, this.#stash.changes);
    if (kept === undefined || isComment(kept.plain) || !standsFor(leaf.value, kept.plain)) return;
    this.#use(leaf.slot, kept);
  }

  /** Equal comments of a container are taken in order, those in clear text with them, since the rule may tell them apart. */
  #pairComments(container: Container, former: Container): void {
    const byText = new Map<string, Queue<Kept | undefined>>();
    for (const item of former.items) {
      if (item.kind !== 'comment' && item.kind !== 'leaf') continue;
      const kept = keptOf(item, this.#stash.changes);
      if (kept !== undefined && isComment(kept.plain)) append(byText, kept.plain.text, kept);
      else if (item.kind === 'comment') append(byText, item.text, undefined);
    }
    if (byText.size === 0) return;
    for (const item of container.items) {
      if (item.kind !== 'comment') continue;
      const kept = byText.get(item.text)?.take();
      if (kept !== undefined) this.#use(item.slot, kept);
    }
  }

  #use(slot: number, kept: Kept): void {
    this.#unmoved[slot] = kept.ciphertext;
    this.#used[kept.slot] = 1;
  }

  #unused(): Map<string, Queue<Kept>> {
    const found = new Map<string, Queue<Kept>>();
    for (const [item, prefix] of slotsOf(this.#stash.tree)) {
      const kept = this.#used[item.slot] === 1 ? undefined : keptOf(item, this.#stash.changes);
      if (kept === undefined) continue;
      const comment = isComment(kept.plain);
      append(found, identity(kept.plain, comment && item.kind === 'comment' ? commentAad(prefix) : prefix), kept);
    }
    return found;
  }
}

/** Several stashes, the best first. Versions of a file share ciphertexts, and each is used once all the same. */
export class ReuseAll {
  readonly #sources: readonly Reuse[];
  readonly #taken = new Set<string>();

  constructor(plain: Tree<Stage>, stashes: readonly Stash[]) {
    this.#sources = stashes.map(stash => new Reuse(plain, stash));
  }

  unmoved(slot: number): string | undefined {
    for (const source of this.#sources) {
      const found = source.unmoved(slot);
      if (found !== undefined && this.#take(found)) return found;
    }
    return undefined;
  }

  moved(value: Value | Comment, aad: string): string | undefined {
    for (const source of this.#sources) {
      for (let found = source.moved(value, aad); found !== undefined; found = source.moved(value, aad))
        if (this.#take(found)) return found;
    }
    return undefined;
  }

  #take(ciphertext: string): boolean {
    if (this.#taken.has(ciphertext)) return false;
    this.#taken.add(ciphertext);
    return true;
  }
}

/** Undefined for what stood in clear text. White space around a ciphertext belongs to the scalar it stood in. */
function keptOf(item: Leaf | Comment, changes: Changes): Kept | undefined {
  const plain = changes[item.slot];
  const text = item.kind === 'comment' ? item.text : item.value;
  if (plain === undefined || plain === null || typeof text !== 'string') return undefined;
  const value = item.kind === 'comment' && typeof plain === 'string' ? commentOf(plain) : plain;
  return { slot: item.slot, ciphertext: text.trimEnd(), plain: value };
}

const commentOf = (text: string): Comment => ({ kind: 'comment', text, inline: false, slot: -1 });

function identity(value: Value | Comment, aad: string): string {
  if (isComment(value)) return `comment ${aad} ${value.text}`;
  const form = canonical(value);
  const text = typeof form === 'string' ? form : Buffer.from(form).toString('latin1');
  return `${scalarType(value)} ${typeof form} ${aad} ${text}`;
}

/** First in, first out, without moving what is behind. */
class Queue<V> {
  readonly #values: V[] = [];
  #next = 0;

  add(value: V): void {
    this.#values.push(value);
  }

  take(): V | undefined {
    return this.#values[this.#next++];
  }
}

function append<V>(queues: Map<string, Queue<V>>, key: string, value: V): void {
  const queue = queues.get(key) ?? new Queue<V>();
  queue.add(value);
  queues.set(key, queue);
}

/** Values of equal keys (the nth of each), items of equal positions. */
function matchingNodes(plain: Container, former: Container, changes: Changes): [Node, Node][] {
  const formerNodes = nodesByPlace(former, changes);
  const found: [Node, Node][] = [];
  for (const [place, node] of nodesByPlace(plain, [])) {
    const formerNode = formerNodes.get(place);
    if (formerNode !== undefined) found.push([node, formerNode]);
  }
  return found;
}

function nodesByPlace(container: Container, changes: Changes): Map<string | number, Node> {
  const nodes = new Map<string | number, Node>();
  const seen = new Map<string, number>();
  let position = 0;
  for (const item of container.items) {
    if (item.kind === 'comment') continue;
    if (item.kind === 'entry') {
      const count = seen.get(item.key) ?? 0;
      seen.set(item.key, count + 1);
      nodes.set(count === 0 ? `=${item.key}` : `${count}=${item.key}`, item.value);
    } else if (item.kind !== 'leaf' || !isListComment(changes[item.slot])) nodes.set(position++, item);
  }
  return nodes;
}

const isListComment = (change: Changes[number]): boolean => change !== undefined && isComment(change);

/** Every leaf and comment with the additional data of its place. */
function* slotsOf(tree: Tree<Stage>): Generator<[Leaf | Comment, string]> {
  const open: [Container, string][] = tree.documents.map(root => [root, '']);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [container, prefix] = next;
    for (const item of container.items) {
      if (item.kind === 'comment') {
        yield [item, prefix];
        continue;
      }
      const node = item.kind === 'entry' ? item.value : item;
      const aad = addSegment(prefix, item.kind === 'entry' ? item.key : undefined);
      if (node.kind === 'leaf') yield [node, aad];
      else open.push([node, aad]);
    }
  }
}
