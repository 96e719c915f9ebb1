/**
 * The style and the text that sops gives a scalar: what go-yaml's encoder asks for and what its emitter then allows
 * (`docs/format.md` §8; go.yaml.in/yaml v3.0.4 encode.go and emitterc.go). sops encodes every value twice, once on its own
 * and once in the file, with the same outcome but for the two bugs that `styled` and `literalHeader` name.
 */

import { formatFloat, Timestamp, textOf } from '../../core/scalar.ts';
import type { Scalar } from '../../core/tree.ts';
import { isPlainAmbiguous } from './resolve.ts';

export interface StyledScalar {
  readonly text: string;
  readonly style: 'plain' | 'single' | 'double' | 'literal';
  readonly tag: '' | '!!merge' | '!!binary';
}

/** Where a scalar is written. */
export interface ScalarContext {
  /** Column of block content: that of the lines of a literal block. */
  readonly column: number;
  /** Column of the mapping or sequence that the scalar stands in; -1 at the root. Without it no block gets an indentation indicator. */
  readonly base?: number;
  /** Inside `[…]` or `{…}`. */
  readonly flow: boolean;
  /** An implicit key: on one line. */
  readonly key: boolean;
  /** A tag stands before the scalar already. */
  readonly tagged: boolean;
}

/**
 * The text of one scalar in its place, in the style that sops chooses. A literal block is its header and its lines, each
 * with its indentation, joined by line breaks, without the last break; everything else is one line.
 */
export function printScalar(value: Scalar, context: ScalarContext): string {
  const isTime = value instanceof Timestamp;
  // The colons of a time are safe in flow context, and quotes would make it text.
  const scalar = isTime ? styled(value) : inContext(styled(value), context);
  const tag = scalar.tag === '' || context.tagged ? '' : `${scalar.tag} `;
  if (scalar.style !== 'literal') return tag + flowText(scalar, context.column);
  const body = literalBody(scalar.text, context.column);
  const digit = context.column - Math.max(context.base ?? 0, 0);
  return `${tag}${literalHeader(scalar.text, digit)}\n${body.endsWith('\n') ? body.slice(0, -1) : body}`;
}

function inContext(scalar: StyledScalar, context: ScalarContext): StyledScalar {
  const { text, style } = scalar;
  const restyled = (other: StyledScalar['style']): StyledScalar => ({ ...scalar, style: other });
  if (style === 'literal') return isBlockPossible(text, context) ? scalar : restyled('double');
  // What the emitter would spread over lines (LS and PS are line breaks) stays on one here: the text is patched into a line.
  if (lineBreak.test(text)) return restyled('double');
  if (style !== 'plain') return scalar;
  if (context.tagged && text === '<<') return restyled('double');
  return context.flow && flowIndicator.test(text) ? restyled('single') : scalar;
}

function isBlockPossible(text: string, { flow, key, column, base }: ScalarContext): boolean {
  if (flow || key || column < 1 || /[\u2028\u2029]/.test(text)) return false;
  if (!needsIndicator(text)) return true;
  return base !== undefined && column > base && column - Math.max(base, 0) <= 9;
}

/** The style that sops chooses for a value in block context. */
export function styled(value: Scalar): StyledScalar {
  if (value instanceof Uint8Array) return styledBytes(value);
  if (typeof value === 'string') return styledText(value);
  return { text: plainForm(value), style: 'plain', tag: '' };
}

function plainForm(value: Exclude<Scalar, string | Uint8Array>): string {
  if (value === null) return 'null';
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') return value.text;
  if (Number.isFinite(value)) return formatFloat(value, 'g');
  if (Number.isNaN(value)) return '.nan';
  return value > 0 ? '.inf' : '-.inf';
}

function styledBytes(bytes: Uint8Array): StyledScalar {
  const text = textOf(bytes);
  if (text !== undefined) return styledText(text);
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  if (base64.length < base64Width) return { text: base64, style: 'plain', tag: '!!binary' };
  return { text: base64.replace(base64Line, '$&\n'), style: 'literal', tag: '!!binary' };
}

const base64Width = 70;
const base64Line = new RegExp(`.{1,${base64Width}}`, 'g');

function styledText(text: string): StyledScalar {
  if (text === '<<') return { text, style: 'plain', tag: '!!merge' };
  if (text.includes('\n')) return { text, style: isBlockAllowed(text) ? 'literal' : 'double', tag: '' };
  if (isReadAsOther(text)) return { text, style: 'double', tag: '' };
  if (isPlainAllowed(text)) return { text, style: 'plain', tag: '' };
  return { text, style: isSingleAllowed(text) ? 'single' : 'double', tag: '' };
}

