/**
 * One unit of an INI file with another value or comment. What is written is read back before it counts: the same name, the
 * new value, the new comment. So the rules of the parser stand in one place.
 */

import { TsopsError } from '../../errors.ts';
import { readable } from '../flat.ts';
import type { Slotted } from './layout.ts';
import { commentOf, textStart } from './layout.ts';
import { writings } from './quoting.ts';
import type { KeyUnit, SectionUnit, TailUnit, Unit } from './scan.ts';
import { scan } from './scan.ts';
import { breakWidth, nextLine } from './whitespace.ts';

/** The raw texts that a unit gets; undefined where it keeps its own. */
export interface UnitChange {
  readonly value: string | undefined;
  /** As the slots: one for a key or header, one for each line of a tail. */
  readonly comments: readonly (string | undefined)[];
}

/**
 * The text of the unit with its change. With `visible`, what sops does not see of the unit is taken out: text behind a quoted
 * name, a quoted value or a header, and all that a repeated key overrides; it would stay in clear text.
 * @throws TsopsError NOT_REPRESENTABLE where no way of writing the value reads back
 */
export function rewriteUnit(raw: string, slotted: Slotted, change: UnitChange, visible: boolean): string {
  const { unit } = slotted;
  if (visible && slotted.shadowed && unit.kind === 'key') return emptied(raw, unit);
  if (visible && change.value === undefined && opensAtBreak(unit)) {
    return rewriteUnit(raw, slotted, { ...change, value: '"""' }, visible);
  }
  const lost = visible && hasLost(unit);
  if (!lost && change.value === undefined && change.comments.every(text => text === undefined)) {
    return raw.slice(unit.start, unit.end);
  }
  if (unit.kind === 'tail') return rewriteTail(raw, unit, change.comments);
  if (change.value !== undefined && isBare(raw, unit) && isStanding(change.value)) {
    return raw.slice(unit.start, unit.valueSpan.start) + change.value + raw.slice(unit.valueSpan.end, unit.end);
  }
  return bestWriting(raw, slotted, unit, change, visible);
}

/** Values that are written as they are and read back in every place: no quote, no mark of a comment, no blank at an end. */
const isStanding = (value: string): boolean => standing.test(value) && !value.startsWith(' ') && !value.endsWith(' ');
/** A single class: an expression with a group for each word runs out of memory of its own at some millions of words. */
const standing = /^[\x20\x21\x24-\x26\x28-\x3a\x3c-\x5b\x5d-\x5f\x61-\x7e]+$/;

/** A key with a value on its line and nothing else that belongs to it: of such there are very many. */
function isBare(raw: string, unit: KeyUnit | SectionUnit): boolean {
  if (unit.kind !== 'key' || unit.lines.length > 0 || unit.inline !== undefined || hasLost(unit)) return false;
  const { start, end } = unit.valueSpan;
  return unit.quote === '' && start < end && raw.slice(start, end) === unit.value;
}

/** Three quotes at the very end of a file are a value; with a line break behind them they open one. */
const opensAtBreak = (unit: Unit): boolean => unit.kind === 'key' && unit.quote === '' && unit.value === '"""';

const hasLost = (unit: Unit): boolean =>
  unit.kind !== 'tail' && (unit.lost !== undefined || (unit.kind === 'key' && unit.lostInName !== undefined));

/** The line of a unit up to its value. */
function upToValue(raw: string, unit: KeyUnit | SectionUnit, visible: boolean): string {
  const junk = visible && unit.kind === 'key' ? unit.lostInName : undefined;
  const { start } = unit.valueSpan;
  return junk === undefined
    ? raw.slice(unit.lineStart, start)
    : raw.slice(unit.lineStart, junk.start) + raw.slice(junk.end, start);
}

/** A repeated key keeps its first place, so the line stays, without anything in it. */
function emptied(raw: string, unit: KeyUnit): string {
  const end = breakWidth(raw.slice(unit.start, unit.end));
  const blank = raw.slice(unit.start, unit.lines[0]?.lineStart ?? unit.lineStart);
  return blank + upToValue(raw, unit, true) + raw.slice(unit.end - end, unit.end);
}

function rewriteTail(raw: string, unit: TailUnit, comments: readonly (string | undefined)[]): string {
  const parts: string[] = [];
  let at = unit.start;
  for (const [index, line] of unit.lines.entries()) {
    const text = comments[index];
    if (text === undefined) continue;
    parts.push(raw.slice(at, textStart(raw, line.start, line.end)), commentLines(text));
    at = line.end;
  }
  return parts.join('') + raw.slice(at, unit.end);
}

