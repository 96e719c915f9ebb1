/**
 * From an argument vector, as sops takes it, to one plain form: command, flags with `=`, `--`, operands. Pure.
 *
 * As in sops 3.13.2 (urfave/cli on Go's flag package): one or two dashes for every flag, values after `=` or as the next argument,
 * booleans in the spellings of Go's ParseBool, the modes `-d`, `-e` and none (edit) in place of a command. Unlike sops, flags may
 * stand anywhere, also before the command, an unknown flag is always an error, and `-` is standard input.
 */

import { TsopsError } from '../errors.ts';
import type { Environment } from '../host/environment.ts';
import { type CommandEntry, type ModeFlag, operandRange } from './commands.ts';
import type { Flag } from './flags.ts';

/** The parts of `flags.ts` and `commands.ts` that decide what an argument vector means. */
export interface Grammar {
  readonly flags: ReadonlyMap<string, Flag>;
  readonly commands: readonly CommandEntry[];
  readonly modeFlags: ReadonlyMap<string, ModeFlag>;
}

export interface Invocation {
  /** The name of a command of the table, or one of these two questions. */
  readonly command: string;
  readonly asks?: 'help' | 'version';
  /** Whether the command was chosen by a flag or by nothing. */
  readonly isMode: boolean;
  /** The same meaning in the one form that commander is given. */
  readonly vector: readonly string[];
  readonly warnings: readonly string[];
}

/** @throws TsopsError USAGE, CONFLICTING_OPTIONS, FILE_MISSING (a command that needs a file was given none), SET_FORMAT_INVALID */
export function normalise(argv: readonly string[], grammar: Grammar, env: Environment): Invocation {
  const reading = readArguments(argv, grammar);
  const { command: named, given } = reading;
  if (named === 'help') return helpOn(reading.operands, grammar);
  if (given.has('help') && lastOf(given, 'help') === 'true')
    return helpOn(named?.split(' ') ?? reading.operands.slice(0, 1), grammar);
  if (named === undefined && lastOf(given, 'version') === 'true') return question('version', []);
  const group = named === undefined ? groupOf(reading, grammar) : undefined;
  if (group !== undefined) return helpOn([group, ...reading.operands.slice(1, 2)], grammar);
  const mode = modeOf(reading, grammar);
  const command = grammar.commands.find(entry => entry.name === (named ?? mode?.command ?? 'edit'));
  if (command === undefined) throw usage('there is no such command');
  if (named !== undefined && mode !== undefined)
    throw usage(`--${mode.command} stands for a command, and ${named} is one already`);
  return settle(command, withTextOfMode(reading, mode), named === undefined, grammar, env);
}

const question = (asks: 'help' | 'version', vector: readonly string[]): Invocation => ({
  command: asks,
  asks,
  isMode: false,
  vector,
  warnings: [],
});

/** What stands in an argument vector, before it is known whether it makes sense. */
interface Reading {
  /** The name of the command, or `help`, if it stands before the first `--`. */
  readonly command: string | undefined;
  /** Whether nothing before the operands can be a command: they stand behind `--`. */
  readonly isEscaped: boolean;
  readonly operands: readonly string[];
  /** The values of every flag by its long name; `true` and `false` for booleans. */
  readonly given: Given;
}

type Given = ReadonlyMap<string, readonly string[]>;

/** The last value counts. */
const lastOf = (given: Given, name: string): string | undefined => given.get(name)?.at(-1);

function readArguments(argv: readonly string[], grammar: Grammar): Reading {
  const words: string[] = [];
  const given = new Map<string, string[]>();
  let at = 0;
  for (; at < argv.length && argv[at] !== '--'; at += 1) {
    const word = argv[at] ?? '';
    if (word.length > 1 && word.startsWith('-')) {
      at += readFlag(word, argv[at + 1], given, grammar);
      continue;
    }
    words.push(word);
    if (isForeign(words, grammar)) return reading(words, argv.slice(at + 1), given, grammar);
  }
  return reading(words, argv.slice(at + 1), given, grammar);
}

/** Whether the last word begins a command line of somebody else. */
function isForeign(words: readonly string[], grammar: Grammar): boolean {
  const command = grammar.commands.find(entry => entry.passThrough && entry.name === words[0]);
  return command !== undefined && words.length > 1;
}

function reading(words: readonly string[], rest: readonly string[], given: Given, grammar: Grammar): Reading {
  const [first = '', second = ''] = words;
  const names = [`${first} ${second}`, first].filter(name => isCommandName(name, grammar));
  const command = first === 'help' || first === 'h' ? 'help' : names[0];
  const length = command === undefined ? 0 : command.split(' ').length;
  return { command, isEscaped: words.length === 0, operands: [...words.slice(length), ...rest], given };
}

function isCommandName(name: string, grammar: Grammar): boolean {
  return grammar.commands.some(entry => entry.name === name);
}

