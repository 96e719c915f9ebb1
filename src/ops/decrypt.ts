/** `decrypt`: encrypted bytes in, plain bytes out. `docs/format.md` §4. */

import { countsComments, formatPath, getNode, parseTreePath } from '../core/path.ts';
import { applyChanges, type Node, type Path, type Tree } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { Format } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { onlyOneDocument } from './encrypt.ts';
import { bytesOf, type Content, inputFormat, likeInput, outputFormat } from './input.ts';
import { type OpenOptions, open } from './open.ts';

export interface DecryptOptions extends OpenOptions {
  /**
   * Give only this part of the first document: a string as its bare text, anything else printed in the output format.
   * A text is parsed: `["a"][0]` as in sops, where comments count as positions of a list, or `a.b[0]`, where they do not.
   */
  readonly extract?: Path | string | undefined;
  /**
   * `kept`: in its own format the file keeps its text. `sops`: it is printed anew, as sops prints it, with the indentation of `indent`.
   * Default `kept`.
   */
  readonly layout?: 'kept' | 'sops' | undefined;
}

/**
 * Decrypts a file after its MAC has been compared. In its own format the text is the encrypted text with every
 * ciphertext replaced and the block taken out; in another format it is printed as sops prints it.
 *
 * @throws TsopsError FILE_SYNTAX, METADATA_NOT_FOUND, METADATA_INVALID, DATA_KEY_UNAVAILABLE, VALUE_UNDECRYPTABLE, MAC_MISMATCH,
 *   PATH_NOT_FOUND, NOT_REPRESENTABLE
 * @see docs/format.md §4
 */
export async function decrypt<C extends Content>(content: C, options: DecryptOptions): Promise<C> {
  const outputName = outputFormat(options);
  const output = await formatEntry(outputName).load();
  const { file, changes, spelling } = await open(bytesOf(content), options);
  if (options.extract !== undefined) {
    const plain: Tree<'plain'> = applyChanges(file.tree, changes);
    return likeInput(content, extract(plain, options.extract, output, options.indent));
  }
  if (outputName === inputFormat(options) && options.layout !== 'sops')
    return likeInput(content, file.rewrite(changes, spelling?.text));
  if (file.tree.documents.length > 1 && !formatEntry(outputName).manyDocuments) throw onlyOneDocument(outputName);
  return likeInput(content, output.print(applyChanges(file.tree, changes), { indent: options.indent }));
}

function extract(tree: Tree<'plain'>, wanted: Path | string, output: Format, indent: number | undefined): Uint8Array {
  const root = tree.documents[0];
  const path = typeof wanted === 'string' ? parseTreePath(wanted) : wanted;
  const comments = typeof wanted === 'string' && countsComments(wanted);
  if (path.length === 0 && root !== undefined) return output.print({ ...tree, documents: [root] }, { indent });
  const node: Node | undefined = root === undefined ? undefined : getNode(root, path, comments);
  if (node === undefined) {
    throw new TsopsError('PATH_NOT_FOUND', `the path ${formatPath(path)} does not exist in the file`, {
      path,
      hints: [
        'Check the key names and positions; they count from 0, and comments in a list count too in this form (not in a.b[0]).',
      ],
    });
  }
  if (node.kind === 'leaf' && typeof node.value === 'string') return new TextEncoder().encode(node.value);
  if (node.kind === 'leaf' && node.value instanceof Uint8Array) return node.value;
  if (node.kind === 'mapping') return output.print({ documents: [node], slots: tree.slots }, { indent });
  return output.printNode(node, { indent });
}
