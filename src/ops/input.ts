/** What every verb does first: text or bytes, and which format. */

import { TsopsError } from '../errors.ts';
import type { FormatName } from '../formats/format.ts';
import { formatNames, formatOf } from '../formats/index.ts';

/** A file's content. A string is taken as UTF-8 text; what goes in as a string comes out as a string. */
export type Content = Uint8Array | string;

export interface FormatOptions {
  /** Used to tell the format by its ending (`secret.yaml`). Nothing is read from the disk. */
  readonly filename?: string | undefined;
  /** The format of the input; wins over the file name. */
  readonly format?: FormatName | undefined;
  /** The format of the output; default: that of the input. */
  readonly outputFormat?: FormatName | undefined;
  /** Spaces per level for what is printed anew (the `sops` block, converted output). */
  readonly indent?: number | undefined;
}

export function bytesOf(content: Content): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

/** Gives the caller the kind of content it handed in. */
export function likeInput<C extends Content>(input: C, bytes: Uint8Array): C {
  return (typeof input === 'string' ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) : bytes) as C;
}

export function inputFormat(options: FormatOptions): FormatName {
  if (options.format !== undefined) return knownFormat(options.format);
  if (options.filename !== undefined) return formatOf(options.filename);
  throw new TsopsError('USAGE', 'neither a format nor a file name was given', {
    hints: [`Name the format (${formatNames.join(', ')}) or a file name whose ending tells it.`],
  });
}

export function outputFormat(options: FormatOptions): FormatName {
  return options.outputFormat === undefined ? inputFormat(options) : knownFormat(options.outputFormat);
}

function knownFormat(name: FormatName): FormatName {
  if (formatNames.includes(name)) return name;
  throw new TsopsError('USAGE', 'the format is not one that tsops knows', {
    hints: [`Use one of ${formatNames.join(', ')}.`],
  });
}

/** RFC 3339 to the second in UTC, as `lastmodified` and `created_at` are written. */
export function timestampOf(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

/** A format with one document cannot hold several, and none is dropped without a word. */
export function onlyOneDocument(outputName: string): TsopsError {
  return new TsopsError('NOT_REPRESENTABLE', `the file has several documents and ${outputName} can hold only one`, {
    hints: ['Keep the output in YAML, or split the file into one file per document first.'],
  });
}
