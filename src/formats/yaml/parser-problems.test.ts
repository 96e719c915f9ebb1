/** Texts that go.yaml.in/yaml v3.0.4 refuses too, or that sops refuses because of what it does with them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsopsError } from '../../errors.ts';
import { parseYaml } from './parser.ts';

const refused: readonly (readonly [name: string, text: string, line: number, column: number, message: string])[] = [
  ['tab as indentation', 'a:\n\tb: 1\n', 2, 1, 'no value can start with this character'],
  ['tab behind a dash', '-\ta: 1\n', 1, 2, 'no value can start with this character'],
  ['reserved @', 'a: @b\n', 1, 4, 'no value can start with this character'],
  ['reserved backtick', 'a: `b`\n', 1, 4, 'no value can start with this character'],
  ['percent', 'a: %b\n', 1, 4, 'no value can start with this character'],
  ['unclosed list', 'a: [b\n', 1, 4, 'the list or mapping that starts here does not end'],
  ['unclosed mapping', 'a: {b: 1\n', 1, 4, 'the list or mapping that starts here does not end'],
  ['wrong bracket', 'a: [b}\n', 1, 6, 'a "," or "]" is expected here'],
  ['missing comma', '[a b: c d: e\n]\n', 1, 10, 'a "," or "]" is expected here'],
  ['missing comma in a mapping', '{a: b "c": d}\n', 1, 10, 'a "," or "}" is expected here'],
  ['closing bracket alone', 'a: ]\n', 1, 4, 'a value is missing here'],
  ['colon in a plain value', 'a: b: c\n', 1, 5, 'a ": " may not stand here'],
  ['key that spans lines', 'a\nb: 1\n', 2, 2, 'a ": " may not stand here'],
  ['quoted key that spans lines', '"a\n b": 1\n', 2, 4, 'a ": " may not stand here'],
  [
    'key too long',
    `${'k'.repeat(1025)}: 1
`,
    1,
    1026,
    'a ": " may not stand here',
  ],
  [
    'missing colon between keys',
    'a: 1\nb\nc: 2\n',
    2,
    1,
    'a mapping key is expected here, but no ":" follows it on the same line',
  ],
  ['deeper key behind a value', 'a: 1\n  b: 2\n', 2, 4, 'a ": " may not stand here'],
  ['half-way dedent', 'a:\n    b: 1\n  c: 2\n', 3, 3, 'a key or the end of the mapping is expected here'],
  ['item in a mapping', 'a: 1\n- b\n', 2, 1, 'a key or the end of the mapping is expected here'],
  ['key in a list', '- a\nb: 1\n', 2, 1, 'a "-" or the end of the list is expected here'],
  ['dash behind a key', 'a: - b\n', 1, 4, 'a list item ("- ") may not stand here'],
  ['value without key', 'a: 1\n: b\n', 2, 1, 'a key or the end of the mapping is expected here'],
  ['value without key in flow', '{: a}\n', 1, 2, 'a value is missing here'],
  ['question mark before a comma', '[?, a]\n', 1, 3, 'a value is missing here'],
  ['comma first', '[, a]\n', 1, 2, 'a value is missing here'],
  ['two commas', '[a,, b]\n', 1, 4, 'a value is missing here'],
  ['unclosed double quotes', 'a: "b\n', 1, 4, 'the quoted value does not end'],
  ['unclosed single quotes', "a: 'b\n", 1, 4, 'the quoted value does not end'],
  ['text behind quotes', 'a: "b" c\n', 1, 8, 'a key or the end of the mapping is expected here'],
  ['marker in quotes', 'a: "b\n---\n"\n', 2, 1, 'a document marker stands inside a quoted value'],
  ['escaped slash', 'a: "\\/"\n', 1, 5, 'this escape does not exist in YAML'],
  ['unknown escape', 'a: "\\q"\n', 1, 5, 'this escape does not exist in YAML'],
  ['short code', 'a: "\\x4"\n', 1, 5, 'the escape does not name a character'],
  ['surrogate code', 'a: "\\ud800"\n', 1, 5, 'the escape does not name a character'],
  ['code out of range', 'a: "\\U00110000"\n', 1, 5, 'the escape does not name a character'],
  ['indicator 0', 'a: |0\n  b\n', 1, 5, 'the indentation of a block scalar cannot be 0'],
  ['text behind a block header', 'a: | b\n', 1, 6, 'only a comment may follow the header of a block scalar'],
  ['two digits', 'a: |12\n  b\n', 1, 6, 'only a comment may follow the header of a block scalar'],
  ['tab in block indentation', 'a: |\n\tb\n', 2, 1, 'a tab stands where the block scalar must be indented with spaces'],
  [
    'tab in folded plain text',
    '  a: b\n \tc\n',
    2,
    2,
    'a tab stands where the continued value must be indented with spaces',
  ],
  ['unknown anchor', 'a: *b\n', 1, 4, 'no anchor of this name stands before the alias'],
  ['alias inside its own node', 'a: &b [*b]\n', 1, 8, 'the alias stands inside the value that it names'],
  ['alias deep inside its own node', '&a\nb:\n  - c: *a\n', 3, 8, 'the alias stands inside the value that it names'],
  ['anchor without name', 'a: & b\n', 1, 4, 'the name of an anchor or alias is not well formed'],
  ['anchor with other characters', 'a: &b.c d\n', 1, 4, 'the name of an anchor or alias is not well formed'],
  ['alias with a property', 'a: &x 1\nb: !t *x\n', 2, 7, 'a key or the end of the mapping is expected here'],
  ['two anchors', 'a: &b &c d\n', 1, 7, 'a key or the end of the mapping is expected here'],
  ['two tags', '!a !b c\n', 1, 4, 'a new document must start with "---" here'],
  ['unknown handle', '!e!x a\n', 1, 1, 'the handle of the tag is not declared'],
  [
    'handle of an earlier document',
    '%TAG !e! x\n---\na\n...\n---\n!e!b c\n',
    6,
    1,
    'the handle of the tag is not declared',
  ],
  ['tag without blank', '[!a"b"]\n', 1, 2, 'the tag is not well formed'],
  ['tag with broken escape', '!a%2 b\n', 1, 3, 'the tag is not well formed'],
  ['unclosed verbatim tag', '!<a b\n', 1, 4, 'the tag is not well formed'],
  ['unknown directive', '%FOO bar\n---\na\n', 1, 1, 'only the directives %YAML and %TAG are known'],
  ['YAML 1.2', '%YAML 1.2\n---\na\n', 1, 1, 'only YAML version 1.1 may be declared'],
  ['broken version', '%YAML 1\n---\na\n', 1, 8, 'the directive is not well formed'],
  ['long version', '%YAML 1.111\n---\na\n', 1, 12, 'the directive is not well formed'],
  ['two %YAML', '%YAML 1.1\n%YAML 1.1\n---\na\n', 2, 1, 'the document has two %YAML directives'],
  ['two %TAG', '%TAG !a! b\n%TAG !a! c\n---\na\n', 2, 1, 'the document declares the same tag handle twice'],
  ['broken %TAG', '%TAG a b\n---\na\n', 1, 6, 'the directive is not well formed'],
  ['directive without document', '%YAML 1.1\na\n', 2, 1, 'a new document must start with "---" here'],
  ['text behind an end marker', 'a\n...\nb\n', 3, 1, 'a new document must start with "---" here'],
  ['end marker first', '...\na\n', 1, 1, 'a value is missing here'],
  ['duplicate key', 'a: 1\nb: 2\na: 3\n', 3, 1, 'the same key stands twice in one mapping'],
  ['duplicate key, deep', 'a:\n  - {b: 1, b: 2}\n', 2, 12, 'the same key stands twice in one mapping'],
  ['duplicate key in other quotes', 'a: 1\n"a": 2\n', 2, 1, 'the same key stands twice in one mapping'],
  [
    'duplicate key, many',
    'k0: 1\nk1: 1\nk2: 1\nk3: 1\nk4: 1\nk5: 1\nk6: 1\nk7: 1\nk8: 1\nk9: 1\nk10: 1\nk11: 1\nk3: 2\n',
    13,
    1,
    'the same key stands twice in one mapping',
  ],
  ['two keys that are lists', '? [a]\n: 1\n? [b]\n: 2\n', 3, 3, 'the same key stands twice in one mapping'],
  ['duplicate aliases', 'a: &x 1\n*x : 1\n*x : 2\n', 3, 1, 'the same key stands twice in one mapping'],
  ['NUL', 'a: \u0000\n', 1, 4, 'the character U+0000 may not stand in a YAML file'],
  ['escape character', 'a: b\n  \u001b\n', 2, 3, 'the character U+001B may not stand in a YAML file'],
  ['DEL', 'a: \u007f\n', 1, 4, 'the character U+007F may not stand in a YAML file'],
  ['C1 control', 'a: \u0080\n', 1, 4, 'the character U+0080 may not stand in a YAML file'],
  ['U+FFFE', 'a: \ufffe\n', 1, 4, 'the character U+FFFE may not stand in a YAML file'],
  ['lone surrogate', 'a: \ud800\n', 1, 4, 'the character U+D800 may not stand in a YAML file'],
  [
    'lone low surrogate behind an astral character',
    '😀: \udc00\n',
    1,
    4,
    'the character U+DC00 may not stand in a YAML file',
  ],
];

for (const [name, text, line, column, message] of refused) {
  test(name, () => {
    const error = refusal(text);
    assert.equal(error.code, 'FILE_SYNTAX');
    assert.equal(error.message, message);
    assert.deepEqual([error.where.line, error.where.column], [line, column]);
    assert.ok(error.hints.length > 0);
  });
}

test('a duplicate key is named', () => {
  assert.deepEqual(refusal('a:\n  b: 1\n  b: 2\n').where.path, ['b']);
});

test('no message holds a part of the file', () => {
  for (const [, text] of refused) {
    const { message, hints } = refusal(text.replaceAll('a', 'Hunter2'));
    assert.ok(![message, ...hints].some(said => said.includes('Hunter2')), text);
  }
});

function refusal(text: string): TsopsError {
  try {
    parseYaml(text);
  } catch (error) {
    assert.ok(error instanceof TsopsError);
    return error;
  }
  return assert.fail('the text was accepted');
}
