/**
 * Private files for plain text that another program (an editor) has to open. In memory where the system has a folder that is
 * (demand: plain text must not reach a disk), mode 0700/0600, gone on every way out; what a killed process left is
 * swept away by the next one.
 */

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { TsopsError } from '../errors.ts';
import { env } from './environment.ts';
import { systemReason } from './faults.ts';
import { hasEnded, ownerPattern, ownMark } from './owner.ts';
import { undoOnExit } from './signals.ts';

export interface PrivateFile {
  readonly path: string;
  /** Overwrites and removes the file, its folder and whatever was put beside it. It can be called twice. */
  remove(): void;
}

/**
 * Makes a file of mode 0600 with this content and the base name of `name`, alone in a folder of mode 0700.
 * @throws TsopsError FILE_UNWRITABLE
 */
export function createPrivateFile(name: string, bytes: Uint8Array): PrivateFile {
  return createPrivateFileAt(basename(name) || 'file', bytes);
}

/** The same under a name that may have folders in it. @throws TsopsError FILE_UNWRITABLE */
export function createPrivateFileAt(name: string, bytes: Uint8Array): PrivateFile {
  return createPrivate(folder => {
    const path = placeIn(folder, name);
    fs.writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 });
    return path;
  });
}

/** A path in a private folder where nothing is yet. @throws TsopsError FILE_UNWRITABLE */
export function privatePath(name: string): PrivateFile {
  return createPrivate(folder => placeIn(folder, name));
}

function placeIn(folder: string, name: string): string {
  const path = join(folder, name);
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return path;
}

/** Makes a folder of mode 0700 and lets `place` put something into it, of which it gives the path. */
function createPrivate(place: (folder: string) => string): PrivateFile {
  let failure: unknown;
  for (const base of baseFolders()) {
    try {
      return createIn(base, place);
    } catch (error) {
      failure = error;
    }
  }
  if (failure instanceof TsopsError) throw failure;
  throw new TsopsError('FILE_UNWRITABLE', `no private temporary file can be made: ${systemReason(failure)}`, {
    hints: ['Set TMPDIR to a folder of yours that is writable.'],
  });
}

function createIn(base: string, place: (folder: string) => string): PrivateFile {
  const folder = join(base, `tsops-${ownMark()}-${randomBytes(6).toString('hex')}`);
  const erase = () => eraseFolder(folder);
  // Before the folder is there, so that no signal finds it without somebody to remove it.
  const release = undoOnExit(erase);
  const remove = () => {
    erase();
    release();
  };
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
    return { path: place(folder), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

const tmpfsKind = 0x01021994;
const ramfsKind = 0x858458f6;

/** Where private files may go, the best first: folders in memory, then the ordinary one. */
export function baseFolders(): string[] {
  const inMemory = [env('XDG_RUNTIME_DIR'), process.platform === 'linux' ? '/dev/shm' : undefined];
  return [...inMemory.filter(folder => folder !== undefined && isInMemory(folder)), tmpdir()] as string[];
}

function isInMemory(folder: string): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const { type } = fs.statfsSync(folder);
    return type === tmpfsKind || type === ramfsKind;
  } catch {
    return false;
  }
}

/** `tsops-<owner>-<random>` */
const folderName = new RegExp(`^tsops-(${ownerPattern})-[0-9a-f]{12}$`);

/** Removes what killed processes of this user on this machine have left behind. It never fails. */
export function sweepPrivateFiles(): void {
  for (const base of baseFolders()) {
    for (const name of namesIn(base)) {
      const owner = folderName.exec(name)?.[1];
      if (owner !== undefined && hasEnded(owner)) eraseOwn(join(base, name));
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

/** A link, or somebody else's folder under such a name, is left alone. */
function eraseOwn(folder: string): void {
  try {
    const found = fs.lstatSync(folder);
    if (found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid)) eraseFolder(folder);
  } catch {
    // Another process has swept it.
  }
}

function eraseFolder(folder: string): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) eraseFolder(path);
    else if (found?.isFile()) overwrite(path, found.size);
  }
  fs.rmSync(folder, { recursive: true, force: true });
}

function overwrite(path: string, size: number): void {
  try {
    const descriptor = fs.openSync(path, fs.constants.O_WRONLY | (fs.constants.O_NOFOLLOW ?? 0));
    try {
      const zeros = new Uint8Array(Math.min(size, 65536));
      for (let at = 0; at < size; at += zeros.length)
        fs.writeSync(descriptor, zeros, 0, Math.min(zeros.length, size - at), at);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // It is unlinked in any case.
  }
}
