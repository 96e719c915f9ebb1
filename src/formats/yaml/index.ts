/** YAML. `docs/format.md` §8.1 */

import type { EncryptedFile, Format, PlainFile } from '../format.ts';
import { amend } from './amend.ts';
import { EncryptedYaml } from './encrypted.ts';
import { PlainYaml } from './plain.ts';
import { printYaml, printYamlNode } from './print.ts';

const encoder = new TextEncoder();

function parse(bytes: Uint8Array, stage: 'plain'): PlainFile;
function parse(bytes: Uint8Array, stage: 'encrypted'): EncryptedFile;
function parse(bytes: Uint8Array, stage: 'plain' | 'encrypted'): PlainFile | EncryptedFile {
  return stage === 'plain' ? new PlainYaml(bytes) : new EncryptedYaml(bytes);
}

export const yaml: Format = {
  name: 'yaml',
  extensions: ['.yaml', '.yml'],
  parse,
  amend,
  print: (tree, { indent, block }) => encoder.encode(printYaml(tree.documents, { indent, block })),
  printNode: node => encoder.encode(printYamlNode(node)),
};
