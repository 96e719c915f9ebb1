import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { canary, recipients, Workspace } from '../../../testdata/command.ts';

const plain = `a: ${canary}\nlist:\n  - 1\n  - x # hi\n`;
let sealed = '';
let work = new Workspace();
const made = [work];
before(() => {
  work.write('f.yaml', plain);
  sealed = work.run(['encrypt', '--age', recipients.one, 'f.yaml']).stdout;
  assert.match(sealed, /ENC\[/);
});
beforeEach(() => {
  work = new Workspace();
  made.push(work);
  work.write('f.yaml', sealed);
});
after(() => {
  for (const each of made) each.remove();
});

describe('where the result goes', () => {
  test('standard output, and nothing on standard error', () => {
    assert.deepEqual(work.run(['decrypt', 'f.yaml']), { status: 0, signal: null, stdout: plain, stderr: '' });
    assert.equal(work.run(['-d', 'f.yaml']).stdout, plain);
  });

  test('in place, and mode 0600 for a new file', { skip: process.platform === 'win32' }, () => {
    work.run(['decrypt', 'f.yaml', '--output', 'new.yaml']);
    assert.deepEqual([work.read('new.yaml'), work.mode('new.yaml')], [plain, 0o600]);
    work.write('old.yaml', 'old', 0o640);
    work.run(['decrypt', 'f.yaml', '--output', 'old.yaml']);
    assert.deepEqual([work.read('old.yaml'), work.mode('old.yaml')], [plain, 0o640]);
    assert.equal(work.run(['decrypt', '-i', 'f.yaml']).stdout, '');
    assert.equal(work.read('f.yaml'), plain);
  });

  test('standard input', () => {
    for (const args of [
      ['decrypt', '--input-type', 'yaml'],
      ['decrypt', '--filename-override', 'x.yaml', '-'],
      ['-d', '--input-type=yaml', '-'],
    ]) {
      assert.equal(work.run(args, { input: sealed }).stdout, plain);
    }
    if (process.platform === 'linux') {
      assert.equal(work.run(['decrypt', '--input-type', 'yaml', '/dev/stdin'], { input: sealed }).stdout, plain);
    }
  });

  test('a name that tells no format: the output is in the format of the input', () => {
    work.write('secrets.enc', sealed);
    assert.equal(work.run(['decrypt', '--input-type', 'yaml', 'secrets.enc']).stdout, plain);
  });

  test('another format', () => {
    const { stdout } = work.run(['decrypt', '--output-type', 'json', 'f.yaml']);
    assert.deepEqual(JSON.parse(stdout), { a: canary, list: [1, 'x'] });
    const refused = work.run(['decrypt', '--output-type', 'dotenv', 'f.yaml']);
    assert.deepEqual([refused.status, refused.stdout], [4, '']);
  });

  test('a closed standard output ends quietly', { skip: process.platform === 'win32' }, () => {
    const big = Array.from({ length: 20_000 }, (_, index) => `k${index}: v\n`).join('');
    work.write('big.yaml', big);
    work.run(['encrypt', '-i', '--age', recipients.one, 'big.yaml']);
    assert.equal(work.run(['decrypt', 'big.yaml']).stdout, big);
  });

  test('a full disk is an error', { skip: process.platform !== 'linux' }, () => {
    const { status, stderr } = work.run(['decrypt', '--output', '/dev/full', 'f.yaml']);
    assert.equal(status, 3, stderr);
  });
});

test('--extract', () => {
  const extract = (path: string) => work.run(['decrypt', '--extract', path, 'f.yaml']);
  assert.equal(extract('["a"]').stdout, canary);
  assert.equal(extract('["list"][0]').stdout, '1\n');
  assert.equal(extract('["nothing"]').status, 1);
  assert.equal(extract('nothing').status, 91);
  assert.equal(extract('[x]').status, 91);
});

describe('refusals', () => {
  const cases: [name: string, args: string[], status: number, env?: Record<string, string>][] = [
    ['no file in the mode -d', ['-d'], 100],
    ['in place without a file', ['decrypt', '-i'], 8],
    ['two places for the result', ['decrypt', '-i', '--output', 'x', 'missing.yaml'], 8],
    ['a missing file', ['decrypt', 'missing.yaml'], 100],
    ['a missing configuration that was named', ['decrypt', '--config', 'nope', 'f.yaml'], 1],
    [
      'a decryption order with a repetition',
      ['decrypt', '--decryption-order', 'age,age', '--extract', 'x', 'f.yaml'],
      112,
    ],
    ['the same from the variable', ['decrypt', 'f.yaml'], 112, { SOPS_DECRYPTION_ORDER: 'pgp,pgp' }],
    ['a path that is none', ['decrypt', '--extract', 'x', 'f.yaml'], 91],
    ['a plain file', ['decrypt', 'plain.yaml'], 1],
    ['a file that does not parse', ['decrypt', 'broken.yaml'], 1],
    ['no key at hand', ['decrypt', 'f.yaml'], 128, { SOPS_AGE_KEY_FILE: '' }],
    ['a changed value', ['decrypt', 'tampered.yaml'], 51],
    ['a swapped value', ['decrypt', 'swapped.yaml'], 25],
    ['an unknown format', ['decrypt', '--input-type', 'toml', 'f.yaml'], 1],
  ];
  for (const [name, args, status, env = {}] of cases) {
    test(name, () => {
      work.write('plain.yaml', plain);
      work.write('broken.yaml', 'a: [\n');
      work.write(
        'tampered.yaml',
        sealed
          .replace(/^list:\n/m, 'added: x\nlist:\n')
          .replace('unencrypted_suffix: _unencrypted', 'unencrypted_suffix: dded'),
      );
      work.write('swapped.yaml', sealed.replace('a: ENC', 'b: ENC'));
      const outcome = work.run(args, { env });
      assert.equal(outcome.status, status, outcome.stderr);
      assert.equal(outcome.stdout, '');
      assert.match(outcome.stderr, /^tsops: error: /m);
      assert.equal(work.read('f.yaml'), sealed);
    });
  }

  test('--ignore-mac gives the content of a file whose MAC does not fit', () => {
    work.write(
      't.yaml',
      sealed
        .replace(/^list:\n/m, 'added: x\nlist:\n')
        .replace('unencrypted_suffix: _unencrypted', 'unencrypted_suffix: dded'),
    );
    const { status, stdout } = work.run(['decrypt', '--ignore-mac', 't.yaml']);
    assert.equal(status, 0);
    assert.match(stdout, /added: x/);
  });
});

test('a broken .sops.yaml that was not named does not keep from decrypting', () => {
  work.write('.sops.yaml', 'creation_rules: [\n');
  assert.equal(work.run(['decrypt', 'f.yaml']).stdout, plain);
  assert.equal(work.run(['decrypt', '--output-type', 'json', 'f.yaml']).status, 1);
  assert.equal(work.run(['decrypt', '--config', '.sops.yaml', 'f.yaml']).status, 1);
});

test('--verbose tells which key opened the file, on standard error', () => {
  const { stdout, stderr } = work.run(['decrypt', '--verbose', 'f.yaml']);
  assert.equal(stdout, plain);
  assert.equal(stderr, `tsops: opened with age ${recipients.one}\ntsops: Data key recovered successfully\n`);
});

test('--if-needed passes plain files through, of every format', () => {
  for (const [name, content] of [
    ['p.yaml', plain],
    ['p.json', '{"a": 1}'],
    ['p.env', 'A=1\n'],
    ['p.ini', '[a]\nb = 1\n'],
    ['p.bin', '\x00no json'],
  ] as const) {
    work.write(name, content);
    const { status, stdout, stderr } = work.run(['decrypt', '--if-needed', name]);
    assert.deepEqual([status, stdout, stderr], [0, content, ''], name);
  }
  assert.equal(work.run(['decrypt', '--if-needed', 'f.yaml']).stdout, plain);
  assert.equal(work.run(['decrypt', '--if-needed', '--output-type', 'json', 'p.yaml']).status, 8);
  const before = fs.statSync(work.path('p.yaml')).mtimeMs;
  assert.equal(work.run(['decrypt', '-i', '--if-needed', 'p.yaml']).status, 0);
  assert.equal(fs.statSync(work.path('p.yaml')).mtimeMs, before);
});

test('of several files one that fails does not keep the others', () => {
  const { status, stdout, stderr } = work.run(['decrypt', 'f.yaml', 'nosuch.yaml']);
  assert.equal(status, 100);
  assert.equal(stdout, plain);
  assert.match(
    stderr,
    /^tsops: error: nosuch.yaml: the file does not exist\n(.*\n)*tsops: error: 1 of 2 files failed\n$/,
  );
});

test('an encrypted file may be larger than the largest plain one, and has a limit too', () => {
  for (const [megabytes, status, words] of [
    [257, 1, /^tsops: error: big.bin:1:1: a JSON value is expected/],
    [400, 2, /^tsops: error: big.bin: the content is larger than/],
  ] as const) {
    fs.truncateSync(work.write('big.bin', ''), megabytes * 2 ** 20);
    const outcome = work.run(['decrypt', 'big.bin']);
    assert.equal(outcome.status, status);
    assert.match(outcome.stderr, words);
  }
  fs.rmSync(work.path('big.bin'));
});

test('several values, and other forms of them', () => {
  const run = (...args: string[]) => work.run(['decrypt', ...args, 'f.yaml']);
  assert.equal(run('--extract', '["a"]', '--extract', '["list"][0]').stdout, `${canary}\n1\n`);
  assert.equal(run('--format', 'shell', '--extract', '["a"]').stdout, `export a='${canary}'\n`);
  assert.equal(work.run(['get', 'f.yaml', 'a', 'list[0]']).stdout, `${canary}\n1\n`);
  assert.equal(work.run(['get', '-', 'a', '--input-type', 'yaml'], { input: work.read('f.yaml') }).stdout, canary);
  assert.equal(run('--format', 'json', '--output', 'out.json').status, 0);
  assert.equal(work.mode('out.json'), 0o600);
  for (const wrong of [['-i'], ['--if-needed'], ['--output-type', 'json']])
    assert.equal(run('--format', 'json', ...wrong).status, 8, wrong.join());
  const missing = work.run(['get', 'f.yaml', 'a', 'nope']);
  assert.deepEqual([missing.status, missing.stdout], [1, '']);
  assert.match(missing.stderr, /\["nope"\]/);
});
