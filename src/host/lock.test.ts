import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { withFileLock } from './lock.ts';
import { hasEnded, ownMark } from './owner.ts';
import { writeOutput } from './replace.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'tsops lock '));
after(() => fs.rmSync(root, { recursive: true, force: true }));

const lockUrl = JSON.stringify(new URL('lock.ts', import.meta.url).href);
const ownerUrl = JSON.stringify(new URL('owner.ts', import.meta.url).href);
const windows = process.platform === 'win32';
let count = 0;

function newFile(content = '0'): { path: string; lock: string; names: () => string[] } {
  count += 1;
  const folder = join(root, String(count));
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, 'f.yaml'), content);
  return {
    path: join(folder, 'f.yaml'),
    lock: join(folder, '.f.yaml.tsops-lock'),
    names: () => fs.readdirSync(folder),
  };
}

function child(script: string) {
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The mark of a process that has ended. */
function endedMark(): string {
  const script = `import { ownMark } from ${ownerUrl}; process.stdout.write(ownMark());`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout;
}

describe('owner marks', { skip: windows }, () => {
  test('this process has not ended; one that has, has; of other machines nothing is known', () => {
    assert.equal(hasEnded(ownMark()), false);
    const ended = endedMark();
    assert.match(ended, /^[0-9a-f]{8}-\d+-\d+$/);
    assert.equal(hasEnded(ended), true);
    assert.equal(hasEnded(ended.replace(/^./, digit => (digit === '0' ? '1' : '0'))), false);
    for (const text of ['', 'x', ownMark().replace(/-\d+$/, '')]) assert.equal(hasEnded(text), false);
  });

  test('a number that another process has now is not the process that made the mark', () => {
    assert.equal(hasEnded(ownMark().replace(/\d+$/, '1')), process.platform === 'linux');
  });
});

describe('withFileLock', { skip: windows }, () => {
  test('holds a private lock beside the file while the work runs, and removes it whatever comes of it', async () => {
    const { path, lock, names } = newFile();
    const result = await withFileLock(path, {}, async () => {
      assert.equal(fs.readFileSync(lock, 'utf8'), ownMark());
      assert.equal(fs.statSync(lock).mode & 0o777, 0o600);
      return 7;
    });
    assert.equal(result, 7);
    await assert.rejects(
      withFileLock(path, {}, () => Promise.reject(new RangeError('no'))),
      RangeError,
    );
    assert.deepEqual(names(), ['f.yaml']);
  });

  test('is one lock for a file and the links to it', async () => {
    const { path, lock } = newFile();
    const link = join(root, `link-${count}`);
    fs.symlinkSync(path, link);
    await withFileLock(link, {}, async () => assert.ok(fs.existsSync(lock)));
  });

  test('loses no update of eight processes, one of which is killed again and again', async () => {
    const { path, names } = newFile();
    const script = (rounds: number, hang: string) => `import fs from 'node:fs';
      import { withFileLock } from ${lockUrl};
      const path = ${JSON.stringify(path)};
      for (let i = 0; i < ${rounds}; i += 1) await withFileLock(path, {}, async () => {
        const n = Number(fs.readFileSync(path, 'utf8'));
        ${hang}
        await new Promise(settle => setTimeout(settle, 3));
        fs.writeFileSync(path, String(n + 1));
      });`;
    const workers = Array.from({ length: 7 }, () => once(child(script(10, '')), 'close'));
    for (let round = 0; round < 5; round += 1) {
      const killed = child(
        script(1, "process.stdout.write('held'); await new Promise(() => setInterval(() => {}, 1000));"),
      );
      await once(killed.stdout, 'data');
      killed.kill('SIGKILL');
      await once(killed, 'close');
    }
    for (const [status] of await Promise.all(workers)) assert.equal(status, 0);
    assert.equal(fs.readFileSync(path, 'utf8'), '70');
    // The last one killed may have left its lock to whoever comes next.
    await withFileLock(path, {}, async () => {});
    assert.deepEqual(names(), ['f.yaml']);
  });

  test('is not left behind by a signal that comes just when it has been made', () => {
    const { path, names } = newFile();
    const script = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
      import { withFileLock } from ${lockUrl};
      const write = fs.writeFileSync;
      fs.writeFileSync = (...args) => { write(...args); process.kill(process.pid, 'SIGINT'); };
      syncBuiltinESMExports();
      await withFileLock(${JSON.stringify(path)}, {}, () => new Promise(() => setInterval(() => {}, 1000)));`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 });
    assert.equal(run.signal, 'SIGINT');
    assert.deepEqual(names(), ['f.yaml']);
  });

  test('ends with a clear error where the other one does not finish', async () => {
    const { path, lock } = newFile();
    const other = ownMark().replace(/^./, digit => (digit === '0' ? '1' : '0'));
    fs.writeFileSync(lock, other);
    const start = performance.now();
    await assert.rejects(
      withFileLock(path, { timeoutMs: 300 }, async () => assert.fail('it is locked')),
      { code: 'FILE_LOCKED', exitStatus: 3, where: { file: path } },
    );
    assert.ok(performance.now() - start >= 300);
    assert.equal(fs.readFileSync(lock, 'utf8'), other);
  });

  test('waits for a lock that is just being made, and not for ever', async () => {
    const { path, lock } = newFile();
    fs.writeFileSync(lock, '');
    await assert.rejects(
      withFileLock(path, { timeoutMs: 100 }, async () => 1),
      { code: 'FILE_LOCKED' },
    );
    fs.utimesSync(lock, new Date(0), new Date(0));
    assert.equal(await withFileLock(path, { timeoutMs: 100 }, async () => 1), 1);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${signal} takes the lock away`, async () => {
      const { path, names } = newFile();
      const script = `import { withFileLock } from ${lockUrl};
        await withFileLock(${JSON.stringify(path)}, {}, () => new Promise(() => { process.stdout.write('held'); setInterval(() => {}, 1000); }));`;
      const running = child(script);
      await once(running.stdout, 'data');
      running.kill(signal);
      const [, by] = await once(running, 'close');
      assert.equal(by, signal);
      assert.deepEqual(names(), ['f.yaml']);
    });
  }
});

test('whoever writes beside it takes away the lock of a process that has ended, and no other one', {
  skip: windows,
}, async () => {
  for (const [mark, left] of [
    [endedMark(), ['f.yaml', 'g.yaml']],
    [ownMark(), ['.f.yaml.tsops-lock', 'f.yaml', 'g.yaml']],
    ['', ['.f.yaml.tsops-lock', 'f.yaml', 'g.yaml']],
  ] as const) {
    const { path, lock, names } = newFile();
    fs.writeFileSync(lock, mark);
    await writeOutput(path.replace('f.yaml', 'g.yaml'), Buffer.from('x'), { secret: false });
    assert.deepEqual(names().sort(), left);
  }
});
