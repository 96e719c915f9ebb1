/** `tsops git merge`: the merge driver of git. Whatever goes wrong, the version of ours stands and git sees a conflict. */

import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes, readFileBounded } from '../../host/files.ts';
import { runProgram } from '../../host/process.ts';
import { replaceFile } from '../../host/replace.ts';
import { formatPath, inspectFile, merge, type Path } from '../../index.ts';
import type { Call } from '../call.ts';
import { openingOptions } from '../opening.ts';
import { formatsOf } from '../source.ts';

export async function run(call: Call): Promise<number> {
  const [base = '', ours = '', theirs = '', path = ''] = call.operands;
  const outcome = await driven(call, [base, ours, theirs], path).catch(error => {
    if (!(error instanceof TsopsError)) throw error;
    // Above 128 git takes it for a failure of its own.
    throw error.with({ file: path, exitStatus: 1, hints: ['The version of ours was left in place.'] });
  });
  if (typeof outcome === 'number') return outcome;
  throw new TsopsError('MERGE_CONFLICT', `both sides changed ${outcome.map(formatPath).join(', ')}`, {
    file: path,
    hints: ['Decide with `tsops edit --conflict` and the name of the file, then `git add` it.'],
  });
}

/** @returns the exit status, or the paths of what both sides changed */
async function driven(
  call: Call,
  files: readonly [string, string, string],
  path: string,
): Promise<number | readonly Path[]> {
  const { format } = formatsOf(path, call.flags);
  const read = (file: string) => readFileBounded(file, { maxBytes: maxEncryptedBytes });
  const [base, ours, theirs] = [await read(files[0]), await read(files[1]), await read(files[2])];
  const isEncrypted = async (bytes: Uint8Array): Promise<boolean> =>
    (await inspectFile(bytes, { format }).catch(() => undefined))?.metadata !== undefined;
  if (!(await isEncrypted(ours)) && !(await isEncrypted(theirs))) return mergePlain(files);
  const merged = await merge(base, ours, theirs, {
    ...openingOptions(call),
    format,
    onLostComments: count =>
      call.report.warn(
        `${path}: ${count} ${count === 1 ? 'line' : 'lines'} of comments of theirs had no place and were left out`,
      ),
    onNewDataKey: () => call.report.tell(`${path}: theirs has a new data key, which the merged file takes.`),
  });
  await replaceFile(files[1], merged.content);
  return merged.conflict?.paths ?? 0;
}

/** Files that nobody has encrypted are merged as git does it. */
async function mergePlain([base, ours, theirs]: readonly [string, string, string]): Promise<number> {
  const labels = ['-L', 'ours', '-L', 'base', '-L', 'theirs'];
  const { status } = await runProgram('git', ['merge-file', ...labels, '--', ours, base, theirs], {
    timeoutMs: 60_000,
  });
  return status === 0 ? 0 : 1;
}
