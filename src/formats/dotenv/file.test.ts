import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Changes, Mapping } from '../../core/tree.ts';
import { entry, leaf, mapping } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { dotenv } from './index.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (written: Uint8Array): string => Buffer.from(written).toString('utf8');

/** Comments as `#text`, values as pairs. */
const shape = (root: Mapping | undefined): unknown[] =>
  (root?.items ?? []).map(item =>
    item.kind === 'comment' ? `#${item.text}` : [item.key, item.value.kind === 'leaf' ? item.value.value : undefined],
  );

const readings: [name: string, input: string, expected: unknown[]][] = [
  ['an empty file', '', []],
  [
    'blank lines and no final line break',
    '\nA=1\n\nB=2',
    [
      ['A', '1'],
      ['B', '2'],
    ],
  ],
  ['a comment keeps everything behind the #', '# c \n#\nA=1\n', ['# c ', '#', ['A', '1']]],
  ['nothing is trimmed or unquoted', ' A = "1" #x\n', [[' A ', ' "1" #x']]],
  ['export is part of the key', 'export A=1\n', [['export A', '1']]],
  [
    'the first = parts',
    'A=b=c\n=x\n',
    [
      ['A', 'b=c'],
      ['', 'x'],
    ],
  ],
  ['a backslash and n are a line break', 'A=a\\nb\\\\n\n', [['A', 'a\nb\\\n']]],
  ['a carriage return belongs to the value', 'A=1\r\n# c\r\n', [['A', '1\r'], '# c\r']],
  ['a line that is only a carriage return is blank', 'A=1\r\n\r\n\r', [['A', '1\r']]],
  [
    'repeated keys are all kept',
    'A=1\nA=2\n',
    [
      ['A', '1'],
      ['A', '2'],
    ],
  ],
  [
    'keys of JavaScript objects',
    '__proto__=1\nconstructor=2\n',
    [
      ['__proto__', '1'],
      ['constructor', '2'],
    ],
  ],
  ['a key named sops is data', 'sops=1\n', [['sops', '1']]],
];

for (const [name, input, expected] of readings) {
  test(`dotenv is read as sops reads it: ${name}`, () => {
    assert.deepEqual(shape(dotenv.parse(bytes(input), 'plain').tree.documents[0]), expected);
  });
}

const refusals: [name: string, input: Uint8Array, code: string, line: number][] = [
  ['a line without =', bytes('A=1\nhunter2\n'), 'FILE_SYNTAX', 2],
  ['an indented comment', bytes('A=1\n\n # hunter2\n'), 'FILE_SYNTAX', 3],
  ['a line of blanks', bytes('A=1\n  \n'), 'FILE_SYNTAX', 2],
  ['a key that is not UTF-8', Buffer.from('A=1\nhunter2\xff=x\n', 'latin1'), 'NOT_ENCRYPTABLE', 2],
];

for (const [name, input, code, line] of refusals) {
  test(`dotenv that cannot be: ${name}`, () => {
    assert.throws(
      () => dotenv.parse(input, 'plain'),
      (error: unknown) => {
        assert.ok(error instanceof TsopsError);
        assert.deepEqual([error.code, error.where.line], [code, line]);
        assert.ok(!JSON.stringify([error.message, error.where, error.hints]).includes('hunter2'));
        return true;
      },
    );
  });
}

test('a byte order mark before a comment is hinted at', () => {
  assert.throws(
    () => dotenv.parse(bytes('\ufeff# c\nA=1\n'), 'plain'),
    (error: unknown) => error instanceof TsopsError && error.hints.some(hint => hint.includes('byte order mark')),
  );
});

test('bytes that are not UTF-8 stay bytes', () => {
  const { tree } = dotenv.parse(Buffer.from('A=\xff\n', 'latin1'), 'plain');
  assert.deepEqual(shape(tree.documents[0]), [['A', new Uint8Array([0xff])]]);
});

test('a plain file with reserved keys says so, however broken they are', () => {
  const { blocks } = dotenv.parse(bytes('A=1\nsops_mac=x\nsops_mac=y\nsops_a__list_9=z\n'), 'plain');
  assert.equal(blocks.length, 1);
});

