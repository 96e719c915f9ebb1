/** What the benchmark makes of its figures: a guard that cannot fail is none. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import micromatch from 'micromatch';
import {
  bars,
  brokenBounds,
  compare,
  exponents,
  type Measured,
  margins,
  overBudget,
  verdicts,
} from '../scripts/bounds.ts';
import { type Argv, Children, environmentIn, median } from '../scripts/measure.ts';
import { newFolder, removeFolder, root } from './harness.ts';

type Figures = Map<string, Record<string, Measured>>;

describe('aims', () => {
  const figuresOf = (npm: number, sops: number, peaks: [number, number] = [1, 1]): Figures =>
    new Map([
      ['bare node', { npm: { ms: 20 } }],
      ['--version', { npm: { ms: npm } }],
      ['decrypt 100,000-leaf YAML', { npm: { ms: npm, peakMiB: peaks[0] }, sops: { ms: sops, peakMiB: peaks[1] } }],
      ['check 200 files', { npm: { ms: npm }, sops: { ms: sops } }],
    ]);
  const verdict = (figures: Figures, work: string, of = 'time') =>
    verdicts(figures).find(row => row.work === work && row.column === 'npm' && row.of === of);

  test('a difference to a bare Node is met up to its bar', () => {
    assert.equal(verdict(figuresOf(32, 1), '--version')?.isMet, true);
    const over = verdict(figuresOf(32.5, 1), '--version');
    assert.deepEqual([over?.measured, over?.isMet], [12.5, false]);
  });

  test('a quotient to a sops, in time and in memory', () => {
    const work = 'decrypt 100,000-leaf YAML';
    assert.equal(verdict(figuresOf(15, 100), work)?.isMet, true);
    assert.equal(verdict(figuresOf(16, 100), work)?.isMet, false);
    assert.equal(verdict(figuresOf(1, 100, [45, 100]), work, 'memory')?.isMet, true);
    assert.equal(verdict(figuresOf(1, 100, [46, 100]), work, 'memory')?.isMet, false);
  });

  test('works over many files are found whatever their number', () => {
    assert.equal(verdict(figuresOf(10, 100), 'check 200 files')?.isMet, true);
    assert.equal(verdict(figuresOf(11, 100), 'check 200 files')?.isMet, false);
  });

  test('what was not measured is neither met nor missed', () => {
    const rows = verdicts(new Map([['bare node', { npm: { ms: 1 } }]]));
    assert.equal(rows.length, bars.length);
    assert.ok(rows.every(({ isMet }) => isMet === undefined));
  });

  test('growth is the exponent between 1,000 and 100,000 leaves, without the start', () => {
    const figures: Figures = new Map();
    for (const [size, ms] of [
      ['10-value', 50],
      ['1,000-leaf', 60],
      ['100,000-leaf', 1050],
    ] as const)
      figures.set(`decrypt ${size} YAML`, { npm: { ms } });
    assert.deepEqual([...exponents(figures)], [['decrypt', 1]]);
    figures.set('decrypt 100,000-leaf YAML', { npm: { ms: 1550 } });
    assert.equal(verdicts(figures).at(-1)?.isMet, false);
  });
});

describe('beside an earlier build', () => {
  const runs = (...pairs: [processorMs: number, clockMs: number][]) =>
    pairs.map(([processorMs, clockMs]) => ({ processorMs, clockMs }));
  const rows: [what: string, current: [number, number][], expected: boolean][] = [
    ['the same', [[100, 200]], true],
    ['faster', [[50, 90]], true],
    ['within both margins', [[100 * margins.processorMs, 200 * margins.clockMs]], true],
    ['more of the processor', [[100 * margins.processorMs + 1, 200]], false],
    ['more time on the clock, in which the processor waits', [[100, 200 * margins.clockMs + 1]], false],
    [
      'one disturbed run among others',
      [
        [400, 900],
        [101, 203],
        [150, 300],
      ],
      true,
    ],
    ['no figures', [], false],
    ['a figure that is none', [[Number.NaN, 200]], false],
  ];
  for (const [what, current, expected] of rows) {
    test(what, () => {
      const [row] = compare([{ name: 'x', base: runs([110, 210], [100, 200]), current: runs(...current) }]);
      assert.equal(row?.isMet, expected);
    });
  }
});

test('fixed bounds: the fastest run counts, and what was not measured is broken too', () => {
  const figures: Figures = new Map([['bare node', { npm: { bestMs: 20 } }]]);
  assert.ok(brokenBounds(figures).includes('--version was not measured'));
  const broken = (bestMs: number) => {
    figures.set('--version', { npm: { bestMs } });
    return brokenBounds(figures).filter(text => text.startsWith('--version'));
  };
  assert.deepEqual(broken(80), []);
  assert.deepEqual(broken(82), ['--version takes 4.1 times a bare Node, more than 4']);
});

test('budgets: all that a pattern matches counts together, and a pattern for nothing is an error', () => {
  const sizes = new Map([
    ['(packed)', 90],
    ['dist/a.js', 10],
    ['dist/b/c.js', 5],
  ]);
  const over = (pattern: string, most: number) => overBudget([[pattern, most]], sizes, micromatch.isMatch);
  assert.deepEqual(over('(packed)', 90), []);
  assert.deepEqual(over('(packed)', 89), ['(packed) has 90 bytes, more than 89']);
  assert.deepEqual(over('dist/**/*.js', 15), []);
  assert.deepEqual(over('dist/**/*.js', 14), ['dist/**/*.js has 15 bytes, more than 14']);
  assert.deepEqual(over('dist/gone.js', 1), ['nothing is called dist/gone.js, which has a budget']);
});

test('the budgets in use are pairs of a pattern and a number', () => {
  const { budgets } = JSON.parse(readFileSync(join(root, 'testdata', 'budgets.json'), 'utf8'));
  assert.ok(budgets.length > 0);
  for (const [pattern, most] of budgets) assert.ok(typeof pattern === 'string' && most > 0, pattern);
});

test('the middle of figures', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 100]), 3);
});

test('a child: its memory, its processor, its failure', async () => {
  const folder = newFolder();
  try {
    const children = new Children(folder, environmentIn(folder));
    const node = (code: string): Argv => [process.execPath, '--eval', code];
    const idle = children.processor(node('setTimeout(() => {}, 300)'));
    assert.ok(idle.clockMs > 300 && idle.processorMs < idle.clockMs, JSON.stringify(idle));
    const busy = children.processor(node('const end = Date.now() + 300; while (Date.now() < end);'));
    assert.ok(busy.processorMs > idle.processorMs, JSON.stringify({ idle, busy }));
    assert.throws(() => children.run(node('process.exit(3)')), /ended with 3/);
    if (process.platform !== 'linux') return;
    const little = (await children.peakMiB(node(''))) ?? 0;
    const much = (await children.peakMiB(node('Buffer.alloc(200 * 2 ** 20, 1)'))) ?? 0;
    assert.ok(little > 20 && much - little > 190 && much - little < 230, `${little} MiB and ${much} MiB`);
    await assert.rejects(children.peakMiB(node('process.exit(3)')), /ended with 3/);
  } finally {
    removeFolder(folder);
  }
});

test('the benchmark refuses options that it does not know', () => {
  const done = spawnSync(process.execPath, [join(root, 'testdata', 'scripts', 'bench.mjs'), '--quik'], {
    encoding: 'utf8',
  });
  assert.notEqual(done.status, 0);
  assert.match(done.stderr, /--quik/);
});
