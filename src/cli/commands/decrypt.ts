/** `tsops decrypt`: the plain text on standard output, in the file, or in another file; of several files as one stream or tree. */

import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes } from '../../host/files.ts';
import { decrypt, formatNames, parseTreePath } from '../../index.ts';
import type { Call } from '../call.ts';
import type { Plain } from '../decrypting.ts';
import { meansMany } from '../manyfiles.ts';
import { openingOptions } from '../opening.ts';
import { about, putResult, readSource, type Source, sourceOf } from '../source.ts';

/** What only some runs need. */
const rarely = () => import('../decrypting.ts');

export async function run(call: Call): Promise<void> {
  const { file, flags } = call;
  const paths = flags.extract ?? [];
  const isMany = meansMany(call);
  if (flags.stripMetadata) (await rarely()).refuseBesideStripping(call);
  if (paths.length > 1 || flags.format !== undefined || (isMany && paths.length > 0))
    return (await rarely()).someValues(call, paths, isMany);
  if (isMany || flags.outputDir !== undefined) return (await rarely()).decryptMany(call, plainOf);
  const source = await sourceOf(file, flags);
  const plain = await plainOf(call, source, paths[0]);
  if (flags.inPlace && !plain.isChanged) return;
  await putResult(source, flags, plain.bytes, { secret: true });
}

async function plainOf(call: Call, source: Source, extract: string | undefined): Promise<Plain> {
  const { flags } = call;
  if (flags.stripMetadata) return (await rarely()).strippedOf(source);
  const layout = flags.layout === 'sops' ? 'sops' : 'kept';
  const converts = extract !== undefined || source.format !== source.outputFormat;
  const printedAnew = converts || layout === 'sops';
  const options = { ...openingOptions(call), indent: await indentOf(call, source, printedAnew) };
  if (extract !== undefined) parseTreePath(extract);
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  if (flags.ifNeeded && !(await (await rarely()).isEncrypted(bytes, source))) {
    if (converts) throw (await rarely()).onlyPassedThrough();
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

function withFormatHint(error: unknown, source: Source, named: boolean): unknown {
  if (!(error instanceof TsopsError) || error.code !== 'NOT_REPRESENTABLE' || named) return error;
  const others = formatNames.filter(name => name !== source.outputFormat).join(', ');
  return error.with({
    hints: [`The output is ${source.outputFormat}; choose another format with --output-type (${others}).`],
  });
}
