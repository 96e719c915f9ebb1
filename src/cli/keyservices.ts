/** What master keys may use in a run: this machine, and the key services that the flags name. */

import { TsopsError } from '../errors.ts';
import { type KeyContext, type KeyGroup, openKeyServices, type SystemOptions, systemContext } from '../index.ts';
import type { Call } from './call.ts';
import type { FlagValues } from './flags.ts';

/**
 * sops 3.13.2 cmd/sops/main.go keyservices: this machine first, unless it is switched off, then the others in their order.
 * @param named the keys that the user names for this run, whose addresses are thus the user's own
 * @throws TsopsError USAGE
 */
export function keyContext(call: Call, named: readonly KeyGroup[] = []): KeyContext {
  const { audit, flags, report } = call;
  let configured: Promise<readonly string[]> | undefined;
  const context = systemContext({
    timeoutMs: timeoutOf(flags),
    once,
    trustedAddresses: async () => {
      configured ??= import('./configuration.ts').then(({ configuredAddresses }) => configuredAddresses(call));
      return [...vaultsOf(named), ...(await configured)];
    },
  });
  const { services, warnings } = openKeyServices((flags.keyservice ?? []).join(','), { timeoutMs: context.timeoutMs });
  for (const warning of warnings) if (isNew(warning)) report.warn(warning);
  const onKeysUsed = audit && ((...used: Parameters<typeof audit.used>) => audit.used(...used));
  return { ...context, asked, keyServices: services, localKeyService: flags.enableLocalKeyservice, onKeysUsed };
}

/** What is loaded or asked once a run, however many files there are. */
const once: NonNullable<SystemOptions['once']> = new Map();
const asked: NonNullable<KeyContext['asked']> = new Map();
const said = new Set<string>();

function isNew(warning: string): boolean {
  const before = said.size;
  return said.add(warning).size > before;
}

/** The bound of --timeout in milliseconds. @throws TsopsError USAGE */
export function timeoutOf({ timeout }: FlagValues): number | undefined {
  if (timeout === undefined || timeout > 0) return timeout && timeout * 1000;
  throw new TsopsError('USAGE', '--timeout needs a number of seconds above 0');
}

const vaultsOf = (groups: readonly KeyGroup[]): string[] =>
  groups.flat().flatMap(key => (key.kind === 'azure_kv' ? [key.vaultUrl] : []));
