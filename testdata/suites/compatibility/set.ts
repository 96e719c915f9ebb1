/** The rows of `docs/compatibility.md` on `set` and `unset`. */

import type { Row } from './row.ts';
import { sealed } from './row.ts';

const first = [['encrypt', '-i', 'a.yaml']];
const yaml = (text: string): Pick<Row, 'files' | 'first'> => ({ files: { 'a.yaml': text }, first });
const line = (text: string): RegExp => new RegExp(`^${text}$`, 'm');
const flat = (name: string): Pick<Row, 'files' | 'first'> => ({
  files: { [name]: name === 'a.ini' ? '[s]\na=1\n' : 'a=1\n' },
  first: [['encrypt', '-i', name]],
});

const set: readonly Row[] = [
  {
    row: 'The text around a change is kept',
    ...{ ...yaml('m:\n  a: "x"\n\n  # end\nz: y\n'), run: ['set', 'a.yaml', '["m"]["b"]', '"new"'] },
    tsops: { exit: 0, file: ['a.yaml', new RegExp(`^m:\n  a: ${sealed}\n  b: ${sealed}\n\n  #ENC`)] },
    sops: { exit: 0, file: ['a.yaml', new RegExp(`^m:\n    a: ${sealed}\n    `)] },
  },
  {
    row: 'A file is written only where something changes',
    ...{
      ...yaml('a: 2\nb: x\n'),
      change: ['a.yaml', text => text.replace(/lastmodified: .*/, old => `${old} # kept`)],
    },
    run: ['set', 'a.yaml', '["a"]', '2'],
    tsops: { exit: 0, file: ['a.yaml', /lastmodified: .* # kept/] },
    sops: { exit: 0, file: ['a.yaml', /lastmodified: [^#]*\n/] },
  },
  {
    row: 'Values of `set`',
    ...{ ...yaml('a: x\n'), run: ['set', 'a.yaml', '["a"]', '9007199254740993'] },
    tsops: { exit: 0, file: ['a.yaml', /^a: ENC.*type:int/] },
    sops: { exit: 0, file: ['a.yaml', /^a: ENC.*type:float/] },
  },
  {
    row: 'Values of `set`',
    ...{ ...yaml('a: x\n'), run: ['set', 'a.yaml', '["a"]', '[1, "x"]'] },
    ...{ tsops: { exit: 0, file: ['a.yaml', /^a:\n +- ENC.*type:int\]\n +- ENC.*type:str/] }, sops: { exit: 7 } },
  },
  {
    row: 'Values of `set`',
    ...{ ...yaml('a: x\n'), run: ['set', 'a.yaml', '["a"]', '9223372036854775808'] },
    ...{ tsops: { exit: 7, err: /64-bit/ }, sops: { exit: 0, file: ['a.yaml', /type:float/] } },
  },
  {
    row: 'Other values of `set`',
    ...{ ...yaml('a: x\n'), run: ['set', '--string', '--value-stdin', 'a.yaml', '["a"]'], stdin: 'not JSON\n' },
    tsops: { exit: 0, file: ['a.yaml', line('a: ENC\\[AES256_GCM,data:[^,]{12},.*type:str\\]')] },
  },
  {
    row: 'Other values of `set`',
    ...{ ...yaml('a: x\n'), run: ['set', '--generate', 'hex:2', 'a.yaml', '["a"]'] },
    tsops: { exit: 0, out: '', file: ['a.yaml', line('a: "?ENC\\[AES256_GCM,data:[^,]{8},.*type:str\\]"?')] },
  },
  {
    row: 'Positions of `set`',
    ...{ ...yaml('l:\n- a\n'), run: ['set', 'a.yaml', '["l"][5]', '"b"'] },
    ...{ tsops: { exit: 1, err: /names no item/ }, sops: { exit: 0 } },
  },
  {
    row: 'Positions of `set`',
    ...{ ...yaml('l:\n- a\n'), run: ['set', 'a.yaml', 'l[+]', '"b"'] },
    ...{ tsops: { exit: 0, file: ['a.yaml', /^l:\n- ENC.*\n- ENC.*\nsops/] }, sops: { exit: 7 } },
  },
  {
    row: 'A position on a mapping, a key on a list',
    ...{ ...yaml('m:\n  a: x\n'), run: ['set', 'a.yaml', '["m"][0]', '"b"'] },
    ...{ tsops: { exit: 1 }, sops: { exit: 0 } },
  },
  {
    row: 'A position on a mapping, a key on a list',
    ...{ ...yaml('l:\n- x\n'), run: ['set', 'a.yaml', '["l"]["a"]', '"b"'] },
    ...{ tsops: { exit: 1 }, sops: { exit: 2 } },
  },
  {
    row: 'A value that an alias repeats',
    ...{ ...yaml('a: &x y\nb: *x\n'), run: ['set', 'a.yaml', '["a"]', '"z"'] },
    ...{ tsops: { exit: 4, err: /alias/ }, sops: { exit: 0 } },
  },
  {
    row: 'Values that a flat file cannot hold',
    ...{ ...flat('a.env'), run: ['set', 'a.env', '["a"]', 'null'], tsops: { exit: 4 } },
  },
  {
    row: 'Values that a flat file cannot hold',
    ...{ ...flat('a.env'), run: ['set', 'a.env', '["a"]', '"C:\\\\new"'] },
    ...{ tsops: { exit: 4 }, sops: { exit: 0 } },
  },
  {
    row: 'Values that a flat file cannot hold',
    ...{ ...flat('a.ini'), run: ['set', 'a.ini', '["s"]["a"]', '{"b": 1}'], tsops: { exit: 4 } },
  },
  {
    row: 'New values in clear text',
    ...{
      files: { 'a.yaml': 'password: x\n' },
      first: [['encrypt', '-i', '--encrypted-regex', '^password$', 'a.yaml']],
    },
    run: ['set', 'a.yaml', '["api_key"]', '"new"'],
    ...{ tsops: { exit: 0, err: /warning: .*clear text/ }, sops: { exit: 0, file: ['a.yaml', /api_key: new/] } },
  },
];

const commented = 'a: 1\n# of b\nb: 2\n\n# of c\nc: 3\n';

const unset: readonly Row[] = [
  {
    row: '`unset` takes comments along',
    ...{ ...yaml(commented), run: ['unset', 'a.yaml', '["b"]'] },
    tsops: { exit: 0, file: ['a.yaml', new RegExp(`^a: ${sealed}\n\n#ENC.*\nc: ${sealed}\nsops`)] },
    sops: { exit: 0, file: ['a.yaml', /^a: ENC.*\n#ENC.*\n#ENC.*\nc: ENC/] },
  },
];

export const setRows: readonly Row[] = [...set, ...unset];
