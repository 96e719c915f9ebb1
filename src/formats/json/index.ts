/** JSON. `docs/format.md` §8; sops 3.13.2 stores/json. */

import type { Mapping, Node, Stage, Tree } from '../../core/tree.ts';
import type { EncryptedFile, Format, PlainFile, PrintOptions } from '../format.ts';
import { amend } from './amend.ts';
import { EncryptedJson, PlainJson } from './file.ts';
import { onlyDocument, printNode, sopsLayout, withBlock } from './print.ts';

function parse(bytes: Uint8Array, stage: 'plain'): PlainFile;
function parse(bytes: Uint8Array, stage: 'encrypted'): EncryptedFile;
function parse(bytes: Uint8Array, stage: Stage): PlainFile | EncryptedFile {
  return stage === 'plain' ? new PlainJson(bytes) : new EncryptedJson(bytes);
}

function print(tree: Tree<Stage>, options: PrintOptions & { readonly block?: Mapping | undefined }): Uint8Array {
  const document = onlyDocument(tree.documents, 'JSON');
  const full = options.block === undefined ? document : withBlock(document, options.block);
  return Buffer.from(`${printNode(full, sopsLayout(options.indent))}\n`, 'utf8');
}

/** An object ends in a line break, anything else does not (sops 3.13.2 decrypt.go extract). */
function printExtracted(node: Node, options: PrintOptions): Uint8Array {
  const text = printNode(node, sopsLayout(options.indent));
  return Buffer.from(node.kind === 'mapping' ? `${text}\n` : text, 'utf8');
}

/** In `print`, an indent of -1 or none is one tab per level; `rewrite` then keeps to the file's own layout. */
export const json: Format = {
  name: 'json',
  extensions: ['.json'],
  parse,
  print,
  amend,
  printNode: printExtracted,
};
