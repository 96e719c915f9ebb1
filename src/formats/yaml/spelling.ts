/**
 * The spelling of a YAML file: source text that the style of a ciphertext cannot bring back, by path. `docs/format.md` §7.2.
 * The text is JSON: a list of `[path, source]`, a path being the document's number and the keys and positions below it. A source is one
 * text (of the node with its properties, or of the lines of a block scalar) or two (header and lines of a block scalar that
 * became a plain one).
 */

import type { SyntaxNode, YamlStream } from './syntax.ts';

export type Source = string | readonly [head: string, body: string];
/** Ends in `true` where the key itself is meant and not its value. */
export type SpellingPath = readonly (string | number | true)[];

export function printSpelling(entries: readonly (readonly [SpellingPath, Source])[]): string | undefined {
  return entries.length === 0 ? undefined : JSON.stringify(entries);
}

/** The sources by the text form of their path; empty for a text that is not a spelling. */
export function parseSpelling(text: string): Map<string, Source> {
  const sources = new Map<string, Source>();
  const list: unknown = parseJson(text);
  if (!Array.isArray(list)) return sources;
  for (const item of list) {
    if (!Array.isArray(item) || !Array.isArray(item[0]) || !isSource(item[1])) continue;
    sources.set(JSON.stringify(item[0]), item[1]);
  }
  return sources;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSource(value: unknown): value is Source {
  if (typeof value === 'string') return true;
  return Array.isArray(value) && value.length === 2 && value.every(part => typeof part === 'string');
}

/** The nodes that stand at the given paths. */
export function locate(
  stream: YamlStream,
  wanted: ReadonlyMap<string, Source>,
): { node: SyntaxNode; source: Source }[] {
  const found: { node: SyntaxNode; source: Source }[] = [];
  visitPaths(stream, (node, path) => {
    const source = wanted.get(JSON.stringify(path));
    if (source !== undefined) found.push({ node, source });
  });
  return found;
}

/** Visits every node with its path, keys included. Aliases are not followed. */
export function visitPaths(stream: YamlStream, visit: (node: SyntaxNode, path: SpellingPath) => void): void {
  const path: (string | number | true)[] = [];
  const walk = (node: SyntaxNode, step: string | number): void => {
    path.push(step);
    visit(node, path);
    if (node.kind === 'sequence') node.items.forEach(walk);
    if (node.kind === 'mapping') for (const pair of node.pairs) walkPair(pair.key, pair.value);
    path.pop();
  };
  const walkPair = (key: SyntaxNode, value: SyntaxNode): void => {
    const scalar = key.kind === 'alias' ? key.target : key;
    const name = scalar.kind === 'scalar' ? scalar.text : '';
    path.push(name, true);
    visit(key, path);
    path.length -= 2;
    walk(value, name);
  };
  stream.documents.forEach((document, index) => {
    walk(document.root, index);
  });
}
