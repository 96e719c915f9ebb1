/**
 * The units of an INI file with the slots of the tree, as sops 3.13.2 stores/ini/store.go builds it: the section DEFAULT comes
 * first even when it is empty, a repeated header makes a section of its own, a repeated key keeps the place of the first and
 * the value and comment of the last, and all comment lines before a key together with the one behind it are one comment.
 */

import type { Comment, Entry, Mapping } from '../../core/tree.ts';
import { comment, entry, leaf, mapping } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { readable, scalarOf } from '../flat.ts';
import type { CommentLine, KeyUnit, SectionUnit, Span, Unit } from './scan.ts';
import { scan } from './scan.ts';
import { skipSpace, trimEnd } from './whitespace.ts';

/** A section of the file; `nth` counts the sections of one name from 0. */
interface Section {
  readonly name: string;
  readonly nth: number;
}

/** A unit and what it has in the tree. */
export interface Slotted {
  readonly unit: Unit;
  readonly section: Section;
  /** Which occurrence of its key in its section, from 0. */
  readonly nth: number;
  /** -1 for a header, for a key that is repeated further down, and for the tail. */
  value: number;
  /** One slot for the joined comment of a key or header; one for each line of a tail. */
  comments: number[];
  /** A key whose value and comment a later line with the same key replaces. */
  shadowed: boolean;
}

export interface Layout {
  readonly raw: string;
  readonly units: readonly Slotted[];
  readonly root: Mapping;
  readonly slots: number;
}

interface OpenSection extends Section {
  header: Slotted | undefined;
  readonly keys: Map<string, Slotted>;
  readonly tails: Slotted[];
  numbered: number;
}

const byteOrderMark = '\xef\xbb\xbf';

/** A byte order mark belongs to no unit. */
export const markOf = (raw: string): string => (raw.startsWith(byteOrderMark) ? byteOrderMark : '');

/** @throws TsopsError FILE_SYNTAX, NOT_ENCRYPTABLE for a name that is not UTF-8 and, in a plain file, for a key named `-` */
export function layOut(raw: string, stage: 'plain' | 'encrypted'): Layout {
  if (/^(?:\xfe\xff|\xff\xfe)/.test(raw)) throw new TsopsError('FILE_SYNTAX', 'an INI file must be UTF-8, not UTF-16');
  const sections = [openSection('DEFAULT', 0)];
  const counts = new Map([['DEFAULT', 1]]);
  const units = scan(raw, markOf(raw).length).map(unit => {
    if (unit.kind === 'section') {
      const nth = counts.get(unit.name) ?? 0;
      counts.set(unit.name, nth + 1);
      sections.push(openSection(nameOf(raw, unit), nth));
    }
    return addUnit(raw, sections.at(-1)!, unit, stage);
  });
  const walk = new Walk(raw);
  return { raw, units, root: mapping(sections.map(section => walk.section(section))), slots: walk.slots };
}

function openSection(name: string, nth: number): OpenSection {
  return { name, nth, header: undefined, keys: new Map(), tails: [], numbered: 0 };
}

function addUnit(raw: string, section: OpenSection, unit: Unit, stage: 'plain' | 'encrypted'): Slotted {
  if (unit.kind === 'key') return addKey(section, unit, keyName(raw, section, unit, stage));
  const slotted = slottedOf(unit, section, 0);
  if (unit.kind === 'section') section.header = slotted;
  else section.tails.push(slotted);
  return slotted;
}

function addKey(section: OpenSection, unit: KeyUnit, name: string): Slotted {
  const previous = section.keys.get(name);
  if (previous !== undefined) previous.shadowed = true;
  const slotted = slottedOf(unit, section, previous === undefined ? 0 : previous.nth + 1);
  section.keys.set(name, slotted);
  return slotted;
}

function slottedOf(unit: Unit, section: Section, nth: number): Slotted {
  return { unit, section, nth, value: -1, comments: [], shadowed: false };
}

/** The library calls keys named `-` `#1`, `#2` …; sops writes that name into the file and then reads a comment. */
function keyName(raw: string, section: OpenSection, unit: KeyUnit, stage: 'plain' | 'encrypted'): string {
  if (unit.name !== '-') return nameOf(raw, unit);
  if (stage === 'plain') {
    throw new TsopsError('NOT_ENCRYPTABLE', 'a key named - has no name that sops could read back', {
      ...placeOf(raw, unit),
      hints: ['give every key of the list a name of its own'],
    });
  }
  section.numbered += 1;
  return `#${section.numbered}`;
}

function nameOf(raw: string, unit: KeyUnit | SectionUnit): string {
  const name = scalarOf(unit.name);
  if (typeof name === 'string') return name;
  throw new TsopsError('NOT_ENCRYPTABLE', 'a key or section name is not UTF-8', placeOf(raw, unit));
}

const placeOf = (raw: string, unit: Unit) => ({ line: raw.slice(0, unit.lineStart).split('\n').length, column: 1 });

/** Gives out the slots in walk order. */
class Walk {
  slots = 0;
  readonly #raw: string;

  constructor(raw: string) {
    this.#raw = raw;
  }

  section(section: OpenSection): Entry {
    const items: (Entry | Comment)[] = section.header === undefined ? [] : this.#comment(section.header);
    for (const [name, slotted] of section.keys) {
      slotted.value = this.slots++;
      if (slotted.unit.kind === 'key') items.push(entry(name, leaf(scalarOf(slotted.unit.value), slotted.value)));
      for (const item of this.#comment(slotted)) items.push(item);
    }
    for (const tail of section.tails) {
      for (const line of tail.unit.lines) items.push(this.#slot(tail, commentText(this.#raw, [line], undefined)));
    }
    return entry(section.name, mapping(items));
  }

  #comment(slotted: Slotted): Comment[] {
    const text = commentOf(this.#raw, slotted.unit);
    return text === undefined ? [] : [this.#slot(slotted, text)];
  }

  #slot(slotted: Slotted, text: string): Comment {
    const slot = this.slots++;
    slotted.comments.push(slot);
    return comment(readable(text), false, slot);
  }
}

/** The joined comment of a key or a header, raw and without its first marker; undefined where there is none. */
export function commentOf(raw: string, unit: Unit): string | undefined {
  const inline = unit.kind === 'tail' ? undefined : unit.inline;
  return unit.lines.length === 0 && inline === undefined ? undefined : commentText(raw, unit.lines, inline);
}

function commentText(raw: string, lines: readonly CommentLine[], inline: Span | undefined): string {
  const parts = lines.map(line => raw.slice(line.start, line.lineEnd));
  if (inline !== undefined) parts.push(raw.slice(inline.start, inline.end));
  const joined = parts.join('');
  const start = skipSpace(joined, 0, joined.length);
  const end = trimEnd(joined, start, joined.length);
  return joined.slice(textStart(joined, start, end), end);
}

/** Behind the marker and everything that sops strips with it: all `;` and blanks, or all `#` and blanks. */
export function textStart(raw: string, start: number, end: number): number {
  const marker = raw[start];
  let at = start;
  while (at < end && (raw[at] === marker || raw[at] === ' ')) at += 1;
  return at;
}
