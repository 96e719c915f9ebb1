/**
 * A lock on a file that is read, changed and replaced: `.NAME.tsops-lock` beside it, for processes on this machine and on others that
 * share the folder. It says who holds it, so that the lock of a process that was killed is not waited for.
 */

import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TsopsError } from '../errors.ts';
import { fileError, systemCode } from './faults.ts';
import { ownMark, removeEnded } from './owner.ts';
import { followLinks } from './replace.ts';
import { undoOnExit } from './signals.ts';

export interface LockOptions {
  /** How long another holder is waited for, in milliseconds. Default: 30 seconds. */
  readonly timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 30_000;

/**
 * Runs some work while no other process of tsops changes the file. The locks of one process exclude each other too.
 * @throws TsopsError FILE_LOCKED where the other process does not finish in time; FILE_UNWRITABLE where no lock can be made
 */
export async function withFileLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const lock = lockPath(path);
  let isOurs = false;
  const remove = () => {
    if (isOurs) fs.rmSync(lock, { force: true });
  };
  // Before the lock is there: a signal that nobody listens for would end the process between the two and leave it.
  const release = undoOnExit(remove);
  try {
    await acquire(lock, path, options.timeoutMs ?? defaultTimeoutMs);
    isOurs = true;
    return await work();
  } finally {
    remove();
    release();
  }
}

/** Beside the file itself, so that a link and its target have one lock. */
function lockPath(path: string): string {
  try {
    const target = followLinks(path);
    return join(dirname(target), `.${basename(target).slice(0, 200)}.tsops-lock`);
  } catch (error) {
    throw fileError('FILE_UNWRITABLE', 'the file cannot be locked', path, error);
  }
}

async function acquire(lock: string, path: string, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!take(lock, path)) {
    if (removeEnded(lock)) continue;
    if (performance.now() > end) throw locked(lock, path, timeoutMs);
    // Not in step with others that wait.
    await sleep(10 + Math.random() * 30);
  }
}

function take(lock: string, path: string): boolean {
  try {
    fs.writeFileSync(lock, ownMark(), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    // Windows refuses the name for a moment while the lock before it goes away.
    if (systemCode(error) === 'EEXIST' || (process.platform === 'win32' && systemCode(error) === 'EPERM')) return false;
    throw fileError(
      'FILE_UNWRITABLE',
      'the file cannot be locked, since nothing can be written beside it',
      path,
      error,
      ['The folder that the file is in must be writable.'],
    );
  }
}

function locked(lock: string, file: string, timeoutMs: number): TsopsError {
  return new TsopsError('FILE_LOCKED', `another process has been changing the file for ${timeoutMs / 1000} seconds`, {
    file,
    hints: [
      'Run the command again when it has finished; --timeout says how long to wait.',
      `If no such process runs on any machine that shares this folder, remove ${lock}.`,
    ],
  });
}
