import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { hasColour, paintFor } from './streams.ts';

const streamsUrl = JSON.stringify(new URL('streams.ts', import.meta.url).href);
const url = JSON.stringify(new URL('terminal.ts', import.meta.url).href);
const hasScript = spawnSync('script', ['--version']).status === 0;

/** Runs a script on a terminal of its own (util-linux script(1)), types `keys` after the prompt, and gives all that is shown. */
function onTerminal(script: string, keys: string | undefined, variables: Record<string, string> = {}): Promise<string> {
  const command = `'${process.execPath}' --input-type=module -e "$SCRIPT"`;
  const env = {
    ...process.env,
    NO_COLOR: '',
    TERM: 'xterm',
    ...variables,
    SCRIPT: `import * as terminal from ${url}; import * as streams from ${streamsUrl}; ${script}`,
  };
  const running = spawn('script', ['-qec', command, '/dev/null'], { env });
  let shown = '';
  return new Promise(settle => {
    running.stdout.on('data', data => {
      const before = shown;
      shown += data;
      if (keys !== undefined && shown.includes('Secret: ') && !before.includes('Secret: ')) running.stdin.write(keys);
    });
    running.on('close', () => settle(shown));
  });
}

describe('askSecret', { skip: !hasScript }, () => {
  const ask =
    "const answer = await terminal.askSecret('Secret: '); console.log('<' + Buffer.from(answer ?? 'NONE').toString('hex') + '>');";
  const cases: [name: string, keys: string, answer: string][] = [
    ['an answer', 'hunter2\r', 'hunter2'],
    ['an empty answer', '\r', ''],
    ['erasing takes a whole character', 'aä\x7fb\r', 'ab'],
    ['erasing nothing', '\x7f\x7fx\r', 'x'],
    ['clearing the line', 'abc\x15d\r', 'd'],
    ['end of file', '\x04', 'NONE'],
    ['end of file after text is no end', 'a\x04b\r', 'ab'],
  ];
  for (const [name, keys, answer] of cases) {
    test(name, async () => {
      const shown = await onTerminal(ask, keys);
      assert.match(shown, new RegExp(`^Secret: \\r?\\n<${Buffer.from(answer).toString('hex')}>`));
    });
  }

  test('Ctrl-C interrupts and leaves the terminal as it was', async () => {
    const script = `process.on('SIGINT', () => { console.log('interrupted'); process.exit(0); }); ${ask} setInterval(() => {}, 1000);`;
    assert.match(await onTerminal(script, 'abc\x03'), /^Secret: [^a]*interrupted/);
  });

  test('a signal leaves the terminal as it was', async () => {
    const stty =
      "String((await import('node:child_process')).execFileSync('stty', ['-a'], { stdio: ['inherit', 'pipe', 'pipe'] }))";
    const script = `process.on('SIGHUP', () => setTimeout(async () => { console.log('after', ${stty}); process.exit(0); }, 50));
      setTimeout(() => process.kill(process.pid, 'SIGHUP'), 100); console.log('before', ${stty}); ${ask}`;
    const [before = '', after = ''] = (await onTerminal(script, undefined)).split('after');
    for (const settings of [before, after]) assert.match(settings, / icanon .* echo /s);
  });

  test('there is no answer without a terminal', () => {
    const script = `import * as terminal from ${url}; ${ask}`;
    const run = spawnSync('setsid', ['-w', process.execPath, '--input-type=module', '-e', script]);
    assert.equal(String(run.stdout).trim(), `<${Buffer.from('NONE').toString('hex')}>`);
  });
});

describe('questions whose answers may be seen', { skip: !hasScript }, () => {
  const print = "console.log('<' + JSON.stringify(answer ?? null) + '>')";
  const cases: [name: string, call: string, keys: string, answer: string][] = [
    ['an answer', "askVisibly('Secret: ')", 'my box\r', '"my box"'],
    ['an empty answer', "askVisibly('Secret: ')", '\r', '""'],
    ['end of file', "askVisibly('Secret: ')", '\x04', 'null'],
    ['the first choice', "confirm('Secret: ', 'go', 'stop')", '1\r', 'true'],
    ['the second choice', "confirm('Secret: ', 'go', 'stop')", '2\r', 'false'],
    ['no choice, three times', "confirm('Secret: ', 'go', 'stop')", 'x\ry\r\r', 'null'],
    ['the only choice', "confirm('Secret: ', 'go', undefined)", '\r', 'true'],
  ];
  for (const [name, call, keys, answer] of cases) {
    test(name, async () => {
      const shown = await onTerminal(`const answer = await terminal.${call}; ${print}`, keys);
      assert.ok(shown.includes(`<${answer}>`), JSON.stringify(shown));
    });
  }

  test('a line is shown where there is a terminal', async () => {
    assert.match(
      await onTerminal("console.log('<' + terminal.say('touch it') + '>')", undefined),
      /^touch it\r?\n<true>/,
    );
    const script = `import * as terminal from ${url}; const answer = await terminal.confirm('a', 'b', 'c'); ${print}; console.log(terminal.say('x'))`;
    const run = spawnSync('setsid', ['-w', process.execPath, '--input-type=module', '-e', script]);
    assert.equal(String(run.stdout), '<null>\nfalse\n');
  });
});

describe('colour', () => {
  const script = "const paint = await streams.paintFor('stdout'); console.log(paint('red', 'x'));";
  const cases: [Record<string, string>, boolean][] = [
    [{}, true],
    [{ NO_COLOR: '1' }, false],
    [{ TERM: 'dumb' }, false],
  ];
  for (const [variables, coloured] of cases) {
    test(`on a terminal with ${JSON.stringify(variables)}`, { skip: !hasScript }, async () => {
      assert.equal((await onTerminal(script, undefined, variables)).includes('\x1b[31m'), coloured);
    });
  }

  test('never where there is no terminal', async () => {
    const shown = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', `import * as streams from ${streamsUrl}; ${script}`],
      {
        env: { ...process.env, FORCE_COLOR: '3' },
      },
    );
    assert.equal(String(shown.stdout), 'x\n');
    assert.equal(
      hasColour('stdout', () => undefined),
      process.stdout.isTTY === true,
    );
    assert.equal(typeof (await paintFor('stderr')), 'function');
  });
});
