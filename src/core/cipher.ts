/**
 * One value ⇄ `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`. `docs/format.md` §3; sops 3.13.2 aes/cipher.go.
 *
 * AES-256-GCM with a 32-byte IV (NIST SP 800-38D §7.1 for IVs that are not 96 bits) and a tag of exactly 16 bytes.
 */

import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { TsopsError } from '../errors.ts';
import { type BulkText, sealBulk } from './bulk.ts';
import { ShortOpener } from './bytecipher.ts';
import type { DataKey } from './datakey.ts';
import { IvPool, ivBytes } from './ivpool.ts';
import { canonical, fromBytes, type ScalarType, scalarType, textOf } from './scalar.ts';
import { type Comment, comment, type Scalar } from './tree.ts';

/** Gives that many unpredictable bytes, fresh ones every time. */
export type RandomSource = (bytes: number) => Uint8Array;

/** A value that has a ciphertext. */
export type Value = Exclude<Scalar, null>;

export interface Cipher {
  /** The `ENC[…]` text; the empty string (or no bytes) stays empty. @throws TsopsError NOT_ENCRYPTABLE, as `canonical`. */
  encrypt(value: Value, aad: string): string;
  /** The `ENC[…]` text of a comment; an empty comment stays empty. */
  encryptComment(text: string, aad: string): string;
  /** The `ENC[…]` text of one byte at least, to be made in its place. */
  encryptBulk(plain: Uint8Array, aad: string): BulkText;
  /**
   * The value, or a `Comment` where the type is `comment`; an empty text gives an empty string.
   * @throws TsopsError VALUE_UNDECRYPTABLE
   */
  decrypt(text: string, aad: string): Value | Comment;
}

const algorithm = 'aes-256-gcm';
const tagBytes = 16;

/** A cipher under one data key. The random source serves IVs only; decrypting never calls it. */
export function createCipher(dataKey: DataKey, random: RandomSource): Cipher {
  const key = dataKey.keyObject();
  const pool = new IvPool(random);
  const nextIv = (): Buffer => {
    const iv = Buffer.alloc(ivBytes);
    pool.next(iv);
    return iv;
  };
  const short = new ShortOpener(dataKey);
  return {
    encrypt: (value, aad) => seal(key, nextIv, canonical(value), scalarType(value), aad),
    encryptComment: (text, aad) => seal(key, nextIv, text, 'comment', aad),
    encryptBulk: (plain, aad) => sealBulk(dataKey, nextIv(), plain, aad),
    decrypt: (text, aad) => (text === '' ? '' : (opened(short, text, aad) ?? open(key, text, aad))),
  };
}

function seal(key: KeyObject, nextIv: () => Buffer, plain: string | Uint8Array, type: string, aad: string): string {
  if (plain.length === 0) return '';
  const iv = nextIv();
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(aad, 'utf8'));
  // GCM is a stream: update() gives everything, final() only closes the tag.
  const data = (typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain)).toString('base64');
  cipher.final();
  const tag = cipher.getAuthTag().toString('base64');
  return `${opening}${data}${ivMark}${iv.toString('base64')}${tagMark}${tag}${typeMark}${type}]`;
}

const opening = 'ENC[AES256_GCM,data:';
const ivMark = ',iv:';
const tagMark = ',tag:';
const typeMark = ',type:';

/** Whether a text starts like a ciphertext of this format. */
export const looksEncrypted = (text: string): boolean => text.startsWith(opening);

/** Whether a text is a whole ciphertext, as far as that can be told without the data key. */
export function isCiphertext(text: string): boolean {
  const type = parse(text)?.type;
  return type !== undefined && (type === 'comment' || scalarTypes.has(type));
}

/** Undefined for what is long or not exactly in the usual form, and for what does not decrypt. */
function opened(short: ShortOpener, text: string, aad: string): Value | Comment | undefined {
  const plain = short.open(text, aad);
  return plain && typedValue(short.type, plain);
}

function open(key: KeyObject, text: string, aad: string): Value | Comment {
  const parts = parse(text);
  const plain = parts && decipher(key, parts, aad);
  const value = plain && typedValue(parts.type, plain);
  if (value !== undefined) return value;
  throw new TsopsError('VALUE_UNDECRYPTABLE', 'a value does not decrypt', { hints: undecryptableHints });
}

const undecryptableHints: readonly string[] = [
  'Its ciphertext was changed or cut, or stands under another key than the one it was encrypted for.',
  'Restore the value from version control, or enter it again with `tsops edit` once the rest decrypts.',
];

interface Parts {
  readonly data: Buffer;
  readonly iv: Buffer;
  readonly tag: Buffer;
  readonly type: string;
}

/**
 * Takes a ciphertext apart from its end, where all marks are near, so that 100 MB of data are looked at once.
 * sops ignores text behind the last bracket; here only white space may follow, which block scalars have.
 */
function parse(text: string): Parts | undefined {
  if (!looksEncrypted(text)) return undefined;
  const end = text.lastIndexOf(']');
  const typeAt = text.lastIndexOf(typeMark, end);
  const tagAt = text.lastIndexOf(tagMark, typeAt);
  const ivAt = text.lastIndexOf(ivMark, tagAt);
  if (ivAt < opening.length || tagAt < 0 || typeAt < 0 || text.slice(end + 1).trim() !== '') return undefined;
  const data = decodeBase64(text.slice(opening.length, ivAt));
  const iv = decodeBase64(text.slice(ivAt + ivMark.length, tagAt));
  const tag = decodeBase64(text.slice(tagAt + tagMark.length, typeAt));
  if (data === undefined || iv === undefined || tag?.length !== tagBytes) return undefined;
  return { data, iv, tag, type: text.slice(typeAt + typeMark.length, end) };
}

/**
 * Padded standard base64 (RFC 4648 §4) with canonical last bits; CR is skipped as Go does. Node's decoder skips what it
 * does not know and also reads the URL alphabet, so what it gave is checked against what the text must give.
 */
function decodeBase64(source: string): Buffer | undefined {
  const text = source.includes('\r') ? source.replaceAll('\r', '') : source;
  if (text === '' || text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined;
  // Node takes the low byte of a wide character, so that U+0141 would pass for an A.
  if (Buffer.byteLength(text, 'utf8') !== text.length) return undefined;
  const bytes = Buffer.from(text, 'base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (bytes.length !== (text.length / 4) * 3 - padding) return undefined;
  const last = bytes.subarray(bytes.length - (3 - padding)).toString('base64');
  return text.endsWith(last) ? bytes : undefined;
}

function decipher(key: KeyObject, { data, iv, tag }: Parts, aad: string): Buffer | undefined {
  try {
    const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(aad, 'utf8'));
    decipher.setAuthTag(tag);
    const plain = decipher.update(data);
    decipher.final();
    return plain;
  } catch {
    // A wrong tag, or an IV longer than the 128 bytes of OpenSSL. Its text is not for the user.
    return undefined;
  }
}

const scalarTypes: ReadonlySet<string> = new Set<ScalarType>(['str', 'int', 'float', 'bool', 'time']);

function typedValue(type: string, plain: Buffer): Value | Comment | undefined {
  if (scalarTypes.has(type)) return fromBytes(type as ScalarType, plain);
  if (type !== 'comment') return undefined;
  const text = textOf(plain);
  return text === undefined ? undefined : comment(text);
}
