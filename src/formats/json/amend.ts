/** A JSON text with one change, in the layout that is around it. `docs/format.md` §9. */

import type { Amendment } from '../../core/amend.ts';
import { entry, mapping, type Node, sequence } from '../../core/tree.ts';
import { cannotHold, isAmended } from '../amendment.ts';
import { PlainJson } from './file.ts';
import { lineMargin, marginOf, newlineIn, usualUnit } from './insertion.ts';
import { applyPatches, cuts, type Patch } from './patch.ts';
import { type Layout, printNode, quote } from './print.ts';
import { type JsonContainer, type JsonMember, type JsonNode, nodeOf } from './syntax.ts';
import { toByteText } from './utf8.ts';

/** @see Format.amend */
export function amend(bytes: Uint8Array, amendment: Amendment): Uint8Array {
  const file = new PlainJson(bytes);
  const after = applyPatches(file.byteText, patchesFor(file, amendment));
  if (isAmended(file.tree, new PlainJson(after).tree, amendment)) return after;
  throw cannotHold('a JSON file cannot hold this change', amendment.path, 'Make it with `tsops edit`.');
}

type Part = JsonMember | JsonNode;

function patchesFor(file: PlainJson, { path, value }: Amendment): Patch[] {
  let container: JsonContainer = file.root;
  for (const segment of path.slice(0, -1)) {
    const part: Part | undefined = container.parts[indexOf(container, segment)];
    const node: JsonNode | undefined = part === undefined ? undefined : nodeOf(part);
    if (node === undefined || node.kind === 'scalar') throw cannotHold('the path is not in the JSON text', path);
    container = node;
  }
  const key = path.at(-1) ?? '';
  const index = indexOf(container, key);
  if (value === undefined)
    return cuts(container, container.parts, at => at === index).map(cut => ({ ...cut, text: '' }));
  const part: Part | undefined = container.parts[index];
  return [part === undefined ? insertion(file, container, key, value) : replacement(file, container, part, value)];
}

function indexOf(container: JsonContainer, segment: string | number): number {
  if (container.kind === 'array') return Number(segment);
  return container.parts.findIndex(part => part.key === segment);
}

function replacement(file: PlainJson, container: JsonContainer, part: Part, value: Node): Patch {
  const { start, end } = nodeOf(part);
  return { start, end, text: printed(value, layoutAt(file, container, part.start)) };
}

const printed = (node: Node, layout: Layout): string => toByteText(printNode(node, layout));

/** Behind the last part, parted from it as that is from the one before; an empty object or array is written anew. */
function insertion(file: PlainJson, container: JsonContainer, key: string | number, value: Node): Patch {
  const part = container.parts.at(-1);
  if (part === undefined) {
    const whole = typeof key === 'string' ? mapping([entry(key, value)]) : sequence([value]);
    const layout = layoutAt(file, container, lineOf(file.byteText, container.start));
    const inner = file.byteText.slice(container.start + 1, container.end - 1);
    if (inner !== '' && !/[\r\n]/.test(inner)) {
      const { start } = container;
      return { start: start + 1, end: start + 1, text: printed(whole, { ...layout, newline: '' }).slice(1, -1) };
    }
    return { start: container.start, end: container.end, text: printed(whole, layout) };
  }
  const layout = layoutAt(file, container, part.start);
  const name = typeof key === 'string' ? toByteText(quote(key)) + (layout.colon ?? ': ') : '';
  return { start: part.end, end: part.end, text: separator(file, container, layout) + name + printed(value, layout) };
}

function separator({ byteText }: PlainJson, { parts }: JsonContainer, layout: Layout): string {
  const [before, part] = parts.slice(-2);
  if (before !== undefined && part !== undefined) return byteText.slice(before.end, part.start);
  return `,${layout.gap}${layout.newline}${layout.margin}`;
}

/** The first character of the line of a place that is no blank. */
function lineOf(byteText: string, at: number): number {
  const start = Math.max(byteText.lastIndexOf('\n', at - 1), byteText.lastIndexOf('\r', at - 1)) + 1;
  return start + (/[^ \t]/.exec(byteText.slice(start, at))?.index ?? at - start);
}

/** On lines of its own where the place begins a line, else on the line that is there. */
function layoutAt(file: PlainJson, container: JsonContainer, at: number): Layout {
  const newline = newlineIn(file);
  const isRoot = at === file.root.start && container.parts.length === 0;
  const margin = isRoot ? '' : lineMargin(file.byteText, at);
  const colon = colonOf(file, container);
  const rest = { colon, keepsFloats: true };
  if (newline === '' || margin === undefined) {
    return { newline: '', unit: '', margin: '', gap: colon.endsWith(' ') ? ' ' : '', ...rest };
  }
  return { newline, unit: marginOf(file) ?? usualUnit, margin, gap: '', ...rest };
}

/** What stands between the key and the value of a member here, else of the first one of the file. */
function colonOf({ byteText, root }: PlainJson, container: JsonContainer): string {
  const member = [...(container.kind === 'object' ? container.parts : []), ...root.parts][0];
  if (member === undefined) return ': ';
  const text = byteText.slice(member.start, member.value.start);
  const colon = text.slice(text.lastIndexOf('"') + 1);
  return /[\r\n]/.test(colon) ? ': ' : colon;
}
