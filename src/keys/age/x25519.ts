/** The native recipients and identities of age. C2SP age, "X25519 recipient stanza". */

import type { RandomSource } from '../../core/cipher.ts';
import { parseBase64, printBase64 } from './base64.ts';
import { parseBech32, printBech32 } from './bech32.ts';
import { type Identity, type Recipient, stanzaRecipient } from './file.ts';
import type { Stanza } from './header.ts';
import {
  curveLength,
  derive,
  type NoFileKey,
  unwrapFileKey,
  wrapFileKey,
  x25519,
  x25519Point,
  x25519Private,
  x25519Public,
} from './primitives.ts';

const type = 'X25519';
const label = 'age-encryption.org/v1/X25519';
const recipientPrefix = 'age';
const identityPrefix = 'age-secret-key-';

/** The recipient `age1…`; undefined where the text is not one, or names a point that encrypts for everybody. */
export function x25519Recipient(text: string): Recipient | undefined {
  const known = knownRecipients.get(text);
  if (known !== undefined) return known;
  const parsed = text.startsWith('age1') ? parseBech32(text) : undefined;
  if (parsed?.prefix !== recipientPrefix || parsed.bytes.length !== curveLength) return undefined;
  const theirs = parsed.bytes;
  const point = x25519Point(theirs);
  const recipient = stanzaRecipient((fileKey, random) => {
    const ephemeral = x25519Private(random(curveLength));
    const share = x25519Public(ephemeral);
    const secret = x25519(ephemeral, point);
    if (secret === undefined) return undefined;
    const wrappingKey = derive(secret, Buffer.concat([share, theirs]), label);
    return { type, args: [printBase64(share)], body: wrapFileKey(wrappingKey, fileKey) };
  });
  if (knownRecipients.size >= maxKnown) knownRecipients.clear();
  knownRecipients.set(text, recipient);
  return recipient;
}

/** A run over many files meets the same few recipients in each of them. */
const knownRecipients = new Map<string, Recipient>();
const maxKnown = 1000;

/** The identity `AGE-SECRET-KEY-1…`; undefined where the text is not one. */
export function x25519Identity(text: string): Identity | undefined {
  const parsed = text.startsWith('AGE-SECRET-KEY-1') ? parseBech32(text) : undefined;
  if (parsed?.prefix !== identityPrefix || parsed.bytes.length !== curveLength) return undefined;
  const privateKey = x25519Private(parsed.bytes);
  const ours = x25519Public(privateKey);
  const open = (stanza: Stanza): Uint8Array | NoFileKey => {
    const share = stanza.args.length === 1 ? parseBase64(stanza.args[0]!) : undefined;
    if (share?.length !== curveLength) return 'header';
    const secret = x25519(privateKey, x25519Point(share));
    if (secret === undefined) return 'header';
    return unwrapFileKey(derive(secret, Buffer.concat([share, ours]), label), stanza.body);
  };
  return {
    types: [type],
    recipient: () => printBech32(recipientPrefix, ours),
    unwrap: header => firstFileKey(header.stanzas, type, open),
  };
}

/** The texts of a new key pair. */
export function generateX25519(random: RandomSource): { recipient: string; identity: string } {
  const scalar = random(curveLength);
  const recipient = printBech32(recipientPrefix, x25519Public(x25519Private(scalar)));
  return { recipient, identity: printBech32(identityPrefix, scalar).toUpperCase() };
}

/** Tries the stanzas of one type in order. A malformed one ends the search: a header is either sound or refused. */
export function firstFileKey(
  stanzas: readonly Stanza[],
  wanted: string,
  open: (stanza: Stanza) => Uint8Array | NoFileKey,
): Uint8Array | NoFileKey {
  for (const stanza of stanzas) {
    const result = stanza.type === wanted ? open(stanza) : 'no match';
    if (result !== 'no match') return result;
  }
  return 'no match';
}
