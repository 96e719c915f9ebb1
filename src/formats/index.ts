/** The formats. A new one is its folder and one line here; detection, options and docs read this list. */

import { once } from '../core/once.ts';
import type { Format, FormatName, OnePass } from './format.ts';

interface FormatEntry {
  readonly name: FormatName;
  /** Endings of the file name that mean this format, case-sensitive as in sops 3.13.2 cmd/sops/formats. */
  readonly extensions: readonly string[];
  /** Whether a top-level key belongs to the block and not to the user. */
  readonly reserves: (key: string) => boolean;
  /** Whether one file can hold several documents. */
  readonly manyDocuments: boolean;
  /** What a text is in a stream of several; `nothing` where it cannot be a part of one. */
  readonly joinsAs: 'documents' | 'values' | 'lines' | 'nothing';
  /** What a new file starts with when it is opened in an editor. */
  readonly example: string;
  readonly load: () => Promise<Format>;
  readonly onePass?: OnePass;
}

const isSops = (key: string): boolean => key === 'sops';

const entries: readonly FormatEntry[] = [
  {
    name: 'yaml',
    extensions: ['.yaml', '.yml'],
    reserves: isSops,
    manyDocuments: true,
    joinsAs: 'documents',
    example: '# Write your values here; every one of them is encrypted when you save and close.\nhello: world\n',
    load: once(async () => (await import('./yaml/index.ts')).yaml),
    onePass: {
      sealed: once(async () => (await import('./yaml/onepass.ts')).sealedLines),
      plain: once(async () => (await import('./yaml/onepass-plain.ts')).plainLines),
    },
  },
  {
    name: 'json',
    extensions: ['.json'],
    reserves: isSops,
    manyDocuments: false,
    joinsAs: 'values',
    example: '{\n  "hello": "world"\n}\n',
    load: once(async () => (await import('./json/index.ts')).json),
    onePass: {
      sealed: once(async () => (await import('./json/onepass.ts')).sealedObject),
      plain: once(async () => (await import('./json/onepass.ts')).plainObject),
    },
  },
  {
    name: 'dotenv',
    extensions: ['.env'],
    reserves: key => key.startsWith('sops_'),
    manyDocuments: false,
    joinsAs: 'lines',
    example: '# Write your values here; every one of them is encrypted when you save and close.\nHELLO=world\n',
    load: once(async () => (await import('./dotenv/index.ts')).dotenv),
  },
  {
    name: 'ini',
    extensions: ['.ini'],
    reserves: isSops,
    manyDocuments: false,
    joinsAs: 'nothing',
    example:
      '; Write your values here; every one of them is encrypted when you save and close.\n[hello]\nname = world\n',
    load: once(async () => (await import('./ini/index.ts')).ini),
  },
  {
    name: 'binary',
    extensions: [],
    reserves: isSops,
    manyDocuments: false,
    joinsAs: 'nothing',
    example: 'Write your text here; all of it is encrypted when you save and close.\n',
    load: once(async () => (await import('./binary/index.ts')).binary),
  },
];

/** The names that `--input-type` and `--output-type` take. */
export const formatNames: readonly FormatName[] = entries.map(entry => entry.name);

export function formatEntry(name: FormatName): FormatEntry {
  const found = entries.find(entry => entry.name === name);
  if (found === undefined) throw new RangeError('unknown format');
  return found;
}

/** The format that the name of a file asks for: by its ending, else `binary`. */
export function formatOf(filename: string): FormatName {
  return entries.find(entry => entry.extensions.some(ending => filename.endsWith(ending)))?.name ?? 'binary';
}

/** The usual ending of a file name for a format; undefined for binary files. */
export function endingOf(name: FormatName): string | undefined {
  return formatEntry(name).extensions[0];
}

/** The text that a new file of this format starts with. */
export function exampleFor(name: FormatName): string {
  return formatEntry(name).example;
}
