import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, beforeEach, describe, test } from 'node:test';
import { canary, recipients, Workspace } from '../../../testdata/command.ts';

const plain = `# top\na: ${canary}\n\nb:   "1"\n`;
const age = ['--age', recipients.one];
let work = new Workspace();
const made = [work];
beforeEach(() => {
  work = new Workspace();
  made.push(work);
  work.write('f.yaml', plain);
});
after(() => {
  for (const each of made) each.remove();
});

const isEncrypted = (text: string) => text.includes('ENC[AES256_GCM') && !text.includes(canary);

describe('where the result goes', () => {
  test('standard output; the file stays', () => {
    const { status, stdout, stderr } = work.run(['encrypt', ...age, 'f.yaml']);
    assert.deepEqual([status, stderr], [0, '']);
    assert.ok(isEncrypted(stdout));
    assert.equal(work.read('f.yaml'), plain);
    assert.equal(work.run(['decrypt', '--input-type', 'yaml'], { input: stdout }).stdout, plain);
  });

  test('in place, with mode and link kept', { skip: process.platform === 'win32' }, () => {
    fs.chmodSync(work.path('f.yaml'), 0o640);
    fs.symlinkSync('f.yaml', work.path('link.yaml'));
    const { status, stdout } = work.run(['encrypt', '-i', 'link.yaml', ...age]);
    assert.deepEqual([status, stdout], [0, '']);
    assert.ok(isEncrypted(work.read('f.yaml')));
    assert.equal(work.mode('f.yaml'), 0o640);
    assert.ok(fs.lstatSync(work.path('link.yaml')).isSymbolicLink());
    assert.equal(work.run(['decrypt', '-i', 'f.yaml']).status, 0);
    assert.equal(work.read('f.yaml'), plain);
  });

  test('--output', { skip: process.platform === 'win32' }, () => {
    assert.equal(work.run(['encrypt', ...age, '--output', 'out.yaml', 'f.yaml']).stdout, '');
    assert.ok(isEncrypted(work.read('out.yaml')));
    assert.equal(work.mode('out.yaml'), 0o666 & ~process.umask());
  });

  test('another format', () => {
    const { stdout } = work.run(['encrypt', ...age, '--output-type', 'json', 'f.yaml']);
    assert.ok(isEncrypted(stdout));
    assert.equal(JSON.parse(stdout).sops.age.length, 1);
  });

  test('standard input, by no name or by "-"', () => {
    for (const operand of [[], ['-']]) {
      const args = ['encrypt', ...age, '--filename-override', 'x/y.json', ...operand];
      const { status, stdout } = work.run(args, { input: `{"k": "${canary}"}` });
      assert.equal(status, 0);
      assert.match(JSON.parse(stdout).k, /^ENC\[/);
    }
  });
});

describe('refusals, in the order of sops', () => {
  const cases: [name: string, args: string[], status: number][] = [
    ['no file in the mode -e', ['-e'], 100],
    ['in place without a file', ['encrypt', '-i', ...age], 8],
    ['standard input without a name', ['encrypt', ...age], 8],
    ['two places for the result', ['encrypt', '-i', '--output', 'x', ...age, 'missing.yaml'], 8],
    ['a missing file', ['encrypt', ...age, 'missing.yaml'], 100],
    ['a missing file in the mode -e', ['-e', ...age, 'missing.yaml'], 100],
    ['a missing file before a missing configuration', ['encrypt', '--config', 'nope', ...age, 'missing.yaml'], 100],
    ['a missing configuration', ['encrypt', '--config', 'nope', ...age, 'f.yaml'], 1],
    ['two selection rules', ['encrypt', ...age, '--encrypted-regex', 'a', '--unencrypted-suffix', 'b', 'f.yaml'], 8],
    ['no keys at all', ['encrypt', 'f.yaml'], 1],
    ['a recipient that is none', ['encrypt', '--age', 'age1nope', 'f.yaml'], 1],
    ['a folder without a place for its results', ['encrypt', ...age, '.'], 8],
    ['a temporary file of ours', ['encrypt', ...age, '.f.yaml.tsops-01234567-1-2-0123456789ab.tmp'], 2],
    ['a file that does not parse', ['encrypt', ...age, 'broken.yaml'], 2],
    ['an empty file', ['encrypt', ...age, 'empty.yaml'], 92],
    ['a reserved key', ['encrypt', ...age, 'sops.yaml'], 203],
    ['a rule that selects nothing', ['encrypt', ...age, '--encrypted-regex', '^nothing$', 'f.yaml'], 23],
  ];
  for (const [name, args, status] of cases) {
    test(name, () => {
      work.write('broken.yaml', `a: [${canary}\n`);
      work.write('empty.yaml', '');
      work.write('.f.yaml.tsops-01234567-1-2-0123456789ab.tmp', plain);
      work.write('sops.yaml', 'sops: x\n');
      const before = work.names();
      const outcome = work.run(args);
      assert.equal(outcome.status, status, outcome.stderr);
      assert.equal(outcome.stdout, '');
      assert.match(outcome.stderr, /^tsops: error: /m);
      assert.deepEqual(work.names(), before);
      assert.equal(work.read('f.yaml'), plain);
    });
  }

  test('an error names file, line and column, and a hint', () => {
    work.write('broken.yaml', 'a: 1\nb: "x\n');
    const { stderr } = work.run(['encrypt', ...age, 'broken.yaml']);
    assert.match(stderr, /^tsops: error: broken\.yaml:\d+:\d+: /);
  });
});

describe('settings', () => {
  const block = (stdout: string) => JSON.parse(stdout).sops;
  const json = (...args: string[]) => work.run(['encrypt', ...args, '--output-type', 'json', 'f.yaml']);

  test('the rule of the configuration, and what a flag replaces', () => {
    work.write(
      '.sops.yaml',
      `creation_rules:\n  - age: ${recipients.one}\n    encrypted_regex: ^a$\n    mac_only_encrypted: true\n`,
    );
    const byRule = json();
    assert.equal(block(byRule.stdout).encrypted_regex, '^a$');
    assert.equal(block(byRule.stdout).mac_only_encrypted, true);
    assert.equal(JSON.parse(byRule.stdout).b, '1');
    assert.equal(block(json('--encrypted-regex', '^b$').stdout).encrypted_regex, '^b$');
    assert.equal(json('--encrypted-suffix', 'x').status, 8);
    const keys = block(json('--age', recipients.two).stdout);
    assert.deepEqual([keys.age.length, keys.age[0].recipient, keys.encrypted_regex], [1, recipients.two, '^a$']);
  });

  test('a configuration without a rule for the file stays an error with keys at hand', () => {
    work.write('.sops.yaml', `creation_rules:\n  - age: ${recipients.one}\n    path_regex: ^other$\n`);
    const { status, stderr } = work.run(['encrypt', ...age, 'f.yaml']);
    assert.equal(status, 1);
    assert.match(stderr, /no matching creation rules found/);
    assert.equal(work.run(['encrypt', ...age, '--config', '/dev/null', 'f.yaml']).status, 0);
    assert.equal(work.run(['encrypt', '--filename-override', 'other', '--input-type', 'yaml', 'f.yaml']).status, 0);
  });

  test('--config and SOPS_CONFIG', () => {
    work.write('conf/rules.yaml', `creation_rules:\n  - age: ${recipients.two}\n`);
    for (const [args, env] of [
      [['--config', 'conf/rules.yaml'], {}],
      [[], { SOPS_CONFIG: 'conf/rules.yaml' }],
    ] as const) {
      const { stdout } = work.run(['encrypt', ...args, '--output-type', 'json', 'f.yaml'], { env });
      assert.equal(block(stdout).age[0].recipient, recipients.two);
    }
  });

  test('indentation: the flag wins over the configuration', () => {
    work.write('.sops.yaml', `creation_rules:\n  - age: ${recipients.one}\nstores:\n  json:\n    indent: 3\n`);
    assert.match(json().stdout, /^\{\n {3}"a"/);
    assert.match(json('--indent', '1').stdout, /^\{\n "a"/);
  });

  test('--mac-only-encrypted before the command, several recipients, a variable for them', () => {
    const { stdout } = work.run(['--mac-only-encrypted', 'encrypt', '--output-type', 'json', 'f.yaml'], {
      env: { SOPS_AGE_RECIPIENTS: `${recipients.one},${recipients.two}` },
    });
    assert.equal(block(stdout).mac_only_encrypted, true);
    assert.equal(block(stdout).age.length, 2);
  });

  test('--allow-nothing', () => {
    const { status, stdout } = work.run([
      'encrypt',
      ...age,
      '--allow-nothing',
      '--encrypted-regex',
      '^nothing$',
      'f.yaml',
    ]);
    assert.equal(status, 0);
    assert.ok(stdout.startsWith(plain.slice(0, 5)));
  });

  test('--no-spelling leaves the extra field out', () => {
    work.write('n.yaml', 'a: 0x1F\n');
    const field = (args: string[]) =>
      Object.keys(block(work.run(['encrypt', ...age, ...args, '--output-type', 'json', 'n.yaml']).stdout));
    const inYaml = (args: string[]) => work.run(['encrypt', ...age, ...args, 'n.yaml']).stdout.split('\n').length;
    assert.ok(inYaml([]) > inYaml(['--no-spelling']));
    assert.deepEqual(field(['--no-spelling']), field([]));
  });

  test('a binary file warns about selection flags and is encrypted as a whole', () => {
    work.write('blob.bin', canary);
    const { status, stderr, stdout } = work.run(['encrypt', ...age, '--encrypted-regex', 'x', 'blob.bin']);
    assert.equal(status, 0);
    assert.match(stderr, /^tsops: warning: /);
    assert.ok(isEncrypted(stdout));
  });
});

describe('--if-needed', () => {
  test('encrypts what is plain and passes over what is encrypted', () => {
    assert.equal(work.run(['encrypt', '-i', '--if-needed', ...age, 'f.yaml']).status, 0);
    const once = work.read('f.yaml');
    assert.ok(isEncrypted(once));
    assert.equal(work.run(['encrypt', '-i', ...age, 'f.yaml']).status, 203);
    const again = work.run(['encrypt', '-i', '--if-needed', 'f.yaml']);
    assert.deepEqual([again.status, again.stdout, again.stderr, work.read('f.yaml')], [0, '', '', once]);
    assert.equal(work.run(['encrypt', '--if-needed', 'f.yaml']).stdout, once);
  });

  test('a plain file that only looks encrypted is still refused', () => {
    work.write('sops.yaml', 'sops:\n  a: 1\n');
    assert.equal(work.run(['encrypt', '--if-needed', ...age, 'sops.yaml']).status, 203);
  });
});