/** The first word of commands of two words, where no second one makes it a command: `groups` alone shows its help, as with sops. */
function groupOf({ operands, isEscaped }: Reading, grammar: Grammar): string | undefined {
  const [first] = operands;
  if (isEscaped || first === undefined) return undefined;
  return grammar.commands.some(entry => entry.name.startsWith(`${first} `)) ? first : undefined;
}

/** Flags that every command takes: two questions, and two of sops about a network request that tsops never makes. */
const everywhere: readonly (readonly [name: string, short: string | undefined])[] = [
  ['help', 'h'],
  ['version', 'v'],
  ['disable-version-check', undefined],
  ['check-for-updates', undefined],
];

/** Notes one flag down; gives the number of further arguments that belong to it. */
function readFlag(word: string, next: string | undefined, given: Map<string, string[]>, grammar: Grammar): 0 | 1 {
  const [, name = '', , value] = /^--?([^-=][^=]*)(=(.*))?$/s.exec(word) ?? [];
  const found = findFlag(name, grammar);
  if (found === undefined) throw unknownFlag(word, name, grammar);
  const earlier = given.get(found.name) ?? [];
  if (found.kind === 'boolean' || found.kind === 'switch') {
    given.set(found.name, [...earlier, parseBoolean(found.name, value ?? 'true')]);
    return 0;
  }
  const text = value ?? next;
  if (text === undefined) throw usage(`--${found.name.replace('mode ', '')} needs a value`);
  given.set(found.name, [...earlier, text]);
  return value === undefined ? 1 : 0;
}

function findFlag(name: string, grammar: Grammar): Pick<Flag, 'name' | 'kind'> | undefined {
  const listed =
    grammar.flags.get(name) ?? [...grammar.flags.values()].find(flag => flag.short === name || flag.alias === name);
  if (listed) return listed;
  const special = everywhere.find(([long, short]) => long === name || short === name)?.[0];
  if (special !== undefined) return { name: special, kind: 'boolean' };
  const mode = grammar.modeFlags.get(name);
  return mode && { name: `mode ${mode.command}`, kind: mode.kind };
}

function unknownFlag(word: string, name: string, grammar: Grammar): TsopsError {
  const shown = word.split('=', 1)[0] ?? '';
  const near = nearest(name, [...grammar.flags.keys()]);
  const hint = near === undefined ? `If a file of that name is meant, write ./${shown}.` : `Did you mean --${near}?`;
  return usage(`the flag ${shown} is not known`, [hint]);
}

/** Go's strconv.ParseBool. */
function parseBoolean(name: string, text: string): 'true' | 'false' {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return 'true';
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return 'false';
  throw usage(`--${name.replace('mode ', '')} is either true or false`);
}

/** The command that a mode flag stands for. sops runs several modes one after the other on the same file; that helps nobody. */
function modeOf({ given }: Reading, grammar: Grammar): ModeFlag | undefined {
  const isChosen = ({ command, kind }: ModeFlag): boolean => {
    const value = lastOf(given, `mode ${command}`) ?? '';
    return kind === 'text' ? value !== '' : value === 'true';
  };
  const modes = new Map([...grammar.modeFlags.values()].filter(isChosen).map(mode => [mode.command, mode]));
  if (modes.size > 1)
    throw new TsopsError('CONFLICTING_OPTIONS', `--${[...modes.keys()].join(' and --')} cannot be used together`);
  return [...modes.values()][0];
}

/** `--set 'PATH VALUE'`: sops 3.13.2 cmd/sops/main.go extractSetArguments parts the text at the first bracket with a blank behind it. */
function withTextOfMode(reading: Reading, mode: ModeFlag | undefined): Reading {
  if (mode?.kind !== 'text') return reading;
  const text = lastOf(reading.given, `mode ${mode.command}`) ?? '';
  const end = text.indexOf('] ');
  if (end < 0) {
    throw new TsopsError(
      'SET_FORMAT_INVALID',
      `--${mode.command} needs a path in brackets, a blank, and a JSON value`,
      {
        hints: [`It looks like --${mode.command} '["key"] "value"'.`],
      },
    );
  }
  const operands = [...reading.operands.slice(0, 1), text.slice(0, end + 1), text.slice(end + 2)];
  return reading.operands.length === 0 ? reading : { ...reading, operands };
}

function helpOn(topic: readonly string[], grammar: Grammar): Invocation {
  const [first, second] = topic;
  if (first === undefined || first === 'help' || first === 'h') return question('help', []);
  const name = [`${first} ${second}`, first].find(
    text => isCommandName(text, grammar) || grammar.commands.some(entry => entry.name.startsWith(`${text} `)),
  );
  // A word behind a group that is none of its commands is no topic; behind a command it is a file.
  if (name !== undefined && (second === undefined || name !== first || isCommandName(first, grammar)))
    return question('help', [name]);
  throw new TsopsError('USAGE', `there is no help on ${name === undefined ? first : `${first} ${second}`}`, {
    exitStatus: 3,
    hints: ['Run `tsops --help` for the list of commands.'],
  });
}

