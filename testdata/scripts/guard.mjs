// Stands the build beside that of an earlier commit, both in turn in the same run, so that no time of one machine counts. The earlier
// source is unpacked into a temporary folder and built there with the packages at hand.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, margins, round } from './bounds.ts';
import { flatJson, smallFile, yamlFile } from './inputs.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const buildMs = 60_000;
/** A work that looks slower is run again: noise goes with more runs, a slower build stays. */
const rounds = [5, 5, 10];
/** After this no further round begins. */
const limitMs = 60_000;

/**
 * What has become slower, in words; undefined where there is no earlier build to compare with, which is said.
 * @param base a commit; else the newest tag before this commit, else where this branch left the main one, else the commit before
 */
export async function compareWithBase({ children, base: named, tsops, makeIdentity }) {
  const base = named ?? baseCommit();
  if (base !== undefined && isSameBuild(base)) {
    console.log(`nothing that is built differs from ${base}`);
    return [];
  }
  const built = base === undefined ? 'there is no earlier commit here' : builtAt(base, children.folder);
  if (built !== true) {
    console.log(`no comparison with an earlier build (${built}); the fixed bounds count instead`);
    return undefined;
  }
  const pairs = worksOf({ children, recipient: makeIdentity() }).map(work => ({ ...work, base: [], current: [] }));
  const programs = { base: join(children.folder, 'base', 'bin', 'tsops.js'), current: tsops };
  const end = performance.now() + limitMs;
  for (const count of rounds) {
    const slower = compare(pairs).filter(({ isMet }) => !isMet);
    if (pairs[0].base.length > 0 && slower.length === 0) break;
    const again = pairs.filter(({ name }) => slower.some(row => row.name === name));
    for (let turn = 0; turn < count && (pairs[0].base.length === 0 || performance.now() < end); turn++)
      for (const pair of again) oneTurn(pair, programs, turn, children);
  }
  const found = compare(pairs);
  console.log(`beside the build of ${base}, the least of ${pairs.map(pair => pair.base.length).join(', ')} runs:`);
  for (const row of found)
    console.log(`  ${row.name}: ${round(row.processorMs, 3)} × processor, ${round(row.clockMs, 3)} × clock`);
  return found.filter(({ isMet }) => !isMet).map(row => slowerWords(row, base));
}

const slowerWords = ({ name, processorMs, clockMs }, base) =>
  `${name} takes ${round(processorMs, 3)} times the processor and ${round(clockMs, 3)} times the time of ${base}; ` +
  `${margins.processorMs} and ${margins.clockMs} are allowed`;

/** Whoever comes second finds the caches warm, so they take turns at that too. */
function oneTurn({ args, base, current }, programs, turn, children) {
  const order = turn % 2 === 0 ? ['base', 'current'] : ['current', 'base'];
  const runs = { base, current };
  for (const which of order) runs[which].push(children.processor([process.execPath, programs[which], ...args]));
}

function worksOf({ children, recipient }) {
  const write = (name, text) => writeFileSync(join(children.folder, name), text);
  const encrypted = (name, from) => {
    write(
      name,
      children.run([process.execPath, join(root, 'bin', 'tsops.js'), 'encrypt', '--age', recipient, from]).stdout,
    );
    return name;
  };
  write('small.yaml', smallFile);
  write('large.yaml', yamlFile(10_000));
  write('flat.json', flatJson(20_000));
  mkdirSync(join(children.folder, 'many'));
  const small = encrypted('small.enc.yaml', 'small.yaml');
  const large = encrypted('large.enc.yaml', 'large.yaml');
  const flat = encrypted('flat.enc.json', 'flat.json');
  for (let n = 0; n < 200; n++) copyFileSync(join(children.folder, small), join(children.folder, 'many', `${n}.yaml`));
  return [
    { name: '--version', args: ['--version'] },
    { name: 'decrypt 10-value YAML', args: ['decrypt', small] },
    { name: 'decrypt 10,000-leaf YAML', args: ['decrypt', large] },
    { name: 'encrypt 10,000-leaf YAML', args: ['encrypt', '--age', recipient, 'large.yaml'] },
    { name: 'decrypt 20,000 flat JSON keys', args: ['decrypt', flat] },
    { name: 'decrypt 200 files', args: ['decrypt', 'many'] },
  ];
}

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() || undefined : undefined;
}

function baseCommit() {
  const head = git('rev-parse', 'HEAD');
  const tag = git('describe', '--tags', '--abbrev=0', 'HEAD^');
  const branched = ['origin/HEAD', 'origin/main', 'main'].map(name => git('merge-base', 'HEAD', name)).find(Boolean);
  const chosen = tag ?? (branched === head ? undefined : branched) ?? 'HEAD^';
  return git('rev-parse', '--short', '--verify', '-q', `${chosen}^{commit}`);
}

/** Whether a commit has all that the build is made from as it is here, changes that are not committed among it. */
function isSameBuild(commit) {
  const parts = ['src', 'bin', 'build', 'rolldown.config.mjs', 'package.json', 'package-lock.json', 'tsconfig.json'];
  const { status } = spawnSync('git', ['diff', '--quiet', commit, '--', ...parts], { cwd: root, stdio: 'ignore' });
  return status === 0;
}

/** True, or why there is no build. */
function builtAt(commit, folder) {
  const place = join(folder, 'base');
  const archive = join(folder, 'base.tar');
  mkdirSync(place);
  if (git('rev-parse', '-q', '--verify', `${commit}^{commit}`) === undefined) return `${commit} is not here`;
  const unpacked = [
    ['git', ['archive', '--format=tar', '-o', archive, commit]],
    ['tar', ['-xf', archive, '-C', place]],
  ].every(([program, args]) => spawnSync(program, args, { cwd: root, stdio: 'ignore' }).status === 0);
  if (!unpacked) return `the source of ${commit} cannot be unpacked`;
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'), 'junction');
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const options = { cwd: place, timeout: buildMs, env: { ...process.env, PATH: path }, stdio: 'ignore' };
  const build = spawnSync('npm', ['run', '--silent', 'build'], { ...options, shell: process.platform === 'win32' });
  return build.status === 0 || `${commit} does not build with the packages at hand`;
}
