/** Which master keys are the same: for comparing a file with a configuration, and for naming keys of a file. */

import { type KeyGroup, type MasterKey, masterKeyText } from './metadata.ts';

/** Equal in the text form by which sops compares keys. */
export const isSameKey = (a: MasterKey, b: MasterKey): boolean =>
  a.kind === b.kind && masterKeyText(a) === masterKeyText(b);

/**
 * Whether a key that a user named is this one. What the name leaves out may be anything: the version of an Azure key, the encryption
 * context and the profile of an AWS key.
 */
export function namesKey(named: MasterKey, key: MasterKey): boolean {
  if (isSameKey(named, key)) return true;
  if (named.kind === 'azure_kv' && key.kind === 'azure_kv')
    return named.version === '' && named.vaultUrl === key.vaultUrl && named.name === key.name;
  if (named.kind === 'kms' && key.kind === 'kms')
    return named.context.size === 0 && named.awsProfile === '' && named.arn === key.arn && named.role === key.role;
  return false;
}

export const hasKey = (group: KeyGroup, key: MasterKey): boolean => group.some(other => isSameKey(other, key));
