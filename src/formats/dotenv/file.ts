/**
 * A dotenv file as its lines. sops 3.13.2 stores/dotenv/store.go LoadPlainFile: lines end at `\n` alone, a `#` in the first
 * column makes a comment, everything else needs a `=`; nothing is trimmed and nothing is quoted.
 */

import type { LinePlace } from '../../core/linemap.ts';
import type { Changes, Comment, Entry, Mapping, Stage, Tree } from '../../core/tree.ts';
import { comment, entry, leaf, mapping } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { bytesOf, changedRaw, rawOf, readable, scalarOf, unflatten } from '../flat.ts';
import type { EncryptedFile, PlainFile, PrintOptions, StoredBlock } from '../format.ts';
import { blockLines, blockPrefix } from './print.ts';
import { restoreOdd, spellOdd } from './spelling.ts';

/** One line without its line break. The last line of a file that ends in a line break is an empty one. */
export interface Line {
  readonly raw: string;
  readonly kind: 'blank' | 'comment' | 'entry';
  /** Offset of what a change replaces; it reaches to the end of the line. */
  readonly at: number;
  readonly slot: number;
}

export interface Lines {
  readonly lines: readonly Line[];
  readonly root: Mapping;
  readonly slots: number;
  /** The number of the line, from 0, of each slot. */
  readonly places: readonly number[];
  /** The lines of the block: raw, in the order of the file. */
  readonly block: readonly string[];
  readonly finalBreak: boolean;
}

const unescaped = (raw: string): string => raw.replaceAll('\\n', '\n');

/** @throws TsopsError FILE_SYNTAX, NOT_ENCRYPTABLE for a key that is not UTF-8 */
export function readLines(raw: string): Lines {
  const lines: Line[] = [];
  const items: (Entry | Comment)[] = [];
  const places: number[] = [];
  const block: string[] = [];
  const texts = raw.split('\n');
  for (const [index, text] of texts.entries()) {
    const slot = items.length;
    if (text === '' || text === '\r') {
      lines.push({ raw: text, kind: 'blank', at: 0, slot: -1 });
    } else if (text.startsWith('#')) {
      lines.push({ raw: text, kind: 'comment', at: 1, slot });
      places.push(index);
      items.push(comment(readable(text.slice(1)), false, slot));
    } else if (text.startsWith(blockPrefix) && text.includes('=')) {
      block.push(text);
    } else {
      const equals = equalsOf(text, index);
      lines.push({ raw: text, kind: 'entry', at: equals + 1, slot });
      places.push(index);
      items.push(entry(keyOf(text.slice(0, equals), index), leaf(scalarOf(unescaped(text.slice(equals + 1))), slot)));
    }
  }
  return { lines, root: mapping(items), slots: items.length, places, block, finalBreak: texts.at(-1) === '' };
}

function equalsOf(text: string, index: number): number {
  const equals = text.indexOf('=');
  if (equals >= 0) return equals;
  const hints = text.startsWith('\xef\xbb\xbf') ? ['the file starts with a byte order mark: save it without one'] : [];
  throw new TsopsError('FILE_SYNTAX', 'a line has no = and is no comment', { line: index + 1, column: 1, hints });
}

function keyOf(raw: string, index: number): string {
  const key = scalarOf(raw);
  if (typeof key === 'string') return key;
  throw new TsopsError('NOT_ENCRYPTABLE', 'a key is not UTF-8', { line: index + 1, column: 1 });
}

function pairOf(line: string): [string, string] {
  const equals = line.indexOf('=');
  return [readable(line.slice(blockPrefix.length, equals)), readable(unescaped(line.slice(equals + 1)))];
}

const treeOf = <S extends Stage>(file: Lines): Tree<S> => ({ documents: [file.root], slots: file.slots });

/** The lines with their changes. */
function changedLines(lines: readonly Line[], changes: Changes): string[] {
  return lines.map(line => {
    const change = changedRaw(changes, line.slot);
    if (change === undefined) return line.raw;
    const replacement = line.kind === 'comment' ? change.replaceAll('\n', '\n#') : change.replaceAll('\n', '\\n');
    return line.raw.slice(0, line.at) + replacement;
  });
}

/** @see Format.parse */
export function parsePlain(bytes: Uint8Array): PlainFile {
  const file = readLines(rawOf(bytes));
  return {
    tree: treeOf(file),
    blocks: file.block.length === 0 ? [] : [{ document: 0, value: reserved(file.block) }],
    spelling: changes => spellOdd(file.lines, changes),
    rewrite: (changes, block, options) => encrypted(file, changes, block, options),
  };
}

/** A plain file with reserved keys is refused whatever they say, so nothing is demanded of them. */
const reserved = (block: readonly string[]): Mapping =>
  mapping(block.map(pairOf).map(([key, value]) => entry(key, leaf(value))));

/**
 * A file without a line break at its end stays one: the block then ends without one, and taking it out again leaves the
 * last line of the user without one. sops cannot read a line that is only a carriage return, so it becomes empty.
 */
function encrypted(
  file: Lines,
  changes: Changes,
  block: Mapping,
  options: PrintOptions & { readonly keep?: EncryptedFile | undefined },
): Uint8Array {
  const lines = changedLines(file.lines, changes).map(line => (line === '\r' ? '' : line));
  lines.splice(file.finalBreak ? -1 : lines.length, 0, ...ordered(blockLines(block), options.keep));
  return bytesOf(lines.join('\n'));
}

const keptBlocks = new WeakMap<EncryptedFile, readonly string[]>();

/** The lines in the order of the kept block, where it has the same keys. */
function ordered(lines: readonly string[], keep: EncryptedFile | undefined): readonly string[] {
  const kept = (keep && keptBlocks.get(keep)) ?? [];
  const byKey = new Map(lines.map(line => [line.slice(0, line.indexOf('=')), line]));
  const inOrder = kept.flatMap(line => byKey.get(line.slice(0, line.indexOf('='))) ?? []);
  return inOrder.length === lines.length && kept.length === lines.length ? inOrder : lines;
}

/** @see Format.parse */
export function parseEncrypted(bytes: Uint8Array): EncryptedFile {
  const raw = rawOf(bytes);
  const file = readLines(isConverted(raw) ? raw.replaceAll('\r\n', '\n').replace(/\r$/, '') : raw);
  const result: EncryptedFile = {
    tree: treeOf(file),
    blocks: storedBlocks(file.block),
    placeOf: slot => placeOf(file.places, slot),
    rewrite: (changes, spelling) => {
      const lines = changedLines(file.lines, changes);
      return bytesOf(restoreOdd(file.lines, lines, spelling).join('\n'));
    },
  };
  keptBlocks.set(result, file.block);
  return result;
}

function placeOf(places: readonly number[], slot: number): LinePlace | undefined {
  const index = places[slot];
  return index === undefined ? undefined : { line: index + 1, column: 1 };
}

/** The block never ends its lines in CR LF, so such a file was converted after it was encrypted (git does that). */
function isConverted(raw: string): boolean {
  return /(?:^|\n)sops_[^\n]*\r(?:\n|$)/.test(raw);
}

function storedBlocks(block: readonly string[]): StoredBlock[] {
  return block.length === 0 ? [] : [{ document: 0, value: unflatten(block.map(pairOf)) }];
}
