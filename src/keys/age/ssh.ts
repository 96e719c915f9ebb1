/** SSH keys as age recipients and identities, as the age command defines them (age 1.3 agessh; C2SP age does not cover them). */

import { constants, createHash, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import { parseBase64, printBase64 } from './base64.ts';
import { type Identity, type Recipient, stanzaRecipient, type WrapFileKey } from './file.ts';
import type { Stanza } from './header.ts';
import {
  curveLength,
  derive,
  fileKeyLength,
  type NoFileKey,
  unwrapFileKey,
  wrapFileKey,
  x25519,
  x25519Point,
  x25519Private,
  x25519Public,
} from './primitives.ts';
import { parseSshPublicKey, type SshPrivateKey, type SshPublicKey } from './ssh-keys.ts';
import { bytesOfInteger, integerOf } from './ssh-wire.ts';
import { firstFileKey } from './x25519.ts';

const ed25519Label = 'age-encryption.org/v1/ssh-ed25519';
const rsaLabel = 'age-encryption.org/v1/ssh-rsa';

/** The recipient `ssh-ed25519 …` or `ssh-rsa …`; undefined where the text is not one. */
export function sshRecipient(text: string): Recipient | undefined {
  const key = parseSshPublicKey(text);
  if (key === undefined) return undefined;
  const wrap = key.type === 'ssh-rsa' ? rsaWrap(key) : ed25519Wrap(key);
  return wrap === undefined ? undefined : stanzaRecipient(wrap);
}

/** The identity of a private key. */
export function sshIdentity({ publicKey, key }: SshPrivateKey): Identity {
  const open = publicKey.type === 'ssh-rsa' ? rsaOpen(publicKey, key) : ed25519Open(publicKey, key);
  return {
    types: [publicKey.type],
    recipient: () => recipientOf(publicKey),
    unwrap: header => firstFileKey(header.stanzas, publicKey.type, open),
  };
}

/** The recipient of a key as a text, without a comment. */
export function recipientOf({ type, blob }: SshPublicKey): string {
  return `${type} ${Buffer.from(blob).toString('base64')}`;
}

/** The first four bytes of the key's hash: enough to tell a user's few keys apart. */
export function tagOf(key: SshPublicKey): string {
  return printBase64(createHash('sha256').update(key.blob).digest().subarray(0, 4));
}

function oaep(key: KeyObject): Parameters<typeof privateDecrypt>[0] {
  return {
    key,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: 'sha256',
    oaepLabel: Buffer.from(rsaLabel, 'latin1'),
  };
}

function rsaWrap(key: SshPublicKey): WrapFileKey {
  return fileKey => {
    try {
      return { type: key.type, args: [tagOf(key)], body: publicEncrypt(oaep(key.key), fileKey) };
    } catch {
      return undefined;
    }
  };
}

function rsaOpen(publicKey: SshPublicKey, privateKey: KeyObject): (stanza: Stanza) => Uint8Array | NoFileKey {
  const tag = tagOf(publicKey);
  return ({ args, body }) => {
    if (args.length !== 1) return 'header';
    if (args[0] !== tag) return 'no match';
    try {
      const fileKey = privateDecrypt(oaep(privateKey), body);
      return fileKey.length === fileKeyLength ? fileKey : 'header';
    } catch {
      return 'header';
    }
  };
}

function ed25519Wrap(key: SshPublicKey): WrapFileKey | undefined {
  const theirs = montgomeryOf(key.key);
  if (theirs === undefined) return undefined;
  return (fileKey, random) => {
    const ephemeral = x25519Private(random(curveLength));
    const share = x25519Public(ephemeral);
    const secret = tweaked(x25519(ephemeral, x25519Point(theirs)), key);
    if (secret === undefined) return undefined;
    const wrappingKey = derive(secret, Buffer.concat([share, theirs]), ed25519Label);
    return { type: key.type, args: [tagOf(key), printBase64(share)], body: wrapFileKey(wrappingKey, fileKey) };
  };
}

function ed25519Open(publicKey: SshPublicKey, key: KeyObject): (stanza: Stanza) => Uint8Array | NoFileKey {
  const tag = tagOf(publicKey);
  const privateKey = x25519Private(scalarOf(key));
  const ours = x25519Public(privateKey);
  return ({ args, body }) => {
    const share = args.length === 2 ? parseBase64(args[1]!) : undefined;
    if (share?.length !== curveLength) return 'header';
    if (args[0] !== tag) return 'no match';
    const secret = tweaked(x25519(privateKey, x25519Point(share)), publicKey);
    if (secret === undefined) return 'header';
    const result = unwrapFileKey(derive(secret, Buffer.concat([share, ours]), ed25519Label), body);
    // The stanza names this key, so what does not open is damaged.
    return result === 'no match' ? 'header' : result;
  };
}

/** Binds the secret to the SSH key as such, apart from an X25519 key with the same point. */
function tweaked(secret: Uint8Array | undefined, key: SshPublicKey): Uint8Array | undefined {
  if (secret === undefined) return undefined;
  return x25519(x25519Private(derive(new Uint8Array(0), key.blob, ed25519Label)), x25519Point(secret));
}

/** The scalar that Ed25519 derives from its seed. RFC 8032 §5.1.5; X25519 clamps it. */
function scalarOf(key: KeyObject): Uint8Array {
  const seed = Buffer.from(key.export({ format: 'jwk' }).d!, 'base64url');
  return createHash('sha512').update(seed).digest().subarray(0, curveLength);
}

const prime = 2n ** 255n - 19n;
const d = mod(-121665n * power(121666n, prime - 2n));

/** The point of an Ed25519 key on Curve25519, u = (1 + y) / (1 - y). RFC 7748 §4.1. Undefined for what is no point. */
function montgomeryOf(key: KeyObject): Uint8Array | undefined {
  const encoded = Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url').reverse();
  encoded[0]! &= 0x7f;
  const y = mod(integerOf(encoded));
  const x2 = mod((y * y - 1n) * power(d * y * y + 1n, prime - 2n));
  if (x2 !== 0n && power(x2, (prime - 1n) / 2n) !== 1n) return undefined;
  const u = mod((1n + y) * power(1n - y, prime - 2n));
  const bytes = bytesOfInteger(u).reverse();
  return Buffer.concat([bytes, Buffer.alloc(curveLength - bytes.length)]);
}

function mod(value: bigint): bigint {
  const rest = value % prime;
  return rest < 0n ? rest + prime : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, factor] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * factor);
    factor = mod(factor * factor);
  }
  return result;
}
