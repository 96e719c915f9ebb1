/**
 * Which node a comment belongs to, by the rules of go-yaml v3.0.4 (its scanner and parser decide it together).
 *
 * The scanner cuts comments into entries (head of what follows, on the line of what precedes, foot of what precedes), each
 * with the offset from which it counts. When the parser looks at a token it collects all entries that count from that
 * token's offset or before; the next node that takes comments gets them. The path of that node is the additional data of
 * an encrypted comment, so the oddities are kept: a CR LF counts as an empty line behind a comment, a gap of
 * 512 characters ends a group.
 */

import { type Cursor, isBlank, isBreak, isBreakOrEnd, NUL } from './scanner-cursor.ts';
import { type Token, TokenType } from './scanner-tokens.ts';
import type { CommentLine } from './syntax.ts';

/** Comment lines; null is an empty line between them, which decides where a document's head ends. */
type Lines = (CommentLine | null)[];

interface Entry {
  place: 'head' | 'line' | 'foot';
  readonly lines: Lines;
  /** The entry counts for the first token that starts here or later. */
  from: number;
  /** Offset of the first `#`; its line from 0, its column from 1. */
  readonly start: number;
  readonly line: number;
  readonly column: number;
  /** The gap that was searched for this entry: entries that touch belong to one gap. */
  readonly gapStart: number;
  readonly gapEnd: number;
}

export interface Attached {
  readonly head: readonly CommentLine[];
  readonly line: readonly CommentLine[];
  readonly foot: readonly CommentLine[];
}

const none: readonly CommentLine[] = Object.freeze([]);
export const noComments: Attached = { head: none, line: none, foot: none };

/** How far go-yaml looks ahead for the next comment. */
const lookahead = 512;

export class Comments {
  /** All comments of the text, in order. */
  readonly all: CommentLine[] = [];
  #waiting: Entry[] = [];
  #first = 0;
  #head: Lines = [];
  #line: Lines = [];
  #foot: Lines = [];
  #stem: Lines | undefined;

  /** Notes the comment at the cursor, which must stand on its `#`, and moves behind it. */
  note(cursor: Cursor): CommentLine {
    const start = cursor.pos;
    cursor.skipLine();
    const comment = { start, end: cursor.pos, text: cursor.text.slice(start + 1, cursor.pos) };
    this.all.push(comment);
    return comment;
  }

  add(entry: Entry): void {
    this.#waiting.push(entry);
  }

  /** Takes a comment on the rest of this line, if there is one, for the token that starts at `from`. */
  scanLine(cursor: Cursor, from: number): void {
    if (cursor.newlines > 0) return;
    let peek = 0;
    while (peek < lookahead && isBlank(cursor.at(peek))) peek++;
    if (peek === lookahead || cursor.at(peek) !== 35) return;
    cursor.pos += peek;
    const { pos: start, line, column } = cursor;
    const lines = [this.note(cursor)];
    this.add({ place: 'line', lines, from, start, line, column, gapStart: 0, gapEnd: 0 });
  }

  /** Takes the comments between two tokens; the cursor stands on the first `#`. */
  scanGap(cursor: Cursor, gap: { readonly pos: number; readonly line: number }, before: Token): void {
    new GapScan(this, cursor, gap.pos, gap.line, before).scan();
  }

  /**
   * A comment behind the colon of a key becomes the head of the first item of the list below it when the list's dash has
   * just been read, if it stands on the line above.
   */
  turnLineToHead(cursor: Cursor): void {
    const last = this.#waiting.at(-1);
    if (last === undefined || last.place !== 'line' || isBreak(cursor.at())) return;
    last.place = 'head';
    if (last.line === cursor.line - 1) last.from = cursor.pos;
  }

  get isWaiting(): boolean {
    return this.#first < this.#waiting.length;
  }

  /**
   * The earliest comment of the gap behind `stop` for each column. Blocks that end in that gap end before the comments
   * that are indented as they are.
   */
  columnsBehind(stop: number): Map<number, number> {
    const starts = new Map<number, number>();
    for (let i = this.#waiting.length - 1; i >= this.#first; i--) {
      const entry = this.#waiting[i] as Entry;
      if (entry.gapEnd < stop) break;
      starts.set(entry.column, entry.start);
      stop = entry.gapStart;
    }
    return starts;
  }

  /** Collects what counts for the token that the parser looks at. */
  collect(token: Token): void {
    while (this.#first < this.#waiting.length) {
      const entry = this.#waiting[this.#first] as Entry;
      if (token.start < entry.from) return;
      if (entry.place === 'head' && token.type === TokenType.blockEnd) return;
      if (entry.place === 'head') this.#head = joined(this.#head, entry.lines);
      else if (entry.place === 'line') this.#line = joined(this.#line, entry.lines);
      else this.#foot = joined(this.#foot, entry.lines);
      this.#first++;
    }
    this.#waiting.length = 0;
    this.#first = 0;
  }

  get headLength(): number {
    return this.#head.length;
  }

  /** Moves the first lines of the head aside: they belong to the collection that a list item starts, not to its first entry. */
  splitStem(length: number): void {
    this.#stem = this.#head.slice(0, length);
    this.#head = this.#head.slice(length);
  }

  takeStem(): readonly CommentLine[] {
    const stem = this.#stem;
    if (stem === undefined) return none;
    this.#stem = undefined;
    return withoutGaps(stem);
  }

