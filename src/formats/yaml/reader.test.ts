import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TsopsError } from '../../errors.ts';
import { decodeYaml, encodeYaml } from './parser.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test('encodings are told by their byte order mark, which stays in the text', () => {
  const rows: readonly (readonly [Uint8Array, string, string])[] = [
    [bytes(), '', 'utf-8'],
    [bytes(0x61, 0xc3, 0xa9), 'aé', 'utf-8'],
    [bytes(0xef, 0xbb, 0xbf, 0x61), '\uFEFFa', 'utf-8'],
    [bytes(0xff, 0xfe, 0x61, 0, 0x3d, 0xd8, 0, 0xde), '\uFEFFa😀', 'utf-16le'],
    [bytes(0xfe, 0xff, 0, 0x61, 0xd8, 0x3d, 0xde, 0), '\uFEFFa😀', 'utf-16be'],
  ];
  for (const [input, text, encoding] of rows) {
    assert.deepEqual(decodeYaml(input), { text, encoding });
    assert.deepEqual(encodeYaml(text, encoding as 'utf-8'), input);
  }
});

const broken: readonly (readonly [name: string, input: Uint8Array, line: number, column: number])[] = [
  ['a continuation byte alone', bytes(0x61, 0x0a, 0x62, 0x80), 2, 2],
  ['a sequence that is too long', bytes(0xc0, 0x80), 1, 1],
  ['a sequence that is cut off', bytes(0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82), 1, 2],
  ['a surrogate', bytes(0xc3, 0xa9, 0xed, 0xa0, 0x80), 1, 2],
  ['above U+10FFFF', bytes(0x0d, 0x0a, 0x0d, 0xf4, 0x90, 0x80, 0x80), 3, 1],
  ['a byte that is never used', bytes(0xfe), 1, 1],
  ['half a UTF-16 unit', bytes(0xff, 0xfe, 0x61, 0, 0x62), 1, 3],
];

for (const [name, input, line, column] of broken) {
  test(`not text: ${name}`, () => {
    assert.throws(
      () => decodeYaml(input),
      (error: unknown) =>
        error instanceof TsopsError &&
        error.code === 'FILE_SYNTAX' &&
        error.where.line === line &&
        error.where.column === column &&
        error.hints.length > 0,
    );
  });
}

test('a view into a larger buffer is decoded as it is', () => {
  const whole = bytes(9, 9, 0xff, 0xfe, 0x61, 0, 9);
  assert.equal(decodeYaml(whole.subarray(2, 6)).text, '\uFEFFa');
});

test('any text comes back from its bytes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.constantFrom('utf-16le', 'utf-16be'),
      (text, encoding) => {
        const marked = `\uFEFF${text}`;
        assert.deepEqual(decodeYaml(encodeYaml(marked, encoding)), { text: marked, encoding });
      },
    ),
    { seed: 3 },
  );
});
