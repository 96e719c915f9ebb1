/** Plain and quoted scalars: where they end, and their cooked text. */

import { syntaxError } from './parser-problems.ts';
import { type Cursor, cookedBreak, isBlank, isBlankOrEnd, isBreak, isHex, NUL } from './scanner-cursor.ts';
import { type Token, TokenType } from './scanner-tokens.ts';

/** Line breaks met inside a flow scalar, until the next character that is not blank says how they fold. */
class Fold {
  first = '';
  rest = '';

  add(c: number): void {
    if (this.first === '') this.first = cookedBreak(c);
    else this.rest += cookedBreak(c);
  }

  /** One LF folds to a space, LF and more to the rest; LS and PS never fold. */
  take(): string {
    const folded = this.first !== '\n' ? this.first + this.rest : this.rest === '' ? ' ' : this.rest;
    this.first = '';
    this.rest = '';
    return folded;
  }
}

/** For ASCII: bit 0 is set where a run of plain characters must be looked at in block context, bit 1 in flow context. */
const plainStops = new Uint8Array(128);
for (const c of ' \t\n\r\0:') plainStops[c.charCodeAt(0)] = 3;
for (const c of ',?[]{}') plainStops[c.charCodeAt(0)] = 2;

/** The end of the characters from `at` that are not blank and do not end a plain scalar. */
function plainRun(text: string, at: number, inFlow: boolean): number {
  const bit = inFlow ? 2 : 1;
  for (let p = at; ; p++) {
    const c = text.charCodeAt(p);
    if (c < 128 ? ((plainStops[c] as number) & bit) === 0 : !isBreak(c)) continue;
    if (c === 58 && !isBlankOrEnd(text.charCodeAt(p + 1))) continue;
    return p;
  }
}

export interface PlainScan {
  readonly token: Token;
  /** Whether line breaks were passed behind the scalar: a simple key may start there. */
  readonly brokeOff: boolean;
}

/** Scans a plain scalar and the blanks and breaks behind it. */
export function scanPlain(cursor: Cursor): PlainScan {
  const { text } = cursor;
  const { pos: start, line, column } = cursor;
  const fold = new Fold();
  let cooked = '';
  let piece = start;
  let end = start;
  while (!(cursor.column === 0 && cursor.atDocumentMark()) && text.charCodeAt(cursor.pos) !== 35) {
    const stop = plainRun(text, cursor.pos, cursor.flowLevel > 0);
    if (stop > cursor.pos) {
      if (fold.first !== '') {
        cooked += text.slice(piece, end) + fold.take();
        piece = cursor.pos;
      }
      cursor.noticePairs(cursor.pos, stop);
      cursor.skip(stop - cursor.pos);
      end = stop;
    }
    const c = text.charCodeAt(stop);
    if (!isBlank(c) && !isBreak(c)) break;
    passPlainGap(cursor, fold);
    if (cursor.flowLevel === 0 && cursor.column <= cursor.indent) break;
  }
  cooked = cooked === '' ? text.slice(start, end) : cooked + text.slice(piece, end);
  const token: Token = {
    type: TokenType.scalar,
    start,
    end,
    line,
    column,
    text: cooked,
    suffix: '',
    style: 'plain',
    block: undefined,
  };
  return { token, brokeOff: fold.first !== '' };
}

function passPlainGap(cursor: Cursor, fold: Fold): void {
  for (;;) {
    const c = cursor.at();
    if (isBreak(c)) {
      fold.add(c);
      cursor.skipBreak();
    } else if (isBlank(c)) {
      if (c === 9 && fold.first !== '' && cursor.column <= cursor.indent)
        throw syntaxError('plainTab', cursor.line, cursor.column);
      cursor.pos++;
    } else return;
  }
}

/** Scans a quoted scalar from its opening to behind its closing quote. */
export function scanQuoted(cursor: Cursor, quote: 34 | 39): Token {
  const { pos: start, line, column } = cursor;
  cursor.skip(1);
  const cooked = new QuotedText(cursor, quote).read(line, column);
  const style = quote === 34 ? 'double' : 'single';
  return {
    type: TokenType.scalar,
    start,
    end: cursor.pos,
    line,
    column,
    text: cooked,
    suffix: '',
    style,
    block: undefined,
  };
}

/** Reads what stands between quotes, piece by piece: text is sliced wherever it stands for itself. */
class QuotedText {
  readonly cursor: Cursor;
  readonly quote: number;
  readonly fold = new Fold();
  cooked = '';
  /** Start of the piece of text that is not yet in `cooked`. */
  piece: number;

