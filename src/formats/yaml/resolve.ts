/**
 * What value a YAML scalar means, as go.yaml.in/yaml v3.0.4 resolves it for sops: a mixture of YAML 1.1 and 1.2 of its own
 * (`docs/format.md` §2.1; go-yaml resolve.go and decode.go, func scalar).
 */

import { parseFloat64, Timestamp, textOf } from '../../core/scalar.ts';
import type { Scalar } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import type { ScalarStyle } from './syntax.ts';

/** An unsigned 64-bit integer beyond the signed range: go-yaml knows it, sops cannot store it. */
class Unsigned {}
const unsigned = new Unsigned();

type Resolved = Scalar | Unsigned;

const corePrefix = 'tag:yaml.org,2002:';

/**
 * The value of a scalar node. `tag` is the resolved tag or ''; bytes only come from `!!binary` data that is not UTF-8.
 * @throws TsopsError FILE_SYNTAX where text and tag contradict each other; NOT_ENCRYPTABLE for integers from 2^63 to 2^64-1.
 */
export function resolveScalar(node: {
  readonly text: string;
  readonly style: ScalarStyle;
  readonly tag: string;
}): Scalar {
  const { text, style } = node;
  const tag = shortTag(node.tag);
  // The non-specific tag `!` leaves the decision to the style, unlike in the YAML specification.
  if (tag === '' || tag === '!') return style === 'plain' ? storable(resolvePlain(text)) : text;
  if (tag === '!!binary') return decodeBinary(text);
  return resolvableTags.has(tag) ? storable(resolveTagged(text, tag)) : text;
}

/** Whether this text, written plain and without a tag, means something other than the string itself. */
export function isPlainAmbiguous(text: string): boolean {
  return typeof resolvePlain(text) !== 'string';
}

/** The tags that make go-yaml look at the text; `!!str`, `!local` and the rest make it a string. */
const resolvableTags: ReadonlySet<string> = new Set(['!!bool', '!!int', '!!float', '!!null', '!!timestamp']);

const shortTag = (tag: string): string => (tag.startsWith(corePrefix) ? `!!${tag.slice(corePrefix.length)}` : tag);

function storable(value: Resolved): Scalar {
  if (!(value instanceof Unsigned)) return value;
  throw new TsopsError('NOT_ENCRYPTABLE', 'an integer from 2^63 to 2^64-1 has no place in the sops format', {
    hints: ['Put the number in quotes to store it as text.'],
  });
}

function resolveTagged(text: string, tag: string): Resolved {
  const value = resolvePlain(text, tag === '!!timestamp');
  if (tagOf(value) === tag) return value;
  if (tag === '!!float' && typeof value === 'bigint') return Number(value);
  throw new TsopsError('FILE_SYNTAX', `a value does not fit its tag ${tag}`, {
    hints: ['Correct the value or remove the tag.'],
  });
}

function tagOf(value: Resolved): string {
  if (value === null) return '!!null';
  if (typeof value === 'boolean') return '!!bool';
  if (typeof value === 'number') return '!!float';
  if (value instanceof Timestamp) return '!!timestamp';
  return typeof value === 'bigint' || value instanceof Unsigned ? '!!int' : '!!str';
}

const words: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...['true', 'True', 'TRUE'].map(word => [word, true] as const),
  ...['false', 'False', 'FALSE'].map(word => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map(word => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map(word => [word, Number.NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(word => [word, Number.POSITIVE_INFINITY] as const),
  ...['-.inf', '-.Inf', '-.INF'].map(word => [word, Number.NEGATIVE_INFINITY] as const),
]);
const longestWord = 5;

function resolvePlain(text: string, withTimestamps = true): Resolved {
  if (text.length <= longestWord) {
    const word = words.get(text);
    if (word !== undefined) return word;
  }
  const first = text.charCodeAt(0);
  if (first === 0x2e) return parseFloat64(text) ?? text;
  const isNumeric = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d;
  if (!isNumeric) return text;
  return (withTimestamps ? parseTimestamp(text) : undefined) ?? parseNumber(text) ?? text;
}

const integer = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))$/;
/** What Go's ParseInt makes of the rest behind `0b` or `0o`, sign included: go-yaml reads `0b-1` as -1. */
const lateSign = /^0(?:b([+-][01]+)|o([+-][0-7]+))$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** Nothing longer than this is an integer of 64 bits, zeros in front left aside; it bounds the work of BigInt. */
const longestInteger = 64;

function parseNumber(text: string): Resolved | undefined {
  const digits = text.includes('_') ? text.replaceAll('_', '') : text;
  const exact = parseInteger(digits);
  if (exact !== undefined) return exact;
  if (!float.test(digits)) return parseLateSign(digits);
  const value = Number(digits);
  return Number.isFinite(value) ? value : undefined;
}

function parseInteger(text: string): bigint | Unsigned | undefined {
  const match = integer.exec(text);
  if (match === null) return undefined;
  const [, sign = '', hex, octal, binary, decimal] = match;
  if (hex !== undefined) return inRange(sign, '0x', hex);
  if (octal !== undefined) return inRange(sign, '0o', octal);
  return binary === undefined ? inRange(sign, '', decimal ?? '') : inRange(sign, '0b', binary);
}

function parseLateSign(text: string): bigint | Unsigned | undefined {
  const [, binary, octal] = lateSign.exec(text) ?? [];
  const digits = binary ?? octal;
  return digits === undefined ? undefined : inRange(digits.charAt(0), binary ? '0b' : '0o', digits.slice(1));
}

function inRange(sign: string, base: string, digits: string): bigint | Unsigned | undefined {
  const significant = digits.replace(/^0+(?=.)/, '');
  if (significant.length > longestInteger) return undefined;
  const magnitude = BigInt(base + significant);
  const value = sign === '-' ? -magnitude : magnitude;
  if (BigInt.asIntN(64, value) === value) return value;
  return sign === '' && BigInt.asUintN(64, value) === value ? unsigned : undefined;
}

/** The forms of go-yaml: one-digit fields, `T`, `t` or blanks (then without a zone), a comma as the decimal point (Go time.Parse). */
const date = /^(\d{4})-(\d\d?)-(\d\d?)$/;
const zoned = /^(\d{4})-(\d\d?)-(\d\d?)[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
const unzoned = /^(\d{4})-(\d\d?)-(\d\d?) +(\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?$/;

function parseTimestamp(text: string): Timestamp | undefined {
  if (text.charCodeAt(4) !== 0x2d) return undefined;
  const match = date.exec(text) ?? zoned.exec(text) ?? unzoned.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = '', sign, offsetHour = 0, offsetMinute = 0] =
    match;
  if (Number(offsetHour) > 24 || Number(offsetMinute) > 60) return undefined;
  const offset = Number(offsetHour) * 60 + Number(offsetMinute);
  return Timestamp.of({
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    nanosecond: Number(fraction.slice(0, 9).padEnd(9, '0')),
    offsetMinutes: sign === '-' ? -offset : offset,
  });
}

function decodeBinary(text: string): string | Uint8Array {
  const compact = text.replace(/[\r\n]/g, '');
  if (!isBase64(compact)) {
    throw new TsopsError('FILE_SYNTAX', 'a !!binary value is not valid base64', {
      hints: ['Correct the value or remove the tag.'],
    });
  }
  const bytes = new Uint8Array(Buffer.from(compact, 'base64'));
  return textOf(bytes) ?? bytes;
}

/** Standard alphabet with padding; bits after the end of the data are not checked (Go base64.StdEncoding). */
function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false;
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  return !/[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding));
}
