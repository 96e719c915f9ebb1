/** From offsets in a text to lines and columns, for many offsets of one text. */

export interface LinePlace {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/** The lines are found when the first place is asked for. Lines end at LF, so that CR LF counts once. */
export class LineMap {
  readonly #text: string;
  readonly #isByteText: boolean;
  #starts: number[] | undefined;

  /** @param isByteText whether the text has one character for each byte of UTF-8 */
  constructor(text: string, isByteText: boolean) {
    this.#text = text;
    this.#isByteText = isByteText;
  }

  at(offset: number): LinePlace {
    this.#starts ??= lineStarts(this.#text);
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: this.#characters(this.#starts[low] ?? 0, offset) + 1 };
  }

  /** A character is what begins a UTF-8 sequence, or a code unit that is no second half of a pair. */
  #characters(start: number, end: number): number {
    let count = 0;
    for (let at = start; at < end; at++) {
      const code = this.#text.charCodeAt(at);
      const continues = this.#isByteText ? (code & 0xc0) === 0x80 : (code & 0xfc00) === 0xdc00;
      if (!continues) count++;
    }
    return count;
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
