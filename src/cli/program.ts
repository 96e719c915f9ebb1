/** The commander program: built from the table of flags, it writes the help and gives every command its values. */

import { Command, Option } from 'commander';
import { env, programName } from '../host/environment.ts';
import type { KeyKind } from '../index.ts';
import type { Invocation } from './arguments.ts';
import type { Audit } from './audit.ts';
import type { Call, Ending, KeyTexts } from './call.ts';
import { type CommandEntry, commandEntry, commands } from './commands.ts';
import { type Flag, type FlagValues, flags, type KeyFlagUse, keyFlags, propertyOf } from './flags.ts';
import { asTsopsError, type Report } from './report.ts';

/** Runs the command of an invocation; gives its exit status. */
export async function runCommand(invocation: Invocation, argv: readonly string[], report: Report): Promise<number> {
  const entry = commandEntry(invocation.command);
  if (entry === undefined) throw new RangeError('a command without an entry');
  const { run } = await entry.load();
  let call: Omit<Call, 'audit'> | undefined;
  const command = commandOf(entry).action((...received: unknown[]) => {
    const [options, { args }] = received.slice(-2) as [Record<string, unknown>, Command];
    call = { ...callOf(entry, options, args, report), isMode: invocation.isMode, argv };
  });
  await sweep();
  await command.parseAsync(invocation.vector.slice(1), { from: 'user' });
  if (call === undefined) throw new RangeError('a command without a call');
  return audited(entry, call, run);
}

type Run = (call: Call) => Promise<Ending>;

/** Runs a command under the eyes of the audit log, where there is one. */
async function audited(entry: CommandEntry, call: Call, run: Run): Promise<number> {
  const log = entry.usesNoKeys ? undefined : env('TSOPS_AUDIT_LOG');
  if (!log) return (await run(call)) ?? 0;
  const { Audit } = await import('./audit.ts');
  const audit = new Audit(log, entry.name, call.flags.filenameOverride);
  let status: number;
  try {
    status = (await run({ ...call, audit })) ?? 0;
  } catch (error) {
    noteFailure(audit, error, call.report);
    throw error;
  }
  audit.ended(status);
  return status;
}

/** What the run failed with is told, whether or not it can be noted down. */
function noteFailure(audit: Audit, error: unknown, report: Report): void {
  try {
    audit.ended(asTsopsError(error, false).exitStatus, error);
  } catch {
    report.warn('the end of this run could not be noted down in the audit log');
  }
}

/** Plain text that a killed process could not remove goes with the next run, whichever it is. */
async function sweep(): Promise<void> {
  const { sweepPrivateFiles } = await import('../host/temp.ts');
  sweepPrivateFiles();
}

function commandOf(entry: CommandEntry): Command {
  const command = new Command(entry.name).description(entry.what).helpOption('-h, --help', 'Show this help.');
  // What commander would not take for one argument after the other is checked already.
  for (const operand of entry.operands.split(' ').filter(word => word !== '')) command.argument(operand);
  command.usage(['[flags]', entry.operands].filter(word => word !== '').join(' ')).allowExcessArguments(false);
  for (const name of entry.flags) {
    const flag = flags.get(name);
    if (flag !== undefined) command.addOption(optionOf(flag));
  }
  return command;
}

function optionOf(flag: Flag): Option {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const named = ` <${flag.value ?? 'VALUE'}>`;
  const value = { boolean: '', switch: ' [=false]', text: named, number: named, list: named }[flag.kind];
  const option = new Option(`${short}--${flag.name}${value}`, describeFlag(flag));
  if (flag.kind === 'switch') option.argParser(text => text !== 'false');
  if (flag.kind === 'list') option.argParser((text: string, earlier: string[] = []) => [...earlier, text]);
  return flag.kind === 'number' ? option.argParser(Number) : option;
}

/** The sentence of a flag with the words that it takes and the variable that sets it. */
export function describeFlag(flag: Flag): string {
  const words = flag.words === undefined ? '' : ` One of ${flag.words.join(', ')}.`;
  const variable = flag.env === undefined ? '' : ` [$${flag.env}]`;
  return `${flag.what}${words}${variable}`;
}

function callOf(
  entry: CommandEntry,
  options: Record<string, unknown>,
  operands: readonly string[],
  report: Report,
): Omit<Call, 'isMode' | 'argv'> {
  const values = new Map<string, unknown>();
  for (const name of entry.flags) {
    // Commander takes `--no-x` for the negation of a flag `x` that is on by default.
    const value = name.startsWith('no-') ? options[propertyOf(name.slice(3))] === false : options[propertyOf(name)];
    if (value !== undefined) values.set(propertyOf(name), value);
  }
  report.verbose = values.get('verbose') === true;
  const keysFor = { use: keyTexts(values, 'use'), add: keyTexts(values, 'add'), remove: keyTexts(values, 'remove') };
  return {
    command: entry.name,
    operands,
    file: operands[0],
    flags: Object.fromEntries(values) as FlagValues,
    keys: keysFor.use,
    keysFor,
    report,
  };
}

function keyTexts(values: ReadonlyMap<string, unknown>, wanted: KeyFlagUse): KeyTexts {
  const keys = new Map<KeyKind, string>();
  for (const { name, key, use } of keyFlags) {
    const text = use === wanted ? values.get(propertyOf(name)) : undefined;
    if (typeof text === 'string') keys.set(key, text);
  }
  return keys;
}

const introduction = `tsops encrypts the values of YAML, JSON, dotenv, INI and binary files in the sops 3.x file format,
and keeps every other byte as it was.`;

const closing = (name: string): string => `
Without a command, as with sops:
  ${`${name} FILE`.padEnd(22)} the same as ${name} edit FILE
  ${`${name} -d FILE`.padEnd(22)} the same as ${name} decrypt FILE
  ${`${name} -e FILE`.padEnd(22)} the same as ${name} encrypt FILE

A file called "-" is standard input. Flags may stand before or after the file, with one or two dashes.`;

/** The help on a command, or on all of them. */
export function helpText(topic: string | undefined): string {
  const program = new Command(programName())
    .description(introduction)
    .usage('[command] [flags] [file]')
    .helpOption('-h, --help', 'Show this help.')
    .option('-v, --version', 'Show the version of tsops.')
    .helpCommand('help [command]', 'Show the help on a command.')
    .addHelpText('after', closing(programName()));
  for (const entry of commands) {
    if (topic === undefined || entry.name === topic || entry.name.startsWith(`${topic} `))
      program.addCommand(commandOf(entry));
  }
  const asked = program.commands.find(command => command.name() === topic);
  let text = '';
  (asked ?? program)
    .configureOutput({ writeOut: written => (text += written), getOutHelpWidth: () => 100 })
    .outputHelp();
  return text;
}
