/** The rows of `docs/compatibility.md` on `publish` that need no service; the others are tested in `publish.test.ts`. */

import type { Row } from './row.ts';

const files = { 'a.yaml': 'a: 1\n', '.sops.yaml': 'destination_rules:\n  - path_regex: "("\n    gcs_bucket: b\n' };
const first = [['encrypt', '-i', '--config', '/dev/null', 'a.yaml']];

/** A rule that selects nothing. */
const open = `    recreation_rule: {encrypted_regex: ^z$, age: RECIPIENT}\n`;
const sealed = (name: string): readonly string[][] => [['encrypt', '-i', '--config', '/dev/null', name]];
const config = (text: string): string => `destination_rules:\n  - gcs_bucket: b\n    gcs_prefix: p/\n${text}`;
const asked = (name: string): RegExp => new RegExp(String.raw`^uploading /.* to gcs://b/${name} \? \(y/n\): `);
const declined = { stdin: 'n\n' };

export const publishRows: readonly Row[] = [
  {
    row: 'Expressions of destination rules',
    ...{ files, first, run: ['publish', '--yes', 'a.yaml'] },
    ...{ tsops: { exit: 1, err: /regular expression/ }, sops: { exit: 1, err: /no matching destination/ } },
  },
  {
    row: '`--dry-run`',
    ...{ files: { ...files, '.sops.yaml': 'destination_rules:\n  - gcs_bucket: b\n' }, first },
    ...{
      run: ['publish', '--dry-run', 'a.yaml'],
      tsops: { exit: 0, out: '', err: /a\.yaml would go to gcs:\/\/b\/a\.yaml/ },
    },
  },
  {
    row: 'A `recreation_rule` that selects nothing',
    ...{ files: { ...files, '.sops.yaml': `${config(open)}creation_rules:\n  - age: RECIPIENT\n` } },
    ...{ first: [['encrypt', '-i', 'a.yaml']], run: ['publish', 'a.yaml'], ...declined },
    ...{ tsops: { exit: 23, out: '' }, sops: { exit: 1, out: /^uploading/ } },
  },
  {
    row: 'Folders of version control in folders',
    ...{ files: { 'd/.git/a.yaml': 'a: 1\n', '.sops.yaml': config('') }, first: sealed('d/.git/a.yaml') },
    ...{ run: ['publish', '--recursive', 'd'], ...declined },
    ...{ tsops: { exit: 0, out: '' }, sops: { exit: 0, out: asked('p/.git/a.yaml') } },
  },
  {
    row: 'Names that leaving out would leave empty',
    ...{ files: { '.env': 'A=1\n', '.sops.yaml': config('    omit_extensions: true\n') }, first: sealed('.env') },
    ...{ run: ['publish', '.env'], ...declined },
    ...{ tsops: { exit: 1, out: asked(String.raw`p/\.env`) }, sops: { exit: 1, out: asked('p/') } },
  },
  {
    row: 'Names that leaving out would leave empty',
    ...{ files: { ...files, '.sops.yaml': config('') }, first, run: ['publish', '--recursive', 'a.yaml'], ...declined },
    ...{ tsops: { exit: 0, out: asked(String.raw`p/a\.yaml`) }, sops: { exit: 0, out: asked(String.raw`p/\.`) } },
  },
  {
    row: 'A path that is not there',
    ...{ files: { '.sops.yaml': config('') }, run: ['publish', '--yes', 'nosuch.yaml'] },
    ...{ tsops: { exit: 100, out: '' }, sops: { exit: 1, out: '' } },
  },
  {
    row: 'An empty answer',
    ...{ files: { ...files, '.sops.yaml': config('') }, first, run: ['publish', 'a.yaml'], stdin: '\nn\n' },
    ...{ tsops: { exit: 1, err: /canceled/ }, sops: { exit: 1, err: /unexpected newline/ } },
  },
  {
    row: 'Addresses of Vault servers',
    ...{ files: { ...files, '.sops.yaml': 'destination_rules:\n  - vault_path: x\n' }, first, ...declined },
    ...{ run: ['publish', 'a.yaml'], env: { VAULT_ADDR: 'http://user:pass@127.0.0.1:1' } },
    ...{
      tsops: { exit: 1, out: '', err: /address of the Vault server is not one/ },
      sops: { exit: 1, out: /user:pass@/ },
    },
  },
];
