/**
 * INI text cut into units, exactly as gopkg.in/ini.v1 1.67.3 parser.go reads it with the options of sops: keys end at the
 * first `=` or `:`, values may be quoted, in back-quotes, in `"""` over several lines, or continued by a backslash, and `#`
 * or `;` starts a comment anywhere in a bare value.
 *
 * The units cover the text without a gap: each reaches from the end of the one before through its last line break.
 */

import { TsopsError } from '../../errors.ts';
import { firstOf, nextLine, skipSpace, trimEnd } from './whitespace.ts';

/** Offsets into the raw text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A comment line. `start` is its marker, `end` its trimmed end. */
export interface CommentLine extends Span {
  readonly lineStart: number;
  /** Behind the line break. */
  readonly lineEnd: number;
}

interface Base extends Span {
  /** Comment lines since the unit before; blank lines do not part them from the unit. */
  readonly lines: readonly CommentLine[];
  /** Where the first line of the unit itself starts. */
  readonly lineStart: number;
}

/** How a value is quoted; a continued value is bare. */
export type Quote = '' | '"' | "'" | '`' | '"""';

export interface KeyUnit extends Base {
  readonly kind: 'key';
  /** Raw, as the library names the key; `-` is numbered by it. */
  readonly name: string;
  readonly value: string;
  /** From the opening quote to behind the closing one. */
  readonly valueSpan: Span;
  readonly quote: Quote;
  readonly inline: Span | undefined;
  /** Text behind the value that the library drops. */
  readonly lost: Span | undefined;
  /** Text between a quoted name and the delimiter, which the library drops too. */
  readonly lostInName: Span | undefined;
}

export interface SectionUnit extends Base {
  readonly kind: 'section';
  readonly name: string;
  /** An empty span behind the `]`. */
  readonly valueSpan: Span;
  readonly inline: Span | undefined;
  readonly lost: Span | undefined;
}

/** What follows the last key or header: always the last unit, often empty. The library loses its comments. */
export interface TailUnit extends Base {
  readonly kind: 'tail';
}

export type Unit = KeyUnit | SectionUnit | TailUnit;

const equalsSign = 0x3d;
const colon = 0x3a;
const hash = 0x23;
const semicolon = 0x3b;

/** @throws TsopsError FILE_SYNTAX */
export function scan(raw: string, from = 0): Unit[] {
  const units: Unit[] = [];
  let lines: CommentLine[] = [];
  let unitStart = from;
  let at = from;
  while (at < raw.length) {
    const lineEnd = nextLine(raw, at);
    const start = skipSpace(raw, at, lineEnd);
    const first = raw.charCodeAt(start);
    if (start === lineEnd) {
      at = lineEnd;
    } else if (first === hash || first === semicolon) {
      lines.push({ lineStart: at, start, end: trimEnd(raw, start, lineEnd), lineEnd });
      at = lineEnd;
    } else {
      const read = raw[start] === '[' ? readSection : readKey;
      const unit = read(raw, { start: unitStart, lines, lineStart: at }, start, lineEnd);
      units.push(unit);
      at = unit.end;
      unitStart = at;
      lines = [];
    }
  }
  units.push({ kind: 'tail', start: unitStart, lines, lineStart: raw.length, end: raw.length });
  return units;
}

type Head = Pick<Base, 'start' | 'lines' | 'lineStart'>;

function readSection(raw: string, head: Head, start: number, lineEnd: number): SectionUnit {
  const close = raw.lastIndexOf(']', lineEnd - 1);
  if (close < start) throw syntaxError(raw, start, 'a section header is not closed with ]');
  const name = raw.slice(start + 1, close);
  if (name === '') throw syntaxError(raw, start, 'a section has an empty name');
  const end = trimEnd(raw, close + 1, lineEnd);
  const mark = firstOf(raw, hash, semicolon, close + 1, end);
  return {
    kind: 'section',
    ...head,
    name,
    valueSpan: { start: close + 1, end: close + 1 },
    inline: mark < 0 ? undefined : { start: mark, end },
    lost: textIn(raw, close + 1, mark < 0 ? end : mark),
    end: lineEnd,
  };
}

function textIn(raw: string, from: number, to: number): Span | undefined {
  const start = skipSpace(raw, from, to);
  return start === to ? undefined : { start, end: trimEnd(raw, start, to) };
}

function readKey(raw: string, head: Head, start: number, lineEnd: number): KeyUnit {
  const { name, valueAt, lostInName } = readName(raw, start, lineEnd);
  if (name === '') throw syntaxError(raw, start, 'a key has an empty name');
  return { kind: 'key', ...head, name, lostInName, ...readValue(raw, valueAt, lineEnd) };
}

interface Name extends Pick<KeyUnit, 'name' | 'lostInName'> {
  readonly valueAt: number;
}

function readName(raw: string, start: number, lineEnd: number): Name {
  const quote = nameQuote(raw, start, lineEnd);
  const nameStart = start + quote.length;
  const close = quote === '' ? -1 : raw.indexOf(quote, nameStart);
  if (quote !== '' && (close < 0 || close + quote.length > lineEnd)) {
    throw syntaxError(raw, start, 'the quote around a key is not closed');
  }
  const delimiter = firstOf(raw, equalsSign, colon, quote === '' ? start : close + quote.length, lineEnd);
  if (delimiter < 0) throw syntaxError(raw, start, 'a line has neither = nor : and is no comment and no section');
  const nameEnd = quote === '' ? delimiter : close;
  const first = skipSpace(raw, nameStart, nameEnd);
  return {
    name: raw.slice(first, trimEnd(raw, first, nameEnd)),
    valueAt: delimiter + 1,
    lostInName: quote === '' ? undefined : textIn(raw, close + quote.length, delimiter),
  };
}

