import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Timestamp } from '../../core/scalar.ts';
import { type Changes, comment, entry, leaf, type Mapping, mapping, type Scalar, sequence } from '../../core/tree.ts';
import { type ErrorCode, TsopsError } from '../../errors.ts';
import { json } from './index.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (content: Uint8Array): string => Buffer.from(content).toString('utf8');
const time = Timestamp.parse('2024-01-02T03:04:05.5+02:00') ?? assert.fail();

const fails =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof TsopsError && error.code === code;

const block = mapping([entry('age', sequence([mapping([entry('enc', leaf('w\n'))])])), entry('mac', leaf('ENC[m]'))]);
const onOneLine = '"sops": {"age": [{"enc": "w\\n"}], "mac": "ENC[m]"}';

describe('rewrite', () => {
  const layouts: readonly (readonly [name: string, plain: string, changes: Changes, encrypted: string])[] = [
    ['one line', '{"a": 1}', ['ENC[x]'], `{"a": "ENC[x]", ${onOneLine}}`],
    ['one line, compact', '{"a":1,"b":[2]}\n', [undefined, 'ENC[x]'], `{"a":1,"b":["ENC[x]"], ${onOneLine}}\n`],
    ['empty', '{}', [], `{${onOneLine}}`],
    ['empty with blank', ' { } ', [], ` {${onOneLine} } `],
    [
      'empty with line break',
      '{\n}\n',
      [],
      '{"sops": {\n  "age": [\n    {\n      "enc": "w\\n"\n    }\n  ],\n  "mac": "ENC[m]"\n}\n}\n',
    ],
    [
      'brace on its own line',
      '{"a": 1\n}',
      ['ENC[x]'],
      '{"a": "ENC[x]",\n  "sops": {\n    "age": [\n      {\n        "enc": "w\\n"\n      }\n    ],\n    "mac": "ENC[m]"\n  }\n}',
    ],
    [
      'tabs and CRLF',
      '{\r\n\t"a": 1 \r\n}\r\n',
      ['ENC[x]'],
      '{\r\n\t"a": "ENC[x]",\r\n\t"sops": {\r\n\t\t"age": [\r\n\t\t\t{\r\n\t\t\t\t"enc": "w\\n"\r\n\t\t\t}\r\n\t\t],\r\n\t\t"mac": "ENC[m]"\r\n\t} \r\n}\r\n',
    ],
    [
      'four spaces, a list last',
      '{\n    "a": [\n        1\n    ]\n\n}',
      ['ENC[x]'],
      '{\n    "a": [\n        "ENC[x]"\n    ],\n    "sops": {\n        "age": [\n            {\n                "enc": "w\\n"\n            }\n        ],\n        "mac": "ENC[m]"\n    }\n\n}',
    ],
    [
      'no indentation',
      '{\n"a": 1\n}\n',
      [],
      '{\n"a": 1,\n"sops": {\n"age": [\n{\n"enc": "w\\n"\n}\n],\n"mac": "ENC[m]"\n}\n}\n',
    ],
    [
      'old Macintosh line breaks',
      '{\r "a": 1\r}',
      [],
      '{\r "a": 1,\r "sops": {\r  "age": [\r   {\r    "enc": "w\\n"\r   }\r  ],\r  "mac": "ENC[m]"\r }\r}',
    ],
    [
      'an indentation that is no layout',
      `{\n${' '.repeat(100)}"a": 1\n}`,
      [],
      `{\n${' '.repeat(100)}"a": 1,\n  "sops": {\n    "age": [\n      {\n        "enc": "w\\n"\n      }\n    ],\n    "mac": "ENC[m]"\n  }\n}`,
    ],
  ];
  for (const [name, plain, changes, encrypted] of layouts) {
    test(name, () => {
      const file = json.parse(bytes(plain), 'plain');
      const written = file.rewrite(changes, block, {});
      assert.equal(text(written), encrypted);
      const back = json.parse(written, 'encrypted');
      assert.deepEqual(
        back.blocks.map(({ value }) => value),
        [block],
      );
      const restored = Array.from(changes, change =>
        change === undefined ? undefined : plain.includes('2') ? 2n : 1n,
      );
      assert.equal(text(back.rewrite(restored, file.spelling(changes))), plain);
    });
  }

  test('a wanted indentation decides that of the block', () => {
    const file = json.parse(bytes('{\n  "a": 1\n}'), 'plain');
    const small = mapping([entry('mac', leaf('m'))]);
    const written = (indent: number): string => text(file.rewrite([], small, { indent }));
    assert.equal(written(4), '{\n  "a": 1,\n  "sops": {\n      "mac": "m"\n  }\n}');
    assert.equal(written(0), '{\n  "a": 1,\n  "sops": {\n  "mac": "m"\n  }\n}');
    assert.equal(written(-1), '{\n  "a": 1,\n  "sops": {\n    "mac": "m"\n  }\n}');
    assert.throws(() => written(-2), fails('NOT_REPRESENTABLE'));
  });

  const blockPlaces: readonly (readonly [name: string, encrypted: string, plain: string])[] = [
    ['as sops writes it', '{\n\t"a": 1,\n\t"sops": {}\n}\n', '{\n\t"a": 1\n}\n'],
    ['alone, as sops writes it', '{\n\t"sops": {}\n}\n', '{}\n'],
    ['first', '{\n\t"sops": {},\n\t"a": 1\n}\n', '{\n\t"a": 1\n}\n'],
    ['first on one line', '{"sops":{} , "a":1}', '{"a":1}'],
    ['in the middle', '{\n  "a": 1 ,\n  "sops": {},\n  "b": 2\n}', '{\n  "a": 1,\n  "b": 2\n}'],
    ['several', '{"sops": 1, "sops": {}, "a": 1, "sops": [], "sops": "", "b": 2, "sops": {}}', '{"a": 1, "b": 2}'],
    ['several alone', '{ "sops": 1, "sops": {} }', '{}'],
    ['none', '{"a": {"sops": 1}}', '{"a": {"sops": 1}}'],
  ];
  for (const [name, encrypted, plain] of blockPlaces) {
    test(`the block is taken out: ${name}`, () => {
      assert.equal(text(json.parse(bytes(encrypted), 'encrypted').rewrite([], undefined)), plain);
    });
  }

  test('decrypted values are written as sops prints them', () => {
    const file = json.parse(
      bytes('{"a": "ENC[]", "b": ["ENC[]", "ENC[]", "ENC[]", "ENC[]", "keep"], "sops": {}}'),
      'encrypted',
    );
    const values = ['<é>\n', 12n, 1e21, true, time];
    const expected = String.raw`{"a": "\u003cé\u003e\n", "b": [12, 1e+21, true, "2024-01-02T03:04:05.5+02:00", "keep"]}`;
    assert.equal(text(file.rewrite(values, undefined)), expected);
  });

  const gone = comment('a comment');
  const commentLists: readonly (readonly [name: string, encrypted: string, changes: Changes, plain: string])[] = [
    ['first', '{"l": ["C", 1, 2]}', [gone], '{"l": [1, 2]}'],
    ['last', '{"l": [\n1,\n2,\n"C"\n]}', [undefined, 7n, gone], '{"l": [\n1,\n7\n]}'],
    ['in the middle', '{"l": [1 , "C" , 2]}', [8n, gone, 9n], '{"l": [8 , 9]}'],
    ['all', '{"l": [\n\t"C",\n\t"C"\n], "m": [["C"]]}', [gone, gone, gone], '{"l": [], "m": [[]]}'],
    [
      'several',
      '{"l": ["C", "C", [1], "C", "C", {"a": 2}, "C"]}',
      [gone, gone, undefined, gone, gone, undefined, gone],
      '{"l": [[1], {"a": 2}]}',
    ],
  ];
  for (const [name, encrypted, changes, plain] of commentLists) {
    test(`a list item that was a comment goes: ${name}`, () => {
      assert.equal(text(json.parse(bytes(encrypted), 'encrypted').rewrite(changes, undefined)), plain);
    });
  }

  test('a comment as the value of a key has no place', () => {
    const file = json.parse(bytes('{"a": "C"}'), 'encrypted');
    assert.throws(() => file.rewrite([gone], undefined), fails('NOT_REPRESENTABLE'));
  });
});

