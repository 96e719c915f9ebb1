/** What is true of the standalone executable alone. All other suites run it too where TSOPS_TEST_STANDALONE names it. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseArmor } from '../../src/keys/age/armor.ts';
import { decryptFile, parseFile } from '../../src/keys/age/file.ts';
import { x25519Identity } from '../../src/keys/age/x25519.ts';
import { root, standalone } from '../started.ts';
import { newFolder, type Run, removeFolder, runProgram, runTsops, vectors } from './harness.ts';

const skip = standalone === undefined && 'TSOPS_TEST_STANDALONE names no executable';
const folder = newFolder();
const keyFile = join(vectors, 'keys', 'age-1.txt');
const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
const env = { SOPS_AGE_KEY_FILE: keyFile };
const path = (name: string): string => join(folder, name);
const tsops = async (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Run> => {
  const run = await runTsops(args, { cwd: folder, env: { ...env, ...more } });
  assert.equal(run.status, 0, run.stderr);
  return run;
};

after(() => removeFolder(folder));

describe('the standalone executable', { skip }, () => {
  before(async () => {
    writeFileSync(path('a.yaml'), 'password: one\nport: 1\n');
    writeFileSync(path('a.enc.yaml'), (await tsops(['encrypt', '--age', recipient, 'a.yaml'])).stdout);
  });

  test('its version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.equal((await tsops(['--version'])).stdout.toString(), `tsops ${version}\n`);
  });

  test('is what its sources give, wherever it is built', { timeout: 120_000 }, () => {
    const again = join(folder, 'built', basename(standalone ?? ''));
    const script = join(root, 'build', 'standalone.mjs');
    const run = spawnSync(process.execPath, [script, `--outfile=${again}`], { cwd: folder, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
    assert.equal(digest(again), digest(standalone ?? ''), 'it was built from other sources');
    assert.ok(!readFileSync(again).includes(root), 'the folder of the build is written in');
    const licences = readFileSync(join(dirname(again), 'LICENSES.txt'), 'utf8');
    assert.ok(licences.includes(readFileSync(join(root, 'LICENSE'), 'utf8').trim()));
    for (const inside of [/^@noble\/ciphers \S+ \(MIT\)/m, /^Bun \d\S+ \(MIT\)/m]) assert.match(licences, inside);
  });
});

describe('a folder of somebody else', { skip }, () => {
  const hostile = path('hostile');
  const trace = path('it-ran');
  const inHostile = (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Run> =>
    runTsops(args, { cwd: hostile, env: more });

  before(() => {
    const evil = `require('node:fs').writeFileSync(${JSON.stringify(trace)}, '');`;
    const put = (name: string, text: string): void => {
      mkdirSync(dirname(join(hostile, name)), { recursive: true });
      writeFileSync(join(hostile, name), text);
    };
    put('evil.js', evil);
    const preload = 'preload = ["./evil.js"]\n';
    for (const name of ['bunfig.toml', '.bunfig.toml']) put(name, `${preload}[run]\n${preload}`);
    const variables = `SOPS_AGE_KEY_FILE=${keyFile}\nBUN_OPTIONS=--preload ./evil.js\nNODE_OPTIONS=--require ./evil.js\n`;
    for (const name of ['.env', '.env.local', '.env.production', '.env.development']) put(name, variables);
    const names = ['commander', 'chalk', '@noble/ciphers', 'age-encryption', 'micromatch', 're2js', '@grpc/grpc-js'];
    const imports = Object.fromEntries(names.map(name => [name, './evil.js']));
    put('package.json', JSON.stringify({ type: 'commonjs', imports, main: 'evil.js' }));
    put('tsconfig.json', JSON.stringify({ compilerOptions: { paths: { '*': ['./evil.js'] } } }));
    for (const name of names) put(`node_modules/${name}/index.js`, evil);
    copyFileSync(path('a.enc.yaml'), join(hostile, 'a.enc.yaml'));
  });

  test('changes nothing', async () => {
    for (const args of [
      ['--version'],
      ['--help'],
      ['keygen'],
      ['keygen', '--pq'],
      ['encrypt', '--age', recipient, 'nosuch'],
    ])
      await inHostile(args);
    assert.equal((await inHostile(['decrypt', 'a.enc.yaml'], env)).stdout.toString(), 'password: one\nport: 1\n');
    assert.ok(!existsSync(trace), 'code of the folder ran');
  });

  test('gives no variable', async () => {
    const run = await inHostile(['decrypt', 'a.enc.yaml']);
    assert.equal(run.status, 128);
    const child = await inHostile(['exec-env', 'a.enc.yaml', 'echo "$BUN_OPTIONS$NODE_OPTIONS$password"'], env);
    assert.equal(child.stdout.toString(), 'one\n', child.stderr);
  });

  test('the variables of Bun still do (docs/standalone.md)', async () => {
    const bun = await inHostile(['--version'], { BUN_BE_BUN: '1' });
    assert.match(bun.stdout.toString(), /^1\.4\.5/);
    await inHostile(['--version'], { BUN_OPTIONS: '--preload ./evil.js' });
    assert.ok(existsSync(trace));
  });
});

/** What two runs must have in common in nothing: the random texts of their output. */
describe('nothing random is frozen into it', { skip }, () => {
  const differ = (one: RegExpMatchArray | null, other: RegExpMatchArray | null): void => {
    assert.ok(one !== null && other !== null && one.length === other.length);
    const all = [...one, ...other];
    assert.equal(new Set(all).size, all.length, 'two runs gave the same random text');
  };

  test('initialisation vectors and data keys', async () => {
    const files = [await sealed(), await sealed()] as const;
    const matches = (pattern: RegExp): void => differ(files[0].match(pattern), files[1].match(pattern));
    matches(/iv:[A-Za-z0-9+/=]+/g);
    matches(/(?<=BEGIN AGE ENCRYPTED FILE-----\n)[\s\S]*?(?=-----END)/g);
    const keys = await Promise.all(files.map(file => dataKey(file)));
    assert.equal(new Set(keys).size, 2);
  });

  test('identities', async () => {
    for (const args of [['keygen'], ['keygen', '--pq']]) {
      const identities = [await tsops(args), await tsops(args)].map(run => run.stdout.toString());
      differ(...(identities.map(text => text.match(/AGE-SECRET-KEY-\S+/g)) as [RegExpMatchArray, RegExpMatchArray]));
    }
  });

  for (const form of ['password', 'hex', 'base64', 'uuid']) {
    test(`set --generate ${form}`, async () => {
      const texts: string[] = [];
      for (const name of ['g1.yaml', 'g2.yaml']) {
        copyFileSync(path('a.enc.yaml'), path(name));
        await tsops(['set', '--generate', form, name, '["password"]']);
        texts.push((await tsops(['decrypt', '--extract', '["password"]', name])).stdout.toString());
      }
      assert.ok(texts.every(text => text.length >= 12));
      assert.notEqual(texts[0], texts[1]);
    });
  }

  const sealed = async (): Promise<string> =>
    (await tsops(['encrypt', '--age', recipient, 'a.yaml'])).stdout.toString();

  /** The data key as the age file of the block holds it. */
  async function dataKey(file: string): Promise<string> {
    const armor = /-----BEGIN[\s\S]*?END AGE ENCRYPTED FILE-----/.exec(file)?.[0].replace(/^ +/gm, '') ?? '';
    const parsed = parseFile(parseArmor(`${armor}\n`) ?? new Uint8Array());
    const identity = /AGE-SECRET-KEY-\S+/.exec(readFileSync(keyFile, 'utf8'))?.[0] ?? '';
    assert.ok(parsed !== undefined);
    const key = await decryptFile(parsed, [x25519Identity(identity) ?? assert.fail()]);
    assert.ok(key instanceof Uint8Array && key.length === 32);
    return Buffer.from(key).toString('hex');
  }
});

