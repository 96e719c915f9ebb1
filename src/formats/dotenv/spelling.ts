/**
 * What an encrypted dotenv file cannot show: lines that are only a carriage return (sops refuses them, so they are
 * written empty) and the bytes of comments that are not UTF-8 (a comment is a string in the tree). `docs/format.md` §7.
 *
 * The text is the JSON of `Odd`, whose line numbers leave out the block: `{"lines":4,"cr":[1],"comments":[[2,"ZsOp"]]}`.
 */

import type { Changes } from '../../core/tree.ts';
import { readable } from '../flat.ts';
import type { Line } from './file.ts';

/** How many lines the file has, which of them (from 0) are a lone carriage return, and the texts of comments by line, in base64. */
interface Odd {
  readonly lines: number;
  readonly cr: readonly number[];
  readonly comments: readonly (readonly [number, string])[];
}

const textOf = (line: Line): string => line.raw.slice(line.at);

/** The spelling of a plain file; undefined where the encrypted text says everything. */
export function spellOdd(lines: readonly Line[], changes: Changes): string | undefined {
  const cr: number[] = [];
  const comments: [number, string][] = [];
  for (const [index, line] of lines.entries()) {
    if (line.raw === '\r') cr.push(index);
    else if (line.kind === 'comment' && changes[line.slot] !== undefined && isOdd(textOf(line))) {
      comments.push([index, Buffer.from(textOf(line), 'latin1').toString('base64')]);
    }
  }
  const odd: Odd = { lines: lines.length, cr, comments };
  return cr.length + comments.length === 0 ? undefined : JSON.stringify(odd);
}

const isOdd = (raw: string): boolean => Buffer.from(readable(raw), 'utf8').toString('latin1') !== raw;

/** The decrypted texts of the lines, with what the spelling still fits put back. */
export function restoreOdd(lines: readonly Line[], texts: string[], spelling: string | undefined): readonly string[] {
  const odd = spelling === undefined ? undefined : oddOf(spelling);
  if (odd === undefined) return texts;
  const restored = [...texts];
  if (odd.lines === lines.length) {
    for (const index of odd.cr) if (restored[index] === '') restored[index] = '\r';
  }
  for (const [index, base64] of odd.comments) {
    const raw = Buffer.from(base64, 'base64').toString('latin1');
    const fits = !raw.includes('\n') && readable(`#${raw}`) === readable(restored[index] ?? '');
    if (fits && lines[index]?.kind === 'comment') restored[index] = `#${raw}`;
  }
  return restored;
}

function oddOf(spelling: string): Odd | undefined {
  try {
    const value: unknown = JSON.parse(spelling);
    return isOddValue(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isOddValue(value: unknown): value is Odd {
  if (typeof value !== 'object' || value === null) return false;
  if (!('lines' in value && 'cr' in value && 'comments' in value)) return false;
  if (typeof value.lines !== 'number' || !Array.isArray(value.cr) || !Array.isArray(value.comments)) return false;
  return value.cr.every(isIndex) && value.comments.every(isIndexedText);
}

const isIndex = (value: unknown): boolean => typeof value === 'number';

const isIndexedText = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isIndex(value[0]) && typeof value[1] === 'string';
