/**
 * `editBlock`: like `edit`, with the `sops` block in the text. What is changed in it counts: keys, threshold, rules. (sops 3.13.2
 * cmd/sops/edit.go throws all of such an edit away.)
 */

import { randomBytes } from 'node:crypto';
import { DataKey } from '../core/datakey.ts';
import { isSameKey } from '../core/keymatch.ts';
import { fromStored, type KeyGroup, type MasterKey, type Metadata } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import type { Format } from '../formats/format.ts';
import { type EditCheck, type EditOptions, parseEdited, type Rescue, rescued, unchanged } from './edit.ts';
import { bytesOf, type Content, likeInput, timestampOf } from './input.ts';
import { type OpenedFile, open } from './open.ts';
import { refuseUnwrapped } from './reseal.ts';
import { seal } from './seal.ts';
import { difference, type KeysChange, wrappedGroups } from './updatekeys.ts';

export interface EditBlockOptions extends EditOptions {
  /** Called with the keys that are new in the edited block, before any of them gets the data key; what it throws ends the work. */
  readonly onAdded?: ((keys: KeyGroup) => void | Promise<void>) | undefined;
}

/**
 * Changes a file through its plain text and its block. A key that is new in the block (`enc` may be left out) gets the data key; where one
 * is gone the data key is a new one. `mac`, `lastmodified`, `version` and every `enc` are kept and renewed as needed, whatever is typed.
 *
 * @throws TsopsError NOT_REPRESENTABLE for a binary file, FILE_UNCHANGED, METADATA_NOT_FOUND, METADATA_INVALID, and what `edit` and `updateKeys` throw
 */
export async function editBlock<C extends Content>(
  content: C,
  change: (plain: Uint8Array, check: EditCheck, rescue: Rescue) => Promise<Uint8Array> | Uint8Array,
  options: EditBlockOptions,
): Promise<C> {
  const opened = await open(bytesOf(content), { ...options, outputFormat: undefined });
  if (opened.format.name === 'binary') throw notShowable();
  // An entry that somebody else has put there must not count as one that was typed.
  refuseUnwrapped(opened.metadata.groups);
  const shown = withBlock(opened, options);
  const edited = await change(
    shown,
    bytes => void parted(opened, bytes),
    text => rescued(opened, text, options),
  );
  if (Buffer.compare(shown, edited) === 0) throw unchanged();
  const { plain, metadata } = parted(opened, edited);
  const groups = metadata.groups.map(group => group.map(key => formerKey(key, opened.metadata) ?? { ...key, enc: '' }));
  const added = groups.flat().filter(key => key.enc === '');
  if (added.length > 0) await options.onAdded?.(added);
  const wanted = { ...metadata, groups };
  const keysChange = difference(opened.metadata, wanted, false);
  return likeInput(content, await sealed(opened, plain, wanted, keysChange, options));
}

/** The plain text with the block that the file has. */
function withBlock({ file, format, changes, spelling }: OpenedFile, { indent }: EditOptions): Uint8Array {
  const block = file.blocks[0]?.value;
  const plain = format.parse(file.rewrite(changes, spelling?.text), 'plain');
  if (block?.kind !== 'mapping') throw new RangeError('an opened file without a block');
  return plain.rewrite([], block, { indent, keep: file });
}

function notShowable(): TsopsError {
  return new TsopsError(
    'NOT_REPRESENTABLE',
    'a binary file is its content and has no place to show the sops block in',
    {
      hints: ['Edit it without --show-master-keys; `tsops updatekeys` and `tsops rotate` change its keys.'],
    },
  );
}

interface Parted {
  readonly plain: Uint8Array;
  readonly metadata: Metadata;
}

function parted(opened: OpenedFile, edited: Uint8Array): Parted {
  const { plain, block } = withoutBlock(opened.format, edited);
  const metadata = fromStored(block);
  parseEdited(opened, plain);
  if (metadata.groups.flat().length > 0) return { plain, metadata };
  throw new TsopsError(
    'KEY_GROUP_INVALID',
    'the edited sops block names no master key, so nobody could open the file',
    {
      hints: ['Leave at least one key in it.'],
    },
  );
}

function withoutBlock(format: Format, edited: Uint8Array) {
  const file = format.parse(edited, 'encrypted');
  const [first, second] = file.blocks.filter(({ document }) => document === 0);
  if (first === undefined) {
    throw new TsopsError('METADATA_NOT_FOUND', 'the edited text has no sops block any more', {
      hints: ['Put it back; without it the file cannot be opened.'],
    });
  }
  if (second !== undefined) throw new TsopsError('METADATA_INVALID', 'the edited text has more than one sops block');
  return { plain: file.rewrite([], undefined), block: first.value };
}

/** The key as the file had it, in whichever group. */
const formerKey = (key: MasterKey, { groups }: Metadata): MasterKey | undefined =>
  groups.flat().find(other => isSameKey(key, other) && other.enc !== '');

async function sealed(
  opened: OpenedFile,
  plain: Uint8Array,
  wanted: Metadata,
  change: KeysChange,
  options: EditBlockOptions,
): Promise<Uint8Array> {
  const random = options.random ?? randomBytes;
  const newKey = change.removesKeys ? DataKey.generate(random) : undefined;
  const wrapped = await wrappedGroups(opened, wanted, change, newKey, options);
  const { file, metadata, format, stash, spelling } = opened;
  return seal({
    format,
    output: format,
    file: parseEdited(opened, plain),
    bytes: plain,
    metadata: {
      ...metadata,
      ...wrapped,
      selection: wanted.selection,
      macOnlyEncrypted: wanted.macOnlyEncrypted,
      lastModified: timestampOf(options.now ?? new Date()),
    },
    dataKey: newKey ?? opened.dataKey,
    random,
    indent: options.indent,
    allowNothing: options.allowNothing ?? false,
    keepSpelling: options.keepSpelling ?? true,
    isRekeyed: change.isNeeded || wanted.macOnlyEncrypted !== metadata.macOnlyEncrypted,
    previous: {
      file,
      stash: newKey === undefined ? stash : undefined,
      spelling: newKey === undefined ? spelling : undefined,
    },
  });
}
