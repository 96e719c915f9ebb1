/**
 * Where and how the `sops` block is written into a JSON file, so that `cuts` takes it out again without a trace: directly
 * behind the last value (directly behind the `{` of an empty object), in the layout of the file. `docs/format.md` §7.
 */

import { sameScalar } from '../../core/scalar.ts';
import type { Entry, Mapping, Node } from '../../core/tree.ts';
import { type Patch, patchedPieces } from './patch.ts';
import { type Layout, printNode, printScalar, quote, unitOf } from './print.ts';
import { type JsonMember, type JsonNode, type JsonObject, reservedKey } from './syntax.ts';
import { toByteText } from './utf8.ts';

/** A parsed file, or the part of it that matters here. */
export interface SourceFile {
  readonly byteText: string;
  readonly root: JsonObject;
}

/** What the layout of a block depends on. */
export interface Shape {
  /** The first line break inside of the root object, or nothing. */
  readonly newline: string;
  /** The white space in front of the first top-level key that begins a line. */
  readonly margin: string | undefined;
  /** Whether the root object has no members. */
  readonly isEmpty: boolean;
}

/** Adds the block. With `kept`, text of that file's block stays wherever its values are equal. */
export function insertion(file: SourceFile, block: Mapping, indent: number | undefined, kept?: SourceFile): Patch {
  const last = file.root.parts.at(-1);
  const shape = { newline: newlineIn(file), margin: marginOf(file), isEmpty: last === undefined };
  const at = last?.end ?? file.root.start + 1;
  const reused = kept === undefined ? undefined : reuse(kept, block);
  const text = reused === undefined ? newBlock(shape, block, indent) : leadOf(shape, indent, reused) + reused.text;
  return { start: at, end: at, text };
}

/** The byte text of a block, and of what parts it from the value in front of it. */
export function newBlock(shape: Shape, block: Mapping, indent: number | undefined): string {
  const text = `${quote(reservedKey)}: ${toByteText(printNode(block, layoutOf(shape, indent)))}`;
  return leadOf(shape, indent, undefined) + text;
}

function leadOf(shape: Shape, indent: number | undefined, reused: Reused | undefined): string {
  if (shape.isEmpty) return '';
  const { gap, newline, margin } = layoutOf(shape, indent);
  return reused?.lead ?? `,${gap}${newline}${margin}`;
}

export const usualUnit = '  ';
/** Longer indentations are no layout worth repeating on every line of the block. */
const longestMargin = 32;

/** The layout for the block of a file: that of its top-level members. One-line files get a block on the same line. */
function layoutOf({ newline, margin, isEmpty }: Shape, indent: number | undefined): Layout {
  const wanted = indent === undefined || indent === -1 ? undefined : unitOf(indent);
  if (newline === '') return { newline, unit: '', margin: '', gap: ' ' };
  const unit = wanted ?? margin ?? usualUnit;
  return { newline, unit, margin: isEmpty ? '' : (margin ?? unit), gap: '' };
}

/** The first line break inside of the root object, or nothing. */
export function newlineIn({ byteText, root }: SourceFile): string {
  for (let at = root.start; at < root.end; at++) {
    const code = byteText.charCodeAt(at);
    if (code === 0x0a) return '\n';
    if (code === 0x0d) return byteText.charCodeAt(at + 1) === 0x0a ? '\r\n' : '\r';
  }
  return '';
}

/** The white space in front of the first top-level key that begins a line. */
export function marginOf({ byteText, root }: SourceFile): string | undefined {
  for (const { start } of root.parts) {
    const margin = lineMargin(byteText, start);
    if (margin !== undefined) return margin;
  }
  return undefined;
}

/** The white space between the start of a line and the place; undefined where something else is there. */
export function lineMargin(byteText: string, start: number): string | undefined {
  let at = start;
  while (at > start - longestMargin && isBlank(byteText.charCodeAt(at - 1))) at--;
  const before = byteText.charCodeAt(at - 1);
  return before === 0x0a || before === 0x0d ? byteText.slice(at, start) : undefined;
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

interface Reused {
  /** Comma and white space between the value in front of the block and the block; undefined where the block was not last. */
  readonly lead: string | undefined;
  readonly text: string;
}

/** The text of a kept file's only block with the scalars that differ replaced; undefined where its structure differs. */
function reuse({ byteText, root }: SourceFile, block: Mapping): Reused | undefined {
  const [member, ...rest] = root.parts.filter(part => part.key === reservedKey);
  if (member === undefined || rest.length > 0) return undefined;
  const patches = differences(member.value, block);
  if (patches === undefined) return undefined;
  const before = root.parts.at(-1) === member ? root.parts.at(-2) : undefined;
  return {
    lead: before === undefined ? undefined : byteText.slice(before.end, member.start),
    text: patchedPieces(byteText, member, patches).join(''),
  };
}

/**
 * The replacements that turn a stored value into another one of the same structure, in order; undefined where the
 * structures differ. The recursion is no deeper than the block that tsops made.
 */
function differences(stored: JsonNode, wanted: Node): Patch[] | undefined {
  if (stored.kind === 'scalar') {
    if (wanted.kind !== 'leaf') return undefined;
    const isSame = sameScalar(stored.value, wanted.value);
    return isSame ? [] : [{ start: stored.start, end: stored.end, text: toByteText(printScalar(wanted.value)) }];
  }
  if (wanted.kind === 'leaf') return undefined;
  const items = wanted.items.filter(item => item.kind !== 'comment');
  if (items.length !== stored.parts.length || (wanted.kind === 'mapping') !== (stored.kind === 'object'))
    return undefined;
  const patches: Patch[] = [];
  for (const [index, part] of stored.parts.entries()) {
    const item = items[index];
    const found = item === undefined ? undefined : partDifferences(part, item);
    if (found === undefined) return undefined;
    patches.push(...found);
  }
  return patches;
}

function partDifferences(part: JsonMember | JsonNode, item: Entry | Node): Patch[] | undefined {
  if ('key' in part)
    return item.kind === 'entry' && part.key === item.key ? differences(part.value, item.value) : undefined;
  return item.kind === 'entry' ? undefined : differences(part, item);
}
