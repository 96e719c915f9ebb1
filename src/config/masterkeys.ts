/** Master keys from the texts of a configuration. What a text of a kind looks like is known to its provider. */

import type { KeyKind, MasterKey } from '../core/metadata.ts';
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
  const keys = (await loadProvider(kind)).parse(text, createdAt);
  return keys.map(key => (key.kind === 'kms' ? { ...key, ...settings } : key));
}

/** The keys of one item of a list in a key group: `age` items may hold several, all others are one key, as with sops. */
export async function parseGroupItem(kind: KeyKind, text: string, createdAt: string): Promise<MasterKey[]> {
  if (kind !== 'age' && text.includes(',')) {
    throw invalid(
      'an item of a list in a key group is one key, and this one has a comma',
      'Give each key its own item.',
    );
  }
  const keys = (await loadProvider(kind)).parse(text, createdAt);
  if (keys.length === 0 && kind !== 'age') throw invalid('a key is empty', 'Name a key, or remove the item.');
  return keys;
}

export function awsKmsKey({ arn, role, context, awsProfile }: AwsKmsEntry, createdAt: string): MasterKey {
  if (arn === '') throw invalid('a key of kms needs an arn');
  return { kind: 'kms', arn, role, context, awsProfile, createdAt, enc: '' };
}

export function azureKey({ vaultUrl, name, version }: AzureEntry, createdAt: string): MasterKey {
  if (vaultUrl === '' || name === '') throw invalid('an Azure key needs vaultUrl and key');
  return { kind: 'azure_kv', vaultUrl, name, version, createdAt, enc: '' };
}

function invalid(message: string, ...hints: string[]): TsopsError {
  return new TsopsError('KEY_INVALID', message, { hints });
}
