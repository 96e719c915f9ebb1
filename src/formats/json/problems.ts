/** What can be wrong with a JSON text, in words that hold nothing of it. */

import { TsopsError } from '../../errors.ts';

interface Problem {
  readonly says: string;
  readonly hint?: string;
}

const problems = {
  empty: { says: 'the file is empty; JSON needs at least {}' },
  bom: { says: 'a byte order mark stands before the text', hint: 'Save the file as UTF-8 without a byte order mark.' },
  comment: { says: 'a comment: JSON has none', hint: 'Remove the comments, or keep the file as YAML.' },
  ends: { says: 'the file ends before the JSON value is complete' },
  value: { says: 'a JSON value is expected here' },
  key: { says: 'a key in double quotes is expected here' },
  colon: { says: 'a colon is expected here' },
  afterMember: { says: 'a comma or } is expected here' },
  afterItem: { says: 'a comma or ] is expected here' },
  trailingComma: { says: 'a comma without a value behind it', hint: 'Remove the last comma.' },
  leadingZero: { says: 'a number with a leading zero' },
  digit: { says: 'a digit is expected here' },
  tooLarge: { says: 'a number is too large for a 64-bit float', hint: 'Write it as a string.' },
  control: { says: 'a control character inside a string', hint: 'Write it as an escape, for example \\n or \\t.' },
  escape: { says: 'an escape that JSON does not have' },
  endInString: { says: 'the file ends inside a string' },
  tooDeep: { says: 'the nesting is deeper than 10000 levels' },
  afterEnd: { says: 'something follows the end of the JSON value', hint: 'A JSON file holds exactly one object.' },
  notAnObject: {
    says: 'the top level is not an object',
    hint: 'Wrap it in an object, for example {"data": …}.',
  },
  tooLong: { says: 'the file is larger than a JSON file can be here (512 MiB)' },
} as const satisfies Record<string, Problem>;

export type ProblemKind = keyof typeof problems;

/** The error for a problem at an offset of the byte text. */
export function problemAt(byteText: string, kind: ProblemKind, at: number): TsopsError {
  const problem: Problem = problems[betterKind(byteText, kind, at)];
  const lineStart = startOfLine(byteText, at);
  return new TsopsError('FILE_SYNTAX', problem.says, {
    line: linesBefore(byteText, lineStart) + 1,
    column: charactersBetween(byteText, lineStart, at) + 1,
    hints: problem.hint === undefined ? [] : [problem.hint],
  });
}

/** The error for a file that is longer than the longest string of the engine. */
export const tooLong = (): TsopsError => new TsopsError('FILE_SYNTAX', problems.tooLong.says);

/** Where something was expected, what stands there instead says more: the end, a comment, a byte order mark. */
function betterKind(byteText: string, kind: ProblemKind, at: number): ProblemKind {
  if (!expectations.has(kind)) return kind;
  if (at >= byteText.length) return byteText.trim() === '' ? 'empty' : 'ends';
  if (at === 0 && byteText.startsWith('\xef\xbb\xbf')) return 'bom';
  return /^(?:\/[/*]|#)/.test(byteText.slice(at, at + 2)) ? 'comment' : kind;
}

const expectations: ReadonlySet<ProblemKind> = new Set([
  'value',
  'key',
  'colon',
  'afterMember',
  'afterItem',
  'digit',
  'afterEnd',
]);

function startOfLine(byteText: string, at: number): number {
  const newline = at === 0 ? -1 : byteText.lastIndexOf('\n', at - 1);
  return newline + 1;
}

function linesBefore(byteText: string, end: number): number {
  let count = 0;
  for (let at = byteText.indexOf('\n'); at >= 0 && at < end; at = byteText.indexOf('\n', at + 1)) count++;
  return count;
}

/** Counts the bytes that begin a UTF-8 sequence. */
function charactersBetween(byteText: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if ((byteText.charCodeAt(at) & 0xc0) !== 0x80) count++;
  return count;
}
