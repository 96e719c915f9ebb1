/** A node as new YAML lines or flow text among lines that are there already: their indentation, their kind of lists. */

import type { Mapping, Node, Scalar, Sequence } from '../../core/tree.ts';
import { asDoubleQuoted, printScalar } from './print.ts';
import type { SyntaxNode } from './syntax.ts';

export interface RenderStyle {
  /** Spaces per level. */
  readonly step: number;
  /** Whether the dashes of a list stand in the column of its key. */
  readonly indentless: boolean;
  /** Whether texts of several lines may become literal blocks. */
  readonly blocks: boolean;
}

/** What stands behind a colon or a dash on its line, and the lines below. */
export interface Rendered {
  readonly head: string;
  readonly body: readonly string[];
}

type Opener = 'key' | 'dash';

/** The value of a key or an item; `base` is the column of the mapping or of the dash. */
export function rendered(node: Node, base: number, style: RenderStyle, opener: Opener): Rendered {
  if (node.kind === 'leaf') return leafLines(node.value, base, style);
  if (valuesOf(node) === 0) return { head: node.kind === 'mapping' ? '{}' : '[]', body: [] };
  if (opener === 'dash') {
    const [first = '', ...body] = linesOf(node, base + 2, style);
    return { head: first.trimStart(), body };
  }
  const isIndentless = node.kind === 'sequence' && style.indentless;
  return { head: '', body: linesOf(node, isIndentless ? base : base + style.step, style) };
}

const valuesOf = (node: Mapping | Sequence): number => node.items.filter(item => item.kind !== 'comment').length;

function leafLines(value: Scalar, base: number, style: RenderStyle): Rendered {
  const [head = '', ...body] = blockScalar(value, base, style).split('\n');
  return { head, body };
}

function blockScalar(value: Scalar, base: number, { step, blocks }: RenderStyle): string {
  const text = printScalar(value, { column: base + step, base, flow: false, key: false, tagged: false });
  if (!blocks && text.includes('\n')) return asDoubleQuoted(String(value));
  return withFraction(value, text);
}

/** A whole float keeps a fraction, or it would be read as an integer. */
export function withFraction(value: Scalar, text: string): string {
  return typeof value === 'number' && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function linesOf(node: Mapping | Sequence, column: number, style: RenderStyle): string[] {
  return node.items.flatMap(item => {
    if (item.kind === 'comment') return [];
    return item.kind === 'entry' ? entryLines(item.key, item.value, column, style) : itemLines(item, column, style);
  });
}

/** A pair in lines of its own. */
export function entryLines(key: string, value: Node, column: number, style: RenderStyle): string[] {
  const { head, body } = rendered(value, column, style, 'key');
  return [`${' '.repeat(column)}${keyText(key, false)}:${head === '' ? '' : ` ${head}`}`, ...body];
}

/** An item in lines of its own. */
export function itemLines(value: Node, column: number, style: RenderStyle): string[] {
  const { head, body } = rendered(value, column, style, 'dash');
  return [`${' '.repeat(column)}-${head === '' ? '' : ` ${head}`}`, ...body];
}

/** `<<` is the only text that a mapping would take for more than a key. */
function keyText(key: string, flow: boolean): string {
  return key === '<<' ? asDoubleQuoted(key) : printScalar(key, { column: 0, flow, key: true, tagged: false });
}

/** One-line flow text; with `quoted`, all texts and keys stand in double quotes. */
export function flowLine(node: Node, quoted: boolean): string {
  if (node.kind === 'leaf') return flowLeaf(node.value, quoted);
  const parts = node.items.flatMap(item => {
    if (item.kind === 'comment') return [];
    return [item.kind === 'entry' ? flowEntry(item.key, item.value, quoted) : flowLine(item, quoted)];
  });
  return node.kind === 'mapping' ? `{${parts.join(', ')}}` : `[${parts.join(', ')}]`;
}

export function flowEntry(key: string, value: Node, quoted: boolean): string {
  return `${quoted ? asDoubleQuoted(key) : keyText(key, true)}: ${flowLine(value, quoted)}`;
}

function flowLeaf(value: Scalar, quoted: boolean): string {
  if (quoted && typeof value === 'string') return asDoubleQuoted(value);
  return withFraction(value, printScalar(value, { column: 0, flow: true, key: false, tagged: false }));
}

/** How a file is laid out: as its first nested mapping and its first list show it, else as sops writes. */
export function styleOf(root: SyntaxNode | undefined): RenderStyle {
  let step: number | undefined;
  let indentless: boolean | undefined;
  const open: SyntaxNode[] = root === undefined ? [] : [root];
  for (let node = open.shift(); node !== undefined; node = open.shift()) {
    if (node.kind === 'scalar' || node.kind === 'alias' || node.flow) continue;
    if (node.kind === 'sequence') open.push(...node.items);
    else {
      for (const { value } of node.pairs) {
        open.push(value);
        const width = value.column - node.column;
        if (value.kind === 'sequence' && !value.flow) indentless ??= width === 0;
        if (isIndented(value) && width >= 1 && width <= 9) step ??= width;
      }
    }
  }
  return { step: step ?? 4, indentless: indentless ?? false, blocks: true };
}

const isIndented = (node: SyntaxNode): boolean => (node.kind === 'mapping' || node.kind === 'sequence') && !node.flow;
