/** Azure Key Vault master keys: sops 3.13.2 azkv/keysource.go. RSA-OAEP-256; the wrapped key is stored as base64url without padding. */

import type { AzureKeyVaultKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { type AzureFault, isFault } from './azurekv-failures.ts';
import { currentVersion, decrypt, encrypt, urlHint } from './azurekv-service.ts';
import type { KeyContext, KeyProvider, UnwrapFailure } from './provider.ts';

export const azureKvProvider: KeyProvider<AzureKeyVaultKey> = { kind: 'azure_kv', parse, resolve, wrap, unwrap };

const urlPattern = /^(https:\/\/[^/]+)\/keys\/([^/]+)(?:\/([^/]*))?$/;

/** Each text is the URL of a key; without a version it means the one that is current when the key is resolved. */
function parse(text: string, createdAt = `${new Date().toISOString().slice(0, 19)}Z`): AzureKeyVaultKey[] {
  if (text.trim() === '') return [];
  const pieces = text.split(',').map(piece => piece.trim());
  return pieces.map((piece, index) => {
    const [, vaultUrl, name, version = ''] = urlPattern.exec(piece) ?? [];
    if (vaultUrl !== undefined && name !== undefined) {
      return { kind: 'azure_kv', vaultUrl, name, version, createdAt, enc: '' };
    }
    const what = pieces.length > 1 ? `Azure key URL ${index + 1} of ${pieces.length}` : 'the Azure key URL';
    throw new TsopsError('KEY_INVALID', `${what} is not well formed`, { hints: [urlHint, 'Commas separate them.'] });
  });
}

async function resolve(key: AzureKeyVaultKey, context: KeyContext): Promise<AzureKeyVaultKey> {
  if (key.version !== '') return key;
  const version = await currentVersion(key, context);
  if (typeof version === 'string') return { ...key, version };
  const reason = `its current version could not be looked up: ${version.reason}`;
  throw wrapFailed({ reason, hints: [...version.hints, 'A URL with the version of the key needs no look-up.'] });
}

async function wrap(key: AzureKeyVaultKey, part: Uint8Array, context: KeyContext): Promise<string> {
  const wrapped = await encrypt(key, part, context);
  if (isFault(wrapped)) throw wrapFailed(wrapped);
  return Buffer.from(wrapped).toString('base64url');
}

const wrapFailed = ({ reason, hints }: AzureFault): TsopsError => new TsopsError('WRAP_FAILED', reason, { hints });

async function unwrap(key: AzureKeyVaultKey, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  const ciphertext = parseWrapped(key.enc);
  if (ciphertext === undefined) {
    const reason = 'the wrapped key is not one that Azure Key Vault made: it is not base64url without padding';
    return { key, reason, hints: ['Take the `enc` text of this key from an older version of the file.'] };
  }
  const part = await decrypt(key, ciphertext, context);
  return isFault(part) ? { key, ...part } : part;
}

/** More than the 683 letters of the largest RSA key there is. */
const maxWrapped = 4096;

/** Line ends are passed over, as by Go. */
function parseWrapped(text: string): Uint8Array | undefined {
  if (text.length > maxWrapped) return undefined;
  const plain = text.replaceAll(/[\r\n]/g, '');
  return /^[A-Za-z0-9_-]+$/.test(plain) && plain.length % 4 !== 1 ? Buffer.from(plain, 'base64url') : undefined;
}
