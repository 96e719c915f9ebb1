import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { canary, recipients, Workspace } from '../../../testdata/command.ts';

const workspace = new Workspace();
after(() => workspace.remove());

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = `apiVersion: v1
kind: Secret
metadata: {name: x} # the name
data:
  password: ${base64(`${canary}-old`)} # secret
  cert: |
    ${base64('a certificate in').slice(0, 12)}
    ${base64('a certificate in').slice(12)}
`;

function sealed(name: string, text = plain): string {
  workspace.write('.sops.yaml', `creation_rules:\n  - preset: kubernetes\n    age: ${recipients.one}\n`);
  workspace.write(name, text);
  assert.equal(workspace.run(['encrypt', '-i', name]).status, 0);
  return name;
}

const editor = (script: string): Readonly<Record<string, string>> => {
  workspace.write('editor.sh', `#!/bin/sh\ncp "$1" seen.txt\n${script}\n`, 0o755);
  return { EDITOR: workspace.path('editor.sh') };
};

describe('--k8s', { skip: process.platform === 'win32' ? 'the editor is a shell script' : false }, () => {
  test('edit shows texts and writes base64; what did not change keeps its line in the file', () => {
    const file = sealed('a.yaml');
    const before = workspace.read(file);
    const { status, stderr } = workspace.run(['edit', '--k8s', file], { env: editor(`sed -i s/-old/-new/ "$1"`) });
    assert.deepEqual([status, stderr.includes(canary)], [0, false]);
    const seen = workspace.read('seen.txt');
    assert.ok(
      seen.includes(`password: ${canary}-old # secret\n  cert: a certificate in\n`),
      seen.replaceAll(canary, 'X'),
    );
    const replaced = plain.replace(base64(`${canary}-old`), base64(`${canary}-new`));
    assert.equal(workspace.run(['decrypt', file]).stdout, replaced);
    const lines = workspace.read(file).split('\n');
    const changed = before.split('\n').filter(line => !lines.includes(line) && !line.includes('lastmodified'));
    assert.deepEqual(
      changed.map(line => line.trim().split(':')[0]),
      ['password', 'mac'],
    );
  });

  test('edit comes back with what cannot be meant, and changes nothing where nothing was typed', () => {
    const file = sealed('b.yaml');
    const before = workspace.read(file);
    const bad = workspace.run(['edit', '--k8s', file], { env: editor(`sed -i 's/password: .*/password: [x]/' "$1"`) });
    assert.notEqual(bad.status, 0);
    assert.match(bad.stderr, /has to be a text \(at \["data"\]\["password"\]\)/);
    assert.equal(workspace.run(['edit', '--k8s', file], { env: editor('true') }).status, 200);
    assert.equal(workspace.read(file), before);
  });

  test('get and set', () => {
    const file = sealed('c.yaml');
    assert.equal(workspace.run(['get', '--k8s', file, 'data.cert']).stdout, 'a certificate in');
    assert.equal(workspace.run(['set', '--k8s', '--value-stdin', file, 'data.password'], { input: '123\n' }).status, 0);
    assert.equal(workspace.run(['get', '--k8s', file, 'data.password']).stdout, '123');
    assert.equal(workspace.run(['get', file, 'data.password']).stdout, base64('123'));
    assert.equal(workspace.run(['set', '--k8s', '--generate', 'uuid', file, 'data.id']).status, 0);
    assert.match(workspace.run(['get', '--k8s', file, 'data.id']).stdout, /^[0-9a-f-]{36}$/);
  });

  test('refused: a new file, the keys beside it, a format without manifests', () => {
    assert.equal(workspace.run(['edit', '--k8s', 'new.yaml']).status, 8);
    assert.equal(workspace.run(['edit', '--k8s', '-s', sealed('d.yaml')]).status, 8);
    workspace.write('e.env', 'a=b\n');
    assert.equal(
      workspace.run([
        'encrypt',
        '-i',
        '--encrypted-regex',
        'a',
        '--config',
        '/dev/null',
        '--age',
        recipients.one,
        'e.env',
      ]).status,
      0,
    );
    assert.equal(workspace.run(['edit', '--k8s', 'e.env'], { env: editor('true') }).status, 8);
  });
});

test('a file of which only a later document is encrypted is not passed through as plain', () => {
  const file = sealed('later.yaml');
  workspace.write('mixed.yaml', `kind: Other\n---\n${workspace.read(file)}`);
  const { status, stdout, stderr } = workspace.run(['decrypt', '--if-needed', 'mixed.yaml']);
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /first document has no sops block/);
});
