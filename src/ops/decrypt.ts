/** `decrypt`: encrypted bytes in, plain bytes out. `docs/format.md` §4. */

import { applyChanges, type Path, type Tree } from '../core/tree.ts';
import { formatEntry } from '../formats/index.ts';
import { bytesOf, type Content, inputFormat, likeInput, onlyOneDocument, outputFormat } from './input.ts';
import { decryptInOnePass } from './onepass.ts';
import type { OpenOptions } from './unlock.ts';

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
  /** Whether the bytes that are handed in may be overwritten, so that a large binary file is in memory once. Default false. */
  readonly mayOverwrite?: boolean | undefined;
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
  const isKept = options.extract === undefined && outputName === inputFormat(options) && options.layout !== 'sops';
  const bytes = bytesOf(content);
  const quick = isKept ? await decryptInOnePass(outputName, bytes, options) : undefined;
  if (quick !== undefined) return likeInput(content, quick);
  const output = await formatEntry(outputName).load();
  if (isKept && output.whole !== undefined) {
    const { decryptWhole } = await import('./whole.ts');
    return likeInput(content, await decryptWhole(bytes, output, output.whole, options));
  }
  const { open } = await import('./open.ts');
  const { file, changes, spelling } = await open(bytes, options);
  if (options.extract !== undefined) {
    const plain: Tree<'plain'> = applyChanges(file.tree, changes);
    const { partOf, printPart } = await import('./part.ts');
    return likeInput(content, printPart(partOf(plain, options.extract), output, options.indent));
  }
  if (isKept) return likeInput(content, file.rewrite(changes, spelling?.text));
  if (file.tree.documents.length > 1 && !formatEntry(outputName).manyDocuments) throw onlyOneDocument(outputName);
  return likeInput(content, output.print(applyChanges(file.tree, changes), { indent: options.indent }));
}
