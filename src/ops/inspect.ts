/** `inspectFile`: what can be said of a file without any key. */

import { type MasterKey, type Metadata, masterKeyText } from '../core/metadata.ts';
import type { SelectionRule } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import type { FormatName } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { bytesOf, type Content, type FormatOptions, inputFormat } from './input.ts';
import { parseEncrypted } from './open.ts';
import { metadataOf } from './unlock.ts';

/** One master key as a report shows it: its kind and sops's text form of it. */
export interface Recipient {
  readonly kind: MasterKey['kind'];
  readonly text: string;
}

export interface Inspection {
  readonly format: FormatName;
  /** Whether the file has sound sops metadata with a version and a MAC. */
  readonly encrypted: boolean;
  /** Set where the first document has no block and a later one has: such a file cannot be decrypted, and is not plain either. */
  readonly isMixed?: true;
  /** Absent where the file has no `sops` block. */
  readonly metadata?: {
    readonly groups: readonly (readonly Recipient[])[];
    readonly shamirThreshold: number;
    readonly selection: SelectionRule;
    readonly macOnlyEncrypted: boolean;
    readonly lastModified: string;
    readonly version: string;
  };
}

/**
 * Tells whether a file is encrypted, for whom, and by which rule. No key is needed and nothing is decrypted.
 *
 * @throws TsopsError FILE_SYNTAX, METADATA_INVALID
 */
export async function inspectFile(content: Content, options: FormatOptions): Promise<Inspection> {
  const name = inputFormat(options);
  const bytes = bytesOf(content);
  const format = await formatEntry(name).load();
  const file = parseEncrypted(format, bytes);
  const metadata = readMetadata(() => metadataOf(file));
  if (metadata === undefined)
    return { format: name, encrypted: false, ...(file.blocks.length > 0 && { isMixed: true as const }) };
  return { format: name, encrypted: metadata.version !== '' && metadata.mac !== '', metadata: summary(metadata) };
}

function readMetadata(read: () => Metadata): Metadata | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TsopsError && error.code === 'METADATA_NOT_FOUND') return undefined;
    throw error;
  }
}

function summary(metadata: Metadata): NonNullable<Inspection['metadata']> {
  const { shamirThreshold, selection, macOnlyEncrypted, lastModified, version } = metadata;
  const groups = metadata.groups.map(group => group.map(key => ({ kind: key.kind, text: masterKeyText(key) })));
  return { groups, shamirThreshold, selection, macOnlyEncrypted, lastModified, version };
}
