/** `addGroup` and `deleteGroup`: the data key shared out among other key groups. sops 3.13.2 cmd/sops/subcommand/groups. */

import { randomBytes } from 'node:crypto';
import type { KeyGroup } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { explicitContext } from '../keys/context.ts';
import { wrapDataKey } from '../keys/groups.ts';
import type { EditOptions } from './edit.ts';
import { bytesOf, type Content, likeInput } from './input.ts';
import { type OpenedFile, open } from './open.ts';
import { refuseUnwrapped, reseal } from './reseal.ts';

export interface GroupOptions extends EditOptions {
  /** How many groups are needed to decrypt from now on; 0 or absent: as many as before, and all where none was said before. */
  readonly shamirThreshold?: number | undefined;
  /** Called with the keys that will get a share, before any of them does; what it throws ends the work. */
  readonly onRecipients?: ((groups: readonly KeyGroup[]) => void | Promise<void>) | undefined;
}

/**
 * Adds a key group. The data key, the values and the MAC stay; every key gets a new share, and nothing comes of it unless all could.
 * @throws TsopsError KEY_GROUP_EMPTY, KEY_GROUP_INVALID, WRAP_FAILED, METADATA_INVALID, and what `decrypt` throws
 */
export async function addGroup<C extends Content>(content: C, group: KeyGroup, options: GroupOptions): Promise<C> {
  const opened = await open(bytesOf(content), options);
  return likeInput(content, await regrouped(opened, [...opened.metadata.groups, group], options));
}

/**
 * Takes a key group out; `index` counts from 0. With one group left the file has the plain layout again.
 * @throws TsopsError KEY_GROUP_INVALID where there is no such group, or where fewer groups than are needed would be left; and what
 *   `addGroup` throws
 */
export async function deleteGroup<C extends Content>(content: C, index: number, options: GroupOptions): Promise<C> {
  const opened = await open(bytesOf(content), options);
  const { groups, shamirThreshold } = opened.metadata;
  if (groups[index] === undefined) {
    const last = groups.length - 1;
    throw invalid(`there is no group ${index}`, `Groups are numbered from 0; the last one of this file is ${last}.`);
  }
  const left = groups.filter((_, at) => at !== index);
  const needed = options.shamirThreshold || shamirThreshold;
  if (left.length < Math.max(needed, 1)) {
    throw invalid(
      `only ${left.length} groups would be left, and ${Math.max(needed, 1)} are needed to decrypt`,
      'Lower the threshold with --shamir-secret-sharing-threshold, or add another group first.',
    );
  }
  return likeInput(content, await regrouped(opened, left, options));
}

async function regrouped(opened: OpenedFile, groups: readonly KeyGroup[], options: GroupOptions): Promise<Uint8Array> {
  refuseUnwrapped(opened.metadata.groups);
  await options.onRecipients?.(groups);
  const threshold = options.shamirThreshold || opened.metadata.shamirThreshold;
  const keys = options.keys ?? explicitContext({});
  const wrapped = await wrapDataKey(opened.dataKey, groups, threshold, keys, options.random ?? randomBytes);
  return reseal(opened, { groups: wrapped.groups, shamirThreshold: wrapped.threshold }, options);
}

const invalid = (message: string, ...hints: string[]): TsopsError =>
  new TsopsError('KEY_GROUP_INVALID', message, { hints });
