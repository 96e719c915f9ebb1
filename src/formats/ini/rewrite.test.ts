import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Changes, Node, Scalar } from '../../core/tree.ts';
import { entry, leaf, mapping, sequence } from '../../core/tree.ts';
import { ini } from './index.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (written: Uint8Array): string => Buffer.from(written).toString('utf8');

/** Stands for any ciphertext: it has the characters that matter to INI. */
const cipher = (slot: number): string => `ENC[AES,data:x+/=,n:${slot}]`;
const block = mapping([entry('mac', leaf('m')), entry('version', leaf('3'))]);
const tail = '\n[sops]\nmac     = m\nversion = 3\n';

/** A ciphertext for every value and comment that has one. */
function sealed(input: string): string {
  const plain = ini.parse(bytes(input), 'plain');
  const changes: Changes = Array.from({ length: plain.tree.slots }, (_, slot) => cipher(slot));
  return text(plain.rewrite(changes, block, {}));
}

/** Each `{n}` stands for the ciphertext of slot n. */
const written: [name: string, input: string, expected: string][] = [
  ['bare', 'a = 1\nb:2\n', 'a = {0}\nb:{1}\n'],
  ['quotes stay', 'a = "1"\nb = \'2\'\nc = `3`\nd = """4"""\n', 'a = "{0}"\nb = \'{1}\'\nc = `{2}`\nd = """{3}"""\n'],
  ['several lines become one', 'a = """1\n2"""\nb=`3\n4`\n', 'a = """{0}"""\nb=`{1}`\n'],
  ['a continued value', 'a = 1\\\n  2\nb=3\n', 'a = {0}\nb={1}\n'],
  ['a comment behind a value', 'a = 1  ; c\nb="2"#d\n', 'a = {0}  ; {1}\nb="{2}"#{3}\n'],
  ['a comment behind several lines moves up', 'a = """1\n2""" ; c\n', '; {1}\na = """{0}"""\n'],
  ['a comment behind a header moves up', '[s] ; c\na=1\n', '; {0}\n[s]\na={1}\n'],
  ['joined comment lines become one', '; a\n\n  # b\nk=1 ; c\n', '; {1}\nk={0}\n'],
  ['the marker stays', '##  a\nk=1\n', '##  {1}\nk={0}\n'],
  ['comments at the end', 'k=1\n\n; a\n  ; b\n', 'k={0}\n\n; {1}\n  ; {2}\n'],
  ['what back-quotes hide from sops goes', 'a = `1` ; secret\n', 'a = `{0}`\n'],
  ['what a header hides goes', '[s] secret\na=1\n', '[s]\na={0}\n'],
  ['what a repeated key overrides goes', '; secret\na = old\nb=1\na = 2\n', 'a = \nb={1}\na = {0}\n'],
  ['CR LF', '[s]\r\na = 1 ; c\r\n', '[s]\r\na = {0} ; {1}\r\n'],
];

for (const [name, input, expected] of written) {
  test(`the encrypted text: ${name}`, () => {
    const body = expected.replace(/\{(\d)\}/g, (_, slot: string) => cipher(Number(slot)));
    assert.equal(sealed(input), body + (input.includes('\r') ? tail.replaceAll('\n', '\r\n') : tail));
  });
}

const ends: [name: string, input: string, expected: string][] = [
  ['an empty file', '', tail.slice(1)],
  ['no final line break', 'a=1', `a=${cipher(0)}\n${tail.slice(0, -1)}`],
  ['no line break after CR LF', 'a=\r\nb=1', `a=\r\nb=${cipher(1)}\n${tail.slice(0, -1)}`.replace(/\r?\n/g, '\r\n')],
  ['a byte order mark only', '\ufeff', `\ufeff${tail.slice(1)}`],
];

for (const [name, input, expected] of ends) {
  test(`the block stands behind the text: ${name}`, () => {
    const plain = ini.parse(bytes(input), 'plain');
    const changes = input.includes('b=') ? [undefined, cipher(1)] : [cipher(0)];
    assert.equal(text(plain.rewrite(changes, block, {})), expected);
  });
}

const opened: [name: string, input: string, values: Scalar[], expected: string][] = [
  ['what reads back stays bare', 'a = E\n', ['x y'], 'a = x y\n'],
  [
    'the library quotes the rest',
    'a = E\nb = E\nc = E\n',
    ['x#y', 'x\ny', ' x'],
    'a = `x#y`\nb = """x\ny"""\nc = " x"\n',
  ],
  ['a backslash at the end', 'a = E\nb = E\n', ['C:\\', 'x'], 'a = "C:\\"\nb = x\n'],
  ['a value in quotes', 'a = E\nb = E\n', ['"x"', "'x'"], 'a = \'"x"\'\nb = "\'x\'"\n'],
  ['quotes that do not fit are changed', 'a = "E"\nb = `E`\n', ['say "x"', '`'], 'a = say "x"\nb = ```\n'],
  ['a comment behind back-quotes moves up', 'a = E ; c\n', ['x#y', 'c'], '; c\na = `x#y`\n'],
  ['a comment of several lines', '; E\na = 1\n', ['1', 'x\ny = 2\n; z'], '; x\n; y = 2\n; z\na = 1\n'],
  ['other types', 'a = E\nb = E\nc = E\n', [5n, 1.5, true], 'a = 5\nb = 1.5\nc = true\n'],
  ['a value where there was none', 'a =\nb = \n', ['x', 'y'], 'a =x\nb = y\n'],
];

