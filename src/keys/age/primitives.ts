/** The cryptographic parts of the age format on node:crypto. C2SP age. */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import type { chacha20poly1305 } from '@noble/ciphers/chacha.js';

const algorithm = 'chacha20-poly1305';
const tagLength = 16;
const noNonce = new Uint8Array(12);
const noSalt = new Uint8Array(0);
/** A file key has 16 bytes; wrapped, it has a tag more. */
export const fileKeyLength = 16;
const wrappedLength = fileKeyLength + tagLength;

/** HKDF-SHA-256 with 32 bytes of output. RFC 5869. With bytes in the place of key objects Node 24 takes two to three times as long. */
export function derive(secret: Uint8Array, salt: Uint8Array, label: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', createSecretKey(secret), salt, label, 32));
}

/** The cipher in JavaScript, where node:crypto has none. */
let replacement: typeof chacha20poly1305 | undefined;

/** To be awaited before the first chunk: the node:crypto of Bun has no ChaCha20-Poly1305. */
export async function loadCipher(): Promise<void> {
  if (process.versions['bun'] === undefined) return;
  replacement ??= (await import('@noble/ciphers/chacha.js')).chacha20poly1305;
}

export function encryptChunk(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array {
  if (replacement !== undefined) return replacement(key, nonce).encrypt(plain);
  const cipher = createCipheriv(algorithm, createSecretKey(key), nonce, { authTagLength: tagLength });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** The plain bytes; undefined where the tag does not fit. */
export function decryptChunk(key: Uint8Array, nonce: Uint8Array, chunk: Uint8Array): Uint8Array | undefined {
  if (chunk.length < tagLength) return undefined;
  if (replacement !== undefined) return decryptWith(replacement(key, nonce), chunk);
  const decipher = createDecipheriv(algorithm, createSecretKey(key), nonce, { authTagLength: tagLength });
  decipher.setAuthTag(chunk.subarray(-tagLength));
  const plain = decipher.update(chunk.subarray(0, -tagLength));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}

function decryptWith(cipher: ReturnType<typeof chacha20poly1305>, chunk: Uint8Array): Uint8Array | undefined {
  try {
    return cipher.decrypt(chunk);
  } catch {
    return undefined; // The lengths are right here, so it is the tag.
  }
}

/** What a recipient stanza does with its file key: each wrapping key is used once, so the nonce is zero. */
export function wrapFileKey(wrappingKey: Uint8Array, fileKey: Uint8Array): Uint8Array {
  return encryptChunk(wrappingKey, noNonce, fileKey);
}

/** Why a stanza of the right type gave no file key: it is for somebody else, or it is not well formed. */
export type NoFileKey = 'no match' | 'header';

export function unwrapFileKey(wrappingKey: Uint8Array, body: Uint8Array): Uint8Array | NoFileKey {
  // The length is checked before the cipher sees it, against partitioning oracles. C2SP age, "X25519 recipient stanza".
  if (body.length !== wrappedLength) return 'header';
  return decryptChunk(wrappingKey, noNonce, body) ?? 'no match';
}

/** The MAC over the header under a key of its own. C2SP age, "Header MAC". */
export function headerMac(fileKey: Uint8Array, signed: Uint8Array): Uint8Array {
  return createHmac('sha256', createSecretKey(derive(fileKey, noSalt, 'header')))
    .update(signed)
    .digest();
}

export function isSameMac(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex');
/** Length of scalars and points of Curve25519. RFC 7748 §5. */
export const curveLength = 32;

/** A Curve25519 private key from its 32 bytes, in the DER forms of RFC 8410. */
export function x25519Private(scalar: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, scalar]), format: 'der', type: 'pkcs8' });
}

/** The 32 bytes of the public key. */
export function x25519Public(privateKey: KeyObject): Uint8Array {
  // Node makes this form in a twentieth of the time that DER takes.
  return Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');
}

/** A public key from its 32 bytes. */
export function x25519Point(point: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, point]), format: 'der', type: 'spki' });
}

/** The shared secret; undefined for a point of low order, whose secret everybody knows. RFC 7748 §6.1. */
export function x25519(privateKey: KeyObject, publicKey: KeyObject): Uint8Array | undefined {
  try {
    const secret = diffieHellman({ privateKey, publicKey });
    return secret.every(byte => byte === 0) ? undefined : secret;
  } catch {
    return undefined;
  }
}
