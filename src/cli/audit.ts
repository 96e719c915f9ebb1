/**
 * The audit log: one line of JSON for every use of a master key and one for the end of the run, in the file that TSOPS_AUDIT_LOG names.
 * It says who, when, which command, which file and which keys; never a value, a path in a file, or the command line.
 * `docs/security.md` §7.
 */

import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { TsopsError } from '../errors.ts';
import { AppendLog } from '../host/appendlog.ts';
import { hostName } from '../host/hostname.ts';
import { currentUser, processId } from '../host/user.ts';
import { type MasterKey, masterKeyText } from '../index.ts';
import { escapeControls } from './report.ts';
import { currentSource } from './source.ts';

/** What was done with the master keys: they opened the data key of a file, or it was encrypted for them. */
export type AuditedUse = 'unwrap' | 'wrap';

const events: Readonly<Record<AuditedUse, string>> = { unwrap: 'decrypt', wrap: 'encrypt' };

export class Audit {
  readonly #log: AppendLog;
  readonly #command: string;
  /** Ties the lines of one run together. */
  readonly #run = randomBytes(8).toString('hex');
  readonly #nameOverride: string | undefined;

  /** @throws TsopsError AUDIT_FAILED, before the command has done anything */
  constructor(path: string, command: string, nameOverride: string | undefined) {
    this.#log = new AppendLog(path);
    this.#command = command;
    this.#nameOverride = nameOverride;
  }

  /** Called before anything that the keys gave is handed on. @throws TsopsError AUDIT_FAILED */
  used(use: AuditedUse, keys: readonly MasterKey[]): void {
    const source = currentSource();
    const name = source?.path === undefined ? this.#nameOverride : undefined;
    this.#write({
      event: events[use],
      file: source?.path === undefined ? null : resolve(source.path),
      ...(name === undefined ? {} : { name }),
      keys: keys.map(key => ({ kind: key.kind, key: escapeControls(masterKeyText(key)) })),
    });
  }

  /** @param error what the run failed with @throws TsopsError AUDIT_FAILED */
  ended(status: number, error?: unknown): void {
    const known = error instanceof TsopsError ? error : undefined;
    const file = known?.where.file;
    this.#write({
      event: 'end',
      status,
      ...(known === undefined ? {} : { error: known.code }),
      ...(file === undefined ? {} : { file: file === '-' ? null : resolve(file) }),
    });
  }

  #write(facts: Readonly<Record<string, unknown>>): void {
    const who = { user: currentUser(), pid: processId(), host: hostName() };
    const { event, ...rest } = facts;
    const line = { time: new Date().toISOString(), event, command: this.#command, ...who, run: this.#run, ...rest };
    this.#log.append(JSON.stringify(line));
  }
}
