/**
 * The quick way through a YAML text of the simplest form: a block mapping of block mappings and lists with a key, a dash or a comment on
 * every line, and every value on the line of its key. Whatever else a text holds, a single thing of it is enough for the
 * answer that it is no such text; then the parser reads it, and the parser alone says what is wrong with a text. For the texts that
 * are taken here, both see the same (`testdata/suites/onepass.test.ts` compares them).
 */

import { isAscii, isUtf8 } from 'node:buffer';
import { EventKind, LeafStyle, LineTable } from './linetable.ts';
import { isPlainAmbiguous } from './resolve.ts';

const LF = 10;
const SPACE = 32;
const DOUBLE = 34;
const HASH = 35;
const SINGLE = 39;
const DASH = 45;
const COLON = 58;
const BACKSLASH = 92;

/** Bit 0: may stand in a key. Bit 1: may begin a key. Bit 2: may begin a plain value. */
const classes = new Uint8Array(256);
for (let c = 0x21; c < 0x7f; c++) if (!'-?:,[]{}#&*!|>\'"%@`'.includes(String.fromCharCode(c))) classes[c] = 4;
for (let c = 0x80; c < 0x100; c++) classes[c] = 4;
for (const c of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./')) classes[c] = 7;
classes[DASH] = 1;

/** Where a plain value has to be looked at. A table of its own, since most of a file is nothing but a walk along it. */
const stops = new Uint8Array(256);
for (let c = 0; c < 0x100; c++) if (c < SPACE || c > 0x7e || c === COLON || c === HASH) stops[c] = 1;

/** What the words begin with that mean null or a boolean. */
const wordStarts = new Uint8Array(256);
for (const c of Buffer.from('tTfFnN')) wordStarts[c] = 1;

const longestKey = 256;
const deepest = 64;
/** No word with a meaning of its own is longer. */
const longestWord = 5;
/** From this many keys on they are kept in a set. */
const manyKeys = 16;

interface Frame {
  readonly column: number;
  readonly isList: boolean;
  /** Of a mapping, the digests of its keys: one that comes twice may be a second of two equal keys. */
  readonly keys: number[];
  keySet: Set<number> | undefined;
}

const frameOf = (column: number, isList: boolean): Frame => ({ column, isList, keys: [], keySet: undefined });

/** A number below 2^53 for a key, from two multiplicative digests; keys that share one are rare, and only make the way slower. */
function digestOf(text: Uint8Array, start: number, end: number): number {
  let a = 0x811c9dc5;
  let b = end - start;
  for (let p = start; p < end; p++) {
    const c = text[p] as number;
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b + c, 0x85ebca6b) ^ (b >>> 13);
  }
  return (b >>> 11) * 0x1_0000_0000 + (a >>> 0);
}

/** The events of `text[0..end)`; undefined where it is not of the simple form. In plain text no value may look like a ciphertext. */
export function scanLines(text: Buffer, end: number, stage: 'plain' | 'encrypted'): LineTable | undefined {
  if (end === 0 || text[end - 1] !== LF) return undefined;
  if (!isAscii(text) && !isUtf8(text)) return undefined;
  return new LineScan(text, end, stage === 'encrypted').run();
}

class LineScan {
  readonly #text: Buffer;
  readonly #end: number;
  readonly #encrypted: boolean;
  readonly #table = new LineTable();
  readonly #frames: Frame[] = [frameOf(0, false)];
  /** The start of the line, or of the next once a line has been read. */
  #at = 0;
  /** The key that still has no value; empty for none. */
  #keyStart = 0;
  #keyEnd = 0;
  /** The comments above the next entry, start and end of each in turn, and the column they have in common. */
  #comments: number[] = [];
  #commentColumn = 0;
  /** Whether a comment ended the line before. */
  #afterInline = false;

  constructor(text: Buffer, end: number, encrypted: boolean) {
    this.#text = text;
    this.#end = end;
    this.#encrypted = encrypted;
  }

