/** The ways of `decrypt` that are taken less often: many files, several values, what is passed through, what is only stripped. */

import { resolve } from 'node:path';
import { TsopsError } from '../errors.ts';
import { maxEncryptedBytes } from '../host/files.ts';
import { inspectFile, parseTreePath, stripMetadata } from '../index.ts';
import type { Call } from './call.ts';
import { eachFile, type Target, targetsOf, targetsWith } from './manyfiles.ts';
import { isOurs } from './ours.ts';
import { outputsFor } from './outputs.ts';
import { readingOf } from './reading.ts';
import { about, readSource, type Source, sourceOf } from './source.ts';

export interface Plain {
  readonly bytes: Uint8Array;
  /** False for a file that was plain already. */
  readonly isChanged: boolean;
}

export async function decryptMany(
  call: Call,
  plainOf: (call: Call, source: Source, extract: string | undefined) => Promise<Plain>,
): Promise<void> {
  const { flags } = call;
  const all = await targetsOf(call);
  const targets = flags.ifNeeded ? all : await targetsWith(all, flags, isOurs);
  const outputs = outputsFor(call, targets, { secret: true });
  const put = async (target: Target, { bytes, isChanged }: Plain) => {
    if (!flags.inPlace || isChanged) await outputs.put(target, bytes);
  };
  const work = async (target: Target, own: Call) => {
    const plain = await plainOf(own, await sourceOf(target.path, { ...flags, output: undefined }), undefined);
    // What has a place of its own does not wait until those before it are written.
    if (outputs.placeOf(target) === undefined) return async () => put(target, plain);
    await put(target, plain);
    return async () => {};
  };
  await eachFile(call, targets, work, take => take());
  await outputs.finish();
}

export async function strippedOf(source: Source): Promise<Plain> {
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  const stripped = await about(source, () => stripMetadata(bytes, { format: source.format }));
  return { bytes: stripped, isChanged: true };
}

/** In its own place the file would be lost for good. */
export function refuseBesideStripping({ operands, flags }: Call): void {
  const { output } = flags;
  const isOver = output !== undefined && operands.some(file => resolve(output) === resolve(file));
  const others = [flags.extract, flags.format, flags.outputType].some(given => given !== undefined);
  if (!flags.inPlace && !isOver && !others && flags.layout !== 'sops') return;
  throw new TsopsError(
    'CONFLICTING_OPTIONS',
    '--strip-metadata decrypts nothing: it prints the file without its block',
    {
      hints: ['Nobody can decrypt the result. Leave out --in-place, --extract, --format, --layout and --output-type.'],
    },
  );
}

export async function someValues(call: Call, paths: readonly string[], isMany: boolean): Promise<void> {
  if (isMany) throw onlyOfOne();
  if (call.flags.ifNeeded) throw onlyPassedThrough();
  for (const path of paths) parseTreePath(path);
  await readingOf(call, paths);
}

function onlyOfOne(): TsopsError {
  return new TsopsError(
    'CONFLICTING_OPTIONS',
    '--extract and --format show values of one file, and several are given',
    {
      hints: ['Run the command once for each file.'],
    },
  );
}

export function onlyPassedThrough(): TsopsError {
  return new TsopsError(
    'CONFLICTING_OPTIONS',
    '--if-needed passes a file that is not encrypted through as it is, and something else is asked for',
    {
      hints: ['Leave out --extract, --format and --output-type, or leave out --if-needed.'],
    },
  );
}

/** A binary file that is not encrypted is no JSON, and then there is no block either. */
export async function isEncrypted(bytes: Uint8Array, source: Source): Promise<boolean> {
  try {
    const { metadata, isMixed } = await about(source, () => inspectFile(bytes, { format: source.format }));
    return metadata !== undefined || isMixed === true;
  } catch (error) {
    if (source.format === 'binary' && error instanceof TsopsError && error.code === 'FILE_SYNTAX') return false;
    throw error;
  }
}
