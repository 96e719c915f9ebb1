/**
 * Paths in a tree: their text, the node they lead to, and their additional data.
 * `docs/format.md` §2 and §3; sops 3.13.2 cmd/sops/main.go parseTreePath, sops.go Truncate.
 */

import { TsopsError } from '../errors.ts';
import { parseInt64 } from './scalar.ts';
import type { Entry, Mapping, Node, Path } from './tree.ts';

/** As a segment of the path of a change: one behind the last item of a list, written `[+]`. */
export const append: number = Number.POSITIVE_INFINITY;
/** As a segment of the path of a change: the last item of a list, written `[-1]`. */
export const last = -1;

/**
 * Reads a path: `["a"][0]['b']` as sops does (no escapes), or words with dots, `a.b[0]`, `.a`, `a["x.y"]`.
 * A word alone is refused as sops refuses it; write `.word`. An empty text is the root.
 * @throws TsopsError TREE_PATH_SYNTAX
 */
export function parseTreePath(text: string): Path {
  const path = parseBrackets(text) ?? parseWords(text);
  if (path !== undefined) return path;
  throw new TsopsError('TREE_PATH_SYNTAX', 'the key path is not well formed', {
    hints: [
      'Write it as \'["key"][0]["other key"]\' (quoted for the shell), or with dots: key.other[0], .key for a single one.',
    ],
  });
}

/**
 * Whether a text has sops's own form throughout. In it the comments of a list count as positions, as they do in sops; in
 * the form with dots, positions count values only.
 */
export const countsComments = (text: string): boolean => parseBrackets(text, true) !== undefined;

/**
 * Reads the path of a change: as `parseTreePath`, and `[-1]` for the last item of a list, `[+]` for one behind it.
 * @throws TsopsError SET_FORMAT_INVALID for a text of another form, and for the empty path
 */
export function parseSetPath(text: string): Path {
  const path = parseBrackets(text, true) ?? parseWords(text, true);
  if (path !== undefined && path.length > 0) return path;
  throw new TsopsError('SET_FORMAT_INVALID', 'the key path is not well formed', {
    hints: [
      'Write it as \'["key"][0]["other key"]\' (quoted for the shell), or with dots: key.other[0], .key for a single one.',
    ],
  });
}

const ends: ReadonlyMap<string, number> = new Map([
  ['-1', last],
  ['+', append],
]);

/** sops's own form: pieces between `[`, each with a `]` at its end. */
function parseBrackets(text: string, hasEnds = false): Path | undefined {
  const path: (string | number)[] = [];
  for (const piece of text.split('[')) {
    if (piece === '') continue;
    const inner = piece.endsWith(']') ? piece.slice(0, -1) : undefined;
    const segment = inner === undefined ? undefined : ((hasEnds ? ends.get(inner) : undefined) ?? parseSegment(inner));
    if (segment === undefined) return undefined;
    path.push(segment);
  }
  return path;
}

/** A quoted key or a position. sops takes a quote at the front and drops one character at each end, whatever the last one is. */
function parseSegment(text: string): string | number | undefined {
  if (text.startsWith('"') || text.startsWith("'")) return text.length < 2 ? undefined : text.slice(1, -1);
  const position = parseInt64(text);
  return position === undefined || position < 0n ? undefined : Number(position);
}

/** Words have no blanks at their ends, so that ` ["a"]` is as wrong as it is for sops. */
const firstWord = /\.?([^.[\]"'\s](?:[^.[\]"']*[^.[\]"'\s])?)/y;
const segmentPattern = /\.([^.[\]"'\s](?:[^.[\]"']*[^.[\]"'\s])?)|\[(\d+|-1|\+)\]|\["(.*?)"\]|\['(.*?)'\]/sy;

function parseWords(text: string, hasEnds = false): Path | undefined {
  const path: (string | number)[] = [];
  let at = 0;
  if (!text.startsWith('[')) {
    firstWord.lastIndex = 0;
    const word = firstWord.exec(text);
    if (word === null || (word[0] === text && !text.startsWith('.'))) return undefined;
    path.push(word[1] ?? '');
    at = firstWord.lastIndex;
  }
  for (; at < text.length; at = segmentPattern.lastIndex) {
    segmentPattern.lastIndex = at;
    const match = segmentPattern.exec(text);
    if (match === null) return undefined;
    const end = match[2] === undefined ? undefined : ends.get(match[2]);
    if (end !== undefined && !hasEnds) return undefined;
    path.push(match[2] === undefined ? (match[1] ?? match[3] ?? match[4] ?? '') : (end ?? Number(match[2])));
  }
  return path;
}

/** The bracket form of a path, which `parseTreePath` reads back. */
export function formatPath(path: Path): string {
  return path.map(segment => (typeof segment === 'number' ? `[${position(segment)}]` : quoted(segment))).join('');
}

const position = (segment: number): string => (segment === append ? '+' : String(segment));
const quoted = (key: string): string => (key.includes('"]') ? `['${key}']` : `["${key}"]`);

/**
 * The node at a path of one document, or undefined. Of equal keys the first counts. Comments are positions of a list only
 * where `comments` is true; they are no nodes themselves.
 */
export function getNode(document: Mapping, path: Path, comments = false): Node | undefined {
  let node: Node | undefined = document;
  for (const segment of path) {
    node = childOf(node, segment, comments);
    if (node === undefined) return undefined;
  }
  return node;
}

function childOf(node: Node, segment: string | number, comments: boolean): Node | undefined {
  if (node.kind === 'mapping') {
    const isWanted = (item: Mapping['items'][number]): item is Entry => item.kind === 'entry' && item.key === segment;
    return node.items.find(isWanted)?.value;
  }
  if (node.kind === 'leaf' || typeof segment === 'string') return undefined;
  if (!comments) return node.items.filter(item => item.kind !== 'comment')[segment];
  const item = node.items[segment];
  return item?.kind === 'comment' ? undefined : item;
}

/** The additional data of the value at a path: its keys, each with a colon behind it; list positions are no part of it. */
export function aadOf(path: Path): string {
  return path.map(segment => (typeof segment === 'string' ? `${segment}:` : '')).join('');
}

/** The additional data one level further in. `key` is undefined for an item of a list. */
export const addSegment = (aad: string, key: string | undefined): string => (key === undefined ? aad : `${aad}${key}:`);

/** The additional data of a comment in the container with this one; sops joins no keys to a lone colon at the root. */
export const commentAad = (containerAad: string): string => (containerAad === '' ? ':' : containerAad);
