/** A log that lines are only ever added to, by several processes at the same time. */

import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TsopsError } from '../errors.ts';
import { systemCode, systemReason } from './faults.ts';

const isWindows = process.platform === 'win32';

export class AppendLog {
  readonly path: string;
  readonly #descriptor: number;

  /**
   * Opens the log, or makes it with mode 0600. It has to be a regular file, no symbolic link, of this user or of root, in a folder where
   * others cannot put another file in its place.
   * @throws TsopsError AUDIT_FAILED
   */
  constructor(path: string) {
    this.path = resolve(path);
    try {
      refuseOpenFolder(this.path);
      const { O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_WRONLY } = fs.constants;
      // Without waiting: a FIFO would keep the run until somebody reads it.
      this.#descriptor = fs.openSync(this.path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      this.#refuseStrange(fs.fstatSync(this.#descriptor));
    } catch (error) {
      throw error instanceof TsopsError ? error : failed(this.path, reasonOf(error));
    }
  }

  /** Adds one line, in one write, so that lines of several processes do not mix. @throws TsopsError AUDIT_FAILED */
  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    let written = 0;
    try {
      written = fs.writeSync(this.#descriptor, bytes);
    } catch (error) {
      throw failed(this.path, systemReason(error));
    }
    if (written < bytes.length) throw failed(this.path, 'it could not be written to the end');
  }

  #refuseStrange(found: fs.Stats): void {
    if (!found.isFile()) throw failed(this.path, 'it is not a regular file');
    const own = process.geteuid?.();
    if (own !== undefined && found.uid !== own && found.uid !== 0)
      throw failed(this.path, 'it belongs to another user');
  }
}

/** Where everybody may write, and take away what others wrote, a log is none. */
function refuseOpenFolder(path: string): void {
  const { mode } = fs.statSync(dirname(path));
  const [others, sticky] = [0o002, 0o1000];
  if (!isWindows && (mode & others) !== 0 && (mode & sticky) === 0)
    throw failed(path, 'everybody can replace files in its folder');
}

function reasonOf(error: unknown): string {
  if (systemCode(error) === 'ELOOP') return 'it is a symbolic link';
  return systemCode(error) === 'ENXIO' ? 'it is not a regular file' : systemReason(error);
}

function failed(file: string, reason: string): TsopsError {
  return new TsopsError('AUDIT_FAILED', `the audit log cannot be used: ${reason}`, {
    file,
    hints: ['TSOPS_AUDIT_LOG names it; without a record nothing is decrypted or encrypted.'],
  });
}
