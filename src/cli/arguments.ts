/**
 * From an argument vector, as sops takes it, to one plain form: command, flags with `=`, `--`, operands. Pure.
 *
 * As in sops 3.13.2 (urfave/cli on Go's flag package): one or two dashes for every flag, values after `=` or as the next argument,
 * booleans in the spellings of Go's ParseBool, the modes `-d`, `-e` and none (edit) in place of a command. Unlike sops, flags may
 * stand anywhere, also before the command, an unknown flag is always an error, and `-` is standard input.
 */

import { TsopsError } from '../errors.ts';
import type { Environment } from '../host/environment.ts';
import type { CommandEntry, CommandName, Flag } from './flags.ts';

/** The parts of `flags.ts` that decide what an argument vector means. */
export interface Grammar {
  readonly flags: ReadonlyMap<string, Flag>;
  readonly commands: readonly CommandEntry[];
  readonly modeFlags: ReadonlyMap<string, CommandName>;
  readonly absentCommands: readonly string[];
  readonly absentFlags: readonly string[];
}

export interface Invocation {
  readonly command: CommandName | 'help' | 'version';
  /** The same meaning in the one form that commander is given. */
  readonly vector: readonly string[];
  readonly warnings: readonly string[];
}

/** @throws TsopsError USAGE, CONFLICTING_OPTIONS, FILE_MISSING (a command that needs a file was given none) */
export function normalise(argv: readonly string[], grammar: Grammar, env: Environment): Invocation {
  const reading = readArguments(argv, grammar);
  const { command: named, given } = reading;
  if (named === 'help') return helpOn(reading.operands[0], grammar);
  if (given.get('help') === 'true') return helpOn(named, grammar);
  if (named === undefined && given.get('version') === 'true') return { command: 'version', vector: [], warnings: [] };
  const mode = modeOf(reading, grammar);
  const command = grammar.commands.find(entry => entry.name === (named ?? mode ?? 'edit'));
  if (command === undefined) throw usage('there is no such command');
  if (named !== undefined && mode !== undefined)
    throw usage(`--${mode} stands for a command, and ${named} is one already`);
  return settle(command, reading, grammar, env);
}

/** What stands in an argument vector, before it is known whether it makes sense. */
interface Reading {
  /** The command word, if there is one before the first `--`. */
  readonly command: string | undefined;
  readonly operands: readonly string[];
  /** The last value of every flag by its long name; `true` and `false` for booleans. */
  readonly given: ReadonlyMap<string, string>;
}

function readArguments(argv: readonly string[], grammar: Grammar): Reading {
  const words: string[] = [];
  const given = new Map<string, string>();
  let at = 0;
  for (; at < argv.length && argv[at] !== '--'; at += 1) {
    const word = argv[at] ?? '';
    if (word.length > 1 && word.startsWith('-')) at += readFlag(word, argv[at + 1], given, grammar);
    else {
      if (words.length === 0) refuseAbsent(word, grammar);
      words.push(word);
    }
  }
  const isCommand = words[0] !== undefined && isCommandWord(words[0], grammar);
  const command = isCommand ? (words[0] === 'h' ? 'help' : words[0]) : undefined;
  return { command, operands: [...words.slice(isCommand ? 1 : 0), ...argv.slice(at + 1)], given };
}

function isCommandWord(word: string, grammar: Grammar): boolean {
  return word === 'help' || word === 'h' || grammar.commands.some(entry => entry.name === word);
}

function refuseAbsent(word: string, grammar: Grammar): void {
  if (!grammar.absentCommands.includes(word)) return;
  throw usage(`this version of tsops does not have the command ${word}`, [
    `If a file of that name is meant, write ./${word}.`,
  ]);
}

/** Flags that every command takes: two questions, and two of sops about a network request that tsops never makes. */
const everywhere: readonly (readonly [name: string, short: string | undefined])[] = [
  ['help', 'h'],
  ['version', 'v'],
  ['disable-version-check', undefined],
  ['check-for-updates', undefined],
];

