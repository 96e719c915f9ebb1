// Times the built command as whole processes: start-up beside a bare Node, and files of growing size. Runs are interleaved and
// medians are shown, as ratios. `--json` prints the figures, `--check` fails where a bound is broken, `--write` renews
// docs/benchmarks.md. TSOPS_TEST_SOPS names a sops to stand beside. `--many` measures runs over many files instead, which takes minutes.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manyFigures, manyTable } from './many.mjs';

const tsops = fileURLToPath(new URL('../../bin/tsops.js', import.meta.url));
const page = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const options = new Set(process.argv.slice(2));
const rounds = options.has('--quick') ? 3 : 7;
const sizes = [100, 1_000, 10_000, 100_000];
const folder = mkdtempSync(join(tmpdir(), 'tsops-bench-'));
const environment = childEnvironment();
const sops = process.env.TSOPS_TEST_SOPS;

/** The bounds: growth, and multiples of the time of a bare Node in the same run, since machines and their moments differ. */
const bounds = {
  exponent: 1.15,
  'encrypt yaml 10000': 50,
  'decrypt yaml 10000': 50,
  'encrypt json flat 20000': 18,
  'decrypt json flat 20000': 18,
};

/** Where the part about many files begins on the page; either part is renewed without the other. */
const manyTitle = '## Many files';

try {
  if (options.has('--many')) many();
  else main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function main() {
  const recipient = makeIdentity();
  const programs = [
    ['bare node', [process.execPath, join(folder, 'empty.cjs')]],
    ['--version', command('--version')],
  ];
  writeFileSync(join(folder, 'empty.cjs'), '');
  for (const work of workloads(recipient)) programs.push(...work);
  const { medians, best } = interleaved(programs);
  const figures = evaluate(medians, best);
  if (options.has('--json')) console.log(JSON.stringify(figures, null, 2));
  else console.log(table(figures));
  if (options.has('--write')) writeFileSync(page, [report(figures), pageParts()[1]].filter(Boolean).join('\n'));
  if (options.has('--check')) check(figures);
}

function many() {
  const tools = {
    folder,
    command,
    run,
    median,
    makeIdentity,
    sops,
    rounds: 3,
    recipient: makeIdentity(),
    text: smallFile(),
  };
  const figures = manyFigures(tools);
  if (options.has('--json')) console.log(JSON.stringify(figures, null, 2));
  else console.log(manyTable(figures));
  if (options.has('--write')) writeFileSync(page, `${pageParts()[0]}\n${manyReport(figures)}`);
}

/** The page as it is: what stands before the part about many files, and that part. */
function pageParts() {
  const text = readFileSync(page, 'utf8');
  const start = text.indexOf(manyTitle);
  return start < 0 ? [text, ''] : [`${text.slice(0, start).trimEnd()}\n`, text.slice(start)];
}

function manyReport(figures) {
  return `${manyTitle}

Printed by \`npm run bench -- --many --write\` on ${today()}: ${machine()}, medians of 3 interleaved runs, with a load of
${loadavg()[0].toFixed(1)} at the end: read the ratios. Every file has ten values and ${figures.recipients} age recipients. "One call" names the folder; "loop" is a
call for each file in turn: the median of such calls for ${figures.sample} files in the same run, times the number of files. The peak is the
largest resident set of the one call.${sopsNote('The columns for sops are')}

${manyTable(figures)}
`;
}

function today() {
  return new Date().toISOString().slice(0, 10);
}

function machine() {
  return `Node ${process.version}, ${cpus()[0].model}, two cores`;
}

function sopsNote(start) {
  return sops === undefined ? '' : ` ${start} a build of sops 3.13.2 on the same machine.`;
}

function makeIdentity(name = 'identity.txt') {
  const made = run(command('keygen', '-o', join(folder, name)));
  return /age1[0-9a-z]+/.exec(made.stdout.toString() + made.stderr.toString())[0];
}

function* workloads(recipient) {
  yield prepare('10-value', 'yaml', smallFile(), recipient);
  for (const size of sizes) {
    yield prepare(`${size}`, 'yaml', yamlFile(size), recipient);
    yield prepare(`${size}`, 'json', nestedJson(size), recipient);
  }
  yield prepare('flat 20000', 'json', flatJson(20_000), recipient);
}

/** Two programs for a file: encrypting it, and decrypting what that gave. */
function prepare(label, ending, text, recipient) {
  const plain = join(folder, `${label.replace(' ', '-')}.${ending}`);
  const sealed = join(folder, `${label.replace(' ', '-')}.enc.${ending}`);
  writeFileSync(plain, text);
  const encrypting = ['encrypt', '--age', recipient, plain];
  const done = run(command(...encrypting));
  if (done.status !== 0) throw new Error(`encrypting ${label} ended with ${done.status}: ${done.stderr}`);
  writeFileSync(sealed, done.stdout);
  const programs = [
    [`encrypt ${ending} ${label}`, command(...encrypting)],
    [`decrypt ${ending} ${label}`, command('decrypt', sealed)],
  ];
  // A sops needs minutes for the largest files.
  if (sops !== undefined && (options.has('--long') || !/0000$/.test(label.replace(/^10000$/, '')))) {
    programs.push(
      [`sops encrypt ${ending} ${label}`, [sops, ...encrypting]],
      [`sops decrypt ${ending} ${label}`, [sops, 'decrypt', sealed]],
    );
  }
  return programs;
}

function interleaved(programs) {
  const times = new Map(programs.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, argv] of programs) {
      if (round >= 3 && / 100000$/.test(name)) continue;
      const start = process.hrtime.bigint();
      const done = run(argv);
      if (done.status !== 0) throw new Error(`${name} ended with ${done.status}: ${done.stderr}`);
      times.get(name).push(Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  return {
    medians: new Map([...times].map(([name, list]) => [name, median(list)])),
    best: new Map([...times].map(([name, list]) => [name, Math.min(...list)])),
  };
}

function evaluate(medians, best) {
  const bare = medians.get('bare node');
  const rows = [...medians]
    .filter(([name]) => !name.startsWith('sops '))
    .map(([name, ms]) => ({
      name,
      ms: round(ms),
      best: round(best.get(name)),
      overBareNode: round(ms - bare),
      timesBareNode: round(ms / bare),
      timesSops: ratio(ms, medians.get(`sops ${name}`)),
    }));
  const exponents = {};
  for (const kind of ['encrypt yaml', 'decrypt yaml', 'encrypt json', 'decrypt json']) {
    exponents[kind] = round(Math.log(net(medians, kind, 100_000) / net(medians, kind, 10_000)) / Math.log(10));
  }
  return { node: process.version, cpu: cpus()[0].model, rounds, rows, exponents };

  function net(all, kind, size) {
    return Math.max(1, all.get(`${kind} ${size}`) - all.get(`${kind} 100`));
  }
}

function check({ rows, exponents }) {
  const broken = Object.entries(exponents)
    .filter(([, exponent]) => exponent > bounds.exponent)
    .map(([kind, exponent]) => `${kind} grows with exponent ${exponent}`);
  // What else the machine does can only add time, so the fastest run counts.
  const bare = rows.find(({ name }) => name === 'bare node').best;
  for (const { name, best } of rows)
    if (best / bare > (bounds[name] ?? Number.POSITIVE_INFINITY))
      broken.push(`${name} takes ${round(best / bare)} times a bare Node, more than ${bounds[name]}`);
  if (broken.length === 0) return console.log('all bounds hold');
  console.error(broken.join('\n'));
  process.exitCode = 1;
}

function table({ rows, exponents }) {
  const withSops = rows.some(row => row.timesSops !== undefined);
  const head = `| work | ms (median) | over bare Node | × bare Node |${withSops ? ' × sops |' : ''}\n|---|---|---|---|${withSops ? '---|' : ''}`;
  const lines = rows.map(
    row =>
      `| ${row.name} | ${row.ms} | ${row.overBareNode} | ${row.timesBareNode} |${withSops ? ` ${row.timesSops ?? '–'} |` : ''}`,
  );
  const growth = Object.entries(exponents)
    .map(([kind, exponent]) => `${kind}: ${exponent}`)
    .join(', ');
  return `${head}\n${lines.join('\n')}\n\nGrowth exponent from 10,000 to 100,000 leaves (start-up taken off): ${growth}`;
}

function report(figures) {
  return `# Benchmarks\n\nPrinted by \`npm run bench -- --write\` on ${today()}: ${machine()}, medians of up to ${figures.rounds} interleaved
whole-process runs. Read the ratios; the milliseconds are those of one machine.${sopsNote('The column for sops is')}\n\n${table(figures)}\n`;
}

function command(...args) {
  return [process.execPath, tsops, ...args];
}

function run([program, ...args], more = {}) {
  return spawnSync(program, args, { cwd: folder, env: { ...environment, ...more }, maxBuffer: 1 << 30 });
}

function childEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('SOPS_') && name !== 'NODE_EXTRA_CA_CERTS' && name !== 'NODE_OPTIONS',
  );
  return {
    ...Object.fromEntries(kept),
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    SOPS_AGE_KEY_FILE: join(folder, 'identity.txt'),
  };
}

