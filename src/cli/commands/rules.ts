/** `tsops rules test FILE`: which creation rule a file gets, which it does not, and what that means for the file. */

import { resolve } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { writeStdout } from '../../host/streams.ts';
import { explainRules, type RuleExplanation } from '../../index.ts';
import type { Call } from '../call.ts';
import { configFor } from '../configuration.ts';
import { escapeControls } from '../report.ts';

export async function run(call: Call): Promise<void> {
  const file = call.file ?? '';
  const config = await configFor(call, file);
  if (config === undefined) {
    throw new TsopsError('CONFIG_NOT_FOUND', 'there is no .sops.yaml from the current folder upwards', {
      hints: ['Make one with `tsops init`, or name one with --config FILE.'],
    });
  }
  const explanation = await explainRules(config, resolve(file), { now: new Date() });
  const text = call.flags.json
    ? JSON.stringify({ file, ...explanation }, null, 2)
    : explain(file, explanation).join('\n');
  await writeStdout(new TextEncoder().encode(`${text}\n`));
  if (explanation.match?.preset !== undefined) {
    call.report.warn(
      'sops does not know preset: with sops this rule encrypts every value; encrypted_regex is for both',
    );
  }
  if (explanation.match !== undefined) return;
  throw new TsopsError('NO_MATCHING_RULE', `no matching creation rules found in ${config.path}`, { file });
}

type Matched = NonNullable<RuleExplanation['match']>;

/** The explanation as lines for people. */
function explain(file: string, { config, globText, passed, match }: RuleExplanation): string[] {
  const lines = [
    `file: ${file}`,
    `configuration: ${config}`,
    `path that the rules see: ${globText}`,
    ...passed.map(rule => `rule ${place(rule)}: ${rule.because} ${patternOf(rule)} does not match`),
    ...(match === undefined ? ['no rule matches'] : matchLines(match)),
  ];
  return lines.map(escapeControls);
}

const place = (rule: { readonly index: number; readonly line: number }): string =>
  `${rule.index + 1} (line ${rule.line})`;

function patternOf(rule: RuleExplanation['passed'][number]): string {
  return (rule.because === 'path_regex' ? rule.pathRegex : rule.pathGlob) ?? '';
}

function matchLines(match: Matched): string[] {
  const patterns = [
    ...(match.pathRegex === undefined ? [] : [`path_regex ${match.pathRegex}`]),
    ...(match.pathGlob === undefined ? [] : [`path_glob ${match.pathGlob}`]),
  ];
  const why =
    patterns.length === 0 ? 'it has no pattern and so matches every path' : `${patterns.join(' and ')} matches`;
  return [`rule ${place(match)}: ${why}`, ...settingLines(match), ...keyLines(match)];
}

function settingLines({ selection, isDefaultSelection, preset, macOnlyEncrypted }: Matched): string[] {
  const name = selection.kind.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  const rule = selection.kind === 'none' ? 'every value' : `${name} ${selection.text}`;
  const origin = isDefaultSelection ? ' (the default)' : preset === undefined ? '' : ` (preset ${preset})`;
  return [`  selection: ${rule}${origin}`, ...(macOnlyEncrypted ? ['  the MAC covers only encrypted values'] : [])];
}

function keyLines({ groups, groupsNeeded }: Matched): string[] {
  const list = (keys: (typeof groups)[number], indent: string) => keys.map(key => `${indent}${key.kind} ${key.text}`);
  if (groups.length === 1) return ['  any one of these keys opens the file:', ...list(groups[0] ?? [], '    ')];
  return [
    `  ${groupsNeeded} of these ${groups.length} groups are needed, of each any one key:`,
    ...groups.flatMap((keys, index) => [`    group ${index + 1}:`, ...list(keys, '      ')]),
  ];
}
