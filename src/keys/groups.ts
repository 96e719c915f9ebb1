/** The data key and the key groups that protect it: `docs/format.md` §5; sops 3.13.2 sops.go UpdateMasterKeys, GetDataKey. */

import type { RandomSource } from '../core/cipher.ts';
import { DataKey, dataKeyBytes } from '../core/datakey.ts';
import type { KeyGroup, MasterKey, Metadata } from '../core/metadata.ts';
import { combine, split } from '../core/shamir.ts';
import { TsopsError } from '../errors.ts';
import { keyName, type TriedGroup, unavailableError, wrapError } from './failures.ts';
import { loadProvider } from './index.ts';
import type { KeyContext, UnwrapFailure } from './provider.ts';

export interface WrappedGroups {
  /** The groups as given, each key with its `enc`. */
  readonly groups: KeyGroup[];
  /** How many groups are needed to decrypt, as the file stores it; 0 where one group stands alone and none was given. */
  readonly threshold: number;
}

/**
 * Wraps the data key for every master key: all of it where there is one group, a share of it a group where there are several.
 * @param threshold how many groups are needed; 0 with several groups: all of them.
 * @throws TsopsError KEY_GROUP_INVALID for no group, an empty one, or an impossible threshold; WRAP_FAILED, naming every key that failed
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
    throw new TsopsError('KEY_GROUP_INVALID', 'Could not generate data key: [empty key group provided]', {
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
  const wrapKey = async (key: MasterKey, part: Uint8Array): Promise<MasterKey> => {
    try {
      return { ...key, enc: await (await loadProvider(key.kind)).wrap(key, part, context, random) };
    } catch (error) {
      if (!(error instanceof TsopsError)) throw error;
      failures.set(key, error);
      return key;
    }
  };
  const wrapped = await Promise.all(
    groups.map((group, index) => Promise.all(group.map(key => wrapKey(key, parts[index]!)))),
  );
  if (failures.size > 0) throw wrapError(groups.flat(), failures);
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
}

const defaultOrder = ['age', 'pgp'];

/**
 * The data key, by the first master key of each group that opens. Groups beyond the threshold are not asked.
 * @throws TsopsError DATA_KEY_UNAVAILABLE, which names every key that was tried, why it did not open, and what to do
 */
export async function unwrapDataKey(
  metadata: Pick<Metadata, 'groups' | 'shamirThreshold'>,
  { order = defaultOrder, context }: UnwrapOptions,
): Promise<Unwrapped> {
  const { groups } = metadata;
  const shared = groups.length > 1;
  const opener = new Opener(order, context, dataKeyBytes + (shared ? 1 : 0));
  // A file with groups and no threshold may need any number of them: sops takes all that open.
  const wanted = shared ? metadata.shamirThreshold || groups.length : 1;
  const needed = shared ? metadata.shamirThreshold || 2 : 1;
  const parts = new Map<number, Uint8Array>();
  const openedBy: MasterKey[] = [];
  const tried: TriedGroup[] = [];
  for (const [index, group] of groups.entries()) {
    if (parts.size >= wanted) break;
    const { part, key, failures } = await opener.open(group);
    // The last byte of a share is its number; the same share twice counts once.
    const number = part === undefined ? undefined : shared ? part.at(-1)! : 0;
    if (number !== undefined && !parts.has(number)) {
      parts.set(number, part!);
      openedBy.push(key!);
    } else tried.push({ number: index + 1, failures, repeated: number !== undefined });
  }
  if (parts.size < needed) throw unavailableError(tried, { groups: groups.length, needed, opened: parts.size });
  return { dataKey: dataKeyOf([...parts.values()], shared), openedBy };
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

interface Outcome {
  readonly part?: Uint8Array;
  readonly key?: MasterKey;
  readonly failures: readonly UnwrapFailure[];
}

/** Opens groups, and remembers what did not open: the same wrapped key elsewhere in the file is not tried again. */
class Opener {
  readonly #order: readonly string[];
  readonly #context: KeyContext;
  readonly #partBytes: number;
  readonly #failed = new Map<string, UnwrapFailure>();

  constructor(order: readonly string[], context: KeyContext, partBytes: number) {
    this.#order = order;
    this.#context = context;
    this.#partBytes = partBytes;
  }

  async open(group: KeyGroup): Promise<Outcome> {
    const failures: UnwrapFailure[] = [];
    for (const key of inOrder(group, this.#order)) {
      const result = await this.#unwrap(key);
      if (result instanceof Uint8Array) return { part: result, key, failures };
      failures.push(result);
    }
    return { failures };
  }

  async #unwrap(key: MasterKey): Promise<Uint8Array | UnwrapFailure> {
    const id = `${key.kind} ${key.enc}`;
    const earlier = this.#failed.get(id);
    if (earlier !== undefined) return { ...earlier, key };
    const result = this.#checked(key, await this.#unwrapFirst(key));
    if (!(result instanceof Uint8Array)) this.#failed.set(id, result);
    return result;
  }

  async #unwrapFirst(key: MasterKey): Promise<Uint8Array | UnwrapFailure> {
    if (key.enc === '') return { key, reason: 'the file holds no wrapped key for it', hints: [] };
    return (await loadProvider(key.kind)).unwrap(key, this.#context);
  }

  /** A wrapped key can hold anything; what is not as long as it has to be is left to the other keys. */
  #checked(key: MasterKey, result: Uint8Array | UnwrapFailure): Uint8Array | UnwrapFailure {
    if (!(result instanceof Uint8Array) || result.length === this.#partBytes) return result;
    const reason = `it opened, but what it holds is ${result.length} bytes long instead of ${this.#partBytes}`;
    return { key, reason, hints: ['Take the `enc` text of this key from an older version of the file.'] };
  }
}

/** Stable: kinds as in the order, all others behind them as in the file. sops 3.13.2 sortKeyGroupIndices */
function inOrder(group: KeyGroup, order: readonly string[]): MasterKey[] {
  const rank = (key: MasterKey) => (order.includes(key.kind) ? order.indexOf(key.kind) : order.length);
  return [...group].sort((one, other) => rank(one) - rank(other));
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
