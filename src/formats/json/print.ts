/**
 * Trees as JSON text, exactly as sops prints them: Go's encoding/json for every scalar, then its indentation.
 * `docs/format.md` §8; sops 3.13.2 stores/json encodeValue and reindentJSON; Go encoding/json encode.go and indent.go.
 */

import { type Comment, type Entry, entry, type Mapping, mapping, type Node, type Scalar } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { nestingLimit } from './parser.ts';
import { reservedKey } from './syntax.ts';
import { byteTextOf, fromByteText, invalidByte } from './utf8.ts';

/** How the lines of a printed value begin and end. */
export interface Layout {
  /** The line break; empty for a value on one line. */
  readonly newline: string;
  /** What one level adds to the start of a line. */
  readonly unit: string;
  /** What all lines but the first start with. */
  readonly margin: string;
  /** Between the parts of an object or array on one line; a line break needs none. */
  readonly gap: string;
  /** Between a key and its value; a colon and a blank where nothing is said. */
  readonly colon?: string;
  /** Whether a whole float keeps a fraction (`1.0`), which Go's JSON does not give it. */
  readonly keepsFloats?: boolean;
}

/** The layout that the indentation of sops means: -1 or nothing is a TAB, N is N spaces. @throws TsopsError NOT_REPRESENTABLE */
export function sopsLayout(indent: number | undefined): Layout {
  return { newline: '\n', unit: unitOf(indent), margin: '', gap: '' };
}

export function unitOf(indent: number | undefined): string {
  const width = indent ?? -1;
  if (width < -1) {
    throw new TsopsError('NOT_REPRESENTABLE', 'JSON cannot be indented by a negative number of spaces', {
      hints: ['Use an indentation of 0 or more; -1 stands for one tab per level.'],
    });
  }
  return width === -1 ? '\t' : ' '.repeat(width);
}

/** The text of a node; comments are left out. @throws TsopsError NOT_REPRESENTABLE for NaN, infinities and deep nesting */
export function printNode(node: Node, layout: Layout): string {
  const printer = new Printer(layout);
  printer.print(node);
  return printer.pieces.join('');
}

interface Frame {
  readonly items: readonly (Entry | Comment | Node)[];
  readonly close: string;
  at: number;
  isEmpty: boolean;
}

class Printer {
  readonly pieces: string[] = [];
  readonly layout: Layout;
  private readonly open: Frame[] = [];
  /** The start of a line at every level reached so far. */
  private readonly lineStarts: string[];

  constructor(layout: Layout) {
    this.layout = layout;
    this.lineStarts = [layout.newline + layout.margin];
  }

  print(root: Node): void {
    this.begin(root);
    for (let frame = this.open.at(-1); frame !== undefined; frame = this.open.at(-1)) {
      const item = frame.items[frame.at++];
      if (item === undefined) this.end(frame);
      else if (item.kind !== 'comment') this.part(frame, item);
    }
  }

  private part(frame: Frame, item: Entry | Node): void {
    if (!frame.isEmpty) this.pieces.push(',', this.layout.gap);
    frame.isEmpty = false;
    this.pieces.push(this.lineStart(this.open.length));
    if (item.kind === 'entry') this.pieces.push(quote(item.key), this.layout.colon ?? ': ');
    this.begin(item.kind === 'entry' ? item.value : item);
  }

  private begin(node: Node): void {
    if (node.kind === 'leaf') {
      const text = printScalar(node.value);
      const isWhole = typeof node.value === 'number' && /^-?\d+$/.test(text);
      this.pieces.push(isWhole && this.layout.keepsFloats ? `${text}.0` : text);
      return;
    }
    if (this.open.length >= nestingLimit) {
      throw new TsopsError('NOT_REPRESENTABLE', `JSON text cannot be nested deeper than ${nestingLimit} levels`);
    }
    const isMapping = node.kind === 'mapping';
    this.pieces.push(isMapping ? '{' : '[');
    this.open.push({ items: node.items, close: isMapping ? '}' : ']', at: 0, isEmpty: true });
  }

  private end(frame: Frame): void {
    this.open.pop();
    if (!frame.isEmpty) this.pieces.push(this.lineStart(this.open.length));
    this.pieces.push(frame.close);
  }

  private lineStart(depth: number): string {
    if (this.layout.newline === '') return '';
    for (let level = this.lineStarts.length; level <= depth; level++) {
      this.lineStarts.push(this.lineStarts[level - 1] + this.layout.unit);
    }
    return this.lineStarts[depth] ?? '';
  }
}

/** A scalar as Go's json.Marshal prints it. @throws TsopsError NOT_REPRESENTABLE */
export function printScalar(value: Scalar): string {
  if (typeof value === 'string') return quote(value);
  if (value === null) return 'null';
  if (typeof value === 'number') return printFloat(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof Uint8Array) return quote(fromByteText(byteTextOf(value), invalidByte));
  if (!value.isStorable) throw new TsopsError('NOT_REPRESENTABLE', 'a time has a zone offset of 24 hours or more');
  return quote(value.text);
}

/** Go's float text for JSON is that of ECMAScript (shortest digits, exponent below 1e-6 and from 1e21), but for -0. */
function printFloat(value: number): string {
  if (!Number.isFinite(value)) {
    throw new TsopsError('NOT_REPRESENTABLE', 'JSON has no text for NaN and infinity', {
      hints: ['Choose another format with --output-type, for example yaml.'],
    });
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

const special = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/;
const specials = /["\\<>&\u0000-\u001f\u2028\u2029]|[\ud800-\udfff]/gu;

/** A string as Go quotes it for JSON, with its escapes for HTML; a lone surrogate (a byte that is not UTF-8) is `\ufffd`. */
export function quote(text: string): string {
  return special.test(text) ? `"${text.replace(specials, escapeOf)}"` : `"${text}"`;
}

const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function escapeOf(character: string): string {
  const short = shortEscapes.get(character);
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code >= 0xd800 && code <= 0xdfff ? '\\ufffd' : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** The only document of a tree. @throws TsopsError NOT_REPRESENTABLE */
export function onlyDocument(documents: readonly Mapping[], format: string): Mapping {
  const [document, ...rest] = documents;
  if (document !== undefined && rest.length === 0) return document;
  throw new TsopsError('NOT_REPRESENTABLE', `a ${format} file holds exactly one document, not ${documents.length}`, {
    hints: ['Keep the documents together with --output-type yaml, or split the file first.'],
  });
}

/** The document with the block as its last member. @throws TsopsError ALREADY_ENCRYPTED where it has such a member */
export function withBlock(document: Mapping, block: Mapping): Mapping {
  if (document.items.some(item => item.kind === 'entry' && item.key === reservedKey)) {
    throw new TsopsError('ALREADY_ENCRYPTED', `the top-level key ${reservedKey} is reserved for the metadata`, {
      path: [reservedKey],
      hints: ['Rename this key.'],
    });
  }
  return mapping([...document.items, entry(reservedKey, block)]);
}
