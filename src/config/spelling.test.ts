import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestKey, slipsBetween } from './spelling.ts';

const distances: readonly (readonly [one: string, other: string, slips: number])[] = [
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['regex', 'regexp', 1],
  ['regex', 'rgeex', 1],
  ['regex', 'ragax', 2],
  ['kitten', 'sitting', 3],
];

for (const [one, other, slips] of distances) {
  test(`${slips} slips between "${one}" and "${other}"`, () => assert.equal(slipsBetween(one, other), slips));
}

test('short names have to be nearer than long ones', () => {
  const known = ['age', 'pgp', 'kms', 'path_regex', 'encrypted_regex'];
  assert.equal(nearestKey('aeg', known), 'age');
  assert.equal(nearestKey('Age', known), 'age');
  assert.equal(nearestKey('name', known), undefined);
  assert.equal(nearestKey('encrypt_regex', known), 'encrypted_regex');
  assert.equal(nearestKey('comment', known), undefined);
  assert.equal(nearestKey('a'.repeat(1_000_000), known), undefined);
});
