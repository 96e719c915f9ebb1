/** The rows of `docs/compatibility.md` on the command line, on editing and on `--extract`. */

import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Row, type Seen, script } from './row.ts';

const plain = 'a: 1\nb: x\n';
const files = { 'a.yaml': plain };
const first = [['encrypt', '-i', 'a.yaml']];
const decrypted: Seen = { exit: 0, out: /a: 1\nb: x\n$/ };
const brokenConfig = { ...files, '.sops.yaml': 'creation_rules: [\n' };
const ruleForOthers = 'creation_rules:\n  - path_regex: ^nomatch$\n    pgp: AAAABBBBCCCCDDDDEEEEFFFFAAAABBBBCCCCDDDD\n';
const modeOf = (folder: string, name: string): number => statSync(join(folder, name)).mode & 0o777;

const flags: readonly Row[] = [
  {
    row: 'Root flags work behind the command',
    ...{ files, first, run: ['decrypt', 'a.yaml', '--indent', '2', '--config', '/dev/null'] },
    ...{ tsops: decrypted, sops: { exit: 0, err: /looks like a flag/ } },
  },
  {
    row: 'Root flags work behind the command',
    ...{ files, first, run: ['decrypt', '--config', '/dev/null', 'a.yaml'] },
    ...{ tsops: decrypted, sops: { exit: 1 } },
  },
  {
    row: 'An unknown flag is always an error',
    ...{ files, first, run: ['decrypt', 'a.yaml', '--nope'] },
    ...{ tsops: { exit: 1, out: '', err: /--nope is not known/ }, sops: decrypted },
  },
  {
    row: 'One mode at a time',
    ...{ files, first, run: ['-d', 'decrypt', 'a.yaml'] },
    ...{ tsops: { exit: 1, out: '' }, sops: decrypted },
  },
  {
    row: 'One mode at a time',
    ...{ files, first, run: ['-d', '-e', 'a.yaml'] },
    ...{ tsops: { exit: 8, out: '' }, sops: decrypted },
  },
  {
    row: '`-` is standard input',
    ...{ run: ['decrypt', '--input-type', 'json', '-'], stdin: 'no json' },
    ...{ tsops: { exit: 1, err: /standard input:1/ }, sops: { exit: 100 } },
  },
  {
    row: 'Unknown formats are refused',
    ...{ files, first, run: ['decrypt', '--input-type', 'foo', 'a.yaml'] },
    ...{ tsops: { exit: 1, out: '' }, sops: decrypted },
  },
  {
    row: 'The output takes the format of the input',
    ...{ files: { secret: plain }, first: [['encrypt', '-i', '--input-type', 'yaml', 'secret']] },
    ...{ run: ['decrypt', '--input-type', 'yaml', 'secret'], tsops: decrypted, sops: { exit: 4 } },
  },
  {
    row: 'A broken `.sops.yaml` does not stop a decrypt',
    ...{ files: brokenConfig, first: [['encrypt', '-i', '--config', '/dev/null', 'a.yaml']] },
    ...{ run: ['decrypt', 'a.yaml'], tsops: decrypted, sops: { exit: 1 } },
  },
  {
    row: 'A broken `.sops.yaml` does not stop a decrypt',
    ...{ files: brokenConfig, first: [['encrypt', '-i', '--config', '/dev/null', 'a.yaml']] },
    ...{ run: ['--config', '.sops.yaml', 'decrypt', 'a.yaml'], tsops: { exit: 1, out: '' }, sops: { exit: 1 } },
  },
  {
    row: '`--version` asks nobody',
    ...{ run: ['--version'], tsops: { exit: 0, out: /^tsops \d+\.\d+\.\d+\n$/ } },
  },
  {
    row: '`--if-needed`',
    ...{ files, first, run: ['encrypt', '--if-needed', '-i', 'a.yaml'] },
    ...{ tsops: { exit: 0, file: ['a.yaml', /^a: ENC/] }, sops: { exit: 203 } },
  },
  {
    row: '`--allow-nothing`',
    ...{ files, run: ['encrypt', '--allow-nothing', '--encrypted-regex', '^z$', 'a.yaml'] },
    ...{ tsops: { exit: 0, out: /^a: 1\nb: x\nsops:/ }, sops: { exit: 1 } },
  },
  {
    row: '`rules test`, `keygen`, `init`',
    ...{ run: ['keygen'], tsops: { exit: 0, out: /AGE-SECRET-KEY-1/ } },
  },
];

const writing: readonly Row[] = [
  {
    row: 'Plain text in new files is private',
    ...{ files, first, run: ['decrypt', '--output', 'new.yaml', 'a.yaml'] },
    tsops: { exit: 0, also: folder => assert.equal(modeOf(folder, 'new.yaml'), 0o600) },
    sops: { exit: 0, also: folder => assert.notEqual(modeOf(folder, 'new.yaml'), 0o600) },
  },
  {
    row: 'Files are replaced as a whole',
    ...{ files, run: ['encrypt', '--output', 'a.yaml', 'a.yaml'] },
    tsops: { exit: 0, file: ['a.yaml', /^a: ENC/], also: folder => assert.deepEqual(temporaryNames(folder), []) },
  },
  {
    row: 'A binary file is not encrypted twice',
    ...{ files: { 'a.bin': 'x' }, first: [['encrypt', '-i', 'a.bin']], run: ['encrypt', 'a.bin'] },
    ...{ tsops: { exit: 203, out: '' }, sops: { exit: 0 } },
  },
  {
    row: 'A rule that selects nothing',
    ...{ files, run: ['encrypt', '--encrypted-regex', '^z$', 'a.yaml'] },
    ...{ tsops: { exit: 23, out: '' }, sops: { exit: 0, out: /^a: 1\nb: x\n/ } },
  },
];

