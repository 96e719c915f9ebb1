/** The patches that put a value into a YAML text: in place of another one, or as a new entry. The best way comes first. */

import type { Leaf, Node } from '../../core/tree.ts';
import { lineEnd, lineStart, newlineOf, nextLine, type Patch } from './patch.ts';
import {
  childOf,
  countOf,
  cutOffBlock,
  endOf,
  isOpenEnd,
  linePatch,
  linesEnd,
  openerOf,
  type Place,
  startOf,
} from './place.ts';
import { entryLines, flowEntry, flowLine, itemLines, type RenderStyle, rendered, withFraction } from './render.ts';
import { bodyEnd, hasTypeTag, openedText, type Restyled, sealedLeaf } from './restyle.ts';
import type { AliasNode, MappingNode, ScalarNode, SequenceNode, SyntaxNode } from './syntax.ts';

/** Ways to write a value where another one stands. */
export function* replacements(place: Place, value: Node, style: RenderStyle): Generator<Patch[]> {
  const { container, index } = place;
  const old = childOf(container, index);
  if (old === undefined) return;
  const isInline = old.kind === 'scalar' || old.kind === 'alias' || old.flow;
  if (old.inFlow || (isInline && old.kind !== 'scalar' && old.kind !== 'alias' && value.kind !== 'leaf')) {
    yield* flowReplacements(place, old, value);
  } else if (isInline && value.kind === 'leaf') {
    yield* leafReplacements(place, old, value, style);
  } else {
    yield inLines(place, old, value, style);
    yield inLines(place, old, value, { ...style, blocks: false });
  }
}

function* flowReplacements({ container, index, stream }: Place, old: SyntaxNode, value: Node): Generator<Patch[]> {
  const hasColon = container.kind === 'sequence' || (container.pairs[index]?.colon ?? -1) >= 0;
  const isAbsent = old.start === old.end;
  const lead = hasColon ? (isAbsent && container.kind === 'mapping' ? ' ' : '') : ': ';
  if (old.kind === 'scalar' && value.kind === 'leaf' && !isAbsent && !hasTypeTag(old))
    yield styledPatches(old, withStyle(old, value, stream.text, false, 0, 1), stream.text);
  const quoted = isQuoted(container) || (old.kind === 'scalar' && old.style === 'double');
  yield [{ start: isAbsent ? old.start : old.propsStart, end: old.end, text: lead + flowLine(value, quoted) }];
}

/** The new text in the style of the old one, with its properties, and then without. */
function* leafReplacements(
  { container, stream: { text } }: Place,
  old: SyntaxNode,
  value: Leaf,
  style: RenderStyle,
): Generator<Patch[]> {
  if (old.kind === 'scalar' && old.start < old.end) {
    const allowBlock = !isOpenEnd(text, nextLine(text, old.end));
    const styled = withStyle(old, value, text, allowBlock, container.column, style.step);
    if (!hasTypeTag(old)) yield styledPatches(old, styled, text);
  }
  for (const blocks of [!isOpenEnd(text, nextLine(text, old.end)), false]) {
    const anchor = old.anchor === '' ? '' : `&${old.anchor} `;
    const { head, body } = rendered(value, container.column, { ...style, blocks }, 'key');
    const isAbsent = old.start === old.end && old.propsStart === old.start;
    const whole = { head: (isAbsent ? ' ' : anchor) + head, body };
    yield styledPatches({ ...(old as ScalarNode | AliasNode), start: old.propsStart }, whole, text);
  }
}

function withStyle(
  old: ScalarNode,
  { value }: Leaf,
  text: string,
  allowBlock: boolean,
  base: number,
  step: number,
): Restyled {
  const opened = openedText(sealedLeaf(old, text), value, { base, step, allowBlock });
  return opened.head === undefined ? opened : { ...opened, head: withFraction(value, opened.head) };
}

/** A head in place of a scalar (or of a block header), and lines below it. */
function styledPatches(old: ScalarNode | AliasNode, { head, body }: Restyled, text: string): Patch[] {
  const block = old.kind === 'scalar' ? old.block : undefined;
  const newline = newlineOf(text, block?.headerEnd ?? old.end);
  const patches = head === undefined ? [] : [{ start: old.start, end: block?.headerEnd ?? old.end, text: head }];
  if (block !== undefined) {
    const end = bodyEnd(old as ScalarNode, text);
    return [...patches, { start: block.bodyStart, end, text: body.map(line => line + newline).join('') }];
  }
  const at = lineEnd(text, old.end);
  return body.length === 0
    ? patches
    : [...patches, { start: at, end: at, text: body.map(line => newline + line).join('') }];
}

