/** What `get` and `decrypt` with `--format` or several paths have in common: values of a file, in one of the forms. */

import { TsopsError } from '../errors.ts';
import { maxEncryptedBytes } from '../host/files.ts';
import { get } from '../index.ts';
import type { Call } from './call.ts';
import { configIfNeeded, indentFor } from './configuration.ts';
import { openingOptions } from './opening.ts';
import { about, putResult, readSource, sourceOf } from './source.ts';

/** Prints the values at the paths of the file; without paths the whole file. @throws TsopsError CONFLICTING_OPTIONS, and what `get` throws */
export async function readingOf(call: Call, paths: readonly string[]): Promise<void> {
  const { flags } = call;
  const form = flags.format as 'raw' | 'json' | 'shell' | 'dotenv' | undefined;
  if (flags.outputType !== undefined && form !== undefined && form !== 'raw')
    throw conflict('--format and --output-type cannot be used together');
  if (flags.inPlace) throw conflict('a part of the file, or another form of it, cannot take the place of the file');
  const source = await sourceOf(call.file, flags);
  const { format, outputFormat } = source;
  const printed = form === 'json' ? 'json' : outputFormat;
  const config = await configIfNeeded(call, source.name, flags.indent === undefined);
  const options = {
    ...openingOptions(call),
    format,
    outputFormat,
    indent: indentFor(call, config, printed),
    as: form,
    k8s: flags.k8s,
  };
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  await putResult(source, flags, await about(source, () => get(bytes, paths, options)), { secret: true });
}

function conflict(message: string): TsopsError {
  return new TsopsError('CONFLICTING_OPTIONS', message, {
    hints: ['Write it to another file with --output.'],
  });
}
