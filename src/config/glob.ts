/** `path_glob`: the globs of micromatch, run by RE2 so that no glob can take exponential time. `docs/config.md` §4. */

import { compilePattern, type Pattern } from '../core/regex.ts';
import { TsopsError } from '../errors.ts';

const maxLength = 1000;

/**
 * What micromatch guards against cannot be in our paths: they have no empty, `.` or `..` step. Without these look-aheads its
 * expressions are RE2.
 */
const guards = ['(?!(?:^|\\/)\\.{1,2}(?:\\/|$))', '(?!\\.{1,2}(?:\\/|$))', '(?=.)'];

/** A glob over a whole path with `/` between its steps. Names that start with a dot need no dot in the glob. */
export async function compileGlob(text: string): Promise<Pattern> {
  if (text.length > maxLength) throw invalid('is too long');
  const source = (await globSource(text)).replace(/\\([^\0-\x7f])/gu, '$1');
  try {
    const pattern = await compilePattern(guards.reduce((rest, guard) => rest.replaceAll(guard, ''), source));
    return { text, test: input => pattern.test(input) };
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    throw invalid('has a construct that path_glob does not know');
  }
}

async function globSource(text: string): Promise<string> {
  const { default: micromatch } = await import('micromatch');
  try {
    const options = {
      dot: true,
      noextglob: true,
      nonegate: true,
      posix: true,
      literalBrackets: false,
      strictBrackets: true,
    };
    return micromatch.makeRe(text, options).source;
  } catch {
    throw invalid('has a bracket without its partner');
  }
}

function invalid(what: string): TsopsError {
  return new TsopsError('PATTERN_INVALID', `the glob ${what}`, {
    hints: ['Globs know *, **, ?, [a-z], [!a-z] and {a,b}; a backslash takes the next character as it is.'],
  });
}
