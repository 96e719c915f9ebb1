// Times the built command as whole processes, beside a bare Node and, where TSOPS_TEST_SOPS names one, a sops; runs are interleaved and
// medians count. Every aim of docs/benchmarks.md is shown with what was measured. `--json` prints the figures, `--write` renews the page,
// `--standalone FILE` (or TSOPS_TEST_STANDALONE) adds the columns of the standalone executable, `--quick` takes under a minute.
// `--check` fails where the build is slower than the one it came from (`--base COMMIT`; see guard.mjs) or larger than its budget.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brokenBounds, exponents, round, verdicts } from './bounds.ts';
import { checkBudget } from './budget.mjs';
import { compareWithBase } from './guard.mjs';
import { Children, environmentIn, median } from './measure.ts';
import { worksOf } from './works.mjs';

const page = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const tsops = fileURLToPath(new URL('../../bin/tsops.js', import.meta.url));
const flag = { type: 'boolean', default: false };
const { values: options } = parseArgs({
  options: {
    ...{ quick: flag, json: flag, write: flag, check: flag },
    ...{ standalone: { type: 'string' }, base: { type: 'string' } },
  },
});
/** Children run in other folders. */
const placeOf = path => (path ? resolve(path) : undefined);
const standalone = placeOf(options.standalone ?? process.env.TSOPS_TEST_STANDALONE);
const sops = placeOf(process.env.TSOPS_TEST_SOPS);
const rounds = options.quick ? 3 : 9;
const command = (...args) => [process.execPath, tsops, ...args];
const folder = mkdtempSync(join(tmpdir(), 'tsops-bench-'));
const children = new Children(folder, environmentIn(folder));

async function main() {
  const figures = await measured();
  const rows = verdicts(figures);
  if (options.json) console.log(JSON.stringify({ ...machine(), rows, figures: asObject(figures) }, null, 2));
  else console.log(`${worksTable(figures)}\n\n${barsTable(rows)}\n\n${notes(rows)}`);
  if (options.write) writeFileSync(page, renewed(readFileSync(page, 'utf8'), report(figures, rows)));
}

/** In continuous integration: no time of one machine counts. */
async function check() {
  const problems = await checkBudget(standalone);
  const found = await compareWithBase({ children, base: options.base, tsops, makeIdentity });
  problems.push(...(found ?? brokenBounds(await measured())));
  if (problems.length === 0) return console.log('all bounds hold');
  console.error(problems.join('\n'));
  process.exitCode = 1;
}

function makeIdentity() {
  const made = children.run(command('keygen', '-o', join(folder, 'identity.txt')));
  return /age1[0-9a-z]+/.exec(made.stdout.toString() + made.stderr.toString())[0];
}

async function measured() {
  const recipient = makeIdentity();
  const tools = { children, command, standalone, sops, recipient, isQuick: options.quick };
  const { works, stop } = await worksOf(tools);
  try {
    const times = interleaved(works);
    const figures = new Map();
    for (const work of works) figures.set(work.name, await figuresOf(work, times.get(work.name)));
    return figures;
  } finally {
    await stop();
  }
}

/** Every round runs each program once, so that what the machine does otherwise meets all of them. */
function interleaved(works) {
  const times = new Map(
    works.map(({ name, programs }) => [name, new Map(Object.keys(programs).map(key => [key, []]))]),
  );
  for (let turn = 0; turn < rounds; turn++) {
    for (const work of works) {
      for (const [column, argv] of Object.entries(work.programs)) {
        const most = options.quick ? Math.min(work.rounds ?? rounds, quickRounds(work)) : (work.rounds ?? rounds);
        if (turn >= ((column === 'sops' && work.sopsRounds) || most)) continue;
        work.before?.();
        times.get(work.name).get(column).push(children.time(argv, work));
      }
    }
  }
  return times;
}

const quickRounds = ({ memory }) => (memory ? 1 : 3);

async function figuresOf(work, times) {
  const columns = {};
  for (const [column, argv] of Object.entries(work.programs)) {
    const factor = column === 'sops' ? (work.sopsTimes ?? 1) : 1;
    const list = times.get(column);
    columns[column] = { ms: factor * median(list), bestMs: factor * Math.min(...list) };
    // A loop has no memory of its own.
    if (!work.memory || options.quick || (column === 'sops' && work.sopsTimes !== undefined)) continue;
    work.before?.();
    columns[column].peakMiB = await children.peakMiB(argv, work);
  }
  return columns;
}

