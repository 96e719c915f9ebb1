/**
 * Master keys from the texts of a configuration: by the providers where there is one, else by the rules of sops 3.13.2
 * (kms, gcpkms, azkv, hcvault, hckms keysource.go), so that a configuration that names other kinds can be read and shown.
 */

import { posix } from 'node:path';
import type { AzureKeyVaultKey, HuaweiKmsKey, KeyKind, MasterKey, VaultKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { loadProvider } from '../keys/index.ts';
import type { AwsKmsEntry, AzureEntry } from './entries.ts';

/** What flat AWS KMS keys take from elsewhere. */
export interface AwsKmsSettings {
  readonly context: ReadonlyMap<string, string>;
  readonly awsProfile: string;
}

/** The keys of a comma separated text. @throws TsopsError KEY_INVALID */
export async function parseMasterKeys(
  kind: KeyKind,
  text: string,
  createdAt: string,
  settings: AwsKmsSettings,
): Promise<MasterKey[]> {
  if (text === '') return [];
  if (kind === 'age' || kind === 'pgp') return (await loadProvider(kind)).parse(text, createdAt);
  const pieces = text.split(',');
  switch (kind) {
    case 'kms':
      return pieces.map(piece => parseArn(piece, createdAt, settings));
    case 'gcp_kms':
      return pieces.map(piece => ({ kind, resourceId: withoutSpaces(piece, 'gcp_kms'), createdAt, enc: '' }));
    case 'azure_kv':
      return pieces.map(piece => parseAzureUrl(piece, createdAt));
    case 'hckms':
      return pieces.flatMap(piece => (piece.trim() === '' ? [] : [parseHuaweiId(piece.trim(), createdAt)]));
    case 'hc_vault':
      return pieces.flatMap(piece => (piece === '' ? [] : [parseVaultUri(piece, createdAt)]));
  }
}

/** The keys of one item of a list in a key group: `age` items may hold several, all others are one key. */
export async function parseGroupItem(kind: KeyKind, text: string, createdAt: string): Promise<MasterKey[]> {
  if (kind === 'gcp_kms') return [{ kind, resourceId: withoutSpaces(text, 'resource_id'), createdAt, enc: '' }];
  if (kind === 'hckms') return [parseHuaweiId(text, createdAt)];
  if (kind === 'hc_vault') return [parseVaultUri(text, createdAt)];
  return (await loadProvider(kind)).parse(text, createdAt);
}

export function awsKmsKey({ arn, role, context, awsProfile }: AwsKmsEntry, createdAt: string): MasterKey {
  if (arn === '') throw invalid('a key of kms needs an arn');
  return { kind: 'kms', arn, role, context, awsProfile, createdAt, enc: '' };
}

export function azureKey({ vaultUrl, name, version }: AzureEntry, createdAt: string): MasterKey {
  if (vaultUrl === '' || name === '') throw invalid('an Azure key needs vaultUrl and key');
  return { kind: 'azure_kv', vaultUrl, name, version, createdAt, enc: '' };
}

/** An ARN, and behind a `+` the ARN of a role to assume. */
function parseArn(text: string, createdAt: string, { context, awsProfile }: AwsKmsSettings): MasterKey {
  const whole = withoutSpaces(text, 'kms');
  const plus = whole.indexOf('+arn:');
  const [arn, role] = plus > 0 ? [whole.slice(0, plus), whole.slice(plus + 1)] : [whole, ''];
  return { kind: 'kms', arn, role, context, awsProfile, createdAt, enc: '' };
}

function parseAzureUrl(text: string, createdAt: string): AzureKeyVaultKey {
  const [, vaultUrl, name, version = ''] = /^(https:\/\/[^/]+)\/keys\/([^/]+)(?:\/([^/]*))?$/u.exec(text.trim()) ?? [];
  if (vaultUrl === undefined || name === undefined) {
    throw invalid(
      'an Azure key URL is not well formed',
      'It looks like https://NAME.vault.azure.net/keys/KEY/VERSION.',
    );
  }
  return { kind: 'azure_kv', vaultUrl, name, version, createdAt, enc: '' };
}

function parseVaultUri(text: string, createdAt: string): VaultKey {
  const [, vaultAddress, path] = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#\s]+)(\/[^?#\s]*)$/u.exec(text) ?? [];
  const isPrefixed = path !== undefined && /\/[^/]+\/v\d+(?:\/[^/]+){3}/u.test(path);
  if (vaultAddress === undefined || path === undefined || isPrefixed || !/\/v\d+(?:\/[^/]+){3}/u.test(path)) {
    throw invalid(
      'a Vault key URI is not well formed',
      'It looks like https://vault.example.com:8200/v1/transit/keys/KEY.',
    );
  }
  const steps = path.replace(/^\/+|\/+$/gu, '').split('/');
  const enginePath = posix.join(...steps.slice(1, -2));
  return { kind: 'hc_vault', vaultAddress, enginePath, keyName: steps.at(-1) ?? '', createdAt, enc: '' };
}

function parseHuaweiId(keyId: string, createdAt: string): HuaweiKmsKey {
  const colon = keyId.indexOf(':');
  if (colon < 0 || keyId.slice(0, colon).trim() === '' || keyId.slice(colon + 1).trim() === '') {
    throw invalid('a HuaweiCloud key id is not well formed', 'It looks like REGION:UUID.');
  }
  return { kind: 'hckms', keyId, createdAt, enc: '' };
}

function withoutSpaces(text: string, what: string): string {
  const plain = text.replaceAll(' ', '');
  if (plain === '') throw invalid(`a key of ${what} is empty`);
  return plain;
}

function invalid(message: string, hint?: string): TsopsError {
  return new TsopsError('KEY_INVALID', message, hint === undefined ? {} : { hints: [hint] });
}