/** Notes one flag down; gives the number of further arguments that belong to it. */
function readFlag(word: string, next: string | undefined, given: Map<string, string>, grammar: Grammar): 0 | 1 {
  const [, name = '', , value] = /^--?([^-=][^=]*)(=(.*))?$/s.exec(word) ?? [];
  const found = findFlag(name, grammar);
  if (found === undefined) throw unknownFlag(word, name, grammar);
  if (found.kind === 'boolean' || found.kind === 'switch') {
    given.set(found.name, parseBoolean(found.name, value ?? 'true'));
    return 0;
  }
  const text = value ?? next;
  if (text === undefined) throw usage(`--${found.name} needs a value`);
  const earlier = found.many ? given.get(found.name) : undefined;
  given.set(found.name, earlier === undefined ? text : `${earlier},${text}`);
  return value === undefined ? 1 : 0;
}

function findFlag(name: string, grammar: Grammar): Pick<Flag, 'name' | 'kind' | 'many'> | undefined {
  const listed =
    grammar.flags.get(name) ?? [...grammar.flags.values()].find(flag => flag.short === name || flag.alias === name);
  if (listed) return listed;
  const special = everywhere.find(([long, short]) => long === name || short === name)?.[0];
  if (special !== undefined) return { name: special, kind: 'boolean' };
  return grammar.modeFlags.has(name) ? { name: `mode ${grammar.modeFlags.get(name)}`, kind: 'boolean' } : undefined;
}

function unknownFlag(word: string, name: string, grammar: Grammar): TsopsError {
  const shown = word.split('=', 1)[0] ?? '';
  if (grammar.absentFlags.includes(name)) return usage(`this version of tsops does not have the flag ${shown}`);
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
function modeOf({ given }: Reading, grammar: Grammar): CommandName | undefined {
  const modes = [...new Set(grammar.modeFlags.values())].filter(mode => given.get(`mode ${mode}`) === 'true');
  if (modes.length > 1)
    throw new TsopsError('CONFLICTING_OPTIONS', `--${modes.join(' and --')} cannot be used together`);
  return modes[0];
}

function helpOn(topic: string | undefined, grammar: Grammar): Invocation {
  if (topic !== undefined && !isCommandWord(topic, grammar)) {
    throw new TsopsError('USAGE', `there is no help on ${topic}`, {
      exitStatus: 3,
      hints: ['Run `tsops --help` for the list of commands.'],
    });
  }
  return { command: 'help', vector: topic === undefined || topic === 'help' ? [] : [topic], warnings: [] };
}

/** Checks flags and operands against the command and puts them into the one form. */
function settle(command: CommandEntry, reading: Reading, grammar: Grammar, env: Environment): Invocation {
  const settings: string[] = [];
  // An empty variable of a script must not put a secret key on the screen or into a log.
  if (command.name === 'keygen' && reading.given.get('output') === '') throw usage('--output needs a file name');
  for (const [name, value] of withVariables(command, reading.given, grammar, env)) {
    const flag = grammar.flags.get(name);
    if (flag === undefined || !command.flags.includes(name)) refuseForeign(command, name);
    else settings.push(...setting(flag, value));
  }
  const { verbs, operands } = operandsOf(command, reading);
  const surplus = reading.operands.length - verbs.length - operands.length;
  const warnings =
    surplus > 0 ? [`only the first file is used; ${surplus} more ${surplus > 1 ? 'are' : 'is'} passed over`] : [];
  return { command: command.name, vector: [command.name, ...settings, '--', ...operands], warnings };
}

function withVariables(
  command: CommandEntry,
  given: ReadonlyMap<string, string>,
  grammar: Grammar,
  env: Environment,
): Map<string, string> {
  const all = new Map(given);
  for (const name of command.flags) {
    const variable = grammar.flags.get(name)?.env;
    const value = variable === undefined ? undefined : env(variable);
    if (value && !all.has(name)) all.set(name, value);
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

function operandsOf(command: CommandEntry, reading: Reading): { verbs: string[]; operands: string[] } {
  const words = [...reading.operands];
  const verbs = command.verbs ? words.splice(0, 1) : [];
  if (command.verbs && !command.verbs.includes(verbs[0] ?? '')) {
    throw usage(`${command.name} needs one of the words ${command.verbs.join(', ')} after it`);
  }
  if (command.maxOperands === 0 && words.length > 0) throw usage(`${command.name} takes no file`);
  const required = command.operands.startsWith('<') || reading.command === undefined;
  if (required && words.length === 0) {
    throw new TsopsError('FILE_MISSING', 'no file was named', {
      hints: ['Run `tsops --help` to see how the command is used.'],
    });
  }
  return { verbs, operands: words.slice(0, command.maxOperands) };
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