  run(): LineTable | undefined {
    while (this.#at < this.#end) if (!this.#line()) return undefined;
    if (this.#comments.length > 0 || this.#table.length === 0) return undefined;
    while (this.#frames.length > 1) this.#leave();
    return this.#table;
  }

  get #top(): Frame {
    return this.#frames[this.#frames.length - 1] as Frame;
  }

  #line(): boolean {
    const text = this.#text;
    let p = this.#at;
    while (text[p] === SPACE) p++;
    const column = p - this.#at;
    const c = text[p];
    if (c === LF) {
      if (column > 0 || this.#comments.length > 0) return false;
      this.#at++;
      return true;
    }
    if (c === HASH) return this.#comment(p, column);
    this.#afterInline = false;
    return c === DASH ? this.#item(p, column) : this.#entry(p, column);
  }

  /** Comments are taken where what they stand above leaves no doubt: an entry in the same column, on the next line. */
  #comment(p: number, column: number): boolean {
    if (this.#afterInline || (this.#comments.length > 0 && column !== this.#commentColumn)) return false;
    const end = this.#lineEnd(p);
    if (!this.#isPrintable(p, end)) return false;
    this.#comments.push(p + 1, end);
    this.#commentColumn = column;
    this.#at = end + 1;
    return true;
  }

  #entry(p: number, column: number): boolean {
    const key = this.#keyBehind(p);
    return key >= 0 && this.#openMapping(column) && this.#flushComments(column) && this.#pair(p, key, column);
  }

  #item(p: number, column: number): boolean {
    const text = this.#text;
    let q = p + 1;
    if (text[q] !== SPACE || !this.#openList(column) || !this.#flushComments(column)) return false;
    while (text[q] === SPACE) q++;
    const key = this.#keyBehind(q);
    if (key < 0) return this.#value(0, 0, q, column);
    const inner = column + q - p;
    this.#enter(0, 0, frameOf(inner, false));
    return this.#frames.length <= deepest && this.#pair(q, key, inner);
  }

  /** The offset of the colon behind the key that starts here; -1 where none does. */
  #keyBehind(start: number): number {
    const text = this.#text;
    const quoted = text[start] === DOUBLE;
    let q = quoted ? start + 1 : start;
    if (((classes[text[q] as number] as number) & 2) === 0) return -1;
    while (((classes[text[q] as number] as number) & 1) !== 0) q++;
    if (quoted && text[q++] !== DOUBLE) return -1;
    return text[q] === COLON && (text[q + 1] === SPACE || text[q + 1] === LF) && q - start <= longestKey ? q : -1;
  }

  #openMapping(column: number): boolean {
    if (this.#keyEnd > 0 && column > this.#top.column) return this.#openPending(frameOf(column, false));
    this.#unroll(column);
    const below = this.#frames[this.#frames.length - 2];
    if (this.#top.isList && below !== undefined && below.column === column && !below.isList) this.#leave();
    return this.#top.column === column && !this.#top.isList;
  }

  #openList(column: number): boolean {
    if (this.#keyEnd > 0 && column >= this.#top.column) return this.#openPending(frameOf(column, true));
    this.#unroll(column);
    return this.#top.column === column && this.#top.isList;
  }

  /** The key without a value on its line gets a container. */
  #openPending(frame: Frame): boolean {
    this.#enter(this.#keyStart, this.#keyEnd, frame);
    return this.#frames.length <= deepest;
  }

  /** Ends the containers that stand deeper. A key that has no value by then is null. */
  #unroll(column: number): void {
    this.#keyEnd = 0;
    while (this.#top.column > column) this.#leave();
  }

  #enter(keyStart: number, keyEnd: number, frame: Frame): void {
    this.#keyEnd = 0;
    this.#table.addEnter(frame.isList, keyStart, keyEnd, frame.column);
    this.#frames.push(frame);
  }

