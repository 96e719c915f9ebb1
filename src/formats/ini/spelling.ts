/**
 * The units of a plain INI file that the encrypted text does not give back by itself: continued lines, several comment lines
 * with blank lines between them, comments behind a header, what a repeated key overrides, text behind a closing quote.
 * `docs/format.md` §7.
 *
 * The text is a JSON list with a row for each unit (scan.ts): `[text, section, n, key, m]` for a key, `[text, section, n]` for a
 * header and `[text]` for what follows the last key. The unit is the m-th of its key in the n-th section of its name, both
 * from 0; its text holds everything from the end of the unit before through its own line break, comments and blank lines
 * included, and is `[base64]` where it is not UTF-8.
 */

import { textOf } from '../../core/scalar.ts';
import { bytesOf, readable } from '../flat.ts';
import type { Layout, Slotted } from './layout.ts';
import { commentOf, layOut } from './layout.ts';
import type { UnitChange } from './rewrite.ts';
import { readUnit, rewriteUnit } from './rewrite.ts';
import { breakWidth } from './whitespace.ts';

/** The raw text of each unit that has one, by its place. */
export type Spelling = ReadonlyMap<string, string>;

/** Section, its number among those of its name, and for a key the same two; the tail of the file has neither. */
function placeOf({ unit, section, nth }: Slotted): string {
  if (unit.kind === 'tail') return '[]';
  return JSON.stringify(
    unit.kind === 'section' ? [section.name, section.nth] : [section.name, section.nth, readable(unit.name), nth],
  );
}

/** Compares every unit with what decrypting its encrypted text would give. @returns undefined where all are equal */
export function spell(plain: Layout, encrypted: Layout, decrypted: readonly UnitChange[]): string | undefined {
  const rows: unknown[] = [];
  for (const [index, slotted] of plain.units.entries()) {
    const { start, end } = slotted.unit;
    const text = plain.raw.slice(start, end);
    if (restored(encrypted, index, decrypted[index]) === text) continue;
    const utf8 = textOf(bytesOf(text));
    const spelled = utf8 === undefined ? [Buffer.from(text, 'latin1').toString('base64')] : utf8;
    rows.push([spelled, ...JSON.parse(placeOf(slotted))]);
  }
  return rows.length === 0 ? undefined : JSON.stringify(rows);
}

function restored(encrypted: Layout, index: number, change: UnitChange | undefined): string | undefined {
  const slotted = encrypted.units[index];
  if (slotted === undefined || change === undefined) return undefined;
  try {
    return rewriteUnit(encrypted.raw, slotted, change, false);
  } catch {
    return undefined;
  }
}

/** An unreadable spelling is an empty one. */
export function parseSpelling(text: string): Spelling {
  const spelling = new Map<string, string>();
  for (const row of rowsOf(text)) {
    if (!Array.isArray(row)) continue;
    const [spelled, ...place] = row;
    const raw = rawText(spelled);
    if (raw !== undefined) spelling.set(JSON.stringify(place), raw);
  }
  return spelling;
}

function rowsOf(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function rawText(spelled: unknown): string | undefined {
  if (typeof spelled === 'string') return Buffer.from(spelled, 'utf8').toString('latin1');
  const bytes: unknown = Array.isArray(spelled) ? spelled[0] : undefined;
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64').toString('latin1') : undefined;
}

/** The spelled text of a unit, if it still says what was decrypted. */
export function spelledUnit(
  layout: Layout,
  slotted: Slotted,
  change: UnitChange,
  spelling: Spelling,
): string | undefined {
  const text = spelling.size === 0 ? undefined : spelling.get(placeOf(slotted));
  if (text === undefined) return undefined;
  const own = layout.raw.slice(slotted.unit.start, slotted.unit.end);
  const read = readUnit(text, slotted.unit);
  const sameEnd = slotted.unit.end === layout.raw.length || breakWidth(own) > 0 === breakWidth(text) > 0;
  return read !== undefined && sameEnd && saysTheSame(layout, slotted, change, { text, unit: read }) ? text : undefined;
}

function saysTheSame(
  layout: Layout,
  slotted: Slotted,
  change: UnitChange,
  spelled: { readonly text: string; readonly unit: Slotted['unit'] },
): boolean {
  if (slotted.shadowed) return true;
  const { unit } = slotted;
  if (unit.kind === 'tail') return sameTail(layout, change, unit.lines.length, spelled);
  const value = change.value ?? (unit.kind === 'key' ? unit.value : '');
  if (spelled.unit.kind === 'key' && spelled.unit.value !== value) return false;
  const comment = change.comments[0] ?? commentOf(layout.raw, unit);
  const other = commentOf(spelled.text, spelled.unit);
  return comment === undefined || other === undefined ? comment === other : readable(comment) === readable(other);
}

/** A tail is compared line by line, through a file of its own. */
function sameTail(
  layout: Layout,
  change: UnitChange,
  lines: number,
  spelled: { readonly text: string; readonly unit: Slotted['unit'] },
): boolean {
  const own = layout.units.at(-1)!;
  const text = rewriteUnit(layout.raw, own, change, false);
  const ours = layOut(text, 'encrypted').root.items[0];
  const theirs = layOut(spelled.text, 'encrypted').root.items[0];
  return spelled.unit.lines.length === lines && JSON.stringify(ours) === JSON.stringify(theirs);
}