/** What YAML 1.1 reads as a boolean; go-yaml does not, but quotes it. */
const oldBooleans: ReadonlySet<string> = new Set(
  ['y', 'yes', 'on', 'n', 'no', 'off'].flatMap(word => [
    word,
    word.toUpperCase(),
    word.charAt(0).toUpperCase() + word.slice(1),
  ]),
);
/** A base-60 float of YAML 1.1. */
const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

function isReadAsOther(text: string): boolean {
  return isPlainAmbiguous(text) || oldBooleans.has(text) || (text.includes(':') && base60.test(text));
}

/** What go-yaml does not print raw: controls, surrogates (so everything from U+10000 on), the BOM; line breaks are looked at apart. */
const unprintable = /[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const unprintableButTab = /[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const blockIndicator = /^[#,[\]{}&*!|>'"%@`]|^[?:-](?: |$)|^---|^\.\.\.|:(?: |$)| #/;
const flowIndicator = /^[#,[\]{}&*!|>'"%@`?:]|^-(?: |$)|^---|^\.\.\.|[,?[\]{}:]| #/;
const lineBreak = /[\n\r\x85\u2028\u2029]/;
const breakThenSpace = /[\n\u2028\u2029] /;
const spaceThenBreak = / [\n\u2028\u2029]/;

function isPlainAllowed(text: string): boolean {
  if (text.startsWith(' ') || text.endsWith(' ')) return false;
  return !unprintable.test(text) && !lineBreak.test(text) && !blockIndicator.test(text);
}

const isSingleAllowed = (text: string): boolean =>
  !unprintable.test(text) && !breakThenSpace.test(text) && !spaceThenBreak.test(text);

/** A text that starts with a tab would be allowed, but go-yaml cannot read the block; sops then writes null instead of the text. */
const isBlockAllowed = (text: string): boolean =>
  !text.startsWith('\t') && !text.endsWith(' ') && !unprintableButTab.test(text) && !spaceThenBreak.test(text);

/** Whether an implicit key may hold this text. */
export const isMultiline = (text: string): boolean => lineBreak.test(text);

/** The text of a scalar that is no block. LS and PS break the line in single quotes; the text goes on at the column. */
export function flowText({ text, style }: StyledScalar, column: number): string {
  if (style === 'plain') return text;
  if (style === 'double') return `"${escaped(text)}"`;
  const indent = ' '.repeat(column);
  const quoted = text.replaceAll("'", "''");
  return `'${quoted.replace(/[^\u2028\u2029]+/g, (run, offset: number) => (offset === 0 ? run : indent + run))}'`;
}

const shortEscapes: ReadonlyMap<number, string> = new Map([
  [0x00, '0'],
  [0x07, 'a'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x1b, 'e'],
  [0x22, '"'],
  [0x5c, '\\'],
  [0x85, 'N'],
  [0xa0, '_'],
  [0x2028, 'L'],
  [0x2029, 'P'],
]);

const toEscape = /["\\\u2028\u2029]|[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/gu;

function escaped(text: string): string {
  // go-yaml takes every character for a BOM when the first one is.
  return text.replace(text.startsWith('\ufeff') ? /./gsu : toEscape, escapeOf);
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const short = shortEscapes.get(code);
  if (short !== undefined) return `\\${short}`;
  // Half a surrogate pair is no character: UTF-8 has none.
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** Without an indicator the first line of a block says how far it is indented. */
const needsIndicator = (text: string): boolean => /^[ \n\u2028\u2029]/.test(text);

/**
 * `|` with its indicators. `digit` is the true distance between the content and the collection it stands in; sops writes its
 * own indentation width there, whatever the distance, and cannot read the result back.
 */
export function literalHeader(text: string, digit: number): string {
  return `|${needsIndicator(text) ? digit : ''}${chomping(text)}`;
}

function chomping(text: string): string {
  if (!/[\n\u2028\u2029]$/.test(text)) return '-';
  return text.length === 1 || /[\n\u2028\u2029]{2}$/.test(text) ? '+' : '';
}

/** The lines of a literal block, with the final line break where the text has one; blank lines have no indentation. */
export function literalBody(text: string, column: number): string {
  const indent = ' '.repeat(column);
  return text.replace(/[^\n\u2028\u2029]+/g, run => indent + run);
}
