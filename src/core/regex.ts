/**
 * Regular expressions as Go reads them (RE2 syntax, linear time), since that is what sops applies to paths and keys.
 *
 * The engine of JavaScript runs only what is provably the same in both and cannot backtrack badly (`simplepattern.ts`);
 * everything else goes to re2js, which is loaded when the first such pattern comes.
 */

import { TsopsError } from '../errors.ts';
import { simplePattern } from './simplepattern.ts';

/** A compiled pattern. `test` searches anywhere in the input, as Go's MatchString does. */
export interface Pattern {
  readonly text: string;
  test(input: string): boolean;
}

/** Longest pattern, in UTF-16 code units, and largest compiled pattern, in instructions. Go's own bounds allow hangs. */
const maxTextLength = 16_384;
const maxInstructions = 20_000;

/**
 * @throws TsopsError PATTERN_INVALID with the construct and its position, never the pattern itself.
 * @see docs/format.md §5
 */
export async function compilePattern(text: string): Promise<Pattern> {
  if (text.length > maxTextLength) throw tooLarge();
  const half = text.search(/\p{Cs}/u);
  if (half >= 0) throw invalid('half of a surrogate pair', half);
  const simple = simplePattern(text);
  return simple === undefined ? compileForRe2(text) : { text, test: input => testSimple(simple, input) };
}

function testSimple(pattern: RegExp, input: string): boolean {
  pattern.lastIndex = 0;
  try {
    return pattern.test(input);
  } catch {
    // The engine keeps one entry per character of a loop and gives up after some ten million.
    throw new TsopsError('PATTERN_INVALID', 'a text of this length is too long for the regular expression');
  }
}

async function compileForRe2(text: string): Promise<Pattern> {
  const { RE2JS } = await import('re2js');
  let compiled: InstanceType<typeof RE2JS>;
  try {
    compiled = RE2JS.compile(text);
  } catch (thrown) {
    throw refusal(text, thrown);
  }
  if (compiled.programSize() > maxInstructions) throw tooLarge();
  return { text, test: input => compiled.test(input) };
}

/** What Perl, Python or JavaScript know and RE2 does not, by how it begins. */
const foreignGroups: readonly (readonly [string, string])[] = [
  ['(?=', 'a look-ahead'],
  ['(?!', 'a negative look-ahead'],
  ['(?<=', 'a look-behind'],
  ['(?<!', 'a negative look-behind'],
  ['(?>', 'an atomic group'],
  ['(?#', 'a comment group'],
  ['(?|', 'a branch reset group'],
  ['(?P=', 'a back reference'],
  ['(?P>', 'a recursion'],
  ['(?R', 'a recursion'],
  ['(?&', 'a recursion'],
  ['(?(', 'a conditional group'],
];
const foreignEscapes: readonly (readonly [string, string])[] = [
  ...Array.from('123456789kg', digit => [`\\${digit}`, 'a back reference'] as const),
  ...Array.from('hHRXN', letter => [`\\${letter}`, 'a character class of Perl'] as const),
  ['\\Z', 'the anchor \\Z (RE2 has \\z)'],
  ['\\G', 'the anchor \\G'],
  ['\\K', 'the anchor \\K'],
  ['\\u', 'a \\u escape (RE2 has \\x{…})'],
];
const possessives: readonly (readonly [string, string])[] = Array.from('*+?}', quantifier => [
  `${quantifier}+`,
  'a possessive repetition',
]);

interface Reason {
  readonly what: string;
  /** What a writer used to another dialect is likely to have meant; the first of these in the pattern is the fault. */
  readonly foreign?: readonly (readonly [string, string])[];
}

/** The reasons of Go's regexp/syntax package (and so of re2js) in our words. */
const reasons = new Map<string, Reason>([
  ['invalid character class range', { what: 'a character class or range that is not valid' }],
  ['invalid escape sequence', { what: 'an unknown escape sequence', foreign: foreignEscapes }],
  ['invalid named capture', { what: 'a group name that is not valid', foreign: foreignGroups }],
  ['duplicate capture group name', { what: 'the same group name twice' }],
  ['invalid or unsupported Perl syntax', { what: 'a (?…) group that RE2 does not have', foreign: foreignGroups }],
  ['invalid nested repetition operator', { what: 'two repetition operators in a row', foreign: possessives }],
  ['invalid repeat count', { what: 'a repeat count that is too large (at most 1000) or reversed' }],
  ['missing closing ]', { what: 'a [ without its ]' }],
  ['missing closing )', { what: 'a ( without its )' }],
  ['unexpected )', { what: 'a ) without its (' }],
  ['missing argument to repetition operator', { what: 'a repetition operator with nothing before it' }],
  ['trailing backslash at end of expression', { what: 'a backslash at its end' }],
]);

/** Says in words of our own what re2js refused, and where, without a piece of the pattern. */
function refusal(text: string, thrown: unknown): TsopsError {
  const said = thrown instanceof Error && 'error' in thrown ? String(thrown.error) : '';
  if (said === 'expression too large' || said === 'expression nests too deeply') return tooLarge();
  const reason = reasons.get(said);
  const found = reason?.foreign === undefined ? undefined : findForeign(text, reason.foreign);
  return invalid(found?.what ?? reason?.what ?? 'a construct that RE2 does not have', found?.at);
}

/** The first of some constructs outside `\Q…\E`; in character classes only escapes count, and `\12` is octal. */
function findForeign(
  text: string,
  constructs: readonly (readonly [string, string])[],
): { readonly what: string; readonly at: number } | undefined {
  let inClass = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    const isOctal = char === '\\' && /^[1-7][0-7]/u.test(text.slice(at + 1, at + 3));
    if (!isOctal && (char === '\\' || !inClass)) {
      const found = constructs.find(([start]) => text.startsWith(start, at));
      if (found !== undefined) return { what: found[1], at };
    }
    if (char === '\\') at = lastOfEscape(text, at);
    else if (inClass) inClass = char !== ']';
    else if (char === '[') {
      inClass = true;
      if (text[at + 1] === '^') at += 1;
      if (text[at + 1] === ']') at += 1;
    }
  }
  return undefined;
}

function lastOfEscape(text: string, at: number): number {
  if (text[at + 1] !== 'Q') return at + 1;
  const end = text.indexOf('\\E', at);
  return end < 0 ? text.length : end + 1;
}

function invalid(what: string, at: number | undefined): TsopsError {
  const place = at === undefined ? '' : ` at character ${at + 1}`;
  return new TsopsError('PATTERN_INVALID', `the regular expression has ${what}${place}`, {
    hints: ['sops uses the RE2 syntax of Go: https://github.com/google/re2/wiki/Syntax'],
  });
}

function tooLarge(): TsopsError {
  return new TsopsError('PATTERN_INVALID', 'the regular expression is too large', {
    hints: ['use smaller repeat counts or several rules'],
  });
}
