/** `tsops decrypt`: the plain text on standard output, in the file, or in another file; of several files as one stream or tree. */

import { resolve } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes } from '../../host/files.ts';
import { decrypt, formatNames, inspectFile, parseTreePath, stripMetadata } from '../../index.ts';
import type { Call } from '../call.ts';
import { eachFile, meansMany, type Target, targetsOf, targetsWith } from '../manyfiles.ts';
import { openingOptions } from '../opening.ts';
import { about, isOurs, putResult, readSource, type Source, sourceOf } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const { file, flags } = call;
  const paths = flags.extract ?? [];
  const isMany = meansMany(call);
  if (flags.stripMetadata) refuseBesideStripping(call);
  if (paths.length > 1 || flags.format !== undefined || (isMany && paths.length > 0))
    return someValues(call, paths, isMany);
  if (isMany || flags.outputDir !== undefined) return decryptMany(call);
  const source = await sourceOf(file, flags);
  const plain = await plainOf(call, source, paths[0]);
  if (flags.inPlace && !plain.isChanged) return;
  await putResult(source, flags, plain.bytes, { secret: true });
}

async function decryptMany(call: Call): Promise<void> {
  const { flags } = call;
  const all = await targetsOf(call);
  const targets = flags.ifNeeded ? all : await targetsWith(all, flags, isOurs);
  const { outputsFor } = await import('../outputs.ts');
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

interface Plain {
  readonly bytes: Uint8Array;
  /** False for a file that was plain already. */
  readonly isChanged: boolean;
}

async function plainOf(call: Call, source: Source, extract: string | undefined): Promise<Plain> {
  const { flags } = call;
  if (flags.stripMetadata) return strippedOf(source);
  const layout = flags.layout === 'sops' ? 'sops' : 'kept';
  const converts = extract !== undefined || source.format !== source.outputFormat;
  const printedAnew = converts || layout === 'sops';
  const options = { ...openingOptions(call), indent: await indentOf(call, source, printedAnew) };
  if (extract !== undefined) parseTreePath(extract);
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  if (flags.ifNeeded && !(await about(source, () => isEncrypted(bytes, source)))) {
    if (converts) throw onlyPassedThrough();
    return { bytes, isChanged: false };
  }
  const { format, outputFormat } = source;
  const plain = await about(source, () =>
    decrypt(bytes, { ...options, format, outputFormat, extract, layout, mayOverwrite: true }),
  ).catch(error => {
    throw withFormatHint(error, source, flags.outputType !== undefined);
  });
  return { bytes: plain, isChanged: true };
}

/** Without a configuration to read nothing of it is loaded. */
async function indentOf(call: Call, source: Source, isPrinted: boolean): Promise<number | undefined> {
  const { config, indent } = call.flags;
  if (config === undefined && (!isPrinted || indent !== undefined)) return indent;
  const { configIfNeeded, indentFor } = await import('../configuration.ts');
  const found = await configIfNeeded(call, source.name, isPrinted && indent === undefined);
  return indentFor(call, found, source.outputFormat);
}

async function strippedOf(source: Source): Promise<Plain> {
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  const stripped = await about(source, () => stripMetadata(bytes, { format: source.format }));
  return { bytes: stripped, isChanged: true };
}

/** In its own place the file would be lost for good. */
function refuseBesideStripping({ operands, flags }: Call): void {
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

async function someValues(call: Call, paths: readonly string[], isMany: boolean): Promise<void> {
  if (isMany) throw onlyOfOne();
  if (call.flags.ifNeeded) throw onlyPassedThrough();
  for (const path of paths) parseTreePath(path);
  const { readingOf } = await import('../reading.ts');
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

function onlyPassedThrough(): TsopsError {
  return new TsopsError(
    'CONFLICTING_OPTIONS',
    '--if-needed passes a file that is not encrypted through as it is, and something else is asked for',
    {
      hints: ['Leave out --extract, --format and --output-type, or leave out --if-needed.'],
    },
  );
}

/** A binary file that is not encrypted is no JSON, and then there is no block either. */
async function isEncrypted(bytes: Uint8Array, source: Source): Promise<boolean> {
  try {
    const { metadata, isMixed } = await inspectFile(bytes, { format: source.format });
    return metadata !== undefined || isMixed === true;
  } catch (error) {
    if (source.format === 'binary' && error instanceof TsopsError && error.code === 'FILE_SYNTAX') return false;
    throw error;
  }
}

function withFormatHint(error: unknown, source: Source, named: boolean): unknown {
  if (!(error instanceof TsopsError) || error.code !== 'NOT_REPRESENTABLE' || named) return error;
  const others = formatNames.filter(name => name !== source.outputFormat).join(', ');
  return error.with({
    hints: [`The output is ${source.outputFormat}; choose another format with --output-type (${others}).`],
  });
}
