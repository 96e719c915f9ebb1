/** Several files in one run: which ones are meant, all of them side by side, and one that fails without the others. */

import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { TsopsError } from '../errors.ts';
import { exists, maxEncryptedBytes, readFileBounded, sizeOf } from '../host/files.ts';
import { filesOfGlob, isFolder, isGlob, ownFilesBelow } from '../host/walk.ts';
import type { FormatName } from '../index.ts';
import type { Call } from './call.ts';
import { asTsopsError } from './report.ts';
import { formatsOf } from './source.ts';

export interface Target {
  readonly path: string;
  /** Whether it was named, by itself or by a glob. Of a folder only those files are meant that the command has something to do with. */
  readonly isNamed: boolean;
  /** Where it stands in a tree of its own: relative to the current folder, or from the folder on that was named outside of it. */
  readonly place: string;
}

/** Whether the operands can mean several files: more than one, a folder, or a glob. `-` is standard input, and stands alone. */
export function meansMany({ operands }: Pick<Call, 'operands'>): boolean {
  return operands.length > 1 || operands.some(operand => isFolder(operand) || needsExpansion(operand));
}

/** A name with a star in it that is there is a name. */
const needsExpansion = (operand: string): boolean => isGlob(operand) && !exists(operand);

/**
 * The files that the operands mean, each once, in their order: files as they are named, those below folders, and those that globs
 * match; of the latter two none that git would ignore.
 * @throws TsopsError FILE_MISSING for a glob without a match, FILE_UNREADABLE, USAGE for standard input among files
 */
export async function targetsOf({ operands, flags }: Pick<Call, 'operands' | 'flags'>): Promise<Target[]> {
  const targets = new Map<string, Target>();
  const output = flags.outputDir === undefined ? undefined : `${resolve(flags.outputDir)}${sep}`;
  for (const operand of operands) {
    for (const target of await expanded(operand)) {
      const full = resolve(target.path);
      // What an earlier run has put into the output folder is no input of this one.
      if (!target.isNamed && output?.startsWith(`${resolve(operand)}${sep}`) && full.startsWith(output)) continue;
      if (!targets.has(full)) targets.set(full, target);
    }
  }
  return [...targets.values()];
}

async function expanded(operand: string): Promise<Target[]> {
  if (operand === '-') {
    throw new TsopsError('USAGE', 'standard input cannot be one of several files', {
      hints: ['Run the command once for standard input and once for the files.'],
    });
  }
  if (isFolder(operand)) {
    const files = await ownFilesBelow(operand);
    return files.map(path => ({ path, isNamed: false, place: placeOf(path, operand) }));
  }
  if (!needsExpansion(operand)) return [{ path: operand, isNamed: true, place: placeOf(operand, undefined) }];
  const files = await filesOfGlob(operand);
  if (files.length > 0) return files.map(path => ({ path, isNamed: true, place: placeOf(path, undefined) }));
  throw new TsopsError('FILE_MISSING', 'no file matches this glob', {
    file: operand,
    hints: ['Globs are those of micromatch; files that a .gitignore names are left out.'],
  });
}

/**
 * The files that were named, and those of folders that `isMeant` takes by their content.
 */
export async function targetsWith(
  targets: readonly Target[],
  flags: Call['flags'],
  isMeant: (bytes: Uint8Array, format: FormatName) => Promise<boolean>,
): Promise<Target[]> {
  const chosen: Target[] = [];
  for (const target of targets) if (target.isNamed || (await isMeantByContent(target.path))) chosen.push(target);
  return chosen;

  /** What is too large is none of ours; what cannot be read fails in its turn, when the others are done too. */
  async function isMeantByContent(path: string): Promise<boolean> {
    if (sizeOf(path) > maxEncryptedBytes) return false;
    try {
      const bytes = await readFileBounded(path, { maxBytes: maxEncryptedBytes, root: flags.root });
      return await isMeant(bytes, formatsOf(path, flags).format);
    } catch (error) {
      if (error instanceof TsopsError) return true;
      throw error;
    }
  }
}

function placeOf(path: string, folder: string | undefined): string {
  const place = relative('.', path);
  const isOutside = isAbsolute(place) || place === '..' || place.startsWith(`..${sep}`);
  if (!isOutside) return place;
  return folder === undefined ? basename(path) : join(basename(resolve(folder)), relative(folder, path));
}

/** How many files are worked on at once: what is waited for is a service in the network, gpg, or the disk. */
const limit = 16;

/** What came of one item: a result, or what was thrown. */
export type Outcome<T, R> = { readonly item: T; readonly result: R } | { readonly item: T; readonly error: unknown };

/**
 * Works on all items side by side and gives what came of each, in their order. No more than `width` are begun and not yet taken, so
 * memory does not grow with their number.
 */
export async function* sideBySide<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  width = limit,
): AsyncGenerator<Outcome<T, R>> {
  const begun: Promise<Outcome<T, R>>[] = [];
  const begin = async (item: T): Promise<Outcome<T, R>> => {
    try {
      return { item, result: await work(item) };
    } catch (error) {
      return { item, error };
    }
  };
  for (const item of items) {
    begun.push(begin(item));
    const first = begun.length < width ? undefined : begun.shift();
    if (first !== undefined) yield await first;
  }
  for (const outcome of begun) yield await outcome;
}

/**
 * Works on files side by side and takes the results in their order. A file that fails is told and the others are done; then the run
 * ends with an error, whose exit status is that of the failures where all of them have the same.
 * @param take gets what `work` gave; undefined means that the file was passed over
 * @throws TsopsError SOME_FAILED; FILE_MISSING where nothing at all was there to be done
 */
export async function eachFile<R>(
  call: Call,
  targets: readonly Target[],
  work: (target: Target, call: Call) => Promise<R | undefined>,
  take: (result: R, target: Target) => Promise<void>,
  width?: number,
): Promise<void> {
  const { report } = call;
  const statuses: number[] = [];
  let done = 0;
  const progress = report.progress(targets.length);
  try {
    const begin = (target: Target) => work(target, { ...call, file: target.path, report: report.about(target.path) });
    for await (const outcome of sideBySide(targets, begin, width)) {
      try {
        if ('error' in outcome) throw outcome.error;
        if (outcome.result !== undefined) {
          done += 1;
          await take(outcome.result, outcome.item);
        }
      } catch (error) {
        const known = asTsopsError(error, report.verbose).with({ file: outcome.item.path });
        report.fail(known);
        statuses.push(known.exitStatus);
      }
      progress.step();
    }
  } finally {
    progress.end();
  }
  if (statuses.length > 0) throw someFailed(statuses, done + statuses.length);
  if (done === 0) throw nothingFound(call);
}

function someFailed(statuses: readonly number[], all: number): TsopsError {
  const [first, ...rest] = new Set(statuses);
  const error = new TsopsError('SOME_FAILED', `${statuses.length} of ${all} files failed`);
  return first === undefined || rest.length > 0 ? error : error.with({ exitStatus: first });
}

function nothingFound({ command, operands }: Call): TsopsError {
  return new TsopsError('FILE_MISSING', `there is no file for ${command} in ${operands.join(', ')}`, {
    hints: [
      'Of a folder, files that a .gitignore names are left out, and those that the command has nothing to do with.',
    ],
  });
}
