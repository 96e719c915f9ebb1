/** Changes of a JSON text, in the layout that is around them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AmendCase, amendedText } from '../../../testdata/suites/amending.ts';
import { json } from './index.ts';

const cases: readonly AmendCase[] = [
  ['{"a":1,"b":2}', '.c', '{"d":[1,2]}', '{"a":1,"b":2,"c":{"d":[1,2]}}'],
  ['{"a": 1, "b": 2}\n', '.c', '{"d":[1,2]}', '{"a": 1, "b": 2, "c": {"d": [1, 2]}}\n'],
  [
    '{\n  "a": 1,\n  "b": {"x": 1}\n}\n',
    '.c',
    '{"d":[1,2]}',
    '{\n  "a": 1,\n  "b": {"x": 1},\n  "c": {\n    "d": [\n      1,\n      2\n    ]\n  }\n}\n',
  ],
  [
    '{\n  "a": 1,\n  "b": {"x": 1}\n}\n',
    'b.y',
    '{"d":[1,2]}',
    '{\n  "a": 1,\n  "b": {"x": 1, "y": {"d": [1, 2]}}\n}\n',
  ],
  ['{\n\t"a": {},\n\t"l": []\n}\n', 'a.b', '1.0', '{\n\t"a": {\n\t\t"b": 1.0\n\t},\n\t"l": []\n}\n'],
  ['{\n\t"a": {},\n\t"l": []\n}\n', 'l[+]', '{"x":1}', '{\n\t"a": {},\n\t"l": [\n\t\t{\n\t\t\t"x": 1\n\t\t}\n\t]\n}\n'],
  ['{\n  "a": 1,\n  "b": 2\n}\n', '.a', undefined, '{\n  "b": 2\n}\n'],
  ['{\n  "a": 1,\n  "b": 2\n}\n', '.b', undefined, '{\n  "a": 1\n}\n'],
  ['{\n  "a": 1\n}\n', '.a', undefined, '{}\n'],
  ['{"a":[1,2,3]}', 'a[1]', undefined, '{"a":[1,3]}'],
  ['{}', '.a', '"x"', '{"a": "x"}'],
  ['{\r\n  "a": "x"\r\n}\r\n', '.b', '[]', '{\r\n  "a": "x",\r\n  "b": []\r\n}\r\n'],
  [
    '{\n  "l": [\n    1,\n    2\n  ]\n}\n',
    'l[+]',
    '{"x":1}',
    '{\n  "l": [\n    1,\n    2,\n    {\n      "x": 1\n    }\n  ]\n}\n',
  ],
  ['{\n  "l": [1, 2]\n}\n', 'l[-1]', '"é"', '{\n  "l": [1, "é"]\n}\n'],
  ['{"a":"x","a":"y"}', '.a', '1', '{"a":1,"a":"y"}'],
  ['{\n  "a": {"x": 1,\n  "y": 2}\n}', '.a', '[1]', '{\n  "a": [\n    1\n  ]\n}'],
];

for (const [before, path, value, after] of cases) {
  test(`JSON: ${path}${value === undefined ? '' : ` = ${value}`} in ${JSON.stringify(before)}`, () => {
    assert.equal(amendedText(json, before, path, value), after);
  });
}
