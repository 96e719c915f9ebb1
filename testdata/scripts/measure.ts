// Runs whole programs and says how long they took, how much memory they had at most, and how much of the processors.

import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Usage } from './bounds.ts';

const maxOutputBytes = 2 ** 30;

export type Argv = readonly [program: string, ...args: string[]];

interface RunOptions {
  readonly cwd?: string | undefined;
  /** Added to the variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** How to start children: in which folder, with which variables. */
export class Children {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly #python: string | undefined;

  constructor(folder: string, environment: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.environment = environment;
    const { status } = spawnSync('python3', ['-c', 'import resource'], { stdio: 'ignore' });
    // The units are those of Linux.
    this.#python = status === 0 && process.platform === 'linux' ? 'python3' : undefined;
  }

  /** Runs a program to its end. @throws where it fails */
  run([program, ...args]: Argv, { cwd = this.folder, env = {} }: RunOptions = {}): SpawnSyncReturns<Buffer> {
    const options = { cwd, env: { ...this.environment, ...env }, maxBuffer: maxOutputBytes };
    const done = spawnSync(program, args, options);
    if (done.error !== undefined) throw done.error;
    if (done.status !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${done.status}: ${done.stderr}`);
    return done;
  }

  /** Milliseconds from the start to the end of a program. */
  time(argv: Argv, options?: RunOptions): number {
    const start = process.hrtime.bigint();
    this.run(argv, options);
    return Number(process.hrtime.bigint() - start) / 1e6;
  }

  /**
   * The largest resident set of a program in MiB, whichever program it is; undefined where the system does not tell. With Python the
   * system tells it exactly, as for all children that were waited for (getrusage). That figure begins with the memory of the parent
   * before exec: 10 MiB of a Python, where it would be 40 to 60 of a Node. Without Python it is the mark in /proc/PID/status (VmHWM),
   * which begins anew with exec; it goes with the process, so it is read every millisecond, and what comes after that is not seen: a
   * tenth of the memory of a sops.
   */
  async peakMiB(argv: Argv, options: RunOptions = {}): Promise<number | undefined> {
    if (this.#python === undefined) return this.#watchedMiB(argv, options);
    const done = this.run([this.#python, '-c', usageOfChild, ...argv], options);
    return Number(done.stderr.toString().trim().split('\n').at(-1)) / 1024;
  }

  /** How `peakMiB` knows. */
  get memoryFrom(): string {
    if (this.#python !== undefined) return 'getrusage';
    return process.platform === 'linux' ? 'VmHWM' : 'nowhere';
  }

  async #watchedMiB(
    [program, ...args]: Argv,
    { cwd = this.folder, env = {} }: RunOptions,
  ): Promise<number | undefined> {
    if (process.platform !== 'linux') return undefined;
    const child = spawn(program, args, { cwd, env: { ...this.environment, ...env }, stdio: 'ignore' });
    let peakKiB = 0;
    const looking = setInterval(() => {
      try {
        const text = readFileSync(`/proc/${child.pid}/status`, 'latin1');
        peakKiB = Math.max(peakKiB, Number(/^VmHWM:\s*(\d+)/m.exec(text)?.[1] ?? 0));
      } catch {
        // It has ended.
      }
    }, 1);
    const status = await new Promise((settle, fail) => {
      child.once('error', fail);
      child.once('close', settle);
    }).finally(() => clearInterval(looking));
    if (status !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${status}`);
    return peakKiB / 1024;
  }

  /** Milliseconds of processor that a program of Node used, with all its threads, as it tells itself; and those on the clock. */
  processor(argv: Argv, options: RunOptions = {}): Usage {
    const hook = join(this.folder, 'usage.cjs');
    const told = join(this.folder, 'usage.txt');
    writeFileSync(hook, usageHook);
    rmSync(told, { force: true });
    const env = { ...options.env, NODE_OPTIONS: `--require=${JSON.stringify(hook)}`, TSOPS_BENCH_USAGE: told };
    const clockMs = this.time(argv, { ...options, env });
    return { clockMs, processorMs: Number(readFileSync(told, 'latin1')) };
  }
}

const usageOfChild = `
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
`;

const usageHook = `const { writeFileSync } = require('node:fs');
process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  writeFileSync(process.env.TSOPS_BENCH_USAGE, String((userCPUTime + systemCPUTime) / 1000));
});
`;

export function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(half)] ?? Number.NaN) + (sorted[Math.ceil(half)] ?? Number.NaN)) / 2;
}

/** The variables of a child: none that another key or configuration of the user hangs on, or that makes a Node start slower. */
export function environmentIn(folder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SOPS_|TSOPS_|AWS_|XDG_|GIT_|NODE_)/.test(name) && name !== 'GNUPGHOME',
  );
  return {
    ...Object.fromEntries(kept),
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    SOPS_AGE_KEY_FILE: join(folder, 'identity.txt'),
  };
}
