/** The rows of `docs/compatibility.md` on `rotate`, `updatekeys` and `groups`. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vectors } from '../harness.ts';
import type { Row } from './row.ts';

const keyOf = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.pub`), 'utf8').trim();
const [two, three] = [keyOf(2), keyOf(3)];
const files = { 'a.yaml': 'a: 1\nb: x\n' };
const first = [['encrypt', '-i', 'a.yaml']];
const rule = (more: string): string => `creation_rules:\n  - age: RECIPIENT\n${more}`;
const stranger = (text: string): string =>
  text
    .replace('    - enc:', `    - enc: junk\n          recipient: ${three}\n        - enc:`)
    .replace('    -   enc:', `    - enc: junk\n          recipient: ${three}\n        - enc:`);

export const rekeyRows: readonly Row[] = [
  {
    row: '`rotate` asks the rule',
    ...{
      files: { ...files, '.sops.yaml': rule('') },
      first,
      change: ['a.yaml', stranger],
      run: ['rotate', '-i', 'a.yaml'],
    },
    ...{ tsops: { exit: 1, out: '', err: new RegExp(`age ${three}`) }, sops: { exit: 0 } },
  },
  {
    row: '`rotate` asks the rule',
    ...{ files: { ...files, '.sops.yaml': rule('') }, first, change: ['a.yaml', stranger] },
    run: ['rotate', '--recipients-from', 'file', '-i', 'a.yaml'],
    ...{ tsops: { exit: 0, out: '', err: new RegExp(`age ${three}`) } },
  },
  {
    row: '`rotate` asks the rule',
    ...{ files, first, run: ['rotate', '-i', 'a.yaml'] },
    ...{ tsops: { exit: 0, out: '', err: /the keys that the file names:\n {2}age age1/ }, sops: { exit: 0 } },
  },
  ...[[], ['--allow-nothing']].map(
    (more): Row => ({
      row: '`updatekeys` lays nothing open',
      files: { ...files, '.sops.yaml': rule('    encrypted_regex: ^z$\n') },
      first: [['encrypt', '-i', '--encrypted-regex', '^a$', 'a.yaml']],
      run: ['updatekeys', '-y', ...more, 'a.yaml'],
      tsops: more.length === 0 ? { exit: 23, file: ['a.yaml', /^a: ENC/] } : { exit: 0, file: ['a.yaml', /^a: 1\n/] },
      ...(more.length === 0 ? { sops: { exit: 0, file: ['a.yaml', /^a: ENC/] } } : {}),
    }),
  ),
  {
    row: 'A key is not added twice',
    ...{ files, first, run: ['rotate', '--add-age', two, '--add-age', `${two},${two}`, 'a.yaml'] },
    ...{
      tsops: { exit: 0, out: /^(?:(?!recipient: )[\s\S])*(?:recipient: (?:(?!recipient: )[\s\S])*){2}$/ },
      sops: { exit: 0, out: /(?:recipient: [\s\S]*){3}/ },
    },
  },
  {
    row: 'A key that is removed twice',
    ...{ files, first, run: ['rotate', '--rm-age', two, 'a.yaml'] },
    ...{ tsops: { exit: 0, err: /warning: the file has no key age/ }, sops: { exit: 0 } },
  },
  {
    row: 'Keys without a wrapped data key',
    ...{ files, first, change: ['a.yaml', text => stranger(text).replace('junk', '""')], run: ['rotate', 'a.yaml'] },
    ...{ tsops: { exit: 1, out: '', err: /no wrapped data key/ }, sops: { exit: 0 } },
  },
  {
    row: 'Taking a key out makes a new data key',
    ...{
      files: { ...files, '.sops.yaml': rule('') },
      first: [
        ['encrypt', '-i', '--age', keyOf(1), 'a.yaml'],
        ['rotate', '-i', '--add-age', two, 'a.yaml'],
      ],
    },
    run: ['updatekeys', '-y', 'a.yaml'],
    ...{
      tsops: { exit: 0, out: /--- age1hd02/, err: /change them where they are used[\s\S]*\["a"\]/ },
      sops: { exit: 0, out: /--- age1hd02/ },
    },
  },
  {
    row: '`updatekeys` applies the whole rule',
    ...{ files: { ...files, '.sops.yaml': rule('    encrypted_regex: ^b$\n') } },
    ...{
      first: [['encrypt', '-i', '--config', '/dev/null', '--age', keyOf(1), 'a.yaml']],
      run: ['updatekeys', '-y', 'a.yaml'],
    },
    ...{ tsops: { exit: 0, file: ['a.yaml', /^a: 1\nb: ENC/] }, sops: { exit: 0, file: ['a.yaml', /^a: ENC/] } },
  },
  {
    row: '`updatekeys` checks the file',
    ...{
      files: { ...files, '.sops.yaml': rule(`      ,${two}\n`) },
      first: [['encrypt', '-i', '--config', '/dev/null', '--age', keyOf(1), 'a.yaml']],
    },
    ...{ change: ['a.yaml', text => text.replace(/^a: .*\n/, '')], run: ['updatekeys', '-y', 'a.yaml'] },
    ...{ tsops: { exit: 51 }, sops: { exit: 0 } },
  },
  {
    row: '`updatekeys` on folders',
    ...{ files: { 'd/a.yaml': 'a: 1\n', 'd/plain.yaml': 'a: 1\n', '.sops.yaml': rule(`      ,${two}\n`) } },
    ...{
      first: [['encrypt', '-i', '--config', '/dev/null', '--age', keyOf(1), 'd/a.yaml']],
      run: ['updatekeys', '-y', 'd'],
    },
    ...{ tsops: { exit: 0, file: ['d/a.yaml', new RegExp(two)] }, sops: { exit: 1 } },
  },
  {
    row: '`--dry-run`, `--json`, `--keep-data-key`',
    ...{
      files: { ...files, '.sops.yaml': rule(`      ,${two}\n`) },
      first: [['encrypt', '-i', '--config', '/dev/null', '--age', keyOf(1), 'a.yaml']],
    },
    ...{ run: ['updatekeys', '--dry-run', '--json', 'a.yaml'], tsops: { exit: 0, out: /"status": "wouldChange"/ } },
  },
  {
    row: '`groups` writes nothing unless every key could be wrapped',
    ...{ files, first, run: ['groups', 'add', '-f', 'a.yaml', '-i'] },
    ...{ files, first, run: ['groups', 'delete', '-f', 'a.yaml', '7'] },
    ...{ tsops: { exit: 1, out: '' } },
  },
];
