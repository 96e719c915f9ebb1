import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { env } from './environment.ts';
import { findProgram, runInteractive, runProgram, splitCommand, startProgram } from './process.ts';

const windows = process.platform === 'win32';
const folder = fs.mkdtempSync(join(tmpdir(), 'tsops-process-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const setPath = (PATH: string) => Object.assign(process.env, { PATH });
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const node = (script: string) => [process.execPath, ['-e', script]] as const;

describe('runProgram', () => {
  const timeoutMs = 10_000;

  test('input, output, environment and status', async () => {
    const script = `process.stdin.on('data', d => process.stdout.write(d)).on('end', () => {
      process.stderr.write(process.env.EXTRA + typeof process.env.PATH); process.exit(7) })`;
    const input = new TextEncoder().encode('x'.repeat(200_000));
    const result = await runProgram(...node(script), { input, env: { EXTRA: 'e' }, timeoutMs });
    assert.equal(result.status, 7);
    assert.deepEqual(Buffer.from(result.stdout), Buffer.from(input));
    assert.equal(text(result.stderr), 'estring');
  });

  test('no shell sees the arguments', { skip: windows }, async () => {
    const args = ['$HOME', '`id`', '; echo x', '*', 'a b'];
    const { stdout } = await runProgram('printf', ['%s\n', ...args], { timeoutMs });
    assert.equal(text(stdout), `${args.join('\n')}\n`);
  });

  test('a missing program, one that may not run, one that is killed', async () => {
    const plain = join(folder, 'plain');
    fs.writeFileSync(plain, 'text', { mode: 0o644 });
    assert.equal((await runProgram('tsops-no-such-program', [], { timeoutMs })).status, 127);
    assert.equal((await runProgram(plain, [], { timeoutMs })).status, 127);
    assert.equal((await runProgram(...node("process.kill(process.pid, 'SIGKILL')"), { timeoutMs })).status, null);
  });

  test('a program that does not end is killed, and a grandchild that holds its pipes is not waited for', async () => {
    const script = `require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 8000)'], { stdio: 'inherit' });
      process.stdout.write('begun'); setInterval(() => {}, 1000)`;
    const begun = Date.now();
    const result = await runProgram(...node(script), { timeoutMs: 700 });
    assert.equal(result.status, null);
    assert.ok(Date.now() - begun < 5000);
  });

  test('a program that has ended is not waited for longer because of what it left running', async () => {
    const script = `require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 8000)'], { stdio: 'inherit' });
      process.stdout.write('x'.repeat(150_000), () => process.exit(3))`;
    const begun = Date.now();
    const result = await runProgram(...node(script), { timeoutMs });
    assert.deepEqual([result.status, result.stdout.length], [3, 150_000]);
    assert.ok(Date.now() - begun < 5000);
  });

  test('a program that does not read its input is no error', async () => {
    const result = await runProgram(...node('process.exit(0)'), { input: new Uint8Array(5_000_000), timeoutMs });
    assert.equal(result.status, 0);
  });
});

describe('startProgram', () => {
  const timeoutMs = 10_000;
  const start = (script: string) => startProgram(...node(script))!;

  test('a conversation, in the folder for temporary files', async () => {
    const program = start(
      `process.stdin.on('data', d => console.log(d + ' ' + process.cwd())).on('end', () => process.exit(4))`,
    );
    for (const word of ['one', 'two']) {
      program.write(Buffer.from(word));
      assert.equal(text((await program.read(timeoutMs)) as Uint8Array), `${word} ${fs.realpathSync(tmpdir())}\n`);
    }
    assert.equal(await program.end(), 4);
    program.write(Buffer.from('to nobody'));
    assert.equal(await program.read(timeoutMs), undefined);
  });

  test('silence, and then the rest', async () => {
    const program = start(`setTimeout(() => process.stdout.write('late'), 600)`);
    assert.equal(await program.read(50), 'silent');
    assert.equal(text((await program.read(timeoutMs)) as Uint8Array), 'late');
    assert.equal(await program.read(timeoutMs), undefined);
    assert.equal(await program.end(), 0);
  });

  test('one that will not end is ended', { skip: windows }, async () => {
    const program = start(`process.on('SIGTERM', () => {}); process.stdout.write('x'); setInterval(() => {}, 1000)`);
    await program.read(timeoutMs);
    assert.equal(await program.end(100), null);
  });

  test('it does not outlive us', { skip: windows }, async () => {
    const url = JSON.stringify(new URL('process.ts', import.meta.url).href);
    const mark = join(folder, 'ended');
    const child = `process.on('SIGTERM', () => { fs.writeFileSync('${mark}', 'x'); process.exit() });
      console.log('begun'); setInterval(() => {}, 1000)`;
    const script = `import { startProgram } from ${url};
      const program = startProgram(process.execPath, ['-e', ${JSON.stringify(child)}]);
      process.stdout.write(await program.read(10000)); await program.read(60000);`;
    const running = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(running.stdout, 'data');
    running.kill('SIGTERM');
    assert.equal((await once(running, 'exit'))[1], 'SIGTERM');
    for (let waited = 0; waited < 5000 && !fs.existsSync(mark); waited += 20) await new Promise(r => setTimeout(r, 20));
    assert.ok(fs.existsSync(mark));
  });

  test('output without bounds ends it', async () => {
    const program = start(`const x = 'x'.repeat(65536); (function more() { process.stdout.write(x, more) })()`);
    let bytes = 0;
    for (let chunk = await program.read(timeoutMs); chunk !== undefined; chunk = await program.read(timeoutMs))
      bytes += chunk.length;
    assert.ok(bytes <= 16 * 1024 * 1024 && bytes > 1024 * 1024, String(bytes));
    assert.notEqual(await program.end(0), 0);
  });

  test('one that is missing or cannot be started', { skip: windows }, async () => {
    assert.equal(startProgram('tsops-no-such-program', []), undefined);
    const script = join(folder, 'no-interpreter');
    fs.writeFileSync(script, '#!/nonexistent/interpreter\n', { mode: 0o755 });
    const program = startProgram(script, [])!;
    program.write(Buffer.from('x'));
    assert.equal(await program.read(timeoutMs), undefined);
    assert.equal(await program.end(), 127);
  });
});

describe('findProgram', { skip: windows }, () => {
  test('never takes a program from the current folder', () => {
    const [cwd, path] = [process.cwd(), env('PATH')];
    fs.writeFileSync(join(folder, 'tsops-tool'), '#!/bin/sh\n', { mode: 0o755 });
    fs.mkdirSync(join(folder, 'bin'));
    process.chdir(folder);
    try {
      for (const entries of ['', '.', './', ':', '/usr/bin:.']) {
        setPath(entries);
        assert.equal(findProgram('tsops-tool'), undefined, entries);
      }
      setPath(`/nowhere:${join(folder, 'bin')}:${folder}`);
      assert.equal(findProgram('tsops-tool'), join(folder, 'tsops-tool'));
      assert.equal(findProgram('bin'), undefined);
      assert.equal(findProgram('./tsops-tool'), './tsops-tool');
      assert.equal(findProgram(''), undefined);
    } finally {
      setPath(path ?? '');
      process.chdir(cwd);
    }
  });
});

describe('runInteractive', { skip: windows }, () => {
  test('gives the exit status', async () => {
    assert.equal(await runInteractive('sh', ['-c', 'exit 0']), 0);
    assert.equal(await runInteractive('sh', ['-c', 'exit 5']), 5);
    assert.equal(await runInteractive('sh', ['-c', 'exit $STATUS'], { env: { STATUS: '6' } }), 6);
  });

  test('a missing editor, one that cannot be started, one ended by a signal', async () => {
    await assert.rejects(runInteractive('tsops-no-such-editor', []), { code: 'EDITOR_FAILED', exitStatus: 201 });
    await assert.rejects(runInteractive(folder, []), { code: 'EDITOR_FAILED' });
    await assert.rejects(runInteractive('sh', ['-c', 'kill -TERM $$']), { code: 'EDIT_CANCELLED', exitStatus: 1 });
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    test(`${signal} ends the editor and rejects`, async () => {
      const url = JSON.stringify(new URL('process.ts', import.meta.url).href);
      const mark = join(folder, signal);
      const script = `import { runInteractive } from ${url};
        await runInteractive('sh', ['-c', 'echo $$ > ${mark}; exec sleep 20']).catch(e => { process.stdout.write(e.code); });
        process.exitCode = 9;`;
      const running = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      while (!fs.existsSync(mark) || fs.readFileSync(mark, 'utf8') === '') await new Promise(r => setTimeout(r, 20));
      // The editor may have begun before the one who started it listens to signals.
      await new Promise(r => setTimeout(r, 200));
      const exit = once(running, 'exit');
      running.kill(signal);
      const [said] = await once(running.stdout, 'data');
      assert.deepEqual([String(said), (await exit)[0]], ['EDIT_CANCELLED', 9]);
      const editor = Number(fs.readFileSync(mark, 'utf8'));
      await new Promise(r => setTimeout(r, 50));
      assert.throws(() => process.kill(editor, 0), { code: 'ESRCH' });
    });
  }
});

describe('splitCommand', () => {
  const cases: [text: string, words: string[]][] = [
    ['', []],
    ['  \t\n ', []],
    ['vim', ['vim']],
    ['code --wait', ['code', '--wait']],
    ["'a b' c", ['a b', 'c']],
    ['"a b"c\'d e\'', ['a bcd e']],
    ['a\\ b', ['a b']],
    ['"a\\"b\\\\c\\d"', ['a"b\\c\\d']],
    ["'a\\'", ['a\\']],
    ['\'\' ""', ['', '']],
    ['a # the rest\nb', ['a', 'b']],
    ['a#b', ['a#b']],
    ["'#'", ['#']],
    ['$HOME `x` *', ['$HOME', '`x`', '*']],
    ['end\\', ['end\\']],
  ];
  for (const [command, words] of cases) {
    test(JSON.stringify(command), () => assert.deepEqual(splitCommand(command, 'linux'), words));
  }
  for (const command of ["'a", '"a', '"a\\"', 'a "b\' c']) {
    test(`${JSON.stringify(command)} is refused`, () =>
      assert.throws(() => splitCommand(command, 'linux'), { code: 'USAGE' }));
  }
  test('a backslash is part of a path on Windows', () => {
    assert.deepEqual(splitCommand('"C:\\Program Files\\vim.exe" -n C:\\x', 'win32'), [
      'C:\\Program Files\\vim.exe',
      '-n',
      'C:\\x',
    ]);
  });
});
