/** Runs the real command in a folder of its own, for the tests of the commands. */

import assert from 'node:assert/strict';
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { env } from '../src/host/environment.ts';
import { root, standalone } from './started.ts';

const built = join(root, 'dist', 'cli', 'main.js');

/** The executable, or the built command where it is current (as in `npm test`), else the same from its sources. */
function command(): readonly [program: string, ...args: string[]] {
  if (standalone !== undefined) return [standalone];
  const isCurrent = fs.existsSync(built) && newest(join(root, 'src')) <= fs.statSync(built).mtimeMs;
  if (isCurrent) return [process.execPath, join(root, 'bin', 'tsops.js')];
  const main = JSON.stringify(new URL('../src/cli/main.ts', import.meta.url).href);
  const script = `const { main } = await import(${main}); process.exitCode = await main(process.argv.slice(1));`;
  return [process.execPath, '--input-type=module', '-e', script, '--'];
}

function newest(folder: string): number {
  const names = fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => !name.endsWith('.test.ts'));
  return Math.max(...names.map(name => fs.statSync(join(folder, name)).mtimeMs));
}

const [program, ...start] = command();
const keys = fileURLToPath(new URL('vectors/keys/', import.meta.url));

/** A value that no message may repeat: every run is searched for it. */
export const canary = 'canary-4f1a9';

export const recipients = {
  one: fs.readFileSync(join(keys, 'age-1.pub'), 'utf8').trim(),
  two: fs.readFileSync(join(keys, 'age-2.pub'), 'utf8').trim(),
};

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Relative to the workspace. */
  readonly cwd?: string;
}

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Workspace {
  readonly folder = fs.mkdtempSync(join(tmpdir(), 'tsops-command-'));
  /** The variables of every run: nothing of the machine's user, and the identity of `recipients.one`. */
  readonly env: Record<string, string> = {
    PATH: env('PATH') ?? '',
    HOME: join(this.folder, 'home'),
    SOPS_AGE_KEY_FILE: join(keys, 'age-1.txt'),
  };

  constructor() {
    fs.mkdirSync(join(this.folder, 'home'));
    fs.mkdirSync(join(this.folder, 'work'));
  }

  path(name: string): string {
    return join(this.folder, 'work', name);
  }

  write(name: string, content: string | Uint8Array, mode = 0o644): string {
    fs.mkdirSync(dirname(this.path(name)), { recursive: true });
    fs.writeFileSync(this.path(name), content);
    fs.chmodSync(this.path(name), mode);
    return this.path(name);
  }

  read(name: string): string {
    return fs.readFileSync(this.path(name), 'utf8');
  }

  has(name: string): boolean {
    return fs.existsSync(this.path(name));
  }

  mode(name: string): number {
    return fs.statSync(this.path(name)).mode & 0o777;
  }

  names(): string[] {
    return fs.readdirSync(this.path('')).sort();
  }

  /** Runs `tsops` with these arguments. */
  run(args: readonly string[], options: RunOptions = {}): Outcome {
    const done = spawnSync(program, [...start, ...args], {
      ...this.#settings(options),
      input: options.input ?? '',
      timeout: 60_000,
    });
    return this.#checked(done);
  }

  /** The same beside others. */
  async start(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.#ended(this.#spawn(args, options));
  }

  /** Runs `tsops` behind another program, such as a shell that sets limits first; its last arguments are the command line. */
  runBehind(before: readonly string[], args: readonly string[], options: RunOptions = {}): Outcome {
    const [name = '', ...first] = before;
    const done = spawnSync(name, [...first, program, ...start, ...args], {
      ...this.#settings(options),
      timeout: 60_000,
    });
    return this.#checked(done);
  }

  /** Starts `tsops`, waits until `ready` is true, and sends a signal. */
  async interrupt(
    args: readonly string[],
    ready: () => boolean,
    signal: NodeJS.Signals,
    options: RunOptions = {},
  ): Promise<Outcome> {
    const running = this.#spawn(args, options);
    const ended = this.#ended(running);
    while (!ready()) await new Promise(settle => setTimeout(settle, 20));
    running.kill(signal);
    return ended;
  }

  /**
   * Runs `tsops` on a terminal of its own (util-linux script(1)); every key is typed when the text before it has been shown.
   * Gives all that was shown.
   */
  runOnTerminal(
    args: readonly string[],
    typed: readonly (readonly [after: string, keys: string])[],
    options: RunOptions = {},
  ): Promise<string> {
    const words = [program, ...start, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const settings = this.#settings(options);
    const running = spawn('script', ['-qec', `exec ${words}`, '/dev/null'], {
      ...settings,
      env: { ...settings.env, TERM: 'xterm' },
    });
    const waiting = [...typed];
    let shown = '';
    let seen = 0;
    return new Promise(settle => {
      running.stdout.on('data', data => {
        shown += data;
        for (let next = waiting[0]; next && shown.indexOf(next[0], seen) >= 0; next = waiting[0]) {
          seen = shown.indexOf(next[0], seen) + next[0].length;
          running.stdin.write(next[1]);
          waiting.shift();
        }
      });
      running.on('close', status => settle(`${shown}\nSTATUS ${status}`));
    });
  }

  remove(): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(args: readonly string[], options: RunOptions) {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    return spawn(program, [...start, ...args], { ...this.#settings(options), stdio: [...stdio] });
  }

  #ended(running: ChildProcess): Promise<Outcome> {
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) running[name]?.on('data', data => (texts[name] += data));
    return new Promise(settle => running.on('close', (status, signal) => settle({ status, signal, ...texts })));
  }

  #settings(options: RunOptions) {
    return { cwd: this.path(options.cwd ?? ''), env: { ...this.env, ...options.env } };
  }

  #checked({ status, signal, stdout, stderr }: SpawnSyncReturns<Buffer>): Outcome {
    const said = stderr.toString();
    assert.ok(!said.includes(canary) && !/AGE-SECRET-KEY/.test(said), 'a secret is on standard error');
    assert.ok(said === '' || said.endsWith('\n'));
    return { status, signal, stdout: stdout.toString(), stderr: said };
  }
}

export const hasScript = spawnSync('script', ['--version']).status === 0;
