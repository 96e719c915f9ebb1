/**
 * UTF-8 as Go's encoding/json reads it: every byte that belongs to no valid sequence becomes a U+FFFD of its own
 * (`TextDecoder` makes one of several). `docs/format.md` §8.
 *
 * The JSON code works on *byte text*: a string with one char per byte, so that offsets are offsets into the file and
 * bytes that are not UTF-8 survive.
 */

import { constants } from 'node:buffer';

/** The most bytes that one string of the engine can hold. */
export const byteTextLimit: number = constants.MAX_STRING_LENGTH;

/** The byte text of bytes. */
export function byteTextOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

const beyondAscii = /[\u0080-\uffff]/;

/** The byte text of the UTF-8 form of a text. */
export function toByteText(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** Up to here joining is faster than writing piece by piece; beyond, the copy costs too much memory. */
const joinLimit = 16 * 1024 * 1024;

/** The bytes of byte texts, joined. */
export function bytesOf(pieces: readonly string[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  if (length <= joinLimit) return Buffer.from(pieces.join(''), 'latin1');
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const piece of pieces) at += bytes.write(piece, at, 'latin1');
  return bytes;
}

/** Decodes byte text; each byte that is not UTF-8 becomes `substitute`. */
export function fromByteText(byteText: string, substitute = '\ufffd'): string {
  if (!beyondAscii.test(byteText)) return byteText;
  const bytes = Buffer.from(byteText, 'latin1');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? decodeSlowly(bytes, substitute) : text;
}

/** The text that stands for byte text in exactly one way, or undefined where the bytes are not UTF-8. */
export function exactTextOf(byteText: string): string | undefined {
  const text = fromByteText(byteText, invalidByte);
  return text.includes(invalidByte) ? undefined : text;
}

/** Stands for one byte that is not UTF-8; a lone surrogate, which no decoded text contains. */
export const invalidByte = '\udc00';

function decodeSlowly(bytes: Buffer, substitute: string): string {
  const pieces: string[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      pieces.push(bytes.toString('utf8', start, at), substitute);
      start = at + 1;
    }
    at += length || 1;
  }
  pieces.push(bytes.toString('utf8', start));
  return pieces.join('');
}

/** Length of the valid sequence at an offset (RFC 3629 §4), 0 where there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || !secondFits(first, bytes[at + 1] ?? 0)) return 0;
  for (let i = at + 2; i < at + length; i++) if (((bytes[i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

function secondFits(first: number, second: number): boolean {
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  return second >= least && second <= most;
}
