import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  canonical,
  formatFloat,
  fromBytes,
  parseBool,
  parseFloat64,
  parseInt64,
  sameScalar,
  scalarType,
  Timestamp,
  toBytes,
} from './scalar.ts';
import type { Scalar } from './tree.ts';

// The expected texts were printed by Go 1.26: strconv.FormatFloat(v, 'f' | 'g' | 'G', -1, 64).
const floats: [value: number, f: string, g: string, upper: string][] = [
  [999999, '999999', '999999', '999999'],
  [1e6, '1000000', '1e+06', '1E+06'],
  [1234567.8, '1234567.8', '1.2345678e+06', '1.2345678E+06'],
  [123456.7, '123456.7', '123456.7', '123456.7'],
  [0.0001, '0.0001', '0.0001', '0.0001'],
  [0.00001, '0.00001', '1e-05', '1E-05'],
  [1, '1', '1', '1'],
  [0, '0', '0', '0'],
  [-0, '-0', '-0', '-0'],
  [1e21, '1000000000000000000000', '1e+21', '1E+21'],
  [123456789012345680, '123456789012345680', '1.2345678901234568e+17', '1.2345678901234568E+17'],
  [5e-324, `0.${'0'.repeat(323)}5`, '5e-324', '5E-324'],
  [-1.5e-10, '-0.00000000015', '-1.5e-10', '-1.5E-10'],
  [Number.POSITIVE_INFINITY, '+Inf', '+Inf', '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf', '-Inf', '-Inf'],
  [Number.NaN, 'NaN', 'NaN', 'NaN'],
];

// From strconv.ParseFloat(text, 64) of Go 1.26; undefined where it returns an error.
const floatTexts: [text: string, value: number | undefined][] = [
  ['1_2', 12],
  ['1__2', undefined],
  ['_1', undefined],
  ['1e_5', undefined],
  ['1e5_0', 1e50],
  ['0x1p4', 16],
  ['0x_1p4', 16],
  ['0x1_0p1', 32],
  ['0x1', undefined],
  ['0xp1', undefined],
  ['0x1.8p1', 3],
  ['0X1P-1074', 5e-324],
  ['0x1p-1075', 0],
  ['-0x1p-1075', -0],
  ['0x1.0000000000001p-1075', 5e-324],
  ['0x1.00000000000008p0', 1],
  ['0x1.000000000000081p0', 1.0000000000000002],
  ['0x1.00000000000018p0', 1.0000000000000004],
  ['0x1p1023', 2 ** 1023],
  ['0x1p1024', undefined],
  ['0x1p99999999999', undefined],
  ['0x1p-99999999999', 0],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['infin', undefined],
  ['nan', Number.NaN],
  ['+nan', undefined],
  ['1e400', undefined],
  ['1.', 1],
  ['.5', 0.5],
  ['..5', undefined],
  ['1e', undefined],
  ['-0', -0],
  ['', undefined],
  [' 1', undefined],
];

// From time.Parse(time.RFC3339, text) and its MarshalText, Go 1.26; undefined where Parse fails.
const times: [text: string, printed: string | undefined][] = [
  ['2006-01-02T15:04:05+07:06', '2006-01-02T15:04:05+07:06'],
  ['2006-01-02T15:04:05-07:06', '2006-01-02T15:04:05-07:06'],
  ['2006-01-02T15:04:05-00:00', '2006-01-02T15:04:05Z'],
  ['2006-01-02T1:04:05Z', '2006-01-02T01:04:05Z'],
  ['2006-01-02T15:04:05,5Z', '2006-01-02T15:04:05.5Z'],
  ['2006-01-02T15:04:05.120Z', '2006-01-02T15:04:05.12Z'],
  ['2006-01-02T15:04:05.1234567899Z', '2006-01-02T15:04:05.123456789Z'],
  ['2006-01-02T15:04:05.Z', undefined],
  ['2006-01-02T15:04:05+24:60', '2006-01-02T15:04:05+25:00'],
  ['2006-01-02T15:04:05+25:00', undefined],
  ['2006-01-02T15:04:05+00:61', undefined],
  ['0000-02-29T00:00:00Z', '0000-02-29T00:00:00Z'],
  ['1900-02-29T00:00:00Z', undefined],
  ['2006-04-31T00:00:00Z', undefined],
  ['2006-13-01T00:00:00Z', undefined],
  ['2006-01-02T24:00:00Z', undefined],
  ['2006-01-02T15:04:60Z', undefined],
  ['2006-01-02T15:4:05Z', undefined],
  ['2006-01-02t15:04:05Z', undefined],
  ['2006-01-02T15:04:05z', undefined],
  ['2006-01-02T15:04:05Z\n', undefined],
  ['2006-01-02T15:04:05', undefined],
];

