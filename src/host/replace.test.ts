import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { createFile, isTemporaryName, replaceFile, rescueFile, writeOutput } from './replace.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'tsops-replace-'));
let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(root, 'x'));
});
after(() => fs.rmSync(root, { recursive: true, force: true }));

const windows = process.platform === 'win32';
const isRoot = process.getuid?.() === 0;
const bytes = (text: string) => new TextEncoder().encode(text);
const mode = (path: string) => fs.statSync(path).mode & 0o777;
const at = (name: string, content?: string, permissions = 0o644) => {
  const path = join(folder, name);
  if (content !== undefined) fs.writeFileSync(path, content);
  if (content !== undefined) fs.chmodSync(path, permissions);
  return path;
};
const replaceUrl = JSON.stringify(new URL('replace.ts', import.meta.url).href);

describe('replaceFile', () => {
  for (const permissions of [0o600, 0o644, 0o640, 0o755, 0o666]) {
    test(`keeps mode ${permissions.toString(8)} and makes a new file`, { skip: windows }, async () => {
      const path = at('f', 'old', permissions);
      const before = fs.statSync(path).ino;
      await replaceFile(path, bytes('new'));
      assert.equal(fs.readFileSync(path, 'utf8'), 'new');
      assert.equal(mode(path), permissions);
      assert.notEqual(fs.statSync(path).ino, before);
      assert.deepEqual(fs.readdirSync(folder), ['f']);
    });
  }

  test('keeps the owner where it may', { skip: !isRoot }, async () => {
    const path = at('f', 'old', 0o640);
    fs.chownSync(path, 1234, 2345);
    await replaceFile(path, bytes('new'));
    const { uid, gid } = fs.statSync(path);
    assert.deepEqual([uid, gid, mode(path)], [1234, 2345, 0o640]);
  });

  test('follows symbolic links, relative and in a chain, and leaves them', { skip: windows }, async () => {
    fs.mkdirSync(join(folder, 'sub'));
    const path = at('sub/f', 'old');
    fs.symlinkSync('sub/f', join(folder, 'one'));
    fs.symlinkSync('../one', join(folder, 'sub', 'two'));
    await replaceFile(join(folder, 'sub', 'two'), bytes('new'));
    assert.equal(fs.readFileSync(path, 'utf8'), 'new');
    assert.equal(fs.readlinkSync(join(folder, 'one')), 'sub/f');
    assert.equal(fs.readlinkSync(join(folder, 'sub', 'two')), '../one');
  });

  test('refuses hard links, folders and link loops, and changes nothing', { skip: windows }, async () => {
    const path = at('f', 'old');
    fs.linkSync(path, join(folder, 'g'));
    fs.symlinkSync('loop', join(folder, 'loop'));
    for (const target of [path, folder, join(folder, 'loop')]) {
      await assert.rejects(replaceFile(target, bytes('new')), { code: 'FILE_UNWRITABLE', exitStatus: 3 });
    }
    assert.equal(fs.readFileSync(path, 'utf8'), 'old');
    assert.deepEqual(fs.readdirSync(folder).sort(), ['f', 'g', 'loop']);
  });

  test('a full disk leaves the old file and no temporary one', {
    skip: !isRoot || process.platform !== 'linux',
  }, async t => {
    const disk = join(folder, 'disk');
    fs.mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0)
      return t.skip('no mounts here');
    try {
      fs.writeFileSync(join(disk, 'f'), 'old');
      await assert.rejects(replaceFile(join(disk, 'f'), new Uint8Array(1_000_000)), {
        code: 'FILE_UNWRITABLE',
        message: /no space left/,
      });
      const content = new Uint8Array(1_000_000);
      await assert.rejects(createFile(join(disk, 'new'), content, { secret: true }), { code: 'FILE_UNWRITABLE' });
      const rescued = (await rescueFile(join(disk, 'f.yaml'), content)) ?? '';
      assert.equal(dirname(rescued), tmpdir());
      assert.equal(fs.statSync(rescued).size, content.length);
      fs.rmSync(rescued);
      assert.deepEqual(fs.readdirSync(disk), ['f']);
      assert.equal(fs.readFileSync(join(disk, 'f'), 'utf8'), 'old');
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  test('write protection of the file or its folder is respected', { skip: windows }, async t => {
    if (isRoot && spawnSync('setpriv', ['--version']).status !== 0) return t.skip('root may write everywhere');
    const script = `import { replaceFile } from ${replaceUrl};
      await replaceFile(process.argv[1], Buffer.from('new')).catch(e => process.stdout.write(e.code));`;
    const user = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
    const run = (path: string) => {
      const args = ['--input-type=module', '-e', script, path];
      return isRoot ? execFileSync('setpriv', [...user, ...args]) : execFileSync(process.execPath, args);
    };
    for (const folderMode of [0o755, 0o555]) {
      const path = at('f', 'old', 0o444);
      if (isRoot) fs.chownSync(path, 65534, 65534);
      if (isRoot) fs.chownSync(folder, 65534, 65534);
      if (folderMode === 0o555) fs.chmodSync(path, 0o644);
      fs.chmodSync(root, 0o755);
      fs.chmodSync(folder, folderMode);
      const said = run(path).toString();
      fs.chmodSync(folder, 0o755);
      assert.equal(said, 'FILE_UNWRITABLE');
      assert.equal(fs.readFileSync(path, 'utf8'), 'old');
      assert.deepEqual(fs.readdirSync(folder), ['f']);
    }
  });

  test('readers never see half a file', async () => {
    const path = at('f', 'a'.repeat(100_000));
    const script = `import { replaceFile } from ${replaceUrl};
      for (let i = 0; i < 60; i++) await replaceFile(process.argv[1], Buffer.alloc(100_000, i % 2 ? 'a' : 'b'));`;
    const writer = spawnSyncLater(script, path);
    let seen = 0;
    while (!writer.done()) {
      const content = fs.readFileSync(path, 'latin1');
      assert.match(content, /^(a{100000}|b{100000})$/);
      seen += 1;
      await new Promise(resolve => setImmediate(resolve));
    }
    assert.ok(seen > 5);
  });
});

function spawnSyncLater(script: string, path: string): { done: () => boolean } {
  let done = false;
  spawn(process.execPath, ['--input-type=module', '-e', script, path]).on('exit', () => {
    done = true;
  });
  return { done: () => done };
}

describe('writeOutput', () => {
  const umask = process.umask();
  const cases: [name: string, secret: boolean, existing: number | undefined, expected: number][] = [
    ['new plain text is private', true, undefined, 0o600],
    ['new ciphertext follows the umask', false, undefined, 0o666 & ~umask],
    ['an existing mode stays for plain text', true, 0o640, 0o640],
    ['an existing mode stays for ciphertext', false, 0o600, 0o600],
  ];
  for (const [name, secret, existing, expected] of cases) {
    test(name, { skip: windows }, async () => {
      const path = at('out', existing === undefined ? undefined : 'old', existing);
      await writeOutput(path, bytes('new'), { secret });
      assert.equal(mode(path), expected);
      assert.equal(fs.readFileSync(path, 'utf8'), 'new');
    });
  }

  test('a dangling link makes its target', { skip: windows }, async () => {
    fs.symlinkSync('target', join(folder, 'link'));
    await writeOutput(join(folder, 'link'), bytes('new'), { secret: false });
    assert.equal(fs.readFileSync(join(folder, 'target'), 'utf8'), 'new');
    assert.equal(fs.readlinkSync(join(folder, 'link')), 'target');
  });

  test('devices and FIFOs are written to, not replaced', { skip: windows }, async () => {
    await writeOutput('/dev/null', bytes('gone'), { secret: true });
    assert.ok(fs.statSync('/dev/null').isCharacterDevice());
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = spawn('cat', [fifo]);
    const read = new Promise<string>(resolve => reader.stdout.on('data', data => resolve(String(data))));
    await writeOutput(fifo, bytes('through'), { secret: true });
    assert.equal(await read, 'through');
    assert.ok(fs.statSync(fifo).isFIFO());
  });

  for (const device of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']) {
    test(`${device} as a pipe and as a file`, { skip: process.platform !== 'linux' }, () => {
      const script = `import { writeOutput } from ${replaceUrl};
        await writeOutput('${device}', Buffer.alloc(200_000, 'x'), { secret: true });`;
      const args = ['--input-type=module', '-e', script];
      assert.equal(execFileSync(process.execPath, args).length, 200_000);
      const file = join(folder, 'captured');
      execFileSync('sh', ['-c', '"$@" > "$0"', file, process.execPath, ...args]);
      assert.equal(fs.statSync(file).size, 200_000);
    });
  }

  test('a missing folder is an error', async () => {
    await assert.rejects(writeOutput(join(folder, 'no', 'out'), bytes('x'), { secret: false }), {
      code: 'FILE_UNWRITABLE',
    });
  });
});

test('createFile never overwrites, not even through a dangling link', async () => {
  const path = at('key');
  await createFile(path, bytes('one'), { secret: true });
  if (!windows) assert.equal(mode(path), 0o600);
  await assert.rejects(createFile(path, bytes('two'), { secret: true }), { code: 'FILE_UNWRITABLE' });
  assert.equal(fs.readFileSync(path, 'utf8'), 'one');
  fs.symlinkSync('elsewhere', join(folder, 'link'));
  await assert.rejects(createFile(join(folder, 'link'), bytes('two'), { secret: true }), { code: 'FILE_UNWRITABLE' });
  assert.equal(fs.existsSync(join(folder, 'elsewhere')), false);
});

test('of many that make the same new file at once exactly one succeeds', async () => {
  const path = at('new');
  const script = `import { createFile } from ${replaceUrl};
    await createFile(process.argv[1], Buffer.alloc(100_000, process.argv[2]), { secret: true }).catch(() => process.exit(1));`;
  const statuses = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async letter => {
      const maker = spawn(process.execPath, ['--input-type=module', '-e', script, path, letter]);
      return (await once(maker, 'exit'))[0] as number;
    }),
  );
  assert.deepEqual(statuses.sort(), [0, 1, 1, 1]);
  assert.match(fs.readFileSync(path, 'latin1'), /^(a{100000}|b{100000}|c{100000}|d{100000})$/);
  assert.deepEqual(fs.readdirSync(folder), ['new']);
});