const block = mapping([entry('mac', leaf('ENC[m]')), entry('version', leaf('3'))]);
const changes: Changes = ['ENC[1]', 'ENC[2]', 'ENC[3]'];

const written: [name: string, input: string, expected: string][] = [
  ['an empty file', '', 'sops_mac=ENC[m]\nsops_version=3\n'],
  ['a final line break', 'A=1\n', 'A=ENC[1]\nsops_mac=ENC[m]\nsops_version=3\n'],
  ['no final line break', 'A=1', 'A=ENC[1]\nsops_mac=ENC[m]\nsops_version=3'],
  ['blank lines and comments', '# c\n\nA=1\n\n', '#ENC[1]\n\nA=ENC[2]\n\nsops_mac=ENC[m]\nsops_version=3\n'],
  ['CR LF', 'A=1\r\n\r\nB=2\r\n', 'A=ENC[1]\n\nB=ENC[2]\nsops_mac=ENC[m]\nsops_version=3\n'],
];

for (const [name, input, expected] of written) {
  test(`the encrypted text: ${name}`, () => {
    assert.equal(text(dotenv.parse(bytes(input), 'plain').rewrite(changes, block, {})), expected);
  });
}

const opened: [name: string, input: string, expected: string][] = [
  ['the block first', 'sops_mac=x\nsops_version=3\nA=ENC[1]\n', 'A=one\n'],
  ['the block in the middle', 'A=ENC[1]\nsops_mac=x\n\nB=ENC[2]\n', 'A=one\n\nB=a\\nb\n'],
  ['converted to CR LF', 'A=ENC[1]\r\n\r\nsops_mac=x\r\n', 'A=one\n\n'],
  ['converted to CR LF, without a final one', 'A=ENC[1]\r\nsops_mac=x\r', 'A=one'],
  ['no final line break', 'A=ENC[1]\nsops_mac=x', 'A=one'],
];

for (const [name, input, expected] of opened) {
  test(`the decrypted text: ${name}`, () => {
    const file = dotenv.parse(bytes(input), 'encrypted');
    assert.equal(text(file.rewrite(['one', 'a\nb'], undefined)), expected);
    assert.equal(file.blocks.length, 1);
  });
}

test('a decrypted comment of several lines stays a comment', () => {
  const file = dotenv.parse(bytes('#ENC[1]\nsops_mac=x\n'), 'encrypted');
  assert.equal(text(file.rewrite(['a\nB=1'], undefined)), '#a\n#B=1\n');
});

test('a damaged block is refused, a missing one is none', () => {
  assert.throws(() => dotenv.parse(bytes('sops_mac=1\nsops_mac=2\n'), 'encrypted'), { code: 'METADATA_INVALID' });
  assert.deepEqual(dotenv.parse(bytes('A=1\n'), 'encrypted').blocks, []);
});

test('a kept block keeps the order of its lines', () => {
  const keep = dotenv.parse(bytes('A=1\nsops_version=2\nsops_mac=old\n'), 'encrypted');
  const plain = dotenv.parse(bytes('A=1\n'), 'plain');
  assert.equal(text(plain.rewrite([], block, { keep })), 'A=1\nsops_version=3\nsops_mac=ENC[m]\n');
  const other = mapping([...block.items, entry('x', leaf('1'))]);
  assert.equal(text(plain.rewrite([], other, { keep })), 'A=1\nsops_mac=ENC[m]\nsops_version=3\nsops_x=1\n');
});

test('a spelling that is garbage or fits no longer is left out', () => {
  const file = dotenv.parse(bytes('#ENC[1]\n\nA=1\nsops_mac=x\n'), 'encrypted');
  const stale = ['', 'null', '[]', '{"lines":"x"}', '{"lines":9,"cr":[1],"comments":[]}'];
  const wrong = JSON.stringify({
    lines: 4,
    cr: [0, 2, 99],
    comments: [
      [0, btoa('b\xff')],
      [2, btoa('x')],
      [7, 'eA=='],
    ],
  });
  for (const spelling of [...stale, wrong]) assert.equal(text(file.rewrite(['c'], spelling)), '#c\n\nA=1\n');
});
