/** The files below a folder, and those that a glob means. */

import * as fs from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileError } from './faults.ts';
import type { GitIgnore } from './gitignore.ts';
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
  return walk(folder, undefined);
}

/** The same without what a `.gitignore` there, above it in the repository, or `.git/info/exclude` names. @throws TsopsError FILE_UNREADABLE */
export async function ownFilesBelow(folder: string): Promise<string[]> {
  const { gitIgnoreFor } = await import('./gitignore.ts');
  return walk(folder, await gitIgnoreFor(resolve(folder)));
}

function walk(folder: string, outer: GitIgnore | undefined): string[] {
  const files: string[] = [];
  const ignore = outer?.within(resolve(folder));
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (passedOver.has(entry.name) || ignore?.ignores(resolve(path), true)) continue;
      for (const file of walk(path, ignore)) files.push(file);
    } else if (entry.isFile() && !isTemporaryName(entry.name) && !ignore?.ignores(resolve(path), false)) {
      files.push(path);
    }
  }
  return files;
}

/** Whether a text has a character that makes it a glob. */
export const isGlob = (text: string): boolean => /[*?[{]/.test(text);

/**
 * The files that a glob means (`*`, `**`, `?`, `[a-z]`, `{a,b}`; names that begin with a dot need none in it), as `ownFilesBelow` finds
 * them.
 * @throws TsopsError FILE_UNREADABLE
 */
export async function filesOfGlob(text: string): Promise<string[]> {
  const { default: micromatch } = await import('micromatch');
  const { base, glob } = micromatch.scan(process.platform === 'win32' ? text.replaceAll('\\', '/') : text);
  const folder = base === '' ? '.' : base;
  if (!isFolder(folder)) return [];
  const matches = micromatch.matcher(glob, { dot: true });
  const files = await ownFilesBelow(folder);
  return files.filter(file => matches(relative(folder, file).replaceAll('\\', '/')));
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw fileError('FILE_UNREADABLE', 'the folder cannot be read', folder, error);
  }
}
