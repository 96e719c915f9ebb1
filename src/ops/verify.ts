/**
 * The last check before an encrypted file may replace its plain text: what was written is parsed again, must hold
 * exactly the ciphertexts and clear values that were meant, and must give back the original bytes when its values are restored.
 * It uses no key and costs one more parse; a plain file is the only copy of somebody's secrets until this has passed.
 */

import { sameScalar } from '../core/scalar.ts';
import type { Changes, Comment, Mapping, Node, Scalar, Sequence, Tree } from '../core/tree.ts';
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
    if (written.kind !== 'leaf' || !isAsMeant(written.value, meant.value, change)) throw notRestorable();
    if (change !== undefined) restored[written.slot] = meant.value;
    return;
  }
  if (written.kind !== meant.kind) throw notRestorable();
  pairComments(meant, written, changes, restored);
  const left = meant.items.filter(item => item.kind !== 'comment');
  const right = written.items.filter(item => item.kind !== 'comment');
  if (left.length !== right.length) throw notRestorable();
  for (const [i, a] of left.entries()) {
    const b = right[i];
    if (b === undefined || (a.kind === 'entry' && (b.kind !== 'entry' || a.key !== b.key))) throw notRestorable();
    pairNodes(a.kind === 'entry' ? a.value : a, b.kind === 'entry' ? b.value : b, changes, restored);
  }
}

/** A ciphertext in a block scalar reads back with the line break that ends it. */
function isAsMeant(written: Scalar, plain: Scalar, change: Scalar | Comment | undefined): boolean {
  if (typeof change !== 'string') return sameScalar(written, plain);
  return typeof written === 'string' && written.trimEnd() === change;
}

type Container = Mapping | Sequence;

/** Every comment that is meant must be there, in its order; an alias in a clear part shows those of its anchor besides. */
function pairComments(
  meant: Container,
  written: Container,
  changes: Changes,
  restored: (Scalar | Comment | undefined)[],
): void {
  let at = 0;
  for (const item of meant.items) {
    if (item.kind !== 'comment') continue;
    const change = changes[item.slot];
    const text = typeof change === 'string' ? change : item.text;
    const comment = nextComment(written, at, text);
    if (change !== undefined) restored[comment.found.slot] = item.text;
    at = comment.index + 1;
  }
}

function nextComment(container: Container, from: number, text: string): { found: Comment; index: number } {
  for (let index = from; index < container.items.length; index++) {
    const found = container.items[index];
    if (found?.kind === 'comment' && found.text === text) return { found, index };
  }
  throw notRestorable();
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
