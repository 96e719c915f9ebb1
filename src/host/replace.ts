/**
 * Writing files. A regular file is never truncated: the new content goes to a temporary file beside it and takes its name when
 * it is complete and on the disk, so that a reader, a crash or a full disk never meets half a file.
 */

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { TsopsError } from '../errors.ts';
import { systemCode, systemReason } from './faults.ts';
import { hasEnded, ownerPattern, ownMark, removeEnded } from './owner.ts';
import { undoOnExit } from './signals.ts';
import { pause, writeAll } from './streams.ts';

const temporaryName = new RegExp(`^\\..*\\.tsops-(${ownerPattern})-[0-9a-f]{12}\\.tmp$`);

const lockName = /^\..*\.tsops-lock$/;

/** Whether a file name is that of a temporary file or a lock of ours, left by a process that was killed. Such files are never input. */
export function isTemporaryName(name: string): boolean {
  return temporaryName.test(basename(name)) || /^\..*\.tsops-lock(-guard)?$/.test(basename(name));
}

/**
 * Puts new content in the place of an existing file: mode and, where the system allows it, owner stay; of a symbolic link
 * the target is replaced. A device or FIFO is written to directly.
 * @throws TsopsError FILE_UNWRITABLE; the file is then as it was
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await write(path, bytes, 0o666);
}

/**
 * Writes an output file in the same way. A new file gets mode 0600 when the content is `secret` (plain text), else what the
 * umask allows; an existing file keeps its mode.
 * @throws TsopsError FILE_UNWRITABLE; an existing file is then as it was
 */
export async function writeOutput(
  path: string,
  bytes: Uint8Array,
  options: { readonly secret: boolean },
): Promise<void> {
  await write(path, bytes, options.secret ? 0o600 : 0o666);
}

/**
 * Makes a new file, complete or not at all; one that is there already, be it a dangling symbolic link, is never touched.
 * @throws TsopsError FILE_UNWRITABLE
 */
export async function createFile(
  path: string,
  bytes: Uint8Array,
  options: { readonly secret: boolean },
): Promise<void> {
  try {
    // Before anything is written: there may be no room beside it, as in /dev.
    if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw occupied(path);
    await writeBeside(resolve(path), bytes, options.secret ? 0o600 : 0o666, () => {}, takeName);
  } catch (error) {
    throw systemCode(error) === 'EEXIST' ? occupied(path) : unwritable(path, error);
  }
}

function occupied(path: string): TsopsError {
  return new TsopsError('FILE_UNWRITABLE', 'the file exists already and is not overwritten', {
    file: path,
    hints: ['Name another file, or move this one away first.'],
  });
}

/** A name that nobody has is taken with an empty file, which the complete one then replaces: this works on every file system. */
function takeName(from: string, to: string): void {
  fs.closeSync(fs.openSync(to, 'wx', 0o600));
  try {
    renameOver(from, to);
  } catch (error) {
    fs.rmSync(to, { force: true });
    throw error;
  }
}

/**
 * Keeps bytes that could not be written to `path` in a new file of mode 0600: beside it, else in the temporary folder.
 * @param behind whether `.rescued` stands behind the whole name, as the ending of a file of another format; else before its ending
 * @returns its path; undefined where there is no room anywhere
 */
export async function rescueFile(path: string, bytes: Uint8Array, behind = false): Promise<string | undefined> {
  const ending = behind ? '' : extname(path);
  const stem = basename(path, ending);
  for (const folder of [dirname(path), tmpdir()]) {
    for (const number of ['', '-2', '-3', '-4', '-5', `-${randomBytes(6).toString('hex')}`]) {
      const candidate = join(folder, behind ? `${stem}${number}.rescued` : `${stem}.rescued${number}${ending}`);
      try {
        await createFile(candidate, bytes, { secret: true });
        return candidate;
      } catch {
        // The next one may do.
      }
    }
  }
  return undefined;
}

