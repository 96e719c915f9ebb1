import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { recipients, Workspace } from '../../../testdata/command.ts';

let work = new Workspace();
const made = [work];
beforeEach(() => {
  work = new Workspace();
  made.push(work);
});
after(() => {
  for (const each of made) each.remove();
});

describe('filestatus', () => {
  test('encrypted or not, by the ending or by --input-type', () => {
    work.write('f.yaml', 'a: 1\n');
    assert.equal(work.run(['filestatus', 'f.yaml']).stdout, '{"encrypted":false}\n');
    work.run(['encrypt', '-i', '--age', recipients.one, 'f.yaml']);
    const { status, stdout, stderr } = work.run(['filestatus', 'f.yaml']);
    assert.deepEqual([status, stdout, stderr], [0, '{"encrypted":true}\n', '']);
    work.write('f.enc', work.read('f.yaml'));
    assert.equal(work.run(['filestatus', 'f.enc']).status, 1);
    assert.equal(work.run(['filestatus', '--input-type', 'yaml', 'f.enc']).stdout, '{"encrypted":true}\n');
    assert.equal(
      work.run(['filestatus', '--input-type', 'yaml', '-'], { input: work.read('f.yaml') }).stdout,
      '{"encrypted":true}\n',
    );
  });

  const failures: [name: string, args: string[], status: number][] = [
    ['no argument', ['filestatus'], 100],
    ['a missing file', ['filestatus', 'missing.yaml'], 1],
    ['a file that does not parse', ['filestatus', 'broken.yaml'], 1],
    ['a folder', ['filestatus', '.'], 1],
  ];
  for (const [name, args, status] of failures) {
    test(name, () => {
      work.write('broken.yaml', 'a: [\n');
      const outcome = work.run(args);
      assert.deepEqual([outcome.status, outcome.stdout], [status, '']);
    });
  }
});

describe('rules test', () => {
  const config = `creation_rules:
  - path_regex: ^prod/
    age: ${recipients.two}
  - path_regex: \\.env$
    encrypted_regex: ^SECRET
    key_groups:
      - age: [${recipients.one}]
      - age: [${recipients.two}]
`;

  test('says for people which rule a file gets and why', () => {
    work.write('.sops.yaml', config);
    const { status, stdout } = work.run(['rules', 'test', 'app/x.env']);
    assert.equal(status, 0);
    assert.deepEqual(stdout.split('\n'), [
      'file: app/x.env',
      `configuration: ${work.path('.sops.yaml')}`,
      'path that the rules see: app/x.env',
      'rule 1 (line 2): path_regex ^prod/ does not match',
      'rule 2 (line 4): path_regex \\.env$ matches',
      '  selection: encrypted_regex ^SECRET',
      '  2 of these 2 groups are needed, of each any one key:',
      '    group 1:',
      `      age ${recipients.one}`,
      '    group 2:',
      `      age ${recipients.two}`,
      '',
    ]);
  });

  test('says what a preset is, and that sops does not know it', () => {
    work.write('.sops.yaml', `creation_rules:\n  - age: ${recipients.one}\n    preset: kubernetes\n`);
    const { status, stdout, stderr } = work.run(['rules', 'test', 'secret.yaml']);
    assert.equal(status, 0);
    assert.match(stdout, /selection: encrypted_regex \^\(data\|stringData\)\$ \(preset kubernetes\)/);
    assert.match(stderr, /warning: sops does not know preset/);
  });

  test('says the same for programs', () => {
    work.write('.sops.yaml', config);
    const report = JSON.parse(work.run(['rules', 'test', '--json', 'prod/x.yaml']).stdout);
    assert.equal(report.match.index, 0);
    assert.deepEqual(report.match.groups, [[{ kind: 'age', text: recipients.two }]]);
  });

  test('no matching rule and no configuration end with 1', () => {
    work.write('.sops.yaml', config);
    const none = work.run(['rules', 'test', 'x.yaml']);
    assert.equal(none.status, 1);
    assert.match(none.stdout, /rule 2 .* does not match\nno rule matches\n/);
    const empty = work.run(['rules', 'test', '--config', 'nowhere.yaml', 'x']);
    assert.deepEqual([empty.status, empty.stdout], [1, '']);
  });
});
