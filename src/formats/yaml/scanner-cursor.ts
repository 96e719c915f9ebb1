/**
 * The place in the text at which the scanner stands, and the classes of characters of YAML 1.1 §5 as go-yaml has them.
 */

/** End of the text: the text is padded with NULs, which no YAML text may hold itself. */
export const NUL = 0;
const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;

export const isBlank = (c: number): boolean => c === SPACE || c === TAB;

/** The line breaks of YAML 1.1: LF, CR, CR LF, NEL, LS, PS. */
export const isBreak = (c: number): boolean =>
  c === LF || c === CR || (c >= 0x85 && (c === 0x85 || c === 0x2028 || c === 0x2029));

export const isBreakOrEnd = (c: number): boolean => c === NUL || isBreak(c);

export const isBlankOrEnd = (c: number): boolean => c === SPACE || c === TAB || c === NUL || isBreak(c);

/** What anchors, directive names and tag handles are made of. */
export const isWord = (c: number): boolean =>
  (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c === 45;

export const isDigit = (c: number): boolean => c >= 48 && c <= 57;

export const isHex = (c: number): boolean => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102);

/** A break in a cooked text: LS and PS stay, all others become LF. */
export const cookedBreak = (c: number): string => (c === 0x2028 ? '\u2028' : c === 0x2029 ? '\u2029' : '\n');

export class Cursor {
  /** The text with a few NULs behind it. */
  readonly text: string;
  /** Length of the text without the NULs. */
  readonly length: number;
  /** Whether some characters take two code units. */
  readonly astral: boolean;
  pos = 0;
  line = 0;
  /** Such that `pos - lineStart` is the column in code points: moved on by one for every surrogate pair of the line. */
  lineStart = 0;
  /** Line breaks since the last character that was neither blank nor break; decides where comments belong. */
  newlines = 0;
  /** Column of the innermost block collection; -1 outside of all. */
  indent = -1;
  flowLevel = 0;

  constructor(text: string, astral: boolean) {
    this.text = `${text}\0\0\0\0`;
    this.length = text.length;
    this.astral = astral;
  }

  get column(): number {
    return this.pos - this.lineStart;
  }

  /** The code unit at the cursor or `ahead` of it. */
  at(ahead = 0): number {
    return this.text.charCodeAt(this.pos + ahead);
  }

  /** Moves over characters of the line, at least one of them not blank, none above U+FFFF. */
  skip(count: number): void {
    this.pos += count;
    this.newlines = 0;
  }

  skipBlanks(): void {
    while (isBlank(this.text.charCodeAt(this.pos))) this.pos++;
  }

  /** Moves to the end of the line. */
  skipLine(): void {
    const from = this.pos;
    while (!isBreakOrEnd(this.text.charCodeAt(this.pos))) this.pos++;
    this.noticePairs(from, this.pos);
    this.newlines = 0;
  }

  /** Moves over the line break at the cursor. */
  skipBreak(): void {
    const c = this.text.charCodeAt(this.pos);
    this.pos += c === CR && this.text.charCodeAt(this.pos + 1) === LF ? 2 : 1;
    this.lineStart = this.pos;
    this.line++;
    this.newlines++;
  }

  /** Keeps columns right behind surrogate pairs in a part of the current line. */
  noticePairs(from: number, to: number): void {
    if (this.astral) this.lineStart += countPairs(this.text, from, to);
  }

  /** Whether a `---` or `...` stands at the cursor, which must be in column 0. */
  atDocumentMark(): boolean {
    const c = this.text.charCodeAt(this.pos);
    if (c !== 45 && c !== 46) return false;
    return this.at(1) === c && this.at(2) === c && isBlankOrEnd(this.at(3));
  }
}

/** How many characters of a part of the text take two code units. */
export function countPairs(text: string, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count++;
  return count;
}
