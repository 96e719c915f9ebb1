import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { aadOf, countsComments, formatPath, getNode, parseTreePath } from './path.ts';
import { comment, entry, leaf, mapping, type Path, sequence } from './tree.ts';

describe('parseTreePath', () => {
  const read: [text: string, path: Path][] = [
    // What sops reads.
    ['', []],
    ['["a"]', ['a']],
    [`['a']`, ['a']],
    ['["a"][0]["b"]', ['a', 0, 'b']],
    ['"a"]', ['a']],
    ['[["a"]', ['a']],
    ['["a.b"]', ['a.b']],
    ['["a]b"]', ['a]b']],
    [`["it's"]`, [`it's`]],
    ['[""]', ['']],
    ['[007]', [7]],
    ['[+1]', [1]],
    [`["a']`, ['a']],
    ['["a\\n"]', ['a\\n']],
    ['["__proto__"]', ['__proto__']],
    // What sops refuses.
    ['a.b', ['a', 'b']],
    ['.a', ['a']],
    ['a[0]', ['a', 0]],
    ['a.b[0].c', ['a', 'b', 0, 'c']],
    ['a["x.y"].b', ['a', 'x.y', 'b']],
    ['["a"].b', ['a', 'b']],
    ['["x[y"]', ['x[y']],
    ['my-key.other key', ['my-key', 'other key']],
  ];
  for (const [text, path] of read)
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseTreePath(text), path));

  const refused = [
    'name',
    '[name]',
    '[]',
    '["]',
    '[-1]',
    '["a"',
    ' ["a"]',
    '["a"] ["b"]',
    'a.',
    'a..b',
    '.',
    'a[',
    'a]',
    'a[b]',
  ];
  for (const text of [...refused, 'a["b]', 'a.b c]', '[1.5]', '[0x1]']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseTreePath(text), { code: 'TREE_PATH_SYNTAX', exitStatus: 91 });
    });
  }

  it('reads back what formatPath prints', () => {
    const key = fc.string().filter(text => !text.includes(`']`) || !text.includes('"]'));
    const segment = fc.oneof(key, fc.nat());
    const property = fc.property(fc.array(segment), path => assert.deepEqual(parseTreePath(formatPath(path)), path));
    fc.assert(property, { seed: 4, numRuns: 500 });
  });
});

describe('getNode', () => {
  const document = mapping([
    comment(' top'),
    entry('l', sequence([comment(' one'), leaf('a'), comment(' two'), sequence([leaf('b')])])),
    entry('__proto__', leaf('p')),
    entry('twice', leaf('first')),
    entry('twice', leaf('second')),
  ]);
  const cases: [path: Path, value: string | undefined][] = [
    [['l', 0], 'a'],
    [['l', 1, 0], 'b'],
    [['l', 2], undefined],
    [['l', 'a'], undefined],
    [['l', 0, 0], undefined],
    [['__proto__'], 'p'],
    [['constructor'], undefined],
    [['twice'], 'first'],
    [[0], undefined],
  ];
  for (const [path, value] of cases) {
    it(formatPath(path), () => {
      const node = getNode(document, path);
      assert.equal(node?.kind === 'leaf' ? node.value : undefined, value);
    });
  }
  it('counts comments as positions of a list where it is asked to', () => {
    const listed = mapping([entry('l', sequence([comment(' c'), leaf('x')]))]);
    assert.equal(getNode(listed, ['l', 0], true), undefined);
    assert.deepEqual(getNode(listed, ['l', 1], true), leaf('x'));
    assert.deepEqual(getNode(listed, ['l', 0]), leaf('x'));
  });

  it('tells the form of sops from the form with dots', () => {
    assert.ok(countsComments('["a"][0]'));
    assert.ok(!countsComments('a[0]'));
  });

  it('gives the document for the empty path', () => assert.equal(getNode(document, []), document));
});

describe('aadOf', () => {
  it('joins keys with colons and leaves positions out', () => {
    assert.equal(aadOf(['a', 0, 'b', 1]), 'a:b:');
    assert.equal(aadOf(['a:b']), 'a:b:');
    assert.equal(aadOf(['']), ':');
  });
});
