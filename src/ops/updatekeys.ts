/**
 * `compareKeys` and `updateKeys`: the keys, threshold and rules of a file and those that a creation rule wants.
 * sops 3.13.2 cmd/sops/subcommand/updatekeys.
 */

import { randomBytes } from 'node:crypto';
import { DataKey } from '../core/datakey.ts';
import { hasKey, isSameKey, namesKey } from '../core/keymatch.ts';
import { type KeyGroup, type MasterKey, type Metadata, masterKeyText } from '../core/metadata.ts';
import { isRule, type SelectionRule } from '../core/selection.ts';
import type { Path } from '../core/tree.ts';
import { formatEntry } from '../formats/index.ts';
import { explicitContext } from '../keys/context.ts';
import { wrapDataKey } from '../keys/groups.ts';
import type { KeyContext } from '../keys/provider.ts';
import { resolveKey } from '../keys/services.ts';
import type { EditOptions } from './edit.ts';
import { bytesOf, type Content, type FormatOptions, inputFormat, likeInput } from './input.ts';
import type { Recipient } from './inspect.ts';
import { encryptedPaths, type OpenedFile, open, parseEncrypted } from './open.ts';
import { reseal } from './reseal.ts';
import { metadataOf } from './unlock.ts';

/** What a file is to have; a `RuleMatch` is one. What is not said in it stays as it is in the file. */
export interface WantedKeys {
  readonly groups: readonly KeyGroup[];
  /** How many groups are needed; 0: as many as before. */
  readonly shamirThreshold: number;
  readonly selection?: SelectionRule | undefined;
  readonly macOnlyEncrypted?: boolean | undefined;
}

/** The keys of one group, by position. */
export interface GroupChange {
  readonly common: readonly Recipient[];
  readonly added: readonly Recipient[];
  readonly removed: readonly Recipient[];
}

interface Change<T> {
  readonly before: T;
  readonly after: T;
}

export interface KeysChange {
  /** Whether anything differs. The order of keys in a group does not count. */
  readonly isNeeded: boolean;
  readonly groups: readonly GroupChange[];
  readonly shamirThreshold: Change<number>;
  /** Absent where it stays. */
  readonly selection?: Change<SelectionRule> | undefined;
  readonly macOnlyEncrypted?: Change<boolean> | undefined;
  /** Whether a key leaves the file altogether: it knows the data key, so there has to be a new one. */
  readonly removesKeys: boolean;
}

export interface CompareOptions extends FormatOptions {
  /** What master keys may use of the machine: an Azure key without a version has to be asked for. Default: nothing. */
  readonly keys?: KeyContext | undefined;
}

/**
 * What `updateKeys` would change. No key is needed, and nothing is decrypted.
 * @throws TsopsError FILE_SYNTAX, METADATA_NOT_FOUND, METADATA_INVALID, WRAP_FAILED
 */
export async function compareKeys(content: Content, wanted: WantedKeys, options: CompareOptions): Promise<KeysChange> {
  const format = await formatEntry(inputFormat(options)).load();
  const metadata = metadataOf(parseEncrypted(format, bytesOf(content)));
  return difference(metadata, await resolvedKeys(wanted, metadata, options.keys), format.name === 'binary');
}

export interface UpdateKeysOptions extends EditOptions {
  /** Whether the data key stays also where a key is removed, as with sops. Whoever had that key can then read what is written later. */
  readonly keepDataKey?: boolean | undefined;
  /** Called with the places of all encrypted values where a key was removed: it has seen them. */
  readonly onRotated?: ((paths: readonly Path[]) => void) | undefined;
}

/**
 * Gives a file the keys, the threshold and the rules that are wanted. Keys that stay keep their wrapped data key, values their
 * ciphertext, and where only keys are added the MAC and `lastmodified` stay too. Where a key is removed the data key is a new one.
 *
 * @returns the same content where nothing differs
 * @throws TsopsError KEY_GROUP_EMPTY, WRAP_FAILED, MAC_MISMATCH, and what `decrypt` and `encrypt` throw
 */
export async function updateKeys<C extends Content>(
  content: C,
  wanted: WantedKeys,
  options: UpdateKeysOptions,
): Promise<C> {
  const format = await formatEntry(inputFormat(options)).load();
  const former = metadataOf(parseEncrypted(format, bytesOf(content)));
  const complete = await resolvedKeys(wanted, former, options.keys);
  const change = difference(former, complete, format.name === 'binary');
  if (!change.isNeeded) return content;
  const opened = await open(bytesOf(content), { ...options, outputFormat: undefined });
  const isNewKey = change.removesKeys && !options.keepDataKey;
  const dataKey = isNewKey ? DataKey.generate(options.random ?? randomBytes) : undefined;
  const wrapped = await wrappedGroups(opened, complete, change, dataKey, options);
  const sealed = await reseal(
    opened,
    {
      ...wrapped,
      dataKey,
      selection: change.selection?.after,
      macOnlyEncrypted: change.macOnlyEncrypted?.after,
    },
    { ...options, outputFormat: undefined },
  );
  if (change.removesKeys) options.onRotated?.(encryptedPaths(opened));
  return likeInput(content, sealed);
}

