/** `tsops filestatus`: one line of JSON, as sops prints it; of several files one line each. */

import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes, readFileBounded, readStdin } from '../../host/files.ts';
import { writeStdout } from '../../host/streams.ts';
import { inspectFile } from '../../index.ts';
import type { Call } from '../call.ts';
import { configIfNeeded } from '../configuration.ts';
import { eachFile, meansMany, type Target, targetsOf } from '../manyfiles.ts';
import { about, formatsOf } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const { file } = call;
  if (!meansMany(call)) return print({ encrypted: await isEncrypted(call, file) });
  // One line of JSON for each file, in a form that a program can read while it comes.
  const work = async ({ path }: Target, own: Call) => ({ file: path, encrypted: await isEncrypted(own, path) });
  await eachFile(call, await targetsOf(call), work, print);
}

const print = (line: object): Promise<void> => writeStdout(new TextEncoder().encode(`${JSON.stringify(line)}\n`));

async function isEncrypted(call: Call, file: string | undefined): Promise<boolean> {
  const { flags } = call;
  await configIfNeeded(call, file, false);
  const path = file === '-' ? undefined : file;
  const { format } = formatsOf(path, flags);
  try {
    const limits = { maxBytes: maxEncryptedBytes };
    const bytes = path === undefined ? await readStdin(limits) : await readFileBounded(path, limits);
    return (await about({ path }, () => inspectFile(bytes, { format }))).encrypted;
  } catch (error) {
    // sops 3.13.2 ends with 1 for whatever is wrong with the file; 100 is for no file at all.
    throw error instanceof TsopsError && error.code !== 'FILE_UNWRITABLE' ? error.with({ exitStatus: 1 }) : error;
  }
}