for (const [name, input, values, expected] of opened) {
  test(`the decrypted text: ${name}`, () => {
    const file = ini.parse(bytes(`${input}\n[sops]\nmac = m\n`), 'encrypted');
    assert.equal(text(file.rewrite(values, undefined)), expected);
  });
}

test('a value that no quotes can hold is refused', () => {
  const file = ini.parse(bytes('a = E\n\n[sops]\nmac = m\n'), 'encrypted');
  assert.throws(() => file.rewrite(['x`\n"""\ny'], undefined), { code: 'NOT_REPRESENTABLE' });
});

const places: [name: string, input: string, expected: string][] = [
  ['first', '[sops]\nmac = m\n\n[s]\na = 1\n', '[s]\na = 1\n'],
  ['in the middle', '[s]\na = 1\n\n[sops]\nmac = m\n\n[t]\nb = 2\n', '[s]\na = 1\n\n[t]\nb = 2\n'],
  ['last, with blank lines behind it', '[s]\na = 1\n\n[sops]\nmac = m\n\n\n', '[s]\na = 1\n'],
  ['without a line between', '[s]\na = 1\n[sops]\nmac = m\n', '[s]\na = 1\n'],
  ['with a comment of its own', '[s]\na = 1\n\n; c\n[sops]\n; d\nmac = m\n', '[s]\na = 1\n\n; c\n'],
];

for (const [name, input, expected] of places) {
  test(`the block is taken out: ${name}`, () => {
    const file = ini.parse(bytes(input), 'encrypted');
    assert.equal(text(file.rewrite([], undefined)), expected);
    assert.deepEqual(file.blocks, [{ document: 0, value: mapping([entry('mac', leaf('m'))]) }]);
  });
}

const enc: Node = sequence([mapping([entry('enc', leaf('a\nb\n'))])]);

const forms: [name: string, input: string][] = [
  ['escaped line breaks', '[sops]\nage__list_0__map_enc = a\\nb\\n\n'],
  ['real line breaks', '[sops]\nage__list_0__map_enc = """a\nb\n"""\n'],
];

for (const [name, input] of forms) {
  test(`both forms of the block are read: ${name}`, () => {
    assert.deepEqual(ini.parse(bytes(input), 'encrypted').blocks[0]?.value, mapping([entry('age', enc)]));
  });
}

test('every section named sops is a block, also in a plain file', () => {
  const input = bytes('a=1\n[sops]\nx=1\n[s]\n[sops]\nx=2\n');
  assert.equal(ini.parse(input, 'plain').blocks.length, 2);
  assert.equal(ini.parse(input, 'encrypted').blocks.length, 2);
  assert.throws(() => ini.parse(bytes('[sops]\na__list_1=x\n'), 'encrypted'), { code: 'METADATA_INVALID' });
});

test('a kept block keeps its text but for the values that differ', () => {
  const kept = '; mine\n[sops]\nversion=3\n; why\nmac   : "old"\nage__list_0__map_enc = """a\nb\n"""\n';
  const keep = ini.parse(bytes(`${kept}\n[s]\n`), 'encrypted');
  const plain = ini.parse(bytes('[s]\n'), 'plain');
  const same = mapping([entry('age', enc), ...block.items]);
  const expected = kept.replace('; mine\n', '').replace('old', 'm');
  assert.equal(text(plain.rewrite([], same, { keep })), `[s]\n\n${expected}`);
  assert.equal(text(plain.rewrite([], block, { keep })), `[s]\n${tail}`);
});

test('a spelling that is garbage or fits no longer is left out', () => {
  const file = ini.parse(bytes('[s]\na = E\n; c\n\n[sops]\nmac = m\n'), 'encrypted');
  const stale = [
    '',
    'null',
    '{}',
    '[1,[],[[]],["a"],{"__proto__":1}]',
    '[["a = 2\\n","s",0,"a",0]]',
    '[["a = 1","s",0,"a",0]]',
    '[["a = 1\\nb = 2\\n","s",0,"a",0]]',
    '[["a = \\"\\"\\"1","s",0,"a",0]]',
    '[["; d\\n"]]',
    '[["; c\\nb = 2\\n"]]',
  ];
  for (const spelling of stale) assert.equal(text(file.rewrite(['1'], spelling)), '[s]\na = 1\n; c\n');
  assert.equal(text(file.rewrite(['1'], '[["a: \'1\'\\n","s",0,"a",0]]')), "[s]\na: '1'\n; c\n");
});

test('a value of very many words is written as it is', () => {
  const words = `${'a b '.repeat(3_000_000)}c`;
  const file = ini.parse(bytes(`a = ${cipher(0)}\n${tail.slice(1)}`), 'encrypted');
  assert.ok(text(file.rewrite([words], undefined)) === `a = ${words}\n`);
});

for (const value of [' lead', 'trail ', ' ', 'a  b', 'a#b', 'a;b', "it's", 'x`y', 'a\\', '"""']) {
  test(`a decrypted value is read back: ${JSON.stringify(value)}`, () => {
    const file = ini.parse(bytes(`a = ${cipher(0)}\n${tail.slice(1)}`), 'encrypted');
    const { tree } = ini.parse(file.rewrite([value], undefined), 'plain');
    assert.deepEqual(
      tree.documents[0]?.items,
      ini.parse(bytes(`a = """${value}"""\n`), 'plain').tree.documents[0]?.items,
    );
  });
}
