/**
 * The quick way through a JSON text: the places of its values, in one array of numbers. A text that holds what has more than one
 * spelling, or a key that is not plain ASCII, or anything that is wrong, gets no answer; then the parser reads it, and the parser
 * alone says what is wrong with a text. For the texts that are taken here both see the same
 * (`testdata/suites/onepass-json.test.ts` compares them).
 */

import { isUtf8 } from 'node:buffer';
import { TsopsError } from '../../errors.ts';
import { lineMargin } from './insertion.ts';
import { parseToken } from './parser.ts';
import { printScalar } from './print.ts';
import { type JsonScalar, reservedKey } from './syntax.ts';
import { toByteText } from './utf8.ts';

export const Kind = {
  /** A string of ASCII characters that stand for themselves. */
  simple: 0,
  /** Any other string. */
  odd: 1,
  /** A number, a boolean or null. */
  word: 2,
  /** A container that is not the root begins, and ends. */
  enter: 3,
  leave: 4,
} as const;

export type Kind = (typeof Kind)[keyof typeof Kind];

const fields = 5;
const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, openBracket] = [0x7b, 0x5b];
/** From an opening bracket to the one that closes it, in ASCII. */
const toClosing = 2;
const deepest = 500;

/** Bit 0: white space. Bit 1: may stand in a word or number. Bit 2: has to be looked at in a string. Bit 3: is printed as an escape. */
const classes = new Uint8Array(256);
for (const c of Buffer.from(' \t\r\n')) classes[c] = 1;
for (const c of Buffer.from('-+.0123456789Eaefnlrstu')) classes[c] = 2;
for (let c = 0; c < 0x20; c++) classes[c] = (classes[c] as number) | 4;
for (let c = 0x80; c < 0x100; c++) classes[c] = 4;
for (const c of [quote, backslash]) classes[c] = 4;
for (const c of Buffer.from('<>&')) classes[c] = 4 | 8;

/** What a text holds: its events in walk order, without the block. */
export class QuickText {
  readonly text: Buffer;
  /** How many events there are. */
  length = 0;
  /** Of the root: its bracket, the end of its last value in front of the block, and the end of itself. */
  start = 0;
  lastEnd = 0;
  end = 0;
  /** The value of the block; 0 for none. It is always the last. */
  blockStart = 0;
  blockEnd = 0;
  /** The white space in front of the first top-level key that begins a line. */
  margin: string | undefined;
  #numbers = new Uint32Array(256 * fields);

  constructor(text: Buffer) {
    this.text = text;
  }

  /** A `keyStart` of 0 stands for no key: at the start of a text there is none. */
  add(kind: Kind, keyStart: number, keyEnd: number, start: number, end: number): void {
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

  kind(event: number): Kind {
    return this.#numbers[event * fields] as Kind;
  }

  keyStart(event: number): number {
    return this.#numbers[event * fields + 1] as number;
  }

  keyEnd(event: number): number {
    return this.#numbers[event * fields + 2] as number;
  }

  /** Of a value with its quotation marks. */
  from(event: number): number {
    return this.#numbers[event * fields + 3] as number;
  }

  to(event: number): number {
    return this.#numbers[event * fields + 4] as number;
  }

  /** The key, undefined for an item of a list. */
  key(event: number): string | undefined {
    const start = this.keyStart(event);
    return start === 0 ? undefined : this.text.toString('latin1', start, this.keyEnd(event));
  }

  value(event: number): JsonScalar['value'] {
    const [start, end] = [this.from(event), this.to(event)];
    if (this.kind(event) === Kind.simple) return this.text.toString('latin1', start + 1, end - 1);
    return parseToken(this.text.toString('latin1', start, end));
  }
}

/**
 * Reads a text. A plain one must have no block, and every value in it must be as it is printed, so that its value brings it back; the
 * block of an encrypted one must be its last value.
 */
export function quickScan(text: Buffer, stage: 'plain' | 'encrypted'): QuickText | undefined {
  if (!isUtf8(text)) return undefined;
  const scan = new QuickScan(text, stage === 'plain');
  const isWhole = scan.run() && scan.found.length > 0 && scan.found.lastEnd > 0;
  return isWhole && (stage === 'plain' || scan.found.blockEnd > 0) ? scan.found : undefined;
}

class QuickScan {
  readonly found: QuickText;
  readonly #text: Buffer;
  readonly #isPlain: boolean;
  /** The closing brackets that are waited for. */
  readonly #open: number[] = [];
  #at = 0;
  #keyStart = 0;
  #keyEnd = 0;
  /** How many events there were before the block; -1 outside of it. */
  #beforeBlock = -1;

  constructor(text: Buffer, isPlain: boolean) {
    this.#text = text;
    this.#isPlain = isPlain;
    this.found = new QuickText(text);
  }

