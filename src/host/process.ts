/** Other programs: never by a shell, and never one that merely lies in the current folder. */

import type { ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import { TsopsError } from '../errors.ts';
import { childProcesses } from './builtins.ts';
import { endTree } from './descendants.ts';
import { env } from './environment.ts';
import { systemReason } from './faults.ts';
import { type EndingSignal, signalsTold, takeSignals, undoOnExit } from './signals.ts';
import { isTerminal } from './streams.ts';

export interface ProgramOptions {
  /** Given to the program as standard input, which is closed after it. */
  readonly input?: Uint8Array | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** After this the program is killed, with all that it has started. */
  readonly timeoutMs: number;
}

export interface ProgramResult {
  /** The exit status; 127 where the program was not found or cannot be started, null where it was killed. */
  readonly status: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

const maxOutputBytes = 64 * 1024 * 1024;
/** How long the pipes of a program that has ended are still read. */
const lingeringMs = 1000;
const notStarted: ProgramResult = { status: 127, stdout: new Uint8Array(), stderr: new Uint8Array() };

/** Runs a program and collects what it prints (up to 64 MiB, then it is killed). It never throws: see `status`. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const program = findProgram(command);
  if (program === undefined) return notStarted;
  let child: ChildProcess;
  try {
    child = childProcesses().spawn(program, [...args], {
      stdio: 'pipe',
      env: { ...process.env, ...options.env },
      windowsHide: true,
    });
  } catch {
    return notStarted;
  }
  return collect(child, options);
}

function collect(child: ChildProcess, options: ProgramOptions): Promise<ProgramResult> {
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  return new Promise(settle => {
    let bytes = 0;
    let lingering: NodeJS.Timeout | undefined;
    const end = (status: number | null) => {
      clearTimeout(timer);
      clearTimeout(lingering);
      release();
      // A grandchild may hold the pipes open; nobody waits for it.
      for (const stream of child.stdio) stream?.destroy();
      settle({ status, stdout: Buffer.concat(output.stdout), stderr: Buffer.concat(output.stderr) });
    };
    const kill = () => {
      endTree(child);
      end(null);
    };
    // Whoever ends us does not know of it.
    const release = undoOnExit(() => endTree(child, 'SIGTERM'));
    const timer = setTimeout(kill, options.timeoutMs);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxOutputBytes) kill();
        else output[name].push(chunk);
      });
    }
    child.on('error', () => end(127));
    // What the program itself printed is in the pipes when it exits; they close only with the last program it left behind.
    child.on('exit', status => {
      lingering = setTimeout(() => end(status), lingeringMs);
    });
    child.on('close', status => end(status));
    // A program that does not read its input closes it early; that is its right.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? new Uint8Array());
  });
}

/** A program that is talked with. What it writes to standard error goes nowhere: it is not for us, and can hold a secret. */
export interface RunningProgram {
  /** Gives it input. That a program no longer reads is told by `read`. */
  write(bytes: Uint8Array): void;
  /** More of its output; 'silent' where none came in time, undefined at the end of it, or after 16 MiB. */
  read(timeoutMs: number): Promise<Uint8Array | 'silent' | undefined>;
  /**
   * Closes its input, waits so long for its end (a second unless told), and then ends it.
   * @returns the exit status; 127 where it cannot be started, null where a signal ended it
   */
  end(graceMs?: number): Promise<number | null>;
}

const maxTalkBytes = 16 * 1024 * 1024;

/** Starts a program to talk with, in the folder for temporary files so that it cannot depend on ours; undefined where there is none. */
export function startProgram(command: string, args: readonly string[]): RunningProgram | undefined {
  const program = findProgram(command);
  if (program === undefined) return undefined;
  try {
    const child = childProcesses().spawn(program, [...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
      cwd: tmpdir(),
      windowsHide: true,
    });
    return new Talk(child);
  } catch {
    return undefined;
  }
}

class Talk implements RunningProgram {
  readonly #child: ChildProcess;
  readonly #status: Promise<number | null>;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #wake: () => void = () => {};

  constructor(child: ChildProcess) {
    this.#child = child;
    // Whoever ends us does not know of it.
    const release = undoOnExit(() => endTree(child, 'SIGTERM'));
    this.#status = new Promise<number | null>(settle => {
      child.on('exit', settle);
      child.on('error', () => settle(127));
    }).finally(release);
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (chunk: Uint8Array) => this.#take(chunk));
    for (const event of ['end', 'close', 'error']) child.stdout?.on(event, () => this.#finish());
    child.on('error', () => this.#finish());
  }

  #take(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > maxTalkBytes) this.#finish();
    else this.#chunks.push(chunk);
    this.#wake();
  }

  #finish(): void {
    this.#ended = true;
    this.#child.stdout?.destroy();
    this.#wake();
  }

  write(bytes: Uint8Array): void {
    if (this.#child.stdin?.writable) this.#child.stdin.write(bytes);
  }

  async read(timeoutMs: number): Promise<Uint8Array | 'silent' | undefined> {
    if (this.#chunks.length === 0 && !this.#ended) await this.#waitAtMost(timeoutMs);
    const chunk = this.#chunks.shift();
    return chunk ?? (this.#ended ? undefined : 'silent');
  }

  #waitAtMost(timeoutMs: number): Promise<void> {
    return new Promise(settle => {
      const timer = setTimeout(settle, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        settle();
      };
    });
  }

  async end(graceMs = 1000): Promise<number | null> {
    this.#child.stdin?.end();
    const timers = [
      setTimeout(() => endTree(this.#child, 'SIGTERM'), graceMs),
      setTimeout(() => endTree(this.#child), 2 * graceMs),
    ];
    const status = await this.#status;
    for (const timer of timers) clearTimeout(timer);
    this.#finish();
    return status;
  }
}

/**
 * Runs a program that takes over the terminal (an editor) and returns its exit status.
 * @throws TsopsError EDITOR_FAILED where it cannot be started; EDIT_CANCELLED where a signal ended it or this process was told to end
 */
export async function runInteractive(
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<number> {
  const program = findProgram(command);
  if (program === undefined) throw editorFailed('the editor was not found on the PATH');
  return waitFor(() =>
    childProcesses().spawn(program, [...args], { stdio: 'inherit', env: { ...process.env, ...options.env } }),
  );
}

/**
 * Ctrl-C on a terminal goes to the editor as well, and in vim it is a key like any other: while the editor lives, it decides. Every
 * other signal, and an interrupt that does not come from a terminal, ends the editor and the edit. Signals are taken before the editor
 * starts, or one that comes in between would leave it behind.
 */
function waitFor(start: () => ChildProcess): Promise<number> {
  return new Promise((settle, fail) => {
    const cancelled = new TsopsError('EDIT_CANCELLED', 'editing was cancelled; the file is as it was');
    const release = takeSignals((signal: EndingSignal) => {
      if (signal === 'SIGINT' && isTerminal('stdin')) return;
      child.kill(signal === 'SIGHUP' ? 'SIGHUP' : 'SIGTERM');
      release();
      fail(cancelled);
    });
    const child = started(start, release);
    child.on('error', error => {
      release();
      fail(editorFailed(`the editor cannot be started: ${systemReason(error)}`));
    });
    child.on('exit', async status => {
      await signalsTold();
      release();
      if (status === null) fail(cancelled);
      else settle(status);
    });
  });
}

function started(start: () => ChildProcess, release: () => void): ChildProcess {
  try {
    return start();
  } catch (error) {
    release();
    throw editorFailed(`the editor cannot be started: ${systemReason(error)}`);
  }
}

function editorFailed(message: string): TsopsError {
  return new TsopsError('EDITOR_FAILED', message, {
    hints: ['Set SOPS_EDITOR or EDITOR to an editor, for example EDITOR="code --wait".'],
  });
}

/**
 * The absolute path of a program. A name with a slash is taken as it is; a bare name is looked for on the PATH, whose empty and
 * relative entries (the current folder) are passed over, on Windows too: GHSA-x5c7-x7m2-rhmf.
 */
export function findProgram(command: string): string | undefined {
  if (command === '') return undefined;
  if ((process.platform === 'win32' ? /[/\\]/ : /\//).test(command)) return command;
  const path = env('PATH') ?? '';
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    for (const ending of endings(command)) {
      const candidate = join(folder, command + ending);
      if (isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

function endings(command: string): string[] {
  if (process.platform !== 'win32') return [''];
  const known = (env('PATHEXT') ?? '.COM;.EXE').toLowerCase().split(';');
  return known.some(ending => command.toLowerCase().endsWith(ending)) ? [''] : known;
}

function isExecutable(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.X_OK);
    return fs.statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The words of a command as a POSIX shell takes them apart, without any expansion; `#` at the start of a word begins a comment, as
 * with sops (google/shlex). On Windows a backslash is a character of a path.
 * @throws TsopsError USAGE where a quote is not closed
 */
export function splitCommand(text: string, platform: NodeJS.Platform = process.platform): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    const blank = quote === '' && /\s/.test(char);
    if (blank && word !== undefined) words.push(word);
    if (blank) word = undefined;
    else if (quote === '' && word === undefined && char === '#') at = endOfLine(text, at);
    else if (quote === '' ? char === '"' || char === "'" : char === quote) {
      quote = quote === '' ? char : '';
      word ??= '';
    } else if (char === '\\' && isEscape(text.charAt(at + 1), quote, platform)) {
      at += 1;
      word = (word ?? '') + text.charAt(at);
    } else word = (word ?? '') + char;
  }
  if (quote !== '') throw new TsopsError('USAGE', 'a quote in the command is not closed');
  if (word !== undefined) words.push(word);
  return words;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** Whether a backslash before `next` is an escape: everywhere outside quotes, never in single ones, POSIX 2.2.3 in double ones. */
function isEscape(next: string, quote: string, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return next === '"' && quote !== "'";
  if (quote === '') return next !== '';
  return quote === '"' && next !== '' && '"\\$`'.includes(next);
}

/** What a program is called behind its symbolic links (`vi` is often `vim.basic`), in lower case and without an ending of Windows. */
export function realName(program: string): string {
  let path = program;
  try {
    path = fs.realpathSync(program);
  } catch {
    // Then it cannot be started either, and that is said elsewhere.
  }
  return basename(path)
    .toLowerCase()
    .replace(/\.(exe|cmd|bat|com)$/, '');
}
