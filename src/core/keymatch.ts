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

/**
 * Whether the groups of a file can be groups of a rule: each has one of them to itself, which names all of its keys. Who stands in two
 * groups has two shares of the data key, so it is not enough that every key is named somewhere.
 */
export function fitsGroups(groups: readonly KeyGroup[], wanted: readonly KeyGroup[]): boolean {
  if (groups.length > wanted.length) return false;
  const takenBy = new Map<number, number>();
  // Augmenting paths: a group that stands in the way is asked to move (Kuhn 1955).
  const finds = (group: number, tried: Set<number>): boolean => {
    for (const [place, names] of wanted.entries()) {
      if (tried.has(place) || !groups[group]?.every(key => names.some(named => namesKey(named, key)))) continue;
      tried.add(place);
      const holder = takenBy.get(place);
      if (holder !== undefined && !finds(holder, tried)) continue;
      takenBy.set(place, group);
      return true;
    }
    return false;
  };
  return groups.every((_, group) => finds(group, new Set()));
}
