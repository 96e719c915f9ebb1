import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timestamp } from '../../core/scalar.ts';
import type { Entry, Node, Stage, Tree } from '../../core/tree.ts';
import { comment, entry, leaf, mapping, sequence } from '../../core/tree.ts';
import { ini } from './index.ts';

const text = (written: Uint8Array): string => Buffer.from(written).toString('utf8');
const tree = (...items: Entry[]): Tree<Stage> => ({ documents: [mapping(items)], slots: 0 });
const section = (name: string, items: Parameters<typeof mapping>[0] = []): Entry => entry(name, mapping(items));
const time = (written: string) => leaf(Timestamp.parse(written) ?? null);

const values: [key: string, value: Node][] = [
  ['name', leaf('x')],
  ['int', leaf(1n)],
  ['float', leaf(2)],
  ['bool', leaf(true)],
  ['none', leaf(null)],
  ['time', time('2024-01-02T03:04:05.25Z')],
  ['multi', leaf('l1\nl2')],
  ['hash', leaf('a#b;c')],
  ['spaces', leaf('  s  ')],
  ['longer_key_name', leaf('v')],
  ['empty', leaf('')],
];

/** The first is `testdata/vectors/cases/convert/yaml-to-ini`; the others are the output of sops for such trees. */
const printed: [name: string, tree: Tree<Stage>, expected: string][] = [
  [
    'every type',
    tree(
      section('first', [comment(' a note'), ...values.map(([key, value]) => entry(key, value))]),
      section('second', [entry('x', leaf('y'))]),
      section('third'),
    ),
    `;  a note
[first]
name            = x
int             = 1
float           = 2.0
bool            = true
none            = <nil>
time            = 2024-01-02T03:04:05Z
multi           = """l1
l2"""
hash            = \`a#b;c\`
spaces          = "  s  "
longer_key_name = v
empty           = 

[second]
x = y

[third]
`,
  ],
  ['an empty DEFAULT section', tree(section('DEFAULT'), section('s')), '[s]\n'],
  ['keys of the DEFAULT section', tree(section('DEFAULT', [entry('a', leaf('1'))]), section('s')), 'a = 1\n\n[s]\n'],
  ['a later DEFAULT section', tree(section('s'), section('DEFAULT')), '[s]\n\n[DEFAULT]\n'],
  ['nothing', tree(section('DEFAULT')), ''],
  [
    'comments stand above the key they follow, the last one counts',
    tree(
      section('s', [entry('a', leaf('1')), comment('  x '), comment('# y'), entry('b', leaf('2')), comment('z\n;w')]),
    ),
    '[s]\n# y\na = 1\n; z\n; w\nb = 2\n',
  ],
  [
    'keys in quotes count towards the width',
    tree(section('s', [entry('k`b', leaf('x')), entry('k"q', leaf('à')), entry('k=e', leaf('y'))])),
    '[s]\n"""k`b""" = x\n`k"q`     = à\n`k=e`     = y\n',
  ],
  [
    'values that sops would not read back get other quotes',
    tree(section('s', [entry('a', leaf('C:\\')), entry('b', leaf("'q'")), entry('c', leaf('"""'))])),
    '[s]\na = "C:\\"\nb = "\'q\'"\nc = \'"""\'\n',
  ],
];

for (const [name, input, expected] of printed) {
  test(`INI is printed as sops prints it: ${name}`, () => assert.equal(text(ini.print(input, {})), expected));
}

test('the block is the last section', () => {
  const age = sequence([mapping([entry('enc', leaf('a\nb')), entry('recipient', leaf('r'))])]);
  const block = mapping([entry('age', age), entry('shamir_threshold', leaf(2n))]);
  const expected =
    '[s]\n\n[sops]\nage__list_0__map_enc       = a\\nb\nage__list_0__map_recipient = r\nshamir_threshold           = 2\n';
  assert.equal(text(ini.print(tree(section('s')), { block })), expected);
});

const refused: [name: string, printing: () => Uint8Array][] = [
  ['a value outside a section', () => ini.print(tree(entry('a', leaf('x'))), {})],
  ['a mapping in a section', () => ini.print(tree(section('s', [section('t')])), {})],
  ['a list in a section', () => ini.print(tree(section('s', [entry('a', sequence([]))])), {})],
  ['two documents', () => ini.print({ documents: [mapping([]), mapping([])], slots: 0 }, {})],
  ['an empty section name', () => ini.print(tree(section('')), {})],
  ['a section name with a line break', () => ini.print(tree(section('a\nb')), {})],
  ['an empty key', () => ini.print(tree(section('s', [entry('', leaf('x'))])), {})],
  ['a key with blanks around it', () => ini.print(tree(section('s', [entry(' a', leaf('x'))])), {})],
  ['a numbered key', () => ini.print(tree(section('s', [entry('-', leaf('x'))])), {})],
  ['a key twice', () => ini.print(tree(section('s', [entry('a', leaf('x')), entry('a', leaf('y'))])), {})],
  ['a value that no quotes hold', () => ini.print(tree(section('s', [entry('a', leaf('`\n"""\nx'))])), {})],
  ['a section sops beside the block', () => ini.print(tree(section('sops')), { block: mapping([]) })],
  ['a section by itself', () => ini.printNode(mapping([entry('a', leaf('x'))]), {})],
  ['a mapping in a list', () => ini.printNode(sequence([mapping([])]), {})],
  ['a number that is not finite', () => ini.printNode(leaf(Number.NaN), {})],
];

for (const [name, printing] of refused) {
  test(`INI cannot hold ${name}`, () => assert.throws(printing, { code: 'NOT_REPRESENTABLE' }));
}

test('keys that would be comments or headers get quotes', () => {
  const printedKeys = text(ini.print(tree(section('s', [entry('#a', leaf('x')), entry('[b', leaf('y'))])), {}));
  assert.equal(printedKeys, '[s]\n`#a` = x\n`[b` = y\n');
});

const nodes: [node: Node, expected: string][] = [
  [leaf('a\n"b"'), 'a\n"b"'],
  [leaf(new Uint8Array([0x61])), 'a'],
  [leaf(5n), '5'],
  [leaf(1e21), '1e+21'],
  [leaf(-0), '-0'],
  [leaf(null), 'null'],
  [time('2024-01-02T00:00:00Z'), '"2024-01-02T00:00:00Z"'],
  [sequence([leaf('<&>\u2028'), comment('c'), sequence([leaf(true)])]), '["\\u003c\\u0026\\u003e\\u2028",[true]]'],
  [mapping([section('s', [entry('a', leaf('x'))])]), '[s]\na = x\n'],
];

for (const [node, expected] of nodes) {
  test(`an extracted node: ${JSON.stringify(expected)}`, () => assert.equal(text(ini.printNode(node, {})), expected));
}
