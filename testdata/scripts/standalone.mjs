/**
 * Builds the standalone executable (docs/standalone.md): node testdata/scripts/standalone.mjs [--target=bun-OS-CPU] [--outfile=PATH]
 * What is given besides goes to `bun build`.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

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
  `--define=TSOPS_VERSION=${JSON.stringify(version)}`,
  '--define=TSOPS_STANDALONE=true',
  ...(process.argv.some(word => word.startsWith('--target')) ? [] : ['--target=bun']),
  ...(process.argv.some(word => word.startsWith('--outfile')) ? [] : [`--outfile=${join('dist-standalone', 'tsops')}`]),
  ...process.argv.slice(2),
];
// Its postinstall, which `npm ci --ignore-scripts` leaves out, only puts the program for this machine in the place of a script.
const bun = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'bun.cmd' : 'bun');
const run = spawnSync(bun, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
if (run.error !== undefined) console.error(`${dirname(bun)} has no bun that runs: npm ci brings it`);
process.exitCode = run.status ?? 1;
