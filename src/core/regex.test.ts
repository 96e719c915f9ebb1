import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { TsopsError } from '../errors.ts';
import { compilePattern } from './regex.ts';
import { simplePattern } from './simplepattern.ts';

/** Answers of Go 1.26 (regexp.MatchString). */
const searches: readonly (readonly [pattern: string, matching: string[], other: string[]])[] = [
  ['', ['', 'a'], []],
  ['^$', [''], ['a', '\n']],
  ['a$', ['a', 'ba'], ['a\n', 'ab']],
  ['^b', ['b'], ['a\nb']],
  ['a.b', ['a-b', 'a\rb', 'a\u2028b', 'a😀b', 'xaäby'], ['a\nb', 'ab']],
  ['^.$', ['😀', 'é'], ['ab', '\n']],
  ['\\s', [' ', '\t', '\f'], ['\v', '\u00a0', '\u2028']],
  ['^\\w+$', ['aZ_9'], ['é', 'a-b']],
  ['\\d', ['5'], ['٣']],
  ['^[^a]$', ['\n', '😀', 'b'], ['a', 'bb']],
  ['^[]a]$', [']', 'a'], ['b']],
  ['^[^]a]$', ['b'], [']', 'a']],
  ['[a-]', ['-', 'a'], ['b']],
  ['^\\{\\_\\&\\/$', ['{_&/'], ['{_&']],
  ['}]', ['}]'], ['}']],
  ['^(?:a|b)?c$', ['c', 'bc'], ['abc']],
  ['\\Aa\\z', ['a'], ['a\n', 'ba']],
  [
    '^secrets/.*\\.ya?ml$',
    ['secrets/a/b.yml', 'secrets/.yaml'],
    ['x/secrets/a.yml', 'secrets/a.json', 'secrets/a\n.yml'],
  ],
  ['.*\\.enc\\.yaml$', ['a.enc.yaml', 'x\n.enc.yaml'], ['a.enc.yaml.bak']],
  ['.+x', ['ax'], ['x', '\nx']],
  ['(?i)k', ['K', '\u212a'], ['j']],
  ['(?s)a.b', ['a\nb'], ['ab']],
  ['(?m)^b$', ['a\nb\nc'], ['ab']],
  ['^[[:alpha:]]+/\\pL+$', ['abc/ключ'], ['ä/b']],
  ['^(?P<dir>[^/]+)/\\d{2}\\.yaml$', ['x-y/42.yaml'], ['x/4.yaml', 'a/b/42.yaml']],
  ['\\bpass', ['my-pass', 'épass'], ['mypass']],
  ['\\Q.*\\E', ['a.*b'], ['ab']],
  ['\\x{1F600}|\\x41', ['😀', 'A'], ['a']],
  ['a{,2}', ['a{,2}'], ['aa']],
  ['(a|b)*c$', ['ababc', 'c'], ['d']],
  ['[a-b-c]', ['-', 'c'], ['d']],
  ['(?P<__proto__>a)(?P<constructor>b)', ['ab'], ['a']],
];

for (const [pattern, matching, other] of searches) {
  test(`${JSON.stringify(pattern)} searches as in Go`, async () => {
    const compiled = await compilePattern(pattern);
    assert.equal(compiled.text, pattern);
    for (const input of matching) assert.equal(compiled.test(input), true, JSON.stringify(input));
    for (const input of other) assert.equal(compiled.test(input), false, JSON.stringify(input));
  });
}

const refused: readonly (readonly [pattern: string, message: string])[] = [
  ['a(?=b)', 'a look-ahead at character 2'],
  ['^(?!public)', 'a negative look-ahead at character 2'],
  ['(?<=a)b', 'a look-behind at character 1'],
  ['(?<!a)b', 'a negative look-behind at character 1'],
  ['(?>a)', 'an atomic group at character 1'],
  ['(?#note)a', 'a comment group at character 1'],
  ['[(?=](?=b)', 'a look-ahead at character 6'],
  ['\\((?=b)', 'a look-ahead at character 3'],
  ['\\Q(?=\\E(?!b)', 'a negative look-ahead at character 8'],
  ['(a)\\12\\2', 'a back reference at character 7'],
  ['(?P<q>a)(?P=q)', 'a back reference at character 9'],
  ['a\\Z', 'the anchor \\Z (RE2 has \\z) at character 2'],
  ['\\u0041', 'a \\u escape (RE2 has \\x{…}) at character 1'],
  ['[\\h]', 'a character class of Perl at character 2'],
  ['a++', 'a possessive repetition at character 2'],
  ['a**', 'two repetition operators in a row'],
  ['*.yaml', 'a repetition operator with nothing before it'],
  ['a|+', 'a repetition operator with nothing before it'],
  ['(', 'a ( without its )'],
  ['a)', 'a ) without its ('],
  ['[a', 'a [ without its ]'],
  ['[b-a]', 'a character class or range that is not valid'],
  ['\\p{Klingon}', 'a character class or range that is not valid'],
  ['a{1001}', 'a repeat count that is too large (at most 1000) or reversed'],
  ['a\\', 'a backslash at its end'],
  ['\\e', 'an unknown escape sequence'],
  ['(?<1-a>x)', 'a group name that is not valid'],
  ['(?x)a', 'a (?…) group that RE2 does not have'],
  ['a\ud800', 'half of a surrogate pair at character 2'],
];

