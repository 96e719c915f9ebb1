/**
 * A lock on a file that is read, changed and replaced: `.NAME.tsops-lock` beside it, for processes on this machine and on others that
 * share the folder. It says who holds it, so that the lock of a process that was killed is not waited for.
 */

import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TsopsError } from '../errors.ts';
import { fileError, systemCode } from './faults.ts';
import { hasEnded, ownMark } from './owner.ts';
import { followLinks } from './replace.ts';
import { undoOnExit } from './signals.ts';

export interface LockOptions {
  /** How long another holder is waited for, in milliseconds. Default: 30 seconds. */
  readonly timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 30_000;
/** A lock is made and marked in two steps; one without a mark is only that of a killed process when it is older. */
const markingMs = 5000;

/**
 * Runs some work while no other process of tsops changes the file. The locks of one process exclude each other too.
 * @throws TsopsError FILE_LOCKED where the other process does not finish in time; FILE_UNWRITABLE where no lock can be made
 */
export async function withFileLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const lock = lockPath(path);
  await acquire(lock, path, options.timeoutMs ?? defaultTimeoutMs);
  const remove = () => fs.rmSync(lock, { force: true });
  const release = undoOnExit(remove);
  try {
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
    if (clearEnded(lock)) continue;
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

/**
 * Takes away the lock of a process that has ended. Only one process may do it at a time, and it looks again then: a lock that somebody
 * has taken meanwhile must not go with it.
 */
function clearEnded(lock: string): boolean {
  if (endedMark(lock) === undefined) return false;
  const guard = `${lock}-guard`;
  try {
    fs.writeFileSync(guard, ownMark(), { flag: 'wx', mode: 0o600 });
  } catch {
    if (endedMark(guard) !== undefined) fs.rmSync(guard, { force: true });
    return false;
  }
  try {
    if (endedMark(lock) === undefined) return false;
    fs.rmSync(lock, { force: true });
    return true;
  } finally {
    fs.rmSync(guard, { force: true });
  }
}

function endedMark(lock: string): string | undefined {
  try {
    const mark = fs.readFileSync(lock, 'latin1');
    if (mark === '') return Date.now() - fs.statSync(lock).mtimeMs > markingMs ? mark : undefined;
    return hasEnded(mark) ? mark : undefined;
  } catch {
    return undefined;
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
