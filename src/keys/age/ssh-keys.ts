/**
 * Public and private SSH keys from their texts: `ssh-ed25519` and `ssh-rsa`, the two types that age can use.
 * RFC 4253 §6.6; OpenSSH PROTOCOL.key; PKCS #1 and #8 in PEM are read by node:crypto.
 */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { OpensshLock } from './ssh-locked.ts';
import { bytesOfInteger, integerOf, SshReader, sshField, sshInteger } from './ssh-wire.ts';

export interface SshPublicKey {
  readonly type: 'ssh-ed25519' | 'ssh-rsa';
  /** The key in SSH's binary form; its hash is the name of the key in a stanza. */
  readonly blob: Uint8Array;
  readonly key: KeyObject;
}

export interface SshPrivateKey {
  readonly publicKey: SshPublicKey;
  readonly key: KeyObject;
}

/** A private key that is protected by a passphrase. */
export interface LockedSshKey {
  /** The public key; undefined where only the opened text would show it. */
  readonly publicKey: SshPublicKey | undefined;
  /** The key; 'passphrase' where the passphrase is another one or what it protects is damaged. */
  open(passphrase: string): Promise<SshPrivateKey | 'passphrase' | 'type'>;
}

/** Why a text is no SSH private key that can be used. */
export type SshKeyFault = 'malformed' | 'type' | 'cipher';

const opensshBegin = '-----BEGIN OPENSSH PRIVATE KEY-----';
const opensshEnd = '-----END OPENSSH PRIVATE KEY-----';
const opensshMagic = 'openssh-key-v1\0';
/** age's own limit for recipients. */
const minRsaBits = 2048;

/** The public key of a line `ssh-… BASE64 comment`; undefined where it is not one, or its RSA modulus is too short. */
export function parseSshPublicKey(line: string): SshPublicKey | undefined {
  const [type, base64] = line.trim().split(/[ \t]+/);
  if (base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const key = publicKeyOf(Buffer.from(base64, 'base64'));
  if (key === undefined || key.type !== type) return undefined;
  const bits = key.key.asymmetricKeyDetails?.modulusLength ?? minRsaBits;
  return bits < minRsaBits ? undefined : key;
}

/** The private key of a PEM text as `ssh-keygen` and `openssl` write it. */
export async function parseSshPrivateKey(text: string): Promise<SshPrivateKey | LockedSshKey | SshKeyFault> {
  const trimmed = text.trim().replaceAll('\r', '');
  if (trimmed.startsWith(opensshBegin)) return parseOpenssh(trimmed);
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|\nProc-Type: 4,ENCRYPTED/.test(trimmed))
    return { publicKey: undefined, open: async passphrase => openPem(trimmed, passphrase) };
  try {
    return withPublicKey(createPrivateKey(trimmed));
  } catch {
    return 'malformed';
  }
}

function openPem(text: string, passphrase: string): SshPrivateKey | 'passphrase' | 'type' {
  try {
    return withPublicKey(createPrivateKey({ key: text, passphrase }));
  } catch {
    return 'passphrase';
  }
}

async function parseOpenssh(text: string): Promise<SshPrivateKey | LockedSshKey | SshKeyFault> {
  const end = text.indexOf(opensshEnd);
  const body = end < 0 ? '' : text.slice(opensshBegin.length, end).replace(/\s+/g, '');
  const reader = new SshReader(Buffer.from(body, 'base64'));
  if (reader.take(opensshMagic.length)?.toString('latin1') !== opensshMagic) return 'malformed';
  const [cipher, kdf, kdfOptions] = [reader.text(), reader.text(), reader.field()];
  if (reader.number() !== 1) return 'malformed';
  const blob = reader.field();
  const secrets = reader.field();
  if (cipher === undefined || kdf === undefined || kdfOptions === undefined) return 'malformed';
  if (blob === undefined || secrets === undefined) return 'malformed';
  if (cipher === 'none' && kdf === 'none') return parseSecrets(secrets, blob);
  return lockedOpenssh({ cipher, kdf, kdfOptions, secrets, trailer: reader.rest() }, blob);
}