for (const [pattern, message] of refused) {
  test(`${JSON.stringify(pattern)} is refused`, async () => {
    await assert.rejects(compilePattern(pattern), error => {
      assert.ok(error instanceof TsopsError);
      assert.equal(error.code, 'PATTERN_INVALID');
      assert.equal(error.message, `the regular expression has ${message}`);
      return true;
    });
  });
}

test('patterns that would take too much are refused', async () => {
  for (const pattern of ['\\pL{1000}'.repeat(90), 'a'.repeat(20_000), '('.repeat(2000) + ')'.repeat(2000)]) {
    await assert.rejects(compilePattern(pattern), {
      code: 'PATTERN_INVALID',
      message: 'the regular expression is too large',
    });
  }
});

/** Shapes on which a backtracking engine takes quadratic to exponential time, with inputs that bring it out. */
test('no pattern backtracks', async () => {
  const input = `${'a'.repeat(100_000)}!`;
  for (const pattern of [
    '(a+)+$',
    '^(a|a)*$',
    'a*a*a*b',
    '.*b.*c',
    'a+b',
    '^a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaab',
    '^.*.*b$',
  ]) {
    assert.equal((await compilePattern(pattern)).test(input), false, pattern);
  }
});

test('the engine of JavaScript gets only the subset', () => {
  const simple = [
    '^(data|stringData)$',
    '^secrets/.*\\.ya?ml$',
    '.*\\.env$',
    '\\.enc\\.',
    '^(.*/)?prod/',
    '[^/]+\\.ini$',
  ];
  const other = ['(?i)a', 'a.*b', '\\bx', 'a{2}', '(a+)+', '^a*b*$', '[[:alpha:]]', '(?P<n>a)', '^*', '\\D', '\\1'];
  for (const pattern of simple) assert.notEqual(simplePattern(pattern), undefined, pattern);
  for (const pattern of other) assert.equal(simplePattern(pattern), undefined, pattern);
});

test('in the subset both engines agree', () => {
  const atoms = [
    'a',
    'b',
    '.',
    '\\.',
    '/',
    '[ab]',
    '[^a]',
    '[]a]',
    '[-a]',
    '[a-]',
    '\\d',
    '\\w',
    '[\\s-]',
    '😀',
    '\\z',
    '^',
    '$',
  ];
  const atom = fc
    .tuple(fc.constantFrom(...atoms), fc.constantFrom('', '', '', '*', '+', '?', '+?'))
    .map(pair => pair.join(''));
  const { pattern } = fc.letrec<{ pattern: string; item: string }>(tie => ({
    item: fc.oneof(
      { depthSize: 'small' },
      atom,
      tie('pattern').map(inner => `(${inner})?`),
      fc.constant('|'),
    ),
    pattern: fc.array(tie('item'), { maxLength: 5 }).map(items => items.join('')),
  }));
  const input = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/', '1', '😀', '\n', ' ', ']'), maxLength: 8 });
  let compared = 0;
  const agree = fc.property(pattern, fc.array(input, { maxLength: 6 }), (text, inputs) => {
    const simple = simplePattern(text);
    if (simple === undefined) return;
    const exact = RE2JS.compile(text);
    for (const one of inputs) {
      simple.lastIndex = 0;
      compared += 1;
      assert.equal(simple.test(one), exact.test(one), `${text} on ${JSON.stringify(one)}`);
    }
  });
  fc.assert(agree, { seed: 7, numRuns: 3000 });
  assert.ok(compared > 1000);
});
