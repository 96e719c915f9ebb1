/** INI from a tree without a source text, as sops 3.13.2 prints it with gopkg.in/ini.v1 (stores/ini/store.go encodeTree). */

import type { Comment, Entry, Mapping, Node, Stage, Tree } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { bytesOf, flatten, rawScalar } from '../flat.ts';
import type { PrintOptions } from '../format.ts';
import { goJson } from './gojson.ts';
import { writings } from './quoting.ts';
import { readUnit } from './rewrite.ts';
import type { KeyUnit } from './scan.ts';
import { scan } from './scan.ts';
import { trimmed } from './whitespace.ts';

/** The reserved name. */
export const blockName = 'sops';

/** The flattened block as raw names and values. */
export function rawPairs(block: Mapping): [string, string][] {
  return flatten(block).map(([key, value]) => [rawScalar(key), rawScalar(value.replaceAll('\n', '\\n'))]);
}

/** @see Format.print. A second document is refused: sops would mix it into the first. @throws TsopsError NOT_REPRESENTABLE */
export function print(tree: Tree<Stage>, options: PrintOptions & { readonly block?: Mapping | undefined }): Uint8Array {
  const [root] = tree.documents;
  if (root === undefined || tree.documents.length !== 1) {
    throw new TsopsError('NOT_REPRESENTABLE', 'an INI file holds exactly one document');
  }
  const sections = sectionsOf(root);
  if (options.block !== undefined) {
    if (sections.some(({ key }) => key === blockName)) {
      throw new TsopsError('NOT_REPRESENTABLE', 'the section sops is reserved', { path: [blockName] });
    }
    return bytesOf(joined([...sections.map(printedSection), printSection(blockName, rawPairs(options.block))]));
  }
  return bytesOf(joined(sections.map(printedSection)));
}

/** An empty DEFAULT section prints nothing, not even the line that parts it from the next. */
const joined = (sections: readonly string[]): string => sections.filter(text => text !== '').join('\n');

interface SectionEntry {
  readonly key: string;
  readonly value: Mapping;
  readonly isFirst: boolean;
}

function sectionsOf(root: Mapping): SectionEntry[] {
  const entries = root.items.filter(item => item.kind === 'entry');
  return entries.map(({ key, value }, index) => {
    if (value.kind === 'mapping') return { key, value, isFirst: index === 0 };
    throw new TsopsError('NOT_REPRESENTABLE', 'an INI file holds sections only', {
      path: [key],
      hints: ['every value must stand in a mapping at the top'],
    });
  });
}

function printedSection({ key, value, isFirst }: SectionEntry): string {
  const rows: Row[] = [];
  const heading: string[] = [];
  for (const [index, item] of value.items.entries()) {
    if (item.kind === 'entry') rows.push(rowOf(key, item));
    else if (index === 0) heading.push(...commentLines(item));
    else attach(rows.at(-1), item);
  }
  refuseRepeated(key, rows);
  const name = isFirst && key === 'DEFAULT' ? [] : [headerOf(key)];
  return [...heading, ...name, ...aligned(rows)].map(line => `${line}\n`).join('');
}

interface Row {
  readonly key: string;
  readonly name: string;
  readonly value: string;
  comment: readonly string[];
}

/** sops prints a comment above the key that it follows in the tree, since that is where its own parser puts it. */
function attach(row: Row | undefined, item: Comment): void {
  if (row !== undefined && item.text !== '') row.comment = commentLines(item, trimmed);
}

/** Text that starts with a marker keeps it and gets one blank behind it; other text gets `; `. */
function commentLines(item: Comment, tidy: (line: string) => string = line => line): string[] {
  if (item.text === '') return [];
  return rawScalar(item.text)
    .split('\n')
    .map(line => (/^[#;]/.test(line) ? `${line.slice(0, 1)} ${trimmed(line.slice(1))}` : `; ${tidy(line)}`));
}

function refuseRepeated(section: string, rows: readonly Row[]): void {
  const seen = new Set<string>();
  for (const { key } of rows) {
    if (seen.has(key)) throw cannotHold('an INI section cannot hold a key twice', section, key);
    seen.add(key);
  }
}

function cannotHold(what: string, section: string, key?: string): TsopsError {
  return new TsopsError('NOT_REPRESENTABLE', what, { path: key === undefined ? [section] : [section, key] });
}

function rowOf(section: string, { key, value }: Entry): Row {
  if (value.kind !== 'leaf') throw cannotHold('an INI section cannot hold a list or a mapping', section, key);
  const name = writtenName(rawScalar(key));
  if (name === undefined) throw cannotHold('an INI file cannot hold this key', section, key);
  const written = writtenValue(rawScalar(value.value));
  if (written === undefined) throw cannotHold('an INI file cannot hold this value', section, key);
  return { key, name, value: written, comment: [] };
}

/** As sops writes it where that reads back; it does not for a value in quotes or one that ends in a backslash. */
export function writtenValue(raw: string): string | undefined {
  for (const text of writings(raw, '')) if (readBack(`k = ${text}\n`)?.value === raw) return text;
  return undefined;
}

export function writtenName(raw: string): string | undefined {
  const usual = /["=:]/.test(raw) ? '`' : raw.includes('`') ? '"""' : '';
  for (const quote of new Set([usual, '', '`', '"', '"""'])) {
    const text = quote + raw + quote;
    if (raw !== '-' && readBack(`${text} = v\n`)?.name === raw) return text;
  }
  return undefined;
}

function readBack(line: string): KeyUnit | undefined {
  try {
    const [unit, tail] = scan(line);
    return unit?.kind === 'key' && tail?.start === line.length ? unit : undefined;
  } catch {
    return undefined;
  }
}

export function headerOf(section: string): string {
  const name = rawScalar(section);
  const header = `[${name}]`;
  const span = { start: 0, end: 0 };
  const like = {
    kind: 'section',
    name,
    lines: [],
    lineStart: 0,
    valueSpan: span,
    inline: undefined,
    lost: undefined,
    ...span,
  } as const;
  if (readUnit(`${header}\n`, like) === undefined)
    throw cannotHold('an INI file cannot hold this section name', section);
  return header;
}

function aligned(rows: readonly Row[]): string[] {
  const width = rows.reduce((widest, row) => Math.max(widest, row.name.length), 0);
  return rows.flatMap(row => [...row.comment, `${row.name.padEnd(width)} = ${row.value}`]);
}

/** A section of raw names and values, with its header. */
export function printSection(name: string, pairs: readonly (readonly [string, string])[]): string {
  const rows = pairs.map(([key, value]): Row => {
    const written = writtenValue(value);
    const writtenKey = writtenName(key);
    if (written === undefined || writtenKey === undefined)
      throw cannotHold('an INI file cannot hold this value', name, key);
    return { key, name: writtenKey, value: written, comment: [] };
  });
  return [headerOf(name), ...aligned(rows)].map(line => `${line}\n`).join('');
}

/** @see Format.printNode. @throws TsopsError NOT_REPRESENTABLE for a mapping whose values are not sections, for NaN and infinities */
export function printNode(node: Node): Uint8Array {
  if (node.kind === 'mapping') return bytesOf(joined(sectionsOf(node).map(printedSection)));
  if (node.kind === 'leaf' && (typeof node.value === 'string' || node.value instanceof Uint8Array)) {
    return bytesOf(rawScalar(node.value));
  }
  return bytesOf(rawScalar(goJson(node)));
}
