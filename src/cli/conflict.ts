/** `tsops edit --conflict`: the three versions that the index of git holds of a file in conflict, merged again, and the rest in an editor. */

import { TsopsError } from '../errors.ts';
import { maxEncryptedBytes, readFileBounded } from '../host/files.ts';
import { conflictVersion } from '../host/git.ts';
import { withFileLock } from '../host/lock.ts';
import { merge } from '../index.ts';
import type { Call } from './call.ts';
import { replaceUnlessChanged } from './inplace.ts';
import { openingOptions } from './opening.ts';
import { EditingSession } from './session.ts';
import { about, formatsOf, refuseTooLarge } from './source.ts';

export async function resolveConflict(call: Call, path: string): Promise<void> {
  const { format } = formatsOf(path, call.flags);
  const [base, ours, theirs] = [
    await conflictVersion(path, 1),
    await conflictVersion(path, 2),
    await conflictVersion(path, 3),
  ];
  if (ours === undefined || theirs === undefined) throw noConflict(path);
  const before = await readFileBounded(path, { maxBytes: maxEncryptedBytes });
  const merged = await about({ path }, () => merge(base, ours, theirs, { ...openingOptions(call), format }));
  const { conflict } = merged;
  let sealed = merged.content;
  const session = conflict && new EditingSession(path, call.report);
  try {
    if (conflict !== undefined && session !== undefined)
      sealed = await about({ path }, () =>
        session.untilGood(async () => refuseTooLarge(await conflict.encrypt(await session.open(conflict.text)))),
      );
    await withFileLock(path, {}, () => replaceUnlessChanged(path, before, sealed));
  } finally {
    session?.end();
  }
  call.report.tell(`${path} is resolved; run \`git add\` for it.`);
}

function noConflict(file: string): TsopsError {
  return new TsopsError('MERGE_CONFLICT', 'git has no conflict of two versions for this file', {
    file,
    hints: ['`git status` shows what is in conflict; where one side removed the file, use `git rm` or `git add`.'],
  });
}
