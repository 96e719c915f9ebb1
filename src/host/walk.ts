/** The files below a folder. */

import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileError } from './faults.ts';
import { isTemporaryName } from './replace.ts';

/** Folders in which nobody keeps files of their own. */
const passedOver: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', 'node_modules']);

export function isFolder(path: string): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

/**
 * All regular files below a folder, in the order of their names. Links are not followed, so that nothing outside is reached; version
 * control, `node_modules` and what killed runs of tsops left are passed over.
 * @throws TsopsError FILE_UNREADABLE
 */
export function filesBelow(folder: string): string[] {
  const files: string[] = [];
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!passedOver.has(entry.name)) for (const file of filesBelow(path)) files.push(file);
    } else if (entry.isFile() && !isTemporaryName(entry.name)) files.push(path);
  }
  return files;
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw fileError('FILE_UNREADABLE', 'the folder cannot be read', folder, error);
  }
}
