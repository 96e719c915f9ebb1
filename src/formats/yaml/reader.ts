/**
 * Bytes ⇄ text, and the characters that a YAML text may hold (go-yaml's reader, YAML 1.1 §5.1).
 */

import { TsopsError } from '../../errors.ts';

export type YamlEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

export interface DecodedYaml {
  /** A byte order mark stays in the text as U+FEFF at offset 0. */
  readonly text: string;
  readonly encoding: YamlEncoding;
}

const notUnicode = 'Save the file as UTF-8 text, or encrypt it with --input-type binary.';

/**
 * Decodes a YAML file: UTF-16 where a byte order mark says so, else UTF-8.
 * @throws TsopsError FILE_SYNTAX with the place of the first byte that is not text.
 */
export function decodeYaml(bytes: Uint8Array): DecodedYaml {
  const encoding = encodingOf(bytes);
  const text = encoding === 'utf-8' ? decodeUtf8(bytes) : decodeUtf16(bytes, encoding);
  return { text, encoding };
}

/** The bytes of a text in the encoding it was read in. */
export function encodeYaml(text: string, encoding: YamlEncoding): Uint8Array {
  if (encoding === 'utf-8') return new TextEncoder().encode(text);
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), encoding === 'utf-16le');
  return bytes;
}

function encodingOf(bytes: Uint8Array): YamlEncoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw undecodable(
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, validUtf8(bytes))),
      'UTF-8',
    );
  }
}

/** How many bytes at the start are whole, valid UTF-8 sequences (RFC 3629 §4). */
function validUtf8(bytes: Uint8Array): number {
  let at = 0;
  for (;;) {
    const width = sequenceWidth(bytes, at);
    if (width === 0) return at;
    at += width;
  }
}

function sequenceWidth(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  if (lead === undefined) return 0;
  if (lead < 0x80) return 1;
  const width = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (let k = 1; k < width; k++) if (((bytes[at + k] ?? 0) & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1] ?? 0;
  const outside =
    (lead === 0xe0 && second < 0xa0) ||
    (lead === 0xed && second > 0x9f) ||
    (lead === 0xf0 && second < 0x90) ||
    (lead === 0xf4 && second > 0x8f);
  return outside ? 0 : width;
}

function decodeUtf16(bytes: Uint8Array, encoding: 'utf-16le' | 'utf-16be'): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: string[] = [];
  for (let from = 0; from + 1 < bytes.length; from += 16384) {
    const units: number[] = [];
    const to = Math.min(from + 16384, bytes.length - 1);
    for (let i = from; i < to; i += 2) units.push(view.getUint16(i, encoding === 'utf-16le'));
    parts.push(String.fromCharCode(...units));
  }
  const text = parts.join('');
  if (bytes.length % 2 === 1) throw undecodable(text, 'UTF-16');
  return text;
}

function undecodable(before: string, name: string): TsopsError {
  return new TsopsError('FILE_SYNTAX', `the file is not valid ${name}`, { ...placeAt(before), hints: [notUnicode] });
}

/** Line and column (from 1) behind a text. */
function placeAt(before: string): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let i = 0; i < before.length; i++) {
    const c = before.charCodeAt(i);
    if (c !== 10 && c !== 13 && c !== 0x85 && c !== 0x2028 && c !== 0x2029) continue;
    if (c === 13 && before.charCodeAt(i + 1) === 10) i++;
    line++;
    start = i + 1;
  }
  return { line, column: [...before.slice(start)].length + 1 };
}

/**
 * Refuses the characters that go-yaml's reader refuses: controls other than tab and line breaks, lone surrogates, U+FFFE
 * and U+FFFF. Tells whether the text holds characters above U+FFFF, which take two code units.
 */
export function checkCharacters(text: string): boolean {
  const first = text.search(unusual);
  if (first < 0) return false;
  let astral = false;
  for (let i = first; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c - 0x20) >>> 0 < 0x5f || c === 10 || c === 13 || c === 9) continue;
    if (c < 0xd800 ? c >= 0xa0 || c === 0x85 : c >= 0xe000 && c <= 0xfffd) continue;
    if (!isPair(text, i)) throw forbidden(text, i);
    astral = true;
    i++;
  }
  return astral;
}

/** What is not in most texts, and has to be looked at one by one. */
const unusual = /[^\t\n\r\x20-\x7e]/;

function isPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}

function forbidden(text: string, at: number): TsopsError {
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  return new TsopsError('FILE_SYNTAX', `the character U+${code} may not stand in a YAML file`, {
    ...placeAt(text.slice(0, at)),
    hints: ['Write it as an escape in a double-quoted value, or encrypt the file with --input-type binary.'],
  });
}
