/**
 * Cuts a YAML text into tokens, with the look-ahead of go-yaml v3.0.4: three tokens are always read ahead of the parser (comments
 * are attached by what is known then), more where a token may turn out to start a simple key (`key: value`).
 */

import { Comments } from './comments.ts';
import { syntaxError } from './parser-problems.ts';
import { scanBlock } from './scanner-blocks.ts';
import { Cursor, countPairs, isBlankOrEnd, isBreak, NUL } from './scanner-cursor.ts';
import { scanPlain, scanQuoted } from './scanner-scalars.ts';
import { scanAnchor, scanDirective, scanTag } from './scanner-tags.ts';
import { mark, type Token, TokenType } from './scanner-tokens.ts';

/** A place where a simple key may start: one for each flow level, and one for the block level. */
interface SimpleKey {
  possible: boolean;
  required: boolean;
  token: number;
  pos: number;
  line: number;
  column: number;
}

const maxDepth = 10_000;
const maxKeyLength = 1024;

const isSpaced = (cursor: Cursor): boolean => isBlankOrEnd(cursor.at(1));

export class Scanner {
  readonly cursor: Cursor;
  readonly comments = new Comments();
  /** Tokens, of which those before `#head` have been taken. */
  #tokens: Token[] = [];
  #head = 0;
  /** How many tokens have been taken in all. */
  #taken = 0;
  #ready = false;
  #keyAllowed = true;
  #keys: SimpleKey[] = [noKey(0)];
  /** Number of the token that may start a simple key → its place in `#keys`. */
  #keyOfToken = new Map<number, number>();
  #indents: number[] = [];

  constructor(text: string, astral: boolean) {
    this.cursor = new Cursor(text, astral);
    if (text.charCodeAt(0) === 0xfeff) this.#skipByteOrderMark();
    this.#push(mark(TokenType.streamStart, this.cursor.pos, this.cursor.pos, 0, 0));
  }

  /** The next token. Collects the comments that count from it. */
  peek(): Token {
    if (!this.#ready) this.#fill();
    const token = this.#tokens[this.#head] as Token;
    if (this.comments.isWaiting) this.comments.collect(token);
    return token;
  }

  /** Takes the token that `peek` gave. */
  skip(): void {
    this.#ready = false;
    this.#taken++;
    this.#head++;
    if (this.#head < 1024) return;
    // The two tokens before the newest ones are still looked at.
    this.#tokens = this.#tokens.slice(this.#head - 2);
    this.#head = 2;
  }

  #skipByteOrderMark(): void {
    const { cursor } = this;
    cursor.pos = 1;
    cursor.lineStart = 1;
    // go-yaml would lose the first character of every line here.
    if (cursor.at() === 0xfeff) throw syntaxError('doubleMark', 0, 0);
  }

  /** The number of the token that will be pushed next. */
  get #nextNumber(): number {
    return this.#taken + this.#tokens.length - this.#head;
  }

