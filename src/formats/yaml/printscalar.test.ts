import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timestamp } from '../../core/scalar.ts';
import type { Scalar } from '../../core/tree.ts';
import { printScalar, type ScalarContext } from './printscalar.ts';

const block: ScalarContext = { column: 4, base: 0, flow: false, key: false, tagged: false };

/** What sops 3.13.2 prints behind `a: ` (recorded from its YAML store), without the last line break. */
const texts: readonly [string, string][] = [
  ['', '""'],
  [' ', "' '"],
  ['a', 'a'],
  ['a b', 'a b'],
  [' a', "' a'"],
  ['a ', "'a '"],
  ['true', '"true"'],
  ['True', '"True"'],
  ['tRue', 'tRue'],
  ['null', '"null"'],
  ['~', '"~"'],
  ['yes', '"yes"'],
  ['Off', '"Off"'],
  ['y', '"y"'],
  ['12', '"12"'],
  ['1_2', '"1_2"'],
  ['017', '"017"'],
  ['018', '"018"'],
  ['0x1f', '"0x1f"'],
  ['0o7', '"0o7"'],
  ['1.5', '"1.5"'],
  ['1e3', '"1e3"'],
  ['.5', '".5"'],
  ['.inf', '".inf"'],
  ['12:30', '"12:30"'],
  ['-1:20.5', '"-1:20.5"'],
  ['1:60', '1:60'],
  ['2001-01-01', '"2001-01-01"'],
  ['2001-1-1', '"2001-1-1"'],
  ['2001-13-01', '2001-13-01'],
  ['-', "'-'"],
  ['- a', "'- a'"],
  ['-a', '-a'],
  ['--', '--'],
  ['---', "'---'"],
  ['---a', "'---a'"],
  ['...', "'...'"],
  ['....', "'....'"],
  ['?', "'?'"],
  ['? a', "'? a'"],
  ['?a', '?a'],
  [':', "':'"],
  [':a', ':a'],
  [': a', "': a'"],
  ['a:', "'a:'"],
  ['a: b', "'a: b'"],
  ['a:b', 'a:b'],
  ['#', "'#'"],
  ['a #', "'a #'"],
  ['a#', 'a#'],
  ['@', "'@'"],
  ['`', "'`'"],
  ['%', "'%'"],
  ['&a', "'&a'"],
  ['*a', "'*a'"],
  ['!a', "'!a'"],
  ['|', "'|'"],
  ['>', "'>'"],
  ["'", "''''"],
  ['"', "'\"'"],
  ["it's", "it's"],
  ['say "x"', 'say "x"'],
  ['[', "'['"],
  ['a]', 'a]'],
  ['{}', "'{}'"],
  ['a,b', 'a,b'],
  [',', "','"],
  ['=', '='],
  ['<<', '!!merge <<'],
  ['\ta', '"\\ta"'],
  ['a\tb', '"a\\tb"'],
  ['a\\b', 'a\\b'],
  ['\\ \t', '"\\\\ \\t"'],
  ["' \t", '"\' \\t"'],
  ['\u0000\u0007\b\u000b\f\u001b\u007f\u0080\u0085\u00a0', '"\\0\\a\\b\\v\\f\\e\\x7F\\x80\\N\u00a0"'],
  ['é日', 'é日'],
  ['😀', '"\\U0001F600"'],
  ['\ufeff', '"\\uFEFF"'],
  ['\ufeffa "b', '"\\uFEFF\\x61\\x20\\"\\x62"'],
  ['a\ufeff', '"a\\uFEFF"'],
  ['\ufffe', '"\\uFFFE"'],
  ['\u2028', "'\u2028'"],
  ['a\u2028b', "'a\u2028    b'"],
  ['a\u2028 b', '"a\\L b"'],
  ['a\r', '"a\\r"'],
  ['x\ny', '|-\n    x\n    y'],
  ['x\n', '|\n    x'],
  ['x\n\n', '|+\n    x\n'],
  ['\n', '|4+\n'],
  ['\n\n', '|4+\n\n'],
  [' x\ny', '|4-\n     x\n    y'],
  ['\nx', '|4-\n\n    x'],
  ['x \ny', '"x \\ny"'],
  ['x\n y', '|-\n    x\n     y'],
  ['x\ny ', '"x\\ny "'],
  ['\ufeffx\ny', '"\\uFEFF\\x78\\n\\x79"'],
];

/** Where the text stays on its line: sops breaks it at LS and PS. */
const onOneLine: ReadonlyMap<string, string> = new Map([
  ['\u2028', '"\\L"'],
  ['a\u2028b', '"a\\Lb"'],
]);

test('texts have the style that sops gives them', () => {
  for (const [text, expected] of texts)
    assert.equal(printScalar(text, block), onOneLine.get(text) ?? expected, JSON.stringify(text));
});

const inContext: readonly [string, Scalar, Partial<ScalarContext>, string][] = [
  ['flow: no block', 'x\ny', { flow: true }, '"x\\ny"'],
  ['flow: indicators', 'a,b', { flow: true }, "'a,b'"],
  ['flow: colon', 'a:b', { flow: true }, "'a:b'"],
  ['flow: plain', 'a b', { flow: true }, 'a b'],
  ['flow: time', Timestamp.parse('2024-01-01T00:00:00+01:00') ?? null, { flow: true }, '2024-01-01T00:00:00+01:00'],
  ['flow: null', null, { flow: true }, 'null'],
  ['key: no block', 'x\ny', { key: true }, '"x\\ny"'],
  ['column', 'x\n\ny', { column: 2, base: 1 }, '|-\n  x\n\n  y'],
  ['indicator', ' x\n', { column: 5, base: 3 }, '|2\n      x'],
  ['indicator at the root', ' x\n', { column: 3, base: -1 }, '|3\n    x'],
  ['indicator of two digits', ' x\n', { column: 12, base: 2 }, '" x\\n"'],
  ['no column for a block', 'x\n', { column: 0, base: -1 }, '"x\\n"'],
  ['a tab that go-yaml cannot read', '\tx\n', {}, '"\\tx\\n"'],
  ['merge', '<<', {}, '!!merge <<'],
  ['merge behind a tag', '<<', { tagged: true }, '"<<"'],
  ['bytes', new Uint8Array([0xff]), {}, '!!binary /w=='],
  ['bytes behind a tag', new Uint8Array([0xff]), { tagged: true }, '/w=='],
  ['bytes that are text', new Uint8Array([0x31]), {}, '"1"'],
  [
    'long bytes in flow',
    new Uint8Array(60).fill(255),
    { flow: true },
    `!!binary "${'/'.repeat(70)}\\n${'/'.repeat(10)}\\n"`,
  ],
  ['int', -(2n ** 63n), {}, '-9223372036854775808'],
  ['whole float', 1, {}, '1'],
  ['float', 999999.5, {}, '999999.5'],
  ['large float', 1e6, {}, '1e+06'],
  ['small float', 0.00001, {}, '1e-05'],
  ['minus zero', -0, {}, '-0'],
  ['not a number', Number.NaN, {}, '.nan'],
  ['infinite', Number.NEGATIVE_INFINITY, {}, '-.inf'],
  ['bool', false, {}, 'false'],
];

for (const [name, value, context, expected] of inContext) {
  test(`prints in its context: ${name}`, () => assert.equal(printScalar(value, { ...block, ...context }), expected));
}

test('without a base no block gets an indicator', () => {
  assert.equal(printScalar(' x\ny', { column: 4, flow: false, key: false, tagged: false }), '" x\\ny"');
});
