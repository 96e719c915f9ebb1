/**
 * The kinds of master key: one line each. Flags, variables and config keys derive from this list; its order is that of keys that are
 * given on a command line (sops 3.13.2 cmd/sops/main.go keyGroups).
 */

import type { KeyKind } from '../core/metadata.ts';
import { once } from '../core/once.ts';
import type { KeyOption, KeyProvider, ProviderEntry } from './provider.ts';

export const providers = [
  {
    kind: 'kms',
    option: {
      name: 'kms',
      short: 'k',
      env: 'SOPS_KMS_ARN',
      what: 'AWS KMS ARNs, each with + and the ARN of a role behind it where one is to be assumed, comma separated',
    },
    isLocal: false,
    load: once(async () => (await import('./awskms.ts')).awsKmsProvider),
  },
  {
    kind: 'gcp_kms',
    option: {
      name: 'gcp-kms',
      env: 'SOPS_GCP_KMS_IDS',
      what: 'Google Cloud KMS keys (projects/…/cryptoKeys/KEY), comma separated',
    },
    isLocal: false,
    load: once(async () => (await import('./gcpkms.ts')).gcpKmsProvider),
  },
  {
    kind: 'hckms',
    option: {
      name: 'hckms',
      env: 'SOPS_HUAWEICLOUD_KMS_IDS',
      what: 'HuaweiCloud KMS keys (REGION:KEY-ID), comma separated',
    },
    isLocal: false,
    load: once(async () => (await import('./hckms.ts')).hckmsProvider),
  },
  {
    kind: 'azure_kv',
    option: {
      name: 'azure-kv',
      env: 'SOPS_AZURE_KEYVAULT_URLS',
      what: 'URLs of Azure Key Vault keys (https://NAME.vault.azure.net/keys/KEY/VERSION), comma separated',
    },
    isLocal: false,
    load: once(async () => (await import('./azurekv.ts')).azureKvProvider),
  },
  {
    kind: 'pgp',
    option: { name: 'pgp', short: 'p', env: 'SOPS_PGP_FP', what: 'PGP fingerprints, comma separated' },
    isLocal: true,
    load: once(async () => (await import('./pgp.ts')).pgpProvider),
  },
  {
    kind: 'hc_vault',
    option: {
      name: 'hc-vault-transit',
      env: 'SOPS_VAULT_URIS',
      what: 'URIs of HashiCorp Vault or OpenBao transit keys (https://HOST:8200/v1/transit/keys/KEY), comma separated',
    },
    isLocal: false,
    load: once(async () => (await import('./vault/index.ts')).vaultProvider),
  },
  {
    kind: 'age',
    option: {
      name: 'age',
      short: 'a',
      env: 'SOPS_AGE_RECIPIENTS',
      what: 'age recipients (age1…, age1pq1…, ssh-ed25519 …, ssh-rsa …), comma separated',
    },
    isLocal: true,
    load: once(async () => (await import('./age/index.ts')).ageProvider),
  },
] as const satisfies readonly ProviderEntry[];

/** What a command line needs to know of every kind, without its code. */
export const keyOptions: readonly (KeyOption & { readonly kind: KeyKind })[] = providers.map(({ kind, option }) => ({
  kind,
  ...option,
}));

/** The code of a kind. */
export async function loadProvider(kind: KeyKind): Promise<KeyProvider> {
  return entryOf(kind).load();
}

/** Whether keys of a kind are opened on this machine, where a person may be asked, and not by a service in the network. */
export function isLocal(kind: KeyKind): boolean {
  return entryOf(kind).isLocal;
}

function entryOf(kind: KeyKind): ProviderEntry {
  const entry: ProviderEntry | undefined = providers.find(provider => provider.kind === kind);
  if (entry === undefined) throw new RangeError('a kind of master key without a provider');
  return entry;
}
