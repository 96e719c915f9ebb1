/** What `set` and `unset` share: one change of the file that the first operand names, in its place. */

import { TsopsError } from '../errors.ts';
import type { EditOptions } from '../index.ts';
import type { Call } from './call.ts';
import { configIfNeeded, indentFor } from './configuration.ts';
import { changeFile } from './inplace.ts';
import { openingOptions } from './opening.ts';
import { formatsOf } from './source.ts';

/** A missing file ends with 2, as with sops. */
export async function amendFile(
  call: Call,
  change: (bytes: Uint8Array, options: EditOptions) => Promise<Uint8Array>,
): Promise<void> {
  const { file = '', flags, report } = call;
  const { format, outputFormat } = formatsOf(file, flags);
  const config = await configIfNeeded(call, file, outputFormat !== format && flags.indent === undefined);
  const options: EditOptions = {
    ...openingOptions(call),
    format,
    outputFormat,
    indent: indentFor(call, config, outputFormat),
    allowNothing: flags.allowNothing,
    keepSpelling: !flags.noSpelling,
  };
  const isWritten = await changeFile(call, file, bytes => change(bytes, options)).catch((error: unknown) => {
    throw error instanceof TsopsError && error.code === 'FILE_MISSING' ? error.with({ exitStatus: 2 }) : error;
  });
  // The words of sops, which scripts look for.
  report.note(isWritten ? 'File written successfully' : 'nothing changed, so the file was not written');
}
