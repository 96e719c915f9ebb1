/** `decrypt` and `encrypt` for the texts that a format can go through in one pass (`formats/format.ts`, OnePass). */

import { ByteCipher } from '../core/bytecipher.ts';
import { createCipher } from '../core/cipher.ts';
import type { DataKey } from '../core/datakey.ts';
import { type Metadata, toStored } from '../core/metadata.ts';
import { isForOnePass, OpeningPass, SealingPass } from '../core/onepass.ts';
import { compileSelection } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import type { FormatName, PlainText, SealedText } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { metadataOf, noRandom, type OpenOptions, openDataKey, openWith, parseEncrypted } from './open.ts';
import { nothingEncrypted, type SealInput } from './seal.ts';

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

/**
 * The encrypted text of a plain one, read back; undefined where it did not read back as it must.
 * @throws TsopsError NOTHING_ENCRYPTED, PATTERN_INVALID
 */
export async function encryptInOnePass(
  text: PlainText,
  { metadata, dataKey, random, indent, allowNothing }: Omit<SealInput, 'file'>,
): Promise<Uint8Array | undefined> {
  const pass = new SealingPass({
    bytes: new ByteCipher(dataKey, random),
    selection: await compileSelection(metadata.selection),
    macOnlyEncrypted: metadata.macOnlyEncrypted,
    lastModified: metadata.lastModified,
  });
  const block = () => {
    const mac = pass.mac();
    if (pass.encrypted === 0 && pass.leaves > 0 && !allowNothing) throw nothingEncrypted();
    return toStored({ ...metadata, mac, spelling: undefined });
  };
  return text.seal(pass, block, { indent });
}
