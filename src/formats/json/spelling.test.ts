import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { entry, leaf, mapping, sequence } from '../../core/tree.ts';
import { json } from './index.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const byteText = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (content: Uint8Array): string => Buffer.from(content).toString('utf8');

const block = mapping([entry('age', sequence([mapping([entry('enc', leaf('w\n'))])])), entry('mac', leaf('ENC[m]'))]);

describe('spelling', () => {
  const source = String.raw`{"a": "\u00e9", "b": 1.50, "c": {"d": [1e3, "x", "\/"], "d": [[-0]]}, "e": "<", "f": 1, "g": "é"}`;
  const plainValues = ['é', 1.5, 1000, 'x', '/', 0n, '<', 1n, 'é'];
  const changes = plainValues.map((_, slot) => `ENC[${slot}]`);
  const file = json.parse(bytes(source), 'plain');
  const encrypted = json.parse(file.rewrite(changes, block, {}), 'encrypted');

  test('holds what printing does not restore, and nothing else', () => {
    assert.equal(
      file.spelling(changes),
      String.raw`{":a":"\"\\u00e9\"",":b":"1.50",":c":{":d":{"0":"1e3","2":"\"\\/\""},"1:d":{"0":{"0":"-0"}}},":e":"\"\u003c\""}`,
    );
    assert.equal(
      file.spelling(changes.map((change, slot) => (slot === 3 || slot > 6 ? change : undefined))),
      undefined,
    );
    assert.equal(file.spelling([]), undefined);
  });

  test('restores the text', () => {
    assert.equal(text(encrypted.rewrite(plainValues, file.spelling(changes))), source);
  });

  test('is left out where the value has changed', () => {
    const other = encrypted.rewrite(['e', 1n, 1000n, 'x', '/', 0n, '<', 1n, 'é'], file.spelling(changes));
    assert.equal(
      text(other),
      String.raw`{"a": "e", "b": 1, "c": {"d": [1000, "x", "\/"], "d": [[-0]]}, "e": "<", "f": 1, "g": "é"}`,
    );
  });

  test('bytes that are not UTF-8 come back', () => {
    const odd = byteText('{"k\xff": "\xff\xc3\xa9", "l": "\\n\xfe"}');
    const oddFile = json.parse(odd, 'plain');
    const spelling = oddFile.spelling(['ENC[]', 'ENC[]']);
    assert.equal(spelling, '{":k\ufffd":["Iv/DqSI="],":l":["Ilxu/iI="]}');
    const back = json.parse(oddFile.rewrite(['ENC[]', 'ENC[]'], block, {}), 'encrypted');
    assert.deepEqual(Buffer.from(back.rewrite(['\ufffdé', '\n\ufffd'], spelling)), Buffer.from(odd));
  });

  const garbage: readonly string[] = [
    '',
    'x',
    '{',
    '[]',
    '1',
    '"x"',
    '{":a":1,":b":null,":c":"x"}',
    '{":a":"1,\\"evil\\":\\"é\\"",":b":"1.5 ",":e":" \\"<\\""}',
    '{":a":"[\\"é\\"]",":b":"{}",":c":{":d":{"x":"1","9":"2"}},":z":"3"}',
    '{":a":[],":b":["!"],":c":[{}],":e":["a","b"]}',
    '{":sops":{":mac":"\\"x\\""}}',
    '['.repeat(20_000),
  ];
  for (const spelling of garbage) {
    test(`is ignored: ${spelling.slice(0, 40)}`, () => {
      assert.equal(text(encrypted.rewrite(plainValues, spelling)), text(encrypted.rewrite(plainValues, undefined)));
    });
  }
});

test('a hundred thousand leaves', () => {
  const count = 100_000;
  const source = `{\n${Array.from({ length: count }, (_, i) => `  "key ${i}": "\\u0041 ${i}"`).join(',\n')}\n}\n`;
  const file = json.parse(bytes(source), 'plain');
  const changes = Array.from({ length: count }, (_, i) => `ENC[${i}]`);
  const encrypted = json.parse(file.rewrite(changes, block, {}), 'encrypted');
  const values = changes.map((_, i) => `A ${i}`);
  assert.ok(text(encrypted.rewrite(values, file.spelling(changes))) === source);
});
