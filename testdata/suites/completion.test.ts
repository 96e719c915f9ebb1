/** The completion scripts in real shells, where they are at hand; and the program under the name of sops. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { shells } from '../../src/cli/completions/vocabulary.ts';
import { formatVersion } from '../../src/index.ts';
import { started } from '../started.ts';
import { newFolder, removeFolder, runProgram, runTsops } from './harness.ts';

const folder = newFolder();
const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

/** What is asked: the words of the line, the last one being typed; and what has to be offered. */
const lines: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['de'], ['decrypt']],
  [
    ['decrypt', '--out'],
    ['--output', '--output-dir', '--output-type'],
  ],
  [['decrypt', '--output-type', 'j'], ['json']],
  [['-d', '--ex'], ['--extract']],
  [['rules', ''], ['test']],
  [['rules', 'test', '--co'], ['--config']],
  [['completion', ''], [...shells]],
  [['--config', 'de', 'decrypt', '--if'], ['--if-needed']],
  [['f.yaml', '--ign'], ['--ignore-mac']],
  [['help', 'enc'], ['encrypt']],
  [['run', '-f', 'x', 'prog', '--re'], []],
];

before(async () => {
  for (const shell of shells) {
    const run = await runTsops(['completion', shell], { cwd: folder });
    assert.deepEqual([run.status, run.stderr], [0, '']);
    writeFileSync(join(folder, shell), run.stdout);
  }
});
after(() => removeFolder(folder));

function inBash(words: readonly string[]): string[] {
  const script = `source ./bash; COMP_WORDS=(tsops "$@"); COMP_CWORD=$#; _tsops_complete; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = spawnSync('bash', ['--norc', '-c', script, 'bash', ...words], { cwd: folder, encoding: 'utf8' });
  return stdout.split('\n').filter(line => line !== '');
}

function inFish(words: readonly string[]): string[] {
  const script = 'source ./fish; complete -C "$argv[1]"';
  const line = ['tsops', ...words].join(' ');
  const { stdout } = spawnSync('fish', ['--no-config', '-c', script, line], { cwd: folder, encoding: 'utf8' });
  return stdout.split('\n').flatMap(text => text.split('\t')[0] || []);
}

describe('bash', { skip: !has('bash') }, () => {
  for (const [words, offered] of lines) {
    test(`tsops ${words.join(' ')}`, () => assert.deepEqual(inBash(words), offered));
  }
  test('flags with =, and the names of files where there is nothing else', () => {
    assert.deepEqual(inBash(['decrypt', '--output-type', '=', 'js']), ['json']);
    assert.deepEqual(inBash(['decrypt', '--output-type', '=']), ['yaml', 'json', 'dotenv', 'ini', 'binary']);
    assert.deepEqual(inBash(['decrypt', '']), []);
    assert.deepEqual(inBash(['decrypt', '--output', '']), []);
  });
});

describe('fish', { skip: !has('fish') }, () => {
  for (const [words, offered] of lines) {
    test(`tsops ${words.join(' ')}`, () => {
      // Names of files stand among the words where a file is possible too.
      const found = inFish(words).filter(word => !shells.includes(word as never) || words[0] === 'completion');
      assert.deepEqual(found.sort(), [...offered].sort());
    });
  }
});

test('zsh reads its script', { skip: !has('zsh') }, () => {
  assert.deepEqual(spawnSync('zsh', ['-n', join(folder, 'zsh')], { encoding: 'utf8' }).stderr, '');
});

test('an unknown shell ends with 3, none at all shows the help', async () => {
  const unknown = await runTsops(['completion', 'tcsh'], { cwd: folder });
  assert.deepEqual([unknown.status, unknown.stdout.length], [3, 0]);
  const none = await runTsops(['completion'], { cwd: folder });
  assert.match(none.stdout.toString(), /^Usage: tsops completion/);
});

describe('the protocol of the scripts of sops', () => {
  const ask = async (words: readonly string[], env = {}): Promise<string> =>
    (await runTsops([...words, '--generate-bash-completion'], { cwd: folder, env })).stdout.toString();
  test('commands, and flags behind a dash', async () => {
    assert.match(await ask([]), /^encrypt\ndecrypt\n[\s\S]*\nhelp\nh\n$/);
    assert.equal(await ask(['--de']), '--decrypt\n--decryption-order\n');
    assert.equal(await ask(['decrypt', '--out']), '--output\n--output-dir\n--output-type\n');
    assert.equal(await ask(['decrypt']), '');
    assert.equal(await ask(['completion']), 'bash\nzsh\nfish\npowershell\n');
  });
  test('with descriptions for zsh', async () => {
    const text = await ask([], { _CLI_ZSH_AUTOCOMPLETE_HACK: '1' });
    assert.ok(text.split('\n').every(line => line === '' || /^[a-z-]+:\S/.test(line)));
  });
});

describe('started as sops', { skip: process.platform === 'win32' }, () => {
  const link = join(folder, 'bin', 'sops');
  const [program, ...first] = started.length === 1 ? [link] : [started[0], link];
  const called = (args: readonly string[]) => runProgram(program, [...first, ...args], { cwd: folder });
  before(() => {
    mkdirSync(join(folder, 'bin'));
    symlinkSync(started.at(-1) ?? '', link);
  });
  test('the first line of the version is that of the sops whose format it is', async () => {
    for (const args of [['--version'], ['--version', '--disable-version-check']]) {
      assert.match((await called(args)).stdout.toString(), new RegExp(`^sops ${formatVersion}\ntsops \\d[^\n]*\n$`));
    }
  });
  test('help and completion have its name, errors that of tsops', async () => {
    assert.match((await called(['--help'])).stdout.toString(), /^Usage: sops [\s\S]*sops -d FILE/);
    assert.match((await called(['completion', 'bash'])).stdout.toString(), /complete .* sops\n$/);
    assert.match((await called(['decrypt', 'nosuch'])).stderr, /^tsops: error: /);
  });
});
