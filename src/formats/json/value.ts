/** A JSON text as a value for `set`: every number with its type and all its digits. */

import type { Node } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { parseJson } from './parser.ts';
import { type JsonNode, nodeOf } from './syntax.ts';
import { treeOf } from './tree.ts';
import { toByteText } from './utf8.ts';

/** @throws TsopsError SET_FORMAT_INVALID for what is no JSON, for integers beyond 64 bits, and for two equal keys in one object */
export function parseJsonValue(text: string): Node {
  const byteText = toByteText(text);
  const node = parsed(byteText);
  const open: JsonNode[] = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.kind === 'scalar') refuseLargeInteger(byteText.slice(next.start, next.end), next.value);
    else {
      if (next.kind === 'object') refuseEqualKeys(next.parts.map(({ key }) => key));
      for (const part of next.parts) open.push(nodeOf(part));
    }
  }
  return treeOf(node, undefined);
}

function parsed(byteText: string): JsonNode {
  try {
    return parseJson(byteText);
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    throw invalid('the value is not JSON', [
      'A text needs double quotes in JSON; with --string the value is taken as it is.',
    ]);
  }
}

function refuseLargeInteger(token: string, value: unknown): void {
  if (typeof value !== 'number' || !/^-?\d+$/.test(token)) return;
  throw invalid('a whole number of the value is outside of the 64-bit range', [
    'Write it as a text, in double quotes.',
  ]);
}

function refuseEqualKeys(keys: readonly string[]): void {
  if (new Set(keys).size === keys.length) return;
  throw invalid('a key stands twice in one object of the value', ['Remove or rename one of the two.']);
}

const invalid = (message: string, hints: string[]): TsopsError =>
  new TsopsError('SET_FORMAT_INVALID', message, { hints });
