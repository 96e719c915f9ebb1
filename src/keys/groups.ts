/** The data key and the key groups that protect it: `docs/format.md` §5; sops 3.13.2 sops.go UpdateMasterKeys, GetDataKey. */

import type { RandomSource } from '../core/cipher.ts';
import { DataKey, dataKeyBytes } from '../core/datakey.ts';
import { type AwsKmsKey, formatVersion, type KeyGroup, type MasterKey, type Metadata } from '../core/metadata.ts';
import { combine, split } from '../core/shamir.ts';
import { TsopsError } from '../errors.ts';
import { withOldContexts } from './awskms-old.ts';
import { keyName, type TriedGroup, unavailableError, wrapError } from './failures.ts';
import { type GroupOutcome, openGroups } from './opening.ts';
import type { KeyContext } from './provider.ts';
import { wrapKey } from './services.ts';

export interface WrappedGroups {
  /** The groups as given, each key with its `enc`. */
  readonly groups: KeyGroup[];
  /** How many groups are needed to decrypt, as the file stores it; 0 where one group stands alone and none was given. */
  readonly threshold: number;
}

/**
 * Wraps the data key for every master key: all of it where there is one group, a share of it a group where there are several.
 * @param threshold how many groups are needed; 0 with several groups: all of them.
 * @throws TsopsError KEY_GROUP_EMPTY; KEY_GROUP_INVALID for no group, or an impossible threshold; WRAP_FAILED, naming every key that failed
 */
export async function wrapDataKey(
  dataKey: DataKey,
  groups: readonly KeyGroup[],
  threshold: number,
  context: KeyContext,
  random: RandomSource,
): Promise<WrappedGroups> {
  checkGroups(groups);
  if (groups.length === 1) {
    const wrapped = await dataKey.withBytes(bytes => wrapParts(groups, [bytes], context, random));
    return { groups: wrapped, threshold };
  }
  const needed = threshold === 0 ? groups.length : threshold;
  const shares = dataKey.withBytes(bytes => split(bytes, groups.length, needed, random));
  try {
    return { groups: await wrapParts(groups, shares, context, random), threshold: needed };
  } finally {
    for (const share of shares) share.fill(0);
  }
}

function checkGroups(groups: readonly KeyGroup[]): void {
  if (groups.length === 0) {
    throw new TsopsError('KEY_GROUP_INVALID', 'Could not generate data key: [no key groups provided]', {
      hints: ['Name at least one master key: --age, --pgp, or a creation rule in .sops.yaml.'],
    });
  }
  if (groups.some(group => group.length === 0)) {
    // The words of sops, which scripts look for.
    throw new TsopsError('KEY_GROUP_EMPTY', 'Could not generate data key: [empty key group provided]', {
      hints: ['Each key group needs at least one master key; remove the empty one from key_groups in .sops.yaml.'],
    });
  }
}

/** All keys side by side. A file that one of its keys cannot open must not come to be, so every failure counts. */
async function wrapParts(
  groups: readonly KeyGroup[],
  parts: readonly Uint8Array[],
  context: KeyContext,
  random: RandomSource,
): Promise<KeyGroup[]> {
  const failures = new Map<MasterKey, TsopsError>();
  const wrapOne = async (key: MasterKey, part: Uint8Array): Promise<MasterKey> => {
    try {
      return await wrapKey(key, part, context, random);
    } catch (error) {
      if (!(error instanceof TsopsError)) throw error;
      failures.set(key, error);
      return key;
    }
  };
  const wrapped = await Promise.all(
    groups.map((group, index) => Promise.all(group.map(key => wrapOne(key, parts[index]!)))),
  );
  if (failures.size > 0) throw wrapError(groups.flat(), failures);
  context.onKeysUsed?.('wrap', wrapped.flat());
  return wrapped;
}

export interface UnwrapOptions {
  /** Kinds of key in the order in which a group's keys are tried; the others follow in file order. Default: age, pgp. */
  readonly order?: readonly string[] | undefined;
  readonly context: KeyContext;
}

export interface Unwrapped {
  readonly dataKey: DataKey;
  /** The master key of each group that was opened, in file order. */
  readonly openedBy: MasterKey[];
  /** Those of them that opened only under the wrong encryption context that sops before 3.3.0 used: they should be wrapped anew. */
  readonly oldContexts: AwsKmsKey[];
}

const defaultOrder = ['age', 'pgp'];

/**
 * The data key, by the first master key of each group that opens. Once there are enough, no other key is asked.
 * @throws TsopsError DATA_KEY_UNAVAILABLE, which names every key that was tried, why it did not open, and what to do
 */
export async function unwrapDataKey(
  metadata: Pick<Metadata, 'groups' | 'shamirThreshold'> & Partial<Pick<Metadata, 'version'>>,
  { order = defaultOrder, context }: UnwrapOptions,
): Promise<Unwrapped> {
  const { groups, added } = withOldContexts(metadata.groups, metadata.version ?? formatVersion);
  const shared = groups.length > 1;
  const needed = shared ? metadata.shamirThreshold || 2 : 1;
  const outcomes = await openGroups(groups, {
    order,
    // A file with groups and no threshold may need any number of them: sops takes all that open.
    wanted: shared ? metadata.shamirThreshold || groups.length : 1,
    partBytes: dataKeyBytes + (shared ? 1 : 0),
    // The last byte of a share is its number; the same share twice counts once.
    idOf: part => (shared ? part.at(-1)! : 0),
    context,
  });
  const opened = outcomes.flatMap(outcome => outcome.opened ?? []);
  if (opened.length < needed)
    throw unavailableError(triedGroups(outcomes, added), { groups: groups.length, needed, opened: opened.length });
  const dataKey = dataKeyOf(
    opened.map(({ part }) => part),
    shared,
  );
  const openedBy = opened.map(({ key }) => added.get(key) ?? key);
  context.onKeysUsed?.('unwrap', openedBy);
  return {
    dataKey,
    openedBy,
    oldContexts: opened.flatMap(({ key }) => added.get(key) ?? []),
  };
}

/** @param added keys that are not in the file, so that nothing is said of them */
function triedGroups(outcomes: readonly GroupOutcome[], added: ReadonlyMap<MasterKey, MasterKey>): TriedGroup[] {
  return outcomes.flatMap(({ opened, isRepeated, failures }, index) => {
    if (opened !== undefined) return [];
    return [{ number: index + 1, failures: failures.filter(({ key }) => !added.has(key)), repeated: isRepeated }];
  });
}

/** Combines the shares, and wipes what it was given. */
function dataKeyOf(parts: readonly Uint8Array[], shared: boolean): DataKey {
  const bytes = shared ? combine(parts) : parts[0]!;
  try {
    return DataKey.from(bytes);
  } finally {
    for (const part of [...parts, bytes]) part.fill(0);
  }
}

/**
 * The kinds of a `--decryption-order` text, separated by commas. Unknown words are kept and match nothing, as with sops.
 * @throws TsopsError DECRYPTION_ORDER_DUPLICATE
 */
export function parseDecryptionOrder(text: string): string[] {
  const kinds = text === '' ? [] : text.split(',');
  const twice = kinds.find((kind, index) => kinds.indexOf(kind) !== index);
  if (twice === undefined) return kinds;
  throw new TsopsError('DECRYPTION_ORDER_DUPLICATE', `the decryption order names ${keyName(twice)} twice`, {
    hints: ['Name each key type once, for example age,pgp.'],
  });
}
