/** Single values of YAML documents as they are written: for views of a text in which some values look otherwise (`ops/k8sview.ts`). */

import { leaf, type Path } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { amend } from './amend.ts';
import { parseYaml } from './parser.ts';
import { applyPatches, lineEnd, newlineOf, type Patch } from './patch.ts';
import { childOf, openerOf, placeOf } from './place.ts';
import { decodeYaml, encodeYaml } from './reader.ts';
import { rendered, styleOf } from './render.ts';
import { bodyEnd } from './restyle.ts';
import type { ScalarNode } from './syntax.ts';

/** The documents of a text, each with what stands around it: joined they are the text. */
export interface DocumentTexts {
  readonly texts: readonly string[];
  join(texts: readonly string[]): Uint8Array;
}

export function documentTexts(bytes: Uint8Array): DocumentTexts {
  const { text, encoding } = decodeYaml(bytes);
  const starts = parseYaml(text).documents.map(({ start }, index) => (index === 0 ? 0 : start));
  const texts = starts.map((start, index) => text.slice(start, starts[index + 1] ?? text.length));
  return { texts, join: parts => encodeYaml(parts.join(''), encoding) };
}

/** How a value stands in the text of one document. */
export interface WrittenValue {
  readonly start: number;
  readonly end: number;
  /** All of it: behind its colon to the end of its last line, a comment there included; in a flow collection the value alone. */
  readonly source: string;
  /** What the scalar says, whatever its type is. */
  readonly text: string;
}

export function writtenValue(text: string, path: Path): WrittenValue | undefined {
  const found = scalarAt(text, path);
  if (found === undefined) return undefined;
  const { node, opener } = found;
  const block = node.block !== undefined;
  const [start, end] = node.inFlow
    ? [node.propsStart, node.end]
    : [opener, block ? withoutBreak(text, bodyEnd(node, text)) : lineEnd(text, Math.max(opener, node.end))];
  return { start, end, source: text.slice(start, end), text: node.text };
}

const withoutBreak = (text: string, at: number): number =>
  at - (/(?:\r\n|[\r\n])$/.exec(text.slice(Math.max(0, at - 2), at))?.[0].length ?? 0);

function scalarAt(text: string, path: Path): { node: ScalarNode; opener: number; column: number } | undefined {
  const place = placeOf(parseYaml(text), path);
  if (place === undefined || place.index < 0) return undefined;
  const node = childOf(place.container, place.index);
  if (node?.kind !== 'scalar') return undefined;
  return { node, opener: openerOf(place.container, place.index), column: place.container.column };
}

/** Ways to write another text in the place of a value, the best first. What they give has to be read back. */
export function* withText(text: string, path: Path, value: string | Uint8Array): Generator<string> {
  const found = scalarAt(text, path);
  if (found !== undefined && typeof value === 'string' && !found.node.inFlow) {
    if (value.includes('\n') || found.node.block !== undefined) yield relaid(text, found.node, found.column, value);
  }
  const after = amended(text, path, value);
  if (after !== undefined) yield after;
}

function amended(text: string, path: Path, value: string | Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      amend(new TextEncoder().encode(text), { path, value: leaf(value) }),
    );
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}

/** Several lines as a block below the key, one line behind it, whatever was there. */
function relaid(text: string, node: ScalarNode, column: number, value: string): string {
  const { head, body } = rendered(leaf(value), column, styleOf(parseYaml(text).documents[0]?.root), 'key');
  const newline = newlineOf(text);
  const patches: Patch[] = [
    {
      start: node.propsStart,
      end: node.block?.headerEnd ?? node.end,
      text: node.start === node.end ? ` ${head}` : head,
    },
  ];
  if (node.block !== undefined) {
    const lines = body.map(line => line + newline).join('');
    patches.push({ start: node.block.bodyStart, end: bodyEnd(node, text), text: lines });
  } else if (body.length > 0) {
    const at = lineEnd(text, node.end);
    patches.push({ start: at, end: at, text: body.map(line => newline + line).join('') });
  }
  return applyPatches(text, patches).text;
}
