/** Encrypted files in a real repository: clean merges, a conflict, a diff, and no plain text left behind. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { newFolder, type Run, removeFolder, runProgram, runTsops, vectors } from './harness.ts';

const folder = newFolder();
after(() => removeFolder(folder));
const env = {
  SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt'),
  GIT_AUTHOR_NAME: 'n',
  GIT_AUTHOR_EMAIL: 'n@example.com',
  GIT_COMMITTER_NAME: 'n',
  GIT_COMMITTER_EMAIL: 'n@example.com',
  GIT_PAGER: 'cat',
};
const git = (...args: string[]): Promise<Run> => runProgram('git', args, { cwd: folder, env });
const tsops = (args: readonly string[], more: Record<string, string> = {}): Promise<Run> =>
  runTsops(args, { cwd: folder, env: { ...env, ...more } });
const file = 's.enc.yaml';

async function commit(path: string, value: string): Promise<void> {
  assert.equal((await tsops(['set', file, path, JSON.stringify(value)])).status, 0);
  assert.equal((await git('commit', '-qam', path)).status, 0);
}

test('two branches of one file', async () => {
  await git('init', '-q', '-b', 'main', '.');
  writeFileSync(join(folder, '.gitignore'), '.home-of-the-test\n');
  const plain = 'a: canary-one\nb: canary-two\nc: canary-three\n';
  const age = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
  const args = ['encrypt', '--age', age, '--filename-override', file, '-'];
  writeFileSync(join(folder, file), (await runTsops(args, { cwd: folder, stdin: plain })).stdout);
  for (const _ of [1, 2]) assert.equal((await tsops(['git', 'install'])).status, 0);
  assert.equal(readFileSync(join(folder, '.gitattributes'), 'utf8'), '*.enc.* diff=tsops merge=tsops\n');
  await git('add', '-A');
  await git('commit', '-qm', 'base');
  await git('checkout', '-qb', 'other');
  await commit('["a"]', 'canary-x');
  await git('checkout', '-q', 'main');
  await commit('["b"]', 'canary-y');
  const merged = await git('merge', '-q', '-m', 'm', 'other');
  assert.equal(merged.status, 0, merged.stderr);
  const text = (await tsops(['decrypt', file])).stdout.toString();
  assert.equal(text, 'a: canary-x\nb: canary-y\nc: canary-three\n');
  assert.match((await git('log', '-p')).stdout.toString(), /^\+b: canary-y$/m);

  await git('checkout', '-qb', 'third');
  await commit('["c"]', 'canary-t');
  await git('checkout', '-q', 'main');
  await commit('["c"]', 'canary-o');
  assert.equal((await git('rebase', 'third')).status, 1);
  const EDITOR = `sh -c 'grep -v "^[<=>]\\|canary-o" "$0" > "$0.new"; mv "$0.new" "$0"'`;
  const resolved = await tsops(['git', 'resolve', file], { EDITOR });
  assert.equal(resolved.status, 0, resolved.stderr);
  assert.match((await tsops(['decrypt', file])).stdout.toString(), /^c: canary-t$/m);
  await git('rebase', '--abort');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) assert.ok(!readFileSync(join(entry.parentPath, entry.name)).includes('canary'), entry.name);
});
