/** `tsops filestatus`: one line of JSON, as sops prints it. */

import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes, readFileBounded, readStdin } from '../../host/files.ts';
import { writeStdout } from '../../host/replace.ts';
import { inspectFile } from '../../index.ts';
import type { Call } from '../call.ts';
import { configIfNeeded } from '../configuration.ts';
import { about, formatsOf } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const { file, flags } = call;
  await configIfNeeded(call, file, false);
  const path = file === '-' ? undefined : file;
  const { format } = formatsOf(path, flags);
  try {
    const limits = { maxBytes: maxEncryptedBytes };
    const bytes = path === undefined ? await readStdin(limits) : await readFileBounded(path, limits);
    const { encrypted } = await about({ path }, () => inspectFile(bytes, { format }));
    await writeStdout(new TextEncoder().encode(`${JSON.stringify({ encrypted })}\n`));
  } catch (error) {
    // sops 3.13.2 ends with 1 for whatever is wrong with the file; 100 is for no file at all.
    throw error instanceof TsopsError && error.code !== 'FILE_UNWRITABLE' ? error.with({ exitStatus: 1 }) : error;
  }
}
