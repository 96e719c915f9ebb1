/** `encrypt` for the texts that a format can go through in one pass (`formats/format.ts`, OnePass). */

import { ByteCipher } from '../core/bytecipher.ts';
import { toStored } from '../core/metadata.ts';
import { SealingPass } from '../core/onepass.ts';
import { compileSelection } from '../core/selection.ts';
import type { PlainText } from '../formats/format.ts';
import { nothingEncrypted, type SealInput } from './seal.ts';

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
