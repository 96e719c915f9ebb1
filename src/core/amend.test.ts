import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsopsError } from '../errors.ts';
import { amended, sameValues, setAmendment, unsetAmendment } from './amend.ts';
import { append, formatPath, last, parseSetPath } from './path.ts';
import { comment, entry, leaf, mapping, type Path, sequence } from './tree.ts';

const root = mapping([
  entry('a', leaf('x')),
  entry('l', sequence([comment('c'), leaf('one'), leaf('two')])),
  entry('m', mapping([entry('k', leaf(1n))])),
  entry('e', sequence([])),
]);
const value = leaf('new');

/** The path of the amendment and its value as JSON, or the code of the error. */
function meaning(path: Path, comments: boolean): readonly unknown[] | string {
  try {
    const amendment = setAmendment(root, path, value, comments);
    return [formatPath(amendment.path), JSON.stringify(plain(amendment.value)), amendment.current !== undefined];
  } catch (error) {
    if (error instanceof TsopsError) return error.code;
    throw error;
  }
}

function plain(node: ReturnType<typeof amended> | typeof value | ReturnType<typeof sequence>): unknown {
  if (node.kind === 'leaf') return node.value;
  if (node.kind === 'sequence')
    return node.items.flatMap(item => (item.kind === 'comment' ? [] : [plain(item as typeof value)]));
  return Object.fromEntries(
    node.items.flatMap(item => (item.kind === 'entry' ? [[item.key, plain(item.value as typeof value)]] : [])),
  );
}

const meanings: readonly [path: string, comments: boolean, meaning: readonly unknown[] | string][] = [
  ['["a"]', true, ['["a"]', '"new"', true]],
  ['["b"]', true, ['["b"]', '"new"', false]],
  ['["b"]["c"]["d"]', true, ['["b"]', '{"c":{"d":"new"}}', false]],
  ['["b"][+]["d"]', true, ['["b"]', '[{"d":"new"}]', false]],
  ['["b"][0]', true, 'PATH_NOT_FOUND'],
  ['["a"]["b"]', true, ['["a"]', '{"b":"new"}', true]],
  ['["a"][0]', true, 'PATH_NOT_FOUND'],
  ['["l"][1]', true, ['["l"][0]', '"new"', true]],
  ['["l"][0]', true, 'PATH_NOT_FOUND'],
  ['["l"][3]', true, 'PATH_NOT_FOUND'],
  ['l[0]', false, ['["l"][0]', '"new"', true]],
  ['l[2]', false, 'PATH_NOT_FOUND'],
  ['l[-1]', false, ['["l"][1]', '"new"', true]],
  ['l[+]', false, ['["l"][2]', '"new"', false]],
  ['l[+].k', false, ['["l"][2]', '{"k":"new"}', false]],
  ['l.k', false, 'PATH_NOT_FOUND'],
  ['e[-1]', false, 'PATH_NOT_FOUND'],
  ['e[+]', false, ['["e"][0]', '"new"', false]],
  ['m[0]', false, 'PATH_NOT_FOUND'],
];

for (const [path, comments, expected] of meanings) {
  test(`what setting ${path} means`, () => {
    assert.deepEqual(meaning(parseSetPath(path), comments), expected);
  });
}

test('paths of changes', () => {
  assert.deepEqual(parseSetPath('["a"][-1][+]'), ['a', last, append]);
  assert.deepEqual(parseSetPath('a[-1].b[+]'), ['a', last, 'b', append]);
  assert.equal(formatPath(['a', append, last]), '["a"][+][-1]');
  for (const text of ['', 'a', '[a]', '["a"][-2]', '["a"][++]', '["a"] ']) {
    assert.throws(() => parseSetPath(text), { code: 'SET_FORMAT_INVALID', exitStatus: 7 }, text);
  }
});

test('what unsetting means', () => {
  assert.deepEqual(unsetAmendment(root, ['l', last], true)?.path, ['l', 1]);
  assert.equal(unsetAmendment(root, ['l', 7], false), undefined);
  assert.equal(unsetAmendment(root, ['m', 'z'], false), undefined);
  assert.equal(unsetAmendment(root, ['m', 0], false), undefined);
  assert.throws(() => unsetAmendment(root, ['a', 'z'], false), { code: 'PATH_NOT_FOUND' });
});

test('the tree with a change', () => {
  const set = amended(root, { path: ['l', 1], value });
  assert.deepEqual(plain(set), { a: 'x', l: ['one', 'new'], m: { k: 1n }, e: [] });
  assert.deepEqual(plain(amended(root, { path: ['l', 2], value })), {
    a: 'x',
    l: ['one', 'two', 'new'],
    m: { k: 1n },
    e: [],
  });
  const unset = amended(root, { path: ['m', 'k'], value: undefined });
  assert.deepEqual(plain(unset), { a: 'x', l: ['one', 'two'], m: {}, e: [] });
  assert.ok(sameValues(root, amended(root, { path: ['a'], value: leaf('x') })));
  assert.ok(!sameValues(root, set) && !sameValues(root, unset));
  assert.ok(!sameValues(mapping([entry('a', leaf(1n))]), mapping([entry('a', leaf(1))])));
});
