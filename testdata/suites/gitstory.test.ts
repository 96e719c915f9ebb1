/** Encrypted files in a real repository: merges, rebases and stashes, conflicts, diffs, and no plain text left behind. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startedText } from '../started.ts';
import { newFolder, type Run, removeFolder, runProgram, runTsops, vectors } from './harness.ts';

const file = 's p.enc.yaml';
const plain = 'a: canary-one # first\nb: canary-two\n\nlist:\n  - canary-l\nc: "canary-three"\n';
const key = (n: number, ending: string): string => join(vectors, 'keys', `age-${n}.${ending}`);
const recipient = (n: number): string => readFileSync(key(n, 'pub'), 'utf8').trim();

let folder: string;
let work: string;
let env: Record<string, string>;

/** The work tree is in a folder beside the temporary files and the programs of the test. */
beforeEach(async () => {
  folder = newFolder();
  work = join(folder, 'the work');
  for (const name of [work, join(folder, 'tmp'), join(folder, 'bin')]) mkdirSync(name);
  const script = `#!/bin/sh\nexec ${startedText} "$@"\n`;
  writeFileSync(join(folder, 'bin', 'tsops'), script, { mode: 0o755 });
  env = {
    SOPS_AGE_KEY_FILE: key(1, 'txt'),
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    TMPDIR: join(folder, 'tmp'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'n',
    GIT_AUTHOR_EMAIL: 'n@example.com',
    GIT_COMMITTER_NAME: 'n',
    GIT_COMMITTER_EMAIL: 'n@example.com',
    GIT_PAGER: 'cat',
    GIT_EDITOR: 'true',
  };
  await git('init', '-q', '-b', 'main', '.');
  writeFileSync(join(work, '.git', 'info', 'exclude'), '.home-of-the-test\n');
  const args = ['encrypt', '--age', recipient(1), '--filename-override', file, '-'];
  write((await runTsops(args, { cwd: work, stdin: plain })).stdout.toString());
  for (const _ of [1, 2]) await tsops('git', 'install');
  assert.equal(readFileSync(join(work, '.gitattributes'), 'utf8'), '*.enc.* diff=tsops merge=tsops\n');
  await commit('base');
});
afterEach(() => {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = readFileSync(join(entry.parentPath, entry.name));
    assert.ok(!bytes.includes('canary'), `plain text in ${entry.parentPath}/${entry.name}`);
  }
  removeFolder(folder);
});

const read = (): string => readFileSync(join(work, file), 'utf8');
const write = (text: string): void => writeFileSync(join(work, file), text);
const tryGit = (args: readonly string[], more: Record<string, string> = {}): Promise<Run> =>
  runProgram('git', args, { cwd: work, env: { ...env, ...more } });
async function git(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await tryGit(args);
  assert.equal(status, 0, `git ${args.join(' ')}: ${stderr}`);
  return stdout.toString();
}
const tryTsops = (args: readonly string[], more: Record<string, string> = {}): Promise<Run> =>
  runTsops(args, { cwd: work, env: { ...env, ...more }, secrets: ['canary'] });
async function tsops(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await tryTsops(args);
  assert.equal(status, 0, `tsops ${args.join(' ')}: ${stderr}`);
  return stdout.toString();
}
const set = (path: string, value: string): Promise<string> => tsops('set', file, path, JSON.stringify(value));
async function commit(name: string): Promise<void> {
  await git('add', '-A');
  await git('commit', '-qm', name);
}
/** Commits of this branch and of another one, both from here; this one is checked out then. */
async function branches(theirs: () => Promise<unknown>, ours: () => Promise<unknown>): Promise<void> {
  await git('checkout', '-qb', 'other');
  await theirs();
  await commit('theirs');
  await git('checkout', '-q', 'main');
  await ours();
  await commit('ours');
}
const line = (text: string, start: string): string => text.split('\n').find(one => one.startsWith(start)) ?? '';
const sed = (script: string) => ({ EDITOR: `sed -i '${script}'` });

