/**
 * The cipher of `cipher.ts` on bytes in a text, for files of very many values: nothing but what node:crypto makes is allocated for a
 * short value. What it does not take is left to `Cipher`, which says what is wrong with it.
 */

import { type CipherGCMOptions, createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { decodeBase64Bytes, decodedSize, encodeBase64Bytes, encodedSize } from './base64.ts';
import type { ByteWriter } from './bytewriter.ts';
import type { RandomSource } from './cipher.ts';
import type { DataKey } from './datakey.ts';
import { IvPool, ivBytes } from './ivpool.ts';
import { Workspace } from './workspace.ts';

const algorithm = 'aes-256-gcm';
const tagBytes = 16;
const lengths: CipherGCMOptions = { authTagLength: tagBytes };

const opening = Buffer.from('ENC[AES256_GCM,data:', 'latin1');
const ivMark = Buffer.from(',iv:', 'latin1');
const tagMark = Buffer.from(',tag:', 'latin1');
const typeMark = Buffer.from(',type:', 'latin1');
const ivText = encodedSize(ivBytes);
const tagText = encodedSize(tagBytes);
/** A ciphertext of a text of 1,500 characters. */
const longestShort = 2048;
/** The longest of the names of types is `comment`. */
const longestType = 7;

export class ByteCipher {
  readonly #key: KeyObject;
  readonly #pool: IvPool;
  readonly #iv = Buffer.alloc(ivBytes);
  readonly #tag = Buffer.alloc(tagBytes);
  readonly #data = new Workspace();
  /** The type that the last opened ciphertext names. */
  type = '';

  /** The random source serves IVs only. */
  constructor(dataKey: DataKey, random: RandomSource) {
    this.#key = dataKey.keyObject();
    this.#pool = new IvPool(random);
  }

  /**
   * The plain bytes of the ciphertext that is `text[start..end)` and nothing else; undefined where it does not decrypt, or is not in
   * exactly the form that `seal` writes.
   */
  open(text: Uint8Array, start: number, end: number, aad: Uint8Array): Buffer | undefined {
    const typeAt = this.#typeAt(text, end);
    const tagAt = typeAt - tagText - tagMark.length;
    const ivAt = tagAt - ivText - ivMark.length;
    const dataAt = start + opening.length;
    if (typeAt < 0 || ivAt <= dataAt || !stands(opening, text, start)) return undefined;
    if (!stands(ivMark, text, ivAt) || !stands(tagMark, text, tagAt)) return undefined;
    const data = this.#data.ofSize(decodedSize(ivAt - dataAt));
    const length = decodeBase64Bytes(text, dataAt, ivAt, data);
    if (length < 0 || decodeBase64Bytes(text, ivAt + ivMark.length, tagAt, this.#iv) !== ivBytes) return undefined;
    if (decodeBase64Bytes(text, tagAt + tagMark.length, typeAt, this.#tag) !== tagBytes) return undefined;
    return this.#decipher(this.#data.view(length), aad);
  }

  #decipher(data: Buffer, aad: Uint8Array): Buffer | undefined {
    const decipher = createDecipheriv(algorithm, this.#key, this.#iv, lengths);
    decipher.setAAD(aad);
    decipher.setAuthTag(this.#tag);
    const plain = decipher.update(data);
    try {
      decipher.final();
    } catch {
      // A wrong tag; who asks looks again, by the way that gives the error.
      return undefined;
    }
    return plain;
  }

  /** Where the mark of the type stands; -1 where there is none. Keeps the type. */
  #typeAt(text: Uint8Array, end: number): number {
    if (text[end - 1] !== 0x5d) return -1;
    let at = end - 2;
    while (at > end - 2 - longestType && text[at] !== 0x3a) at--;
    const mark = at + 1 - typeMark.length;
    if (mark < 0 || !stands(typeMark, text, mark)) return -1;
    this.type = typeName(text, at + 1, end - 1);
    return mark;
  }

  /** Writes the ciphertext of bytes, of which there is one at least. */
  seal(plain: Uint8Array, type: string, aad: Uint8Array, out: ByteWriter): void {
    const iv = this.#iv;
    this.#pool.next(iv);
    const cipher = createCipheriv(algorithm, this.#key, iv, lengths);
    cipher.setAAD(aad);
    const data = cipher.update(plain);
    cipher.final();
    const tag = cipher.getAuthTag();
    const marks = opening.length + ivMark.length + tagMark.length + typeMark.length + type.length + 1;
    const target = out.room(marks + encodedSize(data.length) + ivText + tagText);
    let to = put(opening, target, out.length);
    to = put(ivMark, target, encodeBase64Bytes(data, target, to));
    to = put(tagMark, target, encodeBase64Bytes(iv, target, to));
    to = put(typeMark, target, encodeBase64Bytes(tag, target, to));
    for (let i = 0; i < type.length; i++) target[to++] = type.charCodeAt(i);
    target[to++] = 0x5d;
    out.length = to;
  }
}

/** For ciphertexts that are strings, of usual length: less is made on the way than `Cipher` makes of a long one. */
export class ShortOpener {
  readonly #bytes: ByteCipher;
  readonly #text = Buffer.alloc(longestShort);
  readonly #aad = new Workspace();

  constructor(dataKey: DataKey) {
    this.#bytes = new ByteCipher(dataKey, () => new Uint8Array(0));
  }

  get type(): string {
    return this.#bytes.type;
  }

  /** The plain bytes; undefined where `ByteCipher` gives none, and for a text that is long or has more than ASCII. */
  open(text: string, aad: string): Buffer | undefined {
    if (text.length > longestShort) return undefined;
    // A wide character takes more than one byte, or there is no room for it.
    if (this.#text.write(text, 0, 'utf8') !== text.length || !isAscii(this.#text, text.length)) return undefined;
    const room = this.#aad.ofSize(aad.length * 3);
    return this.#bytes.open(this.#text, 0, text.length, this.#aad.view(room.write(aad, 0, 'utf8')));
  }
}

function isAscii(bytes: Uint8Array, length: number): boolean {
  let all = 0;
  for (let i = 0; i < length; i++) all |= bytes[i] as number;
  return all < 0x80;
}

/** Nearly all values are texts; of those no name is made. */
function typeName(text: Uint8Array, start: number, end: number): string {
  if (end - start === 3 && text[start] === 0x73 && text[start + 1] === 0x74 && text[start + 2] === 0x72) return 'str';
  return Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('latin1');
}

function stands(mark: Uint8Array, text: Uint8Array, at: number): boolean {
  for (let i = 0; i < mark.length; i++) if (text[at + i] !== mark[i]) return false;
  return true;
}

function put(bytes: Uint8Array, target: Uint8Array, to: number): number {
  for (let i = 0; i < bytes.length; i++) target[to + i] = bytes[i] as number;
  return to + bytes.length;
}