  /** Splits the head of the first document from that of its root: at its last empty line. */
  takeDocumentHead(): readonly CommentLine[] {
    const at = this.#head.lastIndexOf(null);
    if (at < 0) return none;
    const head = this.#head.slice(0, at);
    this.#head = this.#head.slice(at + 1);
    return withoutGaps(head);
  }

  /** Everything collected, for a node that takes comments. */
  take(): Attached {
    this.#stem = undefined;
    if (this.#head.length + this.#line.length + this.#foot.length === 0) return noComments;
    const taken = { head: withoutGaps(this.#head), line: withoutGaps(this.#line), foot: withoutGaps(this.#foot) };
    if (this.#head.length > 0) this.#head = [];
    if (this.#line.length > 0) this.#line = [];
    if (this.#foot.length > 0) this.#foot = [];
    return taken;
  }
}

function joined(lines: Lines, more: Lines): Lines {
  if (lines.length === 0) return more;
  for (const line of more) lines.push(line);
  return lines;
}

function withoutGaps(lines: Lines): readonly CommentLine[] {
  return lines.length === 0 ? none : lines.filter(line => line !== null);
}

/** One search for comments between two tokens. */
class GapScan {
  readonly comments: Comments;
  readonly cursor: Cursor;
  readonly afterValue: boolean;
  /** The line on which a comment must start to be the foot of the token before; -1 at the start of the text. */
  readonly footLine: number;
  gapStart: number;
  from: number;
  lines: Lines = [];
  /** Place of the first line of the group; the column counts from 1. */
  start = 0;
  startLine = 0;
  startColumn = 0;
  /** Where the search is: `line` lags one behind after a comment, as go-yaml has it. */
  line: number;
  column: number;
  nextIndent = 0;
  noEmptyYet: boolean;
  lastWasEmpty = false;

  constructor(comments: Comments, cursor: Cursor, gapStart: number, gapLine: number, before: Token) {
    this.comments = comments;
    this.cursor = cursor;
    this.afterValue = before.type === TokenType.value;
    this.gapStart = gapStart;
    this.from = before.start;
    this.line = cursor.line;
    this.column = cursor.column;
    this.noEmptyYet = cursor.newlines <= 1;
    const sameLine = cursor.newlines === 0 && cursor.column > 1;
    this.footLine = gapLine === 0 ? -1 : cursor.line - cursor.newlines + (sameLine ? 2 : 1);
    this.nextIndent = Math.max(cursor.indent, 0);
  }

  scan(): void {
    const { cursor } = this;
    let peek = 0;
    // go-yaml looks at bytes: behind NEL, LS and PS, which take several, it sees something that is neither blank nor comment.
    let insideBreak = false;
    for (; peek < lookahead; peek++) {
      const c = cursor.at(peek);
      this.column++;
      if (!insideBreak) {
        if (isBlank(c)) continue;
        const closes = cursor.flowLevel > 0 && (c === 93 || c === 125);
        if (closes || isBreakOrEnd(c)) {
          this.endLine(peek, closes, c);
          if (!isBreak(c)) break;
          insideBreak = c > 127;
          continue;
        }
      }
      if (this.lines.length > 0 && this.column - 1 < this.nextIndent && this.column !== this.startColumn)
        this.addFoot(peek);
      if (insideBreak || c !== 35) break;
      this.takeLine(peek);
      insideBreak = cursor.at() > 127;
      peek = 0;
    }
    if (this.lines.length > 0) this.add('head', this.start, cursor.pos + peek - 1);
  }

  /** A line without a comment ends, or the text, or the flow collection: what was gathered may be a foot. */
  endLine(peek: number, closes: boolean, c: number): void {
    if (closes || !this.lastWasEmpty) {
      const dedented = this.startColumn - 1 < this.nextIndent;
      const isFoot = this.noEmptyYet && ((this.startLine === this.footLine && !this.afterValue) || dedented);
      if (this.lines.length > 0) {
        if (closes || isFoot) {
          if (dedented) this.from = this.start;
          this.addFoot(peek);
        } else if (c !== NUL) this.lines.push(null);
      }
    }
    this.noEmptyYet = false;
    this.lastWasEmpty = true;
    this.column = 0;
    this.line++;
  }

  takeLine(peek: number): void {
    const { cursor } = this;
    if (this.lines.length === 0) {
      this.start = cursor.pos + peek;
      this.startLine = this.line;
      this.startColumn = this.column;
    }
    const end = cursor.pos + peek;
    while (cursor.pos < end) {
      if (isBreak(cursor.at())) cursor.skipBreak();
      else cursor.pos++;
    }
    this.lines.push(this.comments.note(cursor));
    this.lastWasEmpty = false;
    this.column = 0;
    this.line = cursor.line;
    this.nextIndent = Math.max(cursor.indent, 0);
  }

  addFoot(peek: number): void {
    const end = this.cursor.pos + peek;
    this.add('foot', this.from, end);
    this.gapStart = end;
    this.from = end;
    this.lines = [];
  }

  add(place: 'head' | 'foot', from: number, gapEnd: number): void {
    const { lines, start, startLine: line, startColumn: column, gapStart } = this;
    this.comments.add({ place, lines, from, start, line, column, gapStart, gapEnd });
  }
}
