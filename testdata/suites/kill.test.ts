/**
 * Signals at random moments of every command that changes a file or shows plain text to another program: the file is always the old or
 * the new one, and no plain text remains. What a killed process could not remove goes with the next run. `TSOPS_TEST_ROUNDS` sets the
 * number of rounds.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { commandEntry } from '../../src/cli/commands.ts';
import { baseFolders } from '../../src/host/temp.ts';
import { started } from '../started.ts';
import { newFolder, type Run, removeFolder, runTsops, vectors } from './harness.ts';

const rounds = Number(process.env['TSOPS_TEST_ROUNDS'] ?? 24);
const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'];
const canary = 'plain-canary-7c31';
const folder = newFolder();
const temporary = join(folder, 'tmp');
const work = join(folder, 'work');
const env = {
  SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt'),
  SOPS_AGE_RECIPIENTS: readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim(),
  EDITOR: join(folder, 'editor'),
  TMPDIR: temporary,
};
after(() => removeFolder(folder));

/** Each changes `f.yaml` from the first plain text to the second, or leaves it as it is. */
interface Victim {
  readonly name: string;
  readonly args: readonly string[];
  readonly after: string;
}

const beforeText = `# note\na: ${canary}-1\nb: ${canary}-2\n`;
const plain = { old: beforeText, changed: beforeText.replace('-1', '-3') };
const victims: readonly Victim[] = [
  { name: 'edit', args: ['edit', 'f.yaml'], after: plain.changed },
  { name: 'set', args: ['set', 'f.yaml', '["a"]', `"${canary}-3"`], after: plain.changed },
  { name: 'rotate', args: ['rotate', '-i', 'f.yaml'], after: plain.old },
  { name: 'exec-file', args: ['exec-file', 'f.yaml', 'cat {} > /dev/null; sleep 0.2'], after: plain.old },
  { name: 'exec-file', args: ['exec-file', '--no-fifo', 'f.yaml', 'cat {} > /dev/null; sleep 0.2'], after: plain.old },
].filter(({ name }) => commandEntry(name) !== undefined);

let sealed: Buffer;
/** How long a whole run of each takes, in milliseconds. */
const durations = new Map<Victim, number>();

before(async () => {
  for (const made of [temporary, work]) mkdirSync(made);
  const script = `#!/bin/sh\nsleep 0.1\nsed -i 's/-1$/-3/' "$1"\n`;
  writeFileSync(env.EDITOR, script);
  chmodSync(env.EDITOR, 0o755);
  env.EDITOR = `'${env.EDITOR}'`;
  const run = await runTsops(['encrypt', '--filename-override', 'f.yaml', '-'], { cwd: folder, env, stdin: plain.old });
  assert.equal(run.status, 0, run.stderr);
  sealed = run.stdout;
  for (const victim of victims) {
    writeFileSync(join(work, 'f.yaml'), sealed);
    const start = performance.now();
    const whole = await tsops(victim.args);
    assert.equal(whole.status, 0, whole.stderr);
    durations.set(victim, performance.now() - start);
    await isWhole([victim.after], victim);
  }
});

const tsops = (args: readonly string[]): Promise<Run> => runTsops(args, { cwd: work, env });

async function isWhole(texts: readonly string[], victim: Victim): Promise<void> {
  const run = await tsops(['decrypt', 'f.yaml']);
  assert.equal(run.status, 0, `${victim.name}: ${run.stderr}`);
  assert.ok(texts.includes(run.stdout.toString()), `${victim.name}: the file is neither the old nor the new one`);
}

/** Runs a victim in a process group of its own, as a shell would, and sends the signal to tsops alone. */
function interrupted(victim: Victim, signal: NodeJS.Signals, afterMs: number): Promise<number> {
  const { HOME: _home, ...rest } = process.env;
  const [program, ...first] = started;
  const child = spawn(program, [...first, ...victim.args], {
    cwd: work,
    env: { ...rest, HOME: folder, ...env },
    stdio: 'ignore',
    detached: true,
  });
  setTimeout(() => child.kill(signal), afterMs);
  return new Promise(settle => child.on('exit', () => settle(child.pid ?? 0)));
}

/** Files with plain text of this test, and private folders of the process. */
function remains(pid: number): string[] {
  const found: string[] = [];
  for (const base of [work, ...new Set([temporary, ...baseFolders()])]) {
    for (const name of readdirSync(base)) {
      const own = base === work || base === temporary || new RegExp(`^tsops-[0-9a-f]{8}-${pid}-`).test(name);
      if (
        own &&
        name !== 'f.yaml' &&
        !isRescued(join(base, name)) &&
        !/^(\.home-of-the-test|node-compile-cache)$/.test(name)
      )
        found.push(join(base, name));
    }
  }
  return found;
}

/** The encrypted copy of an edit that a signal ended. */
function isRescued(path: string): boolean {
  return /f\.yaml(-\w+)?\.rescued$/.test(path) && !readFileSync(path, 'utf8').includes(canary);
}

/** A child that was just told to end may still hold its end of something. */
async function settled(pid: number): Promise<string[]> {
  const end = performance.now() + 3000;
  for (;;) {
    const left = remains(pid);
    if (left.length === 0 || performance.now() > end) return left;
    await new Promise(settle => setTimeout(settle, 50));
  }
}

test(`${rounds} signals at random moments`, { skip: process.platform === 'win32', timeout: 900_000 }, async t => {
  let changed = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of readdirSync(work)) if (name.includes('.rescued')) removeFolder(join(work, name));
    const victim = victims[round % victims.length] ?? assert.fail();
    const signal = signals[Math.floor(round / victims.length) % signals.length] ?? 'SIGKILL';
    const moment = Math.random() * (durations.get(victim) ?? 0) * 1.05;
    writeFileSync(join(work, 'f.yaml'), sealed);
    const pid = await interrupted(victim, signal, moment);
    const what = `${victim.args.join(' ')}, ${signal} after ${Math.round(moment)} ms`;
    if (signal !== 'SIGKILL') assert.deepEqual(await settled(pid), [], what);
    if (!readFileSync(join(work, 'f.yaml')).equals(sealed)) changed += 1;
    await isWhole([plain.old, victim.after], victim);
    // The next run that works there sweeps up.
    if (signal === 'SIGKILL') {
      const again = await tsops(['decrypt', '--output', 'g.yaml', 'f.yaml']);
      assert.equal(again.status, 0, again.stderr);
      assert.deepEqual(
        (await settled(pid)).filter(path => !path.endsWith('g.yaml')),
        [],
        what,
      );
      removeFolder(join(work, 'g.yaml'));
    }
  }
  t.diagnostic(`${changed} of ${rounds} runs had replaced the file`);
});
