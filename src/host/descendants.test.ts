import assert from 'node:assert/strict';
import { exec, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { endingPrograms, endTree } from './descendants.ts';
import { runProgram, startProgram } from './process.ts';

const folder = fs.mkdtempSync(join(tmpdir(), 'tsops-descendants-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

let count = 0;
/** A shell that waits for a second one, which writes into a file all the time. The name of the first has a parenthesis in it. */
function beating(): { readonly command: string; readonly file: string } {
  count += 1;
  const file = join(folder, `beats-${count}`);
  const script = join(folder, `o) 1 ${count}.sh`);
  fs.writeFileSync(script, `#!/bin/sh\n(while :; do echo x >>'${file}'; sleep 0.05; done); true\n`, { mode: 0o755 });
  return { command: script, file };
}

const sizeOf = (file: string): number => (fs.existsSync(file) ? fs.statSync(file).size : 0);

async function begins(file: string): Promise<void> {
  for (let tries = 0; tries < 400 && sizeOf(file) === 0; tries += 1) await sleep(25);
  assert.ok(sizeOf(file) > 0, 'the program did not begin');
}

async function hasEnded(file: string): Promise<void> {
  await sleep(150);
  const before = sizeOf(file);
  assert.ok(before > 0, 'the program did not begin');
  await sleep(300);
  assert.equal(sizeOf(file), before, 'the program goes on');
}

describe('programs are ended with what they started', { skip: process.platform === 'win32' }, () => {
  test('a program that is running, and one that has ended', async () => {
    const { command, file } = beating();
    const child = spawn(command);
    await begins(file);
    endTree(child);
    await hasEnded(file);
    endTree(child);
  });

  test('a program that takes too long', async () => {
    const { command, file } = beating();
    assert.equal((await runProgram(command, [], { timeoutMs: 700 })).status, null);
    await hasEnded(file);
  });

  test('a program that is talked with and does not end', async () => {
    const { command, file } = beating();
    const program = startProgram(command, []);
    await begins(file);
    assert.equal(await program?.end(100), null);
    await hasEnded(file);
  });

  test('what the code of others has started, once it is not wanted any more, and what it starts then', async () => {
    const [first, second] = [beating(), beating()];
    const ending = new AbortController();
    const run = (command: string) => new Promise<void>(settle => exec(`'${command}'`, () => settle()));
    const others = endingPrograms(ending.signal, async () => {
      await run(first.command);
      await run(second.command);
    });
    const outside = spawn('sleep', ['30']);
    await begins(first.file);
    ending.abort();
    await others;
    await hasEnded(first.file);
    assert.ok(sizeOf(second.file) < 20);
    assert.deepEqual([outside.exitCode, outside.signalCode], [null, null]);
    outside.kill();
  });

  for (const how of ['process.exit(3)', "process.kill(process.pid, 'SIGTERM')"]) {
    test(`this process ends: ${how}`, async () => {
      const { command, file } = beating();
      const script = `const { endingPrograms } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'descendants.ts')))});
        const { exec } = await import('node:child_process');
        const { statSync } = await import('node:fs');
        endingPrograms(new AbortController().signal, () => new Promise(() => exec(${JSON.stringify(`'${command}'`)})));
        setInterval(() => { if (statSync(${JSON.stringify(file)}, { throwIfNoEntry: false })?.size > 0) ${how}; }, 20);`;
      const { status } = await runProgram(process.execPath, ['--input-type=module', '-e', script], {
        timeoutMs: 20_000,
      });
      assert.equal(status, how.includes('exit') ? 3 : null);
      await hasEnded(file);
    });
  }
});
