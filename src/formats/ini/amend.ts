/** An INI text with one change: of a key in a section, or of a section. `docs/format.md` §9. */

import type { Amendment } from '../../core/amend.ts';
import { type Entry, leaf, type Mapping, mapping, type Node } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { cannotHold, flatScalar, isAmended } from '../amendment.ts';
import { bytesOf, rawOf, rawScalar } from '../flat.ts';
import { parsePlain } from './file.ts';
import { type Layout, layOut, markOf, type Slotted } from './layout.ts';
import { headerOf, writtenName, writtenValue } from './print.ts';
import { rewriteUnit } from './rewrite.ts';
import type { KeyUnit } from './scan.ts';
import { breakWidth } from './whitespace.ts';

/** @see Format.amend */
export function amend(bytes: Uint8Array, amendment: Amendment): Uint8Array {
  const [section, key, ...rest] = amendment.path;
  if (typeof section !== 'string' || (key !== undefined && typeof key !== 'string') || rest.length > 0)
    throw badPath(amendment);
  const raw = rawOf(bytes);
  if (key === undefined) {
    const changed = changedSection(raw, section, amendment);
    return proved(bytes, changed.text, { ...amendment, value: changed.value });
  }
  if (amendment.value === undefined) return proved(bytes, withoutKey(raw, section, key), amendment);
  const { text, value } = withKey(raw, section, key, scalarIn(amendment.value, amendment), amendment);
  return proved(bytes, text, { ...amendment, value });
}

const badPath = ({ path }: Amendment): TsopsError =>
  cannotHold(
    'an INI file holds sections of single values only',
    path,
    'Give a path of a section and a key: ["section"]["key"].',
  );

function scalarIn(node: Node, amendment: Amendment) {
  if (node.kind === 'leaf') return node.value;
  throw badPath(amendment);
}

function proved(before: Uint8Array, text: string, amendment: Amendment): Uint8Array {
  const after = bytesOf(text);
  if (readsBack(before, after, amendment)) return after;
  throw cannotHold('an INI file cannot hold this change', amendment.path, 'Make it with `tsops edit`.');
}

function readsBack(before: Uint8Array, after: Uint8Array, amendment: Amendment): boolean {
  try {
    return isAmended(parsePlain(before).tree, parsePlain(after).tree, amendment);
  } catch (error) {
    if (error instanceof TsopsError) return false;
    throw error;
  }
}

interface Changed {
  readonly text: string;
  /** The value as the file now holds it. */
  readonly value: Node | undefined;
}

/** Of sections with one name the first counts. */
const unitsOf = (layout: Layout, section: string): Slotted[] =>
  layout.units.filter(({ unit, section: { name, nth } }) => unit.kind !== 'tail' && name === section && nth === 0);

/** The line whose value counts: of equal keys the last one. */
function keyUnit(units: readonly Slotted[], key: string): Slotted | undefined {
  return units.find(({ unit, shadowed }) => unit.kind === 'key' && !shadowed && unit.name === rawScalar(key));
}

function withKey(raw: string, section: string, key: string, value: Scalar, amendment: Amendment): Changed {
  const flat = flatScalar(value, amendment, 'INI');
  const layout = layOut(raw, 'plain');
  const units = unitsOf(layout, section);
  const found = keyUnit(units, key);
  if (found !== undefined) {
    const change = { value: flat.raw, comments: [] };
    const text = rewriteUnit(raw, found, change, false);
    return { text: raw.slice(0, found.unit.start) + text + raw.slice(found.unit.end), value: flat.amendment.value };
  }
  const [name, written] = [writtenName(rawScalar(key)), writtenValue(flat.raw)];
  if (name === undefined || written === undefined)
    throw cannotHold('an INI file cannot hold this key or value', amendment.path);
  const last = units.at(-1);
  const at = last?.unit.end ?? markOf(raw).length;
  return { text: withLine(raw, at, lineLike(raw, last, name, written)), value: flat.amendment.value };
}

type Scalar = Extract<Node, { kind: 'leaf' }>['value'];

