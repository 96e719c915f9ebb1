/**
 * One large value ⇄ its `ENC[…]` text, as bytes and piece by piece: no string and no second copy is made of either. The same
 * form as in `cipher.ts`, for values of the type `str`; what is not exactly in that form is left to the cipher there, which says what
 * is wrong with it.
 */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { DataKey } from './datakey.ts';
import { ivBytes } from './ivpool.ts';

const algorithm = 'aes-256-gcm';
const tagBytes = 16;

/** Plain bytes of one piece: a multiple of three, so that its base64 has no padding, and small enough for the cache. */
const pieceBytes = 48 * 1024;
const pieceText = (pieceBytes / 3) * 4;

const opening = 'ENC[AES256_GCM,data:';
const closing = (iv: Buffer, tag: Buffer): string =>
  `,iv:${iv.toString('base64')},tag:${tag.toString('base64')},type:str]`;
const closingForm = /,iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:str\]$/;
/** IVs of sops have 32 bytes, and OpenSSL takes no more than 128. */
const longestClosing = 256;

const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4;

/** A ciphertext of which the length is known before it is made, so that it can be made in its place. */
export interface BulkText {
  /** In bytes; one for each character. */
  readonly length: number;
  /** To be called once. */
  write(target: Buffer, at: number): void;
}

/** The ciphertext of plain bytes, of which there is at least one. */
export function sealBulk(key: DataKey, iv: Buffer, plain: Uint8Array, aad: string): BulkText {
  const frame = opening.length + closing(Buffer.alloc(ivBytes), Buffer.alloc(tagBytes)).length;
  return {
    length: frame + base64Length(plain.length),
    write(target, start) {
      const cipher = createCipheriv(algorithm, key.keyObject(), iv, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(aad, 'utf8'));
      let at = start + target.write(opening, start, 'latin1');
      for (const piece of pieces(plain, pieceBytes)) {
        const data = cipher.update(piece);
        at += target.write(data.toString('base64'), at, 'latin1');
        release(data);
      }
      cipher.final();
      target.write(closing(iv, cipher.getAuthTag()), at, 'latin1');
    },
  };
}

/** A ciphertext in a text, of which the parts have been told apart. */
export interface BulkPlace {
  /** The base64 of the data, not looked at yet. */
  readonly data: Uint8Array;
  readonly iv: Buffer;
  readonly tag: Buffer;
}

/** The parts of `text[start..end)`, which begins like a ciphertext; undefined where it is not in exactly this form. */
export function bulkPlace(text: Uint8Array, start: number, end: number): BulkPlace | undefined {
  const from = start + opening.length;
  const all = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  const last = all.toString('latin1', Math.max(from, end - longestClosing), end);
  const found = closingForm.exec(last);
  const iv = found === null ? undefined : decoded(found[1] ?? '');
  const tag = found === null ? undefined : decoded(found[2] ?? '');
  if (found === null || iv === undefined || tag?.length !== tagBytes) return undefined;
  return { data: text.subarray(from, end - found[0].length), iv, tag };
}

/**
 * Goes through the plain bytes of a ciphertext, each piece valid during its call only; what they are told of must not be shown where
 * the result is false.
 * @returns false where it does not decrypt, or where its base64 is not canonical (RFC 4648 §4)
 */
export function openBulk(key: DataKey, place: BulkPlace, aad: string, each: (plain: Buffer) => void): boolean {
  try {
    const decipher = createDecipheriv(algorithm, key.keyObject(), place.iv, { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(aad, 'utf8'));
    decipher.setAuthTag(place.tag);
    for (const piece of decodedPieces(place.data)) {
      if (piece === undefined) return false;
      const plain = decipher.update(piece);
      each(plain);
      release(plain);
    }
    decipher.final();
    return place.data.length > 0;
  } catch {
    // A wrong tag, or an IV of an impossible length. Its text is not for the user.
    return false;
  }
}

/** Whether the base64 of the data is canonical. */
export function isBulk({ data }: BulkPlace): boolean {
  for (const piece of decodedPieces(data)) if (piece === undefined) return false;
  return data.length > 0;
}

/** How many bytes the data stands for. */
export function bulkLength({ data }: BulkPlace): number {
  const last = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1', data.length - 2);
  return (data.length / 4) * 3 - (last === '==' ? 2 : last.endsWith('=') ? 1 : 0);
}

/** Gives memory back at once: the engine takes such buffers for small, and lets hundreds of them gather. */
function release({ buffer, byteOffset, length }: Buffer): void {
  const whole = buffer as ArrayBuffer & { transfer?: (length: number) => ArrayBuffer };
  if (byteOffset === 0 && length === buffer.byteLength) whole.transfer?.(0);
}

/** The bytes of a text of base64, piece by piece, each valid until the next; undefined, and nothing more, where it is none. */
function* decodedPieces(text: Uint8Array): Generator<Buffer | undefined> {
  const bytes = Buffer.allocUnsafeSlow(pieceBytes);
  for (const piece of pieces(text, pieceText)) {
    const length = decodeInto(bytes, piece.toString('latin1'));
    const isLast = piece.byteOffset + piece.length === text.byteOffset + text.length;
    if (length === undefined || (length < pieceBytes && !isLast)) {
      yield undefined;
      return;
    }
    yield bytes.subarray(0, length);
  }
}

/** As `decodeBase64` of `cipher.ts`: Node's decoder skips what it does not know, so what it gave is checked. */
function decodeInto(bytes: Buffer, text: string): number | undefined {
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const length = bytes.write(text, 0, 'base64');
  if (length !== (text.length / 4) * 3 - padding) return undefined;
  return text.endsWith(bytes.toString('base64', Math.max(0, length - (3 - padding)), length)) ? length : undefined;
}

function decoded(text: string): Buffer | undefined {
  const bytes = Buffer.alloc((text.length / 4) * 3);
  const length = decodeInto(bytes, text);
  return length === undefined ? undefined : bytes.subarray(0, length);
}

function* pieces(bytes: Uint8Array, size: number): Generator<Buffer> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}