  #leave(): void {
    this.#table.add(EventKind.leave, 0, 0, 0, 0);
    this.#frames.pop();
  }

  #flushComments(column: number): boolean {
    const comments = this.#comments;
    if (comments.length === 0) return true;
    if (column !== this.#commentColumn) return false;
    for (let i = 0; i < comments.length; i += 2)
      this.#table.add(EventKind.comment, 0, 0, comments[i] as number, comments[i + 1] as number);
    comments.length = 0;
    return true;
  }

  /** A key and what is on its line. */
  #pair(start: number, colon: number, column: number): boolean {
    const text = this.#text;
    const quote = text[start] === DOUBLE ? 1 : 0;
    const keyStart = start + quote;
    const keyEnd = colon - quote;
    if (!this.#isNewKey(keyStart, keyEnd, quote === 1)) return false;
    let q = colon + 1;
    if (text[q] === LF) {
      this.#keyStart = keyStart;
      this.#keyEnd = keyEnd;
      this.#at = q + 1;
      return true;
    }
    while (text[q] === SPACE) q++;
    return this.#value(keyStart, keyEnd, q, column);
  }

  /** Whether a key is text, and neither one of its mapping's already nor that of the block. */
  #isNewKey(start: number, end: number, quoted: boolean): boolean {
    const text = this.#text;
    if (this.#frames.length === 1 && end - start === 4 && text.toString('latin1', start, end) === 'sops') return false;
    const first = text[start] as number;
    const mayBeWord = end - start <= longestWord && wordStarts[first] === 1;
    if (!quoted && (mayBeWord || first < 0x41) && isPlainAmbiguous(text.toString('latin1', start, end))) return false;
    const digest = digestOf(text, start, end);
    const frame = this.#top;
    if (frame.keySet !== undefined) {
      const before = frame.keySet.size;
      return frame.keySet.add(digest).size > before;
    }
    if (frame.keys.includes(digest)) return false;
    frame.keys.push(digest);
    if (frame.keys.length === manyKeys) frame.keySet = new Set(frame.keys);
    return true;
  }

  #value(keyStart: number, keyEnd: number, q: number, base: number): boolean {
    const text = this.#text;
    const c = text[q] as number;
    if (c === 0x7b || c === 0x5b) return this.#emptyCollection(q, c + 2);
    const quoted = c === DOUBLE || c === SINGLE;
    const end = quoted ? this.#quotedEnd(q, c) : this.#plainEnd(q);
    if (end < 0) return false;
    const style = quoted ? (c === DOUBLE ? LeafStyle.double : LeafStyle.single) : LeafStyle.plain;
    // In the order of the walk the comment of a line comes before its value.
    if (!this.#lineTail(end)) return false;
    this.#table.addLeaf(style, keyStart, keyEnd, q, end, base);
    return true;
  }

  #emptyCollection(q: number, closing: number): boolean {
    const text = this.#text;
    if (text[q + 1] !== closing || text[q + 2] !== LF) return false;
    this.#at = q + 3;
    return true;
  }

  /** A comment behind a value, or nothing. */
  #lineTail(end: number): boolean {
    const text = this.#text;
    let p = end;
    while (text[p] === SPACE) p++;
    if (p > end && text[p] === HASH) {
      const stop = this.#lineEnd(p);
      if (!this.#isPrintable(p, stop)) return false;
      this.#table.add(EventKind.comment, 0, 0, p + 1, stop);
      this.#afterInline = true;
      p = stop;
    } else if (p > end) return false;
    this.#at = p + 1;
    return text[p] === LF;
  }

  /** Behind the closing quote; -1 for anything that does not stand for itself, and for a text that goes on in the next line. */
  #quotedEnd(start: number, quote: number): number {
    const text = this.#text;
    let p = start + 1;
    let isWide = false;
    for (let c = text[p] as number; c !== quote; c = text[++p] as number) {
      if (c < SPACE || c === 0x7f || c === BACKSLASH) return -1;
      if (c > 0x7f) isWide = true;
    }
    if (text[p + 1] === quote || (isWide && !this.#isPrintable(start, p))) return -1;
    return p + 1;
  }

  /** Behind the last character of a plain value, which ends before a comment or with the line. */
  #plainEnd(start: number): number {
    const text = this.#text;
    const first = text[start] as number;
    if (((classes[first] as number) & 4) === 0 && !(first === DASH && (text[start + 1] as number) > SPACE)) return -1;
    const isCiphertext =
      first === 0x45 && text[start + 1] === 0x4e && text[start + 2] === 0x43 && text[start + 3] === 0x5b;
    if (isCiphertext && !this.#encrypted) return -1;
    let p = start;
    let isWide = false;
    for (; ; p++) {
      let c = text[p] as number;
      while (stops[c] === 0) c = text[++p] as number;
      if (c < SPACE || c === 0x7f) break;
      if (c > 0x7f) isWide = true;
      else if (c === COLON && (text[p + 1] === SPACE || text[p + 1] === LF)) return -1;
      else if (c === HASH && text[p - 1] === SPACE) break;
    }
    if (text[p] !== LF && text[p] !== HASH) return -1;
    if (isWide && !this.#isPrintable(start, p)) return -1;
    if (text[p] === HASH) while (text[p - 1] === SPACE) p--;
    return text[p - 1] === SPACE ? -1 : p;
  }

  #lineEnd(from: number): number {
    return this.#text.indexOf(LF, from);
  }

  /** Whether the line, which has no more than valid UTF-8, holds nothing that a reader of YAML refuses or takes for a line break. */
  #isPrintable(start: number, end: number): boolean {
    const text = this.#text;
    let isWide = false;
    for (let p = start; p < end; p++) {
      const c = text[p] as number;
      if (c < SPACE || c === 0x7f) return false;
      if (c > 0x7f) isWide = true;
    }
    return !isWide || !notSimple.test(text.toString('utf8', start, end));
  }
}

/** Controls, NEL, LS, PS, the byte order mark and what is no character. */
const notSimple = /[\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;
