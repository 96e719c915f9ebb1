/**
 * How every command ends, as one table: the rows are run by `testdata/suites/exits.test.ts` and printed into `docs/cli.md`, so that
 * what the page says of exit statuses is what the command does.
 *
 * The files: `enc.yaml`, `enc.json`, `enc.env` and `enc.bin` are encrypted for the identity at hand, `foreign.yaml` for another one,
 * `tampered.yaml` has a changed value, `reordered.yaml` two that changed places, `nested.yaml` a nested one,
 * `plain.yaml` and `plain.json` are not encrypted, `nosuch.yaml` does not exist, `.sops.yaml` has a rule for all files
 * and a destination for `enc.yaml`.
 */

export interface ExitRow {
  readonly args: readonly string[];
  readonly status: number;
  /** As docs/cli.md says it; rows of one command with the same words stand for one line there. */
  readonly what: string;
  /** What sops 3.13 ends with where it is something else; null where sops has no such command or flag. */
  readonly sops?: number | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** An example of a value for every flag that takes one. `RECIPIENT` and the like are filled in by the test. */
export const flagValues: Readonly<Record<string, string>> = {
  output: 'out.yaml',
  'output-dir': 'out',
  'reuse-from': 'enc.yaml',
  'input-type': 'yaml',
  'output-type': 'yaml',
  'filename-override': 'other.yaml',
  config: '.sops.yaml',
  extract: '["a"]',
  format: 'json',
  'decryption-order': 'pgp,age',
  'unencrypted-suffix': '_clear',
  'encrypted-suffix': 'a',
  'unencrypted-regex': '^never$',
  'encrypted-regex': '^a$',
  'unencrypted-comment-regex': 'public',
  'encrypted-comment-regex': 'secret',
  'shamir-secret-sharing-threshold': '1',
  indent: '2',
  layout: 'sops',
  'encryption-context': 'team:web',
  'aws-profile': 'ci',
  timeout: '5',
  keyservice: 'tcp://127.0.0.1:1',
  network: 'tcp',
  address: '127.0.0.1:0',
  age: 'RECIPIENT',
  generate: 'uuid',
  user: 'root',
  filename: 'x.yaml',
  file: 'enc.yaml',
  flatten: '__',
  require: 'a',
  'require-from': 'example.env',
  'recipients-from': 'file',
  root: '.',
  report: 'sarif',
};

/** A run of each command that ends well, to which every flag of the command is added in turn. */
export const goodRuns: Readonly<Record<string, readonly string[]>> = {
  encrypt: ['encrypt', 'plain.yaml'],
  decrypt: ['decrypt', 'enc.yaml'],
  get: ['get', 'enc.yaml', 'a'],
  edit: ['edit', 'enc.yaml'],
  set: ['set', 'enc.yaml', '["a"]', '"three"'],
  unset: ['unset', 'enc.yaml', '["a"]'],
  filestatus: ['filestatus', 'enc.yaml'],
  check: ['check', 'enc.yaml'],
  'rules test': ['rules', 'test', 'plain.yaml'],
  keygen: ['keygen'],
  init: ['init'],
  rotate: ['rotate', 'enc.yaml'],
  updatekeys: ['updatekeys', '-y', 'enc.yaml'],
  publish: ['publish', '--yes', 'enc.yaml'],
  'groups add': ['groups', 'add', '-f', 'enc.yaml', '--age', 'OTHER'],
  'groups delete': ['groups', 'delete', '-f', 'groups.yaml', '--shamir-secret-sharing-threshold', '1', '1'],
  'git textconv': ['git', 'textconv', 'enc.yaml'],
  'git merge': ['git', 'merge', 'enc.yaml', 'enc.yaml', 'enc.yaml', 'enc.yaml'],
  completion: ['completion', 'bash'],
  'exec-env': ['exec-env', 'enc.yaml', 'true'],
  'exec-file': ['exec-file', 'enc.yaml', 'cat {}'],
  run: ['run', '-f', 'enc.yaml', '--', 'true'],
  krm: ['krm'],
};

const resourceList = (...files: readonly string[]): string => {
  const functionConfig = { apiVersion: 'tsops.dev/v1', kind: 'Decrypt', files };
  return JSON.stringify({ apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items: [], functionConfig });
};

/** What these runs have on standard input. */
export const goodInputs: Readonly<Record<string, string>> = { krm: resourceList('enc.yaml') };

/** Flags with which the good run of a command ends otherwise, and why. */
export const otherEnds: Readonly<Record<string, Readonly<Record<string, readonly [status: number, why: string]>>>> = {
  encrypt: {
    kms: [1, 'the key cannot be used'],
    'gcp-kms': [1, 'the key cannot be used'],
    hckms: [1, 'the key cannot be used'],
    'azure-kv': [1, 'the key cannot be used'],
    pgp: [1, 'the key is not at hand'],
    'hc-vault-transit': [1, 'the key cannot be used'],
    'encrypted-comment-regex': [23, 'no comment matches, so nothing would be encrypted'],
  },
  set: {
    'value-file': [100, 'there is no file with the name of the value'],
    'value-stdin': [100, 'the value is given twice'],
    generate: [100, 'the value is given twice'],
  },
  // The editor of the test leaves a text without a block.
  edit: {
    'show-master-keys': [1, 'the edited text has no sops block'],
    conflict: [1, 'git has no conflict for the file'],
  },
};

const usage = (command: string): readonly ExitRow[] => [
  { args: [command, '--nope'], status: 1, what: 'a flag is not known, has no value, or a value that it does not take' },
];

/** With the configuration in front, where sops knows it too. */
const toStore = ['--config', 'publish.sops.yaml', 'publish'];

export const exitRows: Readonly<Record<string, readonly ExitRow[]>> = {
  encrypt: [
    ...usage('encrypt'),
    {
      args: ['encrypt', 'plain.yaml', '--age', 'age1nope'],
      status: 1,
      what: 'a key is not well formed or cannot be used; no rule matches',
    },
    { args: ['encrypt', 'broken.yaml'], status: 2, what: 'the file cannot be read or parsed' },
    { args: ['encrypt', '--output', 'no/such/folder', 'plain.yaml'], status: 3, what: 'the result cannot be written' },
    {
      args: ['encrypt', '--encryption-context', 'x', 'plain.yaml'],
      status: 6,
      what: 'the encryption context is no list of pairs',
    },
    {
      args: ['encrypt', '-i', '--output', 'x', 'plain.yaml'],
      status: 8,
      what: 'flags contradict each other, or standard input has no name',
    },
    {
      args: ['encrypt', '-i'],
      status: 8,
      what: 'flags contradict each other, or standard input has no name',
      stdin: 'a: 1\n',
    },
    {
      args: ['encrypt'],
      status: 8,
      what: 'flags contradict each other, or standard input has no name',
      stdin: 'a: 1\n',
    },
    {
      args: ['encrypt', '--encrypted-regex', '^zzz$', 'plain.yaml'],
      status: 23,
      what: 'nothing would be encrypted',
      sops: 0,
    },
    { args: ['encrypt', 'empty.yaml'], status: 92, what: 'the file is empty' },
    { args: ['encrypt', 'nosuch.yaml'], status: 100, what: 'the file does not exist' },
    { args: ['encrypt', 'enc.yaml'], status: 203, what: 'the file is encrypted already' },
    { args: ['-e', 'plain.yaml'], status: 0, what: 'encrypted' },
    { args: ['--encrypt', '-i', 'plain.yaml'], status: 0, what: 'encrypted' },
    { args: ['-e', 'enc.yaml'], status: 203, what: 'the file is encrypted already' },
    { args: ['-e', 'nosuch.yaml'], status: 100, what: 'the file does not exist' },
    { args: ['-e'], status: 100, what: 'the file does not exist' },
  ],
  decrypt: [
    ...usage('decrypt'),
    {
      args: ['decrypt', 'plain.yaml'],
      status: 1,
      what: 'the file is not encrypted, its block is damaged, or a path does not exist in it',
    },
    {
      args: ['decrypt', '--extract', '["nope"]', 'enc.yaml'],
      status: 1,
      what: 'the file is not encrypted, its block is damaged, or a path does not exist in it',
    },
    { args: ['decrypt', '--output', 'no/such/folder', 'enc.yaml'], status: 3, what: 'the result cannot be written' },
    {
      args: ['decrypt', '--output-type', 'binary', 'enc.yaml'],
      status: 4,
      what: 'the output format cannot hold the content',
    },
    {
      args: ['decrypt', '-i', '--format', 'json', 'enc.yaml'],
      status: 8,
      what: 'flags contradict each other',
      sops: null,
    },
    { args: ['decrypt', '-i', '--output', 'x', 'enc.yaml'], status: 8, what: 'flags contradict each other' },
    {
      args: ['decrypt', '--strip-metadata', '-i', 'enc.yaml'],
      status: 8,
      what: 'flags contradict each other',
      sops: null,
    },
    {
      args: ['decrypt', '--strip-metadata', '-o', './enc.yaml', 'enc.yaml'],
      status: 8,
      what: 'flags contradict each other',
      sops: null,
    },
    { args: ['decrypt', '--strip-metadata', 'foreign.yaml'], status: 0, what: 'decrypted', sops: null },
    { args: ['decrypt', '-i'], status: 8, what: 'flags contradict each other' },
    { args: ['decrypt', 'tampered.yaml'], status: 25, what: 'a value does not decrypt' },
    { args: ['decrypt', 'reordered.yaml'], status: 51, what: 'the MAC does not fit the content' },
    { args: ['decrypt', '--extract', '[x', 'enc.yaml'], status: 91, what: 'a path is not well formed' },
    { args: ['decrypt', 'nosuch.yaml'], status: 100, what: 'the file does not exist' },
    {
      args: ['decrypt', '--decryption-order', 'age,age', 'enc.yaml'],
      status: 112,
      what: 'a kind of key is named twice',
    },
    { args: ['decrypt', 'foreign.yaml'], status: 128, what: 'no key at hand opens the file' },
    { args: ['-d', 'enc.yaml'], status: 0, what: 'decrypted' },
    { args: ['--decrypt', '-i', 'enc.yaml'], status: 0, what: 'decrypted' },
    { args: ['-d', 'foreign.yaml'], status: 128, what: 'no key at hand opens the file' },
    { args: ['-d', 'tampered.yaml'], status: 25, what: 'a value does not decrypt' },
    { args: ['-d', 'nosuch.yaml'], status: 100, what: 'the file does not exist' },
    { args: ['-d'], status: 100, what: 'the file does not exist' },
    { args: ['-d', '--extract', '["a"]', 'enc.yaml'], status: 0, what: 'decrypted' },
    {
      args: ['-d', 'plain.yaml'],
      status: 1,
      what: 'the file is not encrypted, its block is damaged, or a path does not exist in it',
    },
    { args: ['-d', '-e', 'enc.yaml'], status: 8, what: 'flags contradict each other', sops: 0 },
  ],
  get: [
    ...usage('get').map(row => ({ ...row, sops: null })),
    { args: ['get', 'enc.yaml', 'a'], status: 0, what: 'printed', sops: null },
    { args: ['get', 'enc.yaml', 'nope'], status: 1, what: 'a path does not exist in the file', sops: null },
    {
      args: ['get', 'plain.yaml', 'a'],
      status: 1,
      what: 'the file is not encrypted or its block is damaged',
      sops: null,
    },
    {
      args: ['get', '--format', 'json', '--output-type', 'ini', 'enc.yaml', 'a'],
      status: 8,
      what: 'flags contradict each other',
      sops: null,
    },
    { args: ['get', 'tampered.yaml', 'b'], status: 25, what: 'a value does not decrypt', sops: null },
    { args: ['get', 'enc.yaml', '[x'], status: 91, what: 'a path is not well formed', sops: null },
    {
      args: ['get', 'enc.yaml'],
      status: 100,
      what: 'no file or path was named, or the file does not exist',
      sops: null,
    },
    { args: ['get'], status: 100, what: 'no file or path was named, or the file does not exist', sops: null },
    { args: ['get', 'foreign.yaml', 'a'], status: 128, what: 'no key at hand opens the file', sops: null },
  ],
  edit: [
    ...usage('edit'),
    { args: ['edit', '--conflict', 'enc.yaml'], status: 1, what: 'git has no conflict for the file', sops: null },
    { args: ['edit', '--k8s', 'new.yaml'], status: 8, what: 'flags contradict each other', sops: null },
    {
      args: ['edit', 'plain.yaml'],
      status: 1,
      what: 'the file is not encrypted or its block is damaged; for a new file, a key is not well formed or no rule matches',
    },
    { args: ['edit', 'tampered.yaml'], status: 25, what: 'a value does not decrypt' },
    { args: ['edit', 'reordered.yaml'], status: 51, what: 'the MAC does not fit the content' },
    { args: ['edit'], status: 100, what: 'no file was named' },
    {
      args: ['edit', 'foreign.yaml'],
      status: 128,
      what: 'no key at hand opens the file; for a new file, a key cannot be used',
    },
    { args: ['edit', 'enc.yaml'], status: 200, what: 'the editor left the file as it was', env: { EDITOR: 'true' } },
    { args: ['edit', 'enc.yaml'], status: 201, what: 'there is no editor, or it failed', env: { EDITOR: 'false' } },
    {
      args: ['edit', 'enc.yaml'],
      status: 201,
      what: 'there is no editor, or it failed',
      env: { EDITOR: 'no-such-editor' },
    },
    { args: ['edit', 'new.yaml'], status: 0, what: 'the file was changed or made' },
    { args: ['enc.yaml'], status: 0, what: 'the file was changed or made' },
    { args: ['new.yaml'], status: 0, what: 'the file was changed or made' },
    { args: ['enc.yaml'], status: 200, what: 'the editor left the file as it was', env: { EDITOR: 'true' } },
    { args: [], status: 100, what: 'no file was named' },
  ],
  set: [
    ...usage('set'),
    { args: ['set', 'enc.yaml', '["a"]', '2'], status: 0, what: 'the value is set' },
    { args: ['set', 'enc.yaml', '["n"]["m"]', '{"x": [1]}'], status: 0, what: 'the value is set' },
    { args: ['set', '--value-stdin', 'enc.yaml', '["a"]'], status: 0, what: 'the value is set', stdin: '"x"' },
    { args: ['set', '--value-file', 'enc.yaml', '["a"]', 'plain.json'], status: 0, what: 'the value is set' },
    { args: ['--set', '["a"] "x"', 'enc.yaml'], status: 0, what: 'the value is set' },
    { args: ['set', 'enc.yaml', '["a"]', '[1]'], status: 0, what: 'the value is set', sops: 7 },
    {
      args: ['set', 'plain.yaml', '["a"]', '1'],
      status: 1,
      what: 'the file is not encrypted, its block is damaged, or the path cannot be set',
    },
    {
      args: ['set', 'enc.yaml', '["a"][0]', '1'],
      status: 1,
      what: 'the file is not encrypted, its block is damaged, or the path cannot be set',
      sops: 0,
    },
    {
      args: ['set', '--value-file', '--value-stdin', 'enc.yaml', '["a"]', 'x'],
      status: 1,
      what: 'a flag is not known, has no value, or a value that it does not take',
    },
    { args: ['set', 'nosuch.yaml', '["a"]', '1'], status: 2, what: 'the file does not exist' },
    { args: ['set', 'enc.env', '["a"]', '{"b": 1}'], status: 4, what: 'the format cannot hold the value' },
    { args: ['set', 'enc.yaml', 'a', '1'], status: 7, what: 'the path or the value is not well formed' },
    { args: ['set', 'enc.yaml', '["a"]', 'x'], status: 7, what: 'the path or the value is not well formed' },
    { args: ['--set', '["a"]"x"', 'enc.yaml'], status: 7, what: 'the path or the value is not well formed' },
    { args: ['set', 'tampered.yaml', '["b"]', '1'], status: 25, what: 'a value does not decrypt' },
    { args: ['set', 'reordered.yaml', '["b"]', '1'], status: 51, what: 'the MAC does not fit the content' },
    { args: ['set', 'enc.yaml', '["a"]'], status: 100, what: 'a file, a path or a value is missing' },
    { args: ['set', 'enc.yaml'], status: 100, what: 'a file, a path or a value is missing' },
    { args: ['set', 'enc.yaml', '["a"]', '1', '2'], status: 100, what: 'a file, a path or a value is missing' },
    { args: ['set', 'foreign.yaml', '["a"]', '1'], status: 128, what: 'no key at hand opens the file' },
    { args: ['set', 'enc.yaml', '["sops"]', '1'], status: 203, what: 'the path is the reserved key' },
  ],
  unset: [
    ...usage('unset'),
    { args: ['unset', 'enc.yaml', '["b"]'], status: 0, what: 'the value is taken out' },
    { args: ['unset', '--idempotent', 'enc.yaml', '["n"]'], status: 0, what: 'the value is taken out' },
    {
      args: ['unset', 'plain.yaml', '["a"]'],
      status: 1,
      what: 'the file is not encrypted, its block is damaged, or the path does not exist in it',
    },
    {
      args: ['unset', 'enc.yaml', '["n"]'],
      status: 1,
      what: 'the file is not encrypted, its block is damaged, or the path does not exist in it',
    },
    {
      args: ['unset', '--idempotent', 'enc.yaml', '["a"]["b"]'],
      status: 1,
      what: 'the file is not encrypted, its block is damaged, or the path does not exist in it',
    },
    { args: ['unset', 'nosuch.yaml', '["a"]'], status: 2, what: 'the file does not exist' },
    { args: ['unset', 'enc.yaml', 'a'], status: 7, what: 'the path is not well formed' },
    { args: ['unset', 'tampered.yaml', '["b"]'], status: 25, what: 'a value does not decrypt' },
    { args: ['unset', 'reordered.yaml', '["b"]'], status: 51, what: 'the MAC does not fit the content' },
    { args: ['unset', 'enc.yaml'], status: 100, what: 'a file or a path is missing' },
    { args: ['unset', 'foreign.yaml', '["a"]'], status: 128, what: 'no key at hand opens the file' },
  ],
  check: [
    ...usage('check').map(row => ({ ...row, sops: null })),
    { args: ['check', 'enc.yaml'], status: 0, what: 'nothing was found', sops: null },
    {
      args: ['check', '--verify', 'enc.yaml', 'enc.json', 'enc.env'],
      status: 0,
      what: 'nothing was found',
      sops: null,
    },
    { args: ['check', '--verify', 'tampered.yaml'], status: 1, what: 'something was found', sops: null },
    { args: ['check', '--verify', 'foreign.yaml'], status: 1, what: 'something was found', sops: null },
    {
      args: ['check', '--json', '--report', 'sarif', 'enc.yaml'],
      status: 8,
      what: 'flags contradict each other',
      sops: null,
    },
    { args: ['check', 'nosuch.yaml'], status: 100, what: 'a path does not exist', sops: null },
  ],
  'git install': [{ args: ['git', 'install'], status: 1, what: 'there is no git, or no repository here', sops: null }],
  'git textconv': [
    {
      args: ['git', 'textconv', 'enc.yaml'],
      status: 0,
      what: 'printed, also where it cannot be decrypted',
      sops: null,
    },
    {
      args: ['git', 'textconv', 'foreign.yaml'],
      status: 0,
      what: 'printed, also where it cannot be decrypted',
      sops: null,
    },
    {
      args: ['git', 'textconv', 'plain.yaml'],
      status: 0,
      what: 'printed, also where it cannot be decrypted',
      sops: null,
    },
    { args: ['git', 'textconv', 'nosuch.yaml'], status: 100, what: 'the file does not exist', sops: null },
  ],
  'git merge': [
    {
      args: ['git', 'merge', 'enc.yaml', 'enc.yaml', 'tampered.yaml', 'x.yaml'],
      status: 1,
      what: 'both sides changed the same value, or a version cannot be opened',
      sops: null,
    },
    {
      args: ['git', 'merge', 'enc.yaml', 'foreign.yaml', 'enc.yaml', 'x.yaml'],
      status: 1,
      what: 'both sides changed the same value, or a version cannot be opened',
      sops: null,
    },
  ],
  filestatus: [
    ...usage('filestatus'),
    { args: ['filestatus', 'plain.yaml'], status: 0, what: 'the answer was printed, whichever it is' },
    { args: ['filestatus', 'nosuch.yaml'], status: 1, what: 'the file cannot be read or parsed' },
    { args: ['filestatus', 'broken.yaml'], status: 1, what: 'the file cannot be read or parsed' },
    { args: ['filestatus'], status: 100, what: 'no file was named' },
  ],
  'hook install': [
    { args: ['hook', 'install', 'x'], status: 1, what: 'an operand or flag is not known', sops: null },
    {
      args: ['hook', 'install'],
      status: 1,
      what: 'the folder is in no git repository',
      sops: null,
      env: { GIT_DIR: 'nosuch' },
    },
  ],
  'hook run': [
    { args: ['hook', 'run', 'x'], status: 1, what: 'an operand or flag is not known', sops: null },
    {
      args: ['hook', 'run'],
      status: 1,
      what: 'the folder is in no git repository, or what is staged must not be committed as it is',
      sops: null,
      env: { GIT_DIR: 'nosuch' },
    },
  ],
  'rules test': [
    {
      args: ['rules', 'test', '--nope'],
      status: 1,
      what: 'no rule matches, there is no configuration, or it is damaged',
      sops: null,
    },
    {
      args: ['rules', 'test', '--config', 'nosuch', 'x'],
      status: 1,
      what: 'no rule matches, there is no configuration, or it is damaged',
      sops: null,
    },
    { args: ['rules', 'tset', 'x'], status: 3, what: 'the second word is no command', sops: null },
    { args: ['rules', 'test'], status: 100, what: 'no file was named', sops: null },
  ],
  keygen: [
    { args: ['keygen', 'x'], status: 1, what: 'an operand or flag is not known', sops: null },
    {
      args: ['keygen', '-o', 'plain.yaml'],
      status: 3,
      what: 'the file exists already or cannot be written',
      sops: null,
    },
  ],
  init: [{ args: ['init', 'x'], status: 1, what: 'an operand or flag is not known', sops: null }],
  rotate: [
    ...usage('rotate'),
    {
      args: ['rotate', '--rm-age', 'RECIPIENT', 'enc.yaml'],
      status: 1,
      what: 'no key would be left; a key is not well formed or cannot be used; the rule does not name a key of the file',
    },
    {
      args: ['rotate', '--add-age', 'age1nope', 'enc.yaml'],
      status: 1,
      what: 'no key would be left; a key is not well formed or cannot be used; the rule does not name a key of the file',
    },
    {
      args: ['rotate', 'stranger.yaml'],
      status: 1,
      what: 'no key would be left; a key is not well formed or cannot be used; the rule does not name a key of the file',
      sops: 0,
    },
    { args: ['rotate', 'nosuch.yaml'], status: 2, what: 'the file does not exist (100 for `-r`) or cannot be read' },
    { args: ['rotate', '-i', '--output', 'x', 'enc.yaml'], status: 8, what: 'flags contradict each other' },
    { args: ['rotate', 'tampered.yaml'], status: 25, what: 'a value does not decrypt' },
    {
      args: ['rotate', '--add-age', 'OTHER', 'nosuch.yaml'],
      status: 49,
      what: 'the file whose keys are to change does not exist',
    },
    {
      args: ['-r', '--rm-age', 'OTHER', 'nosuch.yaml'],
      status: 49,
      what: 'the file whose keys are to change does not exist',
    },
    { args: ['rotate', 'reordered.yaml'], status: 51, what: 'the MAC does not fit the content' },
    { args: ['rotate'], status: 100, what: 'no file was named' },
    { args: ['-r', 'nosuch.yaml'], status: 100, what: 'no file was named' },
    { args: ['-r'], status: 100, what: 'no file was named' },
    { args: ['rotate', 'foreign.yaml'], status: 128, what: 'no key at hand opens the file' },
    { args: ['-r', 'enc.yaml'], status: 0, what: 'encrypted anew' },
    { args: ['-r', '-i', 'enc.yaml'], status: 0, what: 'encrypted anew' },
    { args: ['--rotate', '--add-age', 'OTHER', 'enc.yaml'], status: 0, what: 'encrypted anew' },
  ],
  updatekeys: [
    ...usage('updatekeys'),
    {
      args: ['updatekeys', '--config', 'no-rules.yaml', 'enc.yaml'],
      status: 1,
      what: 'there is no configuration or no rule; nobody answered; one of several files failed',
    },
    {
      args: ['updatekeys', 'stranger.yaml'],
      status: 1,
      what: 'there is no configuration or no rule; nobody answered; one of several files failed',
    },
    {
      args: ['updatekeys', '-y', 'enc.yaml', 'foreign.yaml'],
      status: 1,
      what: 'there is no configuration or no rule; nobody answered; one of several files failed',
    },
    { args: ['updatekeys', '-y', 'plain.yaml'], status: 1, what: 'the file is not encrypted or its block is damaged' },
    {
      args: ['updatekeys', 'stranger.yaml'],
      stdin: 'n\n',
      status: 0,
      what: 'nothing was to be done, or it was declined',
    },
    {
      args: ['updatekeys', 'stranger.yaml'],
      stdin: 'x\ny\n',
      status: 0,
      what: 'nothing was to be done, or it was declined',
    },
    {
      args: ['updatekeys', '-y', 'nosuch.yaml'],
      status: 100,
      what: 'no file was named, or it does not exist',
      sops: 1,
    },
    {
      args: ['--config', 'open.sops.yaml', 'updatekeys', '-y', 'enc.yaml'],
      status: 23,
      what: 'the rule selects no value, and --allow-nothing is not given',
      sops: null,
    },
    { args: ['updatekeys'], status: 100, what: 'no file was named, or it does not exist' },
    { args: ['updatekeys', '-y', 'foreign.yaml'], status: 128, what: 'no key at hand opens the file' },
  ],
  publish: [
    ...usage('publish'),
    {
      args: ['publish', '--yes', 'foreign.yaml'],
      status: 1,
      what: 'there is no destination for the file, or it did not take it; the file is not encrypted',
    },
    {
      args: [...toStore, '--yes', 'plain.yaml'],
      status: 1,
      what: 'there is no destination for the file, or it did not take it; the file is not encrypted',
    },
    {
      args: [...toStore, '--yes', '.'],
      status: 1,
      what: 'a folder without --recursive; nobody answered, or it was declined',
    },
    {
      args: [...toStore, 'enc.yaml'],
      status: 1,
      what: 'a folder without --recursive; nobody answered, or it was declined',
    },
    {
      args: [...toStore, 'enc.yaml'],
      stdin: 'n\n',
      status: 1,
      what: 'a folder without --recursive; nobody answered, or it was declined',
    },
    {
      args: ['--config', 'open.sops.yaml', 'publish', '--yes', 'enc.yaml'],
      status: 23,
      what: 'the `recreation_rule` selects no value, and --allow-nothing is not given',
      sops: null,
    },
    { args: [...toStore, '--yes', 'tampered.yaml'], status: 25, what: 'a value does not decrypt' },
    { args: [...toStore, '--yes', 'reordered.yaml'], status: 51, what: 'the MAC does not fit' },
    { args: [...toStore, '--yes', 'foreign.yaml'], status: 128, what: 'no key at hand opens the file' },
    {
      args: [...toStore, '--yes', 'nosuch.yaml'],
      status: 100,
      what: 'no file was named, or it does not exist',
      sops: 1,
    },
    { args: ['publish'], status: 100, what: 'no file was named, or it does not exist' },
  ],
  'groups add': [
    {
      args: ['groups', 'add', '--nope'],
      status: 1,
      what: 'a flag is not known, has no value, or a value that it does not take',
    },
    {
      args: ['groups', 'add', '-f', 'enc.yaml'],
      status: 1,
      what: 'no key was named, or a key cannot be used',
      sops: 0,
    },
    {
      args: ['groups', 'add', '-f', 'enc.yaml', '--age', 'OTHER', 'x'],
      status: 1,
      what: 'no key was named, or a key cannot be used',
    },
    {
      args: ['groups', 'add', '-f', 'enc.yaml', '--age', 'OTHER', '--shamir-secret-sharing-threshold', '3'],
      status: 1,
      what: 'the threshold is impossible',
      sops: 0,
    },
    {
      args: ['groups', 'add', '-f', 'nosuch.yaml', '--age', 'OTHER'],
      status: 2,
      what: 'no file was named, or it cannot be read',
    },
    { args: ['groups', 'add', '--age', 'OTHER'], status: 2, what: 'no file was named, or it cannot be read' },
    {
      args: ['groups', 'add', '-f', 'foreign.yaml', '--age', 'RECIPIENT'],
      status: 128,
      what: 'no key at hand opens the file',
      sops: 1,
    },
    { args: ['groups', 'nope'], status: 3, what: 'the second word is no command' },
    { args: ['groups'], status: 0, what: 'help' },
  ],
  'groups delete': [
    {
      args: ['groups', 'delete', '--nope'],
      status: 1,
      what: 'a flag is not known, has no value, or a value that it does not take',
    },
    { args: ['groups', 'delete', '-f', 'groups.yaml'], status: 1, what: 'there is not one number of a group' },
    { args: ['groups', 'delete', '-f', 'groups.yaml', 'x'], status: 1, what: 'there is not one number of a group' },
    {
      args: ['groups', 'delete', '-f', 'groups.yaml', '9'],
      status: 1,
      what: 'there is no such group, or too few would be left',
      sops: 2,
    },
    {
      args: ['groups', 'delete', '-f', 'groups.yaml', '0'],
      status: 1,
      what: 'there is no such group, or too few would be left',
    },
    { args: ['groups', 'delete', '0'], status: 2, what: 'no file was named, or it cannot be read' },
  ],
  'exec-env': [
    ...usage('exec-env'),
    { args: ['exec-env'], status: 1, what: 'there is not one file and one command' },
    { args: ['exec-env', 'enc.yaml'], status: 1, what: 'there is not one file and one command' },
    { args: ['exec-env', 'enc.yaml', 'a', 'b'], status: 1, what: 'there is not one file and one command' },
    {
      args: ['exec-env', 'nested.yaml', 'true'],
      status: 1,
      what: 'a value cannot be a variable; there is no such user',
    },
    {
      args: ['exec-env', '--user', 'no-such-user', 'enc.yaml', 'true'],
      status: 1,
      what: 'a value cannot be a variable; there is no such user',
    },
    {
      args: ['exec-env', '--background', '--same-process', 'enc.yaml', 'true'],
      status: 8,
      what: 'flags contradict each other',
    },
    { args: ['exec-env', 'tampered.yaml', 'true'], status: 25, what: 'a value does not decrypt' },
    { args: ['exec-env', 'reordered.yaml', 'true'], status: 51, what: 'the MAC does not fit the content' },
    { args: ['exec-env', 'nosuch.yaml', 'true'], status: 2, what: 'the file does not exist or cannot be read' },
    { args: ['exec-env', 'foreign.yaml', 'true'], status: 128, what: 'no key at hand opens the file' },
    { args: ['exec-env', 'enc.yaml', 'exit 9'], status: 9, what: 'any other status is that of the command' },
    { args: ['exec-env', 'enc.yaml', 'kill -9 $$'], status: 255, what: 'a signal ended the command' },
  ],
  'exec-file': [
    ...usage('exec-file'),
    { args: ['exec-file', 'enc.yaml'], status: 1, what: 'there is not one file and one command' },
    {
      args: ['exec-file', '--filename', '../x', 'enc.yaml', 'true'],
      status: 1,
      what: 'the name leads out of the folder; there is no such user',
    },
    {
      args: ['exec-file', '--filename', '/x', 'enc.yaml', 'true'],
      status: 1,
      what: 'the name leads out of the folder; there is no such user',
    },
    { args: ['exec-file', 'tampered.yaml', 'true'], status: 25, what: 'a value does not decrypt' },
    { args: ['exec-file', 'nosuch.yaml', 'true'], status: 2, what: 'the file does not exist or cannot be read' },
    { args: ['exec-file', 'foreign.yaml', 'true'], status: 128, what: 'no key at hand opens the file' },
    { args: ['exec-file', 'enc.yaml', 'exit 9'], status: 9, what: 'any other status is that of the command' },
    { args: ['exec-file', 'enc.yaml', 'kill -9 $$'], status: 255, what: 'a signal ended the command' },
  ],
  run: [
    ...usage('run').map(row => ({ ...row, sops: null })),
    {
      args: ['run', '-f', 'enc.yaml'],
      status: 1,
      what: 'no program was named; a required name is missing; a value cannot be a variable',
      sops: null,
    },
    {
      args: ['run', '-f', 'enc.yaml', '--require', 'z', 'true'],
      status: 1,
      what: 'no program was named; a required name is missing; a value cannot be a variable',
      sops: null,
    },
    {
      args: ['run', '-f', 'nested.yaml', 'true'],
      status: 1,
      what: 'no program was named; a required name is missing; a value cannot be a variable',
      sops: null,
    },
    { args: ['run', 'true'], status: 100, what: 'no file was named, or it does not exist', sops: null },
    {
      args: ['run', '-f', 'nosuch.yaml', 'true'],
      status: 100,
      what: 'no file was named, or it does not exist',
      sops: null,
    },
    { args: ['run', '-f', 'enc.yaml', './plain.yaml'], status: 126, what: 'the program cannot be started', sops: null },
    { args: ['run', '-f', 'enc.yaml', 'no-such-program'], status: 127, what: 'the program was not found', sops: null },
    { args: ['run', '-f', 'foreign.yaml', 'true'], status: 128, what: 'no key at hand opens the file', sops: null },
    {
      args: ['run', '-f', 'enc.yaml', 'sh', '-c', 'exit 9'],
      status: 9,
      what: 'any other status is that of the program',
      sops: null,
    },
    {
      args: ['run', '-f', 'enc.yaml', 'sh', '-c', 'kill -9 $$'],
      status: 137,
      what: 'a signal ended the program: 128 and its number',
      sops: null,
    },
  ],
  krm: [
    {
      args: ['krm', 'x'],
      status: 1,
      what: 'an operand or flag is not known; the configuration of the function is not sound',
      sops: null,
    },
    {
      args: ['krm'],
      status: 2,
      what: 'standard input is no ResourceList, or a file is outside of the root',
      sops: null,
    },
    {
      ...{ args: ['krm'], stdin: resourceList('').replace('Decrypt', 'Nope'), status: 1, sops: null },
      what: 'an operand or flag is not known; the configuration of the function is not sound',
    },
    {
      ...{ args: ['krm'], stdin: resourceList('../enc.yaml'), status: 2, sops: null },
      what: 'standard input is no ResourceList, or a file is outside of the root',
    },
    { args: ['krm'], stdin: resourceList('tampered.yaml'), status: 25, what: 'a value does not decrypt', sops: null },
    {
      ...{ args: ['krm'], stdin: resourceList('reordered.yaml'), status: 51, sops: null },
      what: 'the MAC does not fit the content',
    },
    { args: ['krm'], stdin: resourceList('nosuch.yaml'), status: 100, what: 'a file does not exist', sops: null },
    {
      ...{ args: ['krm'], stdin: resourceList('foreign.yaml'), status: 128, sops: null },
      what: 'no key at hand opens a file',
    },
  ],
  completion: [
    { args: ['completion', 'bash'], status: 0, what: 'the script' },
    { args: ['completion', 'zsh'], status: 0, what: 'the script' },
    { args: ['completion', 'fish'], status: 0, what: 'the script', sops: 3 },
    { args: ['completion'], status: 0, what: 'help' },
    { args: ['completion', '--nope'], status: 1, what: 'a flag is not known' },
    { args: ['completion', 'tcsh'], status: 3, what: 'there is no script for the shell' },
  ],
  keyservice: [
    { args: ['keyservice', '--network', 'udp'], status: 1, what: 'the service cannot listen at the address', sops: 1 },
    { args: ['keyservice', '--address', 'nonsense'], status: 1, what: 'the service cannot listen at the address' },
  ],
};

const addFlags = ['kms', 'gcp-kms', 'hckms', 'azure-kv', 'pgp', 'hc-vault-transit'];
const unusable = (prefix: string): Record<string, readonly [number, string]> =>
  Object.fromEntries(addFlags.map(name => [`${prefix}${name}`, [1, 'the key cannot be used']]));
Object.assign(otherEnds as Record<string, unknown>, {
  rotate: { ...unusable('add-'), 'rm-age': [1, 'no key would be left'] },
  'groups add': { ...unusable(''), 'shamir-secret-sharing-threshold': [1, 'one of two groups is no threshold'] },
});

/** Questions that belong to no command. */
export const questionRows: readonly ExitRow[] = [
  { args: ['--help'], status: 0, what: 'help' },
  { args: ['help', 'encrypt'], status: 0, what: 'help' },
  { args: ['encrypt', '-h'], status: 0, what: 'help' },
  { args: ['help', 'nothing'], status: 3, what: 'there is no help on the word' },
  { args: ['--version', '--disable-version-check'], status: 0, what: 'the version' },
  { args: ['--nope'], status: 1, what: 'a flag is not known' },
];
