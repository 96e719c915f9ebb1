// Holds the sizes of what is shipped against testdata/budgets.json: the npm package as `npm pack` would make it, and the executable.

import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import micromatch from 'micromatch';
import { overBudget } from './bounds.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What is over its budget, in words. @param standalone the executable; without one its budget is passed over, and that is said */
export async function checkBudget(standalone) {
  const { budgets } = JSON.parse(readFileSync(new URL('../budgets.json', import.meta.url), 'utf8'));
  const sizes = packedSizes();
  if (standalone === undefined) console.log('no standalone executable is held against its budget: none was named');
  else sizes.set('(standalone)', statSync(standalone).size);
  const counted = budgets.filter(([pattern]) => standalone !== undefined || pattern !== '(standalone)');
  for (const [pattern, most] of counted) console.log(`${pattern}: ${bytesOf(pattern, sizes)} bytes of ${most}`);
  return overBudget(counted, sizes, micromatch.isMatch);
}

const bytesOf = (pattern, sizes) =>
  [...sizes]
    .filter(([path]) => path === pattern || micromatch.isMatch(path, pattern))
    .reduce((sum, [, size]) => sum + size, 0);

function packedSizes() {
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm pack ended with ${status}: ${stderr}`);
  const answer = JSON.parse(stdout);
  const [{ size, unpackedSize, files }] = Array.isArray(answer) ? answer : Object.values(answer);
  return new Map([['(packed)', size], ['(unpacked)', unpackedSize], ...files.map(file => [file.path, file.size])]);
}
