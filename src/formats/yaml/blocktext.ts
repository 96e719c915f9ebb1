/**
 * The `sops` block as sops and tsops write it, read without the parser: mappings and lists of single-line scalars and literal texts, in
 * ASCII, no comment, no escape. Whatever else it holds, a single thing of it is enough for the answer that it is no such block; the
 * parser then reads it. For the blocks that are taken here both see the same (`testdata/suites/parsers.test.ts` compares them).
 */

import { type Entry, entry, leaf, mapping, type Node, type Scalar, sequence } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { resolveScalar } from './resolve.ts';

export interface BlockText {
  readonly value: Node;
  /** The spaces in front of its entries. */
  readonly step: number;
}

/** @param lines the text from the line `sops:` to the end, which is that of the document too */
export function readBlock(text: string): BlockText | undefined {
  if (!/^sops:\n[\n\x20-\x7e]+\n$/.test(text) || text.endsWith('\n\n')) return undefined;
  const lines = text.slice(0, -1).split('\n');
  try {
    const reader = new BlockReader(lines);
    const step = reader.column(1);
    const value = step > 0 ? reader.mapping(1, step) : undefined;
    return value !== undefined && reader.at === lines.length ? { value, step } : undefined;
  } catch (error) {
    // Of a value that YAML cannot mean the parser tells.
    if (error instanceof TsopsError || error instanceof Unusual) return undefined;
    throw error;
  }
}

/** Thrown at what this reader does not take. */
class Unusual extends Error {}

/** Real blocks have four levels. */
const maxDepth = 16;

class BlockReader {
  readonly #lines: readonly string[];
  /** The line that comes next. */
  at = 1;
  #depth = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  /** The spaces in front of a line; -1 behind the last one. */
  column(line: number): number {
    const text = this.#lines[line];
    if (text === undefined) return -1;
    let column = 0;
    while (text.charCodeAt(column) === 0x20) column++;
    if (column === text.length) throw new Unusual();
    return column;
  }

  /** A mapping whose entries stand at a column, the first one in a line that may have the dash of a list before it. */
  mapping(line: number, column: number): Node {
    if (++this.#depth > maxDepth) throw new Unusual();
    const items: Entry[] = [];
    const keys = new Set<string>();
    this.at = line;
    for (let first = true; first || this.column(this.at) === column; first = false) {
      const text = (this.#lines[this.at] as string).slice(column);
      const found = /^([A-Za-z_][\w-]{0,99}):(?: (.*))?$/.exec(text);
      const key = found?.[1];
      // A key that is no text, such as `true`, is refused elsewhere.
      if (key === undefined || keys.has(key) || resolveScalar({ text: key, style: 'plain', tag: '' }) !== key)
        throw new Unusual();
      keys.add(key);
      this.at += 1;
      items.push(entry(key, this.#value(found?.[2], column, true)));
    }
    this.#depth--;
    return mapping(items);
  }

  /** @param parent the column of the key, or of the dash */
  #value(text: string | undefined, parent: number, ofKey: boolean): Node {
    if (text === '|' || text === '|-') return leaf(this.#literal(parent, text === '|'));
    if (text === '[]') return this.#endsAt(parent, sequence([]));
    if (text !== undefined) return this.#endsAt(parent, leaf(scalar(text)));
    const column = this.column(this.at);
    // The items of a list may stand at the column of their key.
    if (this.#isItem(column) && (column > parent || (ofKey && column === parent))) return this.#sequence(column);
    if (column > parent) return this.mapping(this.at, column);
    return leaf(null);
  }

  /** A line that is indented further would go on with the value. */
  #endsAt<T>(parent: number, value: T): T {
    if (this.column(this.at) > parent) throw new Unusual();
    return value;
  }

  #isItem(column: number): boolean {
    return column >= 0 && (this.#lines[this.at] as string).startsWith('- ', column);
  }

  #sequence(column: number): Node {
    if (++this.#depth > maxDepth) throw new Unusual();
    const items: Node[] = [];
    while (this.column(this.at) === column && this.#isItem(column)) {
      const text = (this.#lines[this.at] as string).slice(column);
      const inner = /^- *(?=[^ ])/.exec(text)?.[0].length;
      if (inner === undefined) throw new Unusual();
      const rest = text.slice(inner);
      if (/^[A-Za-z_][\w-]*:(?: |$)/.test(rest)) items.push(this.mapping(this.at, column + inner));
      else {
        this.at += 1;
        items.push(this.#value(rest, column, false));
      }
    }
    this.#depth--;
    return sequence(items);
  }

  #literal(parent: number, keepsEnd: boolean): string {
    const first = this.#lines[this.at] ?? '';
    const column = this.column(this.at);
    if (column <= parent || first === '') throw new Unusual();
    const lines: string[] = [];
    for (; this.at < this.#lines.length; this.at += 1) {
      const line = this.#lines[this.at] as string;
      if (line === '') lines.push('');
      else if (line.length > column && line.lastIndexOf(' ', column - 1) === column - 1 && isIndented(line, column))
        lines.push(line.slice(column));
      else break;
    }
    if (lines.at(-1) === '') throw new Unusual();
    return lines.join('\n') + (keepsEnd ? '\n' : '');
  }
}

const isIndented = (line: string, column: number): boolean => line.slice(0, column).trim() === '';

function scalar(text: string): Scalar {
  const quote = text[0];
  if (quote === '"' || quote === "'") {
    const inner = text.slice(1, -1);
    if (text.length < 2 || !text.endsWith(quote) || inner.includes(quote) || inner.includes('\\')) throw new Unusual();
    return resolveScalar({ text: inner, style: quote === '"' ? 'double' : 'single', tag: '' });
  }
  // Blanks at either end are none of it, a comment or a further pair none of it either, and signs at the start mean something else.
  if (/^[\s\-?:,[\]{}#&*!|>'"%@`]|[\s:]$|: | #|^$/.test(text)) throw new Unusual();
  return resolveScalar({ text, style: 'plain', tag: '' });
}