  get #last(): Token {
    return this.#tokens[this.#tokens.length - 1] as Token;
  }

  #push(token: Token): void {
    this.#tokens.push(token);
  }

  /** Puts a token before the one with this number. */
  #insert(number: number, token: Token): void {
    const at = this.#head + number - this.#taken;
    if (at === this.#tokens.length - 1) {
      this.#tokens.push(this.#tokens[at] as Token);
      this.#tokens[at] = token;
    } else this.#tokens.splice(at, 0, token);
  }

  #fill(): void {
    while (this.#head >= this.#tokens.length - 2 || this.#mayBecomeKey()) this.#next();
    this.#ready = true;
  }

  /** Whether the next token may still turn out to start a simple key. */
  #mayBecomeKey(): boolean {
    const at = this.#keyOfToken.get(this.#taken);
    if (at === undefined) return false;
    const key = this.#keys[at];
    return key !== undefined && this.#isValid(key);
  }

  /** Scans one token, and what must be put before it. */
  #next(): void {
    const { cursor } = this;
    const { pos } = cursor;
    this.#passGap();
    this.#unroll(cursor.column, pos);
    const c = cursor.at();
    if (c === NUL) this.#streamEnd();
    else if (cursor.column === 0 && c === 37) this.#directive();
    else if (cursor.column === 0 && cursor.atDocumentMark()) this.#documentMark(c);
    else {
      const isSeparator = cursor.flowLevel === 0 ? c === 58 : c === 44;
      const from = isSeparator ? this.#last.start : cursor.pos;
      this.#content(c);
      // A comment behind a dash is the head of what follows.
      if (this.#last.type !== TokenType.blockEntry) this.comments.scanLine(cursor, from);
    }
  }

  /** Passes blanks, breaks and comments. Tabs may not indent in block context. */
  #passGap(): void {
    const { cursor, comments } = this;
    const gap = { pos: cursor.pos, line: cursor.line };
    for (;;) {
      const tabs = cursor.flowLevel > 0 || !this.#keyAllowed;
      let c = cursor.at();
      while (c === 32 || (tabs && c === 9)) {
        cursor.pos++;
        c = cursor.at();
      }
      if (comments.isWaiting && this.#startsList()) comments.turnLineToHead(cursor);
      if (c === 35) {
        comments.scanGap(cursor, gap, this.#tokenBefore());
        c = cursor.at();
      }
      if (!isBreak(c)) return;
      cursor.skipBreak();
      if (cursor.flowLevel === 0) this.#keyAllowed = true;
    }
  }

  /** Whether the first dash of a list was the last token. */
  #startsList(): boolean {
    return this.#last.type === TokenType.blockEntry && this.#tokens.at(-2)?.type === TokenType.blockSequenceStart;
  }

  /** The token that a foot comment would belong to. */
  #tokenBefore(): Token {
    const last = this.#last;
    return last.type === TokenType.flowEntry ? (this.#tokens.at(-2) ?? last) : last;
  }

  /** Ends the block collections that are indented deeper than `column`. */
  #unroll(column: number, gapStart: number): void {
    const { cursor } = this;
    if (cursor.flowLevel > 0 || cursor.indent <= column) return;
    let at = gapStart - 1;
    const starts = this.comments.isWaiting ? this.comments.columnsBehind(at) : undefined;
    while (cursor.indent > column) {
      at = starts?.get(cursor.indent + 1) ?? at;
      this.#push(mark(TokenType.blockEnd, at, at, cursor.line, cursor.column));
      cursor.indent = this.#indents.pop() as number;
    }
  }

  /** Starts a block collection where the column is deeper than all open ones; before the token `number` if it is given. */
  #roll(column: number, line: number, pos: number, type: TokenType, number = -1): void {
    const { cursor } = this;
    if (cursor.flowLevel > 0 || cursor.indent >= column) return;
    this.#indents.push(cursor.indent);
    if (this.#indents.length > maxDepth) throw syntaxError('tooDeep', line, column);
    cursor.indent = column;
    const token = mark(type, pos, pos, line, column);
    if (number < 0) this.#push(token);
    else this.#insert(number, token);
  }

  #streamEnd(): void {
    const { cursor } = this;
    if (cursor.column !== 0) {
      cursor.lineStart = cursor.pos;
      cursor.line++;
    }
    this.#endDocument();
    this.#push(mark(TokenType.streamEnd, cursor.pos, cursor.pos, cursor.line, 0));
  }

  #endDocument(): void {
    this.#unroll(-1, this.cursor.pos);
    this.#dropKey();
    this.#keyAllowed = false;
  }

  #directive(): void {
    this.#endDocument();
    this.#push(scanDirective(this.cursor, this.comments));
  }

  #documentMark(c: number): void {
    this.#endDocument();
    this.#indicator(c === 45 ? TokenType.documentStart : TokenType.documentEnd, 3);
  }

  #indicator(type: TokenType, length = 1): void {
    const { cursor } = this;
    const { pos, line, column } = cursor;
    cursor.skip(length);
    this.#push(mark(type, pos, cursor.pos, line, column));
  }

  /** Scans a token that starts with `c`, which is neither blank nor a document marker. */
  #content(c: number): void {
    const { cursor } = this;
    const inFlow = cursor.flowLevel > 0;
    if (c === 91) this.#openFlow(TokenType.flowSequenceStart);
    else if (c === 123) this.#openFlow(TokenType.flowMappingStart);
    else if (c === 93) this.#closeFlow(TokenType.flowSequenceEnd);
    else if (c === 125) this.#closeFlow(TokenType.flowMappingEnd);
    else if (c === 44) this.#flowEntry();
    else if (c === 45 && isSpaced(cursor)) this.#blockEntry();
    else if (c === 63 && (inFlow || isSpaced(cursor))) this.#key();
    else if (c === 58 && (inFlow || isSpaced(cursor))) this.#value();
    else if (c === 42) this.#anchor(TokenType.alias);
    else if (c === 38) this.#anchor(TokenType.anchor);
    else if (c === 33) this.#tag();
    else if ((c === 124 || c === 62) && !inFlow) this.#block(c === 124);
    else if (c === 39 || c === 34) this.#quoted(c);
    else this.#plain(c);
  }

  #openFlow(type: TokenType): void {
    this.#saveKey();
    this.#keys.push(noKey(this.#nextNumber));
    this.cursor.flowLevel++;
    if (this.cursor.flowLevel > maxDepth) throw syntaxError('tooDeep', this.cursor.line, this.cursor.column);
    this.#keyAllowed = true;
    this.#indicator(type);
  }

  #closeFlow(type: TokenType): void {
    this.#dropKey();
    if (this.cursor.flowLevel > 0) {
      this.cursor.flowLevel--;
      this.#keyOfToken.delete((this.#keys.pop() as SimpleKey).token);
    }
    this.#keyAllowed = false;
    this.#indicator(type);
  }

  #flowEntry(): void {
    this.#dropKey();
    this.#keyAllowed = true;
    this.#indicator(TokenType.flowEntry);
  }

  #blockEntry(): void {
    const { cursor } = this;
    if (cursor.flowLevel === 0) {
      if (!this.#keyAllowed) throw syntaxError('entryNotAllowed', cursor.line, cursor.column);
      this.#roll(cursor.column, cursor.line, cursor.pos, TokenType.blockSequenceStart);
    }
    this.#dropKey();
    this.#keyAllowed = true;
    this.#indicator(TokenType.blockEntry);
  }

  #key(): void {
    const { cursor } = this;
    if (cursor.flowLevel === 0) {
      if (!this.#keyAllowed) throw syntaxError('keyNotAllowed', cursor.line, cursor.column);
      this.#roll(cursor.column, cursor.line, cursor.pos, TokenType.blockMappingStart);
    }
    this.#dropKey();
    this.#keyAllowed = cursor.flowLevel === 0;
    this.#indicator(TokenType.key);
  }

  #value(): void {
    const { cursor } = this;
    const key = this.#keys.at(-1) as SimpleKey;
    if (this.#isValid(key)) {
      const { pos, line, column, token } = key;
      this.#insert(token, mark(TokenType.key, pos, pos, line, column));
      this.#roll(column, line, pos, TokenType.blockMappingStart, token);
      key.possible = false;
      this.#keyOfToken.delete(token);
      this.#keyAllowed = false;
    } else {
      if (cursor.flowLevel === 0) {
        if (!this.#keyAllowed) throw syntaxError('valueNotAllowed', cursor.line, cursor.column);
        this.#roll(cursor.column, cursor.line, cursor.pos, TokenType.blockMappingStart);
      }
      this.#keyAllowed = cursor.flowLevel === 0;
    }
    this.#indicator(TokenType.value);
  }

  /** Anchors, aliases, tags and quoted scalars may start a simple key, and none may follow them. */
  #anchor(type: typeof TokenType.anchor | typeof TokenType.alias): void {
    this.#saveKey();
    this.#keyAllowed = false;
    this.#push(scanAnchor(this.cursor, type));
  }

  #tag(): void {
    this.#saveKey();
    this.#keyAllowed = false;
    this.#push(scanTag(this.cursor));
  }

  #quoted(quote: 34 | 39): void {
    this.#saveKey();
    this.#keyAllowed = false;
    this.#push(scanQuoted(this.cursor, quote));
  }

  #block(literal: boolean): void {
    this.#dropKey();
    this.#keyAllowed = true;
    this.#push(scanBlock(this.cursor, this.comments, literal));
  }

  #plain(c: number): void {
    const { cursor } = this;
    if (!startsPlain(c, cursor)) throw syntaxError('badStart', cursor.line, cursor.column);
    this.#saveKey();
    this.#keyAllowed = false;
    const { token, brokeOff } = scanPlain(cursor);
    if (brokeOff) this.#keyAllowed = true;
    this.#push(token);
  }

  #saveKey(): void {
    if (!this.#keyAllowed) return;
    const { pos, line, column, flowLevel, indent } = this.cursor;
    this.#dropKey();
    const key = this.#keys.at(-1) as SimpleKey;
    key.possible = true;
    key.required = flowLevel === 0 && indent === column;
    key.token = this.#nextNumber;
    key.pos = pos;
    key.line = line;
    key.column = column;
    this.#keyOfToken.set(key.token, this.#keys.length - 1);
  }

  #dropKey(): void {
    const key = this.#keys.at(-1) as SimpleKey;
    if (!key.possible) return;
    if (key.required) throw syntaxError('keyWithoutColon', key.line, key.column);
    key.possible = false;
    this.#keyOfToken.delete(key.token);
  }

  /** Whether a simple key can still be one here: it ends within its line and 1024 characters. */
  #isValid(key: SimpleKey): boolean {
    if (!key.possible) return false;
    if (key.line === this.cursor.line && !this.#isLong(key)) return true;
    if (key.required) throw syntaxError('keyWithoutColon', key.line, key.column);
    key.possible = false;
    return false;
  }

  #isLong(key: SimpleKey): boolean {
    const { pos, astral, text } = this.cursor;
    if (pos - key.pos <= maxKeyLength) return false;
    return !astral || pos - key.pos > 2 * maxKeyLength || pos - key.pos - countPairs(text, key.pos, pos) > maxKeyLength;
  }
}

const noKey = (token: number): SimpleKey => ({ possible: false, required: false, token, pos: 0, line: 0, column: 0 });

/** The characters that start something else, or nothing. */
const indicators = '-?:,[]{}#&*!|>\'"%@`\t';

function startsPlain(c: number, cursor: Cursor): boolean {
  if (c > 127 || !indicators.includes(String.fromCharCode(c))) return true;
  const next = cursor.at(1);
  if (c === 45) return next !== 32 && next !== 9;
  return cursor.flowLevel === 0 && (c === 63 || c === 58) && !isBlankOrEnd(next);
}
