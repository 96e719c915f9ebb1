import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timestamp } from '../../core/scalar.ts';
import {
  type Comment,
  comment,
  entry,
  leaf,
  type Mapping,
  mapping,
  type Node,
  type Scalar,
  sequence,
} from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { printYaml, printYamlNode } from './print.ts';

/** A tree in short: a list is a sequence, a scalar is a leaf, nodes and comments are themselves. */
type Sketch = Scalar | Node | readonly (Sketch | Comment)[];

const isNode = (sketch: Sketch | Comment): sketch is Node | Comment =>
  typeof sketch === 'object' && sketch !== null && 'kind' in sketch;

function item(sketch: Sketch | Comment): Node | Comment {
  if (isNode(sketch)) return sketch;
  return Array.isArray(sketch) ? sequence(sketch.map(item)) : leaf(sketch as Scalar);
}

const of = (sketch: Sketch): Node => item(sketch) as Node;
const map = (...items: readonly ([string, Sketch] | Comment)[]): Mapping =>
  mapping(items.map(one => (Array.isArray(one) ? entry(one[0], of(one[1])) : one)));
const note = (text: string): Comment => comment(text);
const inline = (text: string): Comment => comment(text, true);
const time = (text: string): Scalar => Timestamp.parse(text) ?? null;

