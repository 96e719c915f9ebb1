import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { recipients, Workspace } from '../../../testdata/command.ts';

let work = new Workspace();
const made = [work];
beforeEach(() => {
  work = new Workspace();
  made.push(work);
});
after(() => {
  for (const each of made) each.remove();
});

const recipientIn = (text: string) => /^# public key: (\S+)$/m.exec(text)?.[1] ?? 'none';

describe('keygen', () => {
  test('an identity that opens what is encrypted for its recipient', () => {
    for (const [args, pattern] of [
      [[], /^AGE-SECRET-KEY-1[0-9A-Z]+$/m],
      [['--pq'], /^AGE-SECRET-KEY-PQ-1[0-9A-Z]+$/m],
    ] as const) {
      const { status, stdout, stderr } = work.run(['keygen', ...args]);
      assert.equal(status, 0);
      assert.match(stdout, pattern);
      const recipient = recipientIn(stdout);
      assert.equal(stderr, `Public key: ${recipient}\n`);
      work.write('f.yaml', 'a: 1\n');
      work.run(['encrypt', '-i', '--age', recipient, 'f.yaml']);
      assert.equal(work.run(['decrypt', 'f.yaml']).status, 128);
      assert.equal(work.run(['decrypt', 'f.yaml'], { env: { SOPS_AGE_KEY: stdout } }).stdout, 'a: 1\n');
    }
  });

  test('-o makes a private file and never overwrites one', () => {
    const { status, stdout, stderr } = work.run(['keygen', '-o', 'key.txt']);
    assert.deepEqual([status, stdout], [0, '']);
    assert.equal(stderr, `Public key: ${recipientIn(work.read('key.txt'))}\n`);
    if (process.platform !== 'win32') assert.equal(work.mode('key.txt'), 0o600);
    const before = work.read('key.txt');
    assert.equal(work.run(['keygen', '--output', 'key.txt']).status, 3);
    assert.equal(work.read('key.txt'), before);
  });
});

describe('init', { skip: process.platform === 'win32' || process.platform === 'darwin' }, () => {
  const env = { SOPS_AGE_KEY_FILE: '' };
  const keyFile = () => join(work.folder, 'home', '.config', 'sops', 'age', 'keys.txt');

  test('an identity, a configuration at the root of the repository, and then it works', () => {
    fs.mkdirSync(work.path('.git'));
    fs.mkdirSync(work.path('app/deep'), { recursive: true });
    const { status, stdout, stderr } = work.run(['init'], { env, cwd: 'app/deep' });
    assert.deepEqual([status, stdout], [0, '']);
    assert.equal(fs.statSync(keyFile()).mode & 0o777, 0o600);
    const recipient = recipientIn(fs.readFileSync(keyFile(), 'utf8'));
    assert.ok(stderr.includes(recipient) && stderr.includes(keyFile()) && stderr.includes(work.path('.sops.yaml')));
    work.write('app/deep/s.yaml', 'a: 1\n');
    assert.equal(work.run(['encrypt', '-i', 's.yaml'], { env, cwd: 'app/deep' }).status, 0);
    assert.equal(work.run(['decrypt', 's.yaml'], { env, cwd: 'app/deep' }).stdout, 'a: 1\n');
  });

  test('what is there is used and left as it is', () => {
    work.run(['init'], { env });
    const before = [fs.readFileSync(keyFile(), 'utf8'), work.read('.sops.yaml')];
    const again = work.run(['init'], { env });
    assert.equal(again.status, 0);
    assert.match(again.stderr, /left as it is/);
    assert.deepEqual([fs.readFileSync(keyFile(), 'utf8'), work.read('.sops.yaml')], before);
    fs.rmSync(work.path('.sops.yaml'));
    work.run(['init'], { env });
    assert.equal(work.read('.sops.yaml'), before[1]);
  });

  test('SOPS_AGE_KEY_FILE names the identity that is used', () => {
    work.run(['init']);
    assert.ok(work.read('.sops.yaml').includes(recipients.one));
    assert.equal(fs.existsSync(keyFile()), false);
  });

  test('a file without an identity is an error and stays', () => {
    work.write('empty.txt', '# nothing\n');
    const { status } = work.run(['init'], { env: { SOPS_AGE_KEY_FILE: work.path('empty.txt') } });
    assert.equal(status, 1);
    assert.deepEqual(work.names(), ['empty.txt']);
  });
});
