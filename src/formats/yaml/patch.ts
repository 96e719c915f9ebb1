/** Replacements in a text, collected in any order and applied in one pass. */

export interface Patch {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Patched {
  readonly text: string;
  /** Where a position of the old text, outside of every replaced span, has moved to. */
  moved(offset: number): number;
}

/** Applies patches by position; one that lies inside an earlier, larger one is left out (the outer one replaces it all). */
export function applyPatches(text: string, patches: readonly Patch[]): Patched {
  const kept = outermost(patches);
  const parts: string[] = [];
  let at = 0;
  for (const patch of kept) {
    parts.push(text.slice(at, patch.start), patch.text);
    at = patch.end;
  }
  parts.push(text.slice(at));
  return { text: parts.join(''), moved: offset => movedOffset(kept, offset) };
}

function outermost(patches: readonly Patch[]): Patch[] {
  const sorted = isSorted(patches)
    ? patches
    : [...patches].sort((a, b) => a.start - b.start || insertionsFirst(a, b) || b.end - a.end);
  const kept: Patch[] = [];
  let end = -1;
  for (const patch of sorted) {
    if (patch.start < end) continue;
    kept.push(patch);
    end = Math.max(end, patch.end);
  }
  return kept;
}

/** In a file of many values nearly all come in order. */
function isSorted(patches: readonly Patch[]): boolean {
  let before = -1;
  for (const { start } of patches) {
    if (start <= before) return false;
    before = start;
  }
  return true;
}

function insertionsFirst(a: Patch, b: Patch): number {
  return Number(b.start === b.end) - Number(a.start === a.end);
}

function movedOffset(patches: readonly Patch[], offset: number): number {
  let delta = 0;
  for (const patch of patches) {
    if (patch.end > offset) break;
    delta += patch.text.length - (patch.end - patch.start);
  }
  return offset + delta;
}

/** The first line break of a text, or of the part from an offset on; `\n` where it has none. */
export function newlineOf(text: string, from = 0): string {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 10) return '\n';
    if (code === 13) return text.charCodeAt(i + 1) === 10 ? '\r\n' : '\r';
  }
  return '\n';
}

export function endsWithNewline(text: string): boolean {
  return text.length > 0 && isNewline(text.charCodeAt(text.length - 1));
}

export function lineStart(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && !isNewline(text.charCodeAt(at - 1))) at--;
  return at;
}

/** The end of the line that holds the offset, before its line break. */
export function lineEnd(text: string, offset: number): number {
  let at = offset;
  while (at < text.length && !isNewline(text.charCodeAt(at))) at++;
  return at;
}

/** The start of the next line, or the end of the text. */
export function nextLine(text: string, offset: number): number {
  const end = lineEnd(text, offset);
  if (text.charCodeAt(end) === 13 && text.charCodeAt(end + 1) === 10) return end + 2;
  return Math.min(end + 1, text.length);
}

/** go-yaml breaks lines at LF, CR, NEL, LS and PS. */
function isNewline(code: number): boolean {
  return code === 10 || code === 13 || code === 0x85 || code === 0x2028 || code === 0x2029;
}
