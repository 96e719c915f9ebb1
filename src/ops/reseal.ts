/** The part that `rotate`, `updateKeys` and the verbs of groups share: an opened file under other keys, its text kept. */

import { randomBytes } from 'node:crypto';
import type { DataKey } from '../core/datakey.ts';
import type { KeyGroup } from '../core/metadata.ts';
import type { SelectionRule } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import { formatEntry } from '../formats/index.ts';
import { type EditOptions, ruleOf } from './edit.ts';
import { onlyOneDocument, outputFormat, timestampOf } from './input.ts';
import type { OpenedFile } from './open.ts';
import { seal } from './seal.ts';

/** What becomes of an opened file. */
export interface Resealing {
  /** Every key with its `enc`. */
  readonly groups: readonly KeyGroup[];
  readonly shamirThreshold: number;
  /** Set where it changes. */
  readonly selection?: SelectionRule | undefined;
  readonly macOnlyEncrypted?: boolean | undefined;
  /** A new data key: then every value gets a new ciphertext. Else values keep theirs, and so does the MAC where no rule changes. */
  readonly dataKey?: DataKey | undefined;
}

/** @throws TsopsError NOTHING_ENCRYPTED for another selection that selects no value; NOT_REPRESENTABLE, NOT_ENCRYPTABLE, INTERNAL */
export async function reseal(opened: OpenedFile, change: Resealing, options: EditOptions): Promise<Uint8Array> {
  const plain = opened.file.rewrite(opened.changes, opened.spelling?.text);
  const name = options.outputFormat === undefined ? opened.format.name : outputFormat(options);
  const output = await formatEntry(name).load();
  if (opened.file.tree.documents.length > 1 && !formatEntry(name).manyDocuments) throw onlyOneDocument(name);
  const { metadata, dataKey } = opened;
  const isNewKey = change.dataKey !== undefined;
  const isKept = !isNewKey && change.selection === undefined && change.macOnlyEncrypted === undefined;
  return seal({
    format: opened.format,
    output,
    file: opened.format.parse(plain, 'plain'),
    bytes: plain,
    metadata: {
      ...metadata,
      ...ruleOf(opened),
      ...(change.selection === undefined ? {} : { selection: change.selection }),
      macOnlyEncrypted: change.macOnlyEncrypted ?? metadata.macOnlyEncrypted,
      groups: change.groups,
      shamirThreshold: change.shamirThreshold,
      lastModified: isKept ? metadata.lastModified : timestampOf(options.now ?? new Date()),
    },
    dataKey: change.dataKey ?? dataKey,
    random: options.random ?? randomBytes,
    indent: options.indent,
    // Under its own rule the file is as it is; another one must not lay it open.
    allowNothing: change.selection === undefined || (options.allowNothing ?? false),
    keepSpelling: options.keepSpelling ?? true,
    isRekeyed: true,
    mac: isKept ? metadata.mac : undefined,
    previous: isNewKey
      ? { file: opened.file, stash: undefined, spelling: undefined }
      : { file: opened.file, stash: opened.stash, spelling: opened.spelling },
  });
}

/**
 * A key of a block without its wrapped data key never opened anything: somebody else has put it there, and it must not be handed the
 * data key.
 * @throws TsopsError METADATA_INVALID
 */
export function refuseUnwrapped(groups: readonly KeyGroup[]): void {
  if (groups.every(group => group.every(key => key.enc !== ''))) return;
  throw new TsopsError('METADATA_INVALID', 'a master key of the sops block has no wrapped data key (enc is empty)', {
    hints: ['Remove the entry, or restore the block from version control; keys are added with `tsops updatekeys`.'],
  });
}
