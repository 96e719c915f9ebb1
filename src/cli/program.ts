/** The commander program: built from the table of flags, it writes the help and gives every command its values. */

import { Command, Option } from 'commander';
import type { KeyKind } from '../index.ts';
import type { Invocation } from './arguments.ts';
import {
  type CommandEntry,
  type CommandName,
  commandEntry,
  commands,
  type Flag,
  type FlagValues,
  flags,
  keyFlags,
  propertyOf,
} from './flags.ts';
import type { Report } from './report.ts';

/** What a command is given. */
export interface Call {
  /** The first operand; `-` is standard input. */
  readonly file: string | undefined;
  readonly flags: FlagValues;
  /** The texts of the flags that name master keys, in the order in which their keys are stored. */
  readonly keys: ReadonlyMap<KeyKind, string>;
  readonly report: Report;
}

type Run = (call: Call) => Promise<void>;

/** One line per command; a command is loaded when it runs. */
const loaders: Readonly<Record<CommandName, () => Promise<{ run: Run }>>> = {
  encrypt: () => import('./commands/encrypt.ts'),
  decrypt: () => import('./commands/decrypt.ts'),
  edit: () => import('./commands/edit.ts'),
  filestatus: () => import('./commands/filestatus.ts'),
  rules: () => import('./commands/rules.ts'),
  keygen: () => import('./commands/keygen.ts'),
  init: () => import('./commands/init.ts'),
  keyservice: () => import('./commands/keyservice.ts'),
};

/** Runs the command of an invocation. */
export async function runCommand(invocation: Invocation & { command: CommandName }, report: Report): Promise<void> {
  const { run } = await loaders[invocation.command]();
  const entry = commandEntry(invocation.command);
  if (entry === undefined) throw new RangeError('a command without an entry');
  let running: Promise<void> | undefined;
  const program = new Command('tsops');
  program.addCommand(
    commandOf(entry).action((...received: unknown[]) => {
      const [options, operands] = received.slice(-2) as [Record<string, unknown>, Command];
      running = run(callOf(entry, options, operands.args, report));
    }),
  );
  await program.parseAsync(invocation.vector, { from: 'user' });
  await running;
}

function commandOf(entry: CommandEntry): Command {
  const command = new Command(entry.name).description(entry.what).helpOption('-h, --help', 'Show this help.');
  if (entry.operands !== '') command.argument(entry.operands);
  const usage = [...(entry.verbs ?? []), '[flags]', entry.operands].filter(word => word !== '').join(' ');
  command.usage(usage).allowExcessArguments(false);
  for (const name of entry.flags) {
    const flag = flags.get(name);
    if (flag !== undefined) command.addOption(optionOf(flag));
  }
  return command;
}

function optionOf(flag: Flag): Option {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const named = ` <${flag.value ?? 'VALUE'}>`;
  const value = { boolean: '', switch: ' [=false]', text: named, number: named }[flag.kind];
  const option = new Option(`${short}--${flag.name}${value}`, describeFlag(flag));
  if (flag.kind === 'switch') option.argParser(text => text !== 'false');
  return flag.kind === 'number' ? option.argParser(Number) : option;
}

/** The sentence of a flag with the words that it takes and the variable that sets it. */
export function describeFlag(flag: Flag): string {
  const words = flag.words === undefined ? '' : ` One of ${flag.words.join(', ')}.`;
  const variable = flag.env === undefined ? '' : ` [$${flag.env}]`;
  return `${flag.what}${words}${variable}`;
}

function callOf(entry: CommandEntry, options: Record<string, unknown>, operands: string[], report: Report): Call {
  const values = new Map<string, unknown>();
  for (const name of entry.flags) {
    // Commander takes `--no-x` for the negation of a flag `x` that is on by default.
    const value = name.startsWith('no-') ? options[propertyOf(name.slice(3))] === false : options[propertyOf(name)];
    if (value !== undefined) values.set(propertyOf(name), value);
  }
  const keys = new Map<KeyKind, string>();
  for (const { name, key } of keyFlags) {
    const text = values.get(propertyOf(name));
    if (typeof text === 'string') keys.set(key, text);
  }
  report.verbose = values.get('verbose') === true;
  return { file: operands[0], flags: Object.fromEntries(values) as FlagValues, keys, report };
}

const introduction = `tsops encrypts the values of YAML, JSON, dotenv, INI and binary files in the sops 3.x file format,
and keeps every other byte as it was.`;

const closing = `
Without a command, as with sops:
  tsops FILE             the same as tsops edit FILE
  tsops -d FILE          the same as tsops decrypt FILE
  tsops -e FILE          the same as tsops encrypt FILE

A file called "-" is standard input. Flags may stand before or after the file, with one or two dashes.`;

/** The help on a command, or on all of them. */
export function helpText(topic: string | undefined): string {
  const program = new Command('tsops')
    .description(introduction)
    .usage('[command] [flags] [file]')
    .helpOption('-h, --help', 'Show this help.')
    .option('-v, --version', 'Show the version of tsops.')
    .helpCommand('help [command]', 'Show the help on a command.')
    .addHelpText('after', closing);
  for (const entry of commands) program.addCommand(commandOf(entry));
  const asked = topic === undefined ? program : program.commands.find(command => command.name() === topic);
  let text = '';
  (asked ?? program)
    .configureOutput({ writeOut: written => (text += written), getOutHelpWidth: () => 100 })
    .outputHelp();
  return text;
}
