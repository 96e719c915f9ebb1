/** What git knows of a file. Only plumbing commands are run, which neither filters nor hooks of a repository change. */

import * as fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { runProgram } from './process.ts';

const timeoutMs = 30_000;

/** The root of the repository that a folder is in: the nearest one with a `.git`. */
export function repositoryOf(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (fs.existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** The content that a file has in the last commit; undefined where it has none, or there is no repository or no git. */
export async function committedVersion(path: string): Promise<Uint8Array | undefined> {
  const folder = dirname(resolve(path));
  if (repositoryOf(folder) === undefined) return undefined;
  const { status, stdout } = await runProgram('git', ['-C', folder, 'cat-file', 'blob', `HEAD:./${basename(path)}`], {
    timeoutMs,
  });
  return status === 0 ? stdout : undefined;
}
