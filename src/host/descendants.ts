/**
 * Ends programs together with those that they started themselves: a shell that waits for a command, a script with its steps. They
 * stay in our own session and process group, since they may have to ask at the terminal; so they are found by who started whom.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { childProcesses } from './builtins.ts';
import { env } from './environment.ts';
import { undoOnExit } from './signals.ts';

/** Bound on the programs that list and end processes. */
const listMs = 2000;

/** Ends a program that is still running, and all that it has started; with SIGTERM they may see to their own affairs first. */
export function endTree(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): void {
  const { pid } = child;
  // The number of a process that has ended can be that of another one by now.
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (process.platform === 'win32') endTreeOnWindows(pid);
  else for (const one of stoppedTree(pid)) for (const each of [signal, 'SIGCONT'] as const) send(one, each);
}

function endTreeOnWindows(pid: number): void {
  const taskkill = join(env('SystemRoot') ?? 'C:\\Windows', 'System32', 'taskkill.exe');
  childProcesses().spawnSync(taskkill, ['/pid', String(pid), '/T', '/F'], {
    stdio: 'ignore',
    windowsHide: true,
    timeout: listMs,
  });
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** A process and all below it, stopped one after the other, so that none can start another one that would be missed. */
function stoppedTree(pid: number): ReadonlySet<number> {
  const tree = new Set([pid]);
  send(pid, 'SIGSTOP');
  for (let known = 0; known < tree.size; ) {
    known = tree.size;
    for (const [child, parent] of process.platform === 'linux' ? parentsInProc() : parentsByPs()) {
      if (!tree.has(parent) || tree.has(child)) continue;
      tree.add(child);
      send(child, 'SIGSTOP');
    }
  }
  return tree;
}

type Parentage = readonly [pid: number, parent: number];

/** proc_pid_stat(5); the name of the program, in parentheses, can hold anything. */
function parentsInProc(): Parentage[] {
  const numbers = readdirSync('/proc').filter(name => /^\d+$/.test(name));
  return numbers.flatMap(name => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0])] as const];
    } catch {
      return [];
    }
  });
}

/** POSIX ps. */
function parentsByPs(): Parentage[] {
  const { stdout } = childProcesses().spawnSync('/bin/ps', ['-A', '-o', 'pid=', '-o', 'ppid='], {
    encoding: 'utf8',
    timeout: listMs,
  });
  return (stdout ?? '').split('\n').flatMap(line => {
    const [, pid, parent] = /^\s*(\d+)\s+(\d+)/.exec(line) ?? [];
    return pid === undefined ? [] : [[Number(pid), Number(parent)] as const];
  });
}

/** The programs that a work has started, and whether it is still wanted. */
class Started {
  readonly #running = new Set<ChildProcess>();
  #isOver = false;

  note(child: ChildProcess): void {
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    // An SDK whose program was ended may go on with another one.
    child.once('spawn', () => this.#isOver && endTree(child));
  }

  end(): void {
    this.#isOver = true;
    for (const child of this.#running) endTree(child);
  }
}

const current = new AsyncLocalStorage<Started>();
let isWatching = false;

function watch(note: (child: ChildProcess) => void): void {
  if (process.versions['bun'] === undefined) {
    // https://nodejs.org/api/diagnostics_channel.html#child-process
    subscribe('child_process', message => note((message as { readonly process: ChildProcess }).process));
    return;
  }
  // Bun tells nothing on that channel, but starts every program by this method as Node does.
  const prototype = childProcesses().ChildProcess.prototype as unknown as { spawn: (...args: unknown[]) => unknown };
  const { spawn } = prototype;
  prototype.spawn = function (this: ChildProcess, ...args) {
    note(this);
    return spawn.apply(this, args);
  };
}

/**
 * Does work that may start programs in code that is not ours, such as the SDK of a service. Once the signal is aborted, or this process
 * ends, those that are left are ended with all that they started.
 */
export async function endingPrograms<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!isWatching) watch(child => current.getStore()?.note(child));
  isWatching = true;
  const started = new Started();
  const end = () => started.end();
  const release = undoOnExit(end);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await current.run(started, work);
  } finally {
    release();
    signal.removeEventListener('abort', end);
  }
}
