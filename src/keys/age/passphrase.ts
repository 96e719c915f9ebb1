/** Passphrases, for identity files that are themselves encrypted. C2SP age, "scrypt recipient stanza"; RFC 7914. */

import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { parseBase64 } from './base64.ts';
import type { Identity } from './file.ts';
import type { Header } from './header.ts';
import { type NoFileKey, unwrapFileKey } from './primitives.ts';

const type = 'scrypt';
const label = Buffer.from('age-encryption.org/v1/scrypt', 'latin1');
const saltLength = 16;
/** age's own limit: 2^22 rounds take 4 GiB and a quarter of a minute. */
const maxLogRounds = 22;
const blockSize = 8;

const scryptKey = promisify<Buffer, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);

export function passphraseIdentity(passphrase: string): Identity {
  return { types: [type], unwrap: header => unwrap(header, passphrase) };
}

async function unwrap(header: Header, passphrase: string): Promise<Uint8Array | NoFileKey> {
  const stanza = header.stanzas.find(found => found.type === type);
  if (stanza === undefined) return 'no match';
  const [saltText, roundsText, ...more] = stanza.args;
  const salt = saltText === undefined ? undefined : parseBase64(saltText);
  if (salt?.length !== saltLength || !/^[1-9][0-9]?$/.test(roundsText ?? '') || more.length > 0) return 'header';
  const logRounds = Number(roundsText);
  if (logRounds > maxLogRounds) return 'header';
  const cost = { N: 2 ** logRounds, r: blockSize, p: 1, maxmem: 128 * blockSize * (2 ** logRounds + 64) };
  try {
    const key = await scryptKey(Buffer.from(passphrase, 'utf8'), Buffer.concat([label, salt]), 32, cost);
    return unwrapFileKey(key, stanza.body);
  } catch {
    return 'header'; // The rounds take more memory than there is.
  }
}