const time = (text: string): Timestamp => {
  const parsed = Timestamp.parse(text);
  assert.ok(parsed);
  return parsed;
};

describe('floats', () => {
  for (const [value, f, g, upper] of floats) {
    it(`prints ${g}`, () => {
      assert.deepEqual([formatFloat(value, 'f'), formatFloat(value, 'g'), formatFloat(value, 'G')], [f, g, upper]);
    });
  }
  for (const [text, value] of floatTexts) {
    it(`reads ${JSON.stringify(text)}`, () => assert.ok(Object.is(parseFloat64(text), value)));
  }
  it('reads back what it prints', () => {
    fc.assert(
      fc.property(fc.double(), fc.constantFrom('f' as const, 'g' as const), (value, verb) =>
        Object.is(parseFloat64(formatFloat(value, verb)), value),
      ),
      { seed: 1, numRuns: 500 },
    );
  });
});

describe('times', () => {
  for (const [text, printed] of times) {
    it(`reads ${JSON.stringify(text)}`, () => assert.equal(Timestamp.parse(text)?.text, printed));
  }
  it('prints to the second without the fraction', () => {
    assert.equal(time('2006-01-02T15:04:05.999+01:00').secondsText, '2006-01-02T15:04:05+01:00');
  });
  it('refuses fields out of range', () => {
    assert.equal(Timestamp.of({ year: 10000, month: 1, day: 1 }), undefined);
    assert.equal(Timestamp.of({ year: 2024, month: 2, day: 29 })?.text, '2024-02-29T00:00:00Z');
  });
  it('refuses to store what Go refuses to marshal', () => {
    assert.throws(() => canonical(time('2006-01-02T15:04:05+24:00')), { code: 'NOT_ENCRYPTABLE' });
  });
});

describe('integers and booleans', () => {
  const ints: [text: string, value: bigint | undefined][] = [
    ['5', 5n],
    ['+5', 5n],
    ['-0', 0n],
    ['007', 7n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775808', undefined],
    [`${'0'.repeat(100)}1`, 1n],
    ['9'.repeat(1_000_000), undefined],
    ['', undefined],
    ['-', undefined],
    ['1_0', undefined],
    ['0x1', undefined],
    ['1.0', undefined],
  ];
  for (const [text, value] of ints) {
    it(`reads ${text.slice(0, 30)}`, () => assert.equal(parseInt64(text), value));
  }
  it('reads the booleans of Go', () => {
    assert.deepEqual(['1', 't', 'T', 'true', 'TRUE', 'True'].map(parseBool), Array(6).fill(true));
    assert.deepEqual(['0', 'f', 'F', 'false', 'FALSE', 'False'].map(parseBool), Array(6).fill(false));
    assert.deepEqual(['yes', 'tRUE', ''].map(parseBool), [undefined, undefined, undefined]);
  });
});

describe('canonical forms', () => {
  const forms: [value: Exclude<Scalar, null>, type: string, form: string][] = [
    ['héllo\u0000', 'str', 'héllo\u0000'],
    ['\ufeffbom', 'str', '\ufeffbom'],
    [-5n, 'int', '-5'],
    [1e21, 'float', '1000000000000000000000'],
    [true, 'bool', 'True'],
    [false, 'bool', 'False'],
    [time('2024-01-01T00:00:00Z'), 'time', '2024-01-01T00:00:00Z'],
  ];
  for (const [value, type, form] of forms) {
    it(`${type} ${JSON.stringify(form)} there and back`, () => {
      assert.equal(scalarType(value), type);
      assert.equal(Buffer.from(toBytes(value)).toString(), form);
      const back = fromBytes(scalarType(value), toBytes(value));
      assert.ok(back !== undefined && sameScalar(back, value));
    });
  }
  it('keeps bytes that are not UTF-8', () => {
    const bytes = Uint8Array.of(0xff, 0xfe, 0x41);
    assert.deepEqual(Buffer.from(fromBytes('str', bytes) as Uint8Array), Buffer.from(bytes));
  });
  it('tells types and values apart', () => {
    const values: Scalar[] = ['1', 1n, 1, true, time('2024-01-01T00:00:00Z'), null, Number.NaN, 0, -0, 0n];
    for (const [i, a] of values.entries()) {
      for (const [j, b] of values.entries()) assert.equal(sameScalar(a, b), i === j, `${i} ${j}`);
    }
    assert.ok(sameScalar(Buffer.from('é'), 'é'));
    assert.ok(!sameScalar(time('2024-01-01T00:00:00Z'), time('2024-01-01T01:00:00+01:00')));
  });
});
