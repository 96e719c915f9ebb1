/**
 * The message authentication code of a file: SHA-512 over the canonical forms of its values, encrypted like a value.
 * `docs/format.md` §4; sops 3.13.2 sops.go Encrypt and Decrypt, cmd/sops/common/common.go DecryptTree.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { TsopsError } from '../errors.ts';
import type { Cipher, Value } from './cipher.ts';
import { canonical } from './scalar.ts';

/** Keeps a MAC over the encrypted values apart from one over all values (sops 3.13.2 sops.go MACOnlyEncryptedInitialization). */
const onlyEncryptedPrefix = createHash('sha256').update('sops').digest();

/** Values are gathered up to this many bytes: a hash call costs more than a short value. */
const batchBytes = 64 * 1024;

/** The running digest over the values of all documents, in walk order. */
export class Digest {
  readonly #hash = createHash('sha512');
  readonly #batch = Buffer.allocUnsafeSlow(batchBytes);
  #gathered = 0;

  constructor(onlyEncrypted: boolean) {
    if (onlyEncrypted) this.#hash.update(onlyEncryptedPrefix);
  }

  /** @throws TsopsError NOT_ENCRYPTABLE, as `canonical`. */
  add(value: Value): void {
    const form = canonical(value);
    if (typeof form !== 'string') this.addBytes(form);
    // No character takes more than three bytes for each of its code units.
    else if (this.#hasRoom(form.length * 3)) this.#gathered += this.#batch.write(form, this.#gathered, 'utf8');
    else this.#hash.update(form, 'utf8');
  }

  /** The canonical form of a value. */
  addBytes(form: Uint8Array): void {
    if (!this.#hasRoom(form.length)) this.#hash.update(form);
    else {
      this.#batch.set(form, this.#gathered);
      this.#gathered += form.length;
    }
  }

  /** 128 upper-case hexadecimal digits. The digest takes nothing more afterwards. */
  finish(): string {
    this.#flush();
    return this.#hash.digest('hex').toUpperCase();
  }

  #hasRoom(bytes: number): boolean {
    if (this.#gathered + bytes > batchBytes) this.#flush();
    return bytes <= batchBytes;
  }

  #flush(): void {
    if (this.#gathered > 0) this.#hash.update(this.#batch.subarray(0, this.#gathered));
    this.#gathered = 0;
  }
}

/** The `mac` field: the digest encrypted with the text of `lastmodified` as additional data. */
export const encryptMac = (digest: string, cipher: Cipher, lastModified: string): string =>
  cipher.encrypt(digest, lastModified);

/**
 * Compares the stored MAC with the digest of what was decrypted.
 * @throws TsopsError MAC_MISMATCH, also where the MAC is missing or does not decrypt.
 */
export function verifyMac(mac: string, digest: string, cipher: Cipher, lastModified: string): void {
  if (mac === '') throw mismatch('the file has no MAC, so nothing proves that its content is whole');
  const stored = decryptMac(mac, cipher, lastModified);
  if (stored === undefined) {
    throw mismatch('the MAC of the file does not decrypt: mac or lastmodified in the sops block was changed');
  }
  if (!equal(stored, digest)) throw mismatch('the MAC does not fit the content: the file was changed after encryption');
}

function decryptMac(mac: string, cipher: Cipher, lastModified: string): string | undefined {
  try {
    const stored = cipher.decrypt(mac, lastModified);
    return typeof stored === 'string' ? stored : undefined;
  } catch {
    return undefined;
  }
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function mismatch(message: string): TsopsError {
  return new TsopsError('MAC_MISMATCH', message, {
    hints: [
      'Likely causes: a merge of two versions, a value or item added, removed, moved or edited by hand in the encrypted file.',
      'Restore the last good version from version control and make the change again with `tsops edit`.',
      'Only where you know the change to be yours: --ignore-mac decrypts without this check.',
    ],
  });
}
