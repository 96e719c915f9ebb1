import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { canary, recipients, Workspace } from '../../testdata/command.ts';

const work = new Workspace();
const log = work.path('audit.log');
const audited = { TSOPS_AUDIT_LOG: log };
after(() => work.remove());
before(() => {
  work.write('f.yaml', `a: ${canary}\nb: [1, 2]\n`);
  assert.equal(work.run(['encrypt', '-i', '--age', recipients.one, 'f.yaml']).status, 0);
});

interface Line {
  readonly [name: string]: unknown;
}

function linesOf(args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}): Line[] {
  fs.rmSync(log, { force: true });
  work.run(args, { ...options, env: { ...audited, ...options.env } });
  if (!fs.existsSync(log)) return [];
  const text = fs.readFileSync(log, 'utf8');
  assert.ok(!text.includes(canary) && !text.includes('AGE-SECRET-KEY'));
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line));
}

const one = [{ kind: 'age', key: recipients.one }];

describe('what is noted down', () => {
  test('who, when, which file and which keys, and how it ended', () => {
    const [line = {}, end = {}, ...more] = linesOf(['decrypt', 'f.yaml']);
    assert.deepEqual(more, []);
    const { time, user, pid, host, run, ...rest } = line;
    assert.deepEqual(rest, { event: 'decrypt', command: 'decrypt', file: work.path('f.yaml'), keys: one });
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000 && typeof pid === 'number');
    assert.ok(typeof host === 'string' && typeof (user as { name: string }).name === 'string');
    assert.deepEqual([end['event'], end['status'], end['run']], ['end', 0, run]);
    if (process.platform !== 'win32') assert.equal(work.mode('audit.log'), 0o600);
  });

  const file = work.path('f.yaml');
  const rows: [args: string[], events: string[], facts: Line, input?: string][] = [
    [['get', 'f.yaml', 'a'], ['decrypt', 'end'], { command: 'get', file }],
    [['-d', 'f.yaml', '--extract', '["nope"]'], ['decrypt', 'end'], { command: 'decrypt', file }],
    [['set', 'f.yaml', '["c"]', `"${canary}"`], ['decrypt', 'end'], { command: 'set', file }],
    [['edit', 'f.yaml'], ['decrypt', 'end'], { command: 'edit', file }],
    [['rotate', '-i', 'f.yaml'], ['decrypt', 'encrypt', 'end'], { command: 'rotate', file }],
    [['exec-env', 'f.yaml', 'true'], ['decrypt', 'end'], { command: 'exec-env', file }],
    [['run', '--flatten', '_', '-f', 'f.yaml', '--', 'true'], ['decrypt', 'end'], { command: 'run', file }],
    [
      ['encrypt', '--age', recipients.one, '--filename-override', 'x.yaml', '-'],
      ['encrypt', 'end'],
      { command: 'encrypt', file: null, name: 'x.yaml', keys: one },
      'a: 1\n',
    ],
    [['filestatus', 'f.yaml'], [], {}],
    [['--version'], [], {}],
  ];
  for (const [args, events, facts, input = ''] of rows) {
    test(`tsops ${args.join(' ').replace(canary, '…')}`, () => {
      const lines = linesOf(args, { input, env: { EDITOR: 'true' } });
      assert.deepEqual(
        lines.map(({ event }) => event),
        events,
      );
      for (const [name, fact] of Object.entries(facts)) assert.deepEqual(lines[0]?.[name], fact);
    });
  }

  test('what failed', () => {
    const [end = {}, ...more] = linesOf(['decrypt', 'f.yaml'], { env: { SOPS_AGE_KEY_FILE: '' } });
    const { event, status, error, file: where } = end;
    assert.deepEqual([event, status, error, where, more], ['end', 128, 'DATA_KEY_UNAVAILABLE', file, []]);
  });

  test('lines of many processes do not mix', async () => {
    fs.rmSync(log, { force: true });
    const runs = Array.from({ length: 6 }, () =>
      work.interrupt(['decrypt', 'f.yaml'], () => true, 'SIGCONT', { env: audited }),
    );
    await Promise.all(runs);
    const lines = fs.readFileSync(log, 'utf8').trimEnd().split('\n');
    assert.equal(lines.length, 12);
    assert.equal(new Set(lines.map(line => (JSON.parse(line) as Line)['run'])).size, 6);
  });
});

describe('without a record nothing is given out', { skip: process.platform === 'win32' }, () => {
  const places: [name: string, make: () => string][] = [
    ['a folder that is not there', () => work.path('no/audit.log')],
    ['a folder', () => work.path('')],
    ['a device', () => '/dev/full'],
    [
      'a symbolic link',
      () => {
        fs.symlinkSync('target', work.path('link'));
        return work.path('link');
      },
    ],
    [
      'a folder that is open to everybody',
      () => {
        fs.mkdirSync(work.path('open'));
        fs.chmodSync(work.path('open'), 0o777);
        return work.path('open/audit.log');
      },
    ],
  ];
  for (const [name, make] of places) {
    test(name, () => {
      const sealed = work.read('f.yaml');
      for (const args of [
        ['decrypt', 'f.yaml'],
        ['rotate', '-i', 'f.yaml'],
        ['exec-env', 'f.yaml', 'echo run'],
      ]) {
        const { status, stdout, stderr } = work.run(args, { env: { TSOPS_AUDIT_LOG: path(make) } });
        assert.deepEqual([status, stdout], [3, '']);
        assert.match(stderr, /the audit log cannot be used: /);
      }
      assert.equal(work.read('f.yaml'), sealed);
    });
  }

  test('a log that fails while the file is being opened', { skip: process.platform !== 'linux' }, () => {
    // The size of files is bounded, so that the log, which is at that size, takes no byte more.
    const script = `ulimit -f 1; trap '' XFSZ; exec "$@"`;
    work.write('full.log', 'x'.repeat(1024), 0o600);
    const outcome = work.runBehind(['sh', '-c', script, 'sh'], ['decrypt', 'f.yaml'], {
      env: { TSOPS_AUDIT_LOG: work.path('full.log') },
    });
    assert.deepEqual([outcome.status, outcome.stdout], [3, '']);
    assert.match(outcome.stderr, /the audit log cannot be used: it would be larger than allowed/);
  });
});

const made = new Map<() => string, string>();
/** A place is made once. */
function path(make: () => string): string {
  const known = made.get(make) ?? make();
  made.set(make, known);
  return known;
}
