/** The environment variables of this process, and how it was started. */

import { isStandalone } from './version.ts';

/** The value of a variable; an empty one is not the same as none. */
export type Environment = (name: string) => string | undefined;

export const env: Environment = name => process.env[name];

/** All variables of this process, for a program that is to have them too. */
export function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The name that this program was started by: `sops` where a link or a copy of it is called so, else `tsops`. */
export function programName(): 'sops' | 'tsops' {
  const path = isStandalone ? process.argv0 : (process.argv[1] ?? '');
  const started = path.split(/[/\\]/).at(-1) ?? '';
  return /^sops(\.(js|mjs|cmd|exe))?$/i.test(started) ? 'sops' : 'tsops';
}

/** The words that start this very program again: Node and the script, or the executable alone. */
export function ownProgram(): readonly [program: string, ...args: string[]] {
  return isStandalone ? [process.execPath] : [process.execPath, process.argv[1] ?? ''];
}

/** The same as a POSIX shell takes it. */
export function ownCommand(): string {
  return ownProgram()
    .map(word => `'${word.replaceAll("'", `'\\''`)}'`)
    .join(' ');
}
