/** Literal and folded block scalars. */

import type { Comments } from './comments.ts';
import { syntaxError } from './parser-problems.ts';
import { type Cursor, cookedBreak, isBlank, isBreak, isBreakOrEnd, isDigit, NUL } from './scanner-cursor.ts';
import { type Token, TokenType } from './scanner-tokens.ts';
import type { BlockLayout } from './syntax.ts';

const PLUS = 43;
const MINUS = 45;

interface Header {
  readonly indicator: number;
  readonly chomping: BlockLayout['chomping'];
  readonly headerEnd: number;
}

/** Scans a block scalar from its indicator to the start of the first line behind it (and over that line's indentation). */
export function scanBlock(cursor: Cursor, comments: Comments, literal: boolean): Token {
  const { pos: start, line, column } = cursor;
  cursor.skip(1);
  const { indicator, chomping, headerEnd } = scanHeader(cursor);
  passHeaderTail(cursor, comments, start);
  const body = new BlockBody(cursor, literal);
  const bodyStart = cursor.pos;
  body.read(indicator === 0 ? 0 : Math.max(cursor.indent, 0) + indicator);
  const text = body.chomp(chomping);
  const contentEnd = Math.max(body.contentEnd, bodyStart);
  // A header at the very end of the text has its own column behind it, which is no indentation.
  const indent = column < cursor.column && line === cursor.line ? Math.max(cursor.indent + 1, 1) : body.indent;
  const block = { headerEnd, bodyStart, indent, indicator, chomping, contentEnd };
  const style = literal ? 'literal' : 'folded';
  return { type: TokenType.scalar, start, end: body.end, line, column, text, suffix: '', style, block };
}

function scanHeader(cursor: Cursor): Header {
  let chomping = scanChomping(cursor);
  let indicator = 0;
  if (isDigit(cursor.at())) {
    indicator = cursor.at() - 48;
    if (indicator === 0) throw syntaxError('zeroIndicator', cursor.line, cursor.column);
    cursor.skip(1);
    if (chomping === 'clip') chomping = scanChomping(cursor);
  }
  return { indicator, chomping, headerEnd: cursor.pos };
}

function scanChomping(cursor: Cursor): BlockLayout['chomping'] {
  const c = cursor.at();
  if (c !== PLUS && c !== MINUS) return 'clip';
  cursor.skip(1);
  return c === PLUS ? 'keep' : 'strip';
}

function passHeaderTail(cursor: Cursor, comments: Comments, start: number): void {
  cursor.skipBlanks();
  if (cursor.at() === 35) comments.scanLine(cursor, start);
  if (!isBreakOrEnd(cursor.at())) throw syntaxError('blockHeader', cursor.line, cursor.column);
  if (isBreak(cursor.at())) cursor.skipBreak();
}

class BlockBody {
  readonly cursor: Cursor;
  readonly literal: boolean;
  indent = 0;
  /** Start of the first line that is not part of the scalar. */
  end = 0;
  contentEnd = 0;
  cooked = '';
  /** The break behind the last content line, and those of the blank lines behind it. */
  lastBreak = '';
  blankBreaks = '';

  constructor(cursor: Cursor, literal: boolean) {
    this.cursor = cursor;
    this.literal = literal;
  }

  /** Reads all lines; `indent` is 0 where the first content line decides it. */
  read(indent: number): void {
    const { cursor } = this;
    this.indent = indent;
    this.passBlankLines();
    let afterMoreIndented = false;
    while (cursor.column === this.indent && cursor.at() !== NUL) {
      const moreIndented = isBlank(cursor.at());
      this.join(afterMoreIndented || moreIndented);
      afterMoreIndented = moreIndented;
      this.readLine();
      this.passBlankLines();
    }
  }

  /** Puts the breaks before a content line into the text: folded into a space where folding applies. */
  join(moreIndented: boolean): void {
    if (!this.literal && !moreIndented && this.lastBreak === '\n') {
      this.cooked += this.blankBreaks === '' ? ' ' : this.blankBreaks;
    } else {
      this.cooked += this.lastBreak + this.blankBreaks;
    }
    this.lastBreak = '';
    this.blankBreaks = '';
  }

  readLine(): void {
    const { cursor } = this;
    const { pos: from, newlines } = cursor;
    cursor.skipLine();
    // A line of blanks does not end a run of empty lines: comments behind it count from the last character.
    if (isBlankPart(cursor.text, from, cursor.pos)) cursor.newlines = newlines;
    this.cooked += cursor.text.slice(from, cursor.pos);
    this.contentEnd = cursor.pos;
    const c = cursor.at();
    if (c === NUL) return;
    this.lastBreak = cookedBreak(c);
    cursor.skipBreak();
  }

  /** Passes blank lines and the indentation of the next line, and finds the indentation where it is not known yet. */
  passBlankLines(): void {
    const { cursor } = this;
    this.end = cursor.pos;
    let deepest = 0;
    for (;;) {
      this.passIndent();
      deepest = Math.max(deepest, cursor.column);
      const c = cursor.at();
      if (c === 9 && this.short()) throw syntaxError('blockTab', cursor.line, cursor.column);
      if (!isBreak(c)) break;
      this.blankBreaks += cookedBreak(c);
      cursor.skipBreak();
      this.end = cursor.pos;
    }
    if (this.indent === 0) this.indent = Math.max(deepest, cursor.indent + 1, 1);
  }

  short(): boolean {
    return this.indent === 0 || this.cursor.column < this.indent;
  }

  passIndent(): void {
    const { cursor } = this;
    while (cursor.at() === 32 && this.short()) cursor.pos++;
  }

  chomp(chomping: BlockLayout['chomping']): string {
    if (chomping === 'strip') return this.cooked;
    return this.cooked + this.lastBreak + (chomping === 'keep' ? this.blankBreaks : '');
  }
}

function isBlankPart(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isBlank(text.charCodeAt(i))) return false;
  return true;
}
