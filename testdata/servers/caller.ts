/**
 * Asks a master key provider in a process of its own, so that proxies, trusted certificates and credentials come from an environment
 * made for one test. Forked with `callerOf`; it ends with its parent.
 */

import { type ForkOptions, fork, type StdioOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { MasterKey } from '../../src/core/metadata.ts';
import { TsopsError } from '../../src/errors.ts';
import { systemContext } from '../../src/keys/context.ts';
import type { KeyProvider } from '../../src/keys/provider.ts';

export interface Call {
  readonly verb: 'resolve' | 'wrap' | 'unwrap';
  readonly key: MasterKey;
  /** What is to be wrapped, in hex. */
  readonly part?: string;
  readonly timeoutMs?: number;
  readonly trustedAddresses?: readonly string[];
}

/** What came of it: a key, its `enc`, the unwrapped part in hex, or why there is none. */
export interface Outcome {
  readonly key?: MasterKey;
  readonly enc?: string;
  readonly part?: string;
  readonly reason?: string;
  readonly hints?: readonly string[];
  /** Whether the reason was thrown, which `unwrap` must not do. */
  readonly isThrown?: boolean;
  readonly tookMs: number;
}

export interface Caller {
  call(call: Call): Promise<Outcome>;
  /** All that the process has written. */
  readonly written: () => string;
  /** Ends it; gives how long it took until nothing was left to do. */
  end(): Promise<number>;
}

/** @param module of the provider, relative to `src/keys`; @param name its export */
export function callerOf(module: string, name: string, env: Readonly<Record<string, string>>): Caller {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc'];
  // The encryption context of an AWS key is a Map.
  const options: ForkOptions = { env, stdio, serialization: 'advanced' };
  const child = fork(fileURLToPath(import.meta.url), [module, name], options);
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (written += chunk));
  return {
    call: call =>
      new Promise((settle, fail) => {
        const ended = () => fail(new Error(`the caller has ended: ${written}`));
        child.once('exit', ended);
        child.once('message', outcome => {
          child.off('exit', ended);
          settle(outcome as Outcome);
        });
        child.send(call);
      }),
    written: () => written,
    end: () => {
      const start = Date.now();
      child.disconnect();
      return new Promise(settle => child.once('exit', () => settle(Date.now() - start)));
    },
  };
}

async function answer(provider: KeyProvider, call: Call): Promise<Omit<Outcome, 'tookMs'>> {
  const { verb, key, part = '', timeoutMs = 10_000, trustedAddresses } = call;
  const context = { ...system, timeoutMs, trustedAddresses: async () => trustedAddresses ?? [] };
  try {
    if (verb === 'resolve') return { key: (await provider.resolve?.(key, context)) ?? key };
    if (verb === 'wrap') {
      return {
        enc: await provider.wrap(key, Buffer.from(part, 'hex'), context, bytes =>
          crypto.getRandomValues(new Uint8Array(bytes)),
        ),
      };
    }
    const result = await provider.unwrap(key, context);
    if (result instanceof Uint8Array) return { part: Buffer.from(result).toString('hex') };
    return { reason: result.reason, hints: result.hints };
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    return { reason: error.message, hints: error.hints, isThrown: true };
  }
}

const system = systemContext({ mayAsk: false });

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , module = '', name = ''] = process.argv;
  const loaded = (await import(new URL(`../../src/keys/${module}`, import.meta.url).href)) as Record<
    string,
    KeyProvider
  >;
  const provider = loaded[name];
  process.on('message', async (call: Call) => {
    if (provider === undefined) throw new Error('there is no such provider');
    const start = Date.now();
    const outcome = await answer(provider, call);
    process.send?.({ ...outcome, tookMs: Date.now() - start });
  });
}