async function lockedOpenssh(lock: OpensshLock, blob: Uint8Array): Promise<LockedSshKey | SshKeyFault> {
  const type = new SshReader(blob).text();
  if (type !== 'ssh-ed25519' && type !== 'ssh-rsa') return type === undefined ? 'malformed' : 'type';
  const publicKey = publicKeyOf(blob);
  if (publicKey === undefined) return 'malformed';
  const { canDecrypt, decryptSecrets } = await import('./ssh-locked.ts');
  if (!canDecrypt(lock)) return 'cipher';
  return {
    publicKey,
    async open(passphrase) {
      const secrets = decryptSecrets(lock, passphrase);
      const key = secrets === undefined ? 'malformed' : parseSecrets(secrets, blob);
      // The wrong passphrase shows in the two check words at the start.
      return key === 'malformed' ? 'passphrase' : key;
    },
  };
}

/** The part that a passphrase would protect: two equal check words, then the key. */
function parseSecrets(secrets: Uint8Array, blob: Uint8Array): SshPrivateKey | 'malformed' | 'type' {
  const reader = new SshReader(secrets);
  const check = reader.number();
  if (check === undefined || check !== reader.number()) return 'malformed';
  const type = reader.text();
  if (type !== 'ssh-ed25519' && type !== 'ssh-rsa') return type === undefined ? 'malformed' : 'type';
  try {
    const key = type === 'ssh-ed25519' ? ed25519Private(reader) : rsaPrivate(reader);
    const parsed = key === undefined ? 'malformed' : withPublicKey(key);
    // A file whose two halves name different keys is damaged.
    return typeof parsed === 'string' || Buffer.compare(parsed.publicKey.blob, blob) === 0 ? parsed : 'malformed';
  } catch {
    return 'malformed';
  }
}

function ed25519Private(reader: SshReader): KeyObject | undefined {
  const publicKey = reader.field();
  const secret = reader.field();
  if (publicKey?.length !== 32 || secret?.length !== 64) return undefined;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url(publicKey), d: base64url(secret.subarray(0, 32)) };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

/** OpenSSH leaves out the two exponents of the Chinese remainder form, RFC 8017 §3.2 needs them. */
function rsaPrivate(reader: SshReader): KeyObject | undefined {
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => sshInteger(reader.field()));
  if (!n || !e || !d || !qi || !p || !q) return undefined;
  const dp = bytesOfInteger(integerOf(d) % (integerOf(p) - 1n));
  const dq = bytesOfInteger(integerOf(d) % (integerOf(q) - 1n));
  const parts = Object.entries({ n, e, d, p, q, dp, dq, qi }).map(([name, bytes]) => [name, base64url(bytes)]);
  return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(parts) }, format: 'jwk' });
}

function withPublicKey(key: KeyObject): SshPrivateKey | 'type' {
  const publicKey = createPublicKey(key);
  const jwk = publicKey.export({ format: 'jwk' });
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') {
    const blob = Buffer.concat([sshField('ssh-ed25519'), sshField(Buffer.from(jwk.x!, 'base64url'))]);
    return { publicKey: { type: 'ssh-ed25519', blob, key: publicKey }, key };
  }
  if (jwk.kty !== 'RSA') return 'type';
  const blob = Buffer.concat([sshField('ssh-rsa'), ...[jwk.e!, jwk.n!].map(part => sshField(unsigned(part)))]);
  return { publicKey: { type: 'ssh-rsa', blob, key: publicKey }, key };
}

function publicKeyOf(blob: Uint8Array): SshPublicKey | undefined {
  const reader = new SshReader(blob);
  const type = reader.text();
  try {
    if (type === 'ssh-ed25519') {
      const x = reader.field();
      if (x?.length !== 32 || !reader.atEnd) return undefined;
      return { type, blob, key: publicFromJwk({ kty: 'OKP', crv: 'Ed25519', x: base64url(x) }) };
    }
    if (type !== 'ssh-rsa') return undefined;
    const [e, n] = [sshInteger(reader.field()), sshInteger(reader.field())];
    if (e === undefined || n === undefined || !reader.atEnd) return undefined;
    return { type, blob, key: publicFromJwk({ kty: 'RSA', e: base64url(e), n: base64url(n) }) };
  } catch {
    return undefined;
  }
}

function publicFromJwk(jwk: Record<string, string>): KeyObject {
  return createPublicKey({ key: jwk, format: 'jwk' });
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** SSH integers are signed: a first byte from 0x80 gets a zero in front. */
function unsigned(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  return bytes[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}
