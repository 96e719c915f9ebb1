/**
 * The last check before an encrypted file may replace its plain text: what was written is parsed again, must hold
 * exactly the ciphertexts and clear values that were meant, and must give back the original bytes when its values are restored.
 * It uses no key and costs one more parse; a plain file is the only copy of somebody's secrets until this has passed.
 */

import { sameScalar } from '../core/scalar.ts';
import {
  type Changes,
  type Comment,
  isComment,
  type Mapping,
  type Node,
  type Scalar,
  type Tree,
} from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { Format } from '../formats/format.ts';

interface Verification {
  readonly format: Format;
  readonly sealed: Uint8Array;
  readonly plain: Tree<'plain'>;
  readonly changes: Changes;
  readonly spelling: string | undefined;
  readonly original: Uint8Array;
}

/** @throws TsopsError INTERNAL when decrypting would not give back the file byte for byte. */
export function verifyRestores({ format, sealed, plain, changes, spelling, original }: Verification): void {
  const written = format.parse(sealed, 'encrypted');
  const restored: (Scalar | Comment | undefined)[] = new Array(written.tree.slots);
  if (written.tree.documents.length !== plain.documents.length) throw notRestorable();
  plain.documents.forEach((document, index) => {
    pairNodes(document, written.tree.documents[index] as Mapping, changes, restored);
  });
  if (!sameBytes(written.rewrite(restored, spelling), original)) throw notRestorable();
}

/** Walks the meant and the written tree side by side; collects, by slot of the written tree, the values to restore. */
function pairNodes(meant: Node, written: Node, changes: Changes, restored: (Scalar | Comment | undefined)[]): void {
  if (meant.kind === 'leaf') {
    const change = changes[meant.slot];
    if (
      written.kind !== 'leaf' ||
      !sameScalar(written.value, change === undefined || isComment(change) ? meant.value : change)
    ) {
      throw notRestorable();
    }
    if (change !== undefined) restored[written.slot] = meant.value;
    return;
  }
  if (written.kind !== meant.kind || written.items.length !== meant.items.length) throw notRestorable();
  for (let i = 0; i < meant.items.length; i++) {
    const [a, b] = [meant.items[i], written.items[i]];
    if (a === undefined || b === undefined) throw notRestorable();
    if (a.kind === 'comment' || b.kind === 'comment') pairComments(a, b, changes, restored);
    else if (a.kind === 'entry' || b.kind === 'entry') {
      if (a.kind !== 'entry' || b.kind !== 'entry' || a.key !== b.key) throw notRestorable();
      pairNodes(a.value, b.value, changes, restored);
    } else pairNodes(a, b, changes, restored);
  }
}

type Item = Mapping['items'][number] | Node;

function pairComments(meant: Item, written: Item, changes: Changes, restored: (Scalar | Comment | undefined)[]): void {
  if (meant.kind !== 'comment' || written.kind !== 'comment') throw notRestorable();
  const change = changes[meant.slot];
  if (written.text !== (typeof change === 'string' ? change : meant.text)) throw notRestorable();
  if (change !== undefined) restored[written.slot] = meant.text;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function notRestorable(): TsopsError {
  return new TsopsError(
    'INTERNAL',
    'the encrypted file would not decrypt to exactly these bytes, so nothing was written',
    {
      hints: [
        'Please report the shape of this file (not its values). Simplify unusual YAML, or pass --no-spelling to accept another layout.',
      ],
    },
  );
}