describe('git', { skip: process.platform === 'win32' }, () => {
  test('different values: a clean merge, the MAC holds, and what did not change keeps its ciphertext', async () => {
    const before = read();
    await branches(
      () => set('["a"]', 'canary-x'),
      () => set('["b"]', 'canary-y'),
    );
    await git('merge', '-q', '-m', 'm', 'other');
    assert.equal(
      await tsops('decrypt', file),
      plain.replace('canary-one', 'canary-x').replace('canary-two', 'canary-y'),
    );
    for (const start of ['c:', '    - ENC']) assert.equal(line(read(), start), line(before, start));
    assert.equal(line(read(), 'a:'), line(await git('show', `other:${file}`), 'a:'));
    assert.equal(await git('status', '--porcelain'), '');
  });

  test('both add a value, one adds a comment', async () => {
    await branches(
      async () => {
        await set('["d"]', 'canary-d');
        assert.equal((await tryTsops(['edit', file], sed('s/^b:/# canary comment\\nb:/'))).status, 0);
      },
      () => set('["e"]', 'canary-e'),
    );
    await git('merge', '-q', '-m', 'm', 'other');
    const text = await tsops('decrypt', file);
    for (const part of ['d: canary-d\n', 'e: canary-e\n', '# canary comment\nb: canary-two\n'])
      assert.ok(text.includes(part), `${part} is missing`);
  });

  for (const [who, first] of [
    ['theirs', true],
    ['ours', false],
  ] as const) {
    test(`${who} rotates, the other side changes a value`, async () => {
      const rotate = () => tsops('rotate', '-i', '--add-age', recipient(2), '--recipients-from', 'file', file);
      const change = () => set('["b"]', 'canary-y');
      if (first) await branches(rotate, change);
      else await branches(change, rotate);
      await git('merge', '-q', '-m', 'm', 'other');
      const expected = plain.replace('canary-two', 'canary-y');
      assert.equal(await tsops('decrypt', file), expected);
      const second = await tryTsops(['decrypt', file], { SOPS_AGE_KEY_FILE: key(2, 'txt') });
      assert.equal(second.stdout.toString(), expected, second.stderr);
    });
  }

  test('the same value on both sides: the two plain values and nothing else, in a private file', async () => {
    await branches(
      () => set('["c"]', 'canary-t'),
      async () => {
        await set('["c"]', 'canary-o');
        await set('["a"]', 'canary-x');
      },
    );
    const merged = await tryGit(['merge', 'other']);
    assert.equal(merged.status, 1);
    assert.match(merged.stderr, /both sides changed \["c"\]/);
    assert.equal(`${merged.stdout}${merged.stderr}`.includes('canary'), false);
    assert.match(await git('status', '--porcelain'), /^UU /);
    const left = await tryTsops(['edit', '--conflict', file], { EDITOR: 'true' });
    assert.notEqual(left.status, 0, 'a marker is left');
    const shown = join(folder, 'shown');
    const script = `cp "$1" '${shown}'; sed -i '/^<<<<<<</d; /^=======/,/^>>>>>>>/d' "$1"`;
    writeFileSync(join(folder, 'bin', 'decide'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const resolved = await tryTsops(['edit', '--conflict', file], { EDITOR: 'decide' });
    assert.equal(resolved.status, 0, resolved.stderr);
    const text = readFileSync(shown, 'utf8');
    writeFileSync(shown, '');
    const marked = '<<<<<<< ours\nc: "canary-o"\n=======\nc: "canary-t"\n>>>>>>> theirs\n';
    assert.equal(text, plain.replace('canary-one', 'canary-x').replace('c: "canary-three"\n', marked));
    assert.equal(
      await tsops('decrypt', file),
      plain.replace('canary-one', 'canary-x').replace('canary-three', 'canary-o'),
    );
    await commit('decided');
  });

  test('where no key is at hand a merge is refused, and ours stands', async () => {
    await branches(
      () => set('["a"]', 'canary-x'),
      () => set('["b"]', 'canary-y'),
    );
    const before = read();
    const merged = await tryGit(['merge', 'other'], { SOPS_AGE_KEY_FILE: '/dev/null' });
    assert.equal(merged.status, 1);
    assert.match(merged.stderr, /cannot be opened/);
    assert.equal(read(), before);
    const after = await tryTsops(['edit', '--conflict', file]);
    assert.equal(after.status, 0, 'later, with the key, there is no real conflict');
    assert.equal(
      await tsops('decrypt', file),
      plain.replace('canary-one', 'canary-x').replace('canary-two', 'canary-y'),
    );
  });

  test('diff, log, blame, rebase, cherry-pick and stash', async () => {
    await branches(
      () => set('["a"]', 'canary-x'),
      () => set('["b"]', 'canary-y'),
    );
    assert.match(await git('diff', 'HEAD~1'), /^-b: canary-two\n\+b: canary-y$/m);
    assert.match(await git('log', '-p', '--all'), /^\+a: canary-x # first$/m);
    assert.match(await git('blame', file), /\) b: canary-y$/m);
    await git('rebase', '-q', 'other');
    await set('["list"][0]', 'canary-stashed');
    await git('stash', '-q');
    await set('["c"]', 'canary-z');
    await commit('more');
    await git('stash', 'pop', '-q');
    const text = await tsops('decrypt', file);
    for (const part of ['a: canary-x', 'b: canary-y', '- canary-stashed', 'c: "canary-z"'])
      assert.ok(text.includes(part), `${part} is missing`);
    await commit('stashed');
    await git('checkout', '-q', '--detach', 'other');
    await git('cherry-pick', 'main~1');
    assert.match(await tsops('decrypt', file), /^c: "canary-z"$/m);
    const hidden = await tryGit(['diff', 'HEAD~1'], { SOPS_AGE_KEY_FILE: '/dev/null' });
    assert.equal(hidden.status, 0, 'without a key the diff is that of the ciphertext');
    assert.match(hidden.stdout.toString(), /^\+c: "ENC\[/m);
  });
});
