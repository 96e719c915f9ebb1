/**
 * White space as Go's `unicode.IsSpace` sees it in UTF-8, on raw text (one character for each byte), and places in that text.
 * gopkg.in/ini.v1 trims with it, so a no-break space around a value is not part of the value.
 */

/** The width in bytes of the white space that starts at `at`, or 0. */
function spaceWidth(raw: string, at: number): number {
  const first = raw.charCodeAt(at);
  if (first === 0x20 || (first >= 0x09 && first <= 0x0d)) return 1;
  if (first === 0xc2) return isLatinSpace(raw.charCodeAt(at + 1)) ? 2 : 0;
  if (first < 0xe1 || first > 0xe3) return 0;
  return isWideSpace(first, raw.charCodeAt(at + 1), raw.charCodeAt(at + 2)) ? 3 : 0;
}

/** U+0085 and U+00A0. */
const isLatinSpace = (second: number): boolean => second === 0x85 || second === 0xa0;

/** U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F and U+3000. */
function isWideSpace(first: number, second: number, third: number): boolean {
  if (first === 0xe1) return second === 0x9a && third === 0x80;
  if (first === 0xe3) return second === 0x80 && third === 0x80;
  if (second === 0x81) return third === 0x9f;
  return second === 0x80 && ((third >= 0x80 && third <= 0x8a) || third === 0xa8 || third === 0xa9 || third === 0xaf);
}

/** The width of the white space that ends at `at` and starts at `from` or behind it, or 0. */
function spaceWidthBefore(raw: string, from: number, at: number): number {
  const last = raw.charCodeAt(at - 1);
  if (last < 0x80) return spaceWidth(raw, at - 1);
  if (at - 2 >= from && spaceWidth(raw, at - 2) === 2) return 2;
  return at - 3 >= from && spaceWidth(raw, at - 3) === 3 ? 3 : 0;
}

/** Offset of the first character in `from..to` that is not white space; `to` where there is none. */
export function skipSpace(raw: string, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const width = spaceWidth(raw, at);
    if (width === 0 || at + width > to) return at;
    at += width;
  }
  return at;
}

/** Offset behind the last character in `from..to` that is not white space; `from` where there is none. */
export function trimEnd(raw: string, from: number, to: number): number {
  let at = to;
  while (at > from) {
    const width = spaceWidthBefore(raw, from, at);
    if (width === 0) return at;
    at -= width;
  }
  return at;
}

/** Go's `strings.TrimSpace`. JavaScript's `trim` would take bytes out of letters such as à. */
export function trimmed(raw: string): string {
  const start = skipSpace(raw, 0, raw.length);
  return raw.slice(start, trimEnd(raw, start, raw.length));
}

/** Offset behind the line break that ends the line at `at`, or the end of the text. */
export function nextLine(raw: string, at: number): number {
  const found = raw.indexOf('\n', at);
  return found < 0 ? raw.length : found + 1;
}

/** Offset of the first of two characters in `from..to`, or -1. */
export function firstOf(raw: string, one: number, other: number, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    const code = raw.charCodeAt(at);
    if (code === one || code === other) return at;
  }
  return -1;
}

/** The width of the line break at the end of a text: 0, 1 (LF) or 2 (CR LF). */
export function breakWidth(raw: string): 0 | 1 | 2 {
  if (!raw.endsWith('\n')) return 0;
  return raw.endsWith('\r\n') ? 2 : 1;
}
