/** What --help prints: made by commander from the tables of commands and flags. */

import { Command, Option } from 'commander';
import { programName } from '../host/environment.ts';
import { type CommandEntry, commands } from './commands.ts';
import { type Flag, flags } from './flags.ts';

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

const introduction = `tsops encrypts the values of YAML, JSON, dotenv, INI and binary files in the sops 3.x file format,
and keeps every other byte as it was.`;

const closing = (name: string): string => `
Without a command, as with sops:
  ${`${name} FILE`.padEnd(22)} the same as ${name} edit FILE
  ${`${name} -d FILE`.padEnd(22)} the same as ${name} decrypt FILE
  ${`${name} -e FILE`.padEnd(22)} the same as ${name} encrypt FILE

A file called "-" is standard input. Flags may stand before or after the file, with one or two dashes.`;

/**
 * The help on a command, or on all of them.
 * @param name what the program is called in it
 */
export function helpText(topic: string | undefined, name: string = programName()): string {
  const program = new Command(name)
    .description(introduction)
    .usage('[command] [flags] [file]')
    .helpOption('-h, --help', 'Show this help.')
    .option('-v, --version', 'Show the version of tsops.')
    .helpCommand('help [command]', 'Show the help on a command.')
    .addHelpText('after', closing(name));
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
