/** The text of a merged file: by lines, so that comments and layout stay, then made to hold what the merge by key paths says. */

import { differences, merge3 } from '../core/diff3.ts';
import { amendmentsBetween, type MergedDocuments, sameContent } from '../core/threeway.ts';
import { type Mapping, mapping } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { Format } from '../formats/format.ts';

export interface MergedText {
  readonly text: Uint8Array;
  /** The same with theirs in the place of conflicts of lines, where there is no tree to say more. */
  readonly theirs: Uint8Array;
  /** Whether lines of a file without a structure are in conflict. */
  readonly isConflict: boolean;
}

/** @throws TsopsError MERGE_CONFLICT where no text holds the merged values */
export function mergedText(
  format: Format,
  base: Uint8Array | undefined,
  ours: Uint8Array,
  theirs: Uint8Array,
  tree: MergedDocuments,
): MergedText {
  const byLines = mergeLines(base ?? new Uint8Array(), ours, theirs);
  if (format.name === 'binary') return byLines;
  for (const start of [byLines.text, ours]) {
    const text = amendedTo(format, start, tree.documents);
    if (text !== undefined) return { text, theirs: text, isConflict: false };
  }
  throw new TsopsError('MERGE_CONFLICT', 'the changes of both sides do not fit into one text', {
    hints: ['Take one version and make the changes of the other one with `tsops edit`.'],
  });
}

const linesOf = (bytes: Uint8Array): string[] =>
  Buffer.from(bytes)
    .toString('latin1')
    .match(/[^\n]*\n|[^\n]+$/g) ?? [];
const joined = (lines: readonly string[]): Uint8Array => Buffer.from(lines.join(''), 'latin1');

/** Two insertions in one place are both taken where a structure will tell whether that is right; else ours stands. */
function mergeLines(base: Uint8Array, ours: Uint8Array, theirs: Uint8Array): MergedText {
  const [mine, others]: [string[], string[]] = [[], []];
  let isConflict = false;
  for (const chunk of merge3(linesOf(base), linesOf(ours), linesOf(theirs))) {
    if (chunk.kind === 'agreed') {
      mine.push(...chunk.lines);
      others.push(...chunk.lines);
      continue;
    }
    isConflict = true;
    mine.push(...chunk.ours);
    others.push(...chunk.theirs);
  }
  return { text: joined(mine), theirs: joined(others), isConflict };
}

/** The text changed to hold these documents; undefined where that cannot be. */
function amendedTo(format: Format, start: Uint8Array, documents: readonly Mapping[]): Uint8Array | undefined {
  try {
    let text = start;
    const from = format.parse(text, 'plain').tree.documents[0] ?? mapping([]);
    for (const amendment of amendmentsBetween(from, documents[0] ?? mapping([]))) text = format.amend(text, amendment);
    const file = format.parse(text, 'plain');
    const found = file.tree.documents;
    const isRight = found.length === documents.length && found.every((one, at) => sameContent(one, documents[at]));
    return isRight && file.blocks.length === 0 ? text : undefined;
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}

/** The merged text with both versions of every conflict between markers. */
export function markedText(format: Format, merged: MergedText, tree: MergedDocuments): Uint8Array {
  let { theirs } = merged;
  if (format.name !== 'binary')
    for (const conflict of tree.conflicts) {
      if (conflict.document > 0)
        throw new TsopsError('MERGE_CONFLICT', 'both sides changed the same value of a later document', conflict);
      theirs = format.amend(theirs, { path: conflict.path, value: conflict.theirs });
    }
  const [mine, others] = [linesOf(merged.text), linesOf(theirs)];
  const marked: string[] = [];
  let done = 0;
  for (const hunk of differences(mine, others)) {
    marked.push(...mine.slice(done, hunk.aStart), '<<<<<<< ours\n', ...ended(mine.slice(hunk.aStart, hunk.aEnd)));
    marked.push('=======\n', ...ended(others.slice(hunk.bStart, hunk.bEnd)), '>>>>>>> theirs\n');
    done = hunk.aEnd;
  }
  return joined([...marked, ...mine.slice(done)]);
}

/** A marker stands on a line of its own. */
const ended = (lines: readonly string[]): string[] => lines.map(line => (line.endsWith('\n') ? line : `${line}\n`));
