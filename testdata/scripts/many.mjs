// The part of the benchmark about many files: one call for all of them beside a shell loop of calls for one file each, and the memory
// that the one call needs at its peak. Both are timed in turn, in the same run, so that the ratio holds on any machine.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const counts = [100, 1_000];
const sample = 20;
const recipients = 5;
const works = [
  ['decrypt', ['decrypt']],
  ['check', ['check']],
  ['check --verify', ['check', '--verify']],
  ['updatekeys --dry-run', ['updatekeys', '--dry-run']],
];

/** What is measured, with the tools of the benchmark: `command` and `run` of tsops, a `recipient` that opens all files, the `text` of each. */
export function manyFigures(tools) {
  const ages = [tools.recipient];
  while (ages.length < recipients) ages.push(tools.makeIdentity(`other-${ages.length}.txt`));
  const rule = `creation_rules:\n  - path_regex: ^many-\n    age: ${ages.join(',')}\n`;
  writeFileSync(join(tools.folder, '.sops.yaml'), rule);
  const rows = counts.flatMap(count => {
    const files = makeFiles(count, tools);
    return works.map(([name, words]) => rowOf(name, words, files, tools));
  });
  rmSync(join(tools.folder, '.sops.yaml'));
  return { sample, recipients, rows };
}

function makeFiles(count, { folder, text, command, run }) {
  const tree = `many-${count}`;
  mkdirSync(join(folder, tree));
  const names = Array.from({ length: count }, (_, index) => `${tree}/${String(index).padStart(4, '0')}.yaml`);
  for (const name of names) writeFileSync(join(folder, name), text);
  succeed(run(command('encrypt', '-i', tree)), 'encrypt');
  return { tree, names };
}

function rowOf(name, words, { tree, names }, tools) {
  const { command, median, rounds, sops } = tools;
  const [once, alone, theirs] = [[], [], []];
  const chosen = names.filter((_, index) => index % (names.length / sample) === 0);
  const time = argv => timed(() => succeed(tools.run(argv), name));
  for (let round = 0; round < rounds; round++) {
    once.push(time(command(...words, tree)));
    for (const file of chosen) {
      alone.push(time(command(...words, file)));
      if (sops !== undefined && name === 'decrypt') theirs.push(time([sops, '-d', file]));
    }
  }
  const peakMiB = peakOf(command(...words, tree), tools);
  return {
    name,
    files: names.length,
    ms: median(once),
    loopMs: names.length * median(alone),
    sopsMs: theirs.length > 0 ? names.length * median(theirs) : undefined,
    peakMiB,
  };
}

/** The largest resident set of a run, as its own Node tells it at the end. */
function peakOf(argv, { folder, run }) {
  const file = join(folder, 'peak.txt');
  const code = `import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(${JSON.stringify(file)},String(process.resourceUsage().maxRSS)))`;
  succeed(
    run(argv, { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }),
    'the run for its memory',
  );
  return Number(readFileSync(file, 'utf8')) / 1024;
}

function timed(work) {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function succeed({ status, stderr }, what) {
  if (status !== 0) throw new Error(`${what} ended with ${status}: ${stderr}`);
}

export function manyTable({ rows }) {
  const withSops = rows.some(({ sopsMs }) => sopsMs !== undefined);
  const head = ['work', 'files', 'one call, s', 'ms per file', 'loop, s', 'loop ÷ one call', 'peak memory, MiB'];
  if (withSops) head.push('loop of sops, s', 'loop of sops ÷ one call');
  const seconds = ms => (ms / 1000).toFixed(2);
  const line = ({ name, files, ms, loopMs, sopsMs, peakMiB }) => [
    name,
    files,
    seconds(ms),
    (ms / files).toFixed(2),
    seconds(loopMs),
    (loopMs / ms).toFixed(1),
    Math.round(peakMiB),
    ...(withSops ? (sopsMs === undefined ? ['–', '–'] : [seconds(sopsMs), (sopsMs / ms).toFixed(1)]) : []),
  ];
  const lines = [head, head.map(() => '---'), ...rows.map(line)];
  return lines.map(cells => `| ${cells.join(' | ')} |`).join('\n');
}
