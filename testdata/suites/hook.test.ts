/** The pre-commit hook of the built command in real repositories. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { parse } from 'yaml';
import { startedText } from '../started.ts';
import { newFolder, removeFolder, root, runTsops, vectors } from './harness.ts';

const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
const secret = 'canary-0e6b2';
const identity = join(vectors, 'keys', 'age-1.txt');

let folder: string;
let bin: string;
beforeEach(() => {
  folder = newFolder();
  // A `tsops` on the PATH, as an installation makes it.
  bin = newFolder();
  const script = `#!/bin/sh\nexec ${startedText} "$@"\n`;
  writeFileSync(join(bin, 'tsops'), script, { mode: 0o755 });
  git('init', '-q');
  write('.git/info/exclude', '.home-of-the-test\n');
  write('.sops.yaml', `creation_rules:\n  - path_regex: ^sec/\n    age: ${recipient}\n`);
  git('add', '.sops.yaml');
  git('commit', '-qm', 'rules');
});
afterEach(() => {
  removeFolder(folder);
  removeFolder(bin);
});

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

function tryGit(...args: string[]) {
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: bin,
    GIT_CONFIG_NOSYSTEM: '1',
    SOPS_AGE_KEY_FILE: identity,
  };
  const identityOfAuthor = ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid'];
  return spawnSync('git', [...identityOfAuthor, ...args], { cwd: folder, encoding: 'utf8', env });
}
function git(...args: string[]): string {
  const { status, stdout, stderr } = tryGit(...args);
  assert.equal(status, 0, stderr);
  return stdout;
}
const tsops = (...args: string[]) =>
  runTsops(args, { cwd: folder, env: { SOPS_AGE_KEY_FILE: identity }, secrets: [secret] });
async function well(...args: string[]): Promise<string> {
  const { status, stderr } = await tsops(...args);
  assert.equal(status, 0, stderr);
  return stderr;
}
async function timeOf(): Promise<number> {
  const start = performance.now();
  assert.equal((await tsops('hook', 'run')).status, 0);
  return performance.now() - start;
}
const isSealed = (text: string): boolean => text.includes('ENC[AES256_GCM,') && !text.includes(secret);

describe('tsops hook', { skip: process.platform === 'win32' }, () => {
  test('plaintext under a rule is not committed, and nothing of it is shown', async () => {
    await well('hook', 'install');
    write('sec/a b.yaml', `a: ${secret}\n`);
    write('other.yaml', 'x: y\n');
    git('add', '.');
    const refused = tryGit('commit', '-qm', 'x');
    assert.notEqual(refused.status, 0);
    assert.match(`${refused.stdout}${refused.stderr}`, /sec\/a b\.yaml(:\d+)*: plaintext-file/);
    assert.equal(`${refused.stdout}${refused.stderr}`.includes(secret), false);
    await well('encrypt', '-i', 'sec');
    git('add', '.');
    git('commit', '-qm', 'x');
    assert.ok(isSealed(git('show', 'HEAD:sec/a b.yaml')));
  });

  test('the index is judged, not the work tree', async () => {
    write('sec/a.yaml', `a: ${secret}\n`);
    git('add', '.');
    await well('encrypt', '-i', 'sec/a.yaml');
    assert.equal((await tsops('hook', 'run')).status, 1, 'plain in the index, encrypted in the work tree');
    git('add', '.');
    write('sec/a.yaml', `a: ${secret}\n`);
    assert.equal((await tsops('hook', 'run')).status, 0, 'encrypted in the index, plain in the work tree');
    write('sec/b.yaml', `b: ${secret}\n`);
    git('add', 'sec/b.yaml');
    rmSync(join(folder, 'sec/b.yaml'));
    assert.equal((await tsops('hook', 'run')).status, 1, 'gone from the work tree, plain in the index');
  });

  test('a rule that is loosened but not staged counts for nothing', async () => {
    write('sec/a.yaml', `a: ${secret}\n`);
    git('add', 'sec');
    write('.sops.yaml', `creation_rules:\n  - path_regex: ^nowhere/\n    age: ${recipient}\n`);
    assert.equal((await tsops('hook', 'run')).status, 1);
    git('add', '.');
    assert.equal((await tsops('hook', 'run')).status, 0);
  });

  test('a value that was added by hand to an encrypted file', async () => {
    write('sec/a.yaml', `a: ${secret}\n`);
    await well('encrypt', '-i', 'sec/a.yaml');
    write('sec/a.yaml', `added: ${secret}\n${read('sec/a.yaml')}`);
    git('add', '.');
    const run = await tsops('hook', 'run');
    assert.equal(run.status, 1);
    assert.match(Buffer.from(run.stdout).toString(), /^sec\/a\.yaml:1:\d+: plaintext-value: /);
    assert.equal((await tsops('hook', 'run', '--fix')).status, 1, 'no encryption repairs that');
  });

  test('--fix encrypts what is staged, and the work tree where it is the same', async () => {
    await well('hook', 'install', '--fix');
    write('sec/a.yaml', `a: ${secret}\n`);
    write('sec/b.env', `B=${secret}\n`);
    git('add', '.');
    write('sec/b.env', `B=${secret}-2\n`);
    const done = tryGit('commit', '-qm', 'x');
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stderr, /sec\/b\.env was encrypted in the index; the work tree differs/);
    assert.ok(isSealed(git('show', 'HEAD:sec/a.yaml')));
    assert.ok(isSealed(git('show', 'HEAD:sec/b.env')));
    assert.equal(read('sec/a.yaml'), git('show', 'HEAD:sec/a.yaml'));
    assert.equal(read('sec/b.env'), `B=${secret}-2\n`);
    write('copy.yaml', git('show', 'HEAD:sec/a.yaml'));
    const { stdout } = await tsops('decrypt', 'copy.yaml');
    assert.equal(Buffer.from(stdout).toString(), `a: ${secret}\n`);
  });

  test('before the first commit, in a folder of the repository, and past links and deletions', async () => {
    removeFolder(folder);
    mkdirSync(folder);
    git('init', '-q');
    write('.git/info/exclude', '.home-of-the-test\n');
    write('.sops.yaml', `creation_rules:\n  - path_regex: ^sec/\n    age: ${recipient}\n`);
    write('sec/a.yaml', `a: ${secret}\n`);
    symlinkSync('a.yaml', join(folder, 'sec', 'link.yaml'));
    git('add', '.');
    const run = await runTsops(['hook', 'run'], { cwd: join(folder, 'sec'), env: {}, secrets: [secret] });
    assert.equal(run.status, 1, run.stderr);
    assert.match(run.stderr, /1 of 2 staged files/);
    git('rm', '-q', '--cached', 'sec/a.yaml');
    assert.equal((await tsops('hook', 'run')).status, 0);
  });

  test('a hundred staged files', async () => {
    for (let n = 0; n < 100; n += 1) write(`sec/${n}.yaml`, `a: ${secret}\nb: ${n}\n`);
    await well('encrypt', '-i', 'sec');
    git('add', '.');
    const all = await timeOf();
    git('commit', '-qm', 'x');
    // The aim is a second in all; on a busy machine the start of the program takes longer, and so may the rest.
    const nothing = await timeOf();
    assert.ok(all < 1000 + 3 * nothing, `${all} ms, and ${nothing} ms where nothing is staged`);
  });

  test('hooks that are there stay, and come behind', async () => {
    const hook = '.git/hooks/pre-commit';
    write(hook, '#!/bin/sh\necho mine >> ran\nexit 0\n');
    await well('hook', 'install');
    assert.match(await well('hook', 'install'), /runs tsops already/);
    write('sec/a.yaml', `a: ${secret}\n`);
    git('add', '.');
    assert.notEqual(tryGit('commit', '-qm', 'x').status, 0);
    assert.equal(existsSync(join(folder, 'ran')), false);
    write('sec/a.yaml', 'no: secret\n');
    await well('encrypt', '-i', 'sec');
    git('add', '.');
    git('commit', '-qm', 'x');
    assert.equal(read('ran'), 'mine\n');
    write(hook, '#!/usr/bin/env python3\nprint(1)\n');
    assert.equal((await tsops('hook', 'install')).status, 8);
  });

  test('core.hooksPath, husky and lefthook', async () => {
    git('config', 'core.hooksPath', 'my hooks');
    await well('hook', 'install');
    assert.match(read('my hooks/pre-commit'), /tsops hook run/);
    mkdirSync(join(folder, '.husky'));
    await well('hook', 'install');
    assert.match(read('.husky/pre-commit'), /tsops hook run/);
    write('lefthook.yml', 'pre-push: {}');
    await well('hook', 'install', '--fix');
    assert.equal(parse(read('lefthook.yml'))['pre-commit'].commands.tsops.run, 'tsops hook run --fix');
    write('lefthook.yml', 'pre-commit:\n  parallel: true\n');
    assert.equal((await tsops('hook', 'install')).status, 8);
  });

  test('the hooks of pre-commit are commands of tsops', async () => {
    const hooks = parse(readFileSync(join(root, '.pre-commit-hooks.yaml'), 'utf8')) as { id: string; entry: string }[];
    write('sec/a.yaml', `a: ${secret}\n`);
    git('add', '.');
    for (const [id, status] of [
      ['tsops', 1],
      ['tsops-fix', 0],
    ] as const) {
      const [program, ...args] = hooks.find(hook => hook.id === id)?.entry.split(' ') ?? [];
      assert.equal(program, 'tsops');
      assert.equal((await tsops(...args)).status, status, id);
    }
  });

  test('outside of a repository', async () => {
    const elsewhere = newFolder();
    try {
      for (const args of [
        ['hook', 'run'],
        ['hook', 'install'],
      ]) {
        const run = await runTsops(args, { cwd: elsewhere, env: { GIT_CEILING_DIRECTORIES: dirname(elsewhere) } });
        assert.equal(run.status, 1);
        assert.match(run.stderr, /git rev-parse failed\n.*work tree of a git repository/);
      }
    } finally {
      removeFolder(elsewhere);
    }
  });
});
