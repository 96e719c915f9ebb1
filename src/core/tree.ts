/**
 * The tree that every format parses to and that the cipher walks: documents, mappings, sequences, leaves and comments,
 * in the order in which they stand in the file. `docs/format.md` §2.
 *
 * A tree is never changed in place. A format numbers the leaves and comments of a file in walk order (their *slots*);
 * encrypting or decrypting gives a list of changes by slot, which the format then patches into the source text.
 */

import type { Timestamp } from './scalar.ts';

/**
 * A value as sops types it: `string` and `Uint8Array` are `str` (bytes where the text need not be UTF-8), `bigint` is `int`
 * (64 bits, signed), `number` is `float`, `Timestamp` is `time`. `null` is never encrypted and never hashed.
 */
export type Scalar = string | Uint8Array | bigint | number | boolean | Timestamp | null;

export interface Leaf {
  readonly kind: 'leaf';
  readonly value: Scalar;
  /** Position in walk order among all leaves and comments of the file; -1 for a node that is in no file. */
  readonly slot: number;
}

/** One comment as sops models it: without its marker (`#`, `;`). Its path is that of the container it stands in. */
export interface Comment {
  readonly kind: 'comment';
  readonly text: string;
  /** True for a YAML comment behind a value on the same line. */
  readonly inline: boolean;
  readonly slot: number;
}

export interface Entry {
  readonly kind: 'entry';
  readonly key: string;
  readonly value: Node;
}

export interface Mapping {
  readonly kind: 'mapping';
  readonly items: readonly (Entry | Comment)[];
}

export interface Sequence {
  readonly kind: 'sequence';
  readonly items: readonly (Node | Comment)[];
}

export type Node = Leaf | Mapping | Sequence;

/** Which values a tree holds: those of the user, or `ENC[…]` texts where the selection says so. */
export type Stage = 'plain' | 'encrypted';

declare const stage: unique symbol;

/** All documents of a file, without the `sops` block. Plain and encrypted trees are different types on purpose. */
export interface Tree<S extends Stage> {
  readonly documents: readonly Mapping[];
  /** One more than the highest slot. */
  readonly slots: number;
  readonly [stage]?: S;
}

/**
 * What becomes of each slot; a hole means unchanged. A `Comment` in the slot of a leaf turns a list item into a comment
 * (sops stores encrypted list comments as items).
 */
export type Changes = readonly (Scalar | Comment | undefined)[];

/** Mapping keys and sequence positions from the root of a document. Comments do not count as positions. */
export type Path = readonly (string | number)[];

export const leaf = (value: Scalar, slot = -1): Leaf => ({ kind: 'leaf', value, slot });
export const comment = (text: string, inline = false, slot = -1): Comment => ({ kind: 'comment', text, inline, slot });
export const entry = (key: string, value: Node): Entry => ({ kind: 'entry', key, value });
export const mapping = (items: readonly (Entry | Comment)[]): Mapping => ({ kind: 'mapping', items });
export const sequence = (items: readonly (Node | Comment)[]): Sequence => ({ kind: 'sequence', items });

/** The tree with its changes in place, for printing in another format. */
export function applyChanges<S extends Stage>(tree: Tree<Stage>, changes: Changes): Tree<S> {
  return { documents: tree.documents.map(root => changedMapping(root, changes)), slots: tree.slots };
}

function changedMapping(node: Mapping, changes: Changes): Mapping {
  return mapping(
    node.items.map(item =>
      item.kind === 'entry' ? entry(item.key, changedNode(item.value, changes)) : changedComment(item, changes),
    ),
  );
}

function changedNode(node: Node, changes: Changes): Node {
  if (node.kind === 'mapping') return changedMapping(node, changes);
  if (node.kind === 'sequence') return sequence(node.items.map(item => changedItem(item, changes)));
  const change = changes[node.slot];
  return change === undefined || isComment(change) ? node : leaf(change, node.slot);
}

function changedItem(item: Node | Comment, changes: Changes): Node | Comment {
  if (item.kind === 'comment') return changedComment(item, changes);
  if (item.kind === 'leaf') {
    const change = changes[item.slot];
    if (change !== undefined && isComment(change)) return change;
  }
  return changedNode(item, changes);
}

function changedComment(item: Comment, changes: Changes): Comment {
  const change = changes[item.slot];
  if (change === undefined) return item;
  if (isComment(change)) return change;
  return comment(typeof change === 'string' ? change : '', item.inline, item.slot);
}

export function isComment(change: Scalar | Comment): change is Comment {
  return typeof change === 'object' && change !== null && 'kind' in change && change.kind === 'comment';
}
