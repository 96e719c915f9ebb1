// What the measured figures are held against. Nothing here runs anything: figures in, verdicts out.

/** What a program took for a work: its median and its best time, and its peak memory. */
export interface Measured {
  readonly ms?: number | undefined;
  readonly bestMs?: number | undefined;
  readonly peakMiB?: number | undefined;
}

/** By work, then by column: `npm`, `standalone`, `sops`. */
export type Figures = ReadonlyMap<string, Readonly<Record<string, Measured>>>;

interface Bar {
  readonly work: string;
  readonly column: string;
  /** What the column stands beside. */
  readonly against: 'bare node' | 'sops' | 'exponent';
  readonly most: number;
  readonly of: 'time' | 'memory';
}

interface Verdict extends Bar {
  readonly measured: number | undefined;
  /** Undefined where something that it needs was not measured. */
  readonly isMet: boolean | undefined;
}

const yaml = (size: string): string[] => ['decrypt', 'encrypt'].map(verb => `${verb} ${size}-leaf YAML`);
const bar = (work: string, column: string, against: Bar['against'], most: number, of: Bar['of'] = 'time'): Bar => ({
  work,
  column,
  against,
  most,
  of,
});
const perSops = (works: readonly string[], npm: number, standalone: number, of?: Bar['of']): Bar[] =>
  works.flatMap(work => [bar(work, 'npm', 'sops', npm, of), bar(work, 'standalone', 'sops', standalone, of)]);

/**
 * The aims: beside a bare Node a difference in milliseconds, beside a sops a quotient. Works over `N files` stand for whatever number
 * that was.
 */
export const bars: readonly Bar[] = [
  bar('decrypt 10-value YAML', 'standalone', 'sops', 1.3),
  bar('decrypt 10-value YAML', 'npm', 'bare node', 25),
  bar('--version', 'npm', 'bare node', 12),
  bar('--help', 'npm', 'bare node', 12),
  ...perSops(yaml('1,000'), 0.75, 0.3),
  ...perSops(yaml('10,000'), 0.28, 0.13),
  ...perSops(yaml('100,000'), 0.15, 0.11),
  ...perSops(yaml('100,000'), 0.45, 0.45, 'memory'),
  ...perSops(['encrypt 20,000 flat JSON keys'], 0.01, 0.01),
  ...['decrypt', 'encrypt -i', 'check', 'updatekeys --dry-run'].flatMap(verb => perSops([`${verb} N files`], 0.1, 0.1)),
  ...(['time', 'memory'] as const).flatMap(of =>
    perSops(['encrypt 20 MB binary', 'decrypt 20 MB binary'], 0.5, 0.5, of),
  ),
  bar('decrypt with AWS KMS (moto)', 'npm', 'bare node', 115),
  bar('hook run, 100 staged files', 'npm', 'bare node', 250),
];

/** The largest exponent with which time may grow from 1,000 to 100,000 leaves, the time of a small file taken off. */
const exponentBar = 1.05;

/** Every bar with what was measured. */
export function verdicts(figures: Figures): Verdict[] {
  const rows = bars.map(one => {
    const name = [...figures.keys()].find(work => work.replace(/ \d+ files$/, ' N files') === one.work);
    const measured = name === undefined ? undefined : measuredFor(one, figures, name);
    return {
      ...one,
      work: name ?? one.work,
      measured,
      isMet: measured === undefined ? undefined : measured <= one.most,
    };
  });
  const growths = [...exponents(figures)].map(([verb, measured]) => ({
    ...bar(`${verb} YAML, growth from 1,000 to 100,000 leaves`, 'npm', 'exponent', exponentBar),
    measured,
    isMet: measured <= exponentBar,
  }));
  return [...rows, ...growths];
}

function measuredFor({ column, against, of }: Bar, figures: Figures, name: string): number | undefined {
  const unit = of === 'memory' ? 'peakMiB' : 'ms';
  const own = figures.get(name)?.[column]?.[unit];
  const other = against === 'sops' ? figures.get(name)?.['sops']?.[unit] : figures.get('bare node')?.['npm']?.[unit];
  if (own === undefined || other === undefined) return undefined;
  return against === 'sops' ? own / other : own - other;
}

