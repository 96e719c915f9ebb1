/** The rows of `docs/compatibility.md` on ciphertexts, keys and the configuration. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vectors } from '../harness.ts';
import type { Row } from './row.ts';

const files = { 'a.yaml': 'a: x\nb: y\n' };
const first = [['encrypt', '-i', 'a.yaml']];
const run = ['decrypt', 'a.yaml'];
const changed = (pattern: RegExp, text: string): Pick<Row, 'files' | 'first' | 'change'> => ({
  ...{ files, first, change: ['a.yaml', before => before.replace(pattern, text)] },
});

const identityOf = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.txt`), 'utf8');
const allIdentities = [1, 2, 3].map(identityOf).join('\n');

const ciphertexts: readonly Row[] = [
  ...['enc-text-after', 'enc-loose-base64', 'moved-tag-boundary'].map(
    (name): Row => ({
      row: 'Ciphertexts are exact',
      ...{ vector: `tampered/${name}`, run: ['decrypt', 'encrypted.yaml'] },
      ...{ tsops: { exit: 25, out: '' }, sops: { exit: 0 } },
    }),
  ),
  {
    row: 'An unquoted `lastmodified` is read',
    ...changed(/lastmodified: "(.*)"/, 'lastmodified: $1'),
    ...{ run, tsops: { exit: 0, out: files['a.yaml'] }, sops: { exit: 1 } },
  },
  {
    row: 'A value with the type of a comment',
    ...changed(/type:str/, 'type:comment'),
    ...{
      run: ['decrypt', '--ignore-mac', 'a.yaml'],
      tsops: { exit: 25, out: '' },
      sops: { exit: 0, out: /inline: false/ },
    },
  },
  {
    row: 'A value with the type of a comment',
    ...{ ...changed(/type:str/, 'type:comment'), run, tsops: { exit: 51, out: '' }, sops: { exit: 51 } },
  },
  {
    row: 'Comments in a neighbouring container',
    files: { 'a.yaml': 'a:\n    b: 1\n# c\nd: 2\n' },
    ...{ first, change: ['a.yaml', text => text.replace('\n#ENC', '\n    #ENC')], run },
    tsops: { exit: 0, out: 'a:\n    b: 1\n    # c\nd: 2\n' },
    sops: { exit: 0, out: /\n {4}#ENC/ },
  },
  {
    row: 'Groups beyond the threshold are not asked',
    ...{
      vector: 'tampered/threshold-lowered',
      run: ['decrypt', 'encrypted.yaml'],
      files: { 'all.txt': allIdentities },
    },
    env: { SOPS_AGE_KEY_FILE: '$ROOM/all.txt' },
    ...{ tsops: { exit: 25, out: '' }, sops: { exit: 0 } },
  },
  {
    row: 'Expressions that Go cannot read',
    ...{ files, run: ['encrypt', '--encrypted-regex', '(', 'a.yaml'] },
    ...{ tsops: { exit: 1, out: '' }, sops: { exit: 0, out: /^a: x\n/ } },
  },
  {
    row: 'Expressions that Go cannot read',
    files,
    first: [['encrypt', '-i', '--allow-nothing', '--encrypted-suffix', 'z', 'a.yaml']],
    change: ['a.yaml', text => text.replace('encrypted_suffix: z', 'encrypted_regex: (')],
    ...{ run, tsops: { exit: 0, out: files['a.yaml'] }, sops: { exit: 0 } },
  },
  {
    row: 'Comment rules that match ciphertext',
    ...{ files: { 'a.yaml': '# c\na: x\n' }, run: ['--unencrypted-comment-regex', 'ENC', 'encrypt', 'a.yaml'] },
    ...{ tsops: { exit: 23, out: '' }, sops: { exit: 0 } },
  },
];

const rule = 'creation_rules:\n  - age: RECIPIENT\n';
const sealing = ['encrypt', 'a.yaml'];
const configured = (config: string): Pick<Row, 'files' | 'run'> => ({
  ...{ files: { ...files, '.sops.yaml': config }, run: sealing },
});
const good = { exit: 0, out: /^a: ENC/ };

const configuration: readonly Row[] = [
  {
    row: '`.sops.yml` is read',
    ...{ files: { ...files, '.sops.yml': rule }, run: sealing },
    ...{ tsops: { ...good, err: /warning: .*sops\.yml is used/ }, sops: { exit: 1 } },
  },
  {
    row: 'Configurations are found from the target file too',
    ...{ files: { 'sub/a.yaml': 'a: x\n', 'sub/.sops.yaml': rule }, run: ['encrypt', 'sub/a.yaml'] },
    ...{ env: { SOPS_AGE_RECIPIENTS: '' }, tsops: good, sops: { exit: 1 } },
  },
  {
    row: 'Misspelt configuration keys',
    ...configured(`${rule}    encrypted_regexp: ^a$\n`),
    ...{ tsops: { exit: 1, out: '', err: /Did you mean encrypted_regex/ }, sops: { exit: 0, out: /\nb: ENC/ } },
  },
  {
    row: 'Unknown configuration keys',
    ...configured(`${rule}    colour: red\n`),
    ...{ tsops: { ...good, err: /warning: .*:3:5: / }, sops: { exit: 0, err: /^$/ } },
  },
  {
    row: '`path_glob`',
    ...configured(`${rule}    path_glob: '*.json'\n`),
    ...{ tsops: { exit: 1, out: '', err: /sops does not know path_glob/ }, sops: good },
  },
  {
    row: '`preset`',
    ...{ files: { 'a.yaml': 'a: x\ndata: y\n', '.sops.yaml': `${rule}    preset: kubernetes\n` }, run: sealing },
    ...{ tsops: { exit: 0, out: /^a: x\ndata: ENC/ }, sops: good },
  },
  ...['-1', '300', '1.5'].map(
    (threshold): Row => ({
      row: 'Thresholds that cannot be meant',
      ...configured(`${rule}    shamir_threshold: ${threshold}\n`),
      ...{ tsops: { exit: 1, out: '', err: /:3:23: / }, sops: good },
    }),
  ),
  {
    row: 'Expressions that Go cannot read',
    ...configured(`${rule}    encrypted_regex: (\n`),
    ...{ tsops: { exit: 1, out: '', err: /:3:22: / }, sops: { exit: 0, out: /^a: x\n/ } },
  },
  {
    row: 'The configuration is read as a whole',
    ...{ ...configured(`${rule}---\n[\n`), tsops: { exit: 1, out: '' }, sops: good },
  },
  {
    row: 'The configuration is read as a whole',
    ...{ ...configured(`x-own: {k: 1, k: 2}\n${rule}`), tsops: { exit: 1, out: '' }, sops: good },
  },
  {
    row: 'A folder named `.sops.yaml`',
    ...{ files: { ...files, '.sops.yaml/empty': '' }, run: sealing },
    ...{ tsops: good, sops: { exit: 1 } },
  },
  {
    row: 'Azure keys without a version',
    ...configured('creation_rules:\n  - azure_keyvault: https://a.vault.azure.net/keys/b\n'),
    ...{ run: ['rules', 'test', 'a.yaml'], tsops: { exit: 0, out: /azure_kv https:\/\/a\.vault/ } },
  },
  {
    row: 'Expressions of another dialect',
    ...{ ...configured(`${rule}    path_regex: '\\p{Letter}'\n`), tsops: { exit: 1, out: '' }, sops: good },
  },
  {
    row: 'Expressions of another dialect',
    ...{ ...configured(`${rule}    path_regex: '(?P<n>a)|(?P<n>b)'\n`), tsops: { exit: 1, out: '' }, sops: good },
  },
  {
    row: 'Size of expressions',
    ...{ ...configured(`${rule}    path_regex: '${'a?'.repeat(9000)}'\n`), tsops: { exit: 1, out: '' }, sops: good },
  },
  {
    row: 'Secret keys are not repeated',
    ...{ files, run: ['encrypt', '--age', 'AGE-SECRET-KEY-1QQQ', 'a.yaml'] },
    ...{ tsops: { exit: 1, err: /^(?!.*AGE-SECRET)/s }, sops: { exit: 1, err: /AGE-SECRET-KEY-1QQQ/ } },
  },
  {
    row: 'PGP fingerprints are checked',
    ...{ files, run: ['encrypt', '--pgp', 'Jane Doe', 'a.yaml'], env: { SOPS_AGE_RECIPIENTS: '' } },
    ...{ tsops: { exit: 1, out: '', err: /16 to 64 hexadecimal digits/ } },
  },
];

export const keyRows: readonly Row[] = [...ciphertexts, ...configuration];