describe('commands that start it again', { skip }, () => {
  const repo = path('repo');
  /** Without tsops on the PATH. */
  const bare = { PATH: '/usr/bin:/bin' };
  const git = (...args: string[]): string => {
    const run = spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', ...args], {
      cwd: repo,
      encoding: 'utf8',
      env: { ...process.env, ...bare, ...env },
    });
    return `${run.status} ${run.stdout}${run.stderr}`;
  };
  const inRepo = (args: readonly string[]): Promise<Run> => runTsops(args, { cwd: repo, env: { ...env, ...bare } });

  before(() => {
    mkdirSync(repo);
    git('init', '-q');
    copyFileSync(path('a.enc.yaml'), join(repo, 'a.enc.yaml'));
  });

  test('git install', async () => {
    assert.equal((await inRepo(['git', 'install'])).status, 0);
    assert.match(git('config', 'diff.tsops.textconv'), new RegExp(`^0 '${standalone}' git textconv --\n`));
    git('add', '.');
    git('commit', '-qm', 'one');
    const set = await inRepo(['set', 'a.enc.yaml', '["password"]', '"two"']);
    assert.equal(set.status, 0, set.stderr);
    assert.match(git('diff'), /\n-password: one\n\+password: two\n/);
  });

  test('hook install', async () => {
    assert.equal((await inRepo(['hook', 'install'])).status, 0);
    assert.ok(
      readFileSync(join(repo, '.git', 'hooks', 'pre-commit'), 'utf8').includes(`else '${standalone}' hook run; fi`),
    );
    writeFileSync(join(repo, '.sops.yaml'), `creation_rules: [{path_regex: 'enc', age: ${recipient}}]\n`);
    writeFileSync(join(repo, 'b.enc.yaml'), 'plain: text\n');
    git('add', '.');
    assert.match(git('commit', '-qm', 'two'), /^1 /);
    git('rm', '-q', '--cached', 'b.enc.yaml');
    assert.match(git('commit', '-qm', 'two'), /^0 /);
  });
});

test('a variable called __proto__ is refused, and not lost', { skip }, async () => {
  const file = join(vectors, 'cases', 'exec', 'prototype-keys', 'encrypted.yaml');
  const refused = await runProgram(standalone ?? '', ['exec-env', file, 'env'], { cwd: folder, env });
  assert.equal(refused.status, 126);
  assert.equal(refused.stdout.length, 0);
  assert.match(refused.stderr, /cannot hand a variable called __proto__/);
  const handed = await tsops(['exec-env', '--same-process', file, 'env']);
  assert.match(handed.stdout.toString(), /^__proto__=a$/m);
});
