/** Where the slots of an encrypted INI file stand in its text. */

import { LineMap, type LinePlace } from '../../core/linemap.ts';
import type { Layout } from './layout.ts';

export class SlotPlaces {
  readonly #raw: string;
  readonly #blocks: readonly string[];
  readonly #layout: Layout;
  readonly #lines: LineMap;
  #offsets: ReadonlyMap<number, number> | undefined;

  /** @param blocks the texts that were taken out of the raw text before it was laid out */
  constructor(raw: string, blocks: readonly string[], layout: Layout) {
    this.#raw = raw;
    this.#blocks = blocks;
    this.#layout = layout;
    this.#lines = new LineMap(raw, true);
  }

  at(slot: number): LinePlace | undefined {
    this.#offsets ??= offsetsOf(this.#layout);
    const offset = this.#offsets.get(slot);
    return offset === undefined ? undefined : this.#lines.at(this.#inRaw(offset));
  }

  /** A block is nearly always the last section; behind one that is not, everything has moved up by its length. */
  #inRaw(offset: number): number {
    const [first] = this.#blocks;
    if (first === undefined || offset < this.#raw.indexOf(first)) return offset;
    return offset + this.#raw.length - this.#layout.raw.length;
  }
}

function offsetsOf(layout: Layout): ReadonlyMap<number, number> {
  const offsets = new Map<number, number>();
  for (const { unit, value, comments } of layout.units) {
    if (unit.kind === 'key' && value >= 0) offsets.set(value, unit.valueSpan.start);
    for (const [index, slot] of comments.entries()) {
      const line = unit.lines[index]?.start;
      offsets.set(slot, line ?? (unit.kind === 'tail' ? unit.start : (unit.inline?.start ?? unit.start)));
    }
  }
  return offsets;
}
