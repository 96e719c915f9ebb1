/**
 * Builds the standalone executable (docs/standalone.md): node build/standalone.mjs [--target=bun-OS-CPU] [--outfile=PATH]
 * What is given besides goes to `bun build`. Beside the executable stands LICENSES.txt, on the packages inside it.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { licencesOf } from './inventory.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const given = process.argv.slice(2);
const optionOf = name => given.find(word => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const outfile = resolve(optionOf('outfile') ?? join(root, 'dist-standalone', 'tsops'));
const folder = mkdtempSync(join(tmpdir(), 'tsops-standalone-'));
const metafile = join(folder, 'meta.json');
const readJson = path => JSON.parse(readFileSync(path, 'utf8'));

function build() {
  const args = [
    'build',
    join('src', 'cli', 'standalone.ts'),
    '--compile',
    '--bytecode',
    '--format=esm',
    // What a run does not use stays a chunk of its own, which is not even read.
    '--splitting',
    '--minify',
    // Error classes are told apart by the names of their constructors.
    '--keep-names',
    // A run is mostly over before compiled code pays.
    '--compile-jit-policy=4',
    // Nothing that lies in the folder where a secret is handled may change what runs.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    '--no-compile-autoload-tsconfig',
    '--no-compile-autoload-package-json',
    `--define=TSOPS_VERSION=${JSON.stringify(readJson(join(root, 'package.json')).version)}`,
    '--define=TSOPS_STANDALONE=true',
    // Packages find files of theirs by it that no run here reads. Else the folder of this build would be written in.
    '--define=__dirname="/nonexistent"',
    '--define=__filename="/nonexistent"',
    `--metafile=${metafile}`,
    `--outfile=${outfile}`,
    ...(optionOf('target') === undefined ? ['--target=bun'] : []),
    ...given.filter(word => !word.startsWith('--outfile=')),
  ];
  mkdirSync(dirname(outfile), { recursive: true });
  const bun = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'bun.cmd' : 'bun');
  const run = spawnSync(bun, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (run.error !== undefined) console.error('node_modules has no bun that runs: npm ci brings it');
  return run.status ?? 1;
}

function licences() {
  const inside = Object.keys(readJson(metafile).inputs).map(path => realpathSync(resolve(root, path)));
  const bun = readJson(join(root, 'node_modules', 'bun', 'package.json')).version;
  const runtime = `Bun ${bun} (MIT), with JavaScriptCore (LGPL-2) and the libraries that https://bun.com/docs/project/licensing lists`;
  // Unlike the package, the executable has no LICENSE beside it.
  const own = readFileSync(join(root, 'LICENSE'), 'utf8').trim();
  return `${own}\n\n${'-'.repeat(80)}\n\n${licencesOf(inside, [runtime])}`;
}

try {
  process.exitCode = build();
  if (process.exitCode === 0 && existsSync(metafile)) writeFileSync(join(dirname(outfile), 'LICENSES.txt'), licences());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
