/** The rows of `docs/compatibility.md` on the formats. */

import { type Row, type Seen, sealed } from './row.ts';

const untouched = (text: string): Seen => ({ exit: 0, out: text });

/** Encrypted and decrypted by the same program. */
const there = (name: string, text: string | Uint8Array): Pick<Row, 'files' | 'own' | 'run'> => ({
  ...{ files: { [name]: text }, own: [['encrypt', '-i', name]], run: ['decrypt', name] },
});
/** Encrypted by tsops, then looked at. */
const encrypted = (name: string, text: string): Pick<Row, 'files' | 'first'> => ({
  ...{ files: { [name]: text }, first: [['encrypt', '-i', name]] },
});
const asYaml = ['decrypt', '--output-type', 'yaml', 'a.json'];

const layout = '---\n# head\n\na:   "x"   # inline\nlist:\n  # in list\n  - 1.10\n  - 0x1F\n\nb: !env {k: v}\n';
const aliases = 'base: &b {k: v}\nuse: *b\n';
const twoDocuments = 'a: 1\n---\nb: 2\n';
const deep = `a: ${'['.repeat(1100)}${']'.repeat(1100)}\n`;
const bomb = [...'bcdef'].reduce(
  (text, name, at) => `${text}${name}: &${name} [${Array(9).fill(`*${'abcde'[at]}`).join(',')}]\n`,
  'a: &a [x,x,x,x,x,x,x,x,x]\n',
);

