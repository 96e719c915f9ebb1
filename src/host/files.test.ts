import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TsopsError } from '../errors.ts';
import { exists, isFile, isRegularFile, readFileBounded, readOptionalFile } from './files.ts';

const folder = fs.mkdtempSync(join(tmpdir(), 'tsops-files-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const failsWith = (code: string) => (error: unknown) => error instanceof TsopsError && error.code === code;
const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();
const files = JSON.stringify(new URL('files.ts', import.meta.url).href);

describe('reading', () => {
  test('the whole file, also one whose size the system does not tell', async () => {
    const path = join(folder, 'a');
    fs.writeFileSync(path, 'x'.repeat(700_000));
    assert.equal((await readFileBounded(path)).length, 700_000);
    if (process.platform === 'linux') assert.match(text(await readFileBounded('/proc/self/status')) ?? '', /^Name:/);
  });

  test('a FIFO to its end', { skip: process.platform === 'win32' }, async () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const writer = spawn('sh', ['-c', `printf 0123456789 > '${path}'`]);
    assert.equal(text(await readFileBounded(path)), '0123456789');
    writer.kill();
    assert.equal(await isFile(path), true);
    assert.equal(isRegularFile(path), false);
  });

  test('a missing file, a folder and too large a file are told apart', async () => {
    const path = join(folder, 'b');
    fs.writeFileSync(path, '12345');
    await assert.rejects(readFileBounded(join(folder, 'missing')), failsWith('FILE_MISSING'));
    await assert.rejects(readFileBounded(join(path, 'below')), failsWith('FILE_MISSING'));
    await assert.rejects(readFileBounded(folder), { code: 'FILE_UNREADABLE', message: /it is a folder/ });
    await assert.rejects(readFileBounded(path, { maxBytes: 4 }), failsWith('FILE_UNREADABLE'));
    assert.equal((await readFileBounded(path, { maxBytes: 5 })).length, 5);
    await assert.rejects(readFileBounded('/dev/zero', { maxBytes: 10_000 }), failsWith('FILE_UNREADABLE'));
  });

  test('optional files and questions', async () => {
    assert.equal(await readOptionalFile(join(folder, 'missing')), undefined);
    await assert.rejects(readOptionalFile(folder), failsWith('FILE_UNREADABLE'));
    assert.equal(await isFile(folder), false);
    assert.equal(await isFile(join(folder, 'missing')), false);
    fs.symlinkSync('nowhere', join(folder, 'dangling'));
    assert.equal(exists(join(folder, 'dangling')), true);
    assert.equal(await isFile(join(folder, 'dangling')), false);
  });

  test('what cannot even be looked at is there, is no file, and reading it says why', {
    skip: process.platform === 'win32',
  }, async () => {
    fs.symlinkSync('loop', join(folder, 'loop'));
    for (const path of [join(folder, 'loop'), join(folder, 'loop', 'below'), join(folder, 'x'.repeat(300))]) {
      assert.equal(exists(path), true);
      assert.equal(await isFile(path), false);
      assert.equal(isRegularFile(path), false);
      await assert.rejects(readFileBounded(path), { code: 'FILE_UNREADABLE', message: /too many|too long/ });
    }
  });

  for (const call of ['readStdin()', "readFileBounded('/dev/stdin')"]) {
    test(`standard input: ${call}`, () => {
      const script = `import { readStdin, readFileBounded } from ${files}; process.stdout.write(await ${call});`;
      const bytes = Buffer.alloc(300_000, 'é');
      const read = execFileSync(process.execPath, ['--input-type=module', '-e', script], { input: bytes });
      assert.deepEqual(read, bytes);
      assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', script], { input: '' }).length, 0);
    });
  }
});
