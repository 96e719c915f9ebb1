import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { canary, hasScript, recipients, Workspace } from '../../../testdata/command.ts';

const workspace = new Workspace();
after(() => workspace.remove());

/** A new encrypted file. */
function encrypted(name: string, plain: string): string {
  workspace.write(name, plain);
  assert.equal(workspace.run(['encrypt', '-i', '--age', recipients.one, name]).status, 0);
  return name;
}

const plainOf = (name: string): string => workspace.run(['decrypt', name]).stdout;

const sources: readonly [name: string, args: readonly string[], input: string, plain: string | number][] = [
  ['JSON on the command line', ['["a"]', '{"b": 1}'], '', 'a:\n    b: 1\n'],
  ['a text as it is', ['--string', '["a"]', '123'], '', 'a: "123"\n'],
  ['JSON from standard input', ['--value-stdin', '["a"]'], '[1]\n', 'a:\n    - 1\n'],
  ['one line from standard input loses its end', ['--value-stdin', '--string', '["a"]'], 'p w\r\n', 'a: p w\n'],
  ['more lines keep theirs', ['--value-stdin', '--string', '["a"]'], 'x\ny\n', 'a: |\n    x\n    y\n'],
  ['JSON from a file', ['--value-file', '["a"]', 'value'], '', 'a: true\n'],
  ['a file as it is', ['--value-file', '--string', '["a"]', 'value'], '', 'a: "true"\n'],
  ['no value and no terminal', ['["a"]'], '', 100],
  ['--value-file without a file', ['--value-file', '["a"]'], '', 100],
  ['a file that is not there', ['--value-file', '["a"]', 'nosuch'], '', 100],
  ['two values', ['--value-stdin', '["a"]', 'x'], '', 100],
  ['chance and another source', ['--generate', 'uuid', '--string', '["a"]'], '', 8],
  ['an unknown kind', ['--generate', 'rot13:4', '["a"]'], '', 7],
  ['a kind of every object', ['--generate', 'constructor', '["a"]'], '', 7],
  ['too much chance', ['--generate', 'hex:5000', '["a"]'], '', 7],
  ['no JSON', ['["a"]', canary], '', 7],
  ['no JSON from standard input', ['--value-stdin', '["a"]'], canary, 7],
];

describe('where the value of set comes from', () => {
  for (const [name, [...args], input, expected] of sources) {
    test(name, () => {
      workspace.write('value', 'true\n');
      const file = encrypted('a.yaml', 'a: old\n');
      const before = workspace.read(file);
      const at = args.indexOf('["a"]');
      const run = workspace.run(['set', ...args.slice(0, at), file, ...args.slice(at)], { input });
      assert.equal(run.stdout, '');
      if (typeof expected === 'string') {
        assert.equal(run.status, 0, run.stderr);
        assert.equal(plainOf(file), expected);
      } else {
        assert.equal(run.status, expected, run.stderr);
        assert.equal(workspace.read(file), before);
      }
    });
  }
});

const kinds: readonly [kind: string, pattern: RegExp][] = [
  ['hex', /^[0-9a-f]{64}$/],
  ['hex:4', /^[0-9a-f]{8}$/],
  ['base64:6', /^[A-Za-z0-9+/]{8}$/],
  ['password:40', /^[A-Za-z0-9]{40}$/],
  ['uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
];

for (const [kind, pattern] of kinds) {
  test(`set --generate ${kind}: a new value each time, never shown`, () => {
    const file = encrypted('a.json', '{"a": "old"}\n');
    const values = [1, 2].map(() => {
      const run = workspace.run(['set', '--generate', kind, file, '["a"]']);
      assert.deepEqual([run.status, run.stdout, run.stderr], [0, '', '']);
      return workspace.run(['decrypt', '--extract', '["a"]', file]).stdout;
    });
    for (const value of values) assert.match(value, pattern);
    assert.notEqual(values[0], values[1]);
  });
}

test('set asks on a terminal, and does not show the answer', { skip: !hasScript }, async () => {
  const file = encrypted('a.yaml', 'a: old\n');
  const shown = await workspace.runOnTerminal(['set', file, '["a"]'], [['Value for ["a"]: ', `${canary}\r`]]);
  assert.match(shown, /STATUS 0$/);
  assert.ok(!shown.includes(canary));
  assert.equal(plainOf(file), `a: ${canary}\n`);
});

test('an unchanged file is not written, and a changed one keeps its mode', () => {
  const file = encrypted('a.yaml', 'a: 1\n');
  const before = workspace.read(file);
  const same = workspace.run(['set', '--verbose', file, '["a"]', '1']);
  assert.equal(same.status, 0);
  assert.match(same.stderr, /nothing changed/);
  assert.equal(workspace.read(file), before);
  assert.equal(workspace.mode(file), 0o644);
  const changed = workspace.run(['set', '--verbose', file, '["a"]', '2']);
  assert.match(changed.stderr, /File written successfully/);
  assert.equal(workspace.mode(file), 0o644);
});

test('the older form of set', () => {
  const file = encrypted('a.yaml', 'a: old\n');
  assert.equal(workspace.run(['--set', '["b"] {"c": "x y"}', file]).status, 0);
  assert.equal(plainOf(file), 'a: old\nb:\n    c: x y\n');
});

test('sixteen processes set sixteen keys of one file at the same time, and no update is lost', async () => {
  const file = encrypted('many.yaml', '# c\nfirst: x\n');
  const numbers = Array.from({ length: 16 }, (_, index) => index);
  const runs = await Promise.all(
    numbers.map(number => workspace.start(['set', '--timeout', '120', file, `["k${number}"]`, `"v${number}"`])),
  );
  assert.deepEqual(
    runs.map(run => run.status),
    numbers.map(() => 0),
    runs.map(run => run.stderr).join(''),
  );
  const lines = plainOf(file).trimEnd().split('\n');
  assert.deepEqual(lines.slice(0, 2), ['# c', 'first: x']);
  assert.deepEqual(lines.slice(2).sort(), numbers.map(number => `k${number}: v${number}`).sort());
  assert.deepEqual(
    workspace.names().filter(name => name.startsWith('.many')),
    [],
  );
});

test('unset in place', () => {
  const file = encrypted('a.yaml', '# head\n\n# of a\na: 1 # too\nb: 2\n');
  assert.equal(workspace.run(['unset', file, '["a"]']).status, 0);
  assert.equal(plainOf(file), '# head\n\nb: 2\n');
  const before = workspace.read(file);
  assert.equal(workspace.run(['unset', file, '["a"]']).status, 1);
  assert.equal(workspace.run(['unset', '--idempotent', file, '["a"]']).status, 0);
  assert.equal(workspace.read(file), before);
});
