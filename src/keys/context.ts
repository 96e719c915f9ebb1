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
  /** Bound on every program that is run and every request that is made, in milliseconds. Default: two minutes, and 30 seconds. */
  readonly timeoutMs?: number | undefined;
  /** Whether passphrases may be asked for on the terminal. Default true. */
  readonly mayAsk?: boolean | undefined;
  /** The addresses that the user's own configuration names: a token may be sent there. Asked only where it matters. */
  readonly trustedAddresses?: (() => Promise<readonly string[]>) | undefined;
  /** Shared by contexts, what is loaded or asked once (identities, passphrases, logins) is so for all of them together. */
  readonly once?: KeyContext['once'] | undefined;
}

const terminal = () => import('../host/terminal.ts');

let earlier: Promise<unknown> = Promise.resolve();

/** The ways to the person at the terminal, who is asked one question at a time. */
function questions() {
  const inTurn = <T>(ask: () => Promise<T>): Promise<T> => {
    const answer = earlier.then(ask);
    earlier = answer.catch(() => undefined);
    return answer;
  };
  return {
    askSecret: (prompt: string) => inTurn(async () => (await terminal()).askSecret(prompt)),
    askVisibly: (prompt: string) => inTurn(async () => (await terminal()).askVisibly(prompt)),
    confirm: (question: string, yes: string, no: string | undefined) =>
      inTurn(async () => (await terminal()).confirm(question, yes, no)),
    say: async (line: string) => (await terminal()).say(line),
  };
}

/** The environment, files, programs and terminal of this process, as the command uses them (`docs/keys.md`). */
export function systemContext(options: SystemOptions = {}): KeyContext {
  const { timeoutMs = defaultTimeoutMs, mayAsk = true, trustedAddresses } = options;
  return {
    env,
    readFile: path => readOptionalFile(path),
    homeDir: homeDir(),
    configDir: configDir(),
    run: async (command, args, options) => {
      const { runProgram } = await import('../host/process.ts');
      return runProgram(command, args, { ...options, timeoutMs });
    },
    start: async (command, args) => (await import('../host/process.ts')).startProgram(command, args),
    ...(mayAsk ? questions() : {}),
    timeoutMs,
    requestTimeoutMs: options.timeoutMs,
    mayConnect: true,
    trustedAddresses,
    once: options.once ?? new Map(),
  };
}
