/** Commands that change an encrypted file in its place: one at a time, from the bytes that are there, and only where something changes. */

import { TsopsError } from '../errors.ts';
import { isFile, isRegularFile, maxEncryptedBytes, readFileBounded } from '../host/files.ts';
import { withFileLock } from '../host/lock.ts';
import { replaceFile } from '../host/replace.ts';
import type { Call } from './call.ts';
import { timeoutOf } from './keyservices.ts';
import { about, refuseTemporary, refuseTooLarge } from './source.ts';

/**
 * Reads a file, lets `change` make its new content, and replaces it, all under the lock of the file. Where the bytes are the same the
 * file is not written.
 * @returns whether it was written
 * @throws TsopsError FILE_MISSING, FILE_UNREADABLE, FILE_LOCKED, FILE_UNWRITABLE, and what `change` throws
 */
export async function changeFile(
  { flags }: Pick<Call, 'flags'>,
  path: string,
  change: (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<boolean> {
  await refuseIrregular(path);
  return withFileLock(path, { timeoutMs: timeoutOf(flags) }, async () => {
    const before = await readFileBounded(path, { maxBytes: maxEncryptedBytes });
    const after = await about({ path }, async () => refuseTooLarge(await change(before)));
    if (Buffer.compare(before, after) === 0) return false;
    await replaceUnlessChanged(path, before, after);
    return true;
  });
}

/** A FIFO or device gives its content once, and cannot be replaced; for all else reading says what is wrong. */
async function refuseIrregular(path: string): Promise<void> {
  refuseTemporary(path);
  if (isRegularFile(path)) return;
  if (!(await isFile(path))) await readFileBounded(path);
  throw new TsopsError('FILE_UNREADABLE', 'it is not a regular file, so it cannot be changed in its place', {
    file: path,
    hints: ['Save its content in a file first.'],
  });
}

/**
 * Other programs know nothing of the lock: what they wrote must not be lost.
 * @throws TsopsError FILE_UNWRITABLE
 */
export async function replaceUnlessChanged(path: string, before: Uint8Array, after: Uint8Array): Promise<void> {
  const now = await readFileBounded(path, { maxBytes: maxEncryptedBytes });
  if (Buffer.compare(now, before) === 0) return replaceFile(path, after);
  throw new TsopsError('FILE_UNWRITABLE', 'the file was changed by somebody else in the meantime', {
    file: path,
    hints: ['Nothing was written; run the command again on what is there now.'],
  });
}
