/**
 * Scalars and their texts, exactly as Go writes and reads them: what is encrypted, what is hashed, what is printed.
 * `docs/format.md` §3; sops 3.13.2 aes/cipher.go Encrypt and Decrypt, sops.go ToBytes; Go strconv.
 */

import { isUtf8 } from 'node:buffer';
import { TsopsError } from '../errors.ts';
import { Timestamp } from './timestamp.ts';
import type { Scalar } from './tree.ts';

export { Timestamp, type TimestampFields } from './timestamp.ts';

/** The type names of the format (`type:` in `ENC[…]`), without `comment`. */
export type ScalarType = 'str' | 'int' | 'float' | 'bool' | 'time';

/** The type that sops gives a value. */
export function scalarType(value: Exclude<Scalar, null>): ScalarType {
  if (typeof value === 'string' || value instanceof Uint8Array) return 'str';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float';
  return typeof value === 'boolean' ? 'bool' : 'time';
}

/**
 * The canonical form of a value, which is encrypted and hashed; bytes stay bytes. `null` has the empty form.
 * @throws TsopsError NOT_ENCRYPTABLE for a time whose offset is 24 hours or more (Go's MarshalText refuses it).
 */
export function canonical(value: Scalar): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return formatFloat(value, 'f');
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return '';
  if (!value.isStorable) throw new TsopsError('NOT_ENCRYPTABLE', 'a time has a zone offset of 24 hours or more');
  return value.text;
}

/** The canonical form as bytes (UTF-8). @throws TsopsError NOT_ENCRYPTABLE, as `canonical`. */
export function toBytes(value: Scalar): Uint8Array {
  const form = canonical(value);
  return typeof form === 'string' ? Buffer.from(form, 'utf8') : form;
}

/** The value that a canonical form stands for; undefined where it is none of that type. A `str` that is not UTF-8 stays bytes. */
export function fromBytes(type: ScalarType, bytes: Uint8Array): Exclude<Scalar, null> | undefined {
  if (type === 'str') return textOf(bytes) ?? bytes;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (type === 'int') return parseInt64(text);
  if (type === 'float') return parseFloat64(text);
  return type === 'bool' ? parseBool(text) : Timestamp.parse(text);
}

/** The text of UTF-8 bytes (a BOM is kept), or undefined where they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** Whether two scalars have the same type and the same canonical form. NaN equals NaN, 0.0 and -0.0 differ. */
export function sameScalar(a: Scalar, b: Scalar): boolean {
  if (a === null || b === null || typeof a === 'bigint' || typeof a === 'boolean') return a === b;
  if (typeof a === 'number') return Object.is(a, b);
  if (typeof a === 'string' && typeof b === 'string') return a === b;
  if (a instanceof Timestamp || b instanceof Timestamp) {
    return a instanceof Timestamp && b instanceof Timestamp && a.text === b.text;
  }
  return scalarType(b) === 'str' && Buffer.compare(toBytes(a), toBytes(b)) === 0;
}

/** Whether what a text reads as may stand for a value: the same, or an integer for a whole float, which prints as one. */
export function standsFor(read: Scalar, meant: Scalar): boolean {
  if (typeof read !== 'bigint' || typeof meant !== 'number') return sameScalar(read, meant);
  return canonical(read) === canonical(meant);
}

/**
 * Go's `strconv.FormatFloat(value, verb, -1, 64)`: the fewest digits that read back equal. `f` never has an exponent; `g` and
 * `G` have one below 1e-4 and from 1e6 on.
 */
export function formatFloat(value: number, verb: 'f' | 'g' | 'G'): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '', power = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (verb === 'f' || (exponent >= -4 && exponent < 6)) return sign + fixed(digits, exponent);
  return sign + scientific(digits, exponent, verb === 'G' ? 'E' : 'e');
}

function fixed(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

function scientific(digits: string, exponent: number, letter: string): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits.charAt(0)}${fraction}${letter}${exponent < 0 ? '-' : '+'}${power}`;
}

const decimalFloat = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const hexFloat = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/;
const infinity = /^([+-]?)inf(?:inity)?$/i;
/** An underscore counts only between digits, or between `0x` and a digit (Go strconv underscoreOK). */
const strayUnderscore = /(?<![0-9])_|_(?![0-9])/;
const strayHexUnderscore = /(?<![0-9a-fA-FxX])_|_(?![0-9a-fA-F])/;

/** Go's `strconv.ParseFloat(text, 64)`; undefined for bad syntax and for numbers beyond the range. */
export function parseFloat64(text: string): number | undefined {
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinite = infinity.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const plain = text.includes('_') ? withoutUnderscores(text) : text;
  const value = decimalFloat.test(plain) ? Number(plain) : parseHexFloat(plain);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** What is left has no underscore where all of them stood well; otherwise it fits no pattern of a number. */
function withoutUnderscores(text: string): string {
  const stray = /^[+-]?0[xX]/.test(text) ? strayHexUnderscore : strayUnderscore;
  return stray.test(text) ? text : text.replaceAll('_', '');
}

function parseHexFloat(text: string): number | undefined {
  const match = hexFloat.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', power] = match;
  if (whole === '' && fraction === '') return undefined;
  const mantissa = BigInt(`0x${whole}${fraction}`);
  // Beyond these powers the result is 0 or infinite whatever the digits say; without the bound the shift would be unbounded.
  const bound = 4 * (whole.length + fraction.length) + 2000;
  const exponent = Math.max(-bound, Math.min(bound, Number(power))) - 4 * fraction.length;
  const value = roundToFloat(mantissa, exponent);
  return sign === '-' ? -value : value;
}

/** mantissa × 2^exponent, rounded once to the nearest double, ties to even (IEEE 754 §4.3.1). */
function roundToFloat(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  const drop = Math.max(bits - 53, -1074 - exponent);
  if (drop <= 0) return scale(Number(mantissa), exponent);
  const half = 1n << BigInt(drop - 1);
  const rest = mantissa & ((half << 1n) - 1n);
  let kept = mantissa >> BigInt(drop);
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n;
  return scale(Number(kept), exponent + drop);
}

/** value × 2^exponent where the result is exact or infinite; in two steps, since 2 ** -1100 alone would be 0. */
function scale(value: number, exponent: number): number {
  const first = Math.max(-1000, Math.min(1000, exponent));
  return value * 2 ** first * 2 ** (exponent - first);
}

const decimalInt = /^[+-]?\d+$/;
const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** Whether an integer has a place in sops's 64-bit, signed `int`. */
const isInt64 = (value: bigint): boolean => value >= int64Min && value <= int64Max;

/** Go's `strconv.Atoi`: a sign and decimal digits, 64 bits; undefined otherwise. */
export function parseInt64(text: string): bigint | undefined {
  if (!decimalInt.test(text)) return undefined;
  // BigInt() of a huge text takes quadratic time; 19 digits behind the zeros are the most that 64 bits hold.
  const digits = text.replace(/^[+-]?0*(?=\d)/, '');
  if (digits.length > 19) return undefined;
  const value = BigInt(digits);
  const signed = text.startsWith('-') ? -value : value;
  return isInt64(signed) ? signed : undefined;
}

const trueTexts: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const falseTexts: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** Go's `strconv.ParseBool`; undefined otherwise. */
export function parseBool(text: string): boolean | undefined {
  if (trueTexts.has(text)) return true;
  return falseTexts.has(text) ? false : undefined;
}