  constructor(cursor: Cursor, quote: number) {
    this.cursor = cursor;
    this.quote = quote;
    this.piece = cursor.pos;
  }

  read(line: number, column: number): string {
    const { cursor } = this;
    for (;;) {
      if (cursor.column === 0 && cursor.atDocumentMark()) throw syntaxError('quotedMark', cursor.line, cursor.column);
      const c = this.run();
      if (c === NUL) throw syntaxError('quotedEnd', line, column);
      if (c === this.quote && !this.doubled()) break;
      if (c === this.quote) this.cookPair();
      else if (c === 92) this.cookEscape();
      else this.gap(c);
    }
    this.flush(cursor.pos);
    cursor.skip(1);
    return this.cooked;
  }

  flush(to: number): void {
    if (to > this.piece) this.cooked += this.cursor.text.slice(this.piece, to);
    this.piece = to;
  }

  /** Moves over characters that stand for themselves and gives the one behind them. */
  run(): number {
    const { cursor, quote } = this;
    const { text } = cursor;
    let p = cursor.pos;
    let c = text.charCodeAt(p);
    while (c !== quote && !(c === 92 && quote === 34) && c !== NUL && !isBlank(c) && !isBreak(c))
      c = text.charCodeAt(++p);
    if (p > cursor.pos) {
      cursor.noticePairs(cursor.pos, p);
      cursor.skip(p - cursor.pos);
    }
    return c;
  }

  doubled(): boolean {
    return this.quote === 39 && this.cursor.at(1) === 39;
  }

  cookPair(): void {
    this.flush(this.cursor.pos + 1);
    this.cursor.skip(2);
    this.piece = this.cursor.pos;
  }

  cookEscape(): void {
    const { cursor } = this;
    this.flush(cursor.pos);
    if (isBreak(cursor.at(1))) {
      cursor.skip(1);
      cursor.skipBreak();
      this.leadingGap();
    } else {
      this.cooked += scanEscape(cursor);
    }
    this.piece = cursor.pos;
  }

  /** Blanks inside a line stay; blanks around line breaks go, and the breaks fold. */
  gap(first: number): void {
    const { cursor } = this;
    const from = cursor.pos;
    if (isBlank(first)) cursor.skipBlanks();
    const c = cursor.at();
    if (!isBreak(c)) return;
    this.flush(from);
    this.fold.add(c);
    cursor.skipBreak();
    this.leadingGap();
    this.piece = cursor.pos;
  }

  /** Blanks and breaks at the start of a line. */
  leadingGap(): void {
    const { cursor, fold } = this;
    let escaped = '';
    for (let c = cursor.at(); isBlank(c) || isBreak(c); c = cursor.at()) {
      if (isBlank(c)) cursor.pos++;
      else {
        if (fold.first === '') escaped += cookedBreak(c);
        else fold.add(c);
        cursor.skipBreak();
      }
    }
    this.cooked += fold.first === '' ? escaped : fold.take();
  }
}

const shortEscapes = new Map<number, string>(
  Object.entries({
    '0': '\0',
    a: '\x07',
    b: '\b',
    t: '\t',
    '\t': '\t',
    n: '\n',
    v: '\v',
    f: '\f',
    r: '\r',
    e: '\x1b',
    ' ': ' ',
    '"': '"',
    "'": "'",
    '\\': '\\',
    N: '\u0085',
    _: '\u00a0',
    L: '\u2028',
    P: '\u2029',
  }).map(([name, value]) => [name.charCodeAt(0), value]),
);

/** The escapes of YAML 1.1 §5.6; `\/` (1.2) is none of them, `\'` is go-yaml's own. */
function scanEscape(cursor: Cursor): string {
  const name = cursor.at(1);
  const value = shortEscapes.get(name);
  if (value !== undefined) {
    cursor.skip(2);
    return value;
  }
  const digits = name === 120 ? 2 : name === 117 ? 4 : name === 85 ? 8 : 0;
  if (digits === 0) throw syntaxError('badEscape', cursor.line, cursor.column);
  for (let k = 0; k < digits; k++) {
    if (!isHex(cursor.at(2 + k))) throw syntaxError('badCode', cursor.line, cursor.column);
  }
  const code = Number.parseInt(cursor.text.slice(cursor.pos + 2, cursor.pos + 2 + digits), 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) throw syntaxError('badCode', cursor.line, cursor.column);
  cursor.skip(2 + digits);
  return String.fromCodePoint(code);
}
