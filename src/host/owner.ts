/**
 * Which process something belongs to that may outlive it: private folders, temporary files, locks. A process number alone is not
 * enough: numbers are used again, and other machines and containers that share a folder have processes that are not seen from here.
 */

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';

/** `<machine>-<pid>-<start>`, of letters a to f, digits and hyphens. */
const form = /^([0-9a-f]{8})-(\d+)-(\d+)$/;
export const ownerPattern = '[0-9a-f]{8}-\\d+-\\d+';

let own: string | undefined;

/** The mark of this process. */
export function ownMark(): string {
  own ??= `${machineMark()}-${process.pid}-${startOf(process.pid) ?? '0'}`;
  return own;
}

/** Whether the process of a mark has certainly ended: it ran on this machine, and does not any more. */
export function hasEnded(mark: string): boolean {
  const [, machine, pid, start] = form.exec(mark) ?? [];
  return machine === machineMark() && pid !== undefined && start !== undefined && !isAlive(Number(pid), start);
}

let machine: string | undefined;

function machineMark(): string {
  if (machine !== undefined) return machine;
  let space = '';
  try {
    space = fs.readlinkSync('/proc/self/ns/pid');
  } catch {
    // Only Linux has process number spaces.
  }
  machine = createHash('sha256').update(`${hostname()}\0${space}`).digest('hex').slice(0, 8);
  return machine;
}

/** When a process started, in clock ticks since the machine did (field 22 of proc(5) stat); undefined where that is not told. */
function startOf(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
  return (startOf(pid) ?? '0') === start;
}

/** A lock is made and marked in two steps; one without a mark is only that of a killed process when it is older. */
const markingMs = 5000;

/**
 * Takes away the lock of a process that has ended. Only one process may do it at a time, and it looks again then: a lock that somebody
 * has taken meanwhile must not go with it.
 */
export function removeEnded(lock: string): boolean {
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
