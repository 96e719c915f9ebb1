/** `tsops git merge`: the merge driver of git. Whatever goes wrong, the version of ours stands and git sees a conflict. */

import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes, readFileBounded } from '../../host/files.ts';
import { runProgram } from '../../host/process.ts';
import { replaceFile } from '../../host/replace.ts';
import { formatPath, inspectFile, merge } from '../../index.ts';
import type { Call } from '../call.ts';
import { openingOptions } from '../opening.ts';
import { formatsOf } from '../source.ts';

export async function run(call: Call): Promise<number> {
  const [base = '', ours = '', theirs = '', path = ''] = call.operands;
  try {
    return await driven(call, [base, ours, theirs], path);
  } catch (error) {
    // Above 128 git takes it for a failure of its own.
    if (!(error instanceof TsopsError)) throw error;
    const hints = ['The version of ours was left in place.'];
    throw new TsopsError(error.code, error.message, {
      ...error.where,
      hints: [...error.hints, ...hints],
      exitStatus: 1,
    }).with({
      file: path,
    });
  }
}

async function driven(call: Call, files: readonly [string, string, string], path: string): Promise<number> {
  const { format } = formatsOf(path, call.flags);
  const read = (file: string) => readFileBounded(file, { maxBytes: maxEncryptedBytes });
  const [base, ours, theirs] = [await read(files[0]), await read(files[1]), await read(files[2])];
  const isEncrypted = async (bytes: Uint8Array): Promise<boolean> =>
    (await inspectFile(bytes, { format }).catch(() => undefined))?.metadata !== undefined;
  if (!(await isEncrypted(ours)) && !(await isEncrypted(theirs))) return mergePlain(files);
  const merged = await merge(base, ours, theirs, {
    ...openingOptions(call),
    format,
    onNewDataKey: () => call.report.tell(`${path}: theirs has a new data key, which the merged file takes.`),
  });
  await replaceFile(files[1], merged.content);
  if (merged.conflict === undefined) return 0;
  throw new TsopsError('MERGE_CONFLICT', `both sides changed ${merged.conflict.paths.map(formatPath).join(', ')}`, {
    hints: [`Decide with \`tsops git resolve\` and the name of the file, then \`git add\` it.`],
  });
}

/** Files that nobody has encrypted are merged as git does it. */
async function mergePlain([base, ours, theirs]: readonly [string, string, string]): Promise<number> {
  const labels = ['-L', 'ours', '-L', 'base', '-L', 'theirs'];
  const { status } = await runProgram('git', ['merge-file', ...labels, '--', ours, base, theirs], {
    timeoutMs: 60_000,
  });
  return status === 0 ? 0 : 1;
}
