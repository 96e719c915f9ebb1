import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileSelection, defaultSelection, type Scope, type SelectionRule } from './selection.ts';

/** A tree in short: keys with leaves (their names), nested objects, lists; a text that starts with # is a comment. */
type Short = readonly (string | readonly [key: string, value: Short | null])[];

/** The leaves and comments that a rule selects, in order. A leaf is named by its key, a list item (key '') by itself. */
async function selected(rule: SelectionRule, tree: Short): Promise<string[]> {
  const found: string[] = [];
  const visit = (items: Short, scope: Scope): void => {
    for (const item of items) {
      if (typeof item === 'string' && item.startsWith('#')) {
        if (scope.selectsComment(item.slice(1))) found.push(item);
        continue;
      }
      if (typeof item === 'string') {
        if (scope.selects(undefined)) found.push(item);
      } else if (item[1] === null) {
        if (scope.selects(item[0])) found.push(item[0]);
      } else visit(item[1], scope.enter(item[0]));
      scope.leaveSibling();
    }
  };
  visit(tree, (await compileSelection(rule)).root());
  return found;
}

const keys: Short = [
  '#top',
  ['a', null],
  ['a_x', null],
  ['m_x', ['#in', ['b', null], ['l', ['i', '#item', 'j']]]],
  ['l', ['k', '#other']],
  ['', null],
];

const key = (
  kind: 'unencryptedSuffix' | 'encryptedSuffix' | 'unencryptedRegex' | 'encryptedRegex',
  text: string,
): SelectionRule => ({ kind, text });

const all = ['#top', 'a', 'a_x', '#in', 'b', 'i', '#item', 'j', 'k', '#other', ''];

describe('rules on keys', () => {
  const cases: [rule: SelectionRule, selected: string[]][] = [
    [{ kind: 'none' }, all],
    [defaultSelection, all],
    [key('encryptedSuffix', ''), all],
    [key('unencryptedSuffix', '_x'), ['#top', 'a', 'k', '#other', '']],
    [key('encryptedSuffix', '_x'), ['a_x', '#in', 'b', 'i', '#item', 'j']],
    [key('encryptedSuffix', 'l'), ['i', '#item', 'j', 'k', '#other']],
    [key('unencryptedRegex', '^(a|l)$'), ['#top', 'a_x', '#in', 'b', '']],
    [key('encryptedRegex', '^(a|l)$'), ['a', 'i', '#item', 'j', 'k', '#other']],
    [key('encryptedRegex', '_'), ['a_x', '#in', 'b', 'i', '#item', 'j']],
    [key('encryptedRegex', '^$'), ['']],
    [key('encryptedRegex', 'm_x.b'), []],
  ];
  for (const [rule, expected] of cases) {
    it(JSON.stringify(rule), async () => assert.deepEqual(await selected(rule, keys), expected));
  }
});

const comments: Short = [
  ['before', null],
  '#one',
  '#mark',
  '#after mark',
  ['next', [['n', null], '#inner', ['l', ['i', '#mark', 'j', 'k']]]],
  ['later', null],
  ['m', [['x', null], '#mark', ['y', null], ['z', null]]],
  ['end', null],
];

describe('rules on comments', () => {
  it('encrypt the next sibling, its subtree and the comments behind the mark, not the mark itself', async () => {
    const rule: SelectionRule = { kind: 'encryptedCommentRegex', text: '^mark$' };
    const expected = ['#after mark', 'n', '#inner', 'i', '#mark', 'j', 'k', 'y'];
    assert.deepEqual(await selected(rule, comments), expected);
  });
  it('leave the mark, the comments behind it and the next sibling in clear', async () => {
    const rule: SelectionRule = { kind: 'unencryptedCommentRegex', text: '^mark$' };
    assert.deepEqual(await selected(rule, comments), ['before', '#one', 'later', 'x', 'z', 'end']);
  });
});

describe('patterns', () => {
  const rules: SelectionRule['kind'][] = [
    'encryptedRegex',
    'unencryptedRegex',
    'encryptedCommentRegex',
    'unencryptedCommentRegex',
  ];
  for (const kind of rules as Exclude<SelectionRule['kind'], 'none'>[]) {
    it(`${kind} that Go refuses is refused, or matches nothing on request`, async () => {
      const rule: SelectionRule = { kind, text: '^(?!a)' };
      await assert.rejects(compileSelection(rule), { code: 'PATTERN_INVALID' });
      const selection = await compileSelection(rule, { invalidMatchesNothing: true });
      assert.equal(selection.root().selects('b'), kind.startsWith('un'));
    });
  }
  it('of unencrypted_comment_regex are asked about ciphertexts', async () => {
    const rule = (kind: 'unencryptedCommentRegex' | 'encryptedCommentRegex'): SelectionRule => ({ kind, text: 'ENC' });
    assert.ok((await compileSelection(rule('unencryptedCommentRegex'))).refusesCiphertext('ENC[x]'));
    assert.ok(!(await compileSelection(rule('encryptedCommentRegex'))).refusesCiphertext('ENC[x]'));
    assert.ok(!(await compileSelection(defaultSelection)).refusesCiphertext('ENC[x]'));
  });
});
