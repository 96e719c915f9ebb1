import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseDialect } from './dialect.ts';

const cases: [name: string, text: string, expected: Record<string, string>][] = [
  ['nothing', '', {}],
  ['blank lines and comments', '\n  # x\n\t\n#A=1', {}],
  ['a plain value', 'A=b', { A: 'b' }],
  ['an empty value', 'A=\nB=', { A: '', B: '' }],
  ['blanks around', '  A  =  b c  \n', { A: 'b c' }],
  ['export', 'export A=1\nexport\tB=2', { A: '1', B: '2' }],
  [
    'a comment behind a value',
    'A=b # c\nB=c#d\nC= # e\nD=x  # "f"\nE=#f',
    { A: 'b', B: 'c#d', C: '', D: 'x', E: '#f' },
  ],
  ['single quotes keep all', 'A=\'b # $c \\n "d"\' # e', { A: 'b # $c \\n "d"' }],
  ['backticks keep all', 'A=`b \'c\' "d"`', { A: 'b \'c\' "d"' }],
  ['double quotes and their escapes', 'A="b\\nc\\td\\"e\\\\f\\$g\\x"', { A: 'b\nc\td"e\\f$g\\x' }],
  ['values of several lines', 'A="b\nc"\nB=\'d\n\n#e\'\nC=1', { A: 'b\nc', B: 'd\n\n#e', C: '1' }],
  ['nothing is expanded', 'A=$HOME\nB="$A{}"\nC=`$(x)`', { A: '$HOME', B: '$A{}', C: '$(x)' }],
  ['equal signs and colons', 'A=b=c\nB=https://x:1/?a=b', { A: 'b=c', B: 'https://x:1/?a=b' }],
  ['names with dots and hyphens', 'a.b-c_1=x', { 'a.b-c_1': 'x' }],
  ['Windows line ends', 'A=b\r\n\r\n#c\r\nB="d"\r\nC=e # f\r\n', { A: 'b', B: 'd', C: 'e' }],
  ['a byte order mark', '\ufeffA=b', { A: 'b' }],
  ['a quote inside a plain value', 'A=it\'s "b"', { A: 'it\'s "b"' }],
  ['the last of equal names', 'A=1\nA=2', { A: '2' }],
];

describe('the common dialect', () => {
  for (const [name, text, expected] of cases) {
    test(name, () =>
      assert.deepEqual(Object.fromEntries(parseDialect(text).map(({ name, value }) => [name, value])), expected),
    );
  }

  const refused: [text: string, line: number][] = [
    ['A', 1],
    ['=b', 1],
    ['\n1A=b', 2],
    ['A="b\n\nc', 1],
    ["B=1\nA='b' c", 2],
    ['A="x\ny"\nnonsense secret', 3],
  ];
  for (const [text, line] of refused) {
    test(`refuses ${JSON.stringify(text)} and shows nothing of it`, () =>
      assert.throws(
        () => parseDialect(text),
        (error: Error & { where: { line: number } }) =>
          error.where.line === line && !/secret|nonsense/.test(error.message),
      ));
  }
});

test('every text in double quotes comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const quoted = text
        .replace(/["\\$]/g, '\\$&')
        .replaceAll('\n', '\\n')
        .replaceAll('\r', '\\r');
      assert.deepEqual(parseDialect(`A="${quoted}" # x`), [{ name: 'A', value: text, line: 1 }]);
    }),
  );
});
