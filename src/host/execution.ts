/** Running a command for the user: it has the terminal, the signals and the last word on the exit status. */

import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { TsopsError } from '../errors.ts';
import { childProcesses } from './builtins.ts';
import { systemCode, systemReason } from './faults.ts';
import { findProgram } from './process.ts';
import { signalsTold, takeSignals } from './signals.ts';
import { isTerminal } from './streams.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** All of the environment of the command; it inherits nothing. */
  readonly env: Readonly<Record<string, string>>;
}

/** How a command ended: one of the two is null. */
export interface CommandEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunSettings {
  /** What is done with each piece of the output of the command, and at its end; without it the output goes past this process. */
  readonly filter?: (() => OutputFilter) | undefined;
}

export interface OutputFilter {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

/** A command line for the shell of the system: `/bin/sh -c`, `cmd.exe /C` on Windows. */
export function shellCommand(line: string, env: Readonly<Record<string, string>>): Command {
  if (process.platform === 'win32') return { program: process.env['ComSpec'] || 'cmd.exe', args: ['/C', line], env };
  return { program: '/bin/sh', args: ['-c', line], env };
}

/**
 * Runs a command and waits for its end. Signals that end processes are passed on to it, but those that a terminal has sent it already.
 * @throws TsopsError COMMAND_FAILED, with exit status 127 where it was not found and 126 where it cannot be started
 */
export async function runCommandLine(command: Command, settings: RunSettings = {}): Promise<CommandEnd> {
  let child: ChildProcess | undefined;
  // Before it starts: a signal that came in between would end this process and leave the command behind.
  const release = passSignals(signal => child?.kill(signal));
  try {
    child = start(command, { stdio: settings.filter === undefined ? 'inherit' : ['inherit', 'pipe', 'pipe'] });
    const filtered =
      settings.filter === undefined
        ? []
        : [forward(child, 'stdout', settings.filter()), forward(child, 'stderr', settings.filter())];
    const end = await endOf(child);
    await Promise.all(filtered);
    return end;
  } finally {
    release();
  }
}

/** Starts a command that goes on by itself. @throws TsopsError COMMAND_FAILED */
export async function startCommandLine(command: Command): Promise<void> {
  const child = start(command, { stdio: 'ignore', detached: true });
  await new Promise<void>((settle, fail) => {
    child.once('spawn', settle);
    child.once('error', error => fail(notStarted(error)));
  });
  child.unref();
}

/** Puts a command in the place of this process; it returns only by an error. @throws TsopsError COMMAND_FAILED */
export function becomeCommandLine({ program, args, env }: Command): never {
  const execve: typeof process.execve | undefined = process.execve;
  if (execve === undefined || process.platform === 'win32') {
    throw new TsopsError('COMMAND_FAILED', 'a command cannot take the place of this process here', {
      hints: ['Leave out --same-process, or use Node.js 22.15 or later on a system other than Windows.'],
    });
  }
  try {
    return execve(located(program), [program, ...args], env);
  } catch (error) {
    throw error instanceof TsopsError ? error : notStarted(error);
  }
}

/** The exit status as a shell reports it. */
export function shellStatus({ status, signal }: CommandEnd): number {
  return status ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0));
}

function start({ program, args, env }: Command, options: SpawnOptions): ChildProcess {
  const verbatim = process.platform === 'win32' && args[0] === '/C';
  if (process.versions['bun'] !== undefined && Object.hasOwn(env, '__proto__')) throw lostVariable();
  try {
    return childProcesses().spawn(located(program), [...args], {
      ...options,
      env: { ...env },
      windowsVerbatimArguments: verbatim,
    });
  } catch (error) {
    throw error instanceof TsopsError ? error : notStarted(error);
  }
}

function located(program: string): string {
  const found = findProgram(program);
  if (found !== undefined) return found;
  throw new TsopsError('COMMAND_FAILED', 'the command was not found on the PATH', {
    exitStatus: 127,
    hints: ['Check its name, or write its path.'],
  });
}

/** Bun's child_process copies the environment by assignment, and this name then sets no variable. */
function lostVariable(): TsopsError {
  return new TsopsError('COMMAND_FAILED', 'this executable cannot hand a variable called __proto__ to a command', {
    exitStatus: 126,
    hints: ['Use --same-process, or the package for Node.js.'],
  });
}

function notStarted(error: unknown): TsopsError {
  const exitStatus = systemCode(error) === 'ENOENT' ? 127 : 126;
  return new TsopsError('COMMAND_FAILED', `the command cannot be started: ${systemReason(error)}`, { exitStatus });
}

/** Signals that a terminal sends to all processes in front of it. */
const fromTerminal: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT']);
const alsoPassed: readonly NodeJS.Signals[] = process.platform === 'win32' ? [] : ['SIGUSR1', 'SIGUSR2', 'SIGCONT'];

function passSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const pass = (signal: NodeJS.Signals): void => {
    if (!(fromTerminal.has(signal) && isTerminal('stdin'))) send(signal);
  };
  const release = takeSignals(pass);
  for (const signal of alsoPassed) process.on(signal, pass);
  return () => {
    release();
    for (const signal of alsoPassed) process.off(signal, pass);
  };
}

function endOf(child: ChildProcess): Promise<CommandEnd> {
  return new Promise((settle, fail) => {
    child.on('error', error => fail(notStarted(error)));
    child.on('exit', async (status, signal) => {
      await signalsTold();
      settle({ status, signal });
    });
  });
}

/** Output through a filter. A reader that has gone is told to the command by a closed pipe, as if it wrote there itself. */
async function forward(child: ChildProcess, name: 'stdout' | 'stderr', filter: OutputFilter): Promise<void> {
  const source = child[name] as Readable;
  const target = process[name];
  // It stays: a pipe can tell of its end after the last write.
  target.on('error', () => source.destroy());
  try {
    for await (const chunk of source) await write(target, filter.push(chunk as Uint8Array));
    await write(target, filter.end());
  } catch {
    // The other side has gone.
  }
}

function write(target: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) return Promise.resolve();
  return new Promise((settle, fail) => target.write(bytes, error => (error ? fail(error) : settle())));
}
