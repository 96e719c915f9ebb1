/**
 * What the two flat formats share: scalars as text, text as bytes, and the `sops` block as a list of pairs.
 *
 * A dotenv or INI file need not be UTF-8, so both work on *raw* text: a string with one character for each byte.
 */

import { formatFloat, Timestamp, textOf } from '../core/scalar.ts';
import type { Changes, Entry, Mapping, Node, Scalar } from '../core/tree.ts';
import { entry, isComment, leaf, mapping, sequence } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';

/** Bytes as raw text: one character, U+0000 to U+00FF, for each byte. */
export function rawOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Raw text as the bytes it stands for. */
export const bytesOf = (raw: string): Uint8Array => new Uint8Array(Buffer.from(raw, 'latin1'));

const beyondAscii = /[\x80-\xff]/;

/** The value of a piece of raw text: a string, or bytes where it is not UTF-8. */
export function scalarOf(raw: string): string | Uint8Array {
  if (!beyondAscii.test(raw)) return raw;
  const bytes = bytesOf(raw);
  return textOf(bytes) ?? bytes;
}

/** Raw text for people: what is not UTF-8 becomes U+FFFD. A comment is a string in the tree, and this is what it says. */
export function readable(raw: string): string {
  return beyondAscii.test(raw) ? Buffer.from(raw, 'latin1').toString('utf8') : raw;
}

/**
 * The raw text of a value as sops 3.13.2 stores/stores.go ValToString writes it: `1.0`, `1E+06`, `true`, RFC 3339 to the
 * second, `<nil>`.
 */
export function rawScalar(value: Scalar): string {
  if (value instanceof Uint8Array) return rawOf(value);
  const text = scalarText(value);
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

function scalarText(value: Exclude<Scalar, Uint8Array>): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return floatText(value);
  if (value === null) return '<nil>';
  return value instanceof Timestamp ? value.text.replace(/\.\d+/, '') : String(value);
}

function floatText(value: number): string {
  const text = formatFloat(value, 'G');
  return Number.isFinite(value) && !text.includes('.') && !text.includes('E') ? `${text}.0` : text;
}

/** The raw text that a slot gets; undefined where it stays as it is. */
export function changedRaw(changes: Changes, slot: number): string | undefined {
  const change = slot < 0 ? undefined : changes[slot];
  if (change === undefined) return undefined;
  return isComment(change) ? rawScalar(change.text) : rawScalar(change);
}

const mapMark = '__map_';
const listMark = '__list_';
/** sops's own block is five levels deep; a hostile one must not exhaust the stack. */
const deepest = 100;

/**
 * The block as sops flattens it: `__map_` before the key of a mapping's child, `__list_<i>` for an item of a sequence
 * (sops 3.13.2 stores/flatten.go). Empty collections vanish.
 * @throws TsopsError METADATA_INVALID for two equal flattened keys
 */
export function flatten(block: Mapping): [key: string, value: string][] {
  const pairs: [string, string][] = [];
  const seen = new Set<string>();
  const descend = (key: string, node: Node, depth: number): void => {
    if (depth > deepest) throw new TsopsError('METADATA_INVALID', 'the sops metadata is nested too deeply');
    if (node.kind === 'mapping') {
      for (const item of node.items) {
        if (item.kind === 'entry') descend(depth === 0 ? item.key : key + mapMark + item.key, item.value, depth + 1);
      }
    } else if (node.kind === 'sequence') {
      const items = node.items.filter(item => item.kind !== 'comment');
      for (const [index, item] of items.entries()) descend(`${key}${listMark}${index}`, item, depth + 1);
    } else {
      if (seen.has(key)) throw invalid('two fields of the sops metadata have one flattened name', key);
      seen.add(key);
      pairs.push([key, node.value instanceof Uint8Array ? readable(rawOf(node.value)) : scalarText(node.value)]);
    }
  };
  descend('', block, 0);
  return pairs;
}

interface Place {
  value?: string;
  readonly children: Map<string, Place>;
  readonly items: Map<number, Place>;
}

const newPlace = (): Place => ({ children: new Map(), items: new Map() });

/**
 * The block back from its pairs, in any order. Every value is a string.
 * @throws TsopsError METADATA_INVALID for a repeated key, for a place that is a value, a mapping and a sequence at once, for a sequence
 * with a gap, and for a bad position
 */
export function unflatten(pairs: Iterable<readonly [key: string, value: string]>): Mapping {
  const root = newPlace();
  for (const [key, value] of pairs) {
    const place = placeOf(root, key);
    if (place.value !== undefined) throw invalid('a field of the sops metadata stands there twice', key);
    place.value = value;
    if (isMixed(place)) throw invalid('a field of the sops metadata is a value and a collection at once', key);
  }
  return mapping(entriesOf(root));
}

function placeOf(root: Place, key: string): Place {
  let place = root;
  for (const [depth, segment] of segmentsOf(key).entries()) {
    if (depth > deepest) throw new TsopsError('METADATA_INVALID', 'the sops metadata is nested too deeply');
    place = typeof segment === 'string' ? child(place.children, segment) : child(place.items, segment);
  }
  return place;
}

function child<K>(places: Map<K, Place>, key: K): Place {
  let found = places.get(key);
  if (found === undefined) {
    found = newPlace();
    places.set(key, found);
  }
  return found;
}

const marks = /__map_|__list_/g;

function segmentsOf(key: string): (string | number)[] {
  const names = key.split(marks);
  const found = key.match(marks) ?? [];
  return names.map((name, index) => (found[index - 1] === listMark ? position(name, key) : name));
}

function position(digits: string, key: string): number {
  if (!/^\d{1,9}$/.test(digits)) throw invalid('a position in a list of the sops metadata is not a number', key);
  return Number(digits);
}

function isMixed(place: Place): boolean {
  return Number(place.value !== undefined) + Number(place.children.size > 0) + Number(place.items.size > 0) > 1;
}

function entriesOf(place: Place): Entry[] {
  return [...place.children].map(([key, at]) => entry(key, nodeOf(at, key)));
}

function nodeOf(place: Place, key: string): Node {
  if (isMixed(place)) throw invalid('a field of the sops metadata is a value and a collection at once', key);
  if (place.value !== undefined) return leaf(place.value);
  if (place.items.size === 0) return mapping(entriesOf(place));
  const last = Math.max(0, ...boundedKeys(place.items, key));
  if (last + 1 !== place.items.size) throw invalid('a list of the sops metadata has a gap', key);
  const ordered = [...place.items].sort(([a], [b]) => a - b);
  return sequence(ordered.map(([, at]) => nodeOf(at, key)));
}

/** A list of this length has no meaning as a list of keys; it also bounds the arguments of `Math.max`. */
const longest = 10_000;

function boundedKeys(items: ReadonlyMap<number, Place>, key: string): Iterable<number> {
  if (items.size > longest) throw invalid('a list of the sops metadata is too long', key);
  return items.keys();
}

function invalid(what: string, key: string): TsopsError {
  return new TsopsError('METADATA_INVALID', what, {
    path: ['sops', key],
    hints: ['Restore the sops block from version control; it was changed by hand or by a bad merge.'],
  });
}