function smallFile() {
  return 'database:\n  user: app\n  password: correct horse battery staple\n  port: 5432\n  tls: true\n# keys of other services\nservices:\n  - name: mail\n    token: 0123456789abcdef\n  - name: search\n    token: fedcba9876543210\nratio: 0.25\nlast: end\n';
}

function yamlFile(leaves) {
  const lines = [];
  for (let i = 0; i < leaves; i++) {
    if (i % 10 === 0) lines.push(`group${i / 10}:`);
    if (i % 50 === 5) lines.push('  # a comment about the next value');
    lines.push(`  key${i}: value number ${i} of this file`);
  }
  return `${lines.join('\n')}\n`;
}

function nestedJson(leaves) {
  const groups = [];
  for (let i = 0; i < leaves; i += 10) {
    const members = Array.from(
      { length: Math.min(10, leaves - i) },
      (_, k) => `    "key${i + k}": "value number ${i + k} of this file"`,
    );
    groups.push(`  "group${i / 10}": {\n${members.join(',\n')}\n  }`);
  }
  return `{\n${groups.join(',\n')}\n}\n`;
}

function flatJson(keys) {
  return `{\n${Array.from({ length: keys }, (_, i) => `  "key${i}": "value ${i}"`).join(',\n')}\n}\n`;
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function round(number) {
  return Math.round(number * 100) / 100;
}

function ratio(ours, theirs) {
  return theirs === undefined ? undefined : round(ours / theirs);
}
