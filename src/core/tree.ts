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
  /** Set on a comment that sops does not see in this place: it is encrypted, but no comment rule looks at it. */
  readonly detached?: boolean;
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
  /** Set where the text had to change its structure to be encrypted: what the rule is meant to select is decided there. */
  readonly asWritten?: WrittenTree | undefined;
  readonly [stage]?: S;
}

/** The tree of a text as its author wrote it: the same leaves in the same order; comments may stand in other containers. */
export interface WrittenTree {
  readonly documents: readonly Mapping[];
  /** By slot of a comment here, its slot in the tree that is encrypted; a hole for what an alias repeats. */
  readonly slots: readonly (number | undefined)[];
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

/** The tree with its changes in place, for printing in another format. Keeps its own stack: nesting has no limit here. */
export function applyChanges<S extends Stage>(tree: Tree<Stage>, changes: Changes): Tree<S> {
  return { documents: tree.documents.map(root => changedMapping(root, changes)), slots: tree.slots };
}

type Item = Node | Entry | Comment;

/** A container whose items are being replaced, and the key it stands under. */
interface Rebuilt {
  readonly source: Mapping | Sequence;
  readonly key: string | undefined;
  readonly items: Item[];
}

function changedMapping(root: Mapping, changes: Changes): Mapping {
  const stack: Rebuilt[] = [{ source: root, key: undefined, items: [] }];
  for (;;) {
    const rebuilt = stack.at(-1) as Rebuilt;
    const item = rebuilt.source.items[rebuilt.items.length];
    if (item !== undefined) {
      const node = item.kind === 'entry' ? item.value : item;
      const key = item.kind === 'entry' ? item.key : undefined;
      if (node.kind === 'mapping' || node.kind === 'sequence') stack.push({ source: node, key, items: [] });
      else rebuilt.items.push(changedItem(node, key, changes));
      continue;
    }
    stack.pop();
    const container = { kind: rebuilt.source.kind, items: rebuilt.items } as Mapping | Sequence;
    const outer = stack.at(-1);
    if (outer === undefined) return container as Mapping;
    outer.items.push(rebuilt.key === undefined ? container : entry(rebuilt.key, container));
  }
}

function changedItem(item: Leaf | Comment, key: string | undefined, changes: Changes): Item {
  const change = changes[item.slot];
  if (item.kind === 'comment') return changedComment(item, change);
  if (key === undefined && change !== undefined && isComment(change)) return change;
  const node = change === undefined || isComment(change) ? item : leaf(change, item.slot);
  return key === undefined ? node : entry(key, node);
}

function changedComment(item: Comment, change: Changes[number]): Comment {
  if (change === undefined) return item;
  if (isComment(change)) return change;
  return comment(typeof change === 'string' ? change : '', item.inline, item.slot);
}

export function isComment(change: Scalar | Comment): change is Comment {
  return typeof change === 'object' && change !== null && 'kind' in change && change.kind === 'comment';
}
