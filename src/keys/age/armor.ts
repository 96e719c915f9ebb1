/** The PEM-style armour of age files, read as strictly as it is defined. C2SP age, "ASCII armor". */

import { parsePaddedBase64 } from './base64.ts';

const begin = '-----BEGIN AGE ENCRYPTED FILE-----';
const end = '-----END AGE ENCRYPTED FILE-----';
const columns = 64;
/** age's own limit for white space before and after the armour. */
const maxOutsideLength = 1024;

/**
 * The bytes inside the armour. CRLF, a missing last line end and white space around the whole are accepted, nothing else.
 * Undefined where the text is not such an armour.
 */
export function parseArmor(text: string): Uint8Array | undefined {
  const start = text.search(/[^ \t\r\n\v\f]/);
  if (start < 0 || start > maxOutsideLength || !startsLine(text, start)) return undefined;
  const lines = text.slice(start).split('\n').map(withoutCr);
  const last = lines.indexOf(end);
  if (lines[0] !== begin || last < 1) return undefined;
  const after = lines.slice(last + 1).join('\n');
  if (after.trim() !== '' || after.length >= maxOutsideLength) return undefined;
  return parseBody(lines.slice(1, last));
}

/** Armoured text with 64 columns and a line end after the last line, as age and sops write it. */
export function printArmor(bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes).toString('base64');
  return `${[begin, ...(base64.match(/.{1,64}/g) ?? []), end].join('\n')}\n`;
}

/** White space may stand on lines of its own before the armour, not in front of its first line. */
function startsLine(text: string, offset: number): boolean {
  return offset === 0 || text[offset - 1] === '\n';
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Every line but the last has 64 columns; each is canonical base64, so padding can stand on the last one only. */
function parseBody(lines: readonly string[]): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const [index, line] of lines.entries()) {
    const isLast = index === lines.length - 1;
    const fits = isLast ? line.length > 0 && line.length <= columns : line.length === columns;
    const part = fits && (isLast || !line.endsWith('=')) ? parsePaddedBase64(line) : undefined;
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
