/** What master keys may use of the machine: all of it for the command, nothing but given identities for the library. */

import { configDir, homeDir } from '../host/directories.ts';
import { env } from '../host/environment.ts';
import { readOptionalFile } from '../host/files.ts';
import type { KeyContext } from './provider.ts';

/** gpg may have to wait for a person at a passphrase prompt. */
const defaultTimeoutMs = 120_000;

export interface ExplicitOptions {
  /** age identities, each a text as in an identity file (several lines and `#` comments are fine). */
  readonly identities?: string | readonly string[] | undefined;
}

/** Only what the caller hands in: no file, no environment variable, no program, no prompt. */
export function explicitContext({ identities = [] }: ExplicitOptions): KeyContext {
  return {
    env: () => undefined,
    readFile: async () => undefined,
    homeDir: undefined,
    configDir: undefined,
    timeoutMs: defaultTimeoutMs,
    mayConnect: false,
    ageIdentities: typeof identities === 'string' ? [identities] : identities,
    once: new Map(),
  };
}

export interface SystemOptions {
  /** Bound on every single program that is run, in milliseconds. Default: two minutes. */
  readonly timeoutMs?: number | undefined;
  /** Whether passphrases may be asked for on the terminal. Default true. */
  readonly mayAsk?: boolean | undefined;
}

/** The environment, files, programs and terminal of this process, as the command uses them (`docs/keys.md`). */
export function systemContext({ timeoutMs = defaultTimeoutMs, mayAsk = true }: SystemOptions = {}): KeyContext {
  return {
    env,
    readFile: path => readOptionalFile(path),
    homeDir: homeDir(),
    configDir: configDir(),
    run: async (command, args, options) => {
      const { runProgram } = await import('../host/process.ts');
      return runProgram(command, args, { ...options, timeoutMs });
    },
    ...(mayAsk ? { askSecret: async (prompt: string) => (await import('../host/terminal.ts')).askSecret(prompt) } : {}),
    timeoutMs,
    mayConnect: true,
    once: new Map(),
  };
}