/** Lets everybody who may read a file run it. @throws TsopsError FILE_UNWRITABLE */
export function setExecutable(path: string): void {
  try {
    const { mode } = fs.statSync(path);
    fs.chmodSync(path, (mode & 0o7777) | ((mode & 0o444) >> 2));
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Makes a folder with all that is missing above it, of mode 0700 where it is for secrets. @throws TsopsError FILE_UNWRITABLE */
export async function makeFolder(path: string, { secret }: { readonly secret: boolean }): Promise<void> {
  try {
    fs.mkdirSync(path, { recursive: true, mode: secret ? 0o700 : 0o777 });
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function write(path: string, bytes: Uint8Array, newMode: number): Promise<void> {
  try {
    const descriptor = ownDescriptor(path);
    if (descriptor === undefined) await writePath(path, bytes, newMode);
    else writeAll(descriptor, bytes);
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function writePath(path: string, bytes: Uint8Array, newMode: number): Promise<void> {
  const target = followLinks(path);
  const existing = fs.statSync(target, { throwIfNoEntry: false });
  if (existing === undefined) await writeBeside(target, bytes, newMode, () => {});
  else if (existing.isDirectory()) throw new TsopsError('FILE_UNWRITABLE', 'it is a folder', { file: path });
  else if (!existing.isFile()) writeDirectly(target, bytes);
  else {
    refuseHardLinks(path, existing);
    // A rename would get round the file's own write protection.
    fs.accessSync(target, fs.constants.W_OK);
    await writeBeside(target, bytes, 0o600, temporary => copyOwnerAndMode(temporary, existing));
  }
}

/** The path behind all symbolic links; of a dangling link the place that it points to. */
export function followLinks(path: string): string {
  let target = resolve(path);
  for (let links = 0; links < 40; links += 1) {
    const found = fs.lstatSync(target, { throwIfNoEntry: false });
    if (!found?.isSymbolicLink()) return target;
    target = resolve(fs.realpathSync(dirname(target)), fs.readlinkSync(target));
  }
  return fs.realpathSync(path);
}

/**
 * `/dev/stdout` leads to `/proc/self/fd/1`, a link whose own text ("pipe:[1234]") is no path, and where it is a regular file
 * that file must not be replaced: whoever opened it goes on writing to it.
 */
function ownDescriptor(path: string): number | undefined {
  if (process.platform === 'win32') return undefined;
  if (path === '/dev/stdout') return 1;
  if (path === '/dev/stderr') return 2;
  const numbered = /^\/(?:dev|proc\/self)\/fd\/(\d{1,4})$/.exec(path);
  return numbered ? Number(numbered[1]) : undefined;
}

function writeDirectly(target: string, bytes: Uint8Array): void {
  const descriptor = fs.openSync(target, 'w');
  try {
    writeAll(descriptor, bytes);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** A file name may have 255 bytes, and four for each of these characters fit with what is put around them. */
const keptCharacters = 40;

/** The temporary file, the finishing touch, the rename; whatever goes wrong, the temporary file goes away. */
async function writeBeside(
  target: string,
  bytes: Uint8Array,
  mode: number,
  finish: (descriptor: number) => void,
  publish: (from: string, to: string) => void = renameOver,
): Promise<void> {
  const folder = dirname(target);
  const name = basename(target).slice(0, keptCharacters);
  sweepTemporaries(folder);
  const temporary = join(folder, `.${name}.tsops-${ownMark()}-${randomBytes(6).toString('hex')}.tmp`);
  const remove = () => fs.rmSync(temporary, { force: true });
  const release = undoOnExit(remove);
  try {
    await writeExclusively(temporary, bytes, mode, finish);
    publish(temporary, target);
    await syncFolder(folder);
  } catch (error) {
    remove();
    throw error;
  } finally {
    release();
  }
}

/** When a folder may be looked through again, by its path. */
const sweptUntil = new Map<string, number>();

/**
 * Removes what killed processes of this machine have left in a folder: it may be plain text, or a lock. It never fails. Of a run that
 * writes many files into one folder, looking through it takes no more than about a twentieth, however many there are.
 */
function sweepTemporaries(folder: string): void {
  const start = performance.now();
  if (start < (sweptUntil.get(folder) ?? 0)) return;
  removeLeft(folder);
  const end = performance.now();
  sweptUntil.set(folder, end + 20 * (end - start));
}

function removeLeft(folder: string): void {
  try {
    for (const name of fs.readdirSync(folder)) {
      const owner = temporaryName.exec(name)?.[1];
      if (owner !== undefined && hasEnded(owner)) fs.rmSync(join(folder, name), { force: true });
      else if (lockName.test(name)) removeEnded(join(folder, name));
    }
  } catch {
    // It is somebody else's, or the folder cannot be read.
  }
}

/** Other files are worked on while the disk is waited for. */
const sync = (descriptor: number): Promise<void> =>
  new Promise((settle, fail) => fs.fsync(descriptor, error => (error ? fail(error) : settle())));

async function writeExclusively(
  path: string,
  bytes: Uint8Array,
  mode: number,
  finish: (descriptor: number) => void,
): Promise<void> {
  const descriptor = fs.openSync(path, 'wx', mode);
  try {
    writeAll(descriptor, bytes);
    finish(descriptor);
    await sync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Windows refuses a rename while a virus scanner or an indexer has the file open; they let go of it soon. */
function renameOver(from: string, to: string): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      fs.renameSync(from, to);
      return;
    } catch (error) {
      if (
        process.platform !== 'win32' ||
        attempt === 10 ||
        !['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '')
      )
        throw error;
      pause(attempt * 10);
    }
  }
}

/** Syncs of folders that have begun, and those that come after them. */
const [syncing, waiting] = [new Map<string, Promise<void>>(), new Map<string, Promise<void>>()];

/** Without this a new name may be lost with the power. Files that are written side by side into one folder share what has not begun. */
function syncFolder(folder: string): Promise<void> {
  const known = waiting.get(folder);
  if (known !== undefined) return known;
  const next = Promise.resolve(syncing.get(folder)).then(async () => {
    waiting.delete(folder);
    const own = syncNow(folder);
    syncing.set(folder, own);
    await own;
    if (syncing.get(folder) === own) syncing.delete(folder);
  });
  waiting.set(folder, next);
  return next;
}

/** Some file systems cannot do it, and then it is not needed. */
async function syncNow(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const descriptor = fs.openSync(folder, 'r');
    try {
      await sync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // The content is complete under its name all the same.
  }
}

/** Where the owner cannot be kept, another group must not get the rights that the old group had. */
function copyOwnerAndMode(descriptor: number, existing: fs.Stats): void {
  const permissions = existing.mode & 0o777;
  if (process.platform === 'win32') return;
  const keptOwner = keepOwner(descriptor, existing);
  fs.fchmodSync(descriptor, keptOwner ? permissions : permissions & ~0o070);
}

function keepOwner(descriptor: number, existing: fs.Stats): boolean {
  const made = fs.fstatSync(descriptor);
  if (made.uid === existing.uid && made.gid === existing.gid) return true;
  for (const uid of [existing.uid, made.uid]) {
    try {
      fs.fchownSync(descriptor, uid, existing.gid);
      return true;
    } catch {
      // Only root may give a file away; the group alone can often be kept.
    }
  }
  return false;
}

function refuseHardLinks(path: string, existing: fs.Stats): void {
  if (existing.nlink <= 1) return;
  throw new TsopsError('FILE_UNWRITABLE', 'the file has several hard links, which replacing it would part', {
    file: path,
    hints: ['Write to another file with --output, or make the file a file of its own first.'],
  });
}

function unwritable(path: string, error: unknown): TsopsError {
  if (error instanceof TsopsError) return error;
  return new TsopsError('FILE_UNWRITABLE', `the file cannot be written: ${systemReason(error)}`, {
    file: path,
    hints: hintsFor(systemCode(error)),
  });
}

function hintsFor(code: string | undefined): string[] {
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return ['Make the folder first, or check the path for a typing mistake.'];
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return ['Make room on the disk and try again.'];
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM' || code === 'EBUSY')
    return ['The file and the folder it is in must be writable; --output writes elsewhere.'];
  return [];
}
