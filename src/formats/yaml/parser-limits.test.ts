/** Deep, long and hostile texts: no stack overflow, no hanging. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsopsError } from '../../errors.ts';
import { parseYaml } from './parser.ts';
import type { MappingNode, SyntaxNode } from './syntax.ts';

function depthOf(text: string): number {
  let node: SyntaxNode | undefined = parseYaml(text).documents[0]?.root;
  let depth = 0;
  for (; node !== undefined && node.kind !== 'scalar' && node.kind !== 'alias'; depth++) {
    node = node.kind === 'sequence' ? node.items[0] : node.pairs[0]?.value;
  }
  return depth;
}

const deep: readonly (readonly [name: string, open: string, middle: string, close: string])[] = [
  ['flow lists', '[', '', ']'],
  ['flow mappings', '{a: ', '', '}'],
  ['block lists', '- ', 'a', ''],
];

for (const [name, open, middle, close] of deep) {
  const nested = (levels: number): string => open.repeat(levels) + middle + close.repeat(levels);
  test(`10,000 levels of ${name} are read, one more is refused`, () => {
    assert.equal(depthOf(nested(10_000)), 10_000);
    assert.throws(() => parseYaml(nested(10_001)), isTooDeep);
    assert.throws(() => parseYaml(open.repeat(1_000_000)), isTooDeep);
  });
}

const isTooDeep = (error: unknown): boolean =>
  error instanceof TsopsError && error.code === 'FILE_SYNTAX' && error.message.includes('10000 levels');

test('a simple key has at most 1024 characters, code points counted', () => {
  for (const letter of ['k', 'é', '😀']) {
    const text = parseYaml(`${letter.repeat(1024)}: 1\n`).documents[0]?.root as MappingNode;
    assert.equal(text.pairs.length, 1);
    assert.throws(() => parseYaml(`${letter.repeat(1025)}: 1\n`), TsopsError);
  }
});

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

/** Texts on which a parser that looks back or copies too much would need minutes. */
const long: readonly (readonly [name: string, text: string])[] = [
  ['one mapping', lines(100_000, i => `key${i}: value\n`)],
  ['one flow mapping', `{${lines(50_000, i => `k${i}: v, `)}}`],
  ['comments', `${'#\n'.repeat(200_000)}a: 1\n`],
  [
    'comments in every column behind deep blocks',
    `${'- '.repeat(5000)}a\n${lines(50_000, i => `${' '.repeat(i % 7)}#\n`)}- b\n`,
  ],
  ['comments with long gaps', `${`#c\n${'\n'.repeat(600)}`.repeat(500)}a: 1\n`],
  ['one folded plain value', `a: ${'x\n '.repeat(200_000)}`],
  ['one quoted value of escapes', `a: "${'\\n'.repeat(300_000)}"`],
  ['one literal', `a: |\n${'  x\n'.repeat(200_000)}`],
  ['anchors and aliases', lines(50_000, i => `- &a${i} x\n- *a${i}\n`)],
  ['long values inside many open keys', `${'['.repeat(9000)}"${'😀'.repeat(100_000)}"${']'.repeat(9000)}`],
  ['documents', '---\na\n'.repeat(50_000)],
];

for (const [name, text] of long) {
  test(`read in time that grows with its length: ${name}`, { timeout: 20_000 }, () => {
    const { documents } = parseYaml(text);
    assert.ok(documents.length > 0);
  });
}
