/** Which creation rule a file gets. `docs/config.md` §4; sops 3.13.2 config/config.go parseCreationRuleForFile. */

import * as path from 'node:path';
import type { KeyGroup } from '../core/metadata.ts';
import { compilePattern, type Pattern } from '../core/regex.ts';
import type { SelectionRule } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import type { Config, RuleEntry } from './entries.ts';
import { compileGlob } from './glob.ts';
import { buildGroups } from './groups.ts';
import type { PlacedText } from './reading.ts';

/** What the matching rule says about a file. */
export interface RuleMatch {
  /** Number of the rule, from 0, and its line in the configuration, from 1. */
  readonly index: number;
  readonly line: number;
  /** At least one group; a group can be empty, which is an error when the data key is wrapped. */
  readonly groups: readonly KeyGroup[];
  /** 0 where the rule names none. */
  readonly shamirThreshold: number;
  /** undefined where the rule has no selection key: then the default applies. */
  readonly selection: SelectionRule | undefined;
  readonly macOnlyEncrypted: boolean;
  /** Whether the rule has no pattern, so that it matches whatever no rule before it matches. */
  readonly isForAll: boolean;
}

export interface MatchOptions {
  /** The time at which the keys' entries are made. */
  readonly now: Date;
  /** For AWS KMS keys that stand beside `key_groups`; none unless told. */
  readonly awsContext?: ReadonlyMap<string, string> | undefined;
  /** What separates the steps of paths: that of the system unless told. */
  readonly separator?: '/' | '\\' | undefined;
}

/** One rule that was asked, and why it matched or not. */
export interface TriedRule {
  readonly rule: RuleEntry;
  readonly matched: boolean;
  /** The key that did not match, or one that did; undefined for a rule that matches every path. */
  readonly by: 'path_regex' | 'path_glob' | undefined;
}

/** What paths are matched as. */
export interface PathTexts {
  /** For `path_regex`: relative to the configuration's folder, else absolute; on Windows also with `/`. */
  readonly regexTexts: readonly string[];
  /** For `path_glob`: always with `/`. */
  readonly globText: string;
}

/**
 * The rule for a file, or undefined where the configuration has no rules at all.
 * @param filePath absolute; symbolic links are not resolved
 * @throws TsopsError NO_MATCHING_RULE; CONFIG_INVALID for several selection keys; PATTERN_INVALID for an expression that was
 * reached; KEY_INVALID. All but the first with file, line and column.
 */
export async function matchRule(
  config: Config,
  filePath: string,
  options: MatchOptions,
): Promise<RuleMatch | undefined> {
  if (config.rules === undefined) return undefined;
  const texts = pathTexts(config.path, filePath, options.separator);
  const rule = (await tryRules(config, texts)).find(tried => tried.matched)?.rule;
  if (rule !== undefined) return ruleMatch(config, rule, options);
  throw new TsopsError('NO_MATCHING_RULE', `no matching creation rules found in ${config.path}`, {
    file: filePath,
    hints: [
      `The text that the rules are matched against is ${texts.globText}`,
      'Add a rule for this path; `tsops rules test FILE` shows every rule and why it does not match.',
    ],
  });
}

/** Whether a file is for sops or git itself, so that no rule can mean it. */
export function isNeverEncrypted(filePath: string): boolean {
  return /^\.(?:sops\.ya?ml|git[a-z]*)$/.test(path.basename(filePath));
}

/** The rules in order, up to and including the first that matches. @throws TsopsError PATTERN_INVALID */
export async function tryRules(config: Config, texts: PathTexts): Promise<TriedRule[]> {
  const tried: TriedRule[] = [];
  for (const rule of config.rules ?? []) {
    const outcome = await tryRule(config, rule, texts);
    tried.push(outcome);
    if (outcome.matched) break;
  }
  return tried;
}

/** A rule with both patterns wants both. */
async function tryRule(config: Config, rule: RuleEntry, texts: PathTexts): Promise<TriedRule> {
  const { pathRegex, pathGlob } = rule;
  if (pathRegex !== undefined) {
    const regex = await compiled(config, pathRegex, compilePattern);
    if (!texts.regexTexts.some(text => regex.test(text))) return { rule, matched: false, by: 'path_regex' };
  }
  if (pathGlob !== undefined) {
    const glob = await compiled(config, pathGlob, compileGlob);
    return { rule, matched: glob.test(texts.globText), by: 'path_glob' };
  }
  return { rule, matched: true, by: pathRegex === undefined ? undefined : 'path_regex' };
}

async function compiled(
  config: Config,
  { text, place }: PlacedText,
  compile: (text: string) => Promise<Pattern>,
): Promise<Pattern> {
  try {
    return await compile(text);
  } catch (error) {
    throw error instanceof TsopsError ? error.with({ file: config.path, ...place }) : error;
  }
}

export function pathTexts(configPath: string, filePath: string, separator: '/' | '\\' = path.sep): PathTexts {
  const { dirname } = separator === '\\' ? path.win32 : path.posix;
  const folder = `${dirname(configPath)}${separator}`;
  // sops cuts the text and does not resolve: nothing is cut for a configuration in the root folder.
  const text = filePath.startsWith(folder) ? filePath.slice(folder.length) : filePath;
  const globText = separator === '\\' ? text.replaceAll('\\', '/') : text;
  return { regexTexts: globText === text ? [text] : [text, globText], globText };
}

export async function ruleMatch(config: Config, rule: RuleEntry, options: MatchOptions): Promise<RuleMatch> {
  const selection = await selectionOf(config, rule);
  const groups = await buildGroups(rule, {
    file: config.path,
    createdAt: `${options.now.toISOString().slice(0, 19)}Z`,
    awsContext: options.awsContext ?? new Map(),
  });
  const { index, place, shamirThreshold, macOnlyEncrypted } = rule;
  const isForAll = rule.pathRegex === undefined && rule.pathGlob === undefined;
  return { index, line: place.line, groups, shamirThreshold, selection, macOnlyEncrypted, isForAll };
}

/** sops takes an expression that Go refuses as one that matches nothing, and writes clear text; here it is an error. */
async function selectionOf(config: Config, { selections }: RuleEntry): Promise<SelectionRule | undefined> {
  const [first, second] = selections;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    const names = selections.map(selection => selection.name);
    const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
    throw new TsopsError('CONFIG_INVALID', `cannot use more than one of ${list} in the same rule`, {
      file: config.path,
      ...second.place,
      hints: ['Keep the one that says what is to be encrypted and remove the others.'],
    });
  }
  const { rule, place } = first;
  if (rule.kind.endsWith('Regex')) await compiled(config, { text: rule.text, place }, compilePattern);
  return rule;
}
