/** `exec-env`, `exec-file` and `run` with the built command and real programs; the area `exec` of the vectors. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { standalone, started } from '../started.ts';
import {
  type Case,
  caseFile,
  caseFolder,
  casesOf,
  environmentOf,
  newFolder,
  type Run,
  removeFolder,
  runTsops,
  secretsOf,
  vectors,
} from './harness.ts';

const windows = process.platform === 'win32';

interface ExecCase extends Case {
  readonly command: readonly string[];
  readonly ambientEnv: Readonly<Record<string, string>>;
}

describe('vectors', { concurrency: 2, skip: windows }, () => {
  for (const entry of casesOf(['exec']) as ExecCase[]) {
    const skip = standalone !== undefined && entry.name === 'prototype-keys' && 'see docs/standalone.md on __proto__';
    test(`${entry.name}: ${entry.description}`, { skip }, async () => {
      const folder = caseFolder(entry);
      try {
        const env = { ...environmentOf(entry.env, folder), ...entry.ambientEnv };
        const run = await runTsops(entry.command, { cwd: folder, env, secrets: secretsOf(entry) });
        assert.equal(run.status, entry.exitCode, run.stderr);
        const out = caseFile(entry, 'expected.out');
        if (out !== undefined) assert.deepEqual(run.stdout, out);
        const expected = caseFile(entry, 'expected-env.json');
        if (expected !== undefined)
          sameVariables(run, JSON.parse(expected.toString()), !entry.command.includes('--pristine'));
      } finally {
        removeFolder(folder);
      }
    });
  }
});

/** A shell adds variables of its own. */
function sameVariables(run: Run, expected: Record<string, string>, hasOthers: boolean): void {
  const seen = Object.fromEntries(
    run.stdout
      .toString()
      .split('\0')
      .filter(line => line !== '')
      .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  for (const [name, value] of Object.entries(expected)) assert.equal(seen[name], value, name);
  const others = Object.keys(seen).filter(
    name => !Object.hasOwn(expected, name) && !/^(PWD|SHLVL|_|OLDPWD)$/.test(name),
  );
  if (!hasOthers) assert.deepEqual(others, []);
}

const folder = newFolder();
const env = {
  SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt'),
  SOPS_AGE_RECIPIENTS: readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim(),
};
const secret = 'hunter2-canary';
after(() => removeFolder(folder));

before(async () => {
  const files: Record<string, string> = {
    'a.env': `PASSWORD=${secret}\nQUOTED="x y" # note\nSHARED=a\n`,
    'b.yaml': `SHARED: b\ndb:\n  host: h\n  port: 5432\n`,
    'c.json': `{"KEY": "${secret}"}`,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
    assert.equal((await tsops(['encrypt', '-i', name])).status, 0);
  }
  writeFileSync(join(folder, 'plain.env'), 'SHARED=plain\n');
  writeFileSync(join(folder, 'example.env'), 'PASSWORD=\nOTHER=\n');
});

function tsops(args: readonly string[], more: Record<string, string> = {}, stdin = ''): Promise<Run> {
  return runTsops(args, { cwd: folder, env: { ...env, ...more }, stdin, secrets: [secret] });
}

/** Rows of arguments, exit status, standard output and what standard error has to match. */
type Row = [
  name: string,
  args: string[],
  status: number,
  out: string,
  err?: RegExp | undefined,
  env?: Record<string, string>,
];

const rows: Row[] = [
  [
    'exec-env: a shell with the values',
    ['exec-env', 'a.env', 'echo "$PASSWORD|$QUOTED"'],
    0,
    `${secret}|"x y" # note\n`,
  ],
  ['exec-env: its exit status', ['exec-env', 'a.env', 'exit 7'], 7, ''],
  ['exec-env: ended by a signal', ['exec-env', 'a.env', 'kill -TERM $$'], 255, ''],
  ['exec-env: standard input', ['exec-env', 'a.env', 'cat'], 0, ''],
  ['exec-env: the same process', ['exec-env', '--same-process', 'a.env', 'echo $SHARED; exit 3'], 3, 'a\n'],
  ['exec-env: both is too much', ['exec-env', '--same-process', '--background', 'a.env', 'true'], 8, ''],
  [
    'exec-env: nothing is decrypted for nobody',
    ['exec-env', '--user', 'no-such-user', 'a.env', 'true'],
    1,
    '',
    /no user of that name/,
  ],
  ['exec-file: a FIFO', ['exec-file', 'a.env', 'head -n 1 {}; stat -c %F {}'], 0, `PASSWORD=${secret}\nfifo\n`],
  ['exec-file: read several times', ['exec-file', 'a.env', 'grep -c = {}; grep -c = {}; grep -c = {}'], 0, '3\n3\n3\n'],
  ['exec-file: never read', ['exec-file', 'a.env', 'exit 5'], 5, ''],
  ['exec-file: read in part', ['exec-file', 'a.env', 'head -c 4 {}'], 0, 'PASS'],
  [
    'exec-file: a private file',
    ['exec-file', '--no-fifo', 'a.env', 'stat -c "%a %F" {} "$(dirname {})"'],
    0,
    '600 regular file\n700 directory\n',
  ],
  [
    'exec-file: another name and format',
    ['exec-file', '--no-fifo', '--filename', 'x/c.json', '--output-type', 'json', 'a.env', 'head -n 2 {}; basename {}'],
    0,
    `{\n\t"PASSWORD": "${secret}",\nc.json\n`,
  ],
  [
    'exec-file: a FIFO of that name',
    ['exec-file', '--filename', 'c.json', 'c.json', 'cat {}; basename {}'],
    0,
    `{"KEY": "${secret}"}c.json\n`,
  ],
  ['exec-file: no way out of the folder', ['exec-file', '--filename', '../x', 'a.env', 'true'], 1, '', /leads out/],
  ['exec-file: no absolute path', ['exec-file', '--filename', '/tmp/x', 'a.env', 'true'], 1, '', /leads out/],
  [
    'exec-file: dollars in the command stay',
    ['exec-file', 'a.env', "echo '$&' '$1' {} | cut -d' ' -f1,2"],
    0,
    '$& $1\n',
  ],
  ['run: no shell', ['run', '-f', 'a.env', '--', 'printenv', 'PASSWORD'], 0, `${secret}\n`],
  ['run: without --', ['run', '-f', 'a.env', 'printenv', 'QUOTED'], 0, 'x y\n'],
  [
    'run: flags of the program are its own',
    ['run', '-f', 'a.env', 'sh', '-c', 'echo "$1"', '-f', '--help'],
    0,
    '--help\n',
  ],
  [
    'run: a later file wins',
    ['run', '-f', 'a.env', '-f', 'b.yaml', '--flatten', '__', '--', 'sh', '-c', 'echo $SHARED $db__port'],
    0,
    'b 5432\n',
  ],
  [
    'run: the files win over the environment',
    ['run', '-f', 'a.env', '--', 'printenv', 'SHARED'],
    0,
    'a\n',
    undefined,
    { SHARED: 'outside' },
  ],
  [
    'run: unless it is to stay',
    ['run', '--keep-existing', '-f', 'a.env', '--', 'printenv', 'SHARED'],
    0,
    'outside\n',
    undefined,
    { SHARED: 'outside' },
  ],
  ['run: an empty environment', ['run', '--pristine', '-f', 'c.json', '--', 'env'], 0, `KEY=${secret}\n`],
  ['run: a nested value', ['run', '-f', 'b.yaml', '--', 'true'], 1, '', /at \["db"\]/],
  [
    'run: what is required',
    ['run', '-f', 'a.env', '--require', 'PASSWORD,X', '--require=Y', '--', 'echo'],
    1,
    '',
    /2 variables are missing: X, Y/,
  ],
  [
    'run: what an example requires',
    ['run', '-f', 'a.env', '--require-from', 'example.env', '--', 'echo'],
    1,
    '',
    /missing: OTHER/,
  ],
  [
    'run: all of it is there',
    ['run', '-f', 'a.env', '--require-from', 'example.env', '--', 'echo', 'x'],
    0,
    'x\n',
    undefined,
    { OTHER: '' },
  ],
  ['run: a plain file', ['run', '-f', 'plain.env', '--', 'true'], 1, '', /not encrypted/],
  [
    'run: a plain file that may be one',
    ['run', '--if-needed', '-f', 'plain.env', '--', 'printenv', 'SHARED'],
    0,
    'plain\n',
  ],
  ['run: no such program', ['run', '-f', 'a.env', '--', 'no-such-program'], 127, ''],
  ['run: not a program', ['run', '-f', 'a.env', '--', './a.env'], 126, ''],
  ['run: no file', ['run', '--', 'true'], 100, ''],
  ['run: no program', ['run', '-f', 'a.env'], 1, ''],
  ['run: its exit status', ['run', '-f', 'a.env', '--', 'sh', '-c', 'exit 9'], 9, ''],
  ['run: ended by a signal, as a shell says it', ['run', '-f', 'a.env', '--', 'sh', '-c', 'kill -TERM $$'], 143, ''],
  [
    'run: hidden values',
    ['run', '--redact', '-f', 'a.env', '--', 'sh', '-c', 'echo "1 $PASSWORD 2"; printf %s "$PASSWORD" >&2'],
    0,
    '1 [redacted] 2\n',
    /^\[redacted\]$/,
  ],
];

describe('commands of others', { skip: windows, concurrency: 2 }, () => {
  for (const [name, args, status, out, err, more] of rows) {
    test(name, async () => {
      const run = await tsops(args, more);
      assert.deepEqual([run.status, run.stdout.toString()], [status, out], run.stderr);
      assert.match(run.stderr, err ?? (status === 0 || out !== '' ? /^$/ : /^/));
    });
  }

  test('standard input belongs to the command', async () =>
    assert.equal((await tsops(['run', '-f', 'a.env', '--', 'cat'], {}, 'hello')).stdout.toString(), 'hello'));

  test('a large text through the FIFO', async () => {
    writeFileSync(join(folder, 'large.bin'), 'x'.repeat(3_000_000));
    assert.equal((await tsops(['encrypt', '-i', 'large.bin'])).status, 0);
    const run = await tsops(['exec-file', 'large.bin', 'wc -c < {}; head -c 3 {}; wc -c < {}']);
    assert.equal(run.stdout.toString(), '3000000\nxxx3000000\n');
  });

  test('an empty text through the FIFO', async () => {
    const run = await tsops(['exec-file', 'a.env', 'cat {} {} > /dev/null; printf done']);
    assert.equal(run.stdout.toString(), 'done');
  });

  for (const kind of ['exec-env', 'exec-file'] as const) {
    test(`${kind} in the background does its work after tsops has ended`, async () => {
      const done = join(folder, `${kind}.done`);
      const command =
        kind === 'exec-env' ? `sleep 0.3; echo "$SHARED" > '${done}'` : `sleep 0.3; tail -n 1 {} > '${done}'`;
      const run = await tsops([kind, '--background', 'a.env', command]);
      assert.deepEqual([run.status, run.stdout.length], [0, 0], run.stderr);
      assert.match(run.stderr, /deprecated/);
      for (let tries = 0; tries < 100 && !readdirSync(folder).includes(`${kind}.done`); tries += 1)
        await new Promise(settle => setTimeout(settle, 50));
      for (let tries = 0; tries < 100 && statSync(done).size === 0; tries += 1)
        await new Promise(settle => setTimeout(settle, 50));
      assert.match(readFileSync(done, 'utf8'), /a\n$/);
    });
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const) {
    test(`${signal} is passed on, and the command has the last word`, { timeout: 30_000 }, async () => {
      const name = signal.slice(3);
      const script = `trap 'echo got; exit 4' ${name}; echo ready; while :; do sleep 0.05; done`;
      const [program, ...first] = started;
      const child = spawn(program, [...first, 'run', '-f', 'a.env', '--', 'sh', '-c', script], {
        cwd: folder,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', chunk => {
        if (out === '') child.kill(signal);
        out += chunk;
      });
      const status = await new Promise(settle => child.on('close', settle));
      assert.deepEqual([status, out], [4, 'ready\ngot\n']);
    });
  }

  const isRoot = process.getuid?.() === 0;
  const account = isRoot ? accountWithGroups() : undefined;
  test('another user with the groups of that user', {
    skip: account === undefined && 'no user with more than one group, or not root',
  }, async () => {
    const groups = spawnSync('id', ['-Gn', account ?? ''], { encoding: 'utf8' })
      .stdout.trim()
      .split(' ')
      .sort();
    for (const args of [
      ['exec-env', '--user', account ?? '', 'a.env', 'id -un; id -Gn; echo "$USER $LOGNAME"; echo $HOME'],
      ['exec-file', '--user', account ?? '', 'a.env', 'id -un; id -Gn; echo "$USER $LOGNAME"; cat {} > /dev/null'],
    ]) {
      const run = await tsops(args);
      const [name, have = '', told] = run.stdout.toString().split('\n');
      assert.deepEqual([name, have.split(' ').sort(), told], [account, groups, `${account} ${account}`], run.stderr);
    }
  });
});

/** Some user of this machine that is in more than one group. */
function accountWithGroups(): string | undefined {
  const names = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .flatMap(line => line.split(':')[3]?.split(',') ?? []);
  return names.find(name => name !== '' && name !== 'root');
}