describe('keep', () => {
  const keptText = '{"x": 1,\n\n   "sops" : { "age":[{"enc": "w\\u000a"}],\n "mac":"ENC[old]" , "n": 2.0}\n}';
  const kept = json.parse(bytes(keptText), 'encrypted');
  const plain = json.parse(bytes('{\n  "a": 1\n}\n'), 'plain');
  const wanted = (mac: string, n: Scalar): Mapping =>
    mapping([
      entry('age', sequence([mapping([entry('enc', leaf('w\n'))])])),
      entry('mac', leaf(mac)),
      entry('n', leaf(n)),
    ]);

  test('the text of the block stays but for the values that differ', () => {
    const written = plain.rewrite([], wanted('ENC[new]', 2), { keep: kept });
    assert.equal(
      text(written),
      '{\n  "a": 1,\n\n   "sops" : { "age":[{"enc": "w\\u000a"}],\n "mac":"ENC[new]" , "n": 2.0}\n}\n',
    );
    assert.equal(text(json.parse(written, 'encrypted').rewrite([], undefined)), '{\n  "a": 1\n}\n');
  });

  test('a block that stood elsewhere is moved to the end', () => {
    const first = json.parse(bytes('{"sops": {"mac":"old"},\n"x": 1}'), 'encrypted');
    const written = plain.rewrite([], mapping([entry('mac', leaf('new'))]), { keep: first });
    assert.equal(text(written), '{\n  "a": 1,\n  "sops": {"mac":"new"}\n}\n');
  });

  test('an empty object takes it without a comma', () => {
    const empty = json.parse(bytes('{}\n'), 'plain');
    const written = empty.rewrite([], wanted('ENC[new]', 2), { keep: kept });
    assert.equal(text(json.parse(written, 'encrypted').rewrite([], undefined)), '{}\n');
  });

  const others: readonly (readonly [name: string, block: Mapping])[] = [
    ['another key', mapping([entry('mac', leaf('ENC[new]'))])],
    ['another order', mapping([...wanted('m', 2).items].reverse())],
    ['a longer list', mapping([entry('age', sequence([mapping([]), mapping([])])), ...wanted('m', 2).items.slice(1)])],
    ['a scalar for a list', mapping([entry('age', leaf('x')), ...wanted('m', 2).items.slice(1)])],
    ['a list for a scalar', mapping([...wanted('m', 2).items.slice(0, 2), entry('n', sequence([]))])],
    [
      'an object for a list',
      mapping([entry('age', mapping([entry('x', mapping([]))])), ...wanted('m', 2).items.slice(1)]),
    ],
  ];
  for (const [name, changed] of others) {
    test(`printed anew: ${name}`, () => {
      const written = plain.rewrite([], changed, { keep: kept });
      assert.equal(text(written), text(plain.rewrite([], changed, {})));
    });
  }
});
