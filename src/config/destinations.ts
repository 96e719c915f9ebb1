/** Which destination rule a file gets. `docs/config.md` §6; sops 3.13.2 config/config.go parseDestinationRuleForFile. */

import { compilePattern } from '../core/regex.ts';
import { TsopsError } from '../errors.ts';
import type { Config, DestinationEntry } from './entries.ts';
import { type MatchOptions, type RuleMatch, ruleMatch } from './rules.ts';

export interface DestinationMatch {
  /** The texts of the rule by their keys, `vault_kv_version` too; absent or empty where they are not set. */
  readonly settings: ReadonlyMap<string, string>;
  readonly omitExtensions: boolean;
  /** For whom the file is encrypted anew before it is published; undefined where it goes as it is. */
  readonly recreation: RuleMatch | undefined;
}

/**
 * The first destination rule whose `path_regex` matches the path as it was typed; one without an expression matches every path.
 * @throws TsopsError NO_DESTINATION, PATTERN_INVALID, CONFIG_INVALID, KEY_INVALID
 */
export async function matchDestination(config: Config, path: string, options: MatchOptions): Promise<DestinationMatch> {
  for (const entry of config.destinations) {
    const pattern = entry.texts.get('path_regex') ?? '';
    if (pattern !== '' && !(await compiled(config, entry, pattern)).test(path)) continue;
    const settings = new Map(entry.texts);
    if (entry.vaultKvVersion > 0) settings.set('vault_kv_version', String(entry.vaultKvVersion));
    const recreation = entry.recreationRule && (await ruleMatch(config, entry.recreationRule, options));
    const hasKeys = recreation?.groups.some(group => group.length > 0) ?? false;
    return { settings, omitExtensions: entry.omitExtensions, recreation: hasKeys ? recreation : undefined };
  }
  throw new TsopsError('NO_DESTINATION', `no matching destination found in ${config.path}`, {
    file: path,
    hints: ['Add a rule to destination_rules; its path_regex is matched against the path as you typed it.'],
  });
}

/** sops passes over an expression that it cannot read. */
async function compiled(config: Config, { place }: DestinationEntry, text: string) {
  try {
    return await compilePattern(text);
  } catch (error) {
    throw error instanceof TsopsError ? error.with({ file: config.path, ...place }) : error;
  }
}
