/** Reading files, bounded. Writing is in `replace.ts`. */

import * as fs from 'node:fs';
import { TsopsError } from '../errors.ts';
import { fileError, systemCode } from './faults.ts';
import { openConfined } from './root.ts';

/** The base64 of this much still fits into one JavaScript string (2^29 - 24 characters). */
const defaultMaxBytes = 256 * 1024 * 1024;
/** The largest encrypted file: a binary file of the greatest size, in base64, and its block. */
export const maxEncryptedBytes = Math.ceil(defaultMaxBytes / 3) * 4 + 4 * 1024 * 1024;
const chunkBytes = 256 * 1024;

export interface ReadLimits {
  /** The largest size that is read, in bytes; 256 MiB unless told. */
  readonly maxBytes?: number;
  /** A folder that the file has to be in, behind all links; any file unless told. */
  readonly root?: string | undefined;
}

/**
 * The whole content of a file, FIFO or device.
 * @throws TsopsError FILE_MISSING where there is none; FILE_UNREADABLE for folders, for files over the limit and for all else;
 *   OUTSIDE_ROOT
 */
export async function readFileBounded(path: string, limits: ReadLimits = {}): Promise<Uint8Array> {
  if (path === '/dev/stdin' && limits.root === undefined) return readStdin(limits);
  try {
    return withDescriptor(path, limits.root, descriptor => readDescriptor(descriptor, path, limits));
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new TsopsError('FILE_MISSING', 'the file does not exist', { file: path });
    throw fileError('FILE_UNREADABLE', 'the file cannot be read', path, error);
  }
}

/** Like `readFileBounded`, but undefined where the file does not exist. */
export async function readOptionalFile(path: string, limits: ReadLimits = {}): Promise<Uint8Array | undefined> {
  try {
    return await readFileBounded(path, limits);
  } catch (error) {
    if (error instanceof TsopsError && error.code === 'FILE_MISSING') return undefined;
    throw error;
  }
}

/** Whether there is something at the path that can be read as a file: a regular file, a FIFO or a device, but no folder. */
export async function isFile(path: string): Promise<boolean> {
  const found = statsOf(path);
  return found !== undefined && !found.isDirectory();
}

/** The size in bytes that the system names; 0 where it names none, as for FIFOs and for what cannot be looked at. */
export function sizeOf(path: string): number {
  return statsOf(path)?.size ?? 0;
}

/** Whether there is a regular file at the path, or behind the links there: one that can be read twice and replaced. */
export function isRegularFile(path: string): boolean {
  return statsOf(path)?.isFile() ?? false;
}

/** Whether there is anything at all at the path, a dangling symbolic link included, or something that cannot be looked at. */
export function exists(path: string): boolean {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** Undefined also for a link loop, a name that is too long or a closed folder: reading it says what is wrong. */
function statsOf(path: string): fs.Stats | undefined {
  try {
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** All of standard input. @throws TsopsError FILE_UNREADABLE */
export async function readStdin(limits: ReadLimits = {}): Promise<Uint8Array> {
  const maxBytes = limits.maxBytes ?? defaultMaxBytes;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of process.stdin) {
      length += (chunk as Buffer).length;
      if (length > maxBytes) throw tooLarge(undefined, maxBytes);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw fileError('FILE_UNREADABLE', 'standard input cannot be read', '-', error);
  }
  return asBytes(Buffer.concat(chunks, length));
}

function withDescriptor<T>(path: string, root: string | undefined, use: (descriptor: number) => T): T {
  const descriptor = root === undefined ? fs.openSync(path, 'r') : openConfined(path, root);
  try {
    return use(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Reads to the end, whatever the size that the system names: it is 0 for FIFOs and for files of /proc. */
function readDescriptor(descriptor: number, path: string, limits: ReadLimits): Uint8Array {
  const maxBytes = limits.maxBytes ?? defaultMaxBytes;
  const { size } = fs.fstatSync(descriptor);
  if (size > maxBytes) throw tooLarge(path, maxBytes);
  let buffer = Buffer.alloc(Math.max(size, 4096) + 1);
  let length = 0;
  for (;;) {
    if (length === buffer.length) buffer = Buffer.concat([buffer], length + Math.max(length, chunkBytes));
    const count = fs.readSync(descriptor, buffer, length, buffer.length - length, null);
    if (count === 0) return asBytes(buffer.subarray(0, length));
    length += count;
    if (length > maxBytes) throw tooLarge(path, maxBytes);
  }
}

function tooLarge(file: string | undefined, maxBytes: number): TsopsError {
  return new TsopsError(
    'FILE_UNREADABLE',
    `the content is larger than ${maxBytes} bytes`,
    file === undefined ? {} : { file },
  );
}

const asBytes = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
