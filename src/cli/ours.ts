/** Which files of a folder are looked at. */

import { TsopsError } from '../errors.ts';
import { type FormatName, inspectFile } from '../index.ts';

/**
 * Whether a file of a folder is one of ours: it is encrypted, or has a damaged block, or is an encrypted one that a bad merge has
 * broken. Many files of a folder are nothing that can be parsed.
 */
export async function isOurs(bytes: Uint8Array, format: FormatName): Promise<boolean> {
  if (!mayHaveBlock(bytes)) return false;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === 'yaml' && hasPlainBlock(text)) return true;
  try {
    return (await inspectFile(bytes, { format })).metadata !== undefined;
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    if (error.code !== 'FILE_SYNTAX' || format === 'binary') return error.code === 'METADATA_INVALID';
    return text.includes('ENC[AES256_GCM,');
  }
}

/**
 * Whether a YAML text has its block as sops and tsops write it, which parsing it could only confirm: it begins with a key or a comment,
 * has a single document, and a `sops` at the margin with a ciphertext for its `mac`. Whatever else is wrong with it is told when it is
 * opened. Most files are so, and need not be parsed twice.
 */
function hasPlainBlock(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  return /^[A-Za-z_#]/.test(text) && !/^(?:---|\.\.\.)/m.test(text) && hasMac(text);
}

/** Line by line in a text of any length: one expression for all of it would run out of memory of its own. */
function hasMac(text: string): boolean {
  for (const { index, 0: head } of text.matchAll(/^sops:\r?\n/gm)) {
    const from = index + head.length - 1;
    const margin = /\n(?! )/g;
    margin.lastIndex = from;
    const block = text.slice(from, margin.exec(text)?.index);
    if (/\n +mac: "?ENC\[AES256_GCM,/.test(block)) return true;
  }
  return false;
}

/** Whether a file can have a block, told by its bytes alone: most files of a folder need not be parsed to know that they have none. */
export function mayHaveBlock(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('sops') || isWide(bytes);
}

/** YAML may be written in UTF-16. */
const isWide = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
