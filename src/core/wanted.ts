/**
 * What a rule selects in a file as its author wrote it. Encrypting may have to change the structure of the text (aliases are
 * written out, a block follows the last comment), and a rule may then select less than before: nothing that was meant to
 * be secret may stay readable because of that. `docs/format.md` §7.3.
 */

import type { Selection } from './selection.ts';
import type { Comment, Leaf, WrittenTree } from './tree.ts';
import { type Visitor, walk } from './walk.ts';

export interface Wanted {
  /** For each leaf that is not null, in walk order. */
  readonly leaves: readonly boolean[];
  /** Slots, in the tree that is encrypted, of the comments that are selected and decide nothing themselves. */
  readonly comments: ReadonlySet<number>;
}

export function wantedOf({ documents, slots }: WrittenTree, selection: Selection): Wanted {
  const leaves: boolean[] = [];
  const comments = new Set<number>();
  const collector: Visitor = {
    leaf: (_leaf: Leaf, selected: boolean) => {
      leaves.push(selected);
      return false;
    },
    comment: ({ slot, text }: Comment, selected: boolean) => {
      const moved = slots[slot];
      if (selected && moved !== undefined && !selection.isTrigger(text)) comments.add(moved);
    },
  };
  walk({ documents, slots: slots.length }, selection, collector);
  return { leaves, comments };
}
