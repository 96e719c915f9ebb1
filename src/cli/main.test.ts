import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { recipients, Workspace } from '../../testdata/command.ts';
import { commands } from './commands.ts';
import { flags } from './flags.ts';

const work = new Workspace();
after(() => work.remove());

const { version } = JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

test('the version, and nothing else', () => {
  for (const args of [['--version'], ['-v'], ['-version'], ['--disable-version-check', '--version']]) {
    assert.deepEqual(work.run(args), { status: 0, signal: null, stdout: `tsops ${version}\n`, stderr: '' });
  }
});

test('the version loads no command, no format and no key', { skip: process.platform === 'win32' }, () => {
  const main = JSON.stringify(new URL('main.ts', import.meta.url).href);
  const script = `import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) { if (/\\/(src|dist)\\//.test(url)) process.stderr.write(url + '\\n'); return next(url, context); } });
    await (await import(${main})).main(['--version']);`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  const loaded = String(stderr)
    .trim()
    .split('\n')
    .map(url => url.replace(/.*\/(src|dist)\//, ''));
  assert.ok(loaded.includes('cli/main.ts'));
  assert.deepEqual(
    loaded.filter(name => /^(core|formats|keys|ops|config|index)/.test(name)),
    [],
  );
});

describe('help', () => {
  test('names every command on standard output', () => {
    for (const args of [['--help'], ['help'], ['-h']]) {
      const { status, stdout, stderr } = work.run(args);
      assert.deepEqual([status, stderr], [0, '']);
      for (const { name } of commands) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
    }
  });

  for (const command of commands) {
    test(`${command.name}: every flag`, () => {
      const { status, stdout } = work.run(['help', ...command.name.split(' ')]);
      assert.equal(status, 0);
      for (const name of command.flags) assert.ok(stdout.includes(`--${name}`), name);
    });
  }

  test('an unknown topic ends with 3', () => assert.equal(work.run(['help', 'nothing']).status, 3));
});

test('every flag of every command is in the table', () => {
  for (const command of commands) for (const name of command.flags) assert.ok(flags.has(name), name);
});

test('usage errors end with 1, say why on standard error, and print nothing else', () => {
  for (const args of [
    ['encrypt', '--nope'],
    ['encrypt', '--indent', 'x'],
    ['--output-type', 'toml', 'x'],
    ['-ei', 'x'],
  ]) {
    const { status, stdout, stderr } = work.run(args);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^tsops: error: /);
  }
});

test('control characters of a file name do not reach the terminal', () => {
  const { stderr } = work.run(['decrypt', 'a\x1b[2J\nb']);
  assert.match(stderr, /^tsops: error: a\\u\{1b\}\[2J\\u\{a\}b: /);
});

test('a reader that goes away ends the run quietly', { skip: process.platform === 'win32' }, () => {
  work.write('big.bin', new Uint8Array(3_000_000));
  work.run(['encrypt', '-i', '--age', recipients.one, 'big.bin']);
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const script = `process.exitCode = await (await import(${JSON.stringify(main)})).main(['decrypt', 'big.bin']);`;
  const shell = `{ '${process.execPath}' --input-type=module -e "$SCRIPT"; echo "status $?" >&2; } | head -c 10 > /dev/null`;
  const { stderr } = spawnSync('sh', ['-c', shell], { cwd: work.path(''), env: { ...work.env, SCRIPT: script } });
  assert.equal(String(stderr), 'status 141\n');
});

describe('streams that take nothing', { skip: process.platform !== 'linux' }, () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const script = `process.exitCode = await (await import(${JSON.stringify(main)})).main(process.argv.slice(1));`;
  const run = (redirection: string, args: string[]) => {
    const shell = `"$0" --input-type=module -e "$SCRIPT" -- "$@" ${redirection}`;
    const env = { ...work.env, SCRIPT: script };
    return spawnSync('sh', ['-c', shell, process.execPath, ...args], { cwd: work.path(''), env, encoding: 'utf8' });
  };

  test('a full standard output is an error in one line, for the version too', () => {
    for (const args of [['--version'], ['--help'], ['keygen']]) {
      const { status, stderr } = run('>/dev/full', args);
      assert.equal(status, 3);
      assert.equal(stderr, 'tsops: error: standard output cannot be written: no space left on the device\n');
    }
  });

  test('where nobody can be told, the exit status is the same', () => {
    for (const redirection of ['2>/dev/full', '2>&-', '>&- 2>&-'])
      assert.equal(run(redirection, ['decrypt', 'nothing.yaml']).status, 100, redirection);
  });
});

test('a current folder that is gone is named as such', { skip: process.platform !== 'linux' }, () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const script = `import fs from 'node:fs'; const { main } = await import(${JSON.stringify(main)});
    fs.mkdirSync('gone'); process.chdir('gone'); fs.rmdirSync('../gone'); process.exitCode = await main(['init']);`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: work.path(''),
    env: work.env,
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.match(stderr, /^tsops: error: the current folder does not exist any more\ntsops: hint: /);
});

test('the start says in one line that Node is too old', () => {
  const bin = new URL('../../bin/tsops.js', import.meta.url).href;
  const script = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.11.0' } }); await import(${JSON.stringify(bin)});`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.deepEqual([status, stdout], [1, '']);
  assert.equal(stderr, 'tsops: error: Node.js 22.12 or later is needed; this is 22.11.0\n');
});

test('a cache folder that cannot be made is done without', { skip: process.platform !== 'linux' }, () => {
  const bin = fileURLToPath(new URL('../../bin/tsops.js', import.meta.url));
  for (const folder of ['/proc/none', '/dev/null', '/dev/null/x', 'relative']) {
    const env = { ...process.env, XDG_CACHE_HOME: folder };
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, '--version'], { env, timeout: 20_000 });
    assert.deepEqual([status, stdout.toString().slice(0, 6), stderr.toString()], [0, 'tsops ', ''], folder);
  }
});

test('docs/cli.md and docs/errors.md are current', () => {
  const docs = fileURLToPath(new URL('../../testdata/scripts/docs.mjs', import.meta.url));
  execFileSync(process.execPath, [docs, '--check'], { stdio: ['ignore', 'ignore', 'inherit'] });
});
