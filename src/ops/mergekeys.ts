/** Which data key, master keys and rules a merged file has. No data key is ever wrapped here: a block is not authenticated. */

import { type KeyGroup, type MasterKey, type Metadata, masterKeyText } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import type { OpenedFile } from './open.ts';
import { refuseUnwrapped } from './reseal.ts';

export interface MergedKeys {
  /** Whose data key the merged file has. */
  readonly from: OpenedFile;
  readonly metadata: Metadata;
}

/** @throws TsopsError MERGE_CONFLICT, METADATA_INVALID */
export function mergeKeys(base: OpenedFile | undefined, ours: OpenedFile, theirs: OpenedFile): MergedKeys {
  const wanted = wantedNames(base, ours, theirs);
  const from = sameDataKey(ours, theirs) ? ours : chosenSide(base, ours, theirs, wanted);
  const groups = sameDataKey(ours, theirs) ? sharedGroups(base, ours, theirs, wanted) : from.metadata.groups;
  refuseUnwrapped(groups);
  const pick = <T>(what: string, of: (metadata: Metadata) => T): T => picked(what, of, base, ours, theirs);
  return {
    from,
    metadata: {
      ...from.metadata,
      groups,
      shamirThreshold: pick('the threshold of the key groups', ({ shamirThreshold }) => shamirThreshold),
      selection: pick('the rule that selects what is encrypted', ({ selection }) => selection),
      macOnlyEncrypted: pick('mac_only_encrypted', ({ macOnlyEncrypted }) => macOnlyEncrypted),
    },
  };
}

export const sameDataKey = (a: OpenedFile, b: OpenedFile): boolean =>
  a.dataKey.keyObject().equals(b.dataKey.keyObject());

function picked<T>(
  what: string,
  of: (metadata: Metadata) => T,
  base: OpenedFile | undefined,
  ours: OpenedFile,
  theirs: OpenedFile,
): T {
  const [left, right] = [of(ours.metadata), of(theirs.metadata)];
  if (isSame(left, right)) return left;
  const before = base && of(base.metadata);
  if (before !== undefined && isSame(before, right)) return left;
  if (before !== undefined && isSame(before, left)) return right;
  throw refused(`both sides changed ${what}`);
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const nameOf = (key: MasterKey): string => `${key.kind} ${masterKeyText(key)}`;
/** The names of the keys, group by group. */
const shapeOf = ({ groups }: Metadata): string[][] => groups.map(group => group.map(nameOf).sort());

/** The keys that the merged file is to have: those that both have, and those that one side added. */
function wantedNames(base: OpenedFile | undefined, ours: OpenedFile, theirs: OpenedFile): string[][] {
  const sides = [base, ours, theirs].map(side => (side === undefined ? undefined : shapeOf(side.metadata)));
  if (sides.every(shape => shape === undefined || shape.length === 1)) {
    const [before = [], left = [], right = []] = sides.map(shape => shape?.[0] ?? []);
    const all = [...new Set([...left, ...right])];
    return [all.filter(name => (left.includes(name) && right.includes(name)) || !before.includes(name)).sort()];
  }
  return picked('the key groups', shapeOf, base, ours, theirs);
}

function chosenSide(
  base: OpenedFile | undefined,
  ours: OpenedFile,
  theirs: OpenedFile,
  wanted: string[][],
): OpenedFile {
  const isNew = (side: OpenedFile): boolean => base === undefined || !sameDataKey(base, side);
  const found = [ours, theirs].find(side => isNew(side) && isSame(shapeOf(side.metadata), wanted));
  if (found !== undefined) return found;
  throw refused('one side has a new data key, and the other one added or removed master keys');
}

/** Under one data key every entry stands as it is in the side that has it; shares of groups belong together. */
function sharedGroups(
  base: OpenedFile | undefined,
  ours: OpenedFile,
  theirs: OpenedFile,
  wanted: string[][],
): readonly KeyGroup[] {
  const single = [ours, theirs].every(({ metadata }) => metadata.groups.length === 1);
  if (!single) return picked('the key groups', ({ groups }) => groups, base, ours, theirs);
  const [names = []] = wanted;
  const mine = ours.metadata.groups.flat();
  const added = theirs.metadata.groups.flat().filter(key => !mine.some(other => nameOf(other) === nameOf(key)));
  return [[...mine, ...added].filter(key => names.includes(nameOf(key)))];
}

function refused(why: string): TsopsError {
  return new TsopsError('MERGE_CONFLICT', `${why}, so the sops blocks cannot be merged`, {
    hints: [
      'Take one version (`git checkout --ours FILE` or `--theirs FILE`), make the changes of the other one with `tsops edit`, and run `tsops updatekeys`.',
    ],
  });
}
