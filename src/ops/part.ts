/** One part of a document, and its text as sops prints what is extracted. sops 3.13.2 cmd/sops/decrypt.go extract. */

import { countsComments, formatPath, getNode, parseTreePath } from '../core/path.ts';
import type { Node, Path, Tree } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { Format } from '../formats/format.ts';

/** A path, and what is there. */
export interface Part {
  readonly path: Path;
  readonly node: Node;
}

/**
 * The part of the first document that is wanted.
 * @throws TsopsError TREE_PATH_SYNTAX, PATH_NOT_FOUND
 */
export function partOf({ documents: [root] }: Tree<'plain'>, wanted: Path | string): Part {
  const path = typeof wanted === 'string' ? parseTreePath(wanted) : wanted;
  const comments = typeof wanted === 'string' && countsComments(wanted);
  const node = root === undefined ? undefined : getNode(root, path, comments);
  if (node !== undefined) return { path, node };
  throw new TsopsError('PATH_NOT_FOUND', `the path ${formatPath(path)} does not exist in the file`, {
    path,
    hints: [
      'Check the key names and positions; they count from 0, and comments in a list count too in this form (not in a.b[0]).',
    ],
  });
}

/** A text as it is, anything else in the output format. @throws TsopsError NOT_REPRESENTABLE */
export function printPart({ node }: Part, output: Format, indent: number | undefined): Uint8Array {
  if (node.kind === 'leaf' && typeof node.value === 'string') return new TextEncoder().encode(node.value);
  if (node.kind === 'leaf' && node.value instanceof Uint8Array) return node.value;
  if (node.kind === 'mapping') return output.print({ documents: [node], slots: 0 }, { indent });
  return output.printNode(node, { indent });
}
