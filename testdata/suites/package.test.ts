/** The package as npm installs it: one package without dependencies, with the licences of what is inside. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newFolder, removeFolder, root, vectors } from './harness.ts';

const folder = newFolder();
after(() => removeFolder(folder));
const prefix = join(folder, 'prefix');
const modules = join(prefix, process.platform === 'win32' ? 'node_modules' : 'lib/node_modules');
const installed = join(modules, 'tsops');

function npm(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    env: { ...process.env, npm_config_cache: join(folder, 'cache'), npm_config_update_notifier: 'false' },
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

const tarball = (): string => readdirSync(folder).find(name => name.endsWith('.tgz')) ?? assert.fail('no tarball');

before(() => {
  npm('pack', root, '--ignore-scripts', '--pack-destination', folder);
  // Offline: whatever it needed besides would be missing.
  npm('install', '--global', '--offline', '--no-audit', '--no-fund', '--prefix', prefix, join(folder, tarball()));
});

test('an installation is one package', () => {
  assert.deepEqual(
    readdirSync(modules).filter(name => !name.startsWith('.')),
    ['tsops'],
  );
  assert.equal(existsSync(join(installed, 'node_modules')), false);
});

test('the installed command and the installed library work', () => {
  const command = process.platform === 'win32' ? join(prefix, 'tsops.cmd') : join(prefix, 'bin', 'tsops');
  const env = {
    PATH: `${join(process.execPath, '..')}:${process.env['PATH']}`,
    HOME: folder,
    SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt'),
  };
  const run = (program: string, args: readonly string[], input = '') => {
    const done = spawnSync(program, args, { cwd: installed, env, input, encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout;
  };
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
  assert.equal(run(command, ['--version']), `tsops ${version}\n`);
  const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
  const text = '# note\na: 1.10\nb: "two"\n';
  const sealed = run(command, ['encrypt', '--age', recipient, '--filename-override', 'f.yaml', '-'], text);
  assert.match(sealed, /ENC\[/);
  assert.equal(run(command, ['decrypt', '--filename-override', 'f.yaml', '-'], sealed), text);
  const use = `decrypt(process.env.SEALED, { filename: 'f.yaml', identities: process.env.KEY }).then(t => process.stdout.write(t))`;
  Object.assign(env, { SEALED: sealed, KEY: readFileSync(env.SOPS_AGE_KEY_FILE, 'utf8') });
  assert.equal(run(process.execPath, ['--input-type=module', '-e', `import { decrypt } from 'tsops'; ${use}`]), text);
  assert.equal(
    run(process.execPath, ['--input-type=commonjs', '-e', `const { decrypt } = require('tsops'); ${use}`]),
    text,
  );
});

test('the library has the same names for modules and for require, and they are its public ones', async () => {
  const names = [...readFileSync(join(root, 'src', 'index.ts'), 'utf8').matchAll(/export (?!type )\{([^}]*)\}/g)]
    .flatMap(([, list = '']) => list.split(','))
    .map(name => name.trim())
    .filter(name => name !== '' && !name.startsWith('type '))
    .sort();
  const face = (await import(join(installed, 'dist', 'index.js'))) as object;
  assert.deepEqual(Object.keys(face).sort(), names);
  for (const name of names) assert.notEqual(Reflect.get(face, name), undefined, name);
});

test('TypeScript sees the types, from modules and from CommonJS', () => {
  const project = join(folder, 'project');
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  spawnSync('cp', ['-r', installed, join(project, 'node_modules', 'tsops')]);
  const use = (ending: string, wrong: boolean): string => {
    const file = `use-${wrong}.${ending}`;
    const argument = wrong ? '7' : "'a: 1'";
    writeFileSync(
      join(project, file),
      `import { decrypt, TsopsError } from 'tsops';\nexport const text: Promise<string> = decrypt(${argument}, { format: 'yaml' });\nexport const code = new TsopsError('INTERNAL', 'x').code;\n`,
    );
    return file;
  };
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--lib', 'es2023'];
  // What a program for Node has anyway.
  options.push('--types', 'node', '--typeRoots', join(root, 'node_modules', '@types'));
  const compile = (...files: readonly string[]) =>
    spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, ...files], {
      cwd: project,
      encoding: 'utf8',
    });
  const sound = compile(use('mts', false), use('cts', false));
  assert.equal(sound.stdout, '');
  for (const ending of ['mts', 'cts']) assert.match(compile(use(ending, true)).stdout, /TS\d+/);
});

test('the licences and the bill of materials name every package that is inside', () => {
  const licences = readFileSync(join(installed, 'dist', 'THIRD-PARTY-LICENCES.txt'), 'utf8');
  const bill = JSON.parse(readFileSync(join(installed, 'dist', 'sbom.cdx.json'), 'utf8')) as {
    bomFormat: string;
    specVersion: string;
    components: { name: string; version: string; purl: string; licenses: unknown[] }[];
  };
  assert.deepEqual([bill.bomFormat, bill.specVersion], ['CycloneDX', '1.6']);
  for (const name of [
    'commander',
    'age-encryption',
    '@aws-sdk/client-kms',
    '@google-cloud/kms',
    '@azure/identity',
    're2js',
  ])
    assert.ok(
      bill.components.some(component => component.name === name),
      name,
    );
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  const locked = new Set(
    Object.entries(lock.packages).map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`),
  );
  for (const { name, version, licenses } of bill.components) {
    assert.ok(locked.has(`${name}@${version}`), `${name} ${version} is not in the lock file`);
    assert.ok(licenses.length === 1, name);
    assert.ok(licences.includes(`${name} ${version} (`), name);
  }
});
