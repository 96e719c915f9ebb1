import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TsopsError } from '../errors.ts';
import { bindSocket, tcpAddress } from './listening.ts';

const code = (expected: string) => (error: unknown) => error instanceof TsopsError && error.code === expected;

describe('tcpAddress', () => {
  const rows: [text: string, host: string, port: number, isLoopback: boolean][] = [
    ['127.0.0.1:5000', '127.0.0.1', 5000, true],
    ['127.8.9.1:0', '127.8.9.1', 0, true],
    ['[::1]:5000', '::1', 5000, true],
    ['localhost:5000', '127.0.0.1', 5000, true],
    ['[::ffff:127.0.0.1]:1', '::ffff:127.0.0.1', 1, true],
    [':5000', '0.0.0.0', 5000, false],
    ['0.0.0.0:5000', '0.0.0.0', 5000, false],
    ['[::]:5000', '::', 5000, false],
    ['192.0.2.1:5000', '192.0.2.1', 5000, false],
    ['[2001:db8::1]:65535', '2001:db8::1', 65_535, false],
  ];
  for (const [text, host, port, isLoopback] of rows) {
    test(text, async () => assert.deepEqual(await tcpAddress(text), { host, port, isLoopback }));
  }
  for (const text of ['', '5000', '127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '::1:5000', 'a b:1', 'http://x:1']) {
    test(`refused: ${text}`, async () => assert.rejects(tcpAddress(text), code('USAGE')));
  }
  test('a name that does not exist', async () =>
    assert.rejects(tcpAddress('no-such-host.invalid:1'), code('LISTEN_FAILED')));
});

describe('bindSocket', { skip: process.platform === 'win32' }, () => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'tsops-socket-'));
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });
  const bind = (path: string) =>
    new Promise<void>((settle, fail) => {
      const server = createServer();
      servers.push(server);
      server.on('error', fail).listen(path, settle);
    });

  test('the socket belongs to this user alone, and goes', async () => {
    const path = join(folder, 'one');
    const before = process.umask(0o022);
    const remove = await bindSocket(path, bind);
    assert.equal(process.umask(before), 0o022);
    assert.equal(fs.statSync(path).mode & 0o777, 0o600);
    remove();
    assert.ok(!fs.existsSync(path));
    remove();
  });

  test('one on which somebody answers stays', async () => {
    const path = join(folder, 'two');
    const remove = await bindSocket(path, bind);
    const inode = fs.statSync(path).ino;
    await assert.rejects(bindSocket(path, bind), code('LISTEN_FAILED'));
    assert.equal(fs.statSync(path).ino, inode);
    remove();
  });

  test('one that was left behind makes room', async () => {
    const path = join(folder, 'three');
    await bind(join(folder, 'left'));
    // The server goes on under its first name and removes only that one.
    fs.renameSync(join(folder, 'left'), path);
    await new Promise(settle => servers.pop()?.close(settle));
    assert.ok(fs.lstatSync(path).isSocket());
    const remove = await bindSocket(path, bind);
    remove();
  });

  test('files, folders and links are not touched', async () => {
    fs.writeFileSync(join(folder, 'file'), 'x');
    fs.symlinkSync('file', join(folder, 'link'));
    for (const name of ['file', 'link', '.']) {
      await assert.rejects(bindSocket(join(folder, name), bind), code('LISTEN_FAILED'));
    }
    assert.equal(fs.readFileSync(join(folder, 'file'), 'utf8'), 'x');
  });

  test('a failure leaves no other umask', async () => {
    const before = process.umask(0o027);
    await assert.rejects(bindSocket(join(folder, 'none', 'x'), bind));
    assert.equal(process.umask(before), 0o027);
  });
});
