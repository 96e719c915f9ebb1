/** Where the value of `set` comes from: the command line, a file, standard input, chance, or somebody who types it unseen. */

import { TsopsError } from '../errors.ts';
import { readFileBounded, readStdin } from '../host/files.ts';
import { isTerminal } from '../host/streams.ts';
import { askSecret } from '../host/terminal.ts';
import { JsonText, type SetValue } from '../index.ts';
import type { Call } from './call.ts';
import { generateValue } from './generate.ts';

/**
 * The value that the flags and the third operand mean.
 * @throws TsopsError USAGE, CONFLICTING_OPTIONS, FILE_MISSING where none is given, SET_FORMAT_INVALID, FILE_UNREADABLE
 */
export async function givenValue(call: Call): Promise<SetValue | JsonText> {
  const { flags, operands } = call;
  const given = operands[2];
  if (flags.valueFile && flags.valueStdin) throw usage('--value-file and --value-stdin cannot be used together');
  if (flags.generate !== undefined) {
    refuseOther(call, '--generate');
    return generateValue(flags.generate);
  }
  if (flags.valueStdin) {
    if (given !== undefined) throw surplus('--value-stdin');
    return meant(await readStdin(), call);
  }
  if (flags.valueFile) {
    if (given === undefined)
      throw missing('set --value-file takes the file that holds the value as its third argument');
    return meant(await readFileBounded(given), call);
  }
  if (given === undefined) return askedFor(call);
  return flags.string || flags.k8s ? given : new JsonText(given);
}

/** A text of one line comes without its line end, which an editor or `echo` has put there; all other text is kept as it is. */
function meant(bytes: Uint8Array, { flags }: Call): SetValue | JsonText {
  const text = utf8(bytes);
  if (!flags.string && !flags.k8s) {
    if (text !== undefined) return new JsonText(text);
    throw new TsopsError('SET_FORMAT_INVALID', 'the value is not UTF-8 text', {
      hints: ['With --string the bytes are taken as they are.'],
    });
  }
  if (text === undefined) return bytes;
  return text.replace(/^([^\r\n]*)\r?\n$/, '$1');
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What somebody types is a text as it is. */
async function askedFor({ operands }: Call): Promise<SetValue> {
  const answer = isTerminal('stdin') ? await askSecret(`Value for ${operands[1]}: `) : undefined;
  if (answer !== undefined) return answer;
  throw missing('set takes <file> <path> <value>, and there is no value and no terminal to ask for it');
}

function refuseOther({ flags, operands }: Call, name: string): void {
  if (operands[2] !== undefined) throw surplus(name);
  if (!flags.valueFile && !flags.valueStdin && !flags.string) return;
  throw new TsopsError('CONFLICTING_OPTIONS', `${name} makes the value, and another flag says where it comes from`, {
    hints: ['Leave out --value-file, --value-stdin and --string.'],
  });
}

const surplus = (name: string): TsopsError =>
  new TsopsError('FILE_MISSING', `set takes <file> <path> and nothing else with ${name}`, {
    hints: ['A value on the command line can be seen by other users of this machine; leave it out.'],
  });

const missing = (message: string): TsopsError =>
  new TsopsError('FILE_MISSING', message, {
    hints: ['Give the value with --value-stdin or --value-file, make one with --generate, or type it on a terminal.'],
  });

const usage = (message: string): TsopsError => new TsopsError('USAGE', message);
