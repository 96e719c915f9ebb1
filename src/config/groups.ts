/** Key groups of a creation rule. `docs/config.md` §5; sops 3.13.2 config/config.go getKeyGroupsFromCreationRule. */

import { type KeyGroup, type KeyKind, type MasterKey, masterKeyText } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import type { GroupEntry, RuleEntry } from './entries.ts';
import { type AwsKmsSettings, awsKmsKey, azureKey, parseGroupItem, parseMasterKeys } from './masterkeys.ts';
import type { Place } from './reading.ts';

export interface GroupOptions {
  readonly file: string;
  /** RFC 3339 to the second. */
  readonly createdAt: string;
  /** The encryption context of AWS KMS keys that stand beside `key_groups`; in groups each key has its own. */
  readonly awsContext: ReadonlyMap<string, string>;
}

/** The order of kinds in a group. */
const kindOrder: readonly KeyKind[] = ['age', 'pgp', 'kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault'];

/**
 * One group per element of `key_groups`; else one of the keys beside it, which may be empty and is not freed of duplicates.
 * @throws TsopsError KEY_INVALID, CONFIG_INVALID
 */
export async function buildGroups(rule: RuleEntry, options: GroupOptions): Promise<KeyGroup[]> {
  if (rule.groups.length === 0) return [await flatGroup(rule, options)];
  const groups: KeyGroup[] = [];
  for (const entry of rule.groups) groups.push(await listedGroup(entry, options));
  return groups;
}

async function flatGroup(rule: RuleEntry, options: GroupOptions): Promise<KeyGroup> {
  const settings: AwsKmsSettings = { context: options.awsContext, awsProfile: rule.awsProfile };
  const keys: MasterKey[] = [];
  for (const kind of kindOrder) {
    const flat = rule.flat.get(kind);
    if (flat === undefined) continue;
    if (flat.problem !== undefined)
      throw new TsopsError('CONFIG_INVALID', flat.problem, { file: options.file, ...flat.place });
    const read = () => parseMasterKeys(kind, flat.text, options.createdAt, settings);
    for (const key of await placed(flat.place, options, read)) keys.push(key);
  }
  return keys;
}

/** Merged groups come first; of equal keys in what comes together the first stays. */
async function listedGroup(entry: GroupEntry, options: GroupOptions): Promise<KeyGroup> {
  const keys: MasterKey[] = [];
  for (const merged of entry.merge) for (const key of await listedGroup(merged, options)) keys.push(key);
  for (const kind of kindOrder) await addKeys(keys, entry, kind, options);
  return withoutDuplicates(keys);
}

async function addKeys(keys: MasterKey[], entry: GroupEntry, kind: KeyKind, options: GroupOptions): Promise<void> {
  const { createdAt } = options;
  if (kind === 'kms') {
    for (const key of entry.awsKms) keys.push(await placed(key.place, options, () => awsKmsKey(key, createdAt)));
  } else if (kind === 'azure_kv') {
    for (const key of entry.azure) keys.push(await placed(key.place, options, () => azureKey(key, createdAt)));
  } else {
    for (const { text, place } of entry.texts.get(kind) ?? []) {
      for (const key of await placed(place, options, () => parseGroupItem(kind, text, createdAt))) keys.push(key);
    }
  }
}

function withoutDuplicates(keys: readonly MasterKey[]): KeyGroup {
  const seen = new Set<string>();
  return keys.filter(key => {
    const id = `${key.kind}/${masterKeyText(key)}`;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

/** Runs what reads a key, and adds the place in the configuration to its error. */
async function placed<T>(place: Place, { file }: GroupOptions, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof TsopsError ? error.with({ file, ...place }) : error;
  }
}