const temporaryNames = (folder: string): string[] => readdirSync(folder).filter(name => name.includes('.tsops-'));

const addKey = script('echo "c: 3" >> "$1"');
const broken = script('printf "a: [" > "$1"');
/** Another program changes the file while the editor is open. */
const meanwhile = script('echo "c: 3" >> "$1"; echo "# other" >> "$ROOM/a.yaml"');
const hangUp = script('kill -HUP $PPID; sleep 0.2');
const privateFolders = { TMPDIR: '$ROOM/temporary', XDG_RUNTIME_DIR: '$ROOM/temporary' };

const editing: readonly Row[] = [
  {
    row: '`edit` keeps the format of the file',
    ...{ files, first, run: ['edit', '--output-type', 'json', 'a.yaml'], env: { EDITOR: 'true' } },
    ...{ tsops: { exit: 8 }, sops: { exit: 200 } },
  },
  {
    row: '`edit` ends where nobody can answer',
    ...{ files: { ...files, 'ed.sh': broken }, first, run: ['edit', 'a.yaml'], env: { EDITOR: '$ROOM/ed.sh' } },
    tsops: { exit: 2, err: /the list or mapping that starts here does not end/ },
  },
  {
    row: '`edit` sees what somebody else changed',
    ...{ files: { ...files, 'ed.sh': meanwhile }, first, run: ['edit', 'a.yaml'], env: { EDITOR: '$ROOM/ed.sh' } },
    tsops: { exit: 3, file: ['a.rescued.yaml', /^a: ENC.*\nc: ENC/s] },
    sops: { exit: 0, file: ['a.yaml', /^(?!.*# other)/s] },
  },
  {
    row: 'Signals while editing',
    files: { ...files, 'ed.sh': hangUp, 'temporary/here': '' },
    ...{ first, run: ['edit', 'a.yaml'], env: { EDITOR: '$ROOM/ed.sh', ...privateFolders } },
    tsops: { exit: 1, also: folder => assert.deepEqual(readdirSync(join(folder, 'temporary')), ['here']) },
    sops: { exit: null, also: folder => assert.equal(readdirSync(join(folder, 'temporary')).length, 2) },
  },
  {
    row: '`tsops FILE` of an existing file needs no rule',
    files: { ...files, '.sops.yaml': ruleForOthers },
    first: [['encrypt', '-i', '--config', '/dev/null', 'a.yaml']],
    ...{ run: ['a.yaml'], env: { EDITOR: 'true' }, tsops: { exit: 200 }, sops: { exit: 1 } },
  },
  {
    row: '`edit` keeps `version` as it is',
    ...{ files: { ...files, 'ed.sh': addKey }, first, change: ['a.yaml', oldVersion] },
    ...{ run: ['edit', 'a.yaml'], env: { EDITOR: '$ROOM/ed.sh' } },
    tsops: { exit: 0, file: ['a.yaml', /version: 3\.9\.0/] },
    sops: { exit: 0, file: ['a.yaml', /version: 3\.1\d\.\d/] },
  },
  {
    row: 'Equal list items never share a ciphertext',
    files: { 'a.yaml': 'l: [same, other, same]\nk: 1\n', 'ed.sh': addKey },
    ...{ own: [['encrypt', '-i', 'a.yaml']], run: ['edit', 'a.yaml'], env: { EDITOR: '$ROOM/ed.sh' } },
    tsops: { exit: 0, file: ['a.yaml', /^(?!.*(ENC\[[^\]]*\]).*\1)/s] },
    sops: { exit: 0, file: ['a.yaml', /(ENC\[[^\]]*\]).*\1/s] },
  },
];

function oldVersion(text: string): string {
  return text.replace(/version: .*/, 'version: 3.9.0');
}

const nested = { 'a.yaml': 'm:\n  a: 1\n  l:\n    # c\n    - x\n    - z\n' };
const extract = (path: string): Pick<Row, 'files' | 'first' | 'run'> => ({
  ...{ files: nested, first, run: ['decrypt', '--extract', path, 'a.yaml'] },
});

const extracting: readonly Row[] = [
  {
    row: '`--extract` with a position on a mapping',
    ...extract('["m"][0]'),
    ...{ tsops: { exit: 1, out: '' }, sops: { exit: 0, out: 'key: a\nvalue: 1\n' } },
  },
  {
    row: '`--extract` of a comment',
    ...extract('["m"]["l"][0]'),
    ...{ tsops: { exit: 1, out: '' }, sops: { exit: 0, out: /inline: false/ } },
  },
  {
    row: 'A shorter form of `--extract`',
    ...extract('m.l[0]'),
    ...{ tsops: { exit: 0, out: 'x' }, sops: { exit: 91 } },
  },
  {
    row: 'A shorter form of `--extract`',
    ...extract('["m"]["l"][1]'),
    ...{ tsops: { exit: 0, out: 'x' }, sops: { exit: 0, out: 'x' } },
  },
  {
    row: 'Negative positions are refused',
    ...extract('["m"]["l"][-1]'),
    ...{ tsops: { exit: 91, out: '' }, sops: { exit: 2, err: /panic/ } },
  },
];

export const commandRows: readonly Row[] = [...flags, ...writing, ...editing, ...extracting];
