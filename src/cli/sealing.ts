/** What a file is encrypted with: the keys and settings of the command line and of the creation rule. */

import { resolve } from 'node:path';
import { TsopsError } from '../errors.ts';
import {
  type Config,
  type EncryptOptions,
  type FormatName,
  type KeyGroup,
  loadProvider,
  matchRule,
  parseEncryptionContext,
  type RuleMatch,
  type SelectionRule,
} from '../index.ts';
import type { Call } from './call.ts';
import { configFor, indentFor } from './configuration.ts';
import type { FlagValues } from './flags.ts';
import { keyContext } from './keyservices.ts';

export interface Target {
  /** The name that the creation rule is chosen by. */
  readonly name: string;
  readonly format: FormatName;
  readonly outputFormat: FormatName;
}

/**
 * Keys on the command line take the place of those of the creation rule; its other settings still count, and so a
 * configuration without a rule for the file is an error all the same. sops 3.13.2 cmd/sops/main.go getEncryptConfig
 *
 * @throws TsopsError CONFIG_INVALID, ENCRYPTION_CONTEXT_INVALID, NO_MATCHING_RULE, CONFLICTING_OPTIONS, KEY_INVALID
 */
export async function sealingOptions(call: Call, target: Target): Promise<EncryptOptions> {
  const { flags } = call;
  const config = await configFor(call, target.name);
  const awsContext = parseEncryptionContext(flags.encryptionContext ?? '');
  const rule = config === undefined ? undefined : await ruleFor(call, config, target.name, awsContext);
  const given = await groupFromFlags(call, awsContext);
  const groups = given.length > 0 ? [given] : rule?.groups;
  return {
    format: target.format,
    outputFormat: target.outputFormat,
    groups,
    shamirThreshold: flags.shamirSecretSharingThreshold || rule?.shamirThreshold,
    selection: selectionFor(call, target.format, rule?.selection),
    macOnlyEncrypted: flags.macOnlyEncrypted ?? rule?.macOnlyEncrypted,
    indent: indentFor(call, config, target.outputFormat),
    allowNothing: flags.allowNothing,
    keepSpelling: !flags.noSpelling,
    keys: keyContext(call, groups),
  };
}

type AwsContext = ReadonlyMap<string, string>;

async function ruleFor(
  { keys }: Call,
  config: Config,
  name: string,
  awsContext: AwsContext,
): Promise<RuleMatch | undefined> {
  try {
    return await matchRule(config, resolve(name), { now: new Date(), awsContext });
  } catch (error) {
    if (keys.size === 0 || !(error instanceof TsopsError) || error.code !== 'NO_MATCHING_RULE') throw error;
    throw error.with({
      hints: ['To encrypt with the keys that were given and without any rule, add --config /dev/null.'],
    });
  }
}

async function groupFromFlags({ keys, flags }: Call, context: AwsContext): Promise<KeyGroup> {
  const group = await Promise.all([...keys].map(async ([kind, text]) => (await loadProvider(kind)).parse(text)));
  const { awsProfile = '' } = flags;
  return group.flat().map(key => (key.kind === 'kms' ? { ...key, context, awsProfile } : key));
}

const kinds = [
  'unencryptedSuffix',
  'encryptedSuffix',
  'unencryptedRegex',
  'encryptedRegex',
  'unencryptedCommentRegex',
  'encryptedCommentRegex',
] as const;

/** A flag replaces the setting of the same name and no other; of what is then left there may be only one. */
function chooseSelection(flags: FlagValues, fromRule: SelectionRule | undefined): SelectionRule | undefined {
  const named = kinds.flatMap((kind): SelectionRule[] =>
    flags[kind] === undefined ? [] : [{ kind, text: flags[kind] }],
  );
  const stands =
    fromRule !== undefined && fromRule.kind !== 'none' && !named.some(({ kind }) => kind === fromRule.kind);
  const all = stands ? [...named, fromRule] : named;
  if (all.length < 2) return all[0];
  const names = all.map(({ kind }) => kind.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)).join(', ');
  throw new TsopsError('CONFLICTING_OPTIONS', `cannot use more than one of the selection rules; here are ${names}`, {
    hints: stands
      ? ['One of them comes from the creation rule in .sops.yaml; a flag replaces only the setting of the same name.']
      : [],
  });
}

/** A binary file is one value, and that is always encrypted. */
function selectionFor(
  { flags, report }: Call,
  format: FormatName,
  fromRule: SelectionRule | undefined,
): SelectionRule | undefined {
  if (format !== 'binary') return chooseSelection(flags, fromRule);
  if (kinds.some(kind => flags[kind] !== undefined))
    report.warn('a binary file is encrypted as a whole; the selection flags do not count');
  return undefined;
}
