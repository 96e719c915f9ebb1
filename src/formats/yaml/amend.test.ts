/** Changes of a YAML text: the style of the value, the place of a new entry, and what goes with one that goes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AmendCase, amendedText } from '../../../testdata/suites/amending.ts';
import { yaml } from './index.ts';

const sets: readonly AmendCase[] = [
  ['a: 1\n', '.a', '"x"', 'a: x\n'],
  ["a: 'x' # c\n", '.a', '"it\'s"', "a: 'it''s' # c\n"],
  ['a: "x"   # c\n', '.a', '"two\\nlines"', 'a: "two\\nlines"   # c\n'],
  ['a: "x"\n', '.a', '5', 'a: 5\n'],
  ['a: |\n  x\nb: 1\n', '.a', '"y"', 'a: "y"\nb: 1\n'],
  ['a: |\n  x\nb: 1\n', '.a', '"y\\nz\\n"', 'a: |\n  y\n  z\nb: 1\n'],
  ['a: > # c\n  x\n  y\nb: 1\n', '.a', '"y z\\n"', 'a: > # c\n  y z\nb: 1\n'],
  ['a: x # c\nb: 1\n', '.a', '"l1\\nl2"', 'a: |- # c\n    l1\n    l2\nb: 1\n'],
  ['a: !!str 5\n', '.a', '"6"', 'a: !!str "6"\n'],
  ['a: !!int 5\n', '.a', '"x"', 'a: x\n'],
  ['a: !local x\n', '.a', '5', 'a: 5\n'],
  ['a:\nb: 1\n', '.a', '"x"', 'a: x\nb: 1\n'],
  ['a: # c\nb: 1\n', '.a', '"x"', 'a: x # c\nb: 1\n'],
  ['a: null\n', '.a', '"x"', 'a: x\n'],
  ['a: ~ # c\n', '.a', '{"b":1}', 'a: # c\n    b: 1\n'],
  ['a: x # c\nb: 1\n', '.a', '{"p":1,"q":[1]}', 'a: # c\n    p: 1\n    q:\n        - 1\nb: 1\n'],
  ['a:\n  b: 1\n  c: 2 # in\n  # deep\n# next\nd: 3\n', '.a', '"x"', 'a: x\n# next\nd: 3\n'],
  ['a: # c\n  b: 1\nd: 3\n', '.a', '"x"', 'a: x # c\nd: 3\n'],
  ['a:\n  b: 1\nd: 3\n', '.a', '[1,{"x":2,"y":3}]', 'a:\n  - 1\n  - x: 2\n    "y": 3\nd: 3\n'],
  ['a:\n- 1\n- 2\nd: 3\n', '.a', '[]', 'a: []\nd: 3\n'],
  ['a: {x: 1} # c\n', '.a', '{"y":[1]}', 'a: {"y": [1]} # c\n'],
  ['a: {x: 1}\n', '.a', '2', 'a: 2\n'],
  ['a: {x: 1, y: b}\n', 'a.y', '{"z":1}', 'a: {x: 1, y: {z: 1}}\n'],
  ['l:\n  - a # c\n  - b\n', 'l[0]', '{"p":1,"q":2}', 'l:\n  - # c\n    p: 1\n    q: 2\n  - b\n'],
  ['l:\n  - a\n  - b\n', 'l[0]', '{"p":1,"q":2}', 'l:\n  - p: 1\n    q: 2\n  - b\n'],
  ['l:\n  - p: 1 # c\n    q: 2\n  - b\n', 'l[0]', '"x"', 'l:\n  - x\n  - b\n'],
  ['l:\n  - p: 1\n    q: 2\n  - b\n', 'l[0]', '["x","y"]', 'l:\n  - - x\n    - "y"\n  - b\n'],
  ['l:\n  - - a\n    - b\n  - c\n', 'l[0][+]', '"x"', 'l:\n  - - a\n    - b\n    - x\n  - c\n'],
  ['l: []\n', 'l[+]', '"x"', 'l: [x]\n'],
  ['l: [1, 2]\n', 'l[+]', '{"a":"b"}', 'l: [1, 2, {a: b}]\n'],
  ['l: [\n  1,\n  2, # two\n]\n', 'l[+]', '3', 'l: [\n  1,\n  2, # two\n  3,\n]\n'],
  ['l: [\n  1,\n  2 # two\n]\n', 'l[+]', '3', 'l: [\n  1,\n  2, # two\n  3\n]\n'],
  ['a: 1\n\n# end\n', '.b', '2', 'a: 1\nb: 2\n\n# end\n'],
  ['a:\n  x: 1\n  # c\nb: 2\n', 'a.y', '2', 'a:\n  x: 1\n  "y": 2\n  # c\nb: 2\n'],
  ['a:\n   x:\n       y: 1\n', '.b', '{"c":{"d":1}}', 'a:\n   x:\n       y: 1\nb:\n   c:\n      d: 1\n'],
  ['a: 1', '.b', '"x\\ny"', 'a: 1\nb: "x\\ny"'],
  ['a: 1\r\nb: 2\r\n', '.c', '{"d":"e\\nf"}', 'a: 1\r\nb: 2\r\nc:\r\n    d: |-\r\n        e\r\n        f\r\n'],
  ['---\na: 1\n...\n---\nb: 1\n', '.c', '2', '---\na: 1\nc: 2\n...\n---\nb: 1\n'],
  ['---\n---\na: 1\n', '.c', '2', '---\nc: 2\n---\na: 1\n'],
  ['# only\n{}\n', '.a', '1', '# only\n{a: 1}\n'],
  ['{}', '.a', '1', '{a: 1}'],
  ['{"a": 1}\n', '.b', '"x"', '{"a": 1, "b": "x"}\n'],
  ['{\n  "a": 1,\n  "b": [1]\n}\n', '.c', '{"d":"x"}', '{\n  "a": 1,\n  "b": [1],\n  "c": {"d": "x"}\n}\n'],
  ['a: &x 1\nb: *x\n', '.a', '2', 'NOT_REPRESENTABLE'],
  ['a: &x 1\nb: *x\n', '.b', '2', 'a: &x 1\nb: 2\n'],
  ['a: &x {y: 1}\nb: *x\n', 'b.y', '2', 'NOT_REPRESENTABLE'],
  ['a: &x\n  y: 1\nb:\n  <<: *x\n', 'b.y', '2', 'a: &x\n  y: 1\nb:\n  <<: *x\n  "y": 2\n'],
  ['a: &x 1\n', '.a', '2', 'a: &x 2\n'],
  ['? a\n: 1\n', '.b', '2', '? a\n: 1\nb: 2\n'],
  ['? a\n: 1\n', '.a', '2', '? a\n: 2\n'],
  ['? a\nb: 2\n', '.a', '2', 'NOT_REPRESENTABLE'],
  ['a: 1\n', '.<<', '2', 'a: 1\n"<<": 2\n'],
  ['a: 1\n', '["x y: z"]', '2', "a: 1\n'x y: z': 2\n"],
  ['a: 1\n', '["yes"]', '2', 'a: 1\n"yes": 2\n'],
  ['a: 1\n', '["1"]', '2', 'a: 1\n"1": 2\n'],
  ['a: 1\n', '[""]', '2', 'a: 1\n"": 2\n'],
  ['b: |\n  x\n\n\n', '.c', '2', 'b: |\n  x\nc: 2\n\n\n'],
  ['a:\n  b: |+\n    x\n\nd: 1\n', 'a.c', '2', 'a:\n  b: |+\n    x\n\n  c: 2\nd: 1\n'],
  ['b: |\n  x', '.c', '2', 'b: |-\n  x\nc: 2'],
  ['a: 12:30\n', '.a', '2.0', 'a: 2.0\n'],
  ['a: x\n', '.a', '1e300', 'a: 1e+300\n'],
  ['a:   x\n', '.a', '" lead"', "a:   ' lead'\n"],
  ['a: x\n', '.a', '"# no"', "a: '# no'\n"],
];

const unsets: readonly AmendCase[] = [
  ['# h\n\n# a\na: 1 # c\nb: 2\n', '.a', undefined, '# h\n\nb: 2\n'],
  ['a: 1\n# b\n# b2\nb: 2\n\n# end\n', '.b', undefined, 'a: 1\n\n# end\n'],
  ['a: 1\n', '.a', undefined, '{}\n'],
  ['# h\n\na: 1 # c\n# end\n', '.a', undefined, '# h\n\n{}\n# end\n'],
  ['---\na: 1\n---\nb: 1\n', '.a', undefined, '---\n{}\n---\nb: 1\n'],
  ['a:\n  b: 1\nc: 2\n', 'a.b', undefined, 'a: {}\nc: 2\n'],
  ['a: # c\n  b: 1\nc: 2\n', 'a.b', undefined, 'a: {} # c\nc: 2\n'],
  ['a: &x\n  b: 1\nc: 2\n', 'a.b', undefined, 'a: &x {}\nc: 2\n'],
  ['a:\n  # of b\n  b: 1\n\n  # free\nc: 2\n', 'a.b', undefined, 'a: {}\n\n  # free\nc: 2\n'],
  ['l:\n- a\n- b # c\n- c\n', 'l[1]', undefined, 'l:\n- a\n- c\n'],
  ['l:\n- a\n', 'l[0]', undefined, 'l: []\n'],
  ['l:\n  - p: 1 # c\n    q: 2\n', 'l[0].p', undefined, 'l:\n  - q: 2\n'],
  ['l:\n  - p: 1 # c\n    # of q\n    q: 2\n', 'l[0].p', undefined, 'l:\n  -\n    # of q\n    q: 2\n'],
  ['l:\n  - p: 1\n    q: 2\n', 'l[0].q', undefined, 'l:\n  - p: 1\n'],
  ['l:\n  - p: 1 # c\n  - x\n', 'l[0].p', undefined, 'l:\n  - {}\n  - x\n'],
  ['l:\n  - - a\n    - b\n', 'l[0][0]', undefined, 'l:\n  - - b\n'],
  ['a: {x: 1, y: 2, z: 3}\n', 'a.x', undefined, 'a: {y: 2, z: 3}\n'],
  ['a: {x: 1, y: 2, z: 3}\n', 'a.y', undefined, 'a: {x: 1, z: 3}\n'],
  ['a: {x: 1, y: 2, z: 3}\n', 'a.z', undefined, 'a: {x: 1, y: 2}\n'],
  ['a: {x: 1}\n', 'a.x', undefined, 'a: {}\n'],
  ['a: { x: 1, }\n', 'a.x', undefined, 'a: {  }\n'],
  ['a: {\n  x: 1, # x\n  # y\n  y: 2, # yy\n  z: 3 # z\n}\n', 'a.y', undefined, 'a: {\n  x: 1, # x\n  z: 3 # z\n}\n'],
  [
    'a: {\n  x: 1, # x\n  # y\n  y: 2, # yy\n  z: 3 # z\n}\n',
    'a.z',
    undefined,
    'a: {\n  x: 1, # x\n  # y\n  y: 2 # yy\n}\n',
  ],
  ['a: {\n  x: 1, # x\n  # y\n  y: 2\n}\n', 'a.x', undefined, 'a: {\n  # y\n  y: 2\n}\n'],
  ['a: {\n  x: 1,\n  y: 2,\n}\n', 'a.y', undefined, 'a: {\n  x: 1,\n}\n'],
  ['a: |\n  x\n\nb: 1\n', '.a', undefined, 'b: 1\n'],
  ['a: 1\nb: |+\n  x\n\n\nc: 1\n', '.b', undefined, 'a: 1\nc: 1\n'],
  ['a: 1\nb: 2', '.b', undefined, 'a: 1'],
  ['a: 1\r\nb: 2\r\nc: 3\r\n', '.b', undefined, 'a: 1\r\nc: 3\r\n'],
  ['a: &x 1\nb: *x\n', '.a', undefined, 'NOT_REPRESENTABLE'],
  ['a: &x 1\nb: *x\n', '.b', undefined, 'a: &x 1\n'],
  ['? a\n: 1\nb: 2\n', '.a', undefined, 'b: 2\n'],
  ['a:\n  b:\n    c: 1\n    # deep\n  # mid\nd: 1\n', 'a.b', undefined, 'a: {}\n  # mid\nd: 1\n'],
  ['a:\n  b:\n    c: 1\n    # deep\n  # mid\nd: 1\n', '.a', undefined, 'd: 1\n'],
  ['\ufeffa: 1\nb: 2\n', '.a', undefined, '\ufeffb: 2\n'],
];

for (const [before, path, value, after] of sets) {
  test(`YAML: set ${path}${value === undefined ? '' : ` = ${value}`} in ${JSON.stringify(before)}`, () => {
    assert.equal(amendedText(yaml, before, path, value), after);
  });
}

for (const [before, path, value, after] of unsets) {
  test(`YAML: unset ${path}${value === undefined ? '' : ` = ${value}`} in ${JSON.stringify(before)}`, () => {
    assert.equal(amendedText(yaml, before, path, value), after);
  });
}
