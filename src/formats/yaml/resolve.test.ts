import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timestamp } from '../../core/scalar.ts';
import type { Scalar } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { isPlainAmbiguous, resolveScalar } from './resolve.ts';
import type { ScalarStyle } from './syntax.ts';

const core = (name: string): string => `tag:yaml.org,2002:${name}`;

/** Values of plain scalars without a tag, as sops 3.13.2 loads them (recorded from its YAML store). */
const plain: readonly (readonly [string, Scalar])[] = [
  ...['', '~', 'null', 'Null', 'NULL'].map(text => [text, null] as const),
  ...['true', 'True', 'TRUE'].map(text => [text, true] as const),
  ...['false', 'False', 'FALSE'].map(text => [text, false] as const),
  ...['.nan', '.NaN', '.NAN'].map(text => [text, Number.NaN] as const),
  ...['.inf', '+.Inf', '.INF'].map(text => [text, Number.POSITIVE_INFINITY] as const),
  ['-.inf', Number.NEGATIVE_INFINITY],
  ['0', 0n],
  ['-0', 0n],
  ['+12', 12n],
  ['1_000', 1000n],
  ['1__2_', 12n],
  ['017', 15n],
  ['00', 0n],
  ['0o17', 15n],
  ['-0O17', -15n],
  ['0x1F', 31n],
  ['-0X_1f', -31n],
  ['0b101', 5n],
  ['0b-101', -5n],
  ['0o+7', 7n],
  ['9223372036854775807', 2n ** 63n - 1n],
  ['-9223372036854775808', -(2n ** 63n)],
  ['0x7fffffffffffffff', 2n ** 63n - 1n],
  ['-9223372036854775809', -(2 ** 63)],
  ['+9223372036854775808', 2 ** 63],
  ['18446744073709551616', 2 ** 64],
  ['08', 8],
  ['018', 18],
  ['1.', 1],
  ['-0.0', -0],
  ['1_0.5', 10.5],
  ['.5', 0.5],
  ['+.5', 0.5],
  ['1e3', 1000],
  ['1E-400', 0],
];

/** Plain scalars that stay text. */
const strings = [
  ...[
    'tRue',
    'nULL',
    'yes',
    'no',
    'on',
    'off',
    'y',
    'n',
    '.iNf',
    '+.nan',
    'inf',
    'NaN',
    '<<',
    '=',
    '-',
    '+',
    '.',
    '_1',
    'abc',
  ],
  ...[
    '0x',
    '0b',
    '0b2',
    '-0b+1',
    '0xfffffffffffffffff',
    '1e400',
    '.5e400',
    '1e',
    '0x1p4',
    '12:30',
    '1:2:3.5',
    '1.2.3',
    '1 2',
  ],
  ...[
    '2001-13-01',
    '2001-02-29',
    '20010-01-01',
    '2001-01',
    '2001-01-01T',
    '2001-01-01T24:00:00Z',
    '2001-01-01T10:00:00',
  ],
  ...[
    '2001-01-01 10:00:00Z',
    '2001-12-14 21:59:43.10 -5',
    '2001-01-01T10:00:00z',
    '2001-01-01T10:00:00+1:00',
    '2001-01-01T10:00:00+25:00',
  ],
];

const times: readonly (readonly [string, string])[] = [
  ['2001-01-01', '2001-01-01T00:00:00Z'],
  ['2000-2-29', '2000-02-29T00:00:00Z'],
  ['2001-1-1T1:2:3Z', '2001-01-01T01:02:03Z'],
  ['2001-01-01t10:00:00.5-05:30', '2001-01-01T10:00:00.5-05:30'],
  ['2001-01-01 10:00:00', '2001-01-01T10:00:00Z'],
  ['2001-01-01   10:00:00,250', '2001-01-01T10:00:00.25Z'],
  ['2001-01-01T10:00:00.1234567899Z', '2001-01-01T10:00:00.123456789Z'],
  ['2001-01-01T10:00:00-00:00', '2001-01-01T10:00:00Z'],
];

const style: ScalarStyle = 'plain';

