/** What `exec-env` and `exec-file` share. */

import { TsopsError } from '../errors.ts';
import type { CommandEnd } from '../host/execution.ts';
import type { Call } from './call.ts';
import { type Source, sourceOf } from './source.ts';

/** The exit status of the command; 255 where a signal ended it, as with sops. */
export const childStatus = ({ status }: CommandEnd): number => status ?? 255;

/** The file of a command; with sops 3.13.2 a missing one ends these two with 2. */
export async function sourceToRun({ file, flags }: Call): Promise<Source> {
  try {
    return await sourceOf(file, flags);
  } catch (error) {
    throw error instanceof TsopsError && error.code === 'FILE_MISSING' ? error.with({ exitStatus: 2 }) : error;
  }
}
