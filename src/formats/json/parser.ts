/**
 * JSON (RFC 8259) as Go's encoding/json reads it for sops, with the place of every value; docs/format.md §8.
 *
 * Stricter than sops on purpose (`docs/compatibility.md`): text behind the value and a file that ends too early are refused.
 * Nothing here recurses, so the nesting limit is the only one.
 */

import { parseInt64 } from '../../core/scalar.ts';
import type { TsopsError } from '../../errors.ts';
import { type ProblemKind, problemAt } from './problems.ts';
import type { JsonContainer, JsonNode, JsonObject, JsonScalar } from './syntax.ts';
import { fromByteText } from './utf8.ts';

/** Go's encoding/json refuses deeper nesting (scanner.go maxNestingDepth). */
export const nestingLimit = 10_000;

const quote = 0x22;
const backslash = 0x5c;
const zero = 0x30;
const nine = 0x39;

/** Parses one JSON value with nothing but white space around it. @throws TsopsError FILE_SYNTAX */
export function parseJson(byteText: string): JsonNode {
  const parser = new Parser(byteText);
  parser.skipSpace();
  const node = parser.value();
  parser.skipSpace();
  if (parser.at < byteText.length) throw parser.problem('afterEnd');
  return node;
}

/** The value of a text that is exactly one scalar token. @throws TsopsError FILE_SYNTAX where it is something else */
export function parseToken(byteText: string): JsonScalar['value'] {
  const parser = new Parser(byteText);
  const node = parser.opening();
  if (node.kind !== 'scalar') throw parser.problem('value', 0);
  if (parser.at < byteText.length) throw parser.problem('afterEnd');
  return node.value;
}

/** An open container; for an object with the key whose value comes next. */
interface Frame {
  readonly node: JsonContainer;
  key: string;
  keyStart: number;
}

class Parser {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  problem(kind: ProblemKind, at = this.at): TsopsError {
    return problemAt(this.text, kind, at);
  }

  skipSpace(): void {
    for (; ; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  /** A value with all that is in it, without recursion: `open` holds the containers around the place reached. */
  value(): JsonNode {
    const open: Frame[] = [];
    for (;;) {
      let node = this.opening();
      if (node.kind !== 'scalar') {
        if (open.length >= nestingLimit) throw this.problem('tooDeep', node.start);
        if (!this.closes(node)) {
          open.push(this.frame(node));
          continue;
        }
      }
      let frame = open.at(-1);
      while (frame !== undefined) {
        attach(frame, node);
        if (this.continues(frame)) break;
        node = frame.node;
        open.pop();
        frame = open.at(-1);
      }
      if (frame === undefined) return node;
    }
  }

  private frame(node: JsonContainer): Frame {
    const frame = { node, key: '', keyStart: 0 };
    if (node.kind === 'object') this.key(frame);
    return frame;
  }

  /** A scalar, or a container of which only the bracket has been read. */
  opening(): JsonNode {
    const start = this.at;
    const code = this.text.charCodeAt(start);
    if (code === quote) return this.scalar(start, this.string());
    if (code === 0x7b || code === 0x5b) {
      this.at++;
      return { kind: code === 0x7b ? 'object' : 'array', start, end: start, parts: [] };
    }
    if (code === 0x2d || (code >= zero && code <= nine)) return this.scalar(start, this.number());
    if (code === 0x74) return this.word('true', true);
    if (code === 0x66) return this.word('false', false);
    if (code === 0x6e) return this.word('null', null);
    throw this.problem('value');
  }

  /** Whether an opened container is empty; it is closed then, else the place is that of its first part. */
  private closes(node: JsonContainer): boolean {
    this.skipSpace();
    if (this.text.charCodeAt(this.at) !== closing(node)) return false;
    node.end = ++this.at;
    return true;
  }

  /** Behind a part: past the comma to the next value (true), or past the closing bracket (false). */
  private continues(frame: Frame): boolean {
    this.skipSpace();
    const code = this.text.charCodeAt(this.at);
    if (code === closing(frame.node)) {
      frame.node.end = ++this.at;
      return false;
    }
    if (code !== 0x2c) throw this.problem(frame.node.kind === 'object' ? 'afterMember' : 'afterItem');
    const comma = this.at++;
    this.skipSpace();
    if (this.text.charCodeAt(this.at) === closing(frame.node)) throw this.problem('trailingComma', comma);
    if (frame.node.kind === 'object') this.key(frame);
    return true;
  }

  /** A key and its colon. */
  private key(frame: Frame): void {
    if (this.text.charCodeAt(this.at) !== quote) throw this.problem('key');
    frame.keyStart = this.at;
    frame.key = this.string();
    this.skipSpace();
    if (this.text.charCodeAt(this.at) !== 0x3a) throw this.problem('colon');
    this.at++;
    this.skipSpace();
  }

  private word(text: string, value: boolean | null): JsonNode {
    const start = this.at;
    if (!this.text.startsWith(text, start)) throw this.problem('value');
    this.at += text.length;
    return this.scalar(start, value);
  }

  private scalar(start: number, value: JsonScalar['value']): JsonScalar {
    return { kind: 'scalar', start, end: this.at, value, slot: -1 };
  }

  /** Integers that fit 64 bits are `int`, all else is `float` (sops 3.13.2 stores/json normalizeJSONNumber). */
  private number(): bigint | number {
    const start = this.at;
    if (this.text.charCodeAt(start) === 0x2d) this.at++;
    const digits = this.at;
    this.digits();
    if (this.text.charCodeAt(digits) === zero && this.at > digits + 1) throw this.problem('leadingZero', digits);
    const integral = !this.fractionAndExponent();
    const text = this.text.slice(start, this.at);
    const integer = integral ? parseInt64(text) : undefined;
    if (integer !== undefined) return integer;
    const value = Number(text);
    if (!Number.isFinite(value)) throw this.problem('tooLarge', start);
    return value;
  }

  private fractionAndExponent(): boolean {
    const start = this.at;
    if (this.text.charCodeAt(this.at) === 0x2e) {
      this.at++;
      this.digits();
    }
    if ((this.text.charCodeAt(this.at) | 0x20) === 0x65) {
      this.at++;
      const sign = this.text.charCodeAt(this.at);
      if (sign === 0x2b || sign === 0x2d) this.at++;
      this.digits();
    }
    return this.at > start;
  }

  private digits(): void {
    const start = this.at;
    for (; ; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (!(code >= zero && code <= nine)) break;
    }
    if (this.at === start) throw this.problem('digit');
  }

  private string(): string {
    const start = ++this.at;
    let escaped = false;
    let ascii = true;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === quote) break;
      // The comparison is false for the NaN behind the end, too.
      if (!(code >= 0x20)) throw this.problem(this.at < this.text.length ? 'control' : 'endInString');
      if (code > 0x7f) ascii = false;
      if (code === backslash) {
        escaped = true;
        this.escape();
      } else this.at++;
    }
    const raw = this.text.slice(start, this.at++);
    if (escaped) return unescaped(raw);
    return ascii ? raw : fromByteText(raw);
  }

