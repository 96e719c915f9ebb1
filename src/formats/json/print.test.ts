import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Timestamp } from '../../core/scalar.ts';
import {
  comment,
  entry,
  leaf,
  type Mapping,
  mapping,
  type Node,
  type Scalar,
  sequence,
  type Tree,
} from '../../core/tree.ts';
import { type ErrorCode, TsopsError } from '../../errors.ts';
import { json } from './index.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const byteText = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (content: Uint8Array): string => Buffer.from(content).toString('utf8');

const fails =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof TsopsError && error.code === code;

const onlyTree = (document: Mapping): Tree<'plain'> => ({ documents: [document], slots: 0 });
const time = Timestamp.parse('2024-01-02T03:04:05.5+02:00') ?? assert.fail();

describe('print', () => {
  const scalars: readonly (readonly [value: Scalar, expected: string])[] = [
    [1n, '1'],
    [-9223372036854775808n, '-9223372036854775808'],
    [1, '1'],
    [-0, '-0'],
    [1.5, '1.5'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [1e20, '100000000000000000000'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [2 ** 63, '9223372036854776000'],
    [true, 'true'],
    [null, 'null'],
    [time, '"2024-01-02T03:04:05.5+02:00"'],
    ['', '""'],
    ['a/b\u007fé😀\ufffd', '"a/b\u007fé😀\ufffd"'],
    ['"\\\b\f\n\r\t\u0000\u001f', String.raw`"\"\\\b\f\n\r\t\u0000\u001f"`],
    ['<a & b>\u2028\u2029', String.raw`"\u003ca \u0026 b\u003e\u2028\u2029"`],
    [byteText('x\xff\xfey'), String.raw`"x\ufffd\ufffdy"`],
    [bytes('é😀\ufffd'), '"é😀\ufffd"'],
  ];
  for (const [value, expected] of scalars) {
    test(expected, () => {
      assert.equal(text(json.printNode(leaf(value), {})), expected);
      assert.equal(text(json.print(onlyTree(mapping([entry('k', leaf(value))])), {})), `{\n\t"k": ${expected}\n}\n`);
    });
  }

  const nested = mapping([
    comment('gone'),
    entry('<k>', sequence([leaf(1n), comment('gone'), sequence([]), mapping([])])),
    entry('k', mapping([entry('k', sequence([comment('gone')]))])),
  ]);
  const layouts: readonly (readonly [indent: number | undefined, expected: string])[] = [
    [undefined, '{\n\t"\\u003ck\\u003e": [\n\t\t1,\n\t\t[],\n\t\t{}\n\t],\n\t"k": {\n\t\t"k": []\n\t}\n}\n'],
    [-1, '{\n\t"\\u003ck\\u003e": [\n\t\t1,\n\t\t[],\n\t\t{}\n\t],\n\t"k": {\n\t\t"k": []\n\t}\n}\n'],
    [0, '{\n"\\u003ck\\u003e": [\n1,\n[],\n{}\n],\n"k": {\n"k": []\n}\n}\n'],
    [1, '{\n "\\u003ck\\u003e": [\n  1,\n  [],\n  {}\n ],\n "k": {\n  "k": []\n }\n}\n'],
  ];
  for (const [indent, expected] of layouts) {
    test(`indentation ${indent}`, () => {
      assert.equal(text(json.print(onlyTree(nested), { indent })), expected);
      assert.equal(text(json.printNode(nested, { indent })), expected);
    });
  }

  test('an extracted list ends without a line break', () => {
    assert.equal(text(json.printNode(sequence([leaf('a')]), { indent: 2 })), '[\n  "a"\n]');
    assert.equal(text(json.printNode(sequence([]), {})), '[]');
  });

  test('the block is the last member', () => {
    const block = mapping([entry('mac', leaf('m'))]);
    const printed = json.print(onlyTree(mapping([entry('a', leaf(1n))])), { indent: 2, block });
    assert.equal(text(printed), '{\n  "a": 1,\n  "sops": {\n    "mac": "m"\n  }\n}\n');
    assert.equal(text(json.print(onlyTree(mapping([])), {})), '{}\n');
  });

  test('what JSON cannot hold', () => {
    const refused = fails('NOT_REPRESENTABLE');
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.throws(() => json.print(onlyTree(mapping([entry('k', leaf(value))])), {}), refused);
    }
    assert.throws(() => json.print(onlyTree(mapping([])), { indent: -2 }), refused);
    assert.throws(() => json.print({ documents: [mapping([]), mapping([])], slots: 0 }, {}), refused);
    assert.throws(() => json.print({ documents: [], slots: 0 }, {}), refused);
    let deep: Node = leaf(1n);
    for (let level = 0; level < 10_001; level++) deep = sequence([deep]);
    assert.throws(() => json.printNode(deep, {}), refused);
    const reserved = onlyTree(mapping([entry('sops', leaf(1n))]));
    assert.throws(() => json.print(reserved, { block: mapping([]) }), fails('ALREADY_ENCRYPTED'));
  });
});
