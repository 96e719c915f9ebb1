/**
 * What a kind of master key is to tsops. One file or folder per kind, one line in `index.ts`; flags, environment names,
 * config keys, completion and docs derive from that list.
 */

import type { RandomSource } from '../core/cipher.ts';
import type { MasterKey } from '../core/metadata.ts';
import type { RunningProgram } from '../host/process.ts';

/** What a provider may use of the machine. The command gives all of it, the library only what its caller hands in. */
export interface KeyContext {
  /** The value of an environment variable, or undefined. */
  env(name: string): string | undefined;
  /** The bytes of a file, or undefined where it does not exist; other failures are thrown. */
  readFile(path: string): Promise<Uint8Array | undefined>;
  /** The user's home folder, and the folder for per-user configuration (`docs/keys.md`), or undefined where there is none. */
  readonly homeDir: string | undefined;
  readonly configDir: string | undefined;
  /**
   * Runs a program without a shell and returns its status (127: not found, null: killed after `timeoutMs`) and output;
   * `stdin` is closed after `input`, `env` is added to the environment. Undefined where no program may be run.
   */
  readonly run?: ((command: string, args: readonly string[], options: RunOptions) => Promise<RunResult>) | undefined;
  /** Starts a program without a shell, to talk with it; undefined where it was not found. Itself undefined where no program may be run. */
  readonly start?: ((command: string, args: readonly string[]) => Promise<RunningProgram | undefined>) | undefined;
  /** Asks on the terminal without echo; undefined where nobody can be asked. */
  askSecret?: ((prompt: string) => Promise<string | undefined>) | undefined;
  /** The same, but the answer may be seen while it is typed. */
  askVisibly?: ((prompt: string) => Promise<string | undefined>) | undefined;
  /** Lets the user choose; without `no` there is only one thing to choose. Undefined where nobody chose. */
  confirm?: ((question: string, yes: string, no: string | undefined) => Promise<boolean | undefined>) | undefined;
  /** Shows the user a line, such as a plugin's "touch the key now"; false where nobody can see it. */
  say?: ((line: string) => Promise<boolean>) | undefined;
  /** Bound on every single external step, in milliseconds; a person may have to act in it (a program, a plugin, a login). */
  readonly timeoutMs: number;
  /** The same for what waits for nobody: a request with its retries. Default: `timeoutMs`, but not more than 30 seconds. */
  readonly requestTimeoutMs?: number | undefined;
  /** Whether network services may be asked, with the credentials of this machine. False for the library unless told. */
  readonly mayConnect: boolean;
  /**
   * The addresses of master keys that the user's own configuration names (not the file's): where a token may be sent. Asked only
   * where the answer depends on it, since a configuration may have to be read for it. It does not throw.
   */
  readonly trustedAddresses?: (() => Promise<readonly string[]>) | undefined;
  /** Whether keys that have no `enc` yet are named by the user. Not so in a key service, which others tell their keys. Default true. */
  readonly namesOwnKeys?: boolean | undefined;
  /** Further services that are asked for what this machine cannot do itself (`keyservice/client.ts`), in this order. */
  readonly keyServices?: readonly KeyService[] | undefined;
  /** Whether the providers of this process are asked, before all key services. Default true. */
  readonly localKeyService?: boolean | undefined;
  /** age identities handed in by the caller (library use), each a text as in an identity file. */
  readonly ageIdentities?: readonly string[] | undefined;
  /**
   * Told of every use of master keys before what they gave is handed on: which of them opened a data key, or for which of them it was
   * encrypted. What it throws ends the work.
   */
  readonly onKeysUsed?: ((use: 'unwrap' | 'wrap', keys: readonly MasterKey[]) => void) | undefined;
  /** For what must be loaded or asked once a run: each provider keeps it under a key of its own. */
  readonly once: Map<string, Promise<unknown>>;
  /**
   * What services and programs have answered, data keys among it, so that the same is not asked twice. Only for a process that ends
   * with its work; undefined where every question is asked anew.
   */
  readonly asked?: Map<string, Promise<unknown>> | undefined;
}

/** Somebody else who wraps and unwraps with master keys. */
export interface KeyService {
  /** Its address, as reports name it. */
  readonly name: string;
  /**
   * The wrapped form of a data key or share, as stored in `enc`.
   * @throws TsopsError WRAP_FAILED; the message is the reason alone
   */
  wrap(key: MasterKey, part: Uint8Array): Promise<string>;
  /** The data key or share, or why there is none. It never throws. */
  unwrap(key: MasterKey): Promise<Uint8Array | UnwrapFailure>;
}

export interface RunOptions {
  readonly input?: Uint8Array | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface RunResult {
  readonly status: number | null;
  readonly stdout: Uint8Array;
  /** Never shown to anybody: a program's text can hold a secret. */
  readonly stderr: Uint8Array;
}

/** Why one master key did not give the data key, in plain words, and what to do about it. Never a secret. */
export interface UnwrapFailure {
  readonly key: MasterKey;
  readonly reason: string;
  readonly hints: readonly string[];
}

/** How a kind of key is given on the command line. */
export interface KeyOption {
  /** The option without dashes, and its short form without a dash. */
  readonly name: string;
  readonly short?: string;
  /** The variable that sets its default. */
  readonly env: string;
  /** One line for the help text. */
  readonly what: string;
}

/** One line of the list in `index.ts`: what is known of a kind without loading its code. */
export interface ProviderEntry<M extends MasterKey = MasterKey> {
  /** The identifier in `--decryption-order` and in reports: `age`, `pgp` … */
  readonly kind: M['kind'];
  readonly option: KeyOption;
  /** Whether its keys are opened on this machine, where a person may be asked; else a service in the network opens them. */
  readonly isLocal: boolean;
  load(): Promise<KeyProvider<M>>;
}

export interface KeyProvider<M extends MasterKey = MasterKey> {
  readonly kind: M['kind'];
  /**
   * Master keys from one text as it stands on a command line or in `.sops.yaml` (comma separated). An empty text gives none.
   * @param createdAt RFC 3339 to the second, for the kinds that keep a date; the present unless told.
   * @throws TsopsError KEY_INVALID
   */
  parse(text: string, createdAt?: string): M[];
  /**
   * The key with what only its service knows and the file has to store: the version of an Azure key that was named without one.
   * Called before `wrap`, and before keys are compared with those of a file; a key that lacks nothing is given back as it is.
   * @throws TsopsError WRAP_FAILED; the message is the reason alone, the caller names the key
   */
  resolve?(key: M, context: KeyContext): Promise<M>;
  /**
   * The wrapped form of a data key or share, as stored in `enc`.
   * @throws TsopsError WRAP_FAILED; the message is the reason alone, the caller names the key
   */
  wrap(key: M, part: Uint8Array, context: KeyContext, random: RandomSource): Promise<string>;
  /**
   * The data key or share; an `UnwrapFailure` where no key at hand opens it (not ours, not found, broken: the reason says which).
   * It never throws for anything that another master key of the file could still make good.
   */
  unwrap(key: M, context: KeyContext): Promise<Uint8Array | UnwrapFailure>;
}
