/**
 * The `sops` block of a file: its typed form, and the only home of its stored (snake_case) names.
 * `docs/format.md` §6; sops 3.13.2 stores/metadata.go, stores/stores.go.
 */

import type { SelectionRule } from './selection.ts';

/** One master key as a file stores it. `enc` is the wrapped data key (or share) and empty until it has been wrapped. */
export type MasterKey = AgeKey | PgpKey | AwsKmsKey | GcpKmsKey | AzureKeyVaultKey | VaultKey | HuaweiKmsKey;

interface Wrapped {
  readonly enc: string;
}
/** RFC 3339 to the second, as it stands in the file; when the key entry was made. */
interface Dated {
  readonly createdAt: string;
}

export interface AgeKey extends Wrapped {
  readonly kind: 'age';
  readonly recipient: string;
}
export interface PgpKey extends Wrapped, Dated {
  readonly kind: 'pgp';
  readonly fingerprint: string;
}
export interface AwsKmsKey extends Wrapped, Dated {
  readonly kind: 'kms';
  readonly arn: string;
  readonly role: string;
  readonly awsProfile: string;
  readonly context: ReadonlyMap<string, string>;
}
export interface GcpKmsKey extends Wrapped, Dated {
  readonly kind: 'gcp_kms';
  readonly resourceId: string;
}
export interface AzureKeyVaultKey extends Wrapped, Dated {
  readonly kind: 'azure_kv';
  readonly vaultUrl: string;
  readonly name: string;
  readonly version: string;
}
export interface VaultKey extends Wrapped, Dated {
  readonly kind: 'hc_vault';
  readonly vaultAddress: string;
  readonly enginePath: string;
  readonly keyName: string;
}
export interface HuaweiKmsKey extends Wrapped, Dated {
  readonly kind: 'hckms';
  readonly keyId: string;
}

/** The identifier of a kind of key, as in `--decryption-order` and as the name of its list in the block. */
export type KeyKind = MasterKey['kind'];
export type MasterKeyOf<K extends KeyKind> = Extract<MasterKey, { readonly kind: K }>;

export type KeyGroup = readonly MasterKey[];

/** All that the `sops` block says. */
export interface Metadata {
  /** One group: every key opens the data key. Several: each key opens its group's share. */
  readonly groups: readonly KeyGroup[];
  /** 0 where the file names none. */
  readonly shamirThreshold: number;
  /** RFC 3339 to the second, `Z` for a zero offset: exactly the text that is the additional data of the MAC. */
  readonly lastModified: string;
  /** The MAC as stored (`ENC[…]`); empty where the file has none. */
  readonly mac: string;
  readonly selection: SelectionRule;
  readonly macOnlyEncrypted: boolean;
  /** The version of the program that wrote the file, semver. */
  readonly version: string;
  /** The encrypted spelling field of tsops (`docs/format.md` §7); undefined where there is none. */
  readonly spelling?: string | undefined;
}