type Wrapped = { readonly groups: readonly KeyGroup[]; readonly shamirThreshold: number };

export async function wrappedGroups(
  { metadata, dataKey: oldKey }: OpenedFile,
  wanted: WantedKeys,
  change: KeysChange,
  newKey: DataKey | undefined,
  options: UpdateKeysOptions,
): Promise<Wrapped> {
  const { after } = change.shamirThreshold;
  const groups = wanted.groups.map((group, index) => inOrder(group, metadata.groups[index] ?? []));
  const isSameKeys = change.groups.every(({ added, removed }) => added.length + removed.length === 0);
  if (newKey === undefined && isSameKeys && after === change.shamirThreshold.before)
    return { groups: metadata.groups, shamirThreshold: metadata.shamirThreshold };
  const wrap = (list: readonly KeyGroup[], threshold: number) =>
    wrapDataKey(newKey ?? oldKey, list, threshold, options.keys ?? explicitContext({}), options.random ?? randomBytes);
  const [only = []] = groups;
  const added = only.filter(key => key.enc === '');
  // One group before and after: who has the data key already keeps it.
  if (newKey === undefined && groups.length === 1 && metadata.groups.length === 1 && added.length < only.length) {
    const fresh = added.length === 0 ? [] : (await wrap([added], 0)).groups.flat();
    return { groups: [[...only.filter(key => key.enc !== ''), ...fresh]], shamirThreshold: after };
  }
  const wrapped = await wrap(groups, after);
  return { groups: wrapped.groups, shamirThreshold: wrapped.threshold };
}

/** Keys that the file has stand as they do there, with their date and their wrapped data key; the others follow. */
function inOrder(wanted: KeyGroup, former: KeyGroup): KeyGroup {
  const kept = former.filter(key => hasKey(wanted, key) && key.enc !== '');
  return [...withoutTwins(kept), ...withoutTwins(wanted.filter(key => !hasKey(kept, key)))];
}

const withoutTwins = (group: KeyGroup): KeyGroup =>
  group.filter((key, index) => group.findIndex(other => isSameKey(other, key)) === index);

export function difference(metadata: Metadata, wanted: WantedKeys, isBinary: boolean): KeysChange {
  const count = Math.max(metadata.groups.length, wanted.groups.length);
  const groups = Array.from({ length: count }, (_, index) =>
    groupChange(metadata.groups[index] ?? [], wanted.groups[index] ?? []),
  );
  const shamirThreshold = { before: metadata.shamirThreshold, after: thresholdAfter(metadata, wanted) };
  const selection = isBinary ? undefined : selectionChange(metadata.selection, wanted.selection);
  const isMacOnly = wanted.macOnlyEncrypted === true && !metadata.macOnlyEncrypted && !isBinary;
  const changes = groups.some(({ added, removed }) => added.length + removed.length > 0);
  const all = wanted.groups.flat();
  return {
    isNeeded: changes || shamirThreshold.before !== shamirThreshold.after || selection !== undefined || isMacOnly,
    groups,
    shamirThreshold,
    selection,
    macOnlyEncrypted: isMacOnly ? { before: false, after: true } : undefined,
    removesKeys: metadata.groups.flat().some(key => !hasKey(all, key)),
  };
}

/** With one group the number means nothing and stays. */
function thresholdAfter({ groups, shamirThreshold }: Metadata, wanted: WantedKeys): number {
  const count = wanted.groups.length;
  if (count < 2) return groups.length < 2 ? shamirThreshold : wanted.shamirThreshold;
  return Math.min(wanted.shamirThreshold || shamirThreshold || count, count);
}

function selectionChange(before: SelectionRule, after: SelectionRule | undefined): Change<SelectionRule> | undefined {
  if (!isRule(after) || JSON.stringify(before) === JSON.stringify(after)) return undefined;
  return { before, after };
}

function groupChange(before: KeyGroup, after: KeyGroup): GroupChange {
  return {
    common: after.filter(key => hasWrapped(before, key)).map(recipientOf),
    added: after.filter(key => !hasWrapped(before, key)).map(recipientOf),
    removed: before.filter(key => !hasKey(after, key)).map(recipientOf),
  };
}

/** An entry without a wrapped data key is none. */
const hasWrapped = (group: KeyGroup, key: MasterKey): boolean =>
  group.some(other => isSameKey(other, key) && other.enc !== '');

const recipientOf = (key: MasterKey): Recipient => ({ kind: key.kind, text: masterKeyText(key) });

/** Keys with what only their service knows, so that they can be compared. An Azure key without a version is the one that the file has. */
export async function resolvedKeys(
  wanted: WantedKeys,
  { groups: former }: Metadata,
  context = explicitContext({}),
): Promise<WantedKeys> {
  const complete = async (key: MasterKey): Promise<MasterKey> => {
    if (key.kind !== 'azure_kv' || key.version !== '') return key;
    const known = former.flat().find(other => namesKey(key, other));
    return known ?? resolveKey(key, context);
  };
  const groups: KeyGroup[] = [];
  for (const group of wanted.groups) groups.push(await Promise.all(group.map(complete)));
  return { ...wanted, groups };
}
