/**
 * The proof that an encrypted text holds what was meant, for `onepass.ts`: it was read again, and its events are put beside those of the
 * plain text. A plain file is the only copy of somebody's secrets until this has passed.
 */

import { EventKind, type LineTable } from './linetable.ts';
import { innerEnd, innerStart } from './simpleleaf.ts';

interface PlainSide {
  readonly text: Buffer;
  readonly table: LineTable;
  /** By event: where the ciphertext of it was written, start and end; both 0 where it stays in clear text. */
  readonly places: Uint32Array;
}

interface SealedSide {
  readonly text: Buffer;
  readonly table: LineTable;
  /** Where the block starts. */
  readonly end: number;
}

/**
 * Whether both texts have the same containers, keys, leaves and comments, every ciphertext is a leaf or comment of its own where it
 * was written, and all that stands between them is the same byte for byte. That each value brings its source back is known from
 * `comesBack`.
 */
export function readsBack(plain: PlainSide, sealed: SealedSide): boolean {
  if (plain.table.length !== sealed.table.length) return false;
  let at = 0;
  let sealedAt = 0;
  const isSame = (end: number, sealedEnd: number): boolean =>
    end - at === sealedEnd - sealedAt && plain.text.compare(sealed.text, sealedAt, sealedEnd, at, end) === 0;
  for (let event = 0; event < plain.table.length; event++) {
    if (!isSameEvent(event, plain, sealed)) return false;
    if (plain.table.isBehindNext(event)) continue;
    for (const placed of isCommentBefore(event, plain) ? [event, event - 1] : [event]) {
      const end = plain.places[2 * placed + 1] as number;
      if (end === 0) continue;
      const start = plain.places[2 * placed] as number;
      if (start !== innerStartOf(placed, sealed.table) || end !== innerEndOf(placed, sealed.table)) return false;
      if (!isSame(innerStartOf(placed, plain.table), start)) return false;
      at = innerEndOf(placed, plain.table);
      sealedAt = end;
    }
  }
  return isSame(plain.text.length, sealed.end);
}

const isCommentBefore = (event: number, { table }: PlainSide): boolean => event > 0 && table.isBehindNext(event - 1);

function isSameEvent(event: number, plain: PlainSide, sealed: SealedSide): boolean {
  const [a, b] = [plain.table, sealed.table];
  if (!a.isAlike(event, b)) return false;
  const [start, end] = [a.keyStart(event), a.keyEnd(event)];
  if (start === end) return b.keyStart(event) === b.keyEnd(event);
  return plain.text.compare(sealed.text, b.keyStart(event), b.keyEnd(event), start, end) === 0;
}

const innerStartOf = (event: number, table: LineTable): number =>
  table.kind(event) === EventKind.leaf ? innerStart(table, event) : table.start(event);
const innerEndOf = (event: number, table: LineTable): number =>
  table.kind(event) === EventKind.leaf ? innerEnd(table, event) : table.end(event);
