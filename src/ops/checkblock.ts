/** What can be wrong with a `sops` block, and with its keys and rules beside those of a creation rule. */

import { isCiphertext } from '../core/cipher.ts';
import { hasKey, namesKey } from '../core/keymatch.ts';
import { checkVersion, type KeyGroup, type MasterKey, type Metadata } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import type { EncryptedFile } from '../formats/format.ts';
import { masterKeyName } from '../keys/failures.ts';
import { type Finding, findingOf } from './finding.ts';
import { metadataOf } from './unlock.ts';
import { difference, type KeysChange, type WantedKeys } from './updatekeys.ts';

const restore =
  'Restore the sops block from version control; it was changed by hand, by a formatter or by a bad merge.';

export interface CheckedBlock {
  /** Absent where the block cannot be read. */
  readonly metadata?: Metadata;
  readonly findings: readonly Finding[];
}

export function checkBlock(file: EncryptedFile): CheckedBlock {
  const twice = file.blocks.find(({ document }, index) => file.blocks[index - 1]?.document === document);
  if (twice !== undefined) return { findings: [duplicateBlock(twice.document)] };
  const read = readBlock(file);
  if ('kind' in read) return { findings: [read] };
  return { metadata: read, findings: [...fieldFindings(read), ...keyFindings(read), ...otherBlocks(file)] };
}

export const duplicateBlock = (document = 0): Finding => ({
  kind: 'duplicate-block',
  message: 'the document has more than one sops block',
  path: ['sops'],
  ...(document === 0 ? {} : { document }),
  hint: 'Keep the block that belongs to the values; a bad merge may have left both.',
});

function readBlock(file: EncryptedFile): Metadata | Finding {
  try {
    return metadataOf(file);
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    if (error.code !== 'METADATA_NOT_FOUND') return findingOf('metadata', error);
    return fault('a later document has a sops block and the first has none', []);
  }
}

const fault = (message: string, path: readonly (string | number)[], hint = restore): Finding => ({
  kind: 'metadata',
  message,
  path: ['sops', ...path],
  hint,
});

function fieldFindings({ version, mac, groups, shamirThreshold }: Metadata): Finding[] {
  const findings: Finding[] = [];
  try {
    checkVersion(version);
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    findings.push(findingOf('metadata', error));
  }
  if (mac === '') findings.push(fault('the sops block has no mac', ['mac']));
  else if (!isCiphertext(mac)) findings.push(fault('the mac in the sops block is no whole ciphertext', ['mac']));
  const threshold = ['shamir_threshold'];
  if (shamirThreshold < 0) findings.push(fault('the threshold of the key groups is negative', threshold));
  if (groups.length > 1 && shamirThreshold > groups.length)
    findings.push(fault(`${shamirThreshold} key groups are needed, and there are ${groups.length}`, threshold));
  return findings;
}

function keyFindings({ groups }: Metadata): Finding[] {
  return groups.flatMap((group, index) => {
    if (group.length === 0) return [fault(`key group ${index + 1} has no master key`, ['key_groups', index])];
    return group.flatMap(key => {
      const what = wrappedFault(key);
      const place = groups.length > 1 ? ['key_groups', index, key.kind] : [key.kind];
      return what === undefined ? [] : [fault(`${masterKeyName(key)}: ${what}`, place, withoutKey)];
    });
  });
}

const withoutKey = 'Nobody can open the file with this key; restore the sops block from version control.';

/** The two kinds that wrap in armour show whether it is whole. */
const armours: Readonly<Partial<Record<MasterKey['kind'], string>>> = {
  age: 'AGE ENCRYPTED FILE',
  pgp: 'PGP MESSAGE',
};

function wrappedFault({ kind, enc }: MasterKey): string | undefined {
  const text = enc.trim();
  if (text === '') return 'the wrapped data key is missing';
  const armour = armours[kind];
  if (armour === undefined) return undefined;
  const isWhole = text.startsWith(`-----BEGIN ${armour}-----`) && text.endsWith(`-----END ${armour}-----`);
  return isWhole ? undefined : 'the wrapped data key is cut or damaged';
}

/** Every document repeats the block; only the first is read. */
function otherBlocks({ blocks }: EncryptedFile): Finding[] {
  if (blocks.length < 2) return [];
  const [first, ...others] = blocks.map(block => ({ ...block, text: textOf(block.value) }));
  return others
    .filter(block => block.text !== first?.text)
    .map(({ document }) => ({
      ...fault(`the sops block of document ${document + 1} is not that of the first document`, []),
      document,
    }));
}

const textOf = (node: unknown): string =>
  JSON.stringify(node, (key, value) => {
    if (key === 'slot') return undefined;
    return typeof value === 'bigint' ? String(value) : value;
  });

/** A creation rule as far as it counts here. */
export interface RuleOfFile extends WantedKeys {
  /** Number of the rule from 0, and its line from 1. */
  readonly index: number;
  readonly line: number;
}

/** Nothing where the rule names no keys: those come from elsewhere. */
export function driftFindings(metadata: Metadata, rule: RuleOfFile, isBinary: boolean): Finding[] {
  if (rule.groups.every(group => group.length === 0)) return [];
  const change = difference(metadata, named(rule, metadata), isBinary);
  if (!change.isNeeded) return [];
  const hint = 'Run `tsops updatekeys FILE`, or change the rule.';
  const place = `rule ${rule.index + 1} (line ${rule.line} of the configuration)`;
  return differences(change).map(what => ({
    kind: 'drift',
    message: `${what}, unlike ${place}`,
    path: ['sops'],
    hint,
  }));
}

/** A key of Azure without its version is the one that the file has; its service is not asked. */
function named(rule: WantedKeys, metadata: Metadata): WantedKeys {
  const known = metadata.groups.flat();
  const complete = (key: MasterKey): MasterKey =>
    key.kind === 'azure_kv' && !hasKey(known, key) ? (known.find(other => namesKey(key, other)) ?? key) : key;
  return { ...rule, groups: rule.groups.map((group): KeyGroup => group.map(complete)) };
}

function differences({ groups, shamirThreshold, selection, macOnlyEncrypted }: KeysChange): string[] {
  const texts: string[] = [];
  groups.forEach(({ added, removed }, index) => {
    const parts = [list('are missing', added), list('are there', removed)].filter(part => part !== '');
    const where = groups.length > 1 ? `in key group ${index + 1} ` : '';
    if (parts.length > 0) texts.push(`${where}${parts.join(' and ')}`);
  });
  const { before, after } = shamirThreshold;
  if (before !== after) texts.push(`the threshold is ${before || 'not set'} and should be ${after}`);
  if (selection !== undefined)
    texts.push(`the selection is ${ruleText(selection.before)} and should be ${ruleText(selection.after)}`);
  if (macOnlyEncrypted !== undefined) texts.push('the MAC covers clear values too');
  return texts;
}

const shownKeys = 10;

function list(what: string, keys: readonly { readonly kind: string; readonly text: string }[]): string {
  if (keys.length === 0) return '';
  const shown = keys.slice(0, shownKeys).map(({ kind, text }) => `${kind} ${text}`);
  const more = keys.length > shownKeys ? ` and ${keys.length - shownKeys} more` : '';
  return `${shown.join(', ')}${more} ${keys.length === 1 ? what.replace('are', 'is') : what}`;
}

type Selection = Metadata['selection'];

function ruleText(rule: Selection): string {
  if (rule.kind === 'none') return 'every value';
  return `${rule.kind.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)} ${rule.text}`;
}