function nameQuote(raw: string, start: number, lineEnd: number): Quote {
  if (raw[start] === '`') return '`';
  if (raw[start] !== '"') return '';
  return lineEnd - start > 6 && raw.startsWith('"""', start) ? '"""' : '"';
}

type Value = Pick<KeyUnit, 'value' | 'valueSpan' | 'quote' | 'inline' | 'lost' | 'end'>;

function readValue(raw: string, from: number, lineEnd: number): Value {
  const start = skipSpace(raw, from, lineEnd);
  if (start === lineEnd) return emptyValue(raw, from, lineEnd);
  if (lineEnd - start > 3 && raw.startsWith('"""', start)) return readQuoted(raw, start, lineEnd, '"""');
  if (raw[start] === '`') return readQuoted(raw, start, lineEnd, '`');
  const end = trimEnd(raw, start, lineEnd);
  return raw[end - 1] === '\\' ? readContinued(raw, start, end, lineEnd) : readBare(raw, start, end, lineEnd);
}

/** A value would be written at the end of the line, behind the blanks that are there. */
function emptyValue(raw: string, from: number, lineEnd: number): Value {
  let at = lineEnd;
  while (at > from && (raw[at - 1] === '\n' || raw[at - 1] === '\r')) at -= 1;
  const valueSpan = { start: at, end: at };
  return { value: '', valueSpan, quote: '', inline: undefined, lost: undefined, end: lineEnd };
}

function readBare(raw: string, start: number, end: number, lineEnd: number): Value {
  const mark = firstOf(raw, hash, semicolon, start, end);
  const valueEnd = mark < 0 ? end : trimEnd(raw, start, mark);
  const quote = surroundingQuote(raw, start, valueEnd);
  return {
    value: raw.slice(start + quote.length, valueEnd - quote.length),
    valueSpan: { start, end: valueEnd },
    quote,
    inline: mark < 0 ? undefined : { start: mark, end },
    lost: undefined,
    end: lineEnd,
  };
}

/** Quotes count only where the same quote does not stand inside. */
function surroundingQuote(raw: string, start: number, end: number): Quote {
  const quote = raw[start];
  if (end - start < 2 || (quote !== '"' && quote !== "'")) return '';
  return raw[end - 1] === quote && raw.indexOf(quote, start + 1) === end - 1 ? quote : '';
}

/** The last closing quote of the first line ends the value, and everything behind it is dropped, comments too. */
function readQuoted(raw: string, start: number, lineEnd: number, quote: '`' | '"""'): Value {
  const close = raw.lastIndexOf(quote, lineEnd - quote.length);
  const contentStart = start + quote.length;
  if (close < contentStart) return readLines(raw, start, lineEnd, quote);
  const end = close + quote.length;
  return {
    value: raw.slice(contentStart, close),
    valueSpan: { start, end },
    quote,
    inline: undefined,
    lost: textIn(raw, end, lineEnd),
    end: lineEnd,
  };
}

/** A later line that has the closing quote ends the value, unless that line itself ends in a backslash. */
function readLines(raw: string, start: number, firstEnd: number, quote: '`' | '"""'): Value {
  for (let at = firstEnd; at < raw.length; ) {
    const lineEnd = nextLine(raw, at);
    const close = raw.slice(at, lineEnd).lastIndexOf(quote);
    const end = trimEnd(raw, at, lineEnd);
    const closed = at + close + quote.length;
    if (close >= 0 && (end <= closed || raw[end - 1] !== '\\')) {
      const mark = firstOf(raw, hash, semicolon, closed, end);
      return {
        value: raw.slice(start + quote.length, at + close),
        valueSpan: { start, end: closed },
        quote,
        inline: mark < 0 ? undefined : { start: mark, end },
        lost: textIn(raw, closed, mark < 0 ? end : mark),
        end: lineEnd,
      };
    }
    at = lineEnd;
  }
  throw syntaxError(raw, start, 'the quote around a value is not closed');
}

/** Lines are trimmed and joined; comments and quotes mean nothing here. A blank line ends the value and belongs to it. */
function readContinued(raw: string, start: number, firstEnd: number, lineEnd: number): Value {
  const parts = [raw.slice(start, firstEnd - 1)];
  let valueEnd = firstEnd;
  let at = lineEnd;
  for (let open = true; open && at < raw.length; ) {
    const next = nextLine(raw, at);
    const from = skipSpace(raw, at, next);
    const end = trimEnd(raw, from, next);
    open = from < end && raw[end - 1] === '\\';
    if (from < end) {
      parts.push(raw.slice(from, open ? end - 1 : end));
      valueEnd = end;
    }
    at = next;
  }
  return {
    value: parts.join(''),
    valueSpan: { start, end: valueEnd },
    quote: '',
    inline: undefined,
    lost: undefined,
    end: at,
  };
}

function syntaxError(raw: string, at: number, message: string): TsopsError {
  const before = raw.slice(0, at);
  const line = before.split('\n').length;
  return new TsopsError('FILE_SYNTAX', message, { line, column: at - before.lastIndexOf('\n') });
}