test('names of the greatest length can be written', { skip: windows }, async () => {
  for (const name of [`${'a'.repeat(250)}.yaml`, `${'ü'.repeat(125)}.yaml`, '\u{1f600}'.repeat(63)]) {
    const path = at(name, 'old');
    await replaceFile(path, bytes('new'));
    assert.equal(fs.readFileSync(path, 'utf8'), 'new');
  }
});

test('what is rescued never takes the place of what was rescued before', async () => {
  const rescued = [];
  for (const content of ['one', 'two', 'three']) rescued.push(await rescueFile(at('f.yaml'), bytes(content)));
  assert.deepEqual(
    rescued,
    ['f.rescued.yaml', 'f.rescued-2.yaml', 'f.rescued-3.yaml'].map(name => at(name)),
  );
  assert.deepEqual(
    rescued.map(path => fs.readFileSync(path ?? '', 'utf8')),
    ['one', 'two', 'three'],
  );
  if (!windows) assert.equal(mode(rescued[0] ?? ''), 0o600);
});

test('a signal while the temporary file is there removes it', { skip: windows }, async () => {
  const path = at('f', 'old');
  const script = `import fs from 'node:fs'; import { undoOnExit } from ${JSON.stringify(new URL('signals.ts', import.meta.url).href)};
    undoOnExit(() => fs.rmSync(process.argv[1], { force: true }));
    process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script, path], { timeout: 10_000 });
  assert.equal(signal, 'SIGTERM');
  assert.equal(fs.existsSync(path), false);
});

test('temporary names are known', () => {
  const names: [string, boolean][] = [
    ['.secrets.yaml.tsops-01234567-1-2-0123456789ab.tmp', true],
    ['dir/.secrets.yaml.tsops-01234567-1-2-0123456789ab.tmp', true],
    ['.secrets.yaml.tsops-lock', true],
    ['.secrets.yaml.tsops-lock-guard', true],
    ['secrets.yaml', false],
    ['secrets.tsops-01234567-1-2-0123456789ab.tmp', false],
  ];
  for (const [name, expected] of names) assert.equal(isTemporaryName(name), expected, name);
});

test('what killed processes have left beside a file is removed by the next one that writes there', {
  skip: windows,
}, async () => {
  const script = `import { writeOutput } from ${replaceUrl}; import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
    fs.renameSync = () => process.kill(process.pid, 'SIGKILL'); syncBuiltinESMExports();
    await writeOutput(${JSON.stringify(at('n'))}, new TextEncoder().encode('plain'), { secret: true });`;
  spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  const left = fs.readdirSync(folder).filter(isTemporaryName);
  assert.equal(left.length, 1);
  assert.equal(mode(join(folder, left[0] ?? '')) & 0o077, 0);
  // Another machine's may be in use.
  const foreign = left[0]?.replace(/tsops-./, found => (found.endsWith('0') ? 'tsops-1' : 'tsops-0')) ?? '';
  at(foreign, 'x');
  await replaceFile(at('g', 'old'), bytes('new'));
  assert.deepEqual(fs.readdirSync(folder).sort(), [foreign, 'g']);
});