/** Name, indentation, documents, and the lines that sops 3.13.2 prints for them (recorded from its YAML store). */
const asSops: readonly [string, number, readonly Mapping[], readonly string[]][] = [
  ['nothing', 4, [map()], ['{}']],
  [
    'scalars',
    4,
    [
      map(
        ['null', null],
        ['yes', true],
        ['int', -5n],
        ['bytes', new Uint8Array([255, 0])],
        ['time', time('2024-01-01T00:00:00Z')],
        ['zoned', time('2024-01-01T10:20:30.120+01:30')],
      ),
    ],
    [
      '"null": null',
      '"yes": true',
      'int: -5',
      'bytes: !!binary /wA=',
      'time: 2024-01-01T00:00:00Z',
      'zoned: 2024-01-01T10:20:30.12+01:30',
    ],
  ],
  [
    'empty collections',
    4,
    [map(['a', map()], ['b', []], ['c', [[], map()]])],
    ['a: {}', 'b: []', 'c:', '    - []', '    - {}'],
  ],
  [
    'nesting',
    4,
    [map(['a', [map(['b', 1n], ['c', [2n]]), [3n, [4n]], map(['d', map(['e', 'f'])])]])],
    ['a:', '    - b: 1', '      c:', '        - 2', '    - - 3', '      - - 4', '    - d:', '        e: f'],
  ],
  [
    'nesting, indent 3',
    3,
    [map(['a', [map(['b', 1n], ['c', [2n]]), [3n, [4n]], map(['d', map(['e', 'f'])])]])],
    ['a:', '   - b: 1', '     c:', '      - 2', '   - - 3', '     - - 4', '   - d:', '      e: f'],
  ],
  [
    'nesting, indent 9',
    9,
    [map(['a', [map(['b', 1n], ['c', [2n]])]])],
    ['a:', '         - b: 1', '           c:', '                  - 2'],
  ],
  ['nesting, indent 10', 10, [map(['a', [map(['b', 1n], ['c', [2n]])]])], ['a:', '  - b: 1', '    c:', '      - 2']],
  ['documents', 4, [map(['a', 1n]), map(), map(['b', 'x\n'])], ['a: 1', '---', '{}', '---', 'b: |', '    x']],
  [
    'literal blocks',
    4,
    [
      map(
        ['a', 'x\ny'],
        ['b', 'x\n'],
        ['c', 'x\n\n'],
        ['d', '\n'],
        ['e', ' x\ny\n'],
        ['f', ['x\n y', map(['g', 'x\n\ty'])]],
      ),
    ],
    [
      'a: |-',
      '    x',
      '    y',
      'b: |',
      '    x',
      'c: |+',
      '    x',
      '',
      'd: |4+',
      '',
      'e: |4',
      '     x',
      '    y',
      'f:',
      '    - |-',
      '      x',
      '       y',
      '    - g: |-',
      '        x',
      '        \ty',
    ],
  ],
  [
    'blocks that cannot be',
    4,
    [map(['a', 'x \ny'], ['b', 'x\ny '], ['c', 'x\r\ny'], ['d', 'x\n\u{1F600}'])],
    ['a: "x \\ny"', 'b: "x\\ny "', 'c: "x\\r\\ny"', 'd: "x\\n\\U0001F600"'],
  ],
  [
    'long bytes',
    4,
    [map(['a', new Uint8Array(60).fill(255)])],
    ['a: !!binary |', '    //////////////////////////////////////////////////////////////////////', '    //////////'],
  ],
  [
    'keys',
    4,
    [
      map(
        ['', 1n],
        ['1', 1n],
        ['a: b', 1n],
        ['x\ny', 1n],
        ['x\ny\n', map(['a', 1n])],
        ['k'.repeat(128), 1n],
        ['k'.repeat(129), [1n]],
        ['é'.repeat(65), map(['a', 1n])],
        ['\u2028', []],
      ),
    ],
    [
      '"": 1',
      '"1": 1',
      "'a: b': 1",
      '? |-',
      '    x',
      '    y',
      ': 1',
      '? |',
      '    x',
      '    y',
      ':   a: 1',
      'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: 1',
      '? kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk',
      ':   - 1',
      '? ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé',
      ':   a: 1',
      "? '\u2028'",
      ': []',
    ],
  ],
  [
    'merge keys',
    4,
    [map(['a', map(['<<', map(['b', 1n])], ['c', '<<'])], ['d', map(['<<', [map(['e', 1n])]])])],
    ['a:', '    !!merge <<:', '        b: 1', '    c: !!merge <<', 'd:', '    !!merge <<:', '        - e: 1'],
  ],
  [
    'comments of a mapping',
    4,
    [
      map(
        note(' top'),
        ['a', 1n],
        note(' before b'),
        note(''),
        ['b', map(note(' in b'), ['c', 2n], note(' end of b'))],
        note(' before d'),
        inline(' beside d'),
        ['d', 3n],
        note(' end'),
      ),
    ],
    [
      '# top',
      'a: 1',
      '# before b',
      '#',
      'b:',
      '    # in b',
      '    c: 2',
      '    # end of b',
      '# before d',
      'd: 3 # beside d',
      '# end',
    ],
  ],
  [
    'comments of a list',
    4,
    [
      map(
        [
          'a',
          [
            note(' first'),
            1n,
            inline(' two'),
            2n,
            note(' before list'),
            [note(' inside'), 3n, note(' end inside')],
            note(' before map'),
            map(note(' in map'), ['b', 1n], note(' end of map')),
            note(' end'),
          ],
        ],
        ['c', 1n],
      ),
    ],
    [
      'a:',
      '    # first',
      '    - 1',
      '    - 2 # two',
      '    # before list',
      '    # inside',
      '    - - 3',
      '      # end inside',
      '    # before map',
      '    # in map',
      '    - b: 1',
      '      # end of map',
      'c: 1',
      '# end',
    ],
  ],
  [
    'a comment at the end of a list in a list',
    4,
    [map(['a', [[1n, note(' end')], 2n, [map(['b', 3n]), note(' late')], 4n, 5n]])],
    ['a:', '    - - 1', '      # end', '    - 2', '    - - b: 3', '    - 4', '    # late', '', '    - 5'],
  ],
  [
    'comments at the end of nested mappings',
    4,
    [map(['a', map(['b', map(['c', 1n], note(' end'))], ['d', 2n], note(' end of a'))], ['e', 1n])],
    ['a:', '    b:', '        c: 1', '        # end', '    d: 2', '    # end of a', 'e: 1'],
  ],
  [
    'a comment at the end of the first document',
    4,
    [map(['a', 1n], note(' end')), map(note(' top'), ['b', 1n])],
    ['a: 1', '# end', '---', '# top', 'b: 1'],
  ],
  [
    'an inline comment behind a block header',
    4,
    [map(inline(' c'), ['a', 'x\ny'], ['b', [inline(' d'), 'x\n']])],
    ['a: |- # c', '    x', '    y', 'b:', '    - | # d', '      x'],
  ],
  [
    'several inline comments',
    4,
    [map(['k', map(inline(' c'), inline(' d'), ['a', 1n], ['b', 2n])])],
    ['k:', '    a: 1 # c', '    # d', '    b: 2'],
  ],
  [
    'an inline comment before a collection moves on',
    4,
    [map(inline(' c'), ['a', map(['b', 1n])], ['c', 2n], ['d', [inline(' e'), map(['f', 1n]), map(['g', 2n])]])],
    ['a:', '    b: 1', 'c: 2 # c', 'd:', '    - f: 1', '    - # e', '      g: 2'],
  ],
  [
    'only comments in collections',
    4,
    [map(['a', map(note(' c'))], ['b', [map(note(' d')), 1n]], ['e', [note(' f')]], ['g', 1n])],
    ['a: {', '    # c', '}', 'b:', '    # d', '    - {}', '    - 1', 'e: []', '# f', 'g: 1'],
  ],
  ['only comments in a document', 4, [map(note(' c'), note(' d'))], ['# c', '# d', '{}']],
  [
    'a comment with line breaks',
    4,
    [map(['k', map(note(' c\nd'), ['a', 1n])])],
    ['k:', '    # c', '    # d', '    a: 1'],
  ],
];

