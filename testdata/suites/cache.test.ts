/** Where the command keeps its compiled code: in folders that are the user's alone, or nowhere; the run goes on either way. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { newFolder, removeFolder, root } from './harness.ts';

const noModes = process.platform === 'win32' && 'Windows has no such modes';
let home = '';
beforeEach(() => {
  home = newFolder();
});
afterEach(() => removeFolder(home));

function start(env: Readonly<Record<string, string>> = {}): void {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'bin', 'tsops.js'), '--version'], {
    env: { HOME: home, ...env },
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(status, 0);
  assert.match(stdout, /^tsops \d/);
}

const isFilled = (folder: string): boolean => existsSync(folder) && readdirSync(folder).length > 0;

test('in folders that nobody else may look into', { skip: noModes }, () => {
  start({ XDG_CACHE_HOME: join(home, 'caches') });
  const made = ['caches', 'caches/tsops', 'caches/tsops/code'].map(name => join(home, name));
  for (const folder of made) assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.ok(isFilled(join(home, 'caches', 'tsops', 'code')));
});

for (const open of ['caches', 'caches/tsops', 'caches/tsops/code']) {
  test(`not where others may write to ${open}`, { skip: noModes }, () => {
    const code = join(home, 'caches', 'tsops', 'code');
    mkdirSync(code, { recursive: true });
    chmodSync(join(home, open), 0o777);
    start({ XDG_CACHE_HOME: join(home, 'caches') });
    assert.ok(!isFilled(code));
  });
}

test('not where no folder can be made', () => {
  writeFileSync(join(home, 'file'), '');
  start({ XDG_CACHE_HOME: join(home, 'file') });
  start({ XDG_CACHE_HOME: join(home, 'missing', 'caches') });
  assert.ok(!existsSync(join(home, 'missing')));
});

test(
  'not in /proc, where making a folder never ends',
  { skip: process.platform !== 'linux' && 'Linux alone has it' },
  () => start({ XDG_CACHE_HOME: '/proc/caches' }),
);

test('not without a home', () => {
  start({ HOME: '' });
  start({ HOME: 'relative' });
  start({ HOME: join(home, 'missing') });
});