/** A value in lines of its own below its key or behind its dash, or in place of such lines. */
function inLines(place: Place, old: SyntaxNode, value: Node, style: RenderStyle): Patch[] {
  const { container, index, stream } = place;
  const { text } = stream;
  const opener = openerOf(container, index);
  const isBlockCollection = (old.kind === 'mapping' || old.kind === 'sequence') && !old.flow;
  const inline = isBlockCollection ? headOf(text, opener, old) : inlineEnd(old, opener);
  const block = old.kind === 'scalar' ? old.block : undefined;
  const below = block?.bodyStart ?? nextLine(text, isBlockCollection ? opener : Math.max(old.end, opener));
  const end = isBlockCollection
    ? linesEnd(stream, container, index)
    : block === undefined
      ? below
      : bodyEnd(old as ScalarNode, text);
  const isLast = isOpenEnd(text, Math.max(below, end));
  const drawn = rendered(value, container.column, { ...style, blocks: style.blocks && !isLast }, openerKind(container));
  const rest = text.slice(inline, lineEnd(text, inline));
  const lines = rest.trim() === '' || value.kind === 'leaf' ? drawn : headBelow(drawn, container);
  const head = lines.head === '' ? '' : ` ${lines.head}`;
  const gap = rest.startsWith('#') ? ' ' : '';
  const first = { start: opener, end: Math.min(inline, text.length), text: head + gap };
  return [
    first,
    ...(below < end || lines.body.length > 0 ? [linePatch(text, below, Math.max(below, end), lines.body)] : []),
  ];
}

const openerKind = (container: MappingNode | SequenceNode) => (container.kind === 'mapping' ? 'key' : 'dash');

/** With a comment behind the dash, the first line of the value moves below it. */
function headBelow(
  { head, body }: Restyled,
  container: MappingNode | SequenceNode,
): { head: string; body: readonly string[] } {
  const isLine = container.kind === 'sequence' && head !== undefined && head !== '' && body.length > 0;
  if (!isLine) return { head: head ?? '', body };
  return { head: '', body: [' '.repeat(container.column + 2) + head, ...body] };
}

/** Where the old value and its properties end in the line of the colon or dash. */
function headOf(text: string, opener: number, old: SyntaxNode): number {
  const end = lineEnd(text, opener);
  if (lineStart(text, old.start) === lineStart(text, opener)) return end;
  const properties = /^[ \t]*(?:[!&]\S*[ \t]*)*/.exec(text.slice(opener, end))?.[0].length ?? 0;
  const rest = text.slice(opener + properties, end);
  return rest === '' ? end : opener + properties;
}

function inlineEnd(old: SyntaxNode, opener: number): number {
  const block = old.kind === 'scalar' ? old.block : undefined;
  return Math.max(block?.headerEnd ?? old.end, opener);
}

/** Ways to write a new entry behind the last one. */
export function* insertions(place: Place, key: string | number, value: Node, style: RenderStyle): Generator<Patch[]> {
  const { container, stream } = place;
  if (container.flow) {
    yield flowInsertion(place, key, value);
    return;
  }
  const last = countOf(container) - 1;
  const at = linesEnd(stream, container, last);
  for (const blocks of isOpenEnd(stream.text, at) ? [false] : [true, false]) {
    const full = { ...style, blocks };
    const { column } = container;
    const lines = typeof key === 'string' ? entryLines(key, value, column, full) : itemLines(value, column, full);
    const patch = linePatch(stream.text, at, at, lines);
    yield [patch];
    const cutOff = cutOffBlock(stream, container, last);
    if (cutOff !== undefined) yield [stripped(cutOff, stream.text), patch];
  }
}

/** The text of a block that the end of the file cuts off has no line break at its end; `-` says so where a line follows. */
function stripped({ start, block }: ScalarNode, text: string): Patch {
  const end = block?.headerEnd ?? start;
  return { start, end, text: `${text.slice(start, end).replace(/[+-]/, '')}-` };
}

function isQuoted(container: MappingNode | SequenceNode): boolean {
  if (container.kind === 'sequence')
    return container.items.some(item => item.kind === 'scalar' && item.style === 'double');
  return container.pairs.some(({ key }) => key.kind === 'scalar' && key.style === 'double');
}

function flowInsertion({ container, stream: { text } }: Place, key: string | number, value: Node): Patch[] {
  const quoted = isQuoted(container);
  const entry = typeof key === 'string' ? flowEntry(key, value, quoted) : flowLine(value, quoted);
  const last = countOf(container) - 1;
  if (last < 0) return [{ start: container.start + 1, end: container.start + 1, text: entry }];
  const [start, end] = [startOf(container, last), endOf(container, last)];
  const indent = text.slice(lineStart(text, start), start);
  const isOwnLine = indent.trim() === '' && lineStart(text, start) > container.start;
  // A comma directly behind a tag, an alias or a colon would be a part of it.
  const comma = /[\w"'\]}]$/.test(text.slice(start, end)) ? ',' : ' ,';
  if (!isOwnLine) return [{ start: end, end, text: `${comma} ${entry}` }];
  const [, trailing = ''] = /^[ \t]*(,?)[ \t]*(?=#|[\r\n])/.exec(text.slice(end)) ?? [];
  const line = lineEnd(text, end);
  const hasEnd = /^[ \t]*,?[ \t]*(?:#.*)?$/.test(text.slice(end, line));
  if (!hasEnd) return [{ start: end, end, text: `${comma}${newlineOf(text)}${indent}${entry}` }];
  const added = { start: line, end: line, text: `${newlineOf(text)}${indent}${entry}${trailing}` };
  return trailing === '' ? [{ start: end, end, text: comma }, added] : [added];
}

/** The first entry of a document that holds nothing. */
export function firstEntry(text: string, end: number, key: string, value: Node, style: RenderStyle): Patch[] {
  const blocks = style.blocks && !isOpenEnd(text, end);
  return [linePatch(text, end, end, entryLines(key, value, 0, { ...style, blocks }))];
}
