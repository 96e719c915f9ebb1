/** The terminal: questions, with and without echo. */

import * as fs from 'node:fs';
import type { ReadStream } from 'node:tty';
import { TsopsError } from '../errors.ts';
import { terminals } from './builtins.ts';
import { takeSignals, undoOnExit } from './signals.ts';
import { isTerminal } from './streams.ts';

/**
 * Waits for Enter on the terminal that is standard input, after `ask` has said what it is for.
 * @returns false where standard input is no terminal (nothing is asked then) or has ended
 * @throws TsopsError EDIT_CANCELLED on Ctrl-C and other signals
 */
export async function waitForEnter(ask: () => void): Promise<boolean> {
  if (!isTerminal('stdin')) return false;
  ask();
  const release = new AbortController();
  try {
    return await Promise.race([lineFromStdin(release.signal), endingSignal(release.signal)]);
  } finally {
    release.abort();
    process.stdin.pause();
  }
}

function lineFromStdin(released: AbortSignal): Promise<boolean> {
  return new Promise(settle => {
    const [line, end] = [() => settle(true), () => settle(false)];
    process.stdin.once('data', line).once('end', end).resume();
    released.addEventListener('abort', () => process.stdin.off('data', line).off('end', end));
  });
}

function endingSignal(released: AbortSignal): Promise<never> {
  return new Promise((_settle, fail) => {
    const release = takeSignals(() =>
      fail(new TsopsError('EDIT_CANCELLED', 'editing was cancelled; the file is as it was')),
    );
    released.addEventListener('abort', release);
  });
}

const isWindows = process.platform === 'win32';

/**
 * Asks on the terminal itself, whatever the standard streams are, and does not show the answer.
 * @returns the answer without its line end; undefined where there is no terminal or the question was answered with end of file
 */
export async function askSecret(prompt: string): Promise<string | undefined> {
  const terminal = openTerminal();
  if (terminal === undefined) return undefined;
  try {
    // First silence, then the question: what is typed at once must not be shown either.
    const answer = readHidden(terminal);
    fs.writeSync(terminal.output, prompt);
    return await answer;
  } finally {
    fs.writeSync(terminal.output, isWindows ? '\r\n' : '\n');
    terminal.input.destroy();
    fs.closeSync(terminal.output);
  }
}

/**
 * Asks on the terminal itself; the answer may be seen.
 * @returns the answer without its line end; undefined where there is no terminal or the question was answered with end of file
 */
export async function askVisibly(prompt: string): Promise<string | undefined> {
  const terminal = openTerminal();
  if (terminal === undefined) return undefined;
  try {
    fs.writeSync(terminal.output, prompt);
    return await readLine(terminal);
  } finally {
    terminal.input.destroy();
    fs.closeSync(terminal.output);
  }
}

/**
 * Lets the user choose on the terminal; without `no` there is only one thing to choose, which Enter does.
 * @returns undefined where there is no terminal, or nobody who gives one of the answers
 */
export async function confirm(question: string, yes: string, no: string | undefined): Promise<boolean | undefined> {
  const choice = no === undefined ? `Enter = ${yes}` : `1 = ${yes}, 2 = ${no}`;
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = (await askVisibly(`${question} [${choice}] `))?.trim();
    if (answer === undefined) return undefined;
    if (no === undefined || answer === '1') return true;
    if (answer === '2') return false;
  }
  return undefined;
}

/** Shows a line on the terminal itself; false where there is none. */
export function say(line: string): boolean {
  const terminal = openTerminal();
  if (terminal === undefined) return false;
  fs.writeSync(terminal.output, isWindows ? `${line}\r\n` : `${line}\n`);
  terminal.input.destroy();
  fs.closeSync(terminal.output);
  return true;
}

const maxLineBytes = 64 * 1024;

async function readLine(terminal: Terminal): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let answer: string | undefined;
  await receive(terminal, chunk => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxLineBytes) return true;
    if (chunk.includes(10)) answer = /^[^\r\n]*/.exec(Buffer.concat(chunks).toString('utf8'))![0];
    return answer !== undefined;
  });
  return answer;
}

/** Gives `take` what is typed until it has enough, or until there is no more. */
function receive({ input, descriptor }: Terminal, take: (chunk: Buffer) => boolean): Promise<void> {
  return new Promise((settle, fail) => {
    input.on('error', fail);
    if (process.versions['bun'] !== undefined) return readAsNeeded(descriptor, take, settle, fail);
    input.on('end', settle);
    input.on('data', (chunk: Buffer) => take(chunk) && settle());
  });
}

/** A stream of Bun reads on while nobody wants more, and so takes the answer to the next question away. */
function readAsNeeded(
  fd: number,
  take: (chunk: Buffer) => boolean,
  settle: () => void,
  fail: (error: Error) => void,
): void {
  fs.read(fd, Buffer.alloc(4096), 0, 4096, null, (error, length, buffer) => {
    if (error) return fail(error);
    if (length === 0 || take(buffer.subarray(0, length))) return settle();
    readAsNeeded(fd, take, settle, fail);
  });
}

interface Terminal {
  readonly input: ReadStream;
  /** That of `input`. */
  readonly descriptor: number;
  readonly output: number;
}

function openTerminal(): Terminal | undefined {
  try {
    const { ReadStream } = terminals();
    const output = fs.openSync(isWindows ? 'CONOUT$' : '/dev/tty', 'r+');
    const descriptor = fs.openSync(isWindows ? 'CONIN$' : '/dev/tty', 'r+');
    return { input: new ReadStream(descriptor), descriptor, output };
  } catch {
    return undefined;
  }
}

async function readHidden(terminal: Terminal): Promise<string | undefined> {
  const { input } = terminal;
  let typed: Buffer = Buffer.alloc(0);
  let answer: string | undefined;
  let isInterrupted = false;
  // A signal must not leave a terminal behind that shows nothing of what is typed.
  const release = undoOnExit(() => input.setRawMode(false));
  input.setRawMode(true);
  try {
    await receive(terminal, chunk => {
      for (const byte of chunk) {
        const key = keyOf(byte);
        if (key === 'enter') answer = typed.toString('utf8');
        if (key === 'interrupt') isInterrupted = true;
        if (key === 'enter' || isInterrupted || (key === 'end' && typed.length === 0)) return true;
        typed = edited(typed, key, byte);
      }
      return false;
    });
    input.setRawMode(false);
  } finally {
    typed.fill(0);
    release();
  }
  if (isInterrupted) process.kill(process.pid, 'SIGINT');
  return answer;
}

type Key = 'enter' | 'interrupt' | 'end' | 'erase' | 'clear' | 'byte';

const keys: ReadonlyMap<number, Key> = new Map([
  [0x0a, 'enter'],
  [0x0d, 'enter'],
  [0x03, 'interrupt'],
  [0x04, 'end'],
  [0x08, 'erase'],
  [0x7f, 'erase'],
  [0x15, 'clear'],
]);

const keyOf = (byte: number): Key => keys.get(byte) ?? 'byte';

function edited(typed: Buffer, key: Key, byte: number): Buffer {
  if (key === 'byte') return Buffer.concat([typed, Buffer.of(byte)]);
  if (key === 'clear') return Buffer.alloc(0);
  return key === 'erase' ? typed.subarray(0, beforeLastCharacter(typed)) : typed;
}

/** Where the last UTF-8 character of the buffer begins. */
function beforeLastCharacter(typed: Buffer): number {
  let at = Math.max(typed.length - 1, 0);
  while (at > 0 && ((typed[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return at;
}
