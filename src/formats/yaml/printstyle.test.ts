import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseYaml } from './parser.ts';
import { asDoubleQuoted, asFolded, asLiteral, asPlain, asSingleQuoted } from './printstyle.ts';
import { resolveScalar } from './resolve.ts';

test('double quotes escape what they must and nothing else', () => {
  const texts: readonly [string, string][] = [
    ['', '""'],
    ["é 😀 / it's", '"é 😀 / it\'s"'],
    ['say "x" \\', '"say \\"x\\" \\\\"'],
    ['\b\t\n\f\r\0\x1b', '"\\b\\t\\n\\f\\r\\u0000\\u001b"'],
    ['\x7f\x85\xa0\u2028\u2029\ufeff\uffff', '"\\u007f\\u0085\xa0\\u2028\\u2029\\ufeff\\uffff"'],
    ['\ud800', '"\ufffd"'],
  ];
  for (const [text, expected] of texts) assert.equal(asDoubleQuoted(text), expected);
});

test('single quotes hold one line without control characters', () => {
  assert.equal(asSingleQuoted("it's\t😀 "), "'it''s\t😀 '");
  for (const text of ['a\nb', 'a\r', '\0', '\x85', '\u2028', '\ufeff', '\ud800'])
    assert.equal(asSingleQuoted(text), undefined);
});

test('plain is what reads back as the same text', () => {
  const block = { flow: false, tagged: false };
  for (const text of [
    'a',
    'a b',
    'yes',
    'a\tb',
    '😀',
    'a:b',
    'a#b',
    '-a',
    '?a',
    ':a',
    'a,b',
    '[a'.slice(1),
    'say "x"',
    '<<',
    '1:60',
  ]) {
    assert.equal(asPlain(text, block), text);
  }
  for (const text of [
    '',
    ' a',
    'a\t',
    '\ta',
    'a: b',
    'a:',
    'a:\tb',
    'a #b',
    'a\t#',
    '#a',
    '- a',
    '-',
    '?',
    '[a',
    '{',
    '"a',
    '@',
    '%a',
    '---',
    'a\nb',
  ]) {
    assert.equal(asPlain(text, block), undefined, JSON.stringify(text));
  }
  for (const text of ['12', 'true', '~', '2001-01-01', '.5']) {
    assert.equal(asPlain(text, block), undefined);
    assert.equal(asPlain(text, { flow: false, tagged: true }), text);
  }
});

test('plain in flow context keeps clear of brackets and commas', () => {
  const flow = { flow: true, tagged: false };
  for (const text of ['a b', 'http://a', 'a-b', 'a#b']) assert.equal(asPlain(text, flow), text);
  for (const text of ['a,b', 'a]', 'a}', 'a[', 'a{', 'a?', ':a', '-a', '-'])
    assert.equal(asPlain(text, flow), undefined, text);
});

const literal: readonly [string, string, string[] | undefined][] = [
  ['a\nb\n', '|', ['  a', '  b']],
  ['a\n\n b\n', '|', ['  a', '', '   b']],
  ['a\nb', '|-', ['  a', '  b']],
  ['a\n\n', '|+', ['  a', '']],
  ['\n\n', '|+', ['', '']],
  ['\n\ta\n', '|2', ['', '  \ta']],
  [' a\n', '|2', ['   a']],
  [' a\n', '|+2', ['   a']],
  [' \n', '|2', ['   ']],
  ['a\n ', '|-', ['  a', '   ']],
  ['\na\n', '|', ['', '  a']],
  [' a\n', '|', undefined],
  ['\n a\n', '|', undefined],
  ['\ta\n', '|', undefined],
  ['a', '|', undefined],
  ['a\n\n', '|', undefined],
  ['\n', '|', undefined],
  ['a\n', '|-', undefined],
  ['a', '|+', undefined],
  ['', '|', undefined],
  ['a\r\n', '|', undefined],
  ['a\u2028\n', '|', undefined],
  ['a\0\n', '|', undefined],
  ['a\n', '>', undefined],
  ['a\n', '|0', undefined],
  ['a\n', '|2+3', undefined],
];

test('literal blocks under a given header', () => {
  for (const [text, header, expected] of literal)
    assert.deepEqual(asLiteral(text, header, 2), expected, `${header} ${JSON.stringify(text)}`);
  assert.equal(asLiteral('a\n', '|', 0), undefined);
});

const folded: readonly [string, string, string[] | undefined][] = [
  ['a b\n', '>', ['  a b']],
  ['a\nb\n', '>', ['  a', '', '  b']],
  ['a\n\nb\n', '>', ['  a', '', '', '  b']],
  ['a\n b\nc\n', '>', ['  a', '   b', '  c']],
  ['a\n\n b\n\nc\n', '>', ['  a', '', '   b', '', '  c']],
  ['\na\n', '>', ['', '  a']],
  ['a\nb', '>-', ['  a', '', '  b']],
  ['a\n\n', '>+', ['  a', '']],
  [' a\nb\n', '>2', ['   a', '  b']],
  [' a\nb\n', '>', undefined],
  ['a\n', '>-', undefined],
];

test('folded blocks under a given header', () => {
  for (const [text, header, expected] of folded)
    assert.deepEqual(asFolded(text, header, 2), expected, `${header} ${JSON.stringify(text)}`);
});

/** The value of `a` in a document, and the next value, which a scalar that does not end where it should would spoil. */
function readBack(written: string): unknown {
  const root = parseYaml(`a: ${written}\nb: z\n`).documents[0]?.root;
  if (root?.kind !== 'mapping') return undefined;
  const [first, second] = root.pairs.map(pair => pair.value);
  if (first?.kind !== 'scalar' || second?.kind !== 'scalar' || second.text !== 'z') return undefined;
  return resolveScalar(first);
}

const piece = fc.constantFrom(
  'a',
  'b c',
  ' ',
  '\n',
  '\n\n',
  '\t',
  ':',
  ': ',
  '#',
  ' #',
  '-',
  "'",
  '"',
  '\\',
  ',',
  '[',
  '12',
  'é',
  '😀',
  '\u2028',
  '\r',
  '\0',
  '\ufeff',
);
const anyText = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map(parts => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const chomping = fc.constantFrom('', '-', '+');

test('every style reads back as the same text', () => {
  const property = fc.property(
    anyText,
    chomping,
    fc.integer({ min: 1, max: 9 }),
    fc.boolean(),
    (text, chomp, column, indicated) => {
      const header = `${indicated ? column : ''}${chomp}`;
      const literalLines = asLiteral(text, `|${header}`, column);
      const foldedLines = asFolded(text, `>${header}`, column);
      const all = [
        asDoubleQuoted(text),
        asSingleQuoted(text),
        asPlain(text, { flow: false, tagged: false }),
        literalLines && [`|${header}`, ...literalLines].join('\n'),
        foldedLines && [`>${header}`, ...foldedLines].join('\n'),
      ];
      for (const written of all) if (written !== undefined) assert.equal(readBack(written), text, written);
    },
  );
  fc.assert(property, { seed: 1, numRuns: 2000 });
});
