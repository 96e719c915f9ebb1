/** Several files, folders and globs in one run of the built command, and files that are encrypted again. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { newFolder, type Run, removeFolder, runTsops, vectors } from './harness.ts';

const recipient = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.pub`), 'utf8').trim();
const secret = 'canary-5d1f0';
const env = { SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt') };
const plain: Readonly<Record<string, string>> = {
  'env/prod/a.yaml': `a: ${secret}\n\n# note\nb: "two"\n`,
  'env/prod/b.yaml': `---\nkind: Secret\nb: ${secret}-b # c\n`,
  'env/dev/c.json': `{"c": "${secret}-c"}\n`,
  'env/dev/d.env': `D=${secret}-d\n`,
  'env/e with blank.txt': `${secret}-e`,
  'other.yaml': 'x: y\n',
};
const claimed = Object.keys(plain).filter(name => name !== 'other.yaml');

let folder: string;
beforeEach(async () => {
  folder = newFolder();
  for (const [name, text] of Object.entries(plain)) write(name, text);
  write('.sops.yaml', `creation_rules:\n  - path_regex: ^env/\n    age: ${recipient(1)}\n  - age: ${recipient(1)}\n`);
});
afterEach(() => removeFolder(folder));

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}
const tsops = (args: readonly string[], more: Record<string, string> = {}): Promise<Run> =>
  runTsops(args, { cwd: folder, env: { ...env, ...more }, secrets: [secret] });
async function well(args: readonly string[], more: Record<string, string> = {}): Promise<string> {
  const { status, stdout, stderr } = await tsops(args, more);
  assert.equal(status, 0, stderr);
  return Buffer.from(stdout).toString();
}
const git = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout;
};
const stream = `${plain['env/prod/a.yaml']}${plain['env/prod/b.yaml']}`;

describe('several files', () => {
  test('of a folder the files that a rule with a path asks for are encrypted, and all of them come back', async () => {
    await well(['encrypt', '-i', '.']);
    for (const name of claimed) assert.match(read(name), /ENC\[AES256_GCM/, name);
    assert.equal(read('other.yaml'), plain['other.yaml']);
    const before = claimed.map(read);
    await well(['encrypt', '-i', '.']);
    assert.deepEqual(claimed.map(read), before, 'what is encrypted already stays');
    await well(['decrypt', '-i', 'env']);
    for (const name of claimed) assert.equal(read(name), plain[name], name);
  });

  test('of a folder, what is too large, or no file of ours at all, is passed over', async () => {
    await well(['encrypt', '-i', 'env/prod']);
    write('env/prod/film.bin', '');
    truncateSync(join(folder, 'env/prod/film.bin'), 400 * 2 ** 20);
    write('env/prod/template.yaml', '{{- if .Values.sops }}\na: [\n');
    write('env/prod/noise\u0007.json', Buffer.from([0, 255, 254, 128]).toString('latin1'));
    assert.equal(await well(['decrypt', 'env/prod']), stream);
    await well(['updatekeys', '--yes', 'env/prod']);
    await well(['rotate', '-i', 'env/prod']);
  });

  test('of a folder, a file in which the rule selects nothing is passed over, and told; one that is named is refused', async () => {
    write(
      '.sops.yaml',
      `creation_rules:\n  - path_regex: ^env/prod/\n    preset: kubernetes\n    age: ${recipient(1)}\n`,
    );
    write('env/prod/secret.yaml', `kind: Secret\nstringData:\n  p: ${secret}\n`);
    const run = await tsops(['encrypt', '-i', 'env']);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stderr, /^env\/prod\/b\.yaml: the rule selects nothing in it, so it was passed over$/m);
    assert.match(read('env/prod/secret.yaml'), /p: ENC\[/);
    assert.equal(read('env/prod/b.yaml'), plain['env/prod/b.yaml']);
    assert.equal((await tsops(['encrypt', '-i', 'env/prod/b.yaml'])).status, 23);
  });

  test('named files, a glob and a folder as one stream of documents', async () => {
    await well(['encrypt', '-i', 'env']);
    assert.equal(await well(['decrypt', 'env/prod/a.yaml', 'env/prod/b.yaml']), stream);
    assert.equal(await well(['-d', 'env/prod/a.yaml', 'env/prod/b.yaml']), stream);
    assert.equal(await well(['decrypt', 'env/**/*.yaml']), stream);
    assert.equal(await well(['decrypt', 'env/prod']), stream);
    assert.equal(await well(['decrypt', '--if-needed', 'env/prod', 'other.yaml']), `${stream}---\nx: y\n`);
    const mixed = await tsops(['decrypt', 'env']);
    assert.deepEqual([mixed.status, mixed.stdout.length], [4, 0]);
  });

  test('one bad file is told, the others are done, and the status says so', async () => {
    await well(['encrypt', '-i', 'env']);
    write('env/prod/a.yaml', read('env/prod/a.yaml').replace(/data:../, 'data:zz'));
    const run = await tsops(['decrypt', 'env/prod/a.yaml', 'env/prod/b.yaml']);
    assert.equal(run.status, 25);
    assert.equal(Buffer.from(run.stdout).toString(), plain['env/prod/b.yaml']);
    assert.match(
      run.stderr,
      /^tsops: error: env\/prod\/a\.yaml: .*\n(tsops: hint.*\n)*tsops: error: 1 of 2 files failed\n$/,
    );
    const two = await tsops(['decrypt', 'env/prod/a.yaml', 'nosuch.yaml', '-o', 'out.yaml']);
    assert.equal(two.status, 1, 'failures of two kinds');
    assert.equal(existsSync(join(folder, 'out.yaml')), false, 'half a stream is not written');
  });

  test('--output-dir mirrors the tree, in private', async () => {
    await well(['encrypt', '-i', 'env']);
    await well(['decrypt', '--output-dir', 'plain text', 'env']);
    for (const name of claimed) {
      assert.equal(read(`plain text/${name}`), plain[name]);
      if (process.platform !== 'win32') assert.equal(statSync(join(folder, 'plain text', name)).mode & 0o777, 0o600);
    }
    await well(['decrypt', '--output-dir', 'as json', '--output-type', 'json', 'env/prod']);
    assert.equal(JSON.parse(read('as json/env/prod/a.json')).a, secret);
    await well(['decrypt', '--output-dir', 'env/out', 'env']);
    await well(['decrypt', '--output-dir', 'env/out', 'env']);
    assert.equal(existsSync(join(folder, 'env/out/env/out')), false, 'results of an earlier run are no input');
    const over = await tsops(['decrypt', '--output-dir', '.', 'env']);
    assert.equal(over.status, 8, over.stderr);
  });

  test('what git ignores is left out of folders and globs, and a name still counts', async () => {
    await well(['encrypt', '-i', 'env']);
    write('.gitignore', 'a.yaml\n');
    git('init', '-q');
    assert.equal(await well(['decrypt', 'env/prod']), plain['env/prod/b.yaml']);
    assert.equal(await well(['decrypt', 'env/prod/*.yaml']), plain['env/prod/b.yaml']);
    assert.equal(await well(['decrypt', 'env/prod/a.yaml']), plain['env/prod/a.yaml']);
  });

  test('rotate, updatekeys, filestatus and edit', async () => {
    await well(['encrypt', '-i', 'env']);
    const before = claimed.map(read);
    await well(['rotate', '-i', 'env']);
    for (const [index, name] of claimed.entries()) assert.notEqual(read(name), before[index]);
    write('.sops.yaml', `creation_rules:\n  - age: ${recipient(1)},${recipient(2)}\n`);
    const report = JSON.parse(await well(['updatekeys', '--yes', '--json', 'env', 'env/prod/*.yaml']));
    const changed = claimed.map(name => [name, 'changed']).sort();
    assert.deepEqual(report.map(({ file, status }: Record<string, string>) => [file, status]).sort(), changed);
    const lines = (await well(['filestatus', 'env/prod', 'other.yaml'])).trim().split('\n');
    assert.deepEqual(
      lines.map(line => JSON.parse(line)),
      [
        { file: 'env/prod/a.yaml', encrypted: true },
        { file: 'env/prod/b.yaml', encrypted: true },
        { file: 'other.yaml', encrypted: false },
      ],
    );
    if (process.platform === 'win32') return;
    const sed = { EDITOR: "sed -i 's/two/three/'" };
    await well(['edit', 'env/prod'], sed);
    assert.equal(await well(['get', 'env/prod/a.yaml', 'b']), 'three');
    assert.equal((await tsops(['edit', 'env/prod'], sed)).status, 200);
  });

  for (const [what, args, status] of [
    ['standard input among files', ['decrypt', '-', 'other.yaml'], 1],
    ['a glob without a match', ['decrypt', 'nosuch/*.yaml'], 100],
    ['a folder without a file of ours', ['decrypt', 'env'], 100],
    ['encrypted files as a stream', ['encrypt', 'env'], 8],
    ['one value of several files', ['decrypt', '--extract', 'a', 'env'], 8],
    ['one name for several files', ['decrypt', '--filename-override', 'x.yaml', 'env'], 8],
    ['two places', ['decrypt', '-i', '--output-dir', 'out', 'env'], 8],
    ['rotating to a stream', ['rotate', 'env'], 8],
    ['one former version of several files', ['encrypt', '-i', '--reuse-from', 'other.yaml', 'env'], 8],
    ['two ways to treat the former version', ['encrypt', '--no-reuse', '--reuse-from', 'x', 'other.yaml'], 8],
  ] as const) {
    test(`${what}: refused`, async () => {
      const run = await tsops(args);
      assert.equal(run.status, status, run.stderr);
      assert.equal(run.stdout.length, 0);
      for (const name of Object.keys(plain)) assert.equal(read(name), plain[name]);
    });
  }
});

