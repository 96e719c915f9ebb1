/** Whole age files in memory: header and payload. C2SP age, "Payload". */

import type { RandomSource } from '../../core/cipher.ts';
import { type Header, parseHeader, printHeader, printStanzas, type Stanza } from './header.ts';
import {
  decryptChunk,
  derive,
  encryptChunk,
  fileKeyLength,
  headerMac,
  isSameMac,
  loadCipher,
  type NoFileKey,
} from './primitives.ts';

export interface Recipient {
  /** An age file for this recipient alone; undefined where its key cannot be used (a point of low order, a broken modulus). */
  encrypt(plain: Uint8Array, random: RandomSource): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** The file key as a stanza; undefined where the key of the recipient cannot be used. */
export type WrapFileKey = (fileKey: Uint8Array, random: RandomSource) => Stanza | undefined;

/** Why an identity that asks somebody, or a program, could not be tried: plain words as the end of a sentence, and what to do. */
export interface Hindrance {
  readonly reason: string;
  readonly hints: readonly string[];
  /** The name of the plugin that it is about. */
  readonly plugin?: string;
}

/** A private key, behind functions so that no print of it can show it. */
export interface Identity {
  /** The types of stanza that it may open; undefined where only trying tells. */
  readonly types?: readonly string[];
  /** Whether it runs a program or asks somebody: it is tried after all that do not. */
  readonly asks?: boolean;
  /** The public text of it, where it has one. */
  recipient?(): string | Promise<string>;
  unwrap(header: Header): Unwrapped | Promise<Unwrapped>;
}

/** The file key, or why an identity did not give it. */
export type Unwrapped = Uint8Array | NoFileKey | Hindrance;

/** Why a file does not open: `no match` is for other identities, the others say which part is damaged. */
export type AgeFault = NoFileKey | 'mac' | 'payload';

export interface AgeFile {
  readonly header: Header;
  readonly payload: Uint8Array;
}

const chunkLength = 64 * 1024;
const tagLength = 16;
const payloadNonceLength = 16;

/** The parts of a file; undefined where the header is not well formed or the payload has not even begun. */
export function parseFile(bytes: Uint8Array): AgeFile | undefined {
  const header = parseHeader(bytes);
  if (header === undefined) return undefined;
  // A passphrase authenticates a file only if nobody else can open it. C2SP age, "scrypt recipient stanza".
  if (header.stanzas.length > 1 && header.stanzas.some(stanza => stanza.type === 'scrypt')) return undefined;
  const payload = bytes.subarray(header.bytes.length);
  return payload.length < payloadNonceLength ? undefined : { header, payload };
}

/**
 * The content of a file for the first identity that fits. All of it is verified before anything is returned.
 * @param hindrances takes up what kept an identity from being tried
 */
export async function decryptFile(
  file: AgeFile,
  identities: Iterable<Identity>,
  hindrances: Hindrance[] = [],
): Promise<Uint8Array | AgeFault> {
  const { header, payload } = file;
  await loadCipher();
  for (const identity of identities) {
    if (!header.stanzas.some(({ type }) => identity.types?.includes(type) ?? true)) continue;
    const fileKey = await identity.unwrap(header);
    if (fileKey === 'no match') continue;
    if (typeof fileKey === 'string') return fileKey;
    if (!(fileKey instanceof Uint8Array)) hindrances.push(fileKey);
    else if (!isSameMac(headerMac(fileKey, header.signed), header.mac)) return 'mac';
    else return decryptPayload(fileKey, payload) ?? 'payload';
  }
  return 'no match';
}

/** A recipient that is known by the stanza it makes. */
export function stanzaRecipient(wrap: WrapFileKey): Recipient {
  return { encrypt: (plain, random) => encryptFile(plain, wrap, random) };
}

async function encryptFile(
  plain: Uint8Array,
  wrap: WrapFileKey,
  random: RandomSource,
): Promise<Uint8Array | undefined> {
  await loadCipher();
  const fileKey = random(fileKeyLength);
  const stanza = wrap(fileKey, random);
  return stanza === undefined ? undefined : sealFile(plain, fileKey, [stanza], random);
}

/** A whole file from the stanzas that hold its file key. */
export async function sealFile(
  plain: Uint8Array,
  fileKey: Uint8Array,
  stanzas: readonly Stanza[],
  random: RandomSource,
): Promise<Uint8Array> {
  await loadCipher();
  const signed = printStanzas(stanzas);
  const header = printHeader(signed, headerMac(fileKey, signed));
  const nonce = random(payloadNonceLength);
  const key = derive(fileKey, nonce, 'payload');
  const chunks: Uint8Array[] = [];
  for (let start = 0; start === 0 || start < plain.length; start += chunkLength) {
    const isLast = start + chunkLength >= plain.length;
    chunks.push(encryptChunk(key, chunkNonce(chunks.length, isLast), plain.subarray(start, start + chunkLength)));
  }
  return Buffer.concat([header, nonce, ...chunks]);
}

function decryptPayload(fileKey: Uint8Array, payload: Uint8Array): Uint8Array | undefined {
  const key = derive(fileKey, payload.subarray(0, payloadNonceLength), 'payload');
  const body = payload.subarray(payloadNonceLength);
  const length = chunkLength + tagLength;
  const chunks: Uint8Array[] = [];
  for (let start = 0; start === 0 || start < body.length; start += length) {
    const isLast = start + length >= body.length;
    const plain = decryptChunk(key, chunkNonce(chunks.length, isLast), body.subarray(start, start + length));
    // Only a file without content may end in an empty chunk.
    if (plain === undefined || (plain.length === 0 && start > 0)) return undefined;
    chunks.push(plain);
  }
  return Buffer.concat(chunks);
}

/** STREAM: an 11-byte counter and a byte that marks the last chunk. Four bytes hold every count that fits in memory. */
function chunkNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 7);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}
