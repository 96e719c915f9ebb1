/** Decrypting and encrypting a JSON text without a tree, where `quickscan.ts` takes it. */

import { ByteWriter } from '../../core/bytewriter.ts';
import type { OpeningPass, SealingPass } from '../../core/onepass.ts';
import { textOf } from '../../core/scalar.ts';
import type { Mapping } from '../../core/tree.ts';
import type { PlainText, PrintOptions, SealedText, StoredBlock } from '../format.ts';
import { newBlock } from './insertion.ts';
import { parseJson } from './parser.ts';
import { printScalar } from './print.ts';
import { Kind, type QuickText, quickScan } from './quickscan.ts';
import { treeOf } from './tree.ts';
import { toByteText } from './utf8.ts';

export function sealedObject(bytes: Uint8Array): SealedText | undefined {
  const found = quickScan(asBuffer(bytes), 'encrypted');
  return found && new QuickSealed(found);
}

export function plainObject(bytes: Uint8Array): PlainText | undefined {
  const found = quickScan(asBuffer(bytes), 'plain');
  return found && new QuickPlain(found);
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const quote = 0x22;

/** A result that grows with a text: what is between the replaced values is copied. */
class Patched {
  readonly out: ByteWriter;
  readonly #text: Buffer;
  #copied = 0;

  constructor(text: Buffer, size: number) {
    this.#text = text;
    this.out = new ByteWriter(size);
  }

  copyTo(offset: number): void {
    this.out.copy(this.#text, this.#copied, offset);
    this.#copied = offset;
  }

  skipTo(offset: number): void {
    this.#copied = offset;
  }

  replace(start: number, end: number, bytes: Buffer): void {
    this.copyTo(start);
    this.out.copy(bytes, 0, bytes.length);
    this.#copied = end;
  }
}

class QuickSealed implements SealedText {
  readonly blocks: readonly StoredBlock[];
  readonly #found: QuickText;

  constructor(found: QuickText) {
    const stored = found.text.toString('latin1', found.blockStart, found.blockEnd);
    this.blocks = [{ document: 0, value: treeOf(parseJson(stored), undefined) }];
    this.#found = found;
  }

  open(pass: OpeningPass): Uint8Array | undefined {
    const found = this.#found;
    const patched = new Patched(found.text, found.text.length);
    for (let event = 0; event < found.length; event++) {
      const kind = found.kind(event);
      if (kind === Kind.enter) pass.enter(found.key(event));
      else if (kind === Kind.leave) pass.leave();
      else if (!this.#leaf(event, kind, pass, patched)) return undefined;
    }
    patched.copyTo(found.lastEnd);
    patched.skipTo(found.blockEnd);
    patched.copyTo(found.text.length);
    return patched.out.bytes();
  }

  #leaf(event: number, kind: Kind, pass: OpeningPass, patched: Patched): boolean {
    const found = this.#found;
    const key = found.key(event);
    const [start, end] = [found.from(event), found.to(event)];
    if (!pass.selects(key)) {
      const value = found.value(event);
      if (value !== null) pass.clear(value);
      return true;
    }
    // Null and the empty text have no ciphertext.
    if (kind !== Kind.simple) return kind === Kind.word && found.value(event) === null;
    if (end - start === 2) return true;
    if (!pass.open(found.text, start + 1, end - 1, key)) return false;
    if (pass.value === undefined && isSimple(pass.plain)) patched.replace(start + 1, end - 1, pass.plain);
    else {
      const value = pass.value ?? textOf(pass.plain) ?? pass.plain;
      patched.replace(start, end, Buffer.from(toByteText(printScalar(value)), 'latin1'));
    }
    return true;
  }
}

/** What may stand in a string as it is; Go writes `<`, `>` and `&` as escapes. */
const standing = new Uint8Array(256).fill(1, 0x20, 0x80);
for (const c of Buffer.from('"\\<>&')) standing[c] = 0;

function isSimple(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (standing[bytes[i] as number] === 0) return false;
  return true;
}

/** How much a value grows when it is encrypted, and what a block takes: a good guess saves copies. */
const growth = 140;
const blockRoom = 8192;

class QuickPlain implements PlainText {
  readonly #found: QuickText;

  constructor(found: QuickText) {
    this.#found = found;
  }

  seal(pass: SealingPass, block: () => Mapping, { indent }: PrintOptions): Uint8Array | undefined {
    const found = this.#found;
    const patched = new Patched(found.text, found.text.length + growth * found.length + blockRoom);
    const { out } = patched;
    /** By event: where its ciphertext starts in the result, and where it ends, its quotation marks included. */
    const places = new Uint32Array(2 * found.length);
    for (let event = 0; event < found.length; event++) {
      const kind = found.kind(event);
      if (kind === Kind.enter) pass.enter(found.key(event));
      else if (kind === Kind.leave) pass.leave();
      else this.#leaf(event, kind, pass, patched, places);
    }
    patched.copyTo(found.lastEnd);
    const from = out.length;
    const shape = { newline: newlineOf(found), margin: found.margin, isEmpty: false };
    patched.replace(found.lastEnd, found.lastEnd, Buffer.from(newBlock(shape, block(), indent), 'latin1'));
    const to = out.length;
    patched.copyTo(found.text.length);
    const sealed = out.bytes();
    const read = quickScan(sealed, 'encrypted');
    const isBehind = read !== undefined && read.lastEnd === from && read.blockEnd === to;
    return isBehind && readsBack(found, read, places) ? sealed : undefined;
  }

  #leaf(event: number, kind: Kind, pass: SealingPass, patched: Patched, places: Uint32Array): void {
    const found = this.#found;
    const { out } = patched;
    const key = found.key(event);
    const [start, end] = [found.from(event), found.to(event)];
    if (kind === Kind.simple && end - start > 2) {
      patched.copyTo(start + 1);
      const from = out.length - 1;
      if (!pass.sealText(found.text, start + 1, end - 1, key, out)) return;
      out.byte(quote);
      places[2 * event] = from;
    } else {
      const value = found.value(event);
      if (value === null) return;
      patched.copyTo(start);
      const from = out.length;
      out.byte(quote);
      if (!pass.seal(value, key, out)) {
        out.length = from;
        return;
      }
      out.byte(quote);
      places[2 * event] = from;
    }
    places[2 * event + 1] = out.length;
    patched.skipTo(end);
  }
}

/** The first line break inside of the root object, or nothing. */
function newlineOf({ text, start, end }: QuickText): string {
  const [lf, cr] = [text.indexOf(0x0a, start), text.indexOf(0x0d, start)];
  const first = lf < 0 ? cr : cr < 0 ? lf : Math.min(lf, cr);
  if (first < 0 || first >= end) return '';
  if (first === lf) return '\n';
  return lf === cr + 1 ? '\r\n' : '\r';
}

/**
 * Whether an encrypted text, read again, has the same containers, keys and values as the plain one, every ciphertext is a value of its
 * own where it was written, and all that stands between them is the same byte for byte. That each value brings its source back is
 * known since the plain text was read.
 */
function readsBack(plain: QuickText, sealed: QuickText, places: Uint32Array): boolean {
  if (plain.length !== sealed.length) return false;
  let [at, sealedAt] = [0, 0];
  for (let event = 0; event < plain.length; event++) {
    const moved = sealedAt - at;
    const [start, end] = [places[2 * event] as number, places[2 * event + 1] as number];
    const isPlaced = end > 0;
    if (sealed.kind(event) !== (isPlaced ? Kind.simple : plain.kind(event))) return false;
    if (!isMoved(plain.keyStart(event), sealed.keyStart(event), moved)) return false;
    if (!isMoved(plain.keyEnd(event), sealed.keyEnd(event), moved)) return false;
    if (isPlaced) {
      if (sealed.from(event) !== start || sealed.to(event) !== end) return false;
      if (!isSame(plain.text, at, plain.from(event), sealed.text, sealedAt, start)) return false;
      [at, sealedAt] = [plain.to(event), end];
    } else {
      if (!isMoved(plain.from(event), sealed.from(event), moved)) return false;
      if (!isMoved(plain.to(event), sealed.to(event), moved)) return false;
    }
  }
  if (!isSame(plain.text, at, plain.lastEnd, sealed.text, sealedAt, sealed.lastEnd)) return false;
  return isSame(plain.text, plain.lastEnd, plain.text.length, sealed.text, sealed.blockEnd, sealed.text.length);
}

/** Where nothing is, there is 0. */
const isMoved = (offset: number, sealed: number, moved: number): boolean => sealed === (offset && offset + moved);

function isSame(a: Buffer, from: number, end: number, b: Buffer, otherFrom: number, otherEnd: number): boolean {
  const length = end - from;
  if (length < 0 || length !== otherEnd - otherFrom) return false;
  // A call costs more than a short loop.
  if (length > 64) return a.compare(b, otherFrom, otherEnd, from, end) === 0;
  for (let i = 0; i < length; i++) if (a[from + i] !== b[otherFrom + i]) return false;
  return true;
}
