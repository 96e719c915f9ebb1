/**
 * A notation for parsed documents, for the tables of the parser's tests.
 *
 * Scalars stand as text (plain), "text", 'text', |text, >text; (key: value, …) and <item, …> are block collections,
 * {key: value, …} and [item, …] flow collections; *name is an alias. In front stand tag and &anchor, behind ^<head/comments>,
 * =<line comments>, _<foot comments>; those in front of and behind a root are the document's. Documents are joined by ---.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from './parser.ts';
import type { CommentLine, SyntaxNode } from './syntax.ts';

const marks = { plain: '', single: "'", double: '"', literal: '|', folded: '>' };

export function dump(text: string): string {
  return parseYaml(text)
    .documents.map(({ head, foot, root }) => note('^', head) + dumpNode(root) + note('_', foot))
    .join(' --- ');
}

function dumpNode(node: SyntaxNode): string {
  const notes = note('^', node.head) + note('=', node.lineComment) + note('_', node.foot);
  return dumpTag(node.tag) + (node.anchor === '' ? '' : `&${node.anchor} `) + dumpContent(node) + notes;
}

function dumpTag(tag: string): string {
  if (tag === '' || tag === '!') return '';
  const short = tag.replace(/^tag:yaml\.org,2002:/, '!!');
  return short.startsWith('!') ? `${short} ` : `!<${tag}> `;
}

function dumpContent(node: SyntaxNode): string {
  if (node.kind === 'alias') return `*${node.name}`;
  if (node.kind === 'sequence') {
    const items = node.items.map(dumpNode).join(', ');
    return node.flow ? `[${items}]` : `<${items}>`;
  }
  if (node.kind === 'mapping') {
    const pairs = node.pairs.map(({ key, value }) => `${dumpNode(key)}: ${dumpNode(value)}`).join(', ');
    return node.flow ? `{${pairs}}` : `(${pairs})`;
  }
  const text = JSON.stringify(node.text).slice(1, -1).replaceAll('\\"', '"');
  const mark = marks[node.style];
  return mark + text + (node.block === undefined ? mark : '');
}

function note(mark: string, lines: readonly CommentLine[]): string {
  return lines.length === 0 ? '' : `${mark}<${lines.map(line => line.text).join('/')}>`;
}

/** One row of a table: what it shows, the text, the notation of what go.yaml.in/yaml v3.0.4 makes of it. */
export type Row = readonly [name: string, text: string, expected: string];

/** Runs tables, by group. */
export function runTables(tables: Readonly<Record<string, readonly Row[]>>): void {
  for (const [group, rows] of Object.entries(tables)) {
    for (const [name, text, expected] of rows) test(`${group}: ${name}`, () => assert.equal(dump(text), expected));
  }
}

test('the notation shows every part of a document', () => {
  const text = '# a\n\nk: &x "v" # c\nl: !!seq\n  # d\n  - !t >\n    w\n  # e\n\nm: [*x, {p: \'q\'}]\n\n# f\n';
  assert.equal(dump(text), '^< a>(k: &x "v"=< c>, l: !!seq <!t >w\\n^< d>_< e>>, m: [*x, {p: \'q\'}])_< f>');
});