/** A line as the last key of the section has it: its indentation, and its equals sign in the same column. */
function lineLike(raw: string, last: Slotted | undefined, name: string, value: string): string {
  const unit = last?.unit;
  if (unit?.kind !== 'key') return `${name} = ${value}`;
  const [, indent = '', before = '', sign = ' = '] =
    /^([ \t]*)(.*?)([ \t]*[=:][ \t]*)$/s.exec(raw.slice(unit.lineStart, unit.valueSpan.start)) ?? [];
  const [, gap = '', mark = '=', after = ''] = /^([ \t]*)([=:])([ \t]*)$/.exec(sign) ?? [];
  const column = gap === '' || gap.includes('\t') ? 0 : before.length + gap.length - 1;
  return indent + name.padEnd(column) + gap.slice(-1) + mark + after + value;
}

/** The text with one more line; the missing end of a last line stays missing. */
function withLine(raw: string, at: number, ...lines: readonly string[]): string {
  const newline = newlineOf(raw);
  const inner = lines.join(newline);
  const isLast = at === raw.length && at > markOf(raw).length && breakWidth(raw) === 0;
  return raw.slice(0, at) + (isLast ? newline + inner : inner + newline) + raw.slice(at);
}

const newlineOf = (raw: string): string => (/\r?\n/.exec(raw)?.[0] === '\r\n' ? '\r\n' : '\n');

function withoutKey(raw: string, section: string, key: string): string {
  const layout = layOut(raw, 'plain');
  // Every line of a repeated key, or another value would come to light.
  const units = unitsOf(layout, section).filter(({ unit }) => unit.kind === 'key' && unit.name === rawScalar(key));
  return units.reduceRight((text, { unit }) => cut(text, ownStart(raw, unit as KeyUnit), unit.end), raw);
}

/** Where a unit starts with the comment lines that stand directly above it. */
function ownStart(raw: string, unit: Slotted['unit']): number {
  let start = unit.lineStart;
  for (const line of unit.lines.toReversed()) {
    if (line.lineEnd !== start) break;
    start = line.lineStart;
  }
  return Math.max(start, markOf(raw).length);
}

/** What is cut off at the end of a text takes the line break before it along, where the text had none at its end. */
function cut(raw: string, start: number, end: number): string {
  const isLast = end === raw.length && breakWidth(raw) === 0;
  const head = raw.slice(0, start);
  return (isLast ? head.slice(0, head.length - breakWidth(head)) : head) + raw.slice(end);
}

function changedSection(raw: string, section: string, amendment: Amendment): Changed {
  if (amendment.value === undefined) {
    // The library has this section in every file.
    const value = section === 'DEFAULT' ? mapping([]) : undefined;
    return { text: withoutSection(raw, section), value };
  }
  if (amendment.value.kind !== 'mapping') throw badPath(amendment);
  const units = unitsOf(layOut(raw, 'plain'), section);
  const keys = units.flatMap(({ unit, shadowed }) => (unit.kind === 'key' && !shadowed ? [unit.name] : []));
  const emptied = keys.reduce(
    (text, key) => withoutKey(text, section, Buffer.from(key, 'latin1').toString('utf8')),
    raw,
  );
  const isThere = units.length > 0 || section === 'DEFAULT';
  let text = isThere ? emptied : withHeader(raw, headerOf(section));
  const items: Entry[] = [];
  for (const item of (amendment.value as Mapping).items) {
    if (item.kind !== 'entry') continue;
    const changed = withKey(text, section, item.key, scalarIn(item.value, amendment), amendment);
    text = changed.text;
    items.push({ ...item, value: changed.value ?? leaf('') });
  }
  return { text, value: mapping(items) };
}

/** A new section stands at the end, a blank line above it. */
function withHeader(raw: string, header: string): string {
  const isEmpty = raw.length === markOf(raw).length;
  const isParted = isEmpty || /\n\r?\n$/.test(raw);
  return withLine(raw, raw.length, ...(isParted ? [header] : ['', header]));
}

function withoutSection(raw: string, section: string): string {
  const layout = layOut(raw, 'plain');
  const units = unitsOf(layout, section);
  const [first, last] = [units[0]?.unit, units.at(-1)?.unit];
  if (first === undefined || last === undefined) return raw;
  const start = ownStart(raw, first);
  // Of two blank lines around it one goes too.
  const above = /(?<=\n)\r?\n$/.exec(raw.slice(0, start))?.[0].length ?? 0;
  if (last.end === raw.length) return cut(raw, start - above, last.end);
  const below = /^\r?\n/.exec(raw.slice(last.end))?.[0].length ?? 0;
  return cut(raw, start, last.end + (above > 0 || start === markOf(raw).length ? below : 0));
}
