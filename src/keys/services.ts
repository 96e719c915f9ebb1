/**
 * Who wraps and unwraps with a master key: the provider of its kind in this process, unless that is switched off, and then the key
 * services of the context, one after the other until one succeeds. sops 3.13.2 sops.go UpdateMasterKeysWithKeyServices, decryptKey.
 */

import type { RandomSource } from '../core/cipher.ts';
import type { MasterKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { askedOnce } from './asked.ts';
import { loadProvider } from './index.ts';
import { printable } from './printable.ts';
import type { KeyContext, UnwrapFailure } from './provider.ts';

/** Why one service did not do it. */
interface Refusal {
  readonly service: string;
  readonly reason: string;
  readonly hints: readonly string[];
}

/**
 * The key with its `enc`.
 * @throws TsopsError WRAP_FAILED; the message is the reason alone, with the name of each service where there are several
 */
export async function wrapKey(
  key: MasterKey,
  part: Uint8Array,
  context: KeyContext,
  random: RandomSource,
): Promise<MasterKey> {
  const refusals: Refusal[] = [];
  const services = [
    ...(isLocalOn(context) ? [{ name: local, wrap: () => wrapHere(key, part, context, random) }] : []),
    ...(context.keyServices ?? []).map(service => ({
      name: service.name,
      wrap: async () => ({ ...key, enc: await service.wrap(key, part) }),
    })),
  ];
  for (const { name, wrap } of services) {
    try {
      return await wrap();
    } catch (error) {
      if (!(error instanceof TsopsError)) throw error;
      refusals.push({ service: name, reason: error.message, hints: error.hints });
    }
  }
  const { reason, hints } = together(refusals);
  throw new TsopsError('WRAP_FAILED', reason, { hints });
}

async function wrapHere(
  key: MasterKey,
  part: Uint8Array,
  context: KeyContext,
  random: RandomSource,
): Promise<MasterKey> {
  const provider = await loadProvider(key.kind);
  const resolved = await resolveKey(key, context);
  return { ...resolved, enc: await provider.wrap(resolved, part, context, random) };
}

/** The key with what only its service knows: see `resolve` of a provider. @throws TsopsError WRAP_FAILED; the message is the reason alone */
export async function resolveKey(key: MasterKey, context: KeyContext): Promise<MasterKey> {
  const provider = await loadProvider(key.kind);
  if (provider.resolve === undefined) return key;
  const ask = async () => (await provider.resolve?.(key, context)) ?? key;
  const resolved = await askedOnce(context, `resolve ${idOf(key)}`, ask);
  return 'createdAt' in key && 'createdAt' in resolved ? { ...resolved, createdAt: key.createdAt } : resolved;
}

/** All that tells one request from another. */
function idOf(key: MasterKey): string {
  return JSON.stringify(key, (name, value: unknown) => {
    if (name === 'createdAt') return undefined;
    return value instanceof Map ? [...value] : value;
  });
}

/**
 * The data key or share that `enc` holds, of exactly `partBytes`: a wrapped key can hold anything, and a service can answer
 * anything. What has another length is a failure, so that other services and keys get their turn.
 */
export async function unwrapKey(
  key: MasterKey,
  partBytes: number,
  context: KeyContext,
): Promise<Uint8Array | UnwrapFailure> {
  const ask = () => unwrapAnew(key, partBytes, context);
  const isPart = (answer: Uint8Array | UnwrapFailure) => answer instanceof Uint8Array;
  const answer = await askedOnce(context, `unwrap ${partBytes} ${idOf(key)}`, ask, isPart);
  // Whoever gets a part wipes it.
  return answer instanceof Uint8Array && context.asked !== undefined ? Uint8Array.from(answer) : answer;
}

async function unwrapAnew(key: MasterKey, partBytes: number, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  const refusals: Refusal[] = [];
  const services = [
    ...(isLocalOn(context)
      ? [{ name: local, unwrap: async () => (await loadProvider(key.kind)).unwrap(key, context) }]
      : []),
    ...(context.keyServices ?? []).map(service => ({ name: service.name, unwrap: () => service.unwrap(key) })),
  ];
  for (const { name, unwrap } of services) {
    const result = await unwrap();
    if (result instanceof Uint8Array && result.length === partBytes) return result;
    refusals.push({ service: name, ...(result instanceof Uint8Array ? wrongLength(result, partBytes) : result) });
  }
  return { key, ...together(refusals) };
}

function wrongLength(result: Uint8Array, partBytes: number): Omit<Refusal, 'service'> {
  const reason = `it opened, but what it holds is ${result.length} bytes long instead of ${partBytes}`;
  result.fill(0);
  return { reason, hints: ['Take the `enc` text of this key from an older version of the file.'] };
}

const local = 'this machine';

const isLocalOn = ({ localKeyService = true }: KeyContext): boolean => localKeyService;

/** With a single service its name would say nothing, unless it is another one than usual. */
function together(refusals: readonly Refusal[]): Omit<Refusal, 'service'> {
  const [first] = refusals;
  if (first === undefined) {
    const reason = 'there is no key service to ask: the local one is switched off and no other one can be used';
    return { reason, hints: ['Leave out --enable-local-keyservice=false, or name a service with --keyservice.'] };
  }
  const hints = [...new Set(refusals.flatMap(refusal => refusal.hints))];
  if (refusals.length === 1 && first.service === local) return { reason: first.reason, hints };
  return { reason: refusals.map(({ service, reason }) => `${printable(service)}: ${reason}`).join('; '), hints };
}