const yaml: readonly Row[] = [
  {
    row: 'The text is kept',
    ...there('a.yaml', layout),
    ...{
      tsops: untouched(layout),
      sops: { exit: 0, out: /^# head\n# inline\na: x\nlist:\n {4}# in list\n {4}- 1\.1\n/ },
    },
  },
  {
    row: 'Decrypting keeps the layout that is there',
    ...{ ...encrypted('a.yaml', 'a:\n  b:  x\n'), run: ['decrypt', '--indent', '3', 'a.yaml'] },
    ...{ tsops: untouched('a:\n  b:  x\n'), sops: { exit: 1 } },
  },
  {
    row: 'Decrypting keeps the layout that is there',
    ...{ ...encrypted('a.yaml', 'a:\n  b:  x\n'), run: ['decrypt', 'a.yaml'] },
    ...{ tsops: untouched('a:\n  b:  x\n'), sops: { exit: 0, out: 'a:\n    b: x\n' } },
  },
  {
    row: '`--layout sops`',
    ...{ ...encrypted('a.yaml', layout), run: ['decrypt', '--layout', 'sops', 'a.yaml'] },
    tsops: { exit: 0, out: /^# head\n(# inline\n)?a: x( # inline)?\nlist:\n {4}# in list\n {4}- 1\.1\n/ },
  },
  {
    row: '`--layout sops`',
    ...{ ...encrypted('a.json', '{"a":1.0}'), run: ['decrypt', 'a.json'], env: { TSOPS_LAYOUT: 'sops' } },
    ...{ tsops: untouched('{\n\t"a": 1\n}\n'), sops: untouched('{\n\t"a": 1\n}\n') },
  },
  {
    row: 'Inline comments stay inline',
    ...{ ...there('a.yaml', 'a: x # c\n'), tsops: untouched('a: x # c\n'), sops: { exit: 0, out: '# c\na: x\n' } },
  },
  {
    row: 'Comments in lists',
    ...{ files: { 'a.yaml': 'l:\n  # c\n  - x\n' }, run: ['encrypt', 'a.yaml'] },
    tsops: { exit: 0, out: /^l:\n {2}#ENC\[[^\]]*type:comment\]\n {2}- ENC/ },
    sops: { exit: 0, out: /^l:\n {4}- ENC\[[^\]]*type:comment\]\n {4}- ENC/ },
  },
  {
    row: 'Comments in lists',
    ...{ vector: 'selection/comment-encrypted-two-in-list', run: ['decrypt', 'encrypted.yaml'] },
    ...{ tsops: { exit: 0 }, sops: { exit: 51 } },
  },
  {
    row: 'Aliases are kept',
    ...{
      ...there('a.yaml', aliases),
      tsops: untouched(aliases),
      sops: { exit: 0, out: 'base:\n    k: v\nuse:\n    k: v\n' },
    },
  },
  {
    row: 'Aliases are kept',
    ...{ files: { 'a.yaml': aliases }, run: ['encrypt', 'a.yaml'] },
    tsops: { exit: 0, out: new RegExp(`^base: &b {k: ${sealed}}\nuse: {k: ${sealed}}\n`) },
    sops: { exit: 0, out: /^base:\n {4}k: ENC/ },
  },
  {
    row: '`tsops_spelling`',
    ...{ files: { 'a.yaml': 'a: 0x1F\n' }, own: [['encrypt', '-i', 'a.yaml']], run: ['decrypt', 'a.yaml'] },
    ...{ tsops: untouched('a: 0x1F\n'), sops: { exit: 0, out: 'a: 31\n' } },
  },
  {
    row: '`tsops_spelling`',
    ...{ ...encrypted('a.yaml', 'a: 0x1F\n'), run: ['decrypt', 'a.yaml'] },
    ...{ tsops: { exit: 0, file: ['a.yaml', /tsops_spelling: ENC/] }, sops: { exit: 0, out: 'a: 31\n' } },
  },
  {
    row: '`--no-spelling`',
    ...{ files: { 'a.yaml': 'a: 0x1F\n' }, first: [['encrypt', '-i', '--no-spelling', 'a.yaml']] },
    ...{ run: ['decrypt', 'a.yaml'], tsops: { exit: 0, out: 'a: 31\n', file: ['a.yaml', /^a: ENC/] } },
  },
  ...['json', 'dotenv'].map(
    (format): Row => ({
      row: 'No document is dropped',
      ...{ ...encrypted('a.yaml', twoDocuments), run: ['decrypt', '--output-type', format, 'a.yaml'] },
      ...{ tsops: { exit: 4, out: '' }, sops: { exit: 0, out: /^[^b]*$/ } },
    }),
  ),
  {
    row: 'The same key twice in a later document',
    ...{ files: { 'a.yaml': 'a: 1\n---\nb: 2\nb: 3\n' }, run: ['encrypt', 'a.yaml'] },
    ...{ tsops: { exit: 2, out: '', err: /:4:1: / }, sops: { exit: 0, out: /\nb: ENC[^\n]*\nb: ENC/ } },
  },
  {
    row: 'A document that is a written null',
    ...{ files: { 'a.yaml': 'a: 1\n--- null\n' }, run: ['encrypt', 'a.yaml'] },
    ...{ tsops: { exit: 2, out: '', err: /:2:5: / }, sops: { exit: 0, out: /\n---\nsops:/ } },
  },
  {
    row: 'Depth of YAML',
    ...{ files: { 'a.yaml': deep }, run: ['encrypt', 'a.yaml'], tsops: { exit: 2, out: '' }, sops: { exit: 0 } },
  },
  {
    row: 'Repeated aliases',
    ...{ files: { 'a.yaml': bomb }, run: ['encrypt', 'a.yaml'] },
    ...{ tsops: { exit: 2, out: '', err: /more than 200000/ }, sops: { exit: 2 } },
  },
  {
    row: 'Two byte order marks',
    ...{ files: { 'a.yaml': '\ufeff\ufeffa: 1\n' }, run: ['encrypt', 'a.yaml'] },
    ...{ tsops: { exit: 2, out: '' }, sops: { exit: 0, out: /^a: ENC/ } },
  },
];

const printing: readonly Row[] = [
  {
    row: 'Texts of several lines that begin with a tab',
    ...{ ...encrypted('a.json', '{"a": "\\tx\\ny"}\n'), run: asYaml },
    ...{ tsops: untouched('a: "\\tx\\ny"\n'), sops: { exit: 0, out: 'a: null\n' } },
  },
  {
    row: 'Indentation indicators',
    ...{ ...encrypted('a.json', '{"l": [" x\\ny\\n"]}\n'), run: asYaml },
    ...{
      tsops: untouched('l:\n    - |2\n       x\n      y\n'),
      sops: { exit: 0, out: 'l:\n    - |4\n       x\n      y\n' },
    },
  },
  {
    row: 'A key `<<` that cannot be merged',
    ...{ ...encrypted('a.json', '{"<<": "x"}\n'), run: asYaml },
    ...{ tsops: untouched('"<<": x\n'), sops: { exit: 0, out: '!!merge <<: x\n' } },
  },
  {
    row: 'Comments that sops loses',
    ...{ ...encrypted('a.yaml', 'a: [\n  # c\n  ]\n# d\nb: 1\n'), run: ['decrypt', '--extract', '', 'a.yaml'] },
    ...{ tsops: { exit: 0, out: /# c\n/ }, sops: { exit: 0, out: /^(?!.*# c\n)/s } },
  },
];

const json: readonly Row[] = [
  {
    row: 'JSON keeps its layout',
    ...there('a.json', '{"a": {"b": 1},   "z": -0.0, "e": 1E3}\n'),
    tsops: untouched('{"a": {"b": 1},   "z": -0.0, "e": 1E3}\n'),
    sops: { exit: 0, out: '{\n\t"a": {\n\t\t"b": 1\n\t},\n\t"z": -0,\n\t"e": 1000\n}\n' },
  },
  {
    row: 'Text behind the JSON object is refused',
    ...{ files: { 'a.json': '{"a": 1} {"b": 2}\n' }, run: ['encrypt', 'a.json'] },
    ...{ tsops: { exit: 2, out: '' }, sops: { exit: 0, out: /^(?!.*"b")/s } },
  },
  {
    row: 'Truncated JSON is refused',
    ...{ vector: 'json/error-truncated-accepted', run: ['encrypt', 'plain.json'] },
    ...{ tsops: { exit: 2, out: '' }, sops: { exit: 0 } },
  },
];

const dotenv: readonly Row[] = [
  {
    row: 'Encrypted dotenv files with Windows line ends are read',
    ...encrypted('a.env', 'A=1\nB=2\n'),
    change: ['a.env', text => text.replaceAll('\n', '\r\n')],
    ...{ run: ['decrypt', 'a.env'], tsops: { exit: 0, out: /^A=1\r?\nB=2\r?\n$/ }, sops: { exit: 1 } },
  },
  {
    row: 'Empty dotenv lines with Windows line ends',
    ...there('a.env', 'A=1\r\n\r\nB=2\r\n'),
    tsops: untouched('A=1\r\n\r\nB=2\r\n'),
  },
  {
    row: 'Empty dotenv lines with Windows line ends',
    ...{ files: { 'a.env': 'A=1\r\n\r\nB=2\r\n' }, run: ['encrypt', 'a.env'] },
    ...{ tsops: { exit: 0 }, sops: { exit: 2 } },
  },
  {
    row: 'Keys that a dotenv file cannot hold',
    ...{ ...encrypted('a.yaml', '"a=b": c\n'), run: ['decrypt', '--output-type', 'dotenv', 'a.yaml'] },
    ...{ tsops: { exit: 4, out: '' }, sops: { exit: 0, out: 'a=b=c\n' } },
  },
];

const quotes = '[s]\na = "x # y"\nb = `q`\nc = d ; inline\n';
const toIni = ['decrypt', '--output-type', 'ini', 'a.yaml'];

const ini: readonly Row[] = [
  {
    row: 'INI keeps its layout',
    ...there('a.ini', '[s]\r\na=b\r\n'),
    ...{ tsops: untouched('[s]\r\na=b\r\n'), sops: { exit: 0, out: '[s]\na = b\n' } },
  },
  {
    row: 'INI keys named `-`',
    ...{ files: { 'a.ini': '[s]\n- = v\n' }, run: ['encrypt', 'a.ini'] },
    ...{ tsops: { exit: 23, out: '', err: /:2:1: / }, sops: { exit: 0, out: /#1 *= ENC/ } },
  },
  {
    row: 'Comments at the end of an INI file',
    ...there('a.ini', '[s]\na = b\n; c\n'),
    ...{ tsops: untouched('[s]\na = b\n; c\n'), sops: { exit: 0, out: '[s]\na = b\n' } },
  },
  {
    row: 'INI values in quotes',
    ...there('a.ini', quotes),
    ...{ tsops: untouched(quotes), sops: { exit: 0, out: /^\[s\]\n; y"\na = "x\n/ } },
  },
  {
    row: 'INI values in quotes',
    ...{ ...encrypted('a.yaml', 's:\n  q: "\\"x\\""\n'), run: toIni },
    ...{ tsops: untouched(`[s]\nq = '"x"'\n`), sops: { exit: 0, out: '[s]\nq = "x"\n' } },
  },
  {
    row: 'INI text that has no place in the tree',
    ...there('a.ini', '[s]\na = 1\na = 2\n'),
    ...{ tsops: untouched('[s]\na = 1\na = 2\n'), sops: { exit: 0, out: '[s]\na = 2\n' } },
  },
  {
    row: 'Nested values in INI',
    ...{ ...encrypted('a.yaml', 's:\n  b: {c: 1}\n'), run: toIni },
    ...{ tsops: { exit: 4, out: '' }, sops: { exit: 0, out: '[s]\nb = [{c 1}]\n' } },
  },
];

export const formatRows: readonly Row[] = [...yaml, ...printing, ...json, ...dotenv, ...ini];
