/** Replacements in a byte text, and what goes with a part of an object or array that is taken out. */

import { bytesOf } from './utf8.ts';

interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Patch extends Span {
  readonly text: string;
}

/** The bytes of the text with its patches, in any order; they must not overlap. */
export function applyPatches(byteText: string, patches: readonly Patch[]): Uint8Array {
  const sorted = patches.toSorted((a, b) => a.start - b.start);
  return bytesOf(patchedPieces(byteText, { start: 0, end: byteText.length }, sorted));
}

/** A part of the text with its patches, which stand in order. */
export function patchedPieces(byteText: string, span: Span, patches: readonly Patch[]): string[] {
  const pieces: string[] = [];
  let at = span.start;
  for (const patch of patches) {
    pieces.push(byteText.slice(at, patch.start), patch.text);
    at = patch.end;
  }
  pieces.push(byteText.slice(at, span.end));
  return pieces;
}

/**
 * The spans to cut so that some parts of a container go away with the comma and the white space that belong to them: those
 * in front of the part, or, for the first parts, those behind it. Where nothing stays, `{` and `}` come together,
 * unless the first part stands directly behind the bracket, as `insertion.ts` puts a block into an empty object.
 */
export function cuts(container: Span, parts: readonly Span[], isCut: (index: number) => boolean): Span[] {
  const first = parts[0];
  const last = parts.at(-1);
  const firstKept = parts.findIndex((_, index) => !isCut(index));
  if (first === undefined || last === undefined) return [];
  if (firstKept < 0) {
    const isOurs = first.start === container.start + 1;
    return [{ start: container.start + 1, end: isOurs ? last.end : container.end - 1 }];
  }
  return parts.flatMap((part, index) => {
    if (!isCut(index)) return [];
    const start = index < firstKept ? part.start : (parts[index - 1]?.end ?? part.start);
    return [{ start, end: index < firstKept ? (parts[index + 1]?.start ?? part.end) : part.end }];
  });
}
