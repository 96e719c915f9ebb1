/** The addresses of master keys that a configuration names: its owner trusts them with tokens. `docs/keys.md` §9 */

import type { Config, GroupEntry } from './entries.ts';

/** The addresses of all Vault and Azure keys in the creation rules, as they are written; a rule need not match. */
export function keyAddresses({ rules = [] }: Config): string[] {
  return rules.flatMap(({ flat, groups }) => [
    ...(['hc_vault', 'azure_kv'] as const).flatMap(kind => flat.get(kind)?.text.split(',') ?? []),
    ...groups.flatMap(groupAddresses),
  ]);
}

function groupAddresses({ merge, texts, azure }: GroupEntry): string[] {
  const vaults = texts.get('hc_vault')?.map(({ text }) => text) ?? [];
  return [...vaults, ...azure.map(({ vaultUrl }) => vaultUrl), ...merge.flatMap(groupAddresses)];
}
