/** Changes of dotenv, INI and binary texts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AmendCase, amendedText } from '../../testdata/suites/amending.ts';
import { binary } from './binary/index.ts';
import { dotenv } from './dotenv/index.ts';
import { ini } from './ini/index.ts';

const dotenvCases: readonly AmendCase[] = [
  ['A=1\nB=2\n', '.A', '"x\\ny"', 'A=x\\ny\nB=2\n'],
  ['# h\nA=1\n\n# end\n', '.B', 'true', '# h\nA=1\nB=true\n\n# end\n'],
  ['A=1', '.B', '2', 'A=1\nB=2'],
  ['', '.B', '2', 'B=2\n'],
  ['# h\n', '.B', '2', 'B=2\n# h\n'],
  ['A=1\n', '.A', 'null', 'NOT_REPRESENTABLE'],
  ['A=1\n', '.A', '"a\\\\nb"', 'NOT_REPRESENTABLE'],
  ['A=1\n', 'A.b', '2', 'NOT_REPRESENTABLE'],
  ['A=1\n', '["x=y"]', '2', 'NOT_REPRESENTABLE'],
  ['A=1\n# b\nB=2\n', '.B', undefined, 'A=1\n'],
  ['A=1\n', '.A', undefined, ''],
  ['A=1\nB=2', '.B', undefined, 'A=1'],
  ['A=1\nA=2\n', '.A', '3', 'A=3\nA=2\n'],
  ['A=1\r\n', '.B', '"x"', 'A=1\r\nB=x\n'],
];

const iniCases: readonly AmendCase[] = [
  ['[s]\na = 1\nlong  = 2 ; c\n', 's.long', '"x ; y"', '[s]\na = 1\n; c\nlong  = `x ; y`\n'],
  ['[s]\na    = 1\nlong = 2\n\n[t]\nx=1\n', 's.b', '"v"', '[s]\na    = 1\nlong = 2\nb    = v\n\n[t]\nx=1\n'],
  ['[s]\na=1\n\n[t]\nx: 1\n', 't.y', '5', '[s]\na=1\n\n[t]\nx: 1\ny: 5\n'],
  ['[s]\na=1\n', 'n.y', '5', '[s]\na=1\n\n[n]\ny = 5\n'],
  ['[s]\na=1', 'n.y', '5', '[s]\na=1\n\n[n]\ny = 5'],
  ['a=1\n[s]\n', '["DEFAULT"]["b"]', '"x"', 'a=1\nb=x\n[s]\n'],
  ['; c\n[s]\nb=1\n', '["DEFAULT"]["b"]', '"x"', 'b = x\n; c\n[s]\nb=1\n'],
  ['[s]\n', 's.a', '" pad "', '[s]\na = " pad "\n'],
  ['[s]\na=1\n', 's.a', '"two\\nlines"', '[s]\na="""two\nlines"""\n'],
  ['[s]\r\na=1\r\n', 's.b', '"x"', '[s]\r\na=1\r\nb=x\r\n'],
  ['[s]\na=1\n', 's.a', '{"x":1}', 'NOT_REPRESENTABLE'],
  ['[s]\na=1\n', '["n"]', '{"x":1,"y":"z"}', '[s]\na=1\n\n[n]\nx = 1\ny = z\n'],
  ['[s]\na=1\nb=2\n', '.s', '{"x":1}', '[s]\nx = 1\n'],
  ['[s]\n; own\na=1\n; of b\nb=2\n', 's.b', undefined, '[s]\n; own\na=1\n'],
  ['[s]\na=1\n', 's.a', undefined, '[s]\n'],
  ['[s]\na=1\n\n; t\n[t]\nb=1\n', '.t', undefined, '[s]\na=1\n'],
  ['[s]\na=1\n\n[t]\nb=1\n', '.s', undefined, '[t]\nb=1\n'],
  ['[s]\na=1\na=2\n', 's.a', undefined, '[s]\n'],
  ['[s]\na=1\nb=2', 's.b', undefined, '[s]\na=1'],
];

const binaryCases: readonly AmendCase[] = [
  ['abc', '["data"]', '"x"', 'x'],
  ['abc', '["data"]', undefined, 'NOT_REPRESENTABLE'],
  ['abc', '["x"]', '"y"', 'NOT_REPRESENTABLE'],
];

for (const [before, path, value, after] of dotenvCases) {
  test(`dotenv: ${path}${value === undefined ? '' : ` = ${value}`} in ${JSON.stringify(before)}`, () => {
    assert.equal(amendedText(dotenv, before, path, value), after);
  });
}

for (const [before, path, value, after] of iniCases) {
  test(`INI: ${path}${value === undefined ? '' : ` = ${value}`} in ${JSON.stringify(before)}`, () => {
    assert.equal(amendedText(ini, before, path, value), after);
  });
}

for (const [before, path, value, after] of binaryCases) {
  test(`binary: ${path}${value === undefined ? '' : ` = ${value}`} in ${JSON.stringify(before)}`, () => {
    assert.equal(amendedText(binary, before, path, value), after);
  });
}
