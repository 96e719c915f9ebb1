/** `tsops edit`, and `tsops FILE`: the plain text in an editor; a file that is not there begins with an example. */

import { dirname } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { exists, isFile, isRegularFile, maxEncryptedBytes, readFileBounded } from '../../host/files.ts';
import { withFileLock } from '../../host/lock.ts';
import { createFile, rescueFile } from '../../host/replace.ts';
import { askVisibly } from '../../host/terminal.ts';
import {
  type EditCheck,
  type EditOptions,
  type EncryptOptions,
  edit,
  editBlock,
  encrypt,
  exampleFor,
  type FormatName,
  type KeyGroup,
  masterKeyText,
  type Rescue,
} from '../../index.ts';
import type { Call } from '../call.ts';
import { configIfNeeded, indentFor } from '../configuration.ts';
import { replaceUnlessChanged } from '../inplace.ts';
import { timeoutOf } from '../keyservices.ts';
import { eachFile, meansMany, type Target, targetsOf, targetsWith } from '../manyfiles.ts';
import { openingOptions } from '../opening.ts';
import { isOurs } from '../ours.ts';
import { sealingOptions } from '../sealing.ts';
import { EditingSession } from '../session.ts';
import { about, formatsOf, refuseTemporary, refuseTooLarge } from '../source.ts';

export async function run(call: Call): Promise<void> {
  if (!meansMany(call)) return editOne(call);
  const targets = await targetsWith(await targetsOf(call), call.flags, isOurs);
  let changed = 0;
  // One after the other: there is one terminal. A file that is left as it is is no failure while another one changes.
  const work = async (_target: Target, own: Call): Promise<true> => {
    try {
      await editOne(own);
      changed += 1;
    } catch (error) {
      if (!(error instanceof TsopsError) || error.code !== 'FILE_UNCHANGED') throw error;
      own.report.tell(error.message);
    }
    return true;
  };
  await eachFile(call, targets, work, async () => {}, 1);
  if (changed === 0) throw new TsopsError('FILE_UNCHANGED', 'no file has changed, so all were left as they are');
}

async function editOne(call: Call): Promise<void> {
  const path = checkedPath(call);
  refuseTemporary(path);
  const { format, outputFormat } = formatsOf(path, call.flags);
  if (format !== outputFormat && call.flags.outputType !== undefined) {
    throw new TsopsError(
      'CONFLICTING_OPTIONS',
      'edit leaves a file in its format, and --output-type names another one',
      {
        hints: [`Convert a file with \`tsops decrypt --output-type ${call.flags.outputType}\`.`],
      },
    );
  }
  if (call.flags.conflict) return (await import('../conflict.ts')).resolveConflict(call, path);
  if (call.flags.k8s) refuseWithView(call, isRegularFile(path));
  if (isRegularFile(path)) await editExisting(call, path, format);
  else if (exists(path)) await refuseIrregular(path);
  else await editNew(call, path, format);
}

function refuseWithView({ flags }: Call, isThere: boolean): void {
  const conflict = (message: string, hint: string) => new TsopsError('CONFLICTING_OPTIONS', message, { hints: [hint] });
  if (flags.showMasterKeys)
    throw conflict(
      '--k8s and --show-master-keys cannot be used together',
      'Edit the keys and the values one after the other.',
    );
  if (!isThere)
    throw conflict(
      '--k8s shows a file that is there, and this one is not',
      'Put the text of a new Secret below stringData.',
    );
}

/** A FIFO or device gives its content once, and cannot be replaced; for all else reading says what is wrong. */
async function refuseIrregular(path: string): Promise<void> {
  if (!(await isFile(path))) await readFileBounded(path);
  throw new TsopsError('FILE_UNREADABLE', 'it is not a regular file, so it cannot be edited', {
    file: path,
    hints: ['Save its content in a file first, or decrypt it with `tsops decrypt`.'],
  });
}

function checkedPath({ file }: Call): string {
  if (file !== undefined && file !== '-') return file;
  throw new TsopsError('USAGE', 'edit needs a file; standard input cannot be edited');
}

