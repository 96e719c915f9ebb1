/** Why a file gets the rule that it gets: plain data for `tsops rules test`. */

import { type KeyKind, masterKeyText } from '../core/metadata.ts';
import { defaultSelection, type SelectionRule } from '../core/selection.ts';
import type { Config, RuleEntry } from './entries.ts';
import { type MatchOptions, pathTexts, ruleMatch, tryRules } from './rules.ts';

export interface RuleExplanation {
  /** Absolute path of the configuration. */
  readonly config: string;
  /** The texts that `path_regex` was tried on (one; on Windows two), and the one that `path_glob` was tried on. */
  readonly regexTexts: readonly string[];
  readonly globText: string;
  /** How many creation rules there are; undefined where the configuration has no list of them. */
  readonly ruleCount: number | undefined;
  /** The rules that did not match, in order. */
  readonly passed: readonly PassedRule[];
  /** What the file gets; undefined where no rule matched. */
  readonly match: MatchedRule | undefined;
}

export interface RuleLabel {
  /** From 0, as in `RuleMatch`. */
  readonly index: number;
  /** From 1. */
  readonly line: number;
  readonly pathRegex: string | undefined;
  readonly pathGlob: string | undefined;
}

export interface PassedRule extends RuleLabel {
  /** The pattern that did not match. */
  readonly because: 'path_regex' | 'path_glob';
}

export interface MatchedRule extends RuleLabel {
  readonly selection: SelectionRule;
  /** Whether the rule says nothing about the selection, so that the default applies. */
  readonly isDefaultSelection: boolean;
  /** The preset that the selection comes from. */
  readonly preset: string | undefined;
  readonly macOnlyEncrypted: boolean;
  /** Who could decrypt: the keys of each group, any one of which opens the group. */
  readonly groups: readonly (readonly { readonly kind: KeyKind; readonly text: string }[])[];
  /** How many of the groups are needed. */
  readonly groupsNeeded: number;
  /** What the rule itself says; 0 for nothing. */
  readonly shamirThreshold: number;
}

/**
 * Explains the choice of the rule for a file. No rule at all and no matching rule are answers, not errors.
 * @param filePath absolute; the file need not exist
 * @throws TsopsError as `matchRule`, for what is wrong with a rule that was reached
 */
export async function explainRules(config: Config, filePath: string, options: MatchOptions): Promise<RuleExplanation> {
  const texts = pathTexts(config.path, filePath, options.separator);
  const tried = await tryRules(config, texts);
  const found = tried.find(({ matched }) => matched);
  const passed = tried.flatMap(({ rule, matched, by }) =>
    matched || by === undefined ? [] : [{ ...labelOf(rule), because: by }],
  );
  const match = found && (await describe(config, found.rule, options));
  return { config: config.path, ...texts, ruleCount: config.rules?.length, passed, match };
}

async function describe(config: Config, rule: RuleEntry, options: MatchOptions): Promise<MatchedRule> {
  const { groups, selection, shamirThreshold, macOnlyEncrypted } = await ruleMatch(config, rule, options);
  return {
    ...labelOf(rule),
    selection: selection ?? defaultSelection,
    isDefaultSelection: selection === undefined,
    preset: rule.selections[0]?.preset,
    macOnlyEncrypted,
    groups: groups.map(group => group.map(key => ({ kind: key.kind, text: masterKeyText(key) }))),
    groupsNeeded: groups.length === 1 ? 1 : shamirThreshold || groups.length,
    shamirThreshold,
  };
}

function labelOf({ index, place, pathRegex, pathGlob }: RuleEntry): RuleLabel {
  return { index, line: place.line, pathRegex: pathRegex?.text, pathGlob: pathGlob?.text };
}
