import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TsopsError } from '../errors.ts';
import { normalise } from './arguments.ts';
import * as commandTable from './commands.ts';
import * as flagTable from './flags.ts';

const grammar = { ...flagTable, ...commandTable };

type Expected = { vector: string[]; warnings?: number } | { command: 'help' | 'version'; topic?: string } | number;
type Row = [argv: string[], expected: Expected, env?: Record<string, string>];

/** The plain form: command, flags with `=`, `--`, operands. */
const as = (...vector: string[]): Expected => ({ vector });
const help = (topic?: string): Expected => (topic === undefined ? { command: 'help' } : { command: 'help', topic });
const version: Expected = { command: 'version' };

const rows: Record<string, Row[]> = {
  'commands and operands': [
    [['encrypt', 'f.yaml'], as('encrypt', '--', 'f.yaml')],
    [['decrypt', 'f.yaml'], as('decrypt', '--', 'f.yaml')],
    [['edit', 'f.yaml'], as('edit', '--', 'f.yaml')],
    [['filestatus', 'f.yaml'], as('filestatus', '--', 'f.yaml')],
    [['rules', 'test', 'f.yaml'], as('rules test', '--', 'f.yaml')],
    [['keygen'], as('keygen', '--')],
    [['init'], as('init', '--')],
    [['decrypt'], as('decrypt', '--')],
    [['encrypt'], as('encrypt', '--')],
    [['decrypt', '-'], as('decrypt', '--', '-')],
    [['edit'], 100],
    [['filestatus'], 100],
    [['rules', 'test'], 100],
    [['rules'], help('rules')],
    [['rules', 'f.yaml'], 3],
    [['keygen', 'f.yaml'], 1],
    [['init', 'x'], 1],
    [['decrypt', 'a', 'b'], as('decrypt', '--', 'a', 'b')],
    [['get', 'a', 'b', 'c'], as('get', '--', 'a', 'b', 'c')],
    [['rules', 'test', 'a', 'b'], { vector: ['rules test', '--', 'a'], warnings: 1 }],
  ],
  'modes without a command': [
    [[], 100],
    [['f.yaml'], as('edit', '--', 'f.yaml')],
    [['-d', 'f.yaml'], as('decrypt', '--', 'f.yaml')],
    [['--decrypt', 'f.yaml'], as('decrypt', '--', 'f.yaml')],
    [['-decrypt', 'f.yaml'], as('decrypt', '--', 'f.yaml')],
    [['--d', 'f.yaml'], as('decrypt', '--', 'f.yaml')],
    [['-e', 'f.yaml'], as('encrypt', '--', 'f.yaml')],
    [['--encrypt', '-i', 'f.yaml'], as('encrypt', '--in-place', '--', 'f.yaml')],
    [['f.yaml', '-d'], as('decrypt', '--', 'f.yaml')],
    [['-d', 'f.yaml', '--output-type', 'json'], as('decrypt', '--output-type=json', '--', 'f.yaml')],
    [['-d=false', 'f.yaml'], as('edit', '--', 'f.yaml')],
    [['-d', '-'], as('decrypt', '--', '-')],
    [['-i', 'f.yaml'], as('edit', '--in-place', '--', 'f.yaml')],
    [['-d'], 100],
    [['-e'], 100],
    [['-d', '-e', 'f.yaml'], 8],
    [['-d', 'encrypt', 'f.yaml'], 1],
    [['-d', 'a', 'b'], as('decrypt', '--', 'a', 'b')],
    [['./edit'], as('edit', '--', './edit')],
    [['--', 'edit'], as('edit', '--', 'edit')],
    [['-d', '--', 'decrypt'], as('decrypt', '--', 'decrypt')],
  ],
  'one dash or two, short or long': [
    [['encrypt', '-i', 'f'], as('encrypt', '--in-place', '--', 'f')],
    [['encrypt', '--i', 'f'], as('encrypt', '--in-place', '--', 'f')],
    [['encrypt', '-in-place', 'f'], as('encrypt', '--in-place', '--', 'f')],
    [['encrypt', '--in-place', 'f'], as('encrypt', '--in-place', '--', 'f')],
    [['encrypt', '-a', 'age1x', 'f'], as('encrypt', '--age=age1x', '--', 'f')],
    [['encrypt', '--a=age1x', 'f'], as('encrypt', '--age=age1x', '--', 'f')],
    [['encrypt', '-age', 'age1x', 'f'], as('encrypt', '--age=age1x', '--', 'f')],
    [['keygen', '-o', 'k'], as('keygen', '--output=k', '--')],
    [['encrypt', '-ei', 'f'], 1],
    [['encrypt', '---in-place', 'f'], 1],
  ],
  'flags anywhere': [
    [['encrypt', '-i', 'f.yaml', '--age', 'X'], as('encrypt', '--in-place', '--age=X', '--', 'f.yaml')],
    [['encrypt', 'f.yaml', '--age', 'X', '-i'], as('encrypt', '--age=X', '--in-place', '--', 'f.yaml')],
    [['--age', 'X', 'encrypt', 'f'], as('encrypt', '--age=X', '--', 'f')],
    [['--config', 'c', 'decrypt', 'f'], as('decrypt', '--config=c', '--', 'f')],
    [['--indent', '2', 'encrypt', 'f'], as('encrypt', '--indent=2', '--', 'f')],
    [['--mac-only-encrypted', 'encrypt', 'f'], as('encrypt', '--mac-only-encrypted', '--', 'f')],
    [['--verbose', 'decrypt', 'f'], as('decrypt', '--verbose', '--', 'f')],
    [['--extract', '["a"]', 'encrypt', 'f'], 1],
    [['decrypt', '--age', 'X', 'f'], 1],
  ],
  values: [
    [['decrypt', '--extract=["a=b"]', 'f'], as('decrypt', '--extract=["a=b"]', '--', 'f')],
    [['decrypt', '--extract', '--output', 'f'], as('decrypt', '--extract=--output', '--', 'f')],
    [['decrypt', '--extract', '', 'f'], as('decrypt', '--extract=', '--', 'f')],
    [['decrypt', '--extract=', 'f'], as('decrypt', '--extract=', '--', 'f')],
    [['decrypt', '--output=a\nb', 'f'], as('decrypt', '--output=a\nb', '--', 'f')],
    [['encrypt', '--age', '', 'f'], as('encrypt', '--', 'f')],
    [['encrypt', '--indent', '-1', 'f'], as('encrypt', '--indent=-1', '--', 'f')],
    [['encrypt', '--age', 'a', '--age', 'b', 'f'], as('encrypt', '--age=b', '--', 'f')],
    [['encrypt', '--age'], 1],
    [['encrypt', 'f', '--indent', 'x'], 1],
    [['encrypt', 'f', '--indent', '1.5'], 1],
    [
      ['encrypt', 'f', '--shamir-secret-sharing-threshold', '2'],
      as('encrypt', '--shamir-secret-sharing-threshold=2', '--', 'f'),
    ],
    [['decrypt', '--input-type', 'yaml', 'f'], as('decrypt', '--input-type=yaml', '--', 'f')],
    [['decrypt', '--input-type', 'YAML', 'f'], 1],
    [['decrypt', '--output-type', 'toml', 'f'], 1],
    [['decrypt', '--output-type', '', 'f'], as('decrypt', '--', 'f')],
  ],
  'booleans as in Go': [
    ...['1', 't', 'T', 'TRUE', 'true', 'True'].map(
      (word): Row => [['decrypt', `-i=${word}`, 'f'], as('decrypt', '--in-place', '--', 'f')],
    ),
    ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map(
      (word): Row => [['decrypt', `-i=${word}`, 'f'], as('decrypt', '--', 'f')],
    ),
    ...['yes', 'tRue', '', '2'].map((word): Row => [['decrypt', `--in-place=${word}`, 'f'], 1]),
    [['decrypt', '-i', '-i=false', 'f'], as('decrypt', '--', 'f')],
    [['decrypt', '-i', 'true'], as('decrypt', '--in-place', '--', 'true')],
  ],
  'the end of the flags': [
    [['decrypt', '--', '-i'], as('decrypt', '--', '-i')],
    [['decrypt', '-i', '--', '--', 'x'], as('decrypt', '--in-place', '--', '--', 'x')],
    [['--', '-d'], as('edit', '--', '-d')],
    [['decrypt', '--'], as('decrypt', '--')],
  ],
  'help and version': [
    [['--help'], help()],
    [['-h'], help()],
    [['-help'], help()],
    [['help'], help()],
    [['h'], help()],
    [['help', 'encrypt'], help('encrypt')],
    [['encrypt', '--help'], help('encrypt')],
    [['encrypt', 'f', '-h'], help('encrypt')],
    [['-h', 'rules'], help('rules')],
    [['edit', 'help'], as('edit', '--', 'help')],
    [['help', 'nothing'], 3],
    [['--version'], version],
    [['-v'], version],
    [['-version'], version],
    [['--disable-version-check', '--version'], version],
    [['--version', '--check-for-updates'], version],
    [['encrypt', '-v', 'f'], 1],
  ],
  'other commands, and what there is not': [
    [['set', 'f', '["a"]', '-5'], 1],
    [['publish', 'f', '-y'], as('publish', '--yes', '--', 'f')],
    [['--set', '["a"] 1', 'f'], as('set', '--', 'f', '["a"]', '1')],
    [['--set', '["a"] 1'], 100],
    [['--set', '["a"]1', 'f'], 7],
    [['--add-age', 'X', 'f'], 1],
    [['-s', 'f'], as('edit', '--show-master-keys', '--', 'f')],
    [['encrypt', '--foo', 'f'], 1],
    [['encrypt', 'f', '--foo'], 1],
    [['rotate', 'f'], as('rotate', '--', 'f')],
    [['-r', '-i', 'f'], as('rotate', '--in-place', '--', 'f')],
    [['--rotate', '--add-age', 'X', 'f', '--rm-pgp=Y'], as('rotate', '--add-age=X', '--rm-pgp=Y', '--', 'f')],
    [['-r'], 100],
    [['-r', '-d', 'f'], 8],
    [['updatekeys', 'f', '-y', 'g'], as('updatekeys', '--yes', '--', 'f', 'g')],
    [['updatekeys'], 100],
    [['groups'], help('groups')],
    [['groups', '--help'], help('groups')],
    [['groups', 'nope'], 3],
    [['groups', 'add', '-f', 'f', '--age', 'a', '--age', 'b'], as('groups add', '--file=f', '--age=a,b', '--')],
    [['groups', 'add', '-f', 'f', 'x'], 1],
    [['groups', 'add', '-f', 'f'], as('groups add', '--file=f', '--'), { SOPS_AGE_RECIPIENTS: 'age1x' }],
    [['groups', 'delete', '-f', 'f', '-i', '1'], as('groups delete', '--file=f', '--in-place', '--', '1')],
    [['groups', 'delete', '-f', 'f'], 1],
    [['./rotate'], as('edit', '--', './rotate')],
  ],
  'commands of others': [
    [['exec-env', 'f', 'cmd'], as('exec-env', '--', 'f', 'cmd')],
    [['exec-env', 'f', 'cmd -x', '--pristine'], as('exec-env', '--pristine', '--', 'f', 'cmd -x')],
    [['exec-env', 'f'], 1],
    [['exec-env', 'f', 'cmd', 'more'], 1],
    [['exec-file', '--no-fifo', 'f', 'cat {}'], as('exec-file', '--no-fifo', '--', 'f', 'cat {}')],
    [['run', '-f', 'a', '-f', 'b', '--', 'cmd', '-f'], as('run', '--file=a', '--file=b', '--', 'cmd', '-f')],
    [['run', '-f', 'a', 'cmd', '-f', '--', '-x'], as('run', '--file=a', '--', 'cmd', '-f', '--', '-x')],
    [['-f', 'a', 'run', 'cmd', '--help'], as('run', '--file=a', '--', 'cmd', '--help')],
    [['run', '-f', 'a', '--'], 1],
    [['run', '--nope', 'cmd'], 1],
  ],
  'key services': [
    [['encrypt', '--keyservice', 'tcp://x', 'f'], as('encrypt', '--keyservice=tcp://x', '--', 'f')],
    [
      ['-d', '--keyservice', 'tcp://x', 'f', '--keyservice=unix:///y'],
      as('decrypt', '--keyservice=tcp://x', '--keyservice=unix:///y', '--', 'f'),
    ],
    [['f'], as('edit', '--keyservice=tcp://x,unix:///y', '--', 'f'), { SOPS_KEYSERVICE: 'tcp://x,unix:///y' }],
    [['f', '--keyservice=a'], as('edit', '--keyservice=a', '--', 'f'), { SOPS_KEYSERVICE: 'tcp://x' }],
    [['encrypt', '--enable-local-keyservice', 'f'], as('encrypt', '--', 'f')],
    [['encrypt', '--enable-local-keyservice=0', 'f'], as('encrypt', '--enable-local-keyservice=false', '--', 'f')],
    [['encrypt', '--enable-local-keyservice=no', 'f'], 1],
    [['-d', 'f'], as('decrypt', '--enable-local-keyservice=false', '--', 'f'), { SOPS_ENABLE_LOCAL_KEYSERVICE: 'F' }],
    [['-d', 'f'], as('decrypt', '--', 'f'), { SOPS_ENABLE_LOCAL_KEYSERVICE: 'true' }],
    [['-d', 'f'], as('decrypt', '--', 'f'), { SOPS_ENABLE_LOCAL_KEYSERVICE: '' }],
    [['-d', 'f'], 1, { SOPS_ENABLE_LOCAL_KEYSERVICE: 'off' }],
    [['filestatus', '--enable-local-keyservice', 'f'], as('filestatus', '--', 'f')],
    [['filestatus', '--keyservice', 'tcp://x', 'f'], 1],
    [['keyservice'], as('keyservice', '--')],
    [
      ['keyservice', '--net', 'unix', '-addr', '/s', '--prompt'],
      as('keyservice', '--network=unix', '--address=/s', '--prompt', '--'),
    ],
    [['keyservice', '--network', 'udp'], 1],
    [['keyservice', 'f'], 1],
  ],
  variables: [
    [['encrypt', 'f'], as('encrypt', '--age=age1x', '--', 'f'), { SOPS_AGE_RECIPIENTS: 'age1x' }],
    [['encrypt', '--age', 'age1y', 'f'], as('encrypt', '--age=age1y', '--', 'f'), { SOPS_AGE_RECIPIENTS: 'age1x' }],
    [['encrypt', '--age', '', 'f'], as('encrypt', '--', 'f'), { SOPS_AGE_RECIPIENTS: 'age1x' }],
    [['encrypt', 'f'], as('encrypt', '--', 'f'), { SOPS_AGE_RECIPIENTS: '' }],
    [['encrypt', 'f'], as('encrypt', '--pgp=FP', '--', 'f'), { SOPS_PGP_FP: 'FP' }],
    [['encrypt', 'f'], as('encrypt', '--kms=ARN', '--', 'f'), { SOPS_KMS_ARN: 'ARN' }],
    [['-e', '-k', 'ARN', 'f'], as('encrypt', '--kms=ARN', '--', 'f'), { SOPS_KMS_ARN: 'other' }],
    [
      ['-e', 'f'],
      as('encrypt', '--gcp-kms=ID', '--hckms=R:I', '--', 'f'),
      { SOPS_GCP_KMS_IDS: 'ID', SOPS_HUAWEICLOUD_KMS_IDS: 'R:I' },
    ],
    [
      ['-e', 'f'],
      as('encrypt', '--azure-kv=U', '--hc-vault-transit=V', '--', 'f'),
      { SOPS_AZURE_KEYVAULT_URLS: 'U', SOPS_VAULT_URIS: 'V' },
    ],
    [['decrypt', 'f'], as('decrypt', '--', 'f'), { SOPS_AGE_RECIPIENTS: 'age1x', SOPS_KMS_ARN: 'ARN' }],
    [['decrypt', 'f'], as('decrypt', '--config=c', '--', 'f'), { SOPS_CONFIG: 'c' }],
    [['-d', 'f'], as('decrypt', '--decryption-order=pgp', '--', 'f'), { SOPS_DECRYPTION_ORDER: 'pgp' }],
    [['f'], as('edit', '--age=age1x', '--', 'f'), { SOPS_AGE_RECIPIENTS: 'age1x' }],
  ],
};

