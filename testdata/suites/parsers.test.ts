/** Our YAML parser beside the npm package `yaml`: what both accept, both read as the same keys, texts and structure. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Document, isAlias, isMap, isScalar, isSeq, type Node as LibraryNode, parseAllDocuments } from 'yaml';
import { parseYaml } from '../../src/formats/yaml/parser.ts';
import type { SyntaxNode } from '../../src/formats/yaml/syntax.ts';
import { generate } from './generate.ts';

type Shape = string | { readonly map: readonly (readonly [Shape, Shape])[] } | { readonly list: readonly Shape[] };

function ours(node: SyntaxNode): Shape {
  if (node.kind === 'alias') return ours(node.target);
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'sequence') return { list: node.items.map(ours) };
  return { map: node.pairs.map(({ key, value }) => [ours(key), ours(value)] as const) };
}

function theirs(node: LibraryNode | null | undefined, document: Document.Parsed): Shape {
  if (node === null || node === undefined) return '';
  if (isAlias(node)) return theirs(node.resolve(document), document);
  if (isScalar(node)) return node.source ?? '';
  if (isSeq(node)) return { list: node.items.map(item => theirs(item as LibraryNode, document)) };
  if (!isMap(node)) return assert.fail('another kind of node');
  return {
    map: node.items.map(
      ({ key, value }) => [theirs(key as LibraryNode, document), theirs(value as LibraryNode, document)] as const,
    ),
  };
}

test('both parsers read the same', t => {
  let compared = 0;
  const check = (number: number): void => {
    // The last line of a block scalar has no line break for go-yaml where the text has none; `yaml` adds one.
    const text = `${new TextDecoder('utf-8', { ignoreBOM: true }).decode(generate('yaml', number))}\n`;
    const stream = parsed(text);
    const library = parseAllDocuments(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    });
    if (stream === undefined || !Array.isArray(library) || library.some(document => document.errors.length > 0)) return;
    compared++;
    const expected = library.map(document => theirs(document.contents, document));
    assert.deepEqual(
      stream.documents.map(({ root }) => ours(root)),
      expected,
      `file ${number}`,
    );
  };
  fc.assert(fc.property(fc.nat(), check), { seed: 20261122, numRuns: 600 });
  t.diagnostic(`${compared} files compared`);
  assert.ok(compared > 300);
});

function parsed(text: string): ReturnType<typeof parseYaml> | undefined {
  try {
    return parseYaml(text);
  } catch {
    return undefined;
  }
}
