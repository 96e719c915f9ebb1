/** The standard streams, by their numbers: the objects that Node has for them cost a short run more than what it prints. */

import * as fs from 'node:fs';
import { TsopsError } from '../errors.ts';
import { terminals } from './builtins.ts';
import { type Environment, env as ownEnvironment } from './environment.ts';
import { systemCode, systemReason } from './faults.ts';

const descriptors = { stdin: 0, stdout: 1, stderr: 2 } as const;

export type StandardStream = keyof typeof descriptors;

/** Whether a standard stream is a terminal. */
export function isTerminal(stream: StandardStream): boolean {
  const descriptor = descriptors[stream];
  return mayBeTerminal(descriptor) && terminals().isatty(descriptor);
}

/** Files, pipes and the null device need no closer look. */
function mayBeTerminal(descriptor: number): boolean {
  if (process.platform === 'win32') return true;
  try {
    const found = fs.fstatSync(descriptor);
    return found.isCharacterDevice() && found.rdev !== fs.statSync('/dev/null').rdev;
  } catch {
    return true;
  }
}

/** Whether colour may be used on a stream: a terminal that is not dumb, and no NO_COLOR (no-color.org: any non-empty value). */
export function hasColour(stream: 'stdout' | 'stderr', env: Environment = ownEnvironment): boolean {
  return isTerminal(stream) && !env('NO_COLOR') && env('TERM') !== 'dumb';
}

export type Paint = (style: 'red' | 'yellow' | 'green' | 'dim' | 'bold', text: string) => string;

/** Colours texts for a stream; where colour may not be used it gives the text back as it is, and chalk is not loaded. */
export async function paintFor(stream: 'stdout' | 'stderr'): Promise<Paint> {
  if (!hasColour(stream)) return (_style, text) => text;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return (style, text) => chalk[style](text);
}

/**
 * Writes to standard output. When its reader has gone (`tsops … | head -1`), the process ends without a word, as by SIGPIPE.
 * @throws TsopsError FILE_UNWRITABLE
 */
export async function writeStdout(bytes: Uint8Array): Promise<void> {
  try {
    writeAll(descriptors.stdout, bytes);
  } catch (error) {
    if (systemCode(error) === 'EPIPE') process.exit(128 + 13);
    throw new TsopsError('FILE_UNWRITABLE', `standard output cannot be written: ${systemReason(error)}`);
  }
}

/** Writes to standard error. Where nobody can be told, the exit status still says how it went. */
export function writeStderr(text: string): void {
  try {
    writeAll(descriptors.stderr, new TextEncoder().encode(text));
  } catch {
    // See above.
  }
}

/** Writes all bytes to a descriptor, waiting where a pipe or terminal that does not block is full. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(descriptor, bytes, at);
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') throw error;
      pause(5);
    }
  }
}

/** Stops the whole process for a while. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
