/** `tsops git textconv`: what `git diff` shows. It never fails where the file can be read, or the whole diff would. */

import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes, readFileBounded } from '../../host/files.ts';
import { writeStdout } from '../../host/streams.ts';
import { decrypt } from '../../index.ts';
import type { Call } from '../call.ts';
import { openingOptions } from '../opening.ts';
import { formatsOf } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const path = call.file ?? '';
  const bytes = await readFileBounded(path, { maxBytes: maxEncryptedBytes });
  const { format } = formatsOf(path, call.flags);
  await writeStdout(await shown(call, bytes, format));
}

async function shown(
  call: Call,
  bytes: Uint8Array,
  format: ReturnType<typeof formatsOf>['format'],
): Promise<Uint8Array> {
  try {
    return await decrypt(bytes, { ...openingOptions(call), format });
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    call.report.note(`shown as it is: ${error.message}`);
    return bytes;
  }
}
