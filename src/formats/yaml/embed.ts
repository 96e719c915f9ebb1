/** Documents as items of a list in another YAML text, in their own words: comments, dates and words such as `yes` stay as they are. */

import { type Amendment, sameValues } from '../../core/amend.ts';
import { leaf, type Mapping, type Node, sequence } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { amend } from './amend.ts';
import { parseYaml } from './parser.ts';
import { PlainYaml } from './plain.ts';
import { decodeYaml, encodeYaml } from './reader.ts';
import type { YamlDocument } from './syntax.ts';

/** One document of a text. */
export interface SourceDocument {
  readonly root: Mapping;
  /** Its lines, the first from where its root starts, and the column of that. */
  readonly lines: readonly string[];
  readonly column: number;
}

/** The documents of a plain YAML text that hold a mapping with something in it. */
export function sourceDocuments(bytes: Uint8Array): SourceDocument[] {
  const { text } = decodeYaml(bytes);
  const roots = new PlainYaml(bytes).tree.documents;
  const { documents } = parseYaml(text);
  return roots.flatMap((root, index) => {
    const document = documents[index];
    if (document === undefined || !root.items.some(item => item.kind === 'entry')) return [];
    const lines = text
      .slice(document.root.propsStart, document.end)
      .trimEnd()
      .split(/\r\n|\n/);
    return [{ root, lines, column: columnOf(text, document) }];
  });
}

function columnOf(text: string, { root }: YamlDocument): number {
  return root.propsStart - (text.lastIndexOf('\n', root.propsStart - 1) + 1);
}

const mark = 'the-document-comes-here';

/**
 * The text with one more item in the list under `key`: the document as it is written, else printed anew.
 * @throws TsopsError NOT_REPRESENTABLE
 */
export function appendDocument(bytes: Uint8Array, key: string, length: number, document: SourceDocument): Uint8Array {
  const printed = amend(bytes, itemAmendment(key, length, document.root));
  return asWritten(amend(bytes, itemAmendment(key, length, leaf(mark))), printed, document) ?? printed;
}

/** One more item of a list that has this length. A list without items may be missing, null or a flow list: it is made anew. */
export function itemAmendment(key: string, length: number, value: Node): Amendment {
  return length === 0 ? { path: [key], value: sequence([value]) } : { path: [key, length], value };
}

function asWritten(marked: Uint8Array, wanted: Uint8Array, { lines, column }: SourceDocument): Uint8Array | undefined {
  const { text, encoding } = decodeYaml(marked);
  const at = text.lastIndexOf(mark);
  const lineStart = text.lastIndexOf('\n', at) + 1;
  const margin = at - lineStart - column;
  if (margin < 0) return undefined;
  const [first = '', ...rest] = lines;
  const placed = [first, ...rest.map(line => (line === '' ? '' : `${' '.repeat(margin)}${line}`))].join('\n');
  const after = encodeYaml(`${text.slice(0, at)}${placed}${text.slice(at + mark.length)}`, encoding);
  return isSame(after, wanted) ? after : undefined;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  try {
    const [a, b] = [one, other].map(bytes => new PlainYaml(bytes).tree.documents[0]);
    return a !== undefined && b !== undefined && sameValues(a, b);
  } catch (error) {
    if (error instanceof TsopsError) return false;
    throw error;
  }
}
