/** The operating system's error numbers in plain words. Its own texts are not shown: they repeat whole paths. */

import { type ErrorCode, TsopsError } from '../errors.ts';

const words: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
  EBUSY: 'it is in use, or a mount point',
  EXDEV: 'it is on another file system',
  ENXIO: 'no such device or address',
  EIO: 'input/output error',
  EBADF: 'it is not open',
  EFBIG: 'it would be larger than allowed',
  ETXTBSY: 'it is a program that runs',
  EAGAIN: 'it is in use at the moment',
};

/** The `code` of a system error, or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Why a system call failed, in plain words. */
export function systemReason(error: unknown): string {
  const code = systemCode(error) ?? 'unknown error';
  return words[code] ?? code;
}

/** A TsopsError about a file; one that is a TsopsError already stays what it is. */
export function fileError(
  code: ErrorCode,
  what: string,
  file: string,
  error: unknown,
  hints: string[] = [],
): TsopsError {
  if (error instanceof TsopsError) return error;
  return new TsopsError(code, `${what}: ${systemReason(error)}`, { file, hints });
}
