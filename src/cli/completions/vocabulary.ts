/** What there is to complete: the tables of commands and flags, in the form in which the scripts need them. */

import { type CommandEntry, commands } from '../commands.ts';
import { type Flag, flags } from '../flags.ts';

export interface CompletedCommand {
  readonly name: string;
  readonly what: string;
  readonly flags: readonly Flag[];
  /** The words that its operand is one of; files where there are none. */
  readonly words: readonly string[];
}

export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

const question = (name: string, short: string, what: string): Flag => ({ name, short, kind: 'boolean', what });
const help = question('help', 'h', 'Show the help.');

/** Flags that stand for a command, and those of the commands that they stand for. */
export function flagsWithoutCommand(): readonly Flag[] {
  const modes = ['edit', 'decrypt', 'encrypt', 'rotate', 'set'];
  const named = commands.filter(command => modes.includes(command.name)).flatMap(flagsOf);
  const unique = new Map(named.map(flag => [flag.name, flag]));
  return [
    question('decrypt', 'd', 'Decrypt a file.'),
    question('encrypt', 'e', 'Encrypt a file.'),
    question('rotate', 'r', 'Give a file a new data key.'),
    { name: 'set', kind: 'text', what: 'Set a value: a path, a blank, and JSON.' },
    question('version', 'v', 'Show the version.'),
    ...unique.values(),
  ];
}

function flagsOf(command: CommandEntry): Flag[] {
  return [...command.flags.flatMap(name => flags.get(name) ?? []), help];
}

/** All commands, and `help`, whose operand is one of them. */
export function completedCommands(): readonly CompletedCommand[] {
  const listed = commands.map(command => ({
    name: command.name,
    what: command.what,
    flags: flagsOf(command),
    words: command.name === 'completion' ? shells : [],
  }));
  return [...listed, { name: 'help', what: 'Show the help on a command.', flags: [], words: firstWords() }];
}

/** The words that may stand where a command is expected; of a command of two words the first. */
export function firstWords(): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? '')), 'help'];
}

/** What a first word means: what its command does, or which commands of two words there are. */
export function whatOf(word: string): string {
  const command = completedCommands().find(({ name }) => name === word);
  return command?.what ?? `One of ${secondWords(word).join(', ')}.`;
}

/** The words that may stand behind a first word; none where it is a command by itself. */
export function secondWords(first: string): string[] {
  return commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name.slice(first.length + 1));
}

/** First words that are no command without a second one. */
export const groupWords = (): string[] => firstWords().filter(word => secondWords(word).length > 0);

export const takesValue = (flag: Flag): boolean => flag.kind !== 'boolean' && flag.kind !== 'switch';

/** Every spelling of a flag without its dashes. */
export const spellings = ({ name, short, alias }: Flag): string[] =>
  [name, short, alias].filter(text => text !== undefined);

/** A spelling with the dashes that it has in the help. */
export const dashed = (spelling: string): string => (spelling.length > 1 ? `--${spelling}` : `-${spelling}`);

/** Every flag of any command or of none. */
function allFlags(): readonly Flag[] {
  const every = [...flagsWithoutCommand(), ...completedCommands().flatMap(command => command.flags)];
  return [...new Map(every.map(flag => [flag.name, flag])).values()];
}

/** The spellings of all flags that a value follows. */
export const valueSpellings = (): string[] => allFlags().filter(takesValue).flatMap(spellings);

/** The flags that take one of some words, by these words. */
export const wordFlags = (): Flag[] => allFlags().filter(flag => flag.words !== undefined);