describe('a file that is encrypted again', () => {
  const file = 'env/prod/a.yaml';
  const lines = (before: string, after: string): number =>
    after.split('\n').filter((line, index) => line !== before.split('\n')[index]).length;

  test('nothing has changed: the committed version, byte for byte', async () => {
    git('init', '-q');
    await well(['encrypt', '-i', 'env']);
    git('add', '.');
    git('commit', '-qm', 'x');
    await well(['decrypt', '-i', 'env']);
    await well(['encrypt', '-i', 'env']);
    assert.equal(git('diff', '--name-only'), '');
  });

  test('one value has changed: that line, mac and lastmodified', async () => {
    git('init', '-q');
    await well(['encrypt', '-i', file]);
    const before = read(file);
    git('add', '.');
    git('commit', '-qm', 'x');
    write(file, (plain[file] ?? '').replace('two', 'three'));
    await new Promise(settle => setTimeout(settle, 1100));
    await well(['encrypt', '-i', file]);
    assert.equal(lines(before, read(file)), 3);
    assert.equal(await well(['get', file, 'b']), 'three');
  });

  test('the file that --output replaces, and the one that --reuse-from names', async () => {
    const sealed = await well(['encrypt', file]);
    write('old.yaml', sealed);
    await well(['encrypt', '-o', 'old.yaml', file]);
    assert.equal(read('old.yaml'), sealed);
    assert.equal(await well(['encrypt', '--reuse-from', 'old.yaml', file]), sealed);
    assert.notEqual(await well(['encrypt', '--no-reuse', '-o', '/dev/stdout', file]), sealed);
    const foreign = await tsops(['encrypt', '--reuse-from', 'other.yaml', file]);
    assert.equal(foreign.status, 1, 'what is named has to be an encrypted file');
  });

  test('a former version that does not open is passed over where it was only found, and an error where it was named', async () => {
    const sealed = await well(['encrypt', file]);
    const nobody = { SOPS_AGE_KEY_FILE: '/dev/null' };
    for (const [what, text, more] of [
      ['no key', sealed, nobody],
      ['tampered', sealed.replace(/data:../, 'data:zz'), {}],
    ] as const) {
      write('old.yaml', text);
      assert.notEqual((await tsops(['encrypt', '--reuse-from', 'old.yaml', file], more)).status, 0, what);
      await well(['encrypt', '-o', 'old.yaml', file], more);
      assert.notEqual(read('old.yaml'), text, what);
      assert.equal(await well(['decrypt', 'old.yaml']), plain[file]);
    }
  });

  test('a key that is gone knows the old data key, so there is a new one; a key that came gets the old one', async () => {
    const both = `${recipient(1)},${recipient(2)}`;
    const config = (age: string) => write('.sops.yaml', `creation_rules:\n  - age: ${age}\n`);
    config(both);
    const wide = await well(['encrypt', file]);
    const values = (text: string) => text.split('\n').filter(line => /^[ab#]/.test(line));
    write('old.yaml', wide);
    config(recipient(1));
    await well(['encrypt', '-o', 'old.yaml', file]);
    const narrow = read('old.yaml');
    assert.equal(narrow.includes(recipient(2)), false);
    assert.equal(
      values(narrow).some(line => wide.includes(line)),
      false,
    );
    config(both);
    await well(['encrypt', '-o', 'old.yaml', file]);
    assert.deepEqual(values(read('old.yaml')), values(narrow));
    const second = { SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-2.txt') };
    assert.equal(await well(['decrypt', 'old.yaml'], second), plain[file]);
  });

  test('the rule counts, not what the former version says', async () => {
    await well(['encrypt', '--unencrypted-regex', '^b$', '-o', 'old.yaml', file]);
    assert.match(read('old.yaml'), /^b: "two"$/m);
    await well(['encrypt', '-o', 'old.yaml', file]);
    assert.match(read('old.yaml'), /^b: "ENC\[/m);
    assert.equal(read('old.yaml').includes('unencrypted_regex'), false);
  });
});

describe('--root', { skip: process.platform === 'win32' }, () => {
  /** What lies beside the folder that files may not leave. */
  const outside = 'outside.yaml';
  beforeEach(async () => {
    await well(['encrypt', '-i', 'env']);
    write(outside, await well(['encrypt', '--age', recipient(1), 'other.yaml']));
    symlinkSync(join('..', outside), join(folder, 'env', 'link.yaml'));
    symlinkSync('..', join(folder, 'env', 'up'));
    symlinkSync('prod', join(folder, 'env', 'inside'));
  });

  test('what is inside is used, also behind a link that stays inside', async () => {
    for (const path of ['env/prod/a.yaml', 'env/inside/a.yaml', join(folder, 'env/prod/a.yaml')])
      assert.equal(await well(['decrypt', '--root', 'env', path]), plain['env/prod/a.yaml']);
    assert.equal(await well(['get', '--root', '.', 'env/prod/a.yaml', 'b']), 'two');
    assert.equal(await well(['decrypt', '--root', 'env', 'env/prod']), stream);
    await well(['decrypt', '--root', '.', '--output-dir', 'out', 'env/prod']);
    assert.equal(read('out/env/prod/a.yaml'), plain['env/prod/a.yaml']);
  });

  for (const args of [
    ['decrypt', outside],
    ['decrypt', 'env/link.yaml'],
    ['decrypt', `env/up/${outside}`],
    ['decrypt', `env/../${outside}`],
    ['decrypt', 'env/prod/a.yaml', 'env/link.yaml'],
    ['decrypt', '-o', 'leak.yaml', 'env/prod/a.yaml'],
    ['decrypt', '-o', 'env/up/leak.yaml', 'env/prod/a.yaml'],
    ['decrypt', '--output-dir', 'env/up/leak', 'env/prod'],
    ['decrypt', '-i', 'env/link.yaml'],
    ['encrypt', '-i', 'other.yaml'],
    ['get', outside, 'x'],
    ['run', '-f', 'env/link.yaml', '--', 'true'],
    ['exec-env', 'env/link.yaml', 'true'],
    ['exec-file', `env/up/${outside}`, 'true'],
  ]) {
    test(`${args.join(' ')}: refused`, async () => {
      const before = read(outside);
      const [command = '', ...rest] = args;
      const run = await tsops([command, '--root', 'env', ...rest]);
      assert.equal(run.status, 2, run.stderr);
      assert.match(run.stderr, /outside|leads out/i);
      assert.equal(Buffer.from(run.stdout).includes('x: y'), false);
      assert.equal(read(outside), before);
      for (const name of ['leak.yaml', 'leak']) assert.equal(existsSync(join(folder, name)), false);
    });
  }
});
