/** The rules of the house that a machine can check: who imports whom, what importing the library loads, sizes and names of files. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { loadedBy, root } from './harness.ts';

/** For each room of `src`, the rooms that it may import from. docs/design.md §2 has the same table. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  core: ['errors'],
  formats: ['core', 'errors'],
  host: ['errors'],
  keys: ['host', 'core', 'errors'],
  publish: ['keys', 'host', 'core', 'errors'],
  keyservice: ['keys', 'host', 'core', 'errors'],
  config: ['keys', 'host', 'formats', 'core', 'errors'],
  ops: ['publish', 'config', 'keys', 'host', 'formats', 'core', 'errors'],
  index: ['ops', 'publish', 'config', 'keyservice', 'keys', 'host', 'formats', 'core', 'errors'],
  cli: ['index', 'host', 'errors'],
};

const sources = globSync('src/**/*.ts', { cwd: root }).filter(file => !file.endsWith('.test.ts'));
const roomOf = (path: string): string => relative('src', path).split('/')[0]?.replace(/\.ts$/, '') ?? '';

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => join(dirname(file), match[1] ?? ''));
}

test('imports go in one direction', () => {
  assert.ok(sources.length > 50);
  for (const file of sources) {
    const room = roomOf(file);
    const allowed = mayImport[room];
    assert.ok(allowed !== undefined, `${file} stands in a room that the design does not know`);
    for (const target of importsOf(file)) {
      const other = roomOf(target);
      assert.ok(other === room || allowed.includes(other), `${file} imports ${target}`);
    }
  }
});

test('only the host touches the machine', () => {
  for (const file of sources.filter(name => /^src\/(core|formats|ops|config|keys|keyservice)\//.test(name))) {
    const text = readFileSync(join(root, file), 'utf8');
    assert.ok(
      !/from 'node:(fs|child_process|net|http|https|tty|readline|os)/.test(text),
      `${file} imports a module of the machine`,
    );
    assert.ok(!/\bprocess\.(env|cwd|exit|stdout|stderr|stdin)\b|\bconsole\./.test(text), `${file} uses the process`);
  }
});

test('files keep their size and have names of their own', () => {
  for (const file of sources) {
    const lines = readFileSync(join(root, file), 'utf8').split('\n').length;
    assert.ok(lines <= 400, `${file} has ${lines} lines`);
    assert.ok(!/^(utils?|helpers?|common|misc|lib|types)\.ts$/.test(basename(file)), `${file} has no name of its own`);
  }
});

const ownFiles = (loaded: string): string[] =>
  [...loaded.matchAll(/\/(?:dist|bin)\/(?:chunks\/)?([\w.-]+?)(?:-[\w-]{8})?\.c?js$/gm)]
    .map(([, name]) => name ?? '')
    .sort();

test('the package, the library and the command load only what they use', () => {
  const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, unknown>;
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
  const library = loadedBy("await import('./dist/index.js')");
  assert.ok(!library.includes('node_modules/'), library);
  const run = (...args: string[]): string[] =>
    ownFiles(
      loadedBy(
        `process.argv = [process.argv[0], 'tsops', ...${JSON.stringify(args)}]; const { createRequire } = await import('node:module');
         createRequire(${JSON.stringify(join(root, 'x'))})('./bin/tsops.js');`,
      ),
    );
  assert.deepEqual(run('--version'), ['main', 'rolldown-runtime', 'start', 'tsops']);
  assert.deepEqual(run('--help'), ['helptext', 'main', 'rolldown-runtime', 'start', 'tsops']);
  assert.deepEqual(run('decrypt', 'missing.yaml'), ['frequent', 'main', 'rolldown-runtime', 'start', 'tsops']);
  // All that is ours at once, and nothing of a service.
  const ours = ['frequent', 'general', 'index', 'index', 'patterns', 'rolldown-runtime', 'sealing', 'start', 'yaml'];
  assert.deepEqual(ownFiles(library), ours);
});

test('the library can be imported and required', () => {
  const run = (args: readonly string[]): string =>
    spawnSync(process.execPath, [...args], { cwd: root, encoding: 'utf8' }).stdout.trim();
  assert.equal(
    run(['--input-type=module', '--eval', "import { decrypt } from 'tsops'; console.log(typeof decrypt)"]),
    'function',
  );
  assert.equal(run(['--input-type=commonjs', '--eval', "console.log(typeof require('tsops').decrypt)"]), 'function');
});

test('the help that was printed with the build is that of the tables', () => {
  const run = (...args: readonly string[]): string =>
    spawnSync(process.execPath, [join(root, 'bin', 'tsops.js'), ...args], { encoding: 'utf8' }).stdout;
  assert.match(run('--help'), /^Usage: tsops \[command\]/);
  assert.equal(run('--help'), run('help'));
});
