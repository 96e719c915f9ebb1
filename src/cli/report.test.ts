import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { describe, test } from 'node:test';
import { type ErrorDetails, TsopsError } from '../errors.ts';
import { asTsopsError, escapeControls, messageLines, Report } from './report.ts';

describe('messages', () => {
  const cases: [name: string, details: ErrorDetails, message: string, lines: string[]][] = [
    ['nothing known', {}, 'm', ['m']],
    ['a file', { file: 'a.yaml' }, 'm', ['a.yaml: m']],
    ['standard input', { file: '-' }, 'm', ['standard input: m']],
    ['an empty file name', { file: '' }, 'm', ['"": m']],
    ['an identity for a file name', { file: 'd/AGE-SECRET-KEY-1QQ' }, 'm', ['d/AGE-SECRET-KEY-(not shown): m']],
    [
      'an identity anywhere',
      {},
      'no --age-secret-key-1qq, AGE-PLUGIN-X-1Q',
      ['no --AGE-secret-key-(not shown), AGE-PLUGIN-(not shown)'],
    ],
    [
      'the program of a plugin',
      {},
      'age-plugin-x and age-plugin-se1 failed',
      ['age-plugin-x and age-plugin-se1 failed'],
    ],
    ['a line', { file: 'a.yaml', line: 3 }, 'm', ['a.yaml:3: m']],
    ['a column', { file: 'a.yaml', line: 3, column: 5 }, 'm', ['a.yaml:3:5: m']],
    ['a line without a file', { line: 3, column: 5 }, 'm', ['3:5: m']],
    ['a column without a line says nothing', { file: 'a', column: 5 }, 'm', ['a: m']],
    ['a key path', { file: 'a', path: ['x', 0] }, 'm', ['a: m (at ["x"][0])']],
    ['a key path that is named already', { path: ['x', 0] }, 'no ["x"][0] here', ['no ["x"][0] here']],
    ['an empty key path', { path: [] }, 'm', ['m']],
    ['a later document', { file: 'a', document: 1 }, 'm', ['a: document 2: m']],
    ['a later document with a line', { file: 'a', document: 1, line: 9 }, 'm', ['a:9: m']],
    ['several lines', { file: 'a' }, 'm:\n  one\n  two', ['a: m:', '  one', '  two']],
    ['a hostile key', { path: ['x\x1b[2J\ny'] }, 'm', ['m (at ["x\\u{1b}[2J\\u{a}y"])']],
    ['a hostile file name', { file: 'a\r\x1b]0;x\x07' }, 'm', ['a\\u{d}\\u{1b}]0;x\\u{7}: m']],
  ];
  for (const [name, details, message, lines] of cases) {
    test(name, () => assert.deepEqual(messageLines(new TsopsError('FILE_SYNTAX', message, details)), lines));
  }
});

test('what could command a terminal or turn the text around is escaped, all else stays', () => {
  assert.equal(
    escapeControls('a\x00\x1f\x7f\x9b\u202e\u2028\ud800\ufeff'),
    'a\\u{0}\\u{1f}\\u{7f}\\u{9b}\\u{202e}\\u{2028}\\u{d800}\\u{feff}',
  );
  assert.equal(escapeControls('äö漢字 😀 ["k"]'), 'äö漢字 😀 ["k"]');
});

test('what is too large for a string is no fault of tsops', () => {
  for (const work of [() => 'x'.repeat(2 ** 29), () => Buffer.alloc(2 ** 29).toString('latin1')]) {
    let thrown: unknown;
    try {
      work();
    } catch (error) {
      thrown = error;
    }
    assert.equal(asTsopsError(thrown, false).code, 'NOT_REPRESENTABLE');
  }
});

test('the text of a foreign error is not shown, its places only when asked', () => {
  const thrown = new SyntaxError('Unexpected token in JSON: "hunter2"');
  for (const verbose of [false, true]) {
    const shown = asTsopsError(thrown, verbose);
    assert.equal(shown.code, 'INTERNAL');
    assert.ok(!messageLines(shown).join('\n').includes('hunter2'));
    assert.equal(shown.message.includes('report.test.ts'), verbose);
  }
  assert.equal(asTsopsError('hunter2', true).message, 'a check inside tsops failed (string)');
  const own = new TsopsError('USAGE', 'm');
  assert.equal(asTsopsError(own, false), own);
});

test('a message that programs compare as a whole stands alone', t => {
  let said = '';
  t.mock.method(fs, 'writeSync', (_descriptor: number, bytes: Uint8Array) => {
    said += Buffer.from(bytes);
    return bytes.length;
  });
  syncBuiltinESMExports();
  new Report().fail(new TsopsError('KEY_GROUP_EMPTY', 'as it is', { file: 'a.yaml', hints: ['do this'] }));
  new Report().fail(new TsopsError('KEY_GROUP_INVALID', 'as it is', { file: 'a.yaml', hints: ['do this'] }));
  t.mock.restoreAll();
  syncBuiltinESMExports();
  assert.equal(said, 'as it is\ntsops: error: a.yaml: as it is\ntsops: hint: do this\n');
});
