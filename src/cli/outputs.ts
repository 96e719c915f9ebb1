/** Where the results of several files go: each into its own place, into a tree of their own, or all of them into one stream. */

import { dirname, extname, join, resolve } from 'node:path';
import { TsopsError } from '../errors.ts';
import { makeFolder, replaceFile, writeOutput } from '../host/replace.ts';
import { writeStdout } from '../host/streams.ts';
import { endingOf, joinTexts } from '../index.ts';
import type { Call } from './call.ts';
import type { Target } from './manyfiles.ts';
import { formatsOf, within } from './source.ts';

export interface Outputs {
  put(target: Target, bytes: Uint8Array): Promise<void>;
  /** Where its result goes, where that is a place of its own. */
  placeOf(target: Target): string | undefined;
  /** To be called when every file has been done. */
  finish(): Promise<void>;
}

interface OutputKind {
  /** Whether the results are plain text. */
  readonly secret: boolean;
}

/**
 * @throws TsopsError CONFLICTING_OPTIONS for flags that contradict each other or the number of files, NOT_REPRESENTABLE where the results
 *   cannot be one stream
 */
export function outputsFor({ flags }: Call, targets: readonly Target[], kind: OutputKind): Outputs {
  refuseConflicts(flags);
  const finish = async () => {};
  if (flags.inPlace)
    return {
      put: async ({ path }, bytes) => replaceFile(within(flags, path), bytes),
      placeOf: ({ path }) => path,
      finish,
    };
  if (flags.outputDir !== undefined) return treeOf(flags.outputDir, flags, targets, kind);
  if (!kind.secret) {
    throw conflict('encrypted files are no stream, so their results need places of their own', [
      'Add -i to encrypt each file in its place, or --output-dir DIR.',
    ]);
  }
  const stream = joinTexts(targets.map(({ path }) => formatsOf(path, flags).outputFormat));
  const next = ({ path }: Target, bytes: Uint8Array) => stream.next(bytes, formatsOf(path, flags).outputFormat);
  const placeOf = () => undefined;
  if (flags.output === undefined) return { put: (target, bytes) => writeStdout(next(target, bytes)), placeOf, finish };
  const { output } = flags;
  const parts: Uint8Array[] = [];
  return {
    put: async (target, bytes) => void parts.push(next(target, bytes)),
    placeOf,
    finish: async () => writeOutput(within(flags, output), Buffer.concat(parts), kind),
  };
}

function refuseConflicts(flags: Call['flags']): void {
  if (flags.filenameOverride !== undefined) {
    throw conflict('--filename-override names one file, and several are given', [
      'Formats of several files are told by their names, or by --input-type for all of them.',
    ]);
  }
  const chosen = [
    ...(flags.inPlace ? ['--in-place'] : []),
    ...(flags.output === undefined ? [] : ['--output']),
    ...(flags.outputDir === undefined ? [] : ['--output-dir']),
  ];
  if (chosen.length > 1) throw conflict(`${chosen.join(' and ')} cannot be used together`);
}

/** The paths of the tree are those of the files, with the ending of the format where that is another one. */
function treeOf(folder: string, flags: Call['flags'], targets: readonly Target[], kind: OutputKind): Outputs {
  const places = new Map<string, string>();
  const placeOf = (target: Target): string => join(folder, named(target, flags));
  for (const target of targets) {
    const place = placeOf(target);
    if (resolve(place) === resolve(target.path)) {
      throw conflict(`${target.path} would be written over itself`, [
        'Add -i instead of --output-dir, or name another folder.',
      ]);
    }
    const other = places.get(place);
    if (other !== undefined) throw conflict(`${other} and ${target.path} would both be written to ${place}`);
    places.set(place, target.path);
  }
  return {
    put: async (target, bytes) => {
      const place = within(flags, placeOf(target));
      await makeFolder(dirname(place), kind);
      await writeOutput(place, bytes, kind);
    },
    placeOf,
    finish: async () => {},
  };
}

function named({ path, place }: Target, flags: Call['flags']): string {
  const { format, outputFormat } = formatsOf(path, flags);
  const ending = endingOf(outputFormat);
  if (format === outputFormat || flags.outputType === undefined || ending === undefined) return place;
  return `${place.slice(0, place.length - extname(place).length)}${ending}`;
}

function conflict(message: string, hints: string[] = []): TsopsError {
  return new TsopsError('CONFLICTING_OPTIONS', message, { hints });
}
