import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timestamp } from '../core/scalar.ts';
import type { Scalar } from '../core/tree.ts';
import { comment, entry, leaf, mapping, sequence } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import { flatten, rawScalar, readable, scalarOf, unflatten } from './flat.ts';

const block = mapping([
  entry('age', sequence([mapping([entry('enc', leaf('a\nb')), entry('recipient', leaf('age1'))]), comment('lost')])),
  entry('key_groups', sequence([sequence([leaf('deep')]), mapping([])])),
  entry('mac_only_encrypted', leaf(true)),
  entry('shamir_threshold', leaf(2n)),
  entry('__proto__', mapping([entry('constructor', leaf('x'))])),
]);

const pairs = [
  ['age__list_0__map_enc', 'a\nb'],
  ['age__list_0__map_recipient', 'age1'],
  ['key_groups__list_0__list_0', 'deep'],
  ['mac_only_encrypted', 'true'],
  ['shamir_threshold', '2'],
  ['__proto____map_constructor', 'x'],
] as const;

test('a block is flattened as sops flattens it', () => {
  assert.deepEqual(flatten(block), pairs);
});

test('pairs give the block back, in any order and with texts as values', () => {
  const back = unflatten([...pairs].reverse());
  assert.deepEqual(new Map(flatten(back)), new Map(pairs));
  assert.deepEqual(unflatten([]), mapping([]));
});

test('keys that only look like prototypes are keys', () => {
  const back = unflatten([
    ['__proto__', 'a'],
    ['constructor__map_prototype', 'b'],
  ]);
  assert.deepEqual(
    back,
    mapping([entry('__proto__', leaf('a')), entry('constructor', mapping([entry('prototype', leaf('b'))]))]),
  );
});

const damaged: [name: string, pairs: [string, string][]][] = [
  [
    'a key twice',
    [
      ['mac', '1'],
      ['mac', '2'],
    ],
  ],
  [
    'a value and a mapping',
    [
      ['a', '1'],
      ['a__map_b', '2'],
    ],
  ],
  [
    'a mapping and a value',
    [
      ['a__map_b', '2'],
      ['a', '1'],
    ],
  ],
  [
    'a mapping and a sequence',
    [
      ['a__map_b', '1'],
      ['a__list_0', '2'],
    ],
  ],
  [
    'a gap',
    [
      ['a__list_0', '1'],
      ['a__list_2', '2'],
    ],
  ],
  ['a sequence that starts at 1', [['a__list_1', '1']]],
  ['a huge position', [['a__list_4294967295', '1']]],
  ['a position below the limit of digits', [['a__list_999999999', '1']]],
  ['a position that is no number', [['a__list_x', '1']]],
  ['a negative position', [['a__list_-1', '1']]],
  ['an empty position', [['a__list_', '1']]],
  ['a bottomless path', [[`a${'__map_a'.repeat(100_000)}`, '1']]],
  ['a list without end', Array.from({ length: 20_000 }, (_, index) => [`a__list_${index}`, '1'])],
];

for (const [name, input] of damaged) {
  test(`damaged pairs are refused: ${name}`, () => {
    assert.throws(
      () => unflatten(input),
      (error: unknown) => error instanceof TsopsError && error.code === 'METADATA_INVALID',
    );
  });
}

test('flattening refuses two fields of one flattened name', () => {
  const colliding = mapping([entry('a', mapping([entry('b', leaf('1'))])), entry('a__map_b', leaf('2'))]);
  assert.throws(() => flatten(colliding), { code: 'METADATA_INVALID' });
});

const scalars: [value: Scalar, raw: string][] = [
  ['é', 'Ã©'],
  [new Uint8Array([0xff, 0x41]), '\xffA'],
  [9223372036854775807n, '9223372036854775807'],
  [1, '1.0'],
  [200000, '200000.0'],
  [1e6, '1E+06'],
  [1e21, '1E+21'],
  [0.00001, '1E-05'],
  [1.5, '1.5'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NaN, 'NaN'],
  [-0, '-0.0'],
  [true, 'true'],
  [null, '<nil>'],
  [Timestamp.parse('2024-01-02T03:04:05.5+02:00') ?? null, '2024-01-02T03:04:05+02:00'],
];

for (const [value, raw] of scalars) {
  test(`a scalar as text: ${raw}`, () => assert.equal(rawScalar(value), raw));
}

test('raw text that is not UTF-8 stays bytes as a value and is marked in a comment', () => {
  assert.deepEqual(scalarOf('\xff\xfe'), new Uint8Array([0xff, 0xfe]));
  assert.equal(scalarOf('Ã©'), 'é');
  assert.equal(readable('a\xff'), 'a\ufffd');
});
