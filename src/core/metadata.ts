/**
 * The `sops` block of a file in its typed form. `stored.ts` reads and writes it and is the only home of its stored names.
 * `docs/format.md` §6; sops 3.13.2 stores/metadata.go, stores/stores.go.
 */

import { TsopsError } from '../errors.ts';
import type { SelectionRule } from './selection.ts';

export { fromStored, rekeyedBlock, resealedBlock, toStored } from './stored.ts';

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

/** What new files name as the version of their writer: the sops release whose rules they follow. */
export const formatVersion = '3.13.3';

/** The additional data of the spelling field. No value has it (theirs end in a colon) and no MAC (that is a time). */
export const spellingAad = 'tsops_spelling';

/** The text form of a master key by which sops compares and shows it. `docs/format.md` §6; sops 3.13.2 ToString of each key. */
export function masterKeyText(key: MasterKey): string {
  switch (key.kind) {
    case 'age':
      return key.recipient;
    case 'pgp':
      return key.fingerprint;
    case 'kms':
      return awsKmsText(key);
    case 'gcp_kms':
      return key.resourceId;
    case 'azure_kv':
      return `${key.vaultUrl}/keys/${key.name}/${key.version}`;
    case 'hc_vault':
      return `${key.vaultAddress}/v1/${key.enginePath}/keys/${key.keyName}`;
    case 'hckms':
      return key.keyId;
  }
}

function awsKmsText({ arn, role, context, awsProfile }: AwsKmsKey): string {
  const text = role === '' ? arn : `${arn}+${role}`;
  const pairs = [...context].map(([name, value]) => `${name}:${value}`).sort(byBytes);
  if (awsProfile !== '') return `${text}|${pairs.join(',')}|${awsProfile}`;
  return pairs.length === 0 ? text : `${text}|${pairs.join(',')}`;
}

/** The order of Go's sort.Strings. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Semantic Versioning 2.0.0 §2, §9, §10. */
const semver =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/**
 * Refuses what sops refuses before it decrypts: a version that is neither semver (a `v` in front is fine) nor of sops 1.
 * @throws TsopsError METADATA_INVALID
 */
export function checkVersion(version: string): void {
  if (version.startsWith('1.') || semver.test(version.replace(/^v/, ''))) return;
  const what = version === '' ? 'is missing' : 'is not a version number such as 3.13.3';
  throw new TsopsError('METADATA_INVALID', `the version in the sops block ${what}`, {
    path: ['sops', 'version'],
    hints: ['Restore the sops block from version control; the file was changed by hand or by a bad merge.'],
  });
}
