/** Certificates that lie in a folder. */

import * as fs from 'node:fs';
import { join } from 'node:path';
import { TsopsError } from '../errors.ts';
import { fileError } from './faults.ts';
import { readOptionalFile } from './files.ts';

const maxFiles = 2000;
const maxBytes = 1024 * 1024;

/**
 * The files of a folder, and of the folders in it, that hold PEM certificates.
 * @throws TsopsError FILE_UNREADABLE where there is no such folder, or too much in it
 */
export async function readCertificateFolder(folder: string): Promise<string[]> {
  const texts: string[] = [];
  for (const path of listFiles(folder)) {
    const bytes = await readOptionalFile(path, { maxBytes });
    const text = bytes === undefined ? '' : Buffer.from(bytes).toString('latin1');
    if (text.includes('-----BEGIN CERTIFICATE-----')) texts.push(text);
  }
  return texts;
}

function listFiles(folder: string): string[] {
  try {
    const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter(entry => !entry.isDirectory()).map(entry => join(entry.parentPath, entry.name));
    if (files.length <= maxFiles) return files.filter(file => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
  } catch (error) {
    throw fileError('FILE_UNREADABLE', 'the folder cannot be read', folder, error);
  }
  throw new TsopsError('FILE_UNREADABLE', `the folder holds more than ${maxFiles} files`, { file: folder });
}
