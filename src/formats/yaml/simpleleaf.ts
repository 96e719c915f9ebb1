/** The leaves of a text that `lines.ts` takes: what they mean, and how they look once they are decrypted. */

import { Timestamp } from '../../core/scalar.ts';
import type { Scalar } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { LeafStyle, type LineTable } from './linetable.ts';
import { resolveScalar } from './resolve.ts';
import { openedText, type RestyleContext, type Restyled, type SealedLeaf } from './restyle.ts';

const styles = { [LeafStyle.plain]: 'plain', [LeafStyle.double]: 'double', [LeafStyle.single]: 'single' } as const;

const sealedLeaves = new Map<LeafStyle, SealedLeaf>(
  Object.values(LeafStyle).map(style => [
    style,
    { style: styles[style], inFlow: false, tagged: false, header: '', column: 0 },
  ]),
);

/** Where the text of a leaf starts and ends, without quotes. */
export const innerStart = (table: LineTable, event: number): number =>
  table.start(event) + (table.style(event) === LeafStyle.plain ? 0 : 1);
export const innerEnd = (table: LineTable, event: number): number =>
  table.end(event) - (table.style(event) === LeafStyle.plain ? 0 : 1);

/** No word or number that means something else is longer and begins with a letter. */
const longestWord = 5;

/**
 * Whether these bytes are a text that stands for itself, plain and in quotes of either kind. There are others that do;
 * of them the general way decides.
 */
export function isSure(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= longestWord || bytes[end - 1] === 0x20) return false;
  const first = (bytes[start] as number) | 0x20;
  if (first < 0x61 || first > 0x7a) return false;
  for (let at = start; at < end; at++) {
    const c = bytes[at] as number;
    if (c < 0x28 ? c !== 0x20 : c > 0x7e || c === 0x3a || c === 0x5c) return false;
  }
  return true;
}

/** Whether the leaf is written in ciphertext, as far as its first characters tell. */
export function isSealed(text: Buffer, start: number): boolean {
  return text[start] === 0x45 && text[start + 1] === 0x4e && text[start + 2] === 0x43 && text[start + 3] === 0x5b;
}

/** The value of a leaf in clear text. @throws TsopsError NOT_ENCRYPTABLE as `resolveScalar` */
export function clearValue(table: LineTable, event: number, text: Buffer): Scalar {
  const inner = text.toString('utf8', innerStart(table, event), innerEnd(table, event));
  if (table.style(event) !== LeafStyle.plain || isSealed(text, table.start(event))) return inner;
  return resolveScalar({ text: inner, style: 'plain', tag: '' });
}

/** The text of a decrypted value in place of its ciphertext. */
export function opened(style: LeafStyle, value: Scalar, context: RestyleContext): Restyled {
  return openedText(sealedLeaves.get(style) as SealedLeaf, value, context);
}

/** Whether decrypting gives the source of a plain leaf back from its value alone. */
export function comesBack(table: LineTable, event: number, text: Buffer): boolean {
  if (isSure(text, innerStart(table, event), innerEnd(table, event))) return true;
  const value = valueOrNothing(table, event, text);
  // A time may have a zone that cannot be stored.
  if (value === undefined || value instanceof Timestamp) return false;
  if (value === null) return true;
  const { head, body } = opened(table.style(event), value, { base: table.column(event), step: 1, allowBlock: true });
  return body.length === 0 && head === text.toString('utf8', table.start(event), table.end(event));
}

/** Undefined for a value that the general way refuses. */
export function valueOrNothing(table: LineTable, event: number, text: Buffer): Scalar | undefined {
  try {
    return clearValue(table, event, text);
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}

/** Whether a plain leaf begins as a number may. */
export const mayBeNumber = (text: Buffer, start: number): boolean => (text[start] as number) < 0x3a;
