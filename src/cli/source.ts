/** Where a command's input comes from, by which name and format it is known, and where the result goes. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { TsopsError } from '../errors.ts';
import { isFile, maxEncryptedBytes, type ReadLimits, readFileBounded, readStdin } from '../host/files.ts';
import { isTemporaryName, replaceFile, writeOutput } from '../host/replace.ts';
import { confined } from '../host/root.ts';
import { writeStdout } from '../host/streams.ts';
import { type FormatName, formatOf } from '../index.ts';
import type { FlagValues } from './flags.ts';

export interface Source {
  /** The path of the file; undefined for standard input. */
  readonly path: string | undefined;
  /** The name that rules and formats go by; undefined for standard input without --filename-override. */
  readonly name: string | undefined;
  readonly format: FormatName;
  readonly outputFormat: FormatName;
  /** The folder that it has to be in, behind all links. */
  readonly root?: string | undefined;
}

/**
 * The checks that come before anything is read, in the order of sops 3.13.2 cmd/sops/main.go.
 * @throws TsopsError CONFLICTING_OPTIONS, FILE_MISSING, FILE_UNREADABLE, OUTSIDE_ROOT
 */
export async function sourceOf(
  file: string | undefined,
  flags: FlagValues,
  options: { readonly needsName?: boolean } = {},
): Promise<Source> {
  const path = file === '-' ? undefined : file;
  const name = flags.filenameOverride ?? path;
  if (path === undefined && flags.inPlace) throw conflict('--in-place needs a file, and the input is standard input');
  if (name === undefined && options.needsName) {
    throw conflict('standard input has no name for the rules to go by', ['Name it with --filename-override FILE.']);
  }
  if (flags.inPlace && flags.output !== undefined) throw conflict('--in-place and --output cannot be used together');
  if (path !== undefined) refuseTemporary(path);
  for (const used of [path, flags.output]) if (used !== undefined) within(flags, used);
  // For a folder and all else that is there but no file, reading says what is wrong.
  if (path !== undefined && !(await isFile(path))) await readFileBounded(path);
  return { path, name, root: flags.root, ...formatsOf(name, flags) };
}

/** The path to use for a file: where it really leads, where --root confines it. @throws TsopsError OUTSIDE_ROOT */
export function within({ root }: Pick<FlagValues, 'root'>, path: string): string {
  return root === undefined ? path : confined(path, root);
}

/** @throws TsopsError FILE_UNREADABLE for what a killed process has left beside its target: it may be half a file */
export function refuseTemporary(path: string): void {
  if (!isTemporaryName(path)) return;
  throw new TsopsError('FILE_UNREADABLE', 'this is a temporary file that an interrupted run of tsops left behind', {
    file: path,
    hints: ['Remove it; the file that it was meant to replace is as it was.'],
  });
}

/**
 * With sops the output of a file whose name tells no format is always binary, which only a binary file can be; here it is in the
 * format that was named for the input.
 */
export function formatsOf(
  name: string | undefined,
  flags: FlagValues,
): { format: FormatName; outputFormat: FormatName } {
  const byName = name === undefined ? 'binary' : formatOf(name);
  const format = (flags.inputType as FormatName | undefined) ?? byName;
  const outputFormat = (flags.outputType as FormatName | undefined) ?? (byName === 'binary' ? format : byName);
  return { format, outputFormat };
}

/** @param limits for an encrypted file `maxEncryptedBytes`, so that everything that was encrypted can be read back */
export async function readSource({ path, root }: Source, limits: ReadLimits = {}): Promise<Uint8Array> {
  return path === undefined ? readStdin(limits) : readFileBounded(path, { ...limits, root });
}

/** @throws TsopsError NOT_REPRESENTABLE for what could not be read back: it must not take the place of the plain text */
export function refuseTooLarge(sealed: Uint8Array): Uint8Array {
  if (sealed.length <= maxEncryptedBytes) return sealed;
  throw new TsopsError('NOT_REPRESENTABLE', `the encrypted file would be larger than ${maxEncryptedBytes} bytes`, {
    hints: ['Split the file, or encrypt it as a whole with --input-type binary.'],
  });
}

/** Puts the result into the file, into --output, or on standard output. */
export async function putResult(
  source: Source,
  flags: FlagValues,
  bytes: Uint8Array,
  options: { readonly secret: boolean },
): Promise<void> {
  if (flags.inPlace && source.path !== undefined) await replaceFile(within(flags, source.path), bytes);
  else if (flags.output !== undefined) await writeOutput(within(flags, flags.output), bytes, options);
  else await writeStdout(bytes);
}

const current = new AsyncLocalStorage<Pick<Source, 'path'>>();

/** The file that is being worked on. */
export const currentSource = (): Pick<Source, 'path'> | undefined => current.getStore();

/** Runs the work on a file and says in its errors which file it was. */
export async function about<T>(source: Pick<Source, 'path'>, work: () => Promise<T>): Promise<T> {
  try {
    return await current.run(source, work);
  } catch (error) {
    if (error instanceof TsopsError) throw error.with({ file: source.path ?? '-' });
    throw error;
  }
}

function conflict(message: string, hints: string[] = []): TsopsError {
  return new TsopsError('CONFLICTING_OPTIONS', message, { hints });
}