/** A comment of several lines needs a marker on each, or its lines would become keys. */
function commentLines(text: string): string {
  return text.includes('\n') ? text.replace(/\n(?![ \t]*[#;])/g, '\n; ') : text;
}

function bestWriting(
  raw: string,
  slotted: Slotted,
  unit: KeyUnit | SectionUnit,
  change: UnitChange,
  visible: boolean,
): string {
  const [comment] = change.comments;
  const expected = {
    value: change.value ?? (unit.kind === 'key' ? unit.value : ''),
    comment: comment === undefined ? commentOf(raw, unit) : commentLines(comment),
  };
  let readable: string | undefined;
  for (const text of attempts(raw, unit, change.value, comment, visible)) {
    const read = readUnit(breakWidth(text) > 0 ? text : `${text}\n`, unit);
    if (read === undefined || valueIn(read) !== expected.value) continue;
    if (commentOf(text, read) === expected.comment) return text;
    readable ??= text;
  }
  if (readable !== undefined) return readable;
  throw notRepresentable(slotted);
}

function notRepresentable(slotted: Slotted): TsopsError {
  const path = [slotted.section.name, ...(slotted.unit.kind === 'key' ? [readable(slotted.unit.name)] : [])];
  return new TsopsError('NOT_REPRESENTABLE', 'an INI file cannot hold this value', { path });
}

/** Ways to write the unit; a comment behind a value moves to a line of its own where it could not be read behind it. */
function* attempts(
  raw: string,
  unit: KeyUnit | SectionUnit,
  value: string | undefined,
  comment: string | undefined,
  visible: boolean,
): Generator<string> {
  const moves = unit.inline === undefined ? [false] : [false, true];
  const keeps = value === undefined || unit.kind === 'section';
  for (const written of keeps ? [undefined] : writings(value, unit.quote)) {
    for (const moved of moves) yield compose(raw, unit, { written, comment, moved, visible });
  }
}

interface Plan {
  /** The value with its quotes; undefined leaves what stands there. */
  readonly written: string | undefined;
  readonly comment: string | undefined;
  readonly moved: boolean;
  readonly visible: boolean;
}

function compose(raw: string, unit: KeyUnit | SectionUnit, plan: Plan): string {
  const { start, end } = unit.valueSpan;
  const value = plan.written ?? raw.slice(start, end);
  return before(raw, unit, plan) + upToValue(raw, unit, plan.visible) + value + behind(raw, unit, plan);
}

/** Everything before the line of the unit. Several comment lines become the one that sops makes of them. */
function before(raw: string, unit: KeyUnit | SectionUnit, plan: Plan): string {
  const first = unit.lines[0];
  const last = unit.lines.at(-1);
  if (first === undefined || last === undefined || plan.comment === undefined) {
    return raw.slice(unit.start, unit.lineStart) + movedComment(raw, unit, plan);
  }
  const single = first === last && unit.inline === undefined;
  const head = raw.slice(unit.start, textStart(raw, first.start, single ? first.end : first.lineEnd));
  return head + commentLines(plan.comment) + raw.slice(last.end, unit.lineStart);
}

function movedComment(raw: string, unit: KeyUnit | SectionUnit, plan: Plan): string {
  if (!plan.moved || unit.inline === undefined) return '';
  const { start, end } = unit.inline;
  const from = textStart(raw, start, end);
  const width = breakWidth(raw.slice(unit.start, unit.end));
  const lineBreak = width === 0 ? '\n' : raw.slice(unit.end - width, unit.end);
  return raw.slice(start, from) + commentLines(plan.comment ?? raw.slice(from, end)) + lineBreak;
}

/** Everything behind the value. */
function behind(raw: string, unit: KeyUnit | SectionUnit, plan: Plan): string {
  const from = unit.valueSpan.end;
  const hide = plan.visible && unit.lost !== undefined;
  // The blank line that ends a continued value goes with it.
  const last = plan.written === undefined ? unit.end : nextLine(raw, from);
  if (unit.inline === undefined) return raw.slice(hide ? unit.lost.end : from, last);
  const { start, end } = unit.inline;
  const joined = plan.comment !== undefined && unit.lines.length > 0;
  if (plan.moved || joined) return raw.slice(end, unit.end);
  const gap = hide ? ' ' : raw.slice(from, start);
  if (plan.comment === undefined) return gap + raw.slice(start, unit.end);
  return gap + raw.slice(start, textStart(raw, start, end)) + plan.comment + raw.slice(end, unit.end);
}

/** The one unit that a text holds, if it is of this kind and name. */
export function readUnit(text: string, like: Unit): Unit | undefined {
  const [unit, tail, more] = scanned(text);
  if (like.kind === 'tail') return unit?.kind === 'tail' ? unit : undefined;
  if (unit === undefined || tail === undefined || more !== undefined || tail.start !== tail.end) return undefined;
  return unit.kind === like.kind && unit.name === like.name ? unit : undefined;
}

function scanned(text: string): readonly Unit[] {
  try {
    return scan(text);
  } catch {
    return [];
  }
}

const valueIn = (unit: Unit): string => (unit.kind === 'key' ? unit.value : '');
