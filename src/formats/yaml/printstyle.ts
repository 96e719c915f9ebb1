/**
 * The text of a string in a style that is given, where the style can hold it. What comes out reads back in go-yaml
 * v3.0.4 as the same string, on the line (or under the block header) that is there already. `docs/format.md` §7.1.
 */

import { isPlainAmbiguous } from './resolve.ts';

const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\f', '\\f'],
  ['\r', '\\r'],
]);

/** What a reader of YAML refuses, takes for a line break, or nobody can see. */
const mustEscape = /["\\\p{Cc}\u2028\u2029\ufeff\ufffe\uffff\p{Cs}]/gu;

/** Double-quoted, on one line, with JSON's escapes and only where it must be: letters of any alphabet and emoji stay. */
export function asDoubleQuoted(text: string): string {
  return `"${text.replace(mustEscape, escapeOf)}"`;
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  // Half a surrogate pair is no character: UTF-8 has none.
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  return shortEscapes.get(character) ?? `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Characters that cannot stand in a line of YAML as they are; a tab can. */
const notInLine = /[^\P{Cc}\t]|[\u2028\u2029\ufeff\ufffe\uffff\p{Cs}]/u;

/** Single-quoted on one line; undefined where the text has line breaks or control characters. */
export function asSingleQuoted(text: string): string | undefined {
  return notInLine.test(text) ? undefined : `'${text.replaceAll("'", "''")}'`;
}

const blockIndicator = /^[#,[\]{}&*!|>'"%@`]|^[?:-](?:[ \t]|$)|^---|^\.\.\.|:(?:[ \t]|$)|[ \t]#|^[ \t]|[ \t]$/;
const flowIndicator = /^[?:-]|[,?[\]{}]/;

/**
 * Plain on one line; undefined where the text would end early or mean something else than itself. With a tag before it that
 * makes it a string in any case, a text may look like a number.
 */
export function asPlain(
  text: string,
  context: { readonly flow: boolean; readonly tagged: boolean },
): string | undefined {
  if (text === '' || notInLine.test(text) || blockIndicator.test(text)) return undefined;
  if (context.flow && flowIndicator.test(text)) return undefined;
  return !context.tagged && isPlainAmbiguous(text) ? undefined : text;
}

interface BlockHeader {
  readonly hasIndicator: boolean;
  readonly chomping: 'clip' | 'strip' | 'keep';
}

function blockHeader(header: string, style: '|' | '>'): BlockHeader | undefined {
  const [, digitFirst, sign, digitLast] = /^[|>]([1-9]?)([+-]?)([1-9]?)$/.exec(header) ?? [];
  if (sign === undefined || !header.startsWith(style) || (digitFirst && digitLast)) return undefined;
  const hasIndicator = digitFirst !== '' || digitLast !== '';
  return { hasIndicator, chomping: sign === '' ? 'clip' : sign === '-' ? 'strip' : 'keep' };
}

/**
 * The lines of a literal block under exactly this header (`|`, `|-`, `|2+` …), content at the column, blank lines empty;
 * undefined where the block cannot hold the text. The column has to fit the header's indentation indicator.
 */
export function asLiteral(text: string, header: string, contentColumn: number): string[] | undefined {
  const lines = blockLines(text, blockHeader(header, '|'), contentColumn);
  return lines?.map(line => indented(line, contentColumn));
}

/** The same for a folded block (`>`): every paragraph is one line. */
export function asFolded(text: string, header: string, contentColumn: number): string[] | undefined {
  const lines = blockLines(text, blockHeader(header, '>'), contentColumn);
  return lines === undefined ? undefined : unfolded(lines).map(line => indented(line, contentColumn));
}

const indented = (line: string, column: number): string => (line === '' ? '' : ' '.repeat(column) + line);

/** The lines that a block of this header stands for, before folding. */
function blockLines(text: string, header: BlockHeader | undefined, contentColumn: number): string[] | undefined {
  if (header === undefined || contentColumn < 1 || text === '') return undefined;
  const lines = text.split('\n');
  if (lines.some(line => notInLine.test(line))) return undefined;
  if (header.chomping !== 'strip' && lines.pop() !== '') return undefined;
  const isBlank = lines.every(line => line === '');
  if (header.chomping !== 'keep' && (isBlank || lines.at(-1) === '')) return undefined;
  // The first line with text tells the indentation where the header does not.
  const first = lines.find(line => line !== '') ?? '';
  return header.hasIndicator || !/^[ \t]/.test(first) ? lines : undefined;
}

/** Folding turns a single break into a blank and drops one of several, but only between lines that do not start with a blank. */
function unfolded(lines: readonly string[]): string[] {
  const out: string[] = [];
  let above: string | undefined;
  for (const line of lines) {
    if (line !== '') {
      if (above !== undefined && !/^[ \t]/.test(above) && !/^[ \t]/.test(line)) out.push('');
      above = line;
    }
    out.push(line);
  }
  return out;
}
