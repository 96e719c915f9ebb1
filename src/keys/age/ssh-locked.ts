/** SSH private keys that are protected by a passphrase. OpenSSH PROTOCOL.key; PKCS #1 and #8 in PEM are opened by node:crypto. */

import { createDecipheriv, type DecipherGCM } from 'node:crypto';
import bcrypt from 'bcrypt-pbkdf';
import type { KeyContext } from '../provider.ts';
import type { Hindrance, Identity } from './file.ts';
import { recipientOf, sshIdentity, tagOf } from './ssh.ts';
import type { LockedSshKey, SshPrivateKey, SshPublicKey } from './ssh-keys.ts';
import { SshReader } from './ssh-wire.ts';

/** The ciphers of OpenSSH that node:crypto has: sshd(8), cipher.c. `aes256-ctr` is the one that ssh-keygen uses. */
const ciphers: ReadonlyMap<string, { algorithm: string; keyLength: number; ivLength: number }> = new Map(
  [128, 192, 256].flatMap(bits => [
    [`aes${bits}-ctr`, { algorithm: `aes-${bits}-ctr`, keyLength: bits / 8, ivLength: 16 }],
    [`aes${bits}-cbc`, { algorithm: `aes-${bits}-cbc`, keyLength: bits / 8, ivLength: 16 }],
    [`aes${bits}-gcm@openssh.com`, { algorithm: `aes-${bits}-gcm`, keyLength: bits / 8, ivLength: 12 }],
  ]),
);
const gcmTagLength = 16;
/** ssh-keygen uses 16 or 24; more rounds than this take minutes. */
const maxRounds = 4096;
/** Passphrases that are asked for before a key is given up. */
const maxTries = 3;

/** What stands in an OpenSSH key file around the protected part. */
export interface OpensshLock {
  readonly cipher: string;
  readonly kdf: string;
  readonly kdfOptions: Uint8Array;
  /** The protected part, and what follows it (the tag of GCM). */
  readonly secrets: Uint8Array;
  readonly trailer: Uint8Array;
}

/** Whether the cipher and the work that it takes are such as can be had. */
export function canDecrypt({ cipher, kdf, kdfOptions }: OpensshLock): boolean {
  const reader = new SshReader(kdfOptions);
  reader.field();
  return ciphers.has(cipher) && kdf === 'bcrypt' && (reader.number() ?? maxRounds + 1) <= maxRounds;
}

/** The protected part; undefined where something about it is not well formed or GCM's tag does not fit. */
export function decryptSecrets(lock: OpensshLock, passphrase: string): Uint8Array | undefined {
  const cipher = ciphers.get(lock.cipher);
  const key = cipher && deriveKey(lock, passphrase, cipher.keyLength + cipher.ivLength);
  if (cipher === undefined || key === undefined) return undefined;
  const decipher = createDecipheriv(
    cipher.algorithm,
    key.subarray(0, cipher.keyLength),
    key.subarray(cipher.keyLength),
  ).setAutoPadding(false);
  try {
    if (lock.cipher.includes('-gcm')) {
      if (lock.trailer.length < gcmTagLength) return undefined;
      (decipher as DecipherGCM).setAuthTag(lock.trailer.subarray(0, gcmTagLength));
    }
    return Buffer.concat([decipher.update(lock.secrets), decipher.final()]);
  } catch {
    return undefined;
  }
}

function deriveKey({ kdfOptions }: OpensshLock, passphrase: string, length: number): Uint8Array | undefined {
  const reader = new SshReader(kdfOptions);
  const [salt, rounds] = [reader.field(), reader.number()];
  if (salt === undefined || rounds === undefined) return undefined;
  const bytes = Buffer.from(passphrase, 'utf8');
  const key = new Uint8Array(length);
  return bcrypt.pbkdf(bytes, bytes.length, salt, salt.length, key, length, rounds) === 0 ? key : undefined;
}

/** The identity of a protected key. The passphrase is asked for only when a stanza names this key, and once. */
export function lockedSshIdentity(
  locked: LockedSshKey,
  publicKey: SshPublicKey,
  place: string,
  askSecret: KeyContext['askSecret'],
): Identity {
  const tag = tagOf(publicKey);
  let opened: Promise<Identity | Hindrance> | undefined;
  return {
    types: [publicKey.type],
    asks: true,
    recipient: () => recipientOf(publicKey),
    async unwrap(header) {
      if (!header.stanzas.some(({ type, args }) => type === publicKey.type && args[0] === tag)) return 'no match';
      opened ??= open(locked, publicKey, place, askSecret);
      const identity = await opened;
      return 'unwrap' in identity ? identity.unwrap(header) : identity;
    },
  };
}

async function open(
  locked: LockedSshKey,
  publicKey: SshPublicKey,
  place: string,
  askSecret: KeyContext['askSecret'],
): Promise<Identity | Hindrance> {
  if (askSecret === undefined) return hindrance(place, 'is protected by a passphrase, and there is nobody to ask');
  for (let tries = 0; tries < maxTries; tries += 1) {
    const passphrase = await askSecret(`Passphrase for the SSH key of ${place}: `).catch(() => undefined);
    if (passphrase === undefined) return hindrance(place, 'is protected by a passphrase, and none was given');
    const key = await locked.open(passphrase);
    if (key === 'type') return hindrance(place, 'is neither ssh-ed25519 nor ssh-rsa, and age can use no other type');
    if (typeof key !== 'string') return checked(key, publicKey, place);
  }
  return hindrance(place, 'is protected by another passphrase than those that were given, or is damaged');
}

/** Where the public key stands in a file of its own, it can be another one. */
function checked(key: SshPrivateKey, publicKey: SshPublicKey, place: string): Identity | Hindrance {
  if (Buffer.compare(key.publicKey.blob, publicKey.blob) === 0) return sshIdentity(key);
  return hindrance(place, 'does not belong to the public key in the .pub file beside it');
}

function hindrance(place: string, why: string): Hindrance {
  return {
    reason: `the SSH key of ${place} ${why}`,
    hints: [
      'The passphrase of an SSH key is asked for on the terminal; ssh-agent cannot help, for it does not decrypt.',
    ],
  };
}
