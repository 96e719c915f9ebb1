/**
 * The last check before an encrypted file may replace its plain text: what was written is parsed again, must hold
 * exactly the ciphertexts and clear values that were meant, and must give back the original bytes when its values are restored.
 * It uses no key and costs one more parse; a plain file is the only copy of somebody's secrets until this has passed.
 */

import { sameScalar } from '../core/scalar.ts';
import {
  type Changes,
  type Comment,
  comment,
  type Entry,
  type Leaf,
  type Mapping,
  type Node,
  type Scalar,
  type Sequence,
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
  const restored: Restored = new Array(written.tree.slots);
  if (written.tree.documents.length !== plain.documents.length) throw notRestorable();
  plain.documents.forEach((document, index) => {
    pairNodes(document, written.tree.documents[index] as Mapping, changes, restored);
  });
  if (!sameBytes(written.rewrite(restored, spelling), original)) throw notRestorable();
}

type Container = Mapping | Sequence;
type Restored = (Scalar | Comment | undefined)[];
type NodePair = readonly [meant: Node, written: Node];

/**
 * Walks the meant and the written tree side by side; collects, by slot of the written tree, the values to restore. Keeps its own
 * stack: nesting has no limit here.
 */
function pairNodes(meantRoot: Mapping, writtenRoot: Mapping, changes: Changes, restored: Restored): void {
  const open: NodePair[] = [[meantRoot, writtenRoot]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [meant, written] = pair;
    if (meant.kind === 'leaf') pairLeaves(meant, written, changes, restored);
    else if (written.kind === meant.kind) pairItems(meant, written, changes, restored, open);
    else throw notRestorable();
  }
}

function pairLeaves(meant: Leaf, written: Node, changes: Changes, restored: Restored): void {
  const change = changes[meant.slot];
  if (written.kind !== 'leaf' || !isAsMeant(written.value, meant.value, change)) throw notRestorable();
  if (change !== undefined) restored[written.slot] = meant.value;
}

function pairItems(meant: Container, written: Container, changes: Changes, restored: Restored, open: NodePair[]): void {
  const comments = pairComments(meant, written, changes, restored);
  let at = 0;
  for (const a of meant.items) {
    if (a.kind === 'comment') continue;
    at = nextValue(written, at, comments);
    const b = written.items[at++];
    if (b === undefined || b.kind === 'comment') throw notRestorable();
    if (a.kind === 'entry' && (b.kind !== 'entry' || a.key !== b.key)) throw notRestorable();
    const [left, right] = [a.kind === 'entry' ? a.value : a, b.kind === 'entry' ? b.value : b];
    if (left.kind === 'leaf') pairLeaves(left, right, changes, restored);
    else open.push([left, right]);
  }
  if (nextValue(written, at, comments) < written.items.length) throw notRestorable();
}

/** The index of the next item from this one on that is no comment. */
function nextValue({ items }: Container, from: number, comments: ReadonlySet<string>): number {
  let at = from;
  for (let item = items[at]; item !== undefined; item = items[++at])
    if (item.kind !== 'comment' && !isListComment(item, comments)) break;
  return at;
}

/** A ciphertext in a block scalar reads back with the line break that ends it. */
function isAsMeant(written: Scalar, plain: Scalar, change: Scalar | Comment | undefined): boolean {
  if (typeof change !== 'string') return sameScalar(written, plain);
  return written === change || (typeof written === 'string' && written.trimEnd() === change);
}

/**
 * Every comment that is meant must be there, in its order; an alias in a clear part shows those of its anchor besides.
 * @returns the ciphertexts among them
 */
function pairComments(meant: Container, written: Container, changes: Changes, restored: Restored): ReadonlySet<string> {
  let ciphertexts: Set<string> | undefined;
  let at = 0;
  for (const item of meant.items) {
    if (item.kind !== 'comment') continue;
    const change = changes[item.slot];
    const text = typeof change === 'string' ? change : item.text;
    const { found, index } = nextComment(written, at, text);
    if (change !== undefined) restored[found.slot] = found.kind === 'leaf' ? comment(item.text) : item.text;
    if (typeof change === 'string') {
      ciphertexts ??= new Set();
      ciphertexts.add(change);
    }
    at = index + 1;
  }
  return ciphertexts ?? none;
}

const none: ReadonlySet<string> = new Set();

function nextComment(container: Container, from: number, text: string): { found: Comment | Leaf; index: number } {
  for (let index = from; index < container.items.length; index++) {
    const found = container.items[index];
    if (found?.kind === 'comment' && found.text === text) return { found, index };
    if (found?.kind === 'leaf' && found.value === text) return { found, index };
  }
  throw notRestorable();
}

/** sops keeps an encrypted comment of a list as an item. */
const isListComment = (item: Node | Entry | Comment, comments: ReadonlySet<string>): boolean =>
  item.kind === 'leaf' && typeof item.value === 'string' && comments.has(item.value);

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function notRestorable(): TsopsError {
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
