/**
 * Post-quantum recipients and identities (ML-KEM-768 with X25519): `age1pq1…`, `AGE-SECRET-KEY-PQ-1…`. The key exchange is
 * that of age-encryption, which is loaded only here: it costs more start-up time than all of a decryption with X25519.
 */

import type { RandomSource } from '../../core/cipher.ts';
import { parseBase64 } from './base64.ts';
import { parseBech32, printBech32 } from './bech32.ts';
import type { Identity, Recipient } from './file.ts';
import type { Header, Stanza } from './header.ts';
import type { NoFileKey } from './primitives.ts';

const type = 'mlkem768x25519';
const recipientLength = 1216;
const seedLength = 32;
const shareLength = 1120;
const wrappedLength = 32;

/** The recipient `age1pq1…`; undefined where the text is not one. */
export function hybridRecipient(text: string): Recipient | undefined {
  const parsed = text.startsWith('age1pq1') ? parseBech32(text) : undefined;
  if (parsed?.prefix !== 'age1pq' || parsed.bytes.length !== recipientLength) return undefined;
  return {
    async encrypt(plain) {
      const { Encrypter } = await import('age-encryption');
      const encrypter = new Encrypter();
      encrypter.addRecipient(text);
      return encrypter.encrypt(plain).catch(() => undefined);
    },
  };
}

/** The identity `AGE-SECRET-KEY-PQ-1…`; undefined where the text is not one. */
export function hybridIdentity(text: string): Identity | undefined {
  const parsed = text.startsWith('AGE-SECRET-KEY-PQ-1') ? parseBech32(text) : undefined;
  if (parsed?.prefix !== 'age-secret-key-pq-' || parsed.bytes.length !== seedLength) return undefined;
  return {
    types: [type],
    recipient: async () => (await import('age-encryption')).identityToRecipient(text),
    unwrap: header => unwrap(header, text),
  };
}

/** The texts of a new key pair. */
export async function generateHybrid(random: RandomSource): Promise<{ recipient: string; identity: string }> {
  const identity = printBech32('age-secret-key-pq-', random(seedLength)).toUpperCase();
  const { identityToRecipient } = await import('age-encryption');
  return { recipient: await identityToRecipient(identity), identity };
}

/** age-encryption reads whole headers only, so what it says no to is told apart by whether it came to ask a second identity. */
async function unwrap(header: Header, text: string): Promise<Uint8Array | NoFileKey> {
  if (header.stanzas.some(stanza => stanza.type === type && !isWellFormed(stanza))) return 'header';
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  decrypter.addIdentity(text);
  let matched = true;
  decrypter.addIdentity({
    unwrapFileKey() {
      matched = false;
      return null;
    },
  });
  try {
    return await decrypter.decryptHeader(header.bytes);
  } catch {
    return matched ? 'header' : 'no match';
  }
}

function isWellFormed({ args, body }: Stanza): boolean {
  return args.length === 1 && parseBase64(args[0]!)?.length === shareLength && body.length === wrappedLength;
}
