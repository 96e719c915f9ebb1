/** Encrypting a file of which an encrypted version exists: what has not changed keeps its ciphertext. `docs/format.md` §9. */

import { randomBytes } from 'node:crypto';
import type { KeyGroup } from '../core/metadata.ts';
import { defaultSelection, isRule, type SelectionRule } from '../core/selection.ts';
import type { Format, PlainFile } from '../formats/format.ts';
import type { EncryptOptions } from './encrypt.ts';
import { timestampOf } from './input.ts';
import { type OpenedFile, open } from './open.ts';
import { seal } from './seal.ts';
import { difference, resolvedKeys, wrappedGroups } from './updatekeys.ts';

/** A parsed plain file that is to be encrypted, for whom, and its former version. */
export interface Again {
  readonly format: Format;
  readonly file: PlainFile;
  readonly bytes: Uint8Array;
  readonly groups: readonly KeyGroup[];
  readonly former: Uint8Array;
}

interface Settings {
  readonly selection: SelectionRule;
  readonly macOnlyEncrypted: boolean;
}

/**
 * The file under the data key of its former version, with the ciphertexts of values that stayed; the former version itself where neither
 * a byte nor a key nor a rule has changed.
 *
 * @returns undefined where a key of the former version is not wanted any more: whoever has it knows the data key
 * @throws TsopsError what `decrypt` throws for the former version, and what `encrypt` throws
 */
export async function encryptAgain(again: Again, options: EncryptOptions): Promise<Uint8Array | undefined> {
  const { format, bytes, former } = again;
  const opened = await open(former, { ...options, format: format.name, outputFormat: undefined });
  const isBinary = format.name === 'binary';
  const settings: Settings = {
    selection: isBinary ? { kind: 'none' } : isRule(options.selection) ? options.selection : defaultSelection,
    macOnlyEncrypted: !isBinary && (options.macOnlyEncrypted ?? false),
  };
  const { groups } = again;
  // Without a threshold all groups are needed, whatever the former version says.
  const shamirThreshold = options.shamirThreshold || (groups.length > 1 ? groups.length : 0);
  const asked = { groups, shamirThreshold, selection: settings.selection };
  const wanted = await resolvedKeys(asked, opened.metadata, options.keys);
  const change = difference(opened.metadata, wanted, isBinary);
  if (change.removesKeys) return undefined;
  const isRekeyed = change.isNeeded || settings.macOnlyEncrypted !== opened.metadata.macOnlyEncrypted;
  const plain = opened.file.rewrite(opened.changes, opened.spelling?.text);
  if (!isRekeyed && Buffer.compare(plain, bytes) === 0) return former;
  const wrapped = await wrappedGroups(opened, wanted, change, undefined, { ...options, format: format.name });
  return sealAgain(again, opened, { ...settings, ...wrapped }, isRekeyed, options);
}

function sealAgain(
  { format, file, bytes }: Again,
  opened: OpenedFile,
  metadata: Settings & Awaited<ReturnType<typeof wrappedGroups>>,
  isRekeyed: boolean,
  options: EncryptOptions,
): Promise<Uint8Array> {
  return seal({
    format,
    output: format,
    file,
    bytes,
    metadata: { ...opened.metadata, ...metadata, lastModified: timestampOf(options.now ?? new Date()) },
    dataKey: opened.dataKey,
    random: options.random ?? randomBytes,
    indent: options.indent,
    allowNothing: options.allowNothing ?? false,
    keepSpelling: options.keepSpelling ?? true,
    isRekeyed,
    previous: { file: opened.file, stash: opened.stash, spelling: opened.spelling },
  });
}
