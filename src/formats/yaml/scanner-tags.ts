/** Anchors, aliases, tags and directives. */

import type { Comments } from './comments.ts';
import { syntaxError } from './parser-problems.ts';
import { type Cursor, isBlank, isBlankOrEnd, isBreak, isBreakOrEnd, isDigit, isHex, isWord } from './scanner-cursor.ts';
import { mark, type Token, TokenType } from './scanner-tokens.ts';

const BANG = 33;
const PERCENT = 37;

/** For ASCII: 1 for what may stand in the URI of a tag, `%` included. */
const uriCharacters = new Uint8Array(128);
for (let c = 0; c < 128; c++) if (isWord(c)) uriCharacters[c] = 1;
for (const c of ";/?:@&=+$,.!~*'()[]%") uriCharacters[c.charCodeAt(0)] = 1;

const isUri = (c: number): boolean => c < 128 && uriCharacters[c] === 1;

/** What may follow the name of an anchor besides blanks and line ends. */
const afterName = '?:,]}%@`';

/** Scans `&name` or `*name`. */
export function scanAnchor(cursor: Cursor, type: typeof TokenType.anchor | typeof TokenType.alias): Token {
  const { pos: start, line, column } = cursor;
  cursor.skip(1);
  const text = scanWord(cursor);
  const c = cursor.at();
  if (text === '' || !(isBlankOrEnd(c) || afterName.includes(String.fromCharCode(c)))) {
    throw syntaxError('badAnchor', line, column);
  }
  return { ...mark(type, start, cursor.pos, line, column), text };
}

function scanWord(cursor: Cursor): string {
  const from = cursor.pos;
  while (isWord(cursor.at())) cursor.skip(1);
  return cursor.text.slice(from, cursor.pos);
}

/** Scans `!`, `!suffix`, `!!suffix`, `!handle!suffix` or `!<uri>`. */
export function scanTag(cursor: Cursor): Token {
  const { pos: start, line, column } = cursor;
  const [text, suffix] = cursor.at(1) === 60 ? scanVerbatim(cursor) : scanShorthand(cursor);
  if (!isBlankOrEnd(cursor.at())) throw syntaxError('badTag', line, column);
  return { ...mark(TokenType.tag, start, cursor.pos, line, column), text, suffix };
}

function scanVerbatim(cursor: Cursor): [string, string] {
  cursor.skip(2);
  const uri = scanUri(cursor);
  if (uri === '' || cursor.at() !== 62) throw syntaxError('badTag', cursor.line, cursor.column);
  cursor.skip(1);
  return ['', uri];
}

function scanShorthand(cursor: Cursor): [string, string] {
  const handle = scanHandle(cursor);
  const isNamed = handle.length > 1 && handle.endsWith('!');
  const suffix = isNamed ? scanUri(cursor) : handle.slice(1) + scanUri(cursor);
  if (isNamed && suffix === '') throw syntaxError('badTag', cursor.line, cursor.column);
  if (isNamed) return [handle, suffix];
  return suffix === '' ? ['', '!'] : ['!', suffix];
}

/** `!`, `!word!`, or `!word` where the rest turns out to be no handle. */
function scanHandle(cursor: Cursor): string {
  if (cursor.at() !== BANG) throw syntaxError('badDirective', cursor.line, cursor.column);
  cursor.skip(1);
  const word = scanWord(cursor);
  if (cursor.at() !== BANG) return `!${word}`;
  cursor.skip(1);
  return `!${word}!`;
}

function scanUri(cursor: Cursor): string {
  let uri = '';
  let piece = cursor.pos;
  while (isUri(cursor.at())) {
    if (cursor.at() === PERCENT) {
      uri += cursor.text.slice(piece, cursor.pos) + scanUriEscape(cursor);
      piece = cursor.pos;
    } else cursor.skip(1);
  }
  return uri + cursor.text.slice(piece, cursor.pos);
}

/** The `%HH` sequences of one character in UTF-8. */
function scanUriEscape(cursor: Cursor): string {
  const lead = scanOctet(cursor);
  const width = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0;
  if (width === 0) throw syntaxError('badTag', cursor.line, cursor.column);
  const octets = [lead];
  while (octets.length < width) {
    const octet = scanOctet(cursor);
    if ((octet & 0xc0) !== 0x80) throw syntaxError('badTag', cursor.line, cursor.column);
    octets.push(octet);
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(octets));
}

function scanOctet(cursor: Cursor): number {
  if (cursor.at() !== PERCENT || !isHex(cursor.at(1)) || !isHex(cursor.at(2))) {
    throw syntaxError('badTag', cursor.line, cursor.column);
  }
  const octet = Number.parseInt(cursor.text.slice(cursor.pos + 1, cursor.pos + 3), 16);
  cursor.skip(3);
  return octet;
}

/** Scans a `%` line with its break. */
export function scanDirective(cursor: Cursor, comments: Comments): Token {
  const { pos: start, line, column } = cursor;
  cursor.skip(1);
  const name = scanWord(cursor);
  if (name === '' || !isBlankOrEnd(cursor.at())) throw syntaxError('badDirective', line, column);
  if (name !== 'YAML' && name !== 'TAG') throw syntaxError('unknownDirective', line, column);
  const [text, suffix] = name === 'YAML' ? scanVersion(cursor) : scanPrefix(cursor);
  const type = name === 'YAML' ? TokenType.versionDirective : TokenType.tagDirective;
  const token = { ...mark(type, start, cursor.pos, line, column), text, suffix };
  cursor.skipBlanks();
  if (cursor.at() === 35) comments.note(cursor);
  if (!isBreakOrEnd(cursor.at())) throw syntaxError('badDirective', line, cursor.column);
  if (isBreak(cursor.at())) cursor.skipBreak();
  return token;
}

/** Major and minor number without leading zeros. */
function scanVersion(cursor: Cursor): [string, string] {
  cursor.skipBlanks();
  const major = scanNumber(cursor);
  if (cursor.at() !== 46) throw syntaxError('badDirective', cursor.line, cursor.column);
  cursor.skip(1);
  return [major, scanNumber(cursor)];
}

function scanNumber(cursor: Cursor): string {
  const from = cursor.pos;
  while (isDigit(cursor.at())) cursor.skip(1);
  const length = cursor.pos - from;
  if (length === 0 || length > 2) throw syntaxError('badDirective', cursor.line, cursor.column);
  return String(Number(cursor.text.slice(from, cursor.pos)));
}

function scanPrefix(cursor: Cursor): [string, string] {
  cursor.skipBlanks();
  const handle = scanHandle(cursor);
  if (handle !== '!' && !handle.endsWith('!')) throw syntaxError('badDirective', cursor.line, cursor.column);
  if (!isBlank(cursor.at())) throw syntaxError('badDirective', cursor.line, cursor.column);
  cursor.skipBlanks();
  const prefix = scanUri(cursor);
  if (prefix === '' || !isBlankOrEnd(cursor.at())) throw syntaxError('badDirective', cursor.line, cursor.column);
  return [handle, prefix];
}