/** Checks flags and operands against the command and puts them into the one form. */
function settle(
  command: CommandEntry,
  reading: Reading,
  isMode: boolean,
  grammar: Grammar,
  env: Environment,
): Invocation {
  const settings: string[] = [];
  // An empty variable of a script must not put a secret key on the screen or into a log.
  if (command.name === 'keygen' && lastOf(reading.given, 'output') === '') throw usage('--output needs a file name');
  for (const [name, values] of withVariables(command, reading.given, grammar, env)) {
    const flag = grammar.flags.get(name);
    if (flag === undefined || !command.flags.includes(name)) refuseForeign(command, name);
    else settings.push(...settingsOf(flag, values, command));
  }
  const { operands, warnings } = operandsOf(command, reading, isMode);
  return { command: command.name, isMode, vector: [command.name, ...settings, '--', ...operands], warnings };
}

function settingsOf(flag: Flag, values: readonly string[], command: CommandEntry): string[] {
  if (flag.kind === 'list') return values.flatMap(value => setting(flag, value));
  const addsUp = command.keysAddUp && 'key' in flag;
  return setting(flag, addsUp ? values.filter(value => value !== '').join(',') : (values.at(-1) ?? ''));
}

function withVariables(command: CommandEntry, given: Given, grammar: Grammar, env: Environment): Given {
  const all = new Map(given);
  for (const name of command.flags) {
    const flag = grammar.flags.get(name);
    // The variables of keys say for whom files are made, and not which keys a group is to have.
    const variable = flag !== undefined && command.keysAddUp && 'key' in flag ? undefined : flag?.env;
    const value = variable === undefined ? undefined : env(variable);
    if (value && !all.has(name)) all.set(name, [value]);
  }
  return all;
}

function refuseForeign(command: CommandEntry, name: string): void {
  // A global flag of sops: it means nothing where no key is used.
  if (name === 'enable-local-keyservice') return;
  if (name.startsWith('mode ') || (name !== 'version' && everywhere.some(([long]) => long === name))) return;
  throw usage(`${command.name} does not take the flag --${name}`, [
    `Run \`tsops ${command.name} --help\` for the list of its flags.`,
  ]);
}

/** An empty text is the same as none, but for --extract, where the empty path is the whole file. */
function setting(flag: Flag, value: string): string[] {
  if (flag.kind === 'boolean') return value === 'true' ? [`--${flag.name}`] : [];
  if (flag.kind === 'switch') return parseBoolean(flag.name, value) === 'true' ? [] : [`--${flag.name}=false`];
  if (value === '' && flag.name !== 'extract') return [];
  if (flag.kind === 'number' && !/^[+-]?\d{1,9}$/.test(value)) throw usage(`--${flag.name} needs a whole number`);
  if (flag.words !== undefined && !flag.words.includes(value)) {
    throw usage(`--${flag.name} does not know that word`, [`Use one of ${flag.words.join(', ')}.`]);
  }
  return [`--${flag.name}=${value}`];
}

/** As many operands as the command takes; too few are an error, and so are too many where they would change what is meant. */
function operandsOf(
  command: CommandEntry,
  { operands }: Reading,
  isMode: boolean,
): Pick<Invocation, 'warnings'> & { operands: readonly string[] } {
  const { least, most } = operandRange(command);
  if (most === 0 && operands.length > 0) throw usage(`${command.name} takes no file`);
  // A form without a command has no standard input.
  if (operands.length < Math.max(least, isMode ? 1 : 0)) throw operandError(command, operands.length);
  const surplus = operands.length - most;
  if (surplus <= 0) return { operands, warnings: [] };
  if (command.operandStatus !== undefined) throw operandError(command, operands.length);
  const warning = `only the first file is used; ${surplus} more ${surplus > 1 ? 'are' : 'is'} passed over`;
  return { operands: operands.slice(0, most), warnings: [warning] };
}

function operandError({ name, operands, operandStatus }: CommandEntry, count: number): TsopsError {
  const hints = [`Run \`tsops ${name} --help\` to see how the command is used.`];
  if (operandStatus === undefined && count === 0) return new TsopsError('FILE_MISSING', 'no file was named', { hints });
  const code = operandStatus === 1 ? 'USAGE' : 'FILE_MISSING';
  return new TsopsError(code, `${name} takes ${operands}`, { hints });
}

function usage(message: string, hints: string[] = []): TsopsError {
  return new TsopsError('USAGE', message, { hints });
}

/** The name that is at most two slips of the pen away, and has more in common with it than not. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const most = Math.min(2, Math.floor(name.length / 2));
  const near = names.map(other => ({ other, slips: distance(name, other) })).filter(({ slips }) => slips <= most);
  return near.sort((a, b) => a.slips - b.slips)[0]?.other;
}

/** Levenshtein's distance; the names are short. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const change = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