for (const [name, indent, documents, expected] of asSops) {
  test(`prints like sops: ${name}`, () => {
    assert.deepEqual(printYaml(documents, { indent }).split('\n'), [...expected, '']);
  });
}

/** Where sops prints something that it cannot read back, or loses a part: `docs/compatibility.md`. */
const unlikeSops: readonly [string, readonly Mapping[], readonly string[]][] = [
  ['sops prints null for a text of several lines that starts with a tab', [map(['a', '\tx\ny'])], ['a: "\\tx\\ny"']],
  [
    'the indentation indicator is that of the lines, not of the file',
    [map(['a', [' x\ny', map(['b', ' x\ny'])]])],
    ['a:', '    - |2-', '       x', '      y', '    - b: |2-', '         x', '        y'],
  ],
  [
    'a second line of comment behind a block header does not become text',
    [map(inline(' c'), inline(' d'), ['a', 'x\ny'])],
    ['a: "x\\ny" # c', '', '# d'],
  ],
  [
    'a key << that cannot be merged is text',
    [map(['<<', 1n], ['a', map(['<<', ['b']])])],
    ['"<<": 1', 'a:', '    "<<":', '        - b'],
  ],
  [
    'comments of an empty list are not dropped for those of the next key',
    [map(['a', [note(' c')]], note(' d'), ['b', 1n])],
    ['a: []', '# c', '# d', 'b: 1'],
  ],
  [
    'a comment that has moved on does not part a dash from its {}',
    [map(['a', [inline(' c'), map(['b', 1n]), map(), 2n]])],
    ['a:', '    - b: 1', '    - {} # c', '    - 2'],
  ],
  [
    'a comment that has moved on does not leave its document',
    [map(inline(' c'), ['a', map(['b', 1n])]), map(['d', 2n])],
    ['a:', '    b: 1', '', '# c', '---', 'd: 2'],
  ],
];

for (const [name, documents, expected] of unlikeSops) {
  test(`prints otherwise than sops: ${name}`, () => {
    assert.deepEqual(printYaml(documents, {}).split('\n'), [...expected, '']);
  });
}

test('the block is the last entry of every document, behind the comments at its end', () => {
  const block = map(['age', [map(['enc', 'x\ny\n'], ['recipient', 'age1'])]], ['lastmodified', '2026-11-22T07:01:08Z']);
  const text = printYaml([map(['a', 1n], note(' end')), map()], { block });
  const printed = [
    'sops:',
    '    age:',
    '        - enc: |',
    '            x',
    '            y',
    '          recipient: age1',
    '    lastmodified: "2026-11-22T07:01:08Z"',
  ];
  assert.deepEqual(text.split('\n'), ['a: 1', '# end', ...printed, '---', ...printed, '']);
});

test('one node on its own', () => {
  const nodes: readonly [Sketch, string][] = [
    [null, 'null\n'],
    [1.5, '1.5\n'],
    ['12', '"12"\n'],
    [' x\ny', '|4-\n     x\n    y\n'],
    [[1n, map(['a', [2n]])], '- 1\n- a:\n    - 2\n'],
    [map(note(' c'), ['a', map(['b', 1n])]), '# c\na:\n    b: 1\n'],
    [[], '[]\n'],
  ];
  for (const [sketch, expected] of nodes) assert.equal(printYamlNode(of(sketch)), expected);
});

test('a negative indentation is refused, as by sops', () => {
  const print = () => printYaml([map()], { indent: -1 });
  assert.throws(
    print,
    (error: unknown) => error instanceof TsopsError && error.code === 'NOT_REPRESENTABLE' && error.exitStatus === 4,
  );
});

test('depth does not exhaust the stack', () => {
  let node: Node = leaf('x');
  for (let depth = 0; depth < 100_000; depth++) node = sequence([node]);
  assert.equal(printYaml([map(['a', node])], {}), `a:\n    ${'- '.repeat(100_000)}x\n`);
});
