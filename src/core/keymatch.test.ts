import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fitsGroups } from './keymatch.ts';
import type { KeyGroup, MasterKey } from './metadata.ts';

const key = (recipient: string): MasterKey => ({ kind: 'age', recipient, enc: '' });
/** `ab c` is a group of a and b, and one of c. */
const groups = (text: string): KeyGroup[] => text.split(' ').map(names => [...names].map(key));

describe('the groups of a file and those of a rule', () => {
  const rows: readonly (readonly [file: string, rule: string, fits: boolean])[] = [
    ['a', 'a', true],
    ['a', 'ab', true],
    ['ab', 'a', false],
    ['a b', 'a b', true],
    ['b a', 'a b', true],
    ['a b', 'ab c', false],
    ['ab', 'a b', false],
    ['a a', 'a b', false],
    ['a ab', 'a b', false],
    ['a b c', 'a b', false],
    ['a b', 'a b c', true],
    // The first group has to make room for the second, and that for the third.
    ['a b c', 'ab bc c', true],
    ['b bc c', 'bc ab c', true],
    ['a ac ab', 'abc ab ac', true],
  ];
  for (const [file, rule, fits] of rows) {
    test(`${file} ${fits ? 'fits' : 'does not fit'} ${rule}`, () => {
      assert.equal(fitsGroups(groups(file), groups(rule)), fits);
    });
  }
});
