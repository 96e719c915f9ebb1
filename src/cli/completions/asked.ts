/**
 * The protocol by which the scripts of sops ask the program itself: the words so far, and `--generate-bash-completion` at the end.
 * One suggestion a line; with `_CLI_ZSH_AUTOCOMPLETE_HACK=1` its description behind a colon. sops 3.13.2 (urfave/cli 1.22 autocomplete).
 */

import type { Flag } from '../flags.ts';
import {
  completedCommands,
  dashed,
  firstWords,
  flagsWithoutCommand,
  groupWords,
  secondWords,
  spellings,
  whatOf,
} from './vocabulary.ts';

/**
 * The suggestions for a line of words, without the flag that asks.
 * @param isDescribed whether each has its description
 */
export function suggestions(line: readonly string[], isDescribed: boolean): string {
  const last = line.at(-1) ?? '';
  const words = line.filter(word => !word.startsWith('-'));
  const found = last.startsWith('-') ? flagsLike(last, words) : wordsBehind(words);
  return found.map(([word, what]) => `${word}${isDescribed ? `:${what}` : ''}\n`).join('');
}

type Suggestion = readonly [word: string, what: string];

function flagsLike(typed: string, words: readonly string[]): Suggestion[] {
  const start = typed.replace(/^--?/, '');
  const flags = commandOf(words)?.flags ?? flagsWithoutCommand();
  const longOnly = typed.startsWith('--');
  const fits = (spelling: string): boolean =>
    spelling.startsWith(start) && spelling !== start && !(longOnly && spelling.length === 1);
  return flags.flatMap((flag: Flag) =>
    spellings(flag)
      .filter(fits)
      .map((spelling): Suggestion => [dashed(spelling), flag.what]),
  );
}

function commandOf([first = '', second = '']: readonly string[]) {
  const named = completedCommands();
  return named.find(({ name }) => name === `${first} ${second}`) ?? named.find(({ name }) => name === first);
}

function wordsBehind([first]: readonly string[]): Suggestion[] {
  if (first !== undefined && groupWords().includes(first)) {
    return secondWords(first).map(word => [word, whatOf(`${first} ${word}`)]);
  }
  const command = first === undefined ? undefined : commandOf([first]);
  if (command !== undefined) return command.words.map(word => [word, word]);
  return [...firstWords(), 'h'].map(word => [word, whatOf(word === 'h' ? 'help' : word)]);
}
