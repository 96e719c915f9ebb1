/** `decrypt` for the texts that a format can go through in one pass (`formats/format.ts`, OnePass). */

import { ByteCipher } from '../core/bytecipher.ts';
import { createCipher } from '../core/cipher.ts';
import type { DataKey } from '../core/datakey.ts';
import type { Metadata } from '../core/metadata.ts';
import { isForOnePass, OpeningPass } from '../core/onepass.ts';
import { compileSelection } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import type { FormatName, SealedText } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { metadataOf, noRandom, type OpenOptions, openDataKey } from './unlock.ts';

/** What `decrypt` gives of a file in its own format and layout; undefined, before any key has been asked, for a file of another form. */
export async function decryptInOnePass(
  name: FormatName,
  bytes: Uint8Array,
  options: OpenOptions,
): Promise<Uint8Array | undefined> {
  const entry = formatEntry(name);
  const text = (await entry.onePass?.sealed())?.(bytes);
  const metadata = text && metadataOrNone(text);
  if (text === undefined || metadata === undefined || metadata.spelling !== undefined) return undefined;
  if (!isForOnePass(metadata.selection)) return undefined;
  const dataKey = await openDataKey(metadata, options);
  const plain = await openedText(text, metadata, dataKey, options);
  if (plain !== undefined) return plain;
  // The walk over the tree finds out what is wrong, or takes it.
  const { openWith, parseEncrypted } = await import('./open.ts');
  const format = await entry.load();
  const file = parseEncrypted(format, bytes);
  const opened = await openWith(dataKey, { format, file, metadata }, options);
  return file.rewrite(opened.changes, opened.spelling?.text);
}

function metadataOrNone(text: SealedText): Metadata | undefined {
  try {
    return metadataOf(text);
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}

async function openedText(
  text: SealedText,
  metadata: Metadata,
  dataKey: DataKey,
  { ignoreMac }: OpenOptions,
): Promise<Uint8Array | undefined> {
  const pass = new OpeningPass({
    bytes: new ByteCipher(dataKey, noRandom),
    selection: await compileSelection(metadata.selection, { invalidMatchesNothing: true }),
    macOnlyEncrypted: metadata.macOnlyEncrypted,
    lastModified: metadata.lastModified,
  });
  const plain = text.open(pass);
  if (plain !== undefined && ignoreMac !== true) pass.verify(metadata.mac, createCipher(dataKey, noRandom));
  return plain;
}