/** By verb. @param unit `ms`, or `bestMs` where nothing else that the machine does may count */
export function exponents(figures: Figures, unit: 'ms' | 'bestMs' = 'ms'): Map<string, number> {
  const ms = (work: string) => figures.get(work)?.['npm']?.[unit];
  const found = new Map<string, number>();
  for (const verb of ['encrypt', 'decrypt']) {
    const [start, less, more] = ['10-value', '1,000-leaf', '100,000-leaf'].map(size => ms(`${verb} ${size} YAML`));
    if (start === undefined || less === undefined || more === undefined) continue;
    found.set(verb, Math.log(Math.max(1, more - start) / Math.max(1, less - start)) / Math.log(100));
  }
  return found;
}

/**
 * Bounds for a build that has no other one to be compared with: multiples of the time of a bare Node in the same run, and growth. They
 * are wide, since machines differ in what they are good at.
 */
const fixed = {
  exponent: 1.15,
  multiples: {
    '--version': 4,
    'decrypt 10-value YAML': 9,
    'decrypt 10,000-leaf YAML': 25,
    'encrypt 10,000-leaf YAML': 30,
    'encrypt 20,000 flat JSON keys': 18,
    'decrypt 20,000 flat JSON keys': 18,
    'hook run, 100 staged files': 20,
  },
};

/** What breaks the fixed bounds, in words. What else the machine does can only add time, so the fastest run counts. */
export function brokenBounds(figures: Figures): string[] {
  const best = (work: string) => figures.get(work)?.['npm']?.bestMs ?? Number.NaN;
  const broken = [...exponents(figures, 'bestMs')]
    .filter(([, exponent]) => exponent > fixed.exponent)
    .map(([verb, exponent]) => `${verb} YAML grows with exponent ${round(exponent)}, more than ${fixed.exponent}`);
  for (const [work, most] of Object.entries(fixed.multiples)) {
    const multiple = best(work) / best('bare node');
    if (Number.isNaN(multiple)) broken.push(`${work} was not measured`);
    else if (multiple > most) broken.push(`${work} takes ${round(multiple)} times a bare Node, more than ${most}`);
  }
  return broken;
}

/** How much more than the base a build may take before it counts as slower. See docs/benchmarks.md for the noise that was measured. */
export const margins = { processorMs: 1.1, clockMs: 1.5 };

/** A run of a program. */
export interface Usage {
  /** What it used of the processors, with all its threads. */
  readonly processorMs: number;
  /** From its start to its end. */
  readonly clockMs: number;
}

export interface Pair {
  readonly name: string;
  readonly base: readonly Usage[];
  readonly current: readonly Usage[];
}

/**
 * A build beside another one: for each work the quotient of the least that either took, and whether it is within the margins. The least
 * counts, since everything else on the machine can only add.
 */
export function compare(pairs: readonly Pair[]): (Usage & { readonly name: string; readonly isMet: boolean })[] {
  return pairs.map(({ name, base, current }) => {
    const quotient = (unit: keyof Usage) => least(current, unit) / least(base, unit);
    const [processorMs, clockMs] = [quotient('processorMs'), quotient('clockMs')];
    // Written so that a figure that is none does not pass.
    return { name, processorMs, clockMs, isMet: processorMs <= margins.processorMs && clockMs <= margins.clockMs };
  });
}

const least = (runs: readonly Usage[], unit: keyof Usage): number => Math.min(...runs.map(run => run[unit]));

/**
 * What is larger than its budget, or not there, in words.
 * @param budgets pairs of a pattern and the most bytes that all files that it matches may have together
 * @param sizes bytes by path; what is no file has a name in parentheses
 */
export function overBudget(
  budgets: readonly (readonly [pattern: string, most: number])[],
  sizes: ReadonlyMap<string, number>,
  matches: (path: string, pattern: string) => boolean,
): string[] {
  return budgets.flatMap(([pattern, most]) => {
    const found = [...sizes].filter(([path]) => path === pattern || matches(path, pattern));
    if (found.length === 0) return [`nothing is called ${pattern}, which has a budget`];
    const bytes = found.reduce((sum, [, size]) => sum + size, 0);
    return bytes > most ? [`${pattern} has ${bytes} bytes, more than ${most}`] : [];
  });
}

export function round(number: number, digits = 2): number {
  return Number(number.toFixed(digits));
}
