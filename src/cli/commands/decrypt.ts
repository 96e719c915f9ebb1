/** `tsops decrypt`: the plain text on standard output, in the file, or in another file. */

import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes } from '../../host/files.ts';
import { decrypt, formatNames, inspectFile, parseTreePath } from '../../index.ts';
import type { Call } from '../call.ts';
import { configIfNeeded, indentFor } from '../configuration.ts';
import { openingOptions } from '../opening.ts';
import { readingOf } from '../reading.ts';
import { about, putResult, readSource, type Source, sourceOf } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const { file, flags } = call;
  const paths = flags.extract ?? [];
  if (paths.length > 1 || flags.format !== undefined) return someValues(call, paths);
  const source = await sourceOf(file, flags);
  const [extract] = paths;
  const layout = flags.layout === 'sops' ? 'sops' : 'kept';
  const converts = extract !== undefined || source.format !== source.outputFormat;
  const printedAnew = converts || layout === 'sops';
  const config = await configIfNeeded(call, source.name, printedAnew && flags.indent === undefined);
  const options = { ...openingOptions(call), indent: indentFor(call, config, source.outputFormat) };
  if (extract !== undefined) parseTreePath(extract);
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  if (flags.ifNeeded && !(await about(source, () => isEncrypted(bytes, source)))) {
    if (converts) throw onlyPassedThrough();
    if (!flags.inPlace) await putResult(source, flags, bytes, { secret: true });
    return;
  }
  const { format, outputFormat } = source;
  const plain = await about(source, () => decrypt(bytes, { ...options, format, outputFormat, extract, layout })).catch(
    error => {
      throw withFormatHint(error, source, flags.outputType !== undefined);
    },
  );
  await putResult(source, flags, plain, { secret: true });
}

async function someValues(call: Call, paths: readonly string[]): Promise<void> {
  if (call.flags.ifNeeded) throw onlyPassedThrough();
  for (const path of paths) parseTreePath(path);
  await readingOf(call, paths);
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
    return (await inspectFile(bytes, { format: source.format })).metadata !== undefined;
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
