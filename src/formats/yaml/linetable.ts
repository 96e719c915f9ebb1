/** What `lines.ts` finds in a text: its events in order, in one array of numbers, since there may be very many. */

export const EventKind = {
  /** A scalar, with its key where it has one. */
  leaf: 0,
  /** A container begins, under its key where it has one. */
  enter: 1,
  /** A container ends. */
  leave: 2,
  /** The text of a comment, behind its `#`. */
  comment: 3,
} as const;

export type EventKind = (typeof EventKind)[keyof typeof EventKind];

export const LeafStyle = { plain: 0, double: 1, single: 2 } as const;

export type LeafStyle = (typeof LeafStyle)[keyof typeof LeafStyle];

const fields = 5;

export class LineTable {
  length = 0;
  #numbers = new Uint32Array(256 * fields);

  /** A key that is empty stands for none. */
  add(kind: EventKind, keyStart: number, keyEnd: number, start: number, end: number): void {
    const at = this.length * fields;
    if (at === this.#numbers.length) {
      const larger = new Uint32Array(2 * at);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    const numbers = this.#numbers;
    numbers[at] = kind;
    numbers[at + 1] = keyStart;
    numbers[at + 2] = keyEnd;
    numbers[at + 3] = start;
    numbers[at + 4] = end;
    this.length++;
  }

  /** `base` is the column of the mapping or dash that a leaf hangs on. A leaf runs from its opening to behind its closing quote. */
  addLeaf(style: LeafStyle, keyStart: number, keyEnd: number, start: number, end: number, base: number): void {
    this.add(EventKind.leaf, keyStart, keyEnd, start, end);
    this.#numbers[(this.length - 1) * fields] = EventKind.leaf | (style << 2) | (base << 4);
  }

  addEnter(isList: boolean, keyStart: number, keyEnd: number, column: number): void {
    this.add(EventKind.enter, keyStart, keyEnd, 0, 0);
    this.#numbers[(this.length - 1) * fields] = EventKind.enter | (Number(isList) << 2) | (column << 4);
  }

  kind(event: number): EventKind {
    return ((this.#numbers[event * fields] as number) & 3) as EventKind;
  }

  style(event: number): LeafStyle {
    return (((this.#numbers[event * fields] as number) >> 2) & 3) as LeafStyle;
  }

  /** The base of a leaf, the column of a container. */
  column(event: number): number {
    return (this.#numbers[event * fields] as number) >> 4;
  }

  isList(event: number): boolean {
    return ((this.#numbers[event * fields] as number) & 4) !== 0;
  }

  keyStart(event: number): number {
    return this.#numbers[event * fields + 1] as number;
  }

  keyEnd(event: number): number {
    return this.#numbers[event * fields + 2] as number;
  }

  start(event: number): number {
    return this.#numbers[event * fields + 3] as number;
  }

  end(event: number): number {
    return this.#numbers[event * fields + 4] as number;
  }

  /** The key, undefined for none. */
  key(event: number, text: Buffer): string | undefined {
    const start = this.keyStart(event);
    const end = this.keyEnd(event);
    return start === end ? undefined : text.toString('latin1', start, end);
  }

  /** Whether the event is a comment that stands behind the leaf of the next event, on its line. */
  isBehindNext(event: number): boolean {
    if (this.kind(event) !== EventKind.comment || event + 1 >= this.length) return false;
    return this.kind(event + 1) === EventKind.leaf && this.start(event + 1) < this.start(event);
  }

  /** Whether an event has the same kind, style and column as that of another table. */
  isAlike(event: number, other: LineTable): boolean {
    return this.#numbers[event * fields] === other.#numbers[event * fields];
  }
}
