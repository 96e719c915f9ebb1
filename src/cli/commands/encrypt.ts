/** `tsops encrypt`: the encrypted file on standard output, in its own place, or in another file. */

import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes } from '../../host/files.ts';
import { encrypt, inspectFile } from '../../index.ts';
import type { Call } from '../call.ts';
import { sealingOptions } from '../sealing.ts';
import { about, putResult, readSource, refuseTooLarge, type Source, sourceOf } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const { file, flags } = call;
  const source = await sourceOf(file, flags, { needsName: true });
  const early = flags.ifNeeded ? await readSource(source, { maxBytes: maxEncryptedBytes }) : undefined;
  if (early !== undefined && (await isEncrypted(early, source))) {
    // In its own place there is nothing to do.
    if (!flags.inPlace) await putResult(source, flags, early, { secret: false });
    return;
  }
  const options = await sealingOptions(call, { ...source, name: source.name ?? '' });
  const bytes = early ?? (await readSource(source));
  const sealed = await about(source, async () => refuseTooLarge(await encrypt(bytes, options)));
  await putResult(source, flags, sealed, { secret: false });
}

/**
 * Only a file with sound metadata counts. One that merely cannot be told (no JSON, a damaged block) is left to `encrypt`, which says
 * what is wrong or encrypts it.
 */
async function isEncrypted(bytes: Uint8Array, { outputFormat }: Source): Promise<boolean> {
  try {
    return (await inspectFile(bytes, { format: outputFormat })).encrypted;
  } catch (error) {
    if (error instanceof TsopsError) return false;
    throw error;
  }
}
