/** A dotenv text with one change: a line is replaced, added behind the last one with a key, or taken out with its comments. */

import type { Amendment } from '../../core/amend.ts';
import type { Node } from '../../core/tree.ts';
import { cannotHold, flatScalar, isAmended } from '../amendment.ts';
import { bytesOf, rawOf, rawScalar } from '../flat.ts';
import { type Line, parsePlain, readLines } from './file.ts';

/** @see Format.amend */
export function amend(bytes: Uint8Array, amendment: Amendment): Uint8Array {
  const { lines } = readLines(rawOf(bytes));
  const { path, value } = amendment;
  const key = path[0];
  if (path.length !== 1 || typeof key !== 'string') throw noCollections(amendment);
  const index = lines.findIndex(line => line.kind === 'entry' && line.raw.slice(0, line.at - 1) === rawScalar(key));
  if (value === undefined) return proved(bytes, withoutEntry(lines, index), amendment);
  const flat = flatScalar(scalarIn(value, amendment), amendment, 'dotenv');
  const text = `${rawScalar(key)}=${flat.raw.replaceAll('\n', '\\n')}`;
  return proved(bytes, withEntry(lines, index, text), flat.amendment);
}

const noCollections = ({ path }: Amendment) =>
  cannotHold('a dotenv file cannot hold a list or a mapping', path, 'Give a path of one key: ["KEY"].');

function scalarIn(value: Node, amendment: Amendment) {
  if (value.kind === 'leaf') return value.value;
  throw noCollections(amendment);
}

/** A new line stands behind the last one with a key, and before all comments where there is none. */
function withEntry(lines: readonly Line[], index: number, text: string): string[] {
  const texts = lines.map(line => line.raw);
  if (index >= 0) return texts.with(index, text);
  const isEmpty = texts.length === 1 && texts[0] === '';
  return isEmpty ? [text, ''] : texts.toSpliced(lines.findLastIndex(line => line.kind === 'entry') + 1, 0, text);
}

/** Comment lines directly above a line belong to it. */
function withoutEntry(lines: readonly Line[], index: number): string[] {
  let start = index;
  while (lines[start - 1]?.kind === 'comment') start--;
  const texts = lines.map(line => line.raw).toSpliced(start, index - start + 1);
  return texts.length === 0 ? [''] : texts;
}

/** A backslash with an n behind it cannot be told from a line break, and some keys would be something else. */
function proved(before: Uint8Array, texts: readonly string[], amendment: Amendment): Uint8Array {
  const after = bytesOf(texts.join('\n'));
  if (readsBack(before, after, amendment)) return after;
  throw cannotHold(
    'a dotenv file cannot hold this key or value',
    amendment.path,
    'Keep it in another format, for example yaml.',
  );
}

function readsBack(before: Uint8Array, after: Uint8Array, amendment: Amendment): boolean {
  try {
    return isAmended(parsePlain(before).tree, parsePlain(after).tree, amendment);
  } catch {
    return false;
  }
}
