/**
 * `tsops exec-file FILE COMMAND`: a shell command that finds the plain text under a path, `{}` in the command. By default that is a FIFO,
 * so that the text is in no file. sops 3.13.2 cmd/sops/subcommand/exec.
 */

import { TsopsError } from '../../errors.ts';
import { inherited, ownProgram } from '../../host/environment.ts';
import { type CommandEnd, runCommandLine, shellCommand, startCommandLine } from '../../host/execution.ts';
import { serveFifo } from '../../host/fifo.ts';
import { maxEncryptedBytes } from '../../host/files.ts';
import { createPrivateFileAt, privatePath } from '../../host/temp.ts';
import { becomeUser } from '../../host/user.ts';
import { decrypt } from '../../index.ts';
import type { Call } from '../call.ts';
import { configIfNeeded, indentFor } from '../configuration.ts';
import { childStatus, sourceToRun } from '../execution.ts';
import { openingOptions } from '../opening.ts';
import { about, readSource } from '../source.ts';

export async function run(call: Call): Promise<number> {
  const { flags, operands, report } = call;
  const name = flags.filename ?? 'tmp-file';
  if (!isLocal(name)) {
    throw new TsopsError('USAGE', 'the name of --filename leads out of its folder', {
      hints: ['It is a name such as config.json, without .. and without a / at its start.'],
    });
  }
  const source = await sourceToRun(call);
  const { format, outputFormat } = source;
  const config = await configIfNeeded(call, source.name, format !== outputFormat && flags.indent === undefined);
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  const options = { ...openingOptions(call), indent: indentFor(call, config, outputFormat) };
  const plain = await about(source, () => decrypt(bytes, { ...options, format, outputFormat }));
  if (flags.background) return inBackground(call);
  const account = flags.user === undefined ? {} : await becomeUser(flags.user);
  const command = (path: string) =>
    runCommandLine(
      shellCommand(
        (operands[1] ?? '').replaceAll('{}', () => path),
        { ...inherited(), ...account },
      ),
    );
  const fifo = !flags.noFifo && process.platform !== 'win32';
  if (!flags.noFifo && !fifo) report.warn('there are no FIFOs on Windows; a private file is used');
  return childStatus(await (fifo ? withFifo(name, plain, command) : withFile(name, plain, command)));
}

type Use = (path: string) => Promise<CommandEnd>;

async function withFile(name: string, plain: Uint8Array, use: Use): Promise<CommandEnd> {
  const file = createPrivateFileAt(name, plain);
  try {
    return await use(file.path);
  } finally {
    file.remove();
  }
}

async function withFifo(name: string, plain: Uint8Array, use: Use): Promise<CommandEnd> {
  const place = privatePath(name);
  try {
    const fifo = await serveFifo(place.path, plain);
    try {
      return await use(place.path);
    } finally {
      await fifo.stop();
    }
  } finally {
    place.remove();
  }
}

/** A path below the folder it starts from, whatever the system takes for a separator. */
function isLocal(name: string): boolean {
  const steps = name.split(/[/\\]/);
  return !/^[A-Za-z]:|\0/.test(name) && steps.every(step => step !== '' && step !== '..' && step !== '.');
}

/**
 * sops starts the command and takes the file away at once. Here another process of ours does the same work in the background; the file
 * has been decrypted once before, so that what is wrong with it is told.
 */
async function inBackground({ argv, report }: Call): Promise<number> {
  report.warn('--background is deprecated; let the shell put the command into the background');
  const end = argv.indexOf('--');
  const isFlag = (word: string, at: number): boolean => /^--?background(=.*)?$/.test(word) && (end < 0 || at < end);
  const [program, ...first] = ownProgram();
  const args = [...first, ...argv.filter((word, at) => !isFlag(word, at))];
  await startCommandLine({ program, args, env: inherited() });
  return 0;
}