  private escape(): void {
    const code = this.text.charCodeAt(this.at + 1);
    if (Number.isNaN(code)) throw this.problem('endInString', this.text.length);
    if (code !== 0x75) {
      if (!simpleEscapes.has(code)) throw this.problem('escape');
      this.at += 2;
      return;
    }
    for (let i = this.at + 2; i < this.at + 6; i++) if (!isHex(this.text.charCodeAt(i))) throw this.problem('escape');
    this.at += 6;
  }
}

const closing = (node: JsonContainer): number => (node.kind === 'object' ? 0x7d : 0x5d);

const isHex = (code: number): boolean =>
  (code >= zero && code <= nine) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);

const simpleEscapes: ReadonlyMap<number, string> = new Map([
  [quote, '"'],
  [backslash, '\\'],
  [0x2f, '/'],
  [0x62, '\b'],
  [0x66, '\f'],
  [0x6e, '\n'],
  [0x72, '\r'],
  [0x74, '\t'],
]);

function attach(frame: Frame, value: JsonNode): void {
  if (frame.node.kind === 'array') frame.node.parts.push(value);
  else frame.node.parts.push({ key: frame.key, start: frame.keyStart, end: value.end, value });
}

/** The text of a checked string body with escapes; lone surrogates become U+FFFD, as in Go. */
function unescaped(raw: string): string {
  const pieces: string[] = [];
  let from = 0;
  for (let at = raw.indexOf('\\'); at >= 0; at = raw.indexOf('\\', from)) {
    pieces.push(fromByteText(raw.slice(from, at)));
    const simple = simpleEscapes.get(raw.charCodeAt(at + 1));
    from = at + 2;
    if (simple !== undefined) pieces.push(simple);
    else {
      const text = unicodeEscape(raw, at);
      pieces.push(text);
      from = at + (text.length === 2 ? 12 : 6);
    }
  }
  pieces.push(fromByteText(raw.slice(from)));
  return pieces.join('');
}

function unicodeEscape(raw: string, at: number): string {
  const unit = hexAt(raw, at + 2);
  if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
  if (unit < 0xdc00 && raw.startsWith('\\u', at + 6)) {
    const low = hexAt(raw, at + 8);
    if (low >= 0xdc00 && low <= 0xdfff) return String.fromCharCode(unit, low);
  }
  return '\ufffd';
}

const hexAt = (raw: string, at: number): number => Number.parseInt(raw.slice(at, at + 4), 16);

/** Parses a file. @throws TsopsError FILE_SYNTAX, also where the top level is no object */
export function parseJsonFile(byteText: string): JsonObject {
  const node = parseJson(byteText);
  if (node.kind !== 'object') throw problemAt(byteText, 'notAnObject', node.start);
  return node;
}
