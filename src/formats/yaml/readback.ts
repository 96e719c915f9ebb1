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
  return plain.table.length === sealed.table.length && new SideBySide(plain, sealed).run();
}

class SideBySide {
  readonly #plain: PlainSide;
  readonly #sealed: SealedSide;
  /** Up to where the texts have been compared. */
  #at = 0;
  #sealedAt = 0;

  constructor(plain: PlainSide, sealed: SealedSide) {
    this.#plain = plain;
    this.#sealed = sealed;
  }

  run(): boolean {
    const { table } = this.#plain;
    for (let event = 0; event < table.length; event++) {
      if (!this.#isSameEvent(event)) return false;
      if (table.isBehindNext(event)) continue;
      if (!this.#passes(event)) return false;
      if (event > 0 && table.isBehindNext(event - 1) && !this.#passes(event - 1)) return false;
    }
    return this.#isSameTo(this.#plain.text.length, this.#sealed.end);
  }

  /** Keys stand in the text that is compared: the same place in it is the same key. */
  #isSameEvent(event: number): boolean {
    const a = this.#plain.table;
    const b = this.#sealed.table;
    if (!a.isAlike(event, b)) return false;
    const start = a.keyStart(event);
    const end = a.keyEnd(event);
    if (start === end) return b.keyStart(event) === b.keyEnd(event);
    const moved = this.#sealedAt - this.#at;
    return b.keyStart(event) === start + moved && b.keyEnd(event) === end + moved;
  }

  /** Goes on behind the ciphertext of an event, where it has one. */
  #passes(event: number): boolean {
    const { places, table } = this.#plain;
    const start = places[2 * event] as number;
    const end = places[2 * event + 1] as number;
    if (end === 0) return true;
    const other = this.#sealed.table;
    if (start !== innerStartOf(event, other) || end !== innerEndOf(event, other)) return false;
    if (!this.#isSameTo(innerStartOf(event, table), start)) return false;
    this.#at = innerEndOf(event, table);
    this.#sealedAt = end;
    return true;
  }

  #isSameTo(end: number, sealedEnd: number): boolean {
    const a = this.#plain.text;
    const b = this.#sealed.text;
    const from = this.#at;
    const to = this.#sealedAt;
    const length = end - from;
    if (length < 0 || length !== sealedEnd - to) return false;
    // A call costs more than a short loop.
    if (length > 64) return a.compare(b, to, sealedEnd, from, end) === 0;
    for (let i = 0; i < length; i++) if (a[from + i] !== b[to + i]) return false;
    return true;
  }
}

const innerStartOf = (event: number, table: LineTable): number =>
  table.kind(event) === EventKind.leaf ? innerStart(table, event) : table.start(event);
const innerEndOf = (event: number, table: LineTable): number =>
  table.kind(event) === EventKind.leaf ? innerEnd(table, event) : table.end(event);