function meaning(argv: string[], variables: Record<string, string> = {}) {
  return normalise(argv, grammar, name => new Map(Object.entries(variables)).get(name));
}

for (const [title, list] of Object.entries(rows)) {
  describe(title, () => {
    for (const [argv, expected, variables] of list) {
      test(`${JSON.stringify(argv)} ${variables ? JSON.stringify(variables) : ''}`, () => {
        if (typeof expected === 'number') {
          assert.throws(() => meaning(argv, variables), { name: 'TsopsError', exitStatus: expected });
          return;
        }
        const { command, vector, warnings } = meaning(argv, variables);
        if ('command' in expected) assert.deepEqual([command, vector[0]], [expected.command, expected.topic]);
        else assert.deepEqual([vector, warnings.length], [expected.vector, expected.warnings ?? 0]);
      });
    }
  });
}

test('a slip of the pen gets a hint, and no value is repeated', () => {
  const fails = (argv: string[], check: (error: TsopsError) => void) =>
    assert.throws(
      () => meaning(argv),
      (error: unknown) => {
        assert.ok(error instanceof TsopsError);
        check(error);
        return true;
      },
    );
  fails(['encrypt', '--encrypted-regexp=secret', 'f'], error => {
    assert.equal(error.message, 'the flag --encrypted-regexp is not known');
    assert.deepEqual(error.hints, ['Did you mean --encrypted-regex?']);
  });
  fails(['decrypt', '-x.yaml'], error =>
    assert.deepEqual(error.hints, ['If a file of that name is meant, write ./-x.yaml.']),
  );
  fails(['keygen', '-o', ''], error => assert.equal(error.message, '--output needs a file name'));
  for (const argv of [
    ['encrypt', '--indent=secret', 'f'],
    ['encrypt', '--in-place=secret', 'f'],
    ['decrypt', '--input-type', 'secret', 'f'],
  ]) {
    fails(argv, error => assert.ok(![error.message, ...error.hints].join().includes('secret')));
  }
});

test('every vector is either refused with a code or gets the one plain form', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'encrypt',
      'decrypt',
      'edit',
      'rules',
      'test',
      '-d',
      '-e',
      '-i',
      '--',
      '-',
      '--age',
      '--extract',
      '-h',
      'f.yaml',
    ),
    fc.string({ maxLength: 8 }),
    fc.string({ maxLength: 5 }).map(text => `--${text}`),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), argv => {
      try {
        const { command, vector } = meaning(argv);
        if (command === 'help' || command === 'version') return;
        assert.equal(vector[0], command);
        const end = vector.indexOf('--');
        assert.ok(end > 0);
        assert.ok(vector.slice(1, end).every(part => /^--[a-z-]+(=|$)/s.test(part)));
      } catch (error) {
        assert.ok(error instanceof TsopsError, String(error));
      }
    }),
    { numRuns: 2000, seed: 1 },
  );
});
