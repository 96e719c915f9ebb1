import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { entry, leaf, type Mapping, mapping, type Node, type Scalar, type Stage, type Tree } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { json } from './index.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const byteText = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (content: Uint8Array): string => Buffer.from(content).toString('utf8');
const root = (tree: Tree<Stage>): Mapping => tree.documents[0] ?? assert.fail('no document');

/** Every leaf value with its keys, in order, whatever the prototype of an object has to say. */
function flat(node: Node, path = ''): [string, Scalar][] {
  if (node.kind === 'leaf') return [[path, node.value]];
  if (node.kind === 'sequence') return node.items.flatMap((item, i) => flat(item as Node, `${path}[${i}]`));
  return node.items.flatMap(item => (item.kind === 'entry' ? flat(item.value, `${path}.${item.key}`) : []));
}

describe('parse', () => {
  const values: readonly (readonly [source: string, expected: Scalar])[] = [
    ['1', 1n],
    ['-0', 0n],
    ['-0.0', -0],
    ['1.0', 1],
    ['1e3', 1000],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775808', 2 ** 63],
    ['-9223372036854775809', -(2 ** 63)],
    ['123456789012345678901234567890', 1.2345678901234568e29],
    ['1e-400', 0],
    ['true', true],
    ['false', false],
    ['null', null],
    ['""', ''],
    [String.raw`"\"\\\/\b\f\n\r\t"`, '"\\/\b\f\n\r\t'],
    [String.raw`"\u00e9\u20AC"`, 'é€'],
    [String.raw`"\ud83d\ude00"`, '😀'],
    [String.raw`"\ud83dx\ude00\ud83d"`, '\ufffdx\ufffd\ufffd'],
    [String.raw`"\ud83d\ud83d\ude00"`, '\ufffd😀'],
    [String.raw`"\ud83d\u0041"`, '\ufffdA'],
    ['"é😀\u2028"', 'é😀\u2028'],
    ['"\ufeff"', '\ufeff'],
  ];
  for (const [source, expected] of values) {
    test(source, () => {
      const { tree } = json.parse(bytes(`{"a": ${source}}`), 'plain');
      assert.deepEqual(flat(root(tree)), [['.a', expected]]);
      assert.equal(tree.slots, 1);
    });
  }

  const invalid: readonly (readonly [source: string, expected: string])[] = [
    ['\xff', '\ufffd'],
    ['x\xc3(', 'x\ufffd('],
    ['\xe2\x82', '\ufffd\ufffd'],
    ['\xf0\x9f\x98y', '\ufffd\ufffd\ufffdy'],
    ['\xed\xa0\xbd', '\ufffd\ufffd\ufffd'],
    ['\xc0\x80', '\ufffd\ufffd'],
    ['\xe0\x80\x80', '\ufffd\ufffd\ufffd'],
    ['\xf4\x90\x80\x80', '\ufffd\ufffd\ufffd\ufffd'],
    ['\xef\xbf\xbd\xc3\xa9\xc3', '\ufffdé\ufffd'],
    ['\\n\xff\\n', '\n\ufffd\n'],
  ];
  for (const [source, expected] of invalid) {
    test(`bytes that are not UTF-8: ${JSON.stringify(source)}`, () => {
      const { tree } = json.parse(byteText(`{"${source}": "${source}"}`), 'plain');
      assert.deepEqual(flat(root(tree)), [[`.${expected}`, expected]]);
    });
  }

  test('keys keep their order, duplicates and names of JavaScript', () => {
    const source = '{"b": 1, "10": 2, "2": 3, "b": 4, "__proto__": {"constructor": 5, "": [6, [], {}]}, "\\u0062": 7}';
    assert.deepEqual(flat(root(json.parse(bytes(source), 'plain').tree)), [
      ['.b', 1n],
      ['.10', 2n],
      ['.2', 3n],
      ['.b', 4n],
      ['.__proto__.constructor', 5n],
      ['.__proto__.[0]', 6n],
      ['.b', 7n],
    ]);
  });

  test('blocks are no part of the tree and have no slots', () => {
    const source = '{"sops": {"mac": "m"}, "a": {"sops": 1}, "\\u0073ops": 2, "b": 3}';
    const file = json.parse(bytes(source), 'encrypted');
    assert.deepEqual(flat(root(file.tree)), [
      ['.a.sops', 1n],
      ['.b', 3n],
    ]);
    assert.equal(file.tree.slots, 2);
    assert.deepEqual(file.blocks, [
      { document: 0, value: mapping([entry('mac', leaf('m'))]) },
      { document: 0, value: leaf(2n) },
    ]);
  });

  const refused: readonly (readonly [name: string, source: string, line: number, column: number])[] = [
    ['empty', '', 1, 1],
    ['white space only', ' \n ', 2, 2],
    ['byte order mark', '\ufeff{}', 1, 1],
    ['list', '\n [1]', 2, 2],
    ['string', '"a"', 1, 1],
    ['number', '1', 1, 1],
    ['null', 'null', 1, 1],
    ['line comment', '{\n  // no\n}', 2, 3],
    ['block comment', '{"a": /* no */ 1}', 1, 7],
    ['comment behind', '{}\n# no', 2, 1],
    ['trailing comma in an object', '{"a": 1,\r\n}', 1, 8],
    ['trailing comma in a list', '{"a": [1, ]}', 1, 9],
    ['comma first', '{, "a": 1}', 1, 2],
    ['no comma', '{"a": 1 "b": 2}', 1, 9],
    ['no comma in a list', '{"a": [1 2]}', 1, 10],
    ['no colon', '{"a" 1}', 1, 6],
    ['no value', '{"a":}', 1, 6],
    ['key without quotes', '{a: 1}', 1, 2],
    ['single quotes', "{'a': 1}", 1, 2],
    ['wrong bracket', '{"a": [1}', 1, 9],
    ['leading zero', '{"a": 01}', 1, 7],
    ['leading zero behind minus', '{"a": -012}', 1, 8],
    ['minus alone', '{"a": -}', 1, 8],
    ['plus', '{"a": +1}', 1, 7],
    ['no digit behind the point', '{"a": 1.}', 1, 9],
    ['no digit before the point', '{"a": .5}', 1, 7],
    ['no digit in the exponent', '{"a": 1e+}', 1, 10],
    ['hexadecimal', '{"a": 0x1}', 1, 8],
    ['too large', '{"a": 1e400}', 1, 7],
    ['NaN', '{"a": NaN}', 1, 7],
    ['capital', '{"a": True}', 1, 7],
    ['half a word', '{"a": nul}', 1, 7],
    ['line break in a string', '{"é": "a\nb"}', 1, 9],
    ['unknown escape', '{"é": "\\x"}', 1, 8],
    ['bad hexadecimal escape', '{"a": "\\u12g4"}', 1, 8],
    ['no-break space', '{"a":\u00a01}', 1, 6],
    ['form feed', '\f{}', 1, 1],
    ['second object', '{"a": 1}\n{"b": 2}', 2, 1],
    ['text behind', '{} x', 1, 4],
    ['ends in an object', '{"a": 1', 1, 8],
    ['ends before a key', '{"a": 1,', 1, 9],
    ['ends behind a key', '{"a"', 1, 5],
    ['ends in a list', '{"a": [1,2', 1, 11],
    ['ends in a string', '{"a": "x', 1, 9],
    ['ends in an escape', '{"a": "\\', 1, 9],
    ['ends in a Unicode escape', '{"a": "\\u00', 1, 8],
  ];
  for (const [name, source, line, column] of refused) {
    test(`refused: ${name}`, () => {
      assert.throws(
        () => json.parse(bytes(source), 'plain'),
        (error: unknown) => {
          assert.ok(error instanceof TsopsError);
          assert.equal(error.code, 'FILE_SYNTAX');
          assert.deepEqual(error.where, { line, column });
          return true;
        },
      );
    });
  }

  test('hints name the next act', () => {
    const hintsOf = (source: string): readonly string[] => {
      try {
        json.parse(bytes(source), 'plain');
      } catch (error) {
        if (error instanceof TsopsError) return error.hints;
      }
      return [];
    };
    assert.match(hintsOf('[1]').join(), /Wrap it in an object/);
    assert.match(hintsOf('{"a": 1,}').join(), /Remove the last comma/);
    assert.match(hintsOf('\ufeff{}').join(), /without a byte order mark/);
  });

  test('ten thousand levels are read, rewritten and printed, one more is refused', () => {
    const nested = (levels: number): string => ['{"a":'.repeat(levels - 1), '{}', '}'.repeat(levels - 1)].join('');
    const source = nested(10_000);
    const file = json.parse(bytes(source), 'plain');
    const encrypted = json.parse(file.rewrite([], mapping([]), {}), 'encrypted');
    assert.equal(text(encrypted.rewrite([], undefined)), source);
    assert.equal(text(json.print(file.tree, { indent: 0 })).replace(/\s/g, ''), source);
    for (const deep of [nested(10_001), '['.repeat(1_000_000), '{"a":'.repeat(1_000_000)]) {
      assert.throws(() => json.parse(bytes(deep), 'plain'), /deeper than 10000/);
    }
  });
});
