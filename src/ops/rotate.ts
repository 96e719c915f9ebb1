/** `rotate`: a new data key and new ciphertexts for everything. sops 3.13.2 cmd/sops/rotate.go; `docs/format.md` §9. */

import { randomBytes } from 'node:crypto';
import { DataKey } from '../core/datakey.ts';
import { hasKey, namesKey } from '../core/keymatch.ts';
import type { KeyGroup, MasterKey } from '../core/metadata.ts';
import { explicitContext } from '../keys/context.ts';
import { wrapDataKey } from '../keys/groups.ts';
import type { EditOptions } from './edit.ts';
import { bytesOf, type Content, likeInput } from './input.ts';
import { open } from './open.ts';
import { refuseUnwrapped, reseal } from './reseal.ts';

export interface RotateOptions extends EditOptions {
  /** Keys that join the first group, unless the file has them already. */
  readonly add?: KeyGroup | undefined;
  /** Keys that leave every group. An AWS key without context and an Azure key without version stand for all with the same name. */
  readonly remove?: KeyGroup | undefined;
  /** Called with the keys that will get the new data key, before any of them does; what it throws ends the work. */
  readonly onRecipients?: ((groups: readonly KeyGroup[]) => void | Promise<void>) | undefined;
  /** Called with a key of `remove` that the file does not have. */
  readonly onAbsent?: ((key: MasterKey) => void) | undefined;
}

/**
 * Encrypts a file under a new data key, with new initialization vectors, for the master keys that it has, less `remove`, and `add`. Its
 * text, rule, threshold and version stay.
 *
 * @throws TsopsError KEY_GROUP_EMPTY, WRAP_FAILED, METADATA_INVALID, and what `decrypt` and `encrypt` throw
 */
export async function rotate<C extends Content>(content: C, options: RotateOptions): Promise<C> {
  const opened = await open(bytesOf(content), { ...options, outputFormat: undefined });
  const { metadata } = opened;
  const groups = changedGroups(metadata.groups, options);
  await options.onRecipients?.(groups);
  const random = options.random ?? randomBytes;
  const dataKey = DataKey.generate(random);
  const keys = options.keys ?? explicitContext({});
  const wrapped = await wrapDataKey(dataKey, groups, metadata.shamirThreshold, keys, random);
  const change = { dataKey, groups: wrapped.groups, shamirThreshold: wrapped.threshold };
  return likeInput(content, await reseal(opened, change, options));
}

function changedGroups(groups: readonly KeyGroup[], { add = [], remove = [], onAbsent }: RotateOptions): KeyGroup[] {
  for (const key of remove) if (!groups.flat().some(other => namesKey(key, other))) onAbsent?.(key);
  const left = groups.map(group => group.filter(key => !remove.some(named => namesKey(named, key))));
  refuseUnwrapped(left);
  const added: MasterKey[] = [];
  for (const key of add) if (!hasKey([...left.flat(), ...added], key)) added.push(key);
  return left.map((group, index) => (index === 0 ? [...group, ...added] : group));
}