  run(): boolean {
    const text = this.#text;
    this.#skipSpace();
    this.found.start = this.#at;
    if (text[this.#at] !== openBrace) return false;
    for (;;) {
      const c = text[this.#at] as number;
      if (c === openBrace || c === openBracket) {
        if (this.#enter(c)) {
          if (!this.#part()) return false;
          continue;
        }
        if (this.#open.length > deepest) return false;
      } else if (!this.#scalar(c)) return false;
      // Behind a value, or at the end of an empty container.
      while (text[this.#at] === this.#open[this.#open.length - 1]) if (this.#leave()) return this.#isAtEnd();
      if (text[this.#at] !== comma) return false;
      this.#at++;
      this.#skipSpace();
      if (!this.#part()) return false;
    }
  }

  /** Whether something is in the container. */
  #enter(c: number): boolean {
    if (this.#open.length > 0) this.found.add(Kind.enter, this.#keyStart, this.#keyEnd, 0, 0);
    this.#open.push(c + toClosing);
    this.#at++;
    this.#skipSpace();
    return this.#text[this.#at] !== c + toClosing && this.#open.length <= deepest;
  }

  /** Whether that was the root. */
  #leave(): boolean {
    this.#open.pop();
    this.#at++;
    if (this.#open.length === 0) return true;
    this.found.add(Kind.leave, 0, 0, 0, 0);
    this.#ended();
    return false;
  }

  #isAtEnd(): boolean {
    this.found.end = this.#at;
    this.#skipSpace();
    return this.#at === this.#text.length;
  }

  /** Behind a value. */
  #ended(): void {
    if (this.#open.length === 1) {
      if (this.#beforeBlock < 0) this.found.lastEnd = this.#at;
      else {
        this.found.blockEnd = this.#at;
        this.found.length = this.#beforeBlock;
        this.#beforeBlock = -1;
      }
    }
    this.#skipSpace();
  }

  #skipSpace(): void {
    const text = this.#text;
    while (((classes[text[this.#at] as number] as number) & 1) !== 0) this.#at++;
  }

  /** The key of a member; an item of a list has none. */
  #part(): boolean {
    const text = this.#text;
    this.#keyStart = 0;
    this.#keyEnd = 0;
    if (this.#open[this.#open.length - 1] !== openBrace + toClosing) return true;
    const start = this.#at;
    if (text[start] !== quote) return false;
    let p = start + 1;
    while (p < text.length && ((classes[text[p] as number] as number) & 4) === 0) p++;
    if (text[p] !== quote) return false;
    this.#keyStart = start + 1;
    this.#keyEnd = p;
    this.#at = p + 1;
    this.#skipSpace();
    if (text[this.#at] !== colon) return false;
    this.#at++;
    this.#skipSpace();
    return this.#open.length > 1 || this.#topLevel(start, p);
  }

  #topLevel(start: number, end: number): boolean {
    const text = this.#text;
    const { found } = this;
    if (found.blockEnd > 0) return false;
    if (found.margin === undefined) {
      const before = text.toString('latin1', Math.max(0, start - 64), start);
      found.margin = lineMargin(before, before.length);
    }
    if (end - start !== reservedKey.length + 1 || text.toString('latin1', start + 1, end) !== reservedKey) return true;
    found.blockStart = this.#at;
    this.#beforeBlock = found.length;
    return !this.#isPlain;
  }

  #scalar(c: number): boolean {
    const start = this.#at;
    const kind = c === quote ? this.#string() : this.#word();
    if (kind === undefined) return false;
    this.found.add(kind, this.#keyStart, this.#keyEnd, start, this.#at);
    this.#ended();
    return true;
  }

  #word(): Kind | undefined {
    const text = this.#text;
    const start = this.#at;
    let p = start;
    while (((classes[text[p] as number] as number) & 2) !== 0) p++;
    this.#at = p;
    return this.#comesBack(start, p) ? Kind.word : undefined;
  }

  #string(): Kind | undefined {
    const text = this.#text;
    const start = this.#at;
    let isOdd = false;
    let p = start + 1;
    for (; ; p++) {
      const c = text[p];
      if (c === undefined) return undefined;
      const found = classes[c] as number;
      if ((found & 4) === 0) continue;
      if (c === quote) break;
      if (c < 0x20 || ((found & 8) !== 0 && this.#isPlain)) return undefined;
      if (c === backslash) p++;
      if (c === backslash || c >= 0x80) isOdd = true;
    }
    this.#at = p + 1;
    if (!isOdd) return Kind.simple;
    return this.#comesBack(start, p + 1) ? Kind.odd : undefined;
  }

  /** Whether it is a value, and in plain text one that is printed as it stands. */
  #comesBack(start: number, end: number): boolean {
    const token = this.#text.toString('latin1', start, end);
    try {
      const value = parseToken(token);
      return !this.#isPlain || toByteText(printScalar(value)) === token;
    } catch (error) {
      if (error instanceof TsopsError) return false;
      throw error;
    }
  }
}
