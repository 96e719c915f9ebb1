import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TsopsError } from '../../errors.ts';
import { blockLines } from './block.ts';
import { readBlock } from './blocktext.ts';
import { parseYaml } from './parser.ts';
import { buildTree } from './tree.ts';

const vectors = fileURLToPath(new URL('../../../testdata/vectors/cases/', import.meta.url));

/** The blocks at the end of the files that sops made. */
const blocks = globSync('**/*encrypted*.yaml', { cwd: vectors })
  .map(name => readFileSync(vectors + name, 'utf8'))
  .map(text => text.slice(text.lastIndexOf('\nsops:\n') + 1))
  .filter(text => text.startsWith('sops:\n'));

/** What the parser sees; undefined where the block is not alone and whole. */
function parsed(text: string): { value: unknown; step: number } | undefined {
  try {
    const stream = parseYaml(text);
    const [found, another] = buildTree(stream).blocks;
    if (found === undefined || another !== undefined || stream.documents.length !== 1) return undefined;
    const isAlone = found.root.pairs.length === 1 && stream.comments.length === 0 && !stream.documents[0]?.explicitEnd;
    if (!isAlone || blockLines(stream.text, found).end !== stream.text.length) return undefined;
    return {
      value: withoutSlots(found.value),
      step: found.pair.value.kind === 'mapping' ? found.pair.value.column : 0,
    };
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}

/** Nothing in a block is replaced, so its slots mean nothing. */
const withoutSlots = (node: unknown): unknown =>
  JSON.parse(
    JSON.stringify(node, (key, value) =>
      key === 'slot' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
    ),
  );

test('the blocks of sops are read as the parser reads them', () => {
  let taken = 0;
  for (const text of blocks) {
    const quick = readBlock(text);
    if (quick === undefined) continue;
    taken += 1;
    assert.deepEqual({ ...quick, value: withoutSlots(quick.value) }, parsed(text), text);
  }
  assert.ok(blocks.length > 100 && taken > 0.9 * blocks.length, `${taken} of ${blocks.length}`);
});

test('a block that was changed is read as the parser reads it, or not at all', () => {
  let state = 20261129;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % limit;
  };
  const inserts = [
    '\n',
    ' ',
    '  ',
    '- ',
    ': ',
    '#',
    ' # x',
    '"',
    "'",
    '|',
    '|-',
    '>',
    '\\',
    '[]',
    '{}',
    'true',
    'null',
    '12',
    'y: z\n',
    '\n\n',
    '\t',
    '!',
    '&a ',
    '*a',
    '---\n',
    '...\n',
    '? ',
    '~',
    '0x1',
    '1e3',
    '2001-01-01',
    ',',
    ']',
  ];
  let [taken, changed] = [0, 0];
  for (let round = 0; round < 30_000; round += 1) {
    const source = blocks[random(blocks.length)] as string;
    let text = source;
    for (let edits = 1 + random(3); edits > 0; edits -= 1) text = edited(text);
    const quick = readBlock(text);
    if (quick === undefined) continue;
    taken += 1;
    if (text !== source) changed += 1;
    assert.deepEqual({ ...quick, value: withoutSlots(quick.value) }, parsed(text), text);
  }
  assert.ok(changed > 3000, `only ${changed} of ${taken} were changed`);

  function edited(text: string): string {
    const lines = text.split('\n');
    const line = 1 + random(lines.length - 1);
    const at = random(text.length);
    switch (random(6)) {
      case 0:
        return text.slice(0, at) + text.slice(at + 1 + random(4));
      case 1:
        return text.slice(0, at) + inserts[random(inserts.length)] + text.slice(at);
      case 2:
        return lines.toSpliced(line, 1).join('\n');
      case 3:
        return lines.toSpliced(line, 0, lines[1 + random(lines.length - 1)] as string).join('\n');
      case 4:
        return lines.with(line, ' '.repeat(random(4)) + (lines[line] ?? '')).join('\n');
      default:
        return lines.with(line, (lines[line] ?? '').replace(/^ {1,3}/, '')).join('\n');
    }
  }
});

test('what is no block of the usual form is left to the parser', () => {
  for (const text of [
    '',
    'sops:\n',
    'sops: {}\n',
    'sops:\n  a: 1',
    'sops:\n  a: 1\n\n',
    'sops:\n  a: é\n',
    'sops:\n  a: 1\n  a: 2\n',
    'sops:\n  true: 1\n',
    'sops:\n  a: "\\n"\n',
    'sops:\n  a: 1 # c\n',
    'sops:\n  a: 9999999999999999999\n',
    `sops:\n${Array.from({ length: 40 }, (_, i) => `${' '.repeat(i + 1)}k:\n`).join('')}`,
  ])
    assert.equal(readBlock(text), undefined, JSON.stringify(text));
});
