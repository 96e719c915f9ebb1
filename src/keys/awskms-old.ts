/**
 * Files of sops before 3.3.0: it wrapped the data key under an encryption context in which every name had the same value, one of those
 * that the file names. https://github.com/mozilla/sops/pull/435; sops 3.13.2 cmd/sops/common/common.go RecoverDataKeyFromBuggyKMS
 */

import type { AwsKmsKey, KeyGroup, MasterKey } from '../core/metadata.ts';

/** A request is made for each value; a hostile file can name any number of them. */
const maxValues = 16;

/** The keys of the groups, and behind those of each group its AWS KMS keys with the contexts that an old sops may have used. */
export interface WithOldContexts {
  readonly groups: readonly KeyGroup[];
  /** The key of the file for each of those that were added. */
  readonly added: ReadonlyMap<MasterKey, AwsKmsKey>;
}

/** @param version of the program that wrote the file; only those before 3.3.0 have anything added */
export function withOldContexts(groups: readonly KeyGroup[], version: string): WithOldContexts {
  const added = new Map<MasterKey, AwsKmsKey>();
  if (!isBefore330(version)) return { groups, added };
  const extended = groups.map(group => {
    const others = group.flatMap(key => (key.kind === 'kms' ? variants(key).map(other => ({ key, other })) : []));
    for (const { key, other } of others) added.set(other, key);
    return [...group, ...others.map(({ other }) => other)];
  });
  return { groups: extended, added };
}

/** sops 3.13.2 version/version.go AIsNewerThanB: what begins with `1.` is older, whatever follows. */
function isBefore330(version: string): boolean {
  const [, major, minor, patch, more] = /^v?(\d+)\.(\d+)\.(\d+)(-)?/.exec(version) ?? [];
  if (version.startsWith('1.') || Number(major) < 3) return true;
  return Number(major) === 3 && (Number(minor) < 3 || (Number(minor) === 3 && Number(patch) === 0 && more === '-'));
}

function variants(key: AwsKmsKey): AwsKmsKey[] {
  const values = [...new Set(key.context.values())];
  if (values.length < 2 || values.length > maxValues) return [];
  return values.map(value => ({ ...key, context: new Map([...key.context.keys()].map(name => [name, value])) }));
}