test('plain scalars without a tag', () => {
  for (const [text, value] of plain) assert.deepEqual(resolveScalar({ text, style, tag: '' }), value, text);
  for (const text of strings) assert.equal(resolveScalar({ text, style, tag: '' }), text);
  for (const [text, time] of times) {
    const value = resolveScalar({ text, style, tag: '' });
    assert.ok(value instanceof Timestamp, text);
    assert.equal(value.text, time);
  }
});

test('what is ambiguous is what is not text', () => {
  for (const [text] of [...plain, ...times]) assert.equal(isPlainAmbiguous(text), true, text);
  for (const text of strings) assert.equal(isPlainAmbiguous(text), false, text);
  assert.equal(isPlainAmbiguous('18446744073709551615'), true);
});

const tagged: readonly [string, ScalarStyle, string, Scalar][] = [
  ['12', 'double', '', '12'],
  ['', 'single', '', ''],
  ['12\n', 'literal', '', '12\n'],
  ['12', 'plain', '!', 12n],
  ['12', 'double', '!', '12'],
  ['12', 'plain', core('str'), '12'],
  ['12', 'plain', '!local', '12'],
  ['12', 'plain', core('set'), '12'],
  ['12', 'double', core('int'), 12n],
  ['3', 'plain', core('float'), 3],
  ['0x10', 'plain', core('float'), 16],
  ['.5', 'single', core('float'), 0.5],
  ['true', 'double', core('bool'), true],
  ['~', 'double', core('null'), null],
  ['', 'single', core('null'), null],
  ['<<', 'plain', core('merge'), '<<'],
  ['12', 'plain', core('merge'), '12'],
  ['YWI=', 'plain', core('binary'), 'ab'],
  ['Y\nW\r\nI=\n', 'literal', core('binary'), 'ab'],
  ['YWJ=', 'plain', core('binary'), 'ab'],
  ['/w==', 'double', core('binary'), new Uint8Array([0xff])],
  ['', 'plain', core('binary'), ''],
];

test('styles and tags', () => {
  for (const [text, how, tag, value] of tagged) {
    assert.deepEqual(resolveScalar({ text, style: how, tag }), value, `${tag} ${how} ${text}`);
  }
  const time = resolveScalar({ text: '2001-01-01', style: 'double', tag: core('timestamp') });
  assert.ok(time instanceof Timestamp);
});

const contradictions: readonly [string, string][] = [
  ['abc', core('int')],
  ['1.5', core('int')],
  ['', core('int')],
  ['9223372036854775808', core('float')],
  ['2001-01-01', core('float')],
  ['yes', core('bool')],
  ['0', core('null')],
  ['12', core('timestamp')],
  ['2001-13-01', core('timestamp')],
  ['YWI', core('binary')],
  ['Y=I=', core('binary')],
  ['YW I=', core('binary')],
  ['YW-_', core('binary')],
  ['=', core('binary')],
];

test('a value that contradicts its tag is a fault of the file', () => {
  for (const [text, tag] of contradictions) {
    const fails = (error: unknown) =>
      error instanceof TsopsError && error.code === 'FILE_SYNTAX' && (text === '' || !error.message.includes(text));
    assert.throws(() => resolveScalar({ text, style, tag }), fails, `${tag} ${text}`);
  }
});

test('integers beyond 63 bits are refused', () => {
  const big = [
    '9223372036854775808',
    '18446744073709551615',
    '0xffffffffffffffff',
    '01777777777777777777777',
    `0b${'1'.repeat(64)}`,
  ];
  for (const text of big) {
    for (const tag of ['', core('int')]) {
      const fails = (error: unknown) =>
        error instanceof TsopsError && error.code === 'NOT_ENCRYPTABLE' && error.exitStatus === 23;
      assert.throws(() => resolveScalar({ text, style, tag }), fails, text);
    }
    assert.equal(resolveScalar({ text, style: 'double', tag: '' }), text);
  }
});

test('a long text that looks like a number costs no more than its length', { timeout: 10_000 }, () => {
  const long = ['9'.repeat(1_000_000), `0x${'f'.repeat(1_000_000)}`, '1:'.repeat(500_000), `${'0_'.repeat(500_000)}1`];
  assert.deepEqual(
    long.map(text => typeof resolveScalar({ text, style, tag: '' })),
    ['string', 'string', 'string', 'bigint'],
  );
});
