/** The kinds of master key that this version can use: one line each. Flags, variables and config keys derive from this list. */

import type { KeyKind, MasterKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import type { KeyOption, KeyProvider, ProviderEntry, UnwrapFailure } from './provider.ts';

export const providers = [
  {
    kind: 'age',
    option: {
      name: 'age',
      short: 'a',
      env: 'SOPS_AGE_RECIPIENTS',
      what: 'age recipients (age1…, age1pq1…, ssh-ed25519 …, ssh-rsa …), comma separated',
    },
    load: async () => (await import('./age/index.ts')).ageProvider,
  },
  {
    kind: 'pgp',
    option: { name: 'pgp', short: 'p', env: 'SOPS_PGP_FP', what: 'PGP fingerprints, comma separated' },
    load: async () => (await import('./pgp.ts')).pgpProvider,
  },
] as const satisfies readonly ProviderEntry[];

/** What a command line needs to know of every kind, without its code. */
export const keyOptions: readonly (KeyOption & { readonly kind: KeyKind })[] = providers.map(({ kind, option }) => ({
  kind,
  ...option,
}));

/**
 * The code of a kind. A kind that a file may name but this version cannot use gives a provider that says so:
 * `parse` throws KEY_INVALID, `wrap` throws WRAP_FAILED, `unwrap` gives a failure.
 */
export async function loadProvider(kind: KeyKind): Promise<KeyProvider> {
  const entry = providers.find(provider => provider.kind === kind);
  return entry === undefined ? unavailable(kind) : entry.load();
}

/** The names under which people know the kinds. */
const kindNames: Readonly<Record<KeyKind, string>> = {
  age: 'age',
  pgp: 'PGP',
  kms: 'AWS KMS',
  gcp_kms: 'Google Cloud KMS',
  azure_kv: 'Azure Key Vault',
  hc_vault: 'HashiCorp Vault',
  hckms: 'HuaweiCloud KMS',
};

function unavailable(kind: KeyKind): KeyProvider {
  const reason = `tsops of this version cannot use ${kindNames[kind]} keys`;
  const hints = [`It can use ${providers.map(provider => kindNames[provider.kind]).join(' and ')} keys.`];
  return {
    kind,
    parse: () => {
      throw new TsopsError('KEY_INVALID', reason, { hints });
    },
    wrap: async () => {
      throw new TsopsError('WRAP_FAILED', reason, { hints });
    },
    unwrap: async (key: MasterKey): Promise<UnwrapFailure> => ({ key, reason, hints }),
  };
}
