/**
 * A folder that files must not lead out of: for shared runners, where the names of files come from people who may write the
 * repository and must not be able to read the rest of the machine. What counts is where a path really leads, behind all links
 * (CVE-2022-24877 was a way out of such a folder). A hard link cannot be told from the file itself, and so it is no way out.
 */

import * as fs from 'node:fs';
import * as path from 'node:path';
import { TsopsError } from '../errors.ts';
import { fileError, systemCode } from './faults.ts';

/**
 * Where a path really leads, if that is the root or below it. A path that does not exist is what it would be once it is made.
 * Use what is returned, not the path that was asked for.
 * @param file relative to the working directory, or absolute
 * @throws TsopsError OUTSIDE_ROOT, also for a link that leads nowhere; FILE_UNREADABLE where it cannot be told, and for a bad root
 */
export function confined(file: string, root: string): string {
  const folder = realRoot(root);
  const full = path.isAbsolute(file) ? file : `${process.cwd()}${path.sep}${file}`;
  const found = realPath(full) ?? missingPath(full);
  if (found !== undefined && isInside(found, folder)) return found;
  throw outside(file, root);
}

/**
 * Opens a file below the root for reading. Between the check and the opening somebody may have put a link into the path, so where the
 * opened file really is is asked of the system. Only Linux tells; elsewhere the file is compared with the one at the checked path,
 * which leaves somebody who exchanges folders all the time a small chance.
 * @returns a descriptor, to be closed by the caller
 * @throws TsopsError OUTSIDE_ROOT, FILE_UNREADABLE; a system error where the file cannot be opened
 */
export function openConfined(file: string, root: string): number {
  const real = confined(file, root);
  const descriptor = fs.openSync(real, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0));
  try {
    const place = placeOfDescriptor(descriptor);
    const isGood = place === undefined ? isSameFile(descriptor, real, root) : isInside(place, realRoot(root));
    if (!isGood) throw outside(file, root);
    return descriptor;
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

function placeOfDescriptor(descriptor: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

function isSameFile(descriptor: number, real: string, root: string): boolean {
  const found = fs.lstatSync(real);
  return confined(real, root) === real && isSame(fs.fstatSync(descriptor), found) && isSame(found, fs.lstatSync(real));
}

const isSame = (one: fs.Stats, other: fs.Stats): boolean => one.dev === other.dev && one.ino === other.ino;

function realRoot(root: string): string {
  try {
    const real = fs.realpathSync.native(root);
    if (fs.statSync(real).isDirectory()) return real;
  } catch (error) {
    throw fileError('FILE_UNREADABLE', 'the root folder cannot be used', root, error);
  }
  throw new TsopsError('FILE_UNREADABLE', 'the root has to be a folder', { file: root });
}

/** As the system resolves it, a link before the `..` behind it; undefined where there is nothing. */
function realPath(full: string): string | undefined {
  try {
    return fs.realpathSync.native(full);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fileError('FILE_UNREADABLE', 'it cannot be told where the path leads', full, error);
  }
}

/** The real path of the nearest folder that exists, and the rest as it is; undefined for a link to nothing and for `..` in the rest. */
function missingPath(full: string): string | undefined {
  const steps = full.split(separators);
  for (let kept = steps.length - 1; kept > 0; kept -= 1) {
    const [head, rest] = [steps.slice(0, kept).join(path.sep) || path.sep, steps.slice(kept)];
    if (rest.includes('..') || isLink([head, rest[0]].join(path.sep))) return undefined;
    const real = realPath(head);
    if (real !== undefined) return path.join(real, ...rest);
  }
  return undefined;
}

const separators = path.sep === '\\' ? /[/\\]/ : '/';

function isLink(file: string): boolean {
  try {
    return fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  } catch {
    return false;
  }
}

function isInside(real: string, folder: string): boolean {
  const way = path.relative(folder, real);
  return way === '' || !(way === '..' || way.startsWith(`..${path.sep}`) || path.isAbsolute(way));
}

/** Where a link leads is not told. */
function outside(file: string, root: string): TsopsError {
  return new TsopsError('OUTSIDE_ROOT', 'the path leads out of the folder in which files may be used', {
    file,
    hints: [
      `Only files below ${root === '.' ? 'the working directory' : root} may be used, and links that stay there.`,
    ],
  });
}
