/**
 * The dialect of dotenv files that programs agree on (npm dotenv, Ruby dotenv, docker compose): quotes, `export`, comments behind
 * values, values of several lines. sops knows nothing of it and keeps lines as they are, and so do files of tsops; this is for the
 * use of values, as in `tsops run`. Nothing is expanded: `$NAME` stays.
 */

import { TsopsError } from '../../errors.ts';

export interface DotenvVariable {
  readonly name: string;
  readonly value: string;
  /** The line of the name, from 1. */
  readonly line: number;
}

const nameAt = /[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/y;
const blankLine = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;
/** Up to a `#` behind a blank, or to the end of the line. */
const unquoted = /(?:[^\r\n#]|(?<![ \t])#)*/y;
const restOfLine = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;

/**
 * The variables of a text, in its order. In double quotes `\n`, `\r`, `\t`, `\"`, `\\` and `\$` are escapes; single quotes and
 * backticks keep everything; without quotes a value ends at a blank with `#` behind it, and blanks around it do not count.
 * @throws TsopsError FILE_SYNTAX with the line
 */
export function parseDialect(text: string): DotenvVariable[] {
  const variables: DotenvVariable[] = [];
  const end = text.length;
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  const advance = (to: number): void => {
    line += text.slice(at, to).split('\n').length - 1;
    at = to;
  };
  while (at < end) {
    const blank = matchAt(blankLine, text, at);
    if (blank !== undefined) {
      advance(at + blank.length);
      continue;
    }
    nameAt.lastIndex = at;
    const name = nameAt.exec(text);
    if (name === null) throw syntax('a line is neither a comment nor a variable', line);
    const value = valueAt(text, nameAt.lastIndex, line);
    variables.push({ name: name[1] ?? '', value: value.text, line });
    advance(value.end);
  }
  return variables;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function valueAt(text: string, at: number, line: number): { text: string; end: number } {
  const quote = text.charAt(at);
  if (quote !== '"' && quote !== "'" && quote !== '`') {
    const raw = matchAt(unquoted, text, at) ?? '';
    return { text: raw.trimEnd(), end: endOfLine(text, at + raw.length, line) };
  }
  const close = closing(text, at, quote);
  if (close < 0) throw syntax('a quote is not closed', line);
  const inner = text.slice(at + 1, close);
  return { text: quote === '"' ? unescaped(inner) : inner, end: endOfLine(text, close + 1, line) };
}

/** What stands behind a quoted value must be a comment. */
function endOfLine(text: string, at: number, line: number): number {
  const rest = matchAt(restOfLine, text, at);
  if (rest === undefined) throw syntax('there is text behind the closing quote', line);
  return at + rest.length;
}

function closing(text: string, open: number, quote: string): number {
  for (let at = open + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === quote) return at;
    if (char === '\\' && quote === '"') at += 1;
  }
  return -1;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unescaped(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_, char: string) => escapes[char] ?? char);
}

function syntax(message: string, line: number): TsopsError {
  return new TsopsError('FILE_SYNTAX', message, {
    line,
    hints: ['A value with blanks, quotes or # in it stands in quotes: NAME="…".'],
  });
}
