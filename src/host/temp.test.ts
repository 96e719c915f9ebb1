import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { env } from './environment.ts';
import { baseFolders, createPrivateFile, sweepPrivateFiles } from './temp.ts';

const windows = process.platform === 'win32';
const isRoot = process.getuid?.() === 0;
const own = fs.mkdtempSync(join(tmpdir(), 'tsops-temp-'));
after(() => fs.rmSync(own, { recursive: true, force: true }));

const tempUrl = JSON.stringify(new URL('temp.ts', import.meta.url).href);
const bytes = (text: string) => new TextEncoder().encode(text);

/** A process that makes a private file, prints its path and then does what `rest` says. */
function child(rest: string) {
  const script = `import { createPrivateFile } from ${tempUrl};
    const made = createPrivateFile('dir/plain.yaml', Buffer.from('secret'));
    process.stdout.write(made.path + '\\n'); ${rest}`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
}

const pathFrom = async (running: ReturnType<typeof child>): Promise<string> =>
  String((await once(running.stdout, 'data'))[0]).trim();

describe('private files', () => {
  test('are private, keep the base name, and take everything beside them along', { skip: windows }, () => {
    const file = createPrivateFile('some/dir/secrets.enc.yaml', bytes('plain'));
    const folder = dirname(file.path);
    assert.equal(basename(file.path), 'secrets.enc.yaml');
    assert.equal(fs.statSync(file.path).mode & 0o777, 0o600);
    assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
    assert.equal(fs.readFileSync(file.path, 'utf8'), 'plain');
    fs.writeFileSync(join(folder, '.secrets.enc.yaml.swp'), 'left by an editor');
    fs.mkdirSync(join(folder, 'sub'));
    fs.writeFileSync(join(folder, 'sub', 'x'), '');
    fs.writeFileSync(join(own, 'outside'), 'stays');
    fs.symlinkSync(join(own, 'outside'), join(folder, 'link'));
    file.remove();
    file.remove();
    assert.equal(fs.existsSync(folder), false);
    assert.equal(fs.readFileSync(join(own, 'outside'), 'utf8'), 'stays');
  });

  test('are overwritten before they are unlinked', { skip: windows }, () => {
    const file = createPrivateFile('a', bytes('plain text'));
    const descriptor = fs.openSync(file.path, 'r');
    file.remove();
    const left = Buffer.alloc(20);
    assert.equal(fs.readSync(descriptor, left, 0, 20, 0), 10);
    assert.deepEqual(left.subarray(0, 10), Buffer.alloc(10));
    fs.closeSync(descriptor);
  });

  test('lie in memory where there is such a folder', { skip: process.platform !== 'linux' }, () => {
    const inMemory = fs.existsSync('/dev/shm') && fs.statfsSync('/dev/shm').type === 0x01021994;
    const file = createPrivateFile('a', bytes('x'));
    if (inMemory) assert.equal(fs.statfsSync(file.path).type, 0x01021994);
    assert.equal(baseFolders().at(-1), tmpdir());
    file.remove();
  });

  test('leave out a folder that is missing or on a disk', { skip: process.platform !== 'linux' }, () => {
    const before = env('XDG_RUNTIME_DIR');
    for (const folder of ['/dev/shm/tsops-not-there', '/']) {
      Object.assign(process.env, { XDG_RUNTIME_DIR: folder });
      assert.ok(!baseFolders().includes(folder));
    }
    if (before === undefined) Reflect.deleteProperty(process.env, 'XDG_RUNTIME_DIR');
    else Object.assign(process.env, { XDG_RUNTIME_DIR: before });
  });

  test('go to the next folder when the first is full', { skip: process.platform !== 'linux' || !isRoot }, t => {
    const disk = join(own, 'full');
    fs.mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk]).status !== 0)
      return t.skip('no mounts here');
    const before = env('XDG_RUNTIME_DIR');
    Object.assign(process.env, { XDG_RUNTIME_DIR: disk });
    try {
      const file = createPrivateFile('a', new Uint8Array(1_000_000));
      assert.ok(!file.path.startsWith(disk));
      assert.deepEqual(fs.readdirSync(disk), []);
      file.remove();
    } finally {
      if (before === undefined) Reflect.deleteProperty(process.env, 'XDG_RUNTIME_DIR');
      else Object.assign(process.env, { XDG_RUNTIME_DIR: before });
      spawnSync('umount', [disk]);
    }
  });
});

describe('ways out', { skip: windows }, () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    test(`${signal} removes the file and ends the process by ${signal}`, async () => {
      const running = child('setInterval(() => {}, 1000);');
      const path = await pathFrom(running);
      assert.equal(fs.readFileSync(path, 'utf8'), 'secret');
      running.kill(signal);
      const [, endedBy] = await once(running, 'exit');
      assert.equal(endedBy, signal);
      assert.equal(fs.existsSync(dirname(path)), false);
    });
  }

  for (const rest of ['process.exit(3)', "throw new Error('x')", "Promise.reject(new Error('x'))", '']) {
    test(`"${rest}" removes the file`, async () => {
      const running = child(rest);
      const path = await pathFrom(running);
      await once(running, 'close');
      assert.equal(fs.existsSync(dirname(path)), false);
    });
  }

  test('a signal that comes just when the folder has been made removes it', { skip: windows }, () => {
    const script = `import { createPrivateFile } from ${tempUrl}; import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const make = fs.mkdirSync;
      fs.mkdirSync = (path, ...args) => { make(path, ...args); process.stdout.write(path); process.kill(process.pid, 'SIGINT'); };
      syncBuiltinESMExports();
      createPrivateFile('plain.yaml', Buffer.from('secret'));
      setInterval(() => {}, 1000);`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.equal(run.signal, 'SIGINT');
    assert.match(run.stdout, /tsops-/);
    assert.equal(fs.existsSync(run.stdout), false);
  });

  test('what a killed process left is swept, what a living one has is not', {
    skip: process.platform !== 'linux',
  }, async () => {
    const [killed, living] = [child('setInterval(() => {}, 1000);'), child('setInterval(() => {}, 1000);')];
    const [left, used] = [await pathFrom(killed), await pathFrom(living)];
    const foreign = join(dirname(dirname(left)), 'tsops-00000000-1-1-0123456789ab');
    fs.mkdirSync(foreign, { recursive: true });
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    assert.ok(fs.existsSync(left));
    const reused = dirname(left).replace(`-${killed.pid}-`, `-${process.pid}-`);
    fs.mkdirSync(reused);
    sweepPrivateFiles();
    assert.equal(fs.existsSync(dirname(left)), false, 'the folder of a dead process');
    assert.equal(fs.existsSync(reused), false, 'a number that was used again');
    assert.ok(fs.existsSync(used), 'the folder of a living process');
    assert.ok(fs.existsSync(foreign), 'the folder of another machine or container');
    fs.rmdirSync(foreign);
    living.kill('SIGTERM');
    await once(living, 'exit');
  });
});
