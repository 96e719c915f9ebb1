/**
 * Whom a file that is there already may be encrypted for anew. Its own block is no proof: whoever can write to the repository can add a
 * key to it, and wait for somebody to hand that key the new data key.
 */

import { resolve } from 'node:path';
import { TsopsError } from '../errors.ts';
import {
  fitsGroups,
  type KeyGroup,
  type KeyKind,
  loadProvider,
  type MasterKey,
  masterKeyText,
  matchRule,
  namesKey,
  parseEncryptionContext,
  type RuleMatch,
} from '../index.ts';
import type { Call, KeyTexts } from './call.ts';
import { configFor } from './configuration.ts';

/** The keys that flags name, one kind after the other. @throws TsopsError KEY_INVALID, ENCRYPTION_CONTEXT_INVALID */
export async function keysNamed({ flags }: Call, texts: KeyTexts): Promise<KeyGroup> {
  const context = parseEncryptionContext(flags.encryptionContext ?? '');
  const { awsProfile = '' } = flags;
  const lists = await Promise.all([...texts].map(async ([kind, text]) => (await loadProvider(kind)).parse(text)));
  return lists.flat().map(key => (key.kind === 'kms' ? { ...key, context, awsProfile } : key));
}

/** The order in which sops 3.13.2 cmd/sops/main.go getRotateOpts appends keys. */
const addOrder: readonly KeyKind[] = ['kms', 'pgp', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault', 'age'];

export const inAddOrder = (group: KeyGroup): KeyGroup =>
  addOrder.flatMap(kind => group.filter(key => key.kind === kind));

/**
 * A check for the keys that are about to get a data key: each has to be named by the creation rule of the file or by the command line,
 * and to stand in a group as the rule says. Where there is no rule that names keys, or `--recipients-from file` says that the file is
 * to be believed, they are told instead.
 *
 * @throws TsopsError NO_MATCHING_RULE where `--recipients-from rule` asks for a rule that is not there
 */
export async function recipientCheck(
  call: Call,
  name: string,
  named: KeyGroup,
): Promise<(groups: readonly KeyGroup[]) => void> {
  const { recipientsFrom } = call.flags;
  const rule = recipientsFrom === 'file' ? undefined : await ruleOf(call, name);
  const wanted = rule?.groups.filter(group => group.length > 0) ?? [];
  if (wanted.length === 0) {
    if (recipientsFrom === 'rule') throw noRule(name);
    return groups => tell(call, groups);
  }
  const isNamed = (key: MasterKey, by: KeyGroup): boolean => by.some(other => namesKey(other, key));
  return groups => {
    const others = groups.map(group => group.filter(key => !isNamed(key, named)));
    const strangers = others.flat().filter(key => !isNamed(key, wanted.flat()));
    if (strangers.length > 0) throw refused(strangers);
    const filled = others.filter(group => group.length > 0);
    if (!fitsGroups(filled, wanted)) throw misgrouped();
  };
}

function noRule(name: string): TsopsError {
  return new TsopsError('NO_MATCHING_RULE', 'no creation rule that names keys was found for the file', {
    file: name,
    hints: ['Add a rule to .sops.yaml, or leave out --recipients-from rule.'],
  });
}

/** The creation rule of a file; undefined where there is no configuration or none matches. */
export async function ruleOf(call: Call, name: string): Promise<RuleMatch | undefined> {
  const config = await configFor(call, name);
  if (config === undefined) return undefined;
  const awsContext = parseEncryptionContext(call.flags.encryptionContext ?? '');
  try {
    return await matchRule(config, resolve(name), { now: new Date(), awsContext });
  } catch (error) {
    if (error instanceof TsopsError && error.code === 'NO_MATCHING_RULE') return undefined;
    throw error;
  }
}

function tell({ report }: Call, groups: readonly KeyGroup[]): void {
  report.tell('The new data key is encrypted for the keys that the file names:');
  for (const [index, group] of groups.entries()) {
    const prefix = groups.length > 1 ? `group ${index + 1}, ` : '';
    for (const key of group) report.tell(`  ${prefix}${key.kind} ${masterKeyText(key)}`);
  }
}

function refused(strangers: KeyGroup): TsopsError {
  const list = strangers.map(key => `  ${key.kind} ${masterKeyText(key)}`);
  const what = strangers.length === 1 ? 'a key' : `${strangers.length} keys`;
  return new TsopsError(
    'RECIPIENT_NOT_IN_RULE',
    [
      `the file names ${what} that its creation rule does not name, and would hand over the new data key:`,
      ...list,
    ].join('\n'),
    {
      hints: [
        'If they do not belong there, `tsops updatekeys` takes them out and makes a new data key.',
        'If they do, add them to the rule in .sops.yaml, or say --recipients-from file.',
      ],
    },
  );
}

function misgrouped(): TsopsError {
  return new TsopsError(
    'RECIPIENT_NOT_IN_RULE',
    'the key groups of the file are not those of its creation rule, so fewer people than it says could open the file',
    {
      hints: [
        '`tsops updatekeys --dry-run` shows the difference, and `tsops updatekeys` makes the groups those of the rule.',
        'If the file is right, change key_groups in .sops.yaml, or say --recipients-from file.',
      ],
    },
  );
}