async function editExisting(call: Call, path: string, format: FormatName): Promise<void> {
  const { flags } = call;
  const config = await configIfNeeded(call, path, false);
  const options: EditOptions = {
    ...openingOptions(call),
    format,
    indent: indentFor(call, config, format),
    allowNothing: flags.allowNothing,
    keepSpelling: !flags.noSpelling,
    k8s: flags.k8s,
  };
  const before = await readFileBounded(path, { maxBytes: maxEncryptedBytes });
  const session = new EditingSession(path, call.report);
  let rescue: Rescue | undefined;
  const type = (plain: Uint8Array, check: EditCheck, given: Rescue): Promise<Uint8Array> => {
    rescue = given;
    return session.untilGood(async () => {
      const edited = await session.open(plain);
      if (Buffer.compare(plain, edited) !== 0) check(edited);
      return edited;
    });
  };
  const work = flags.showMasterKeys
    ? () => editBlock(before, type, { ...options, onAdded: keys => tellAdded(call, keys) })
    : () => edit(before, type, options);
  try {
    const sealed = await about({ path }, () => session.untilGood(work)).catch(async error => {
      throw await withRescue(error, session, path, rescue);
    });
    // The lock is not held while somebody types.
    await keep(path, sealed, () =>
      withFileLock(path, { timeoutMs: timeoutOf(flags) }, () => replaceUnlessChanged(path, before, sealed)),
    );
  } finally {
    session.end();
  }
}

async function editNew(call: Call, path: string, format: FormatName): Promise<void> {
  refuseWithoutFolder(path);
  const example = new TextEncoder().encode(exampleFor(format));
  const options = await sealingOptions(call, { name: path, format, outputFormat: format });
  await refuseKeysThatFail(example, options);
  const session = new EditingSession(path, call.report);
  try {
    const sealed = await about({ path }, () =>
      session.untilGood(async () => {
        const edited = await session.open(example);
        if (Buffer.compare(example, edited) !== 0) return refuseTooLarge(await encrypt(edited, options));
        throw new TsopsError('FILE_UNCHANGED', 'the example was left as it is, so no file was made');
      }),
    ).catch(async error => {
      const rescue: Rescue = text =>
        encrypt(text, { ...options, format: 'binary', outputFormat: 'binary', selection: undefined });
      throw await withRescue(error, session, path, rescue);
    });
    // Never over a file that somebody else has made in the meantime.
    await keep(path, sealed, () => createFile(path, sealed, { secret: false }));
  } finally {
    session.end();
  }
}

function tellAdded({ report }: Call, keys: KeyGroup): void {
  report.tell('These keys are new in the sops block and get the data key:');
  for (const key of keys) report.tell(`  ${key.kind} ${masterKeyText(key)}`);
}

/**
 * Where editing ends without a new file and something was typed, an encrypted copy of it is offered. A signal can come from a terminal
 * that is gone, so the copy is then made without a question; where there is no terminal at all, a script has ended the editor.
 */
async function withRescue(
  error: unknown,
  session: EditingSession,
  path: string,
  rescue: Rescue | undefined,
): Promise<unknown> {
  if (!(error instanceof TsopsError) || error.code === 'FILE_UNCHANGED' || rescue === undefined) return error;
  const text = await session.left();
  if (text === undefined || !(error.code === 'EDIT_CANCELLED' || (await wantsCopy()))) return error;
  try {
    const kept = await rescueFile(path, await rescue(text), true);
    if (kept === undefined) return error;
    return error.with({ hints: [`What was typed was kept, encrypted, as ${kept}; \`tsops decrypt\` shows it.`] });
  } catch {
    return error;
  }
}

async function wantsCopy(): Promise<boolean> {
  const answer = await askVisibly('Keep what was typed in an encrypted copy? (y/n) ').catch(() => undefined);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}

/** Told before anything has been typed. */
function refuseWithoutFolder(path: string): void {
  if (exists(dirname(path))) return;
  throw new TsopsError('FILE_UNWRITABLE', 'the folder that the file is to be made in does not exist', {
    file: path,
    hints: ['Make the folder first, or check the path for a typing mistake.'],
  });
}

/** Keys that cannot be used are told before anything has been typed. sops 3.13.2 ends with 128 here. */
async function refuseKeysThatFail(example: Uint8Array, options: EncryptOptions): Promise<void> {
  try {
    await encrypt(example, { ...options, allowNothing: true });
  } catch (error) {
    if (error instanceof TsopsError && error.code === 'WRAP_FAILED') throw error.with({ exitStatus: 128 });
    throw error;
  }
}

/** Writes the result; where that fails, what was typed is kept, encrypted, in another file. */
async function keep(path: string, sealed: Uint8Array, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const kept = await rescueFile(path, sealed);
    if (!(error instanceof TsopsError)) throw error;
    const outcome =
      kept === undefined
        ? 'There was no room to keep the edited file anywhere; what was typed into the editor is gone.'
        : `The edited file was kept, encrypted, as ${kept}.`;
    throw error.with({ hints: [outcome] });
  }
}