function machine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: cpus()[0].model,
    processors: cpus().length,
    load: round(loadavg()[0], 1),
    memoryFrom: children.memoryFrom,
  };
}

const asObject = figures => Object.fromEntries(figures);

function worksTable(figures) {
  const bare = figures.get('bare node').npm.ms;
  const columns = [
    ['work', ({ name }) => name],
    ['ms', ({ npm }) => shown(npm.ms, 1)],
    ['over bare Node, ms', ({ npm }) => shown(npm.ms - bare, 1)],
    ['MiB', ({ npm }) => shown(npm.peakMiB, 0)],
  ];
  if (standalone !== undefined)
    columns.push(
      ['standalone, ms', row => shown(row.standalone?.ms, 1)],
      ['standalone, MiB', row => shown(row.standalone?.peakMiB, 0)],
    );
  if (sops !== undefined) {
    columns.push(['sops, ms', row => shown(row.sops?.ms, 1)], ['sops, MiB', row => shown(row.sops?.peakMiB, 0)]);
    columns.push(['ms ÷ sops', row => shown(row.sops && row.npm.ms / row.sops.ms, 3)]);
    if (standalone !== undefined)
      columns.push([
        'standalone ÷ sops',
        row => shown(row.sops && row.standalone && row.standalone.ms / row.sops.ms, 3),
      ]);
  }
  return tableOf(
    columns.map(([head]) => head),
    [...figures].map(([name, row]) => columns.map(([, cell]) => cell({ name, ...row }))),
  );
}

function barsTable(rows) {
  const head = ['aim', 'program', 'is', 'measured', 'at most', 'met'];
  const against = { 'bare node': 'ms over bare Node', sops: '× sops', exponent: 'exponent' };
  const lines = rows.map(({ work, column, against: other, of, most, measured: found, isMet }) => [
    work,
    column,
    of === 'memory' ? 'peak memory, × sops' : against[other],
    shown(found, other === 'bare node' ? 1 : 3),
    most,
    isMet === undefined ? 'not measured' : isMet ? 'yes' : '**no**',
  ]);
  return tableOf(head, lines);
}

function tableOf(head, rows) {
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}

const shown = (number, digits) => (number === undefined || Number.isNaN(number) ? '–' : String(round(number, digits)));

/** What was left out, and what somebody has to know to read the rest. */
function notes(rows) {
  const missing = [
    ...(sops === undefined ? ['no sops: TSOPS_TEST_SOPS names one'] : []),
    ...(standalone === undefined ? ['no standalone executable: --standalone names one'] : []),
    ...(rows.some(({ work, isMet }) => work.includes('moto') && isMet === undefined)
      ? ['no moto_server: TSOPS_TEST_MOTO names one']
      : []),
  ];
  const met = rows.filter(({ isMet }) => isMet).length;
  const open = rows.filter(({ isMet }) => isMet === undefined).length;
  const left = missing.length === 0 ? '' : `, since there was ${missing.join('; ')}`;
  return `${met} of ${rows.length} aims are met, ${rows.length - met - open} are not, ${open} were not measured${left}.`;
}

const [startMark, endMark] = ['<!-- printed: begin -->', '<!-- printed: end -->'];

/** What is written by hand stays around what is printed. */
function renewed(text, printed) {
  const [start, end] = [text.indexOf(startMark), text.indexOf(endMark)];
  if (start < 0 || end < start) throw new Error('docs/benchmarks.md has no place for what is printed');
  return `${text.slice(0, start + startMark.length)}\n\n${printed}\n\n${text.slice(end)}`;
}

function report(figures, rows) {
  const { date, node, cpu, processors, load } = machine();
  const growth = [...exponents(figures)].map(([verb, exponent]) => `${verb} ${round(exponent)}`).join(', ');
  const theirs =
    sops === undefined ? '' : ` The columns for sops are a build of ${versionOf(sops)} on the same machine.`;
  return `Printed on ${date} by \`npm run bench -- --write${options.quick ? ' --quick' : ''}\`: Node ${node}, ${cpu}, ${processors} processors, a load of ${load} at
the end. Medians of up to ${rounds} interleaved whole-process runs.${theirs}

${worksTable(figures)}

Growth of the time from 1,000 to 100,000 YAML leaves, that of the small file taken off, as an exponent: ${growth}.

### Aims

${barsTable(rows)}

${notes(rows)}`;
}

function versionOf(program) {
  return /sops \d+\.\d+\.\d+\S*/.exec(children.run([program, '--version']).stdout.toString())?.[0] ?? 'sops';
}

try {
  await (options.check ? check() : main());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
