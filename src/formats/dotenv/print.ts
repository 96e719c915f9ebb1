/** dotenv from a tree without a source text, as sops 3.13.2 stores/dotenv/store.go EmitPlainFile prints it. */

import type { Comment, Entry, Mapping, Node, Scalar, Stage, Tree } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { bytesOf, flatten, rawOf, rawScalar } from '../flat.ts';
import type { PrintOptions } from '../format.ts';

/** What stands behind the `=`: a line break is written as `\n`. */
const rawValue = (value: Scalar): string => rawScalar(value).replaceAll('\n', '\\n');

/** The lines of the block, in the order of the block, without line breaks. */
export function blockLines(block: Mapping): string[] {
  return flatten(block).map(([key, value]) => `${blockPrefix}${rawScalar(key)}=${rawValue(value)}`);
}

/** How the keys of the block begin. */
export const blockPrefix = 'sops_';

/** @see Format.print. A second document is refused: sops would drop it. @throws TsopsError NOT_REPRESENTABLE */
export function print(tree: Tree<Stage>, options: PrintOptions & { readonly block?: Mapping | undefined }): Uint8Array {
  const root = onlyDocument(tree);
  const lines = root.items.map(item => (item.kind === 'comment' ? commentLine(item) : entryLine(item)));
  if (options.block !== undefined) {
    refuseReserved(root);
    lines.push(...blockLines(options.block));
  }
  return bytesOf(lines.map(line => `${line}\n`).join(''));
}

function onlyDocument(tree: Tree<Stage>): Mapping {
  const [root] = tree.documents;
  if (root !== undefined && tree.documents.length === 1) return root;
  throw new TsopsError('NOT_REPRESENTABLE', 'a dotenv file holds exactly one document');
}

/** Every line of a comment gets its own `#`; sops marks the first one only and so turns the others into data. */
function commentLine(item: Comment): string {
  return `#${rawScalar(item.text).replaceAll('\n', '\n#')}`;
}

function entryLine(item: Entry): string {
  if (item.value.kind !== 'leaf') {
    throw new TsopsError('NOT_REPRESENTABLE', 'a dotenv file cannot hold a list or a mapping', { path: [item.key] });
  }
  if (/^#|[=\n]/.test(item.key)) {
    throw new TsopsError('NOT_REPRESENTABLE', 'a key of a dotenv file cannot start with # or hold = or a line break', {
      path: [item.key],
    });
  }
  return `${rawScalar(item.key)}=${rawValue(item.value.value)}`;
}

function refuseReserved(root: Mapping): void {
  const reserved = root.items.find(item => item.kind === 'entry' && item.key.startsWith(blockPrefix));
  if (reserved?.kind !== 'entry') return;
  throw new TsopsError('NOT_REPRESENTABLE', 'keys that start with sops_ are reserved in a dotenv file', {
    path: [reserved.key],
  });
}

/** @see Format.printNode. Only a string has a form of its own. @throws TsopsError NOT_REPRESENTABLE */
export function printNode(node: Node): Uint8Array {
  if (node.kind === 'leaf' && typeof node.value === 'string') return bytesOf(rawScalar(node.value));
  if (node.kind === 'leaf' && node.value instanceof Uint8Array) return bytesOf(rawOf(node.value));
  throw new TsopsError('NOT_REPRESENTABLE', 'the dotenv format can print strings only', {
    hints: ['choose another output type, for example json'],
  });
}
