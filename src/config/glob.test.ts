import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import micromatch from 'micromatch';
import { compileGlob } from './glob.ts';

const globs: readonly (readonly [glob: string, matching: string[], other: string[]])[] = [
  ['*.yaml', ['a.yaml', '.yaml', '.hidden.yaml'], ['a/b.yaml', 'a.yml', 'a.yaml.bak']],
  ['**/*.yaml', ['a.yaml', 'a/b.yaml', 'a/.b/c.yaml'], ['a.yml']],
  ['secrets/**', ['secrets/a', 'secrets/a/.b'], ['a/secrets/b', 'secretsx/a']],
  ['**/secrets/*.env', ['secrets/.env', 'a/b/secrets/x.env'], ['secrets/a/b.env']],
  ['{dev,prod}/*.{yml,yaml}', ['dev/a.yml', 'prod/b.yaml'], ['stage/a.yml', 'dev/a.json']],
  ['a?c', ['abc', 'aäc', 'a😀c'], ['ac', 'a/c']],
  ['[a-c]x', ['bx'], ['dx', '/x']],
  ['[!a-c]x', ['dx'], ['bx', '/x']],
  ['[[:digit:]]*', ['1a'], ['a1']],
  ['a\\*b', ['a*b'], ['axb']],
  ['!a', ['!a'], ['b']],
  ['+(a)', ['+a'], ['aa']],
  ['straße/*', ['straße/x'], ['strasse/x']],
  ['a.b', ['a.b'], ['axb']],
  ['/abs/*.yaml', ['/abs/x.yaml'], ['abs/x.yaml']],
];

for (const [text, matching, other] of globs) {
  test(`glob ${text}`, async () => {
    const glob = await compileGlob(text);
    assert.equal(glob.text, text);
    for (const path of matching) assert.equal(glob.test(path), true, path);
    for (const path of other) assert.equal(glob.test(path), false, path);
  });
}

test('globs without partner brackets or of great length are refused', async () => {
  for (const text of ['[a', '{a', 'a'.repeat(1001)]) {
    await assert.rejects(compileGlob(text), { code: 'PATTERN_INVALID', message: /^the glob / }, text);
  }
});

test('no glob backtracks', async () => {
  const path = `${'a'.repeat(4000)}`;
  for (const text of ['*a*a*a*a*a*a*a*b', '**/a*/**/a*/**/b', '{a*,a*}*{a*,a*}*b']) {
    assert.equal((await compileGlob(text)).test(path), false, text);
  }
});

test('the answers are those of micromatch', async () => {
  const step = fc.constantFrom('*', '**', 'a', 'b*', '?', '*.y', '[ab]', '[!a]', '{a,b}', '{a,*.y}', '.a');
  const glob = fc.array(step, { minLength: 1, maxLength: 3 }).map(steps => steps.join('/'));
  const name = fc.constantFrom('a', 'b', 'ab', 'x.y', '.a', '.y', 'ä', 'bb');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(steps => steps.join('/'));
  const agree = fc.asyncProperty(glob, fc.array(path, { minLength: 1, maxLength: 8 }), async (text, paths) => {
    const ours = await compileGlob(text);
    for (const one of paths) {
      const theirs = micromatch.isMatch(one, text, { dot: true, noextglob: true, nonegate: true, posix: true });
      assert.equal(ours.test(one), theirs, `${text} on ${one}`);
    }
  });
  await fc.assert(agree, { seed: 11, numRuns: 300 });
});
