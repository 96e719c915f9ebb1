/** The keys and the manners of the fake Cloud KMS, whichever way it is asked: real AES-256-GCM, real CRC32C, faults by name. */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** In every text that the real service would write in its own words: it must never be shown. */
export const canary = 'canary-text-of-the-service';

export interface Fault {
  /** As in google.rpc.Code. */
  readonly code: number;
  /** The constant of a google.rpc.ErrorInfo. */
  readonly reason?: string;
}

/** What is answered: bytes and their checksums, no known message at all, or a status. */
export type Answer =
  | { readonly bytes: Buffer; readonly checksum: number | undefined; readonly verified: boolean }
  | 'garbage'
  | Fault;

export interface Question {
  readonly name: string;
  readonly bytes: Buffer;
  readonly aad: Buffer;
  /** The checksum that came with the bytes. */
  readonly checksum: number | undefined;
}

export const ring = 'projects/fake-project/locations/global/keyRings/ring/cryptoKeys/';
/** A project that nobody may use as quota project. */
export const foreignProject = 'foreign-project';
export const slowMs = 30_000;

/** Keys that do not work, by the last part of their names; all other names that have no key here are not found. */
const faults: Readonly<Record<string, Fault>> = {
  denied: { code: 7 },
  'api-off': { code: 7, reason: 'SERVICE_DISABLED' },
  'no-scope': { code: 7, reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' },
  disabled: { code: 9 },
  'wrong-purpose': { code: 3 },
  quota: { code: 8 },
  unimplemented: { code: 12 },
  internal: { code: 13 },
  unavailable: { code: 14 },
};

/** Two keys; those like the first have its bytes and manners of their own. */
const one = randomBytes(32);
const likeOne = ['one', 'slow', 'garbage', 'unavailable-once', 'bad-checksum', 'no-checksum', 'not-verified'];
const keys = new Map([['two', randomBytes(32)], ...likeOne.map(name => [name, one] as const)]);
const asked = new Set<string>();

export async function answer(method: 'encrypt' | 'decrypt', question: Question): Promise<Answer> {
  const manner = question.name.slice(ring.length);
  const fault = question.name.startsWith(ring) ? faults[manner] : undefined;
  if (fault !== undefined) return fault;
  const key = question.name.startsWith(ring) ? keys.get(manner) : undefined;
  if (key === undefined) return { code: 5 };
  if (manner === 'garbage') return 'garbage';
  if (manner === 'slow') await new Promise(resolve => setTimeout(resolve, slowMs));
  if (manner === 'unavailable-once' && !asked.has(method)) {
    asked.add(method);
    return { code: 14 };
  }
  if (question.checksum !== undefined && question.checksum !== crc32c(question.bytes)) return { code: 3 };
  const bytes = method === 'encrypt' ? seal(key, question) : unseal(key, question);
  return bytes === undefined ? { code: 3 } : checked(bytes, manner, question);
}

function checked(bytes: Buffer, manner: string, question: Question): Answer {
  if (manner === 'no-checksum') return { bytes, checksum: undefined, verified: false };
  const checksum = crc32c(bytes) ^ (manner === 'bad-checksum' ? 1 : 0);
  return { bytes, checksum: checksum >>> 0, verified: question.checksum !== undefined && manner !== 'not-verified' };
}

const head = Buffer.from('0a2400', 'hex');

function seal(key: Buffer, { bytes, aad }: Question): Buffer {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(aad);
  return Buffer.concat([head, iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function unseal(key: Buffer, { bytes, aad }: Question): Buffer | undefined {
  if (bytes.length < head.length + 28 || !bytes.subarray(0, head.length).equals(head)) return undefined;
  const body = bytes.subarray(head.length);
  const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, 12));
  decipher.setAAD(aad);
  decipher.setAuthTag(body.subarray(-16));
  try {
    return Buffer.concat([decipher.update(body.subarray(12, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** RFC 3720 appendix B.4, bit by bit: not the code that it is there to check. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
