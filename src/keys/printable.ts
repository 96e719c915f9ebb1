/** Text from files and from the environment, made safe for a terminal and for one line. */

/** The text with control characters, line separators, direction marks and lone surrogates as `\u{…}`. */
export function printable(text: string): string {
  // The usual case; the expression below takes half a millisecond to compile.
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, char => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/** The same, with the middle of a long text left out: the start and the end tell keys apart. */
export function shortened(text: string): string {
  return printable(text.length > 80 ? `${text.slice(0, 40)}…${text.slice(-8)}` : text);
}
