/**
 * Keys of the configuration that are almost right. sops ignores a key that it does not know, so `encrypted_regexp` silently
 * encrypts something else than its writer meant; here a near miss is found and named.
 */

/** Names that people take from other places (file metadata, command line options, older configurations). */
const otherNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['gpg', ['pgp']],
  ['fingerprint', ['pgp']],
  ['recipients', ['age']],
  ['awskms', ['kms']],
  ['gcpkmsids', ['gcp_kms']],
  ['azurekv', ['azure_keyvault']],
  ['huaweicloudkms', ['hckms']],
  ['hcvault', ['hc_vault_transit_uri', 'hc_vault']],
  ['hcvaulttransit', ['hc_vault_transit_uri', 'hc_vault']],
  ['hcvaulttransituri', ['hc_vault']],
  ['hcvaulturis', ['hc_vault_transit_uri', 'hc_vault']],
  ['vault', ['hc_vault_transit_uri', 'hc_vault']],
  ['shamirsecretsharingthreshold', ['shamir_threshold']],
  ['threshold', ['shamir_threshold']],
  ['groups', ['key_groups']],
  ['pathpattern', ['path_regex']],
  ['vaulturl', ['vaultUrl']],
  ['rules', ['creation_rules']],
  ['reencryptionrule', ['recreation_rule']],
]);

/** Longer names are no slips of the pen, and comparing them costs time. */
const longestName = 60;

/** The known key that a name is likely to mean. */
export function nearestKey(name: string, known: readonly string[]): string | undefined {
  if (name.length > longestName) return undefined;
  const plain = plainName(name);
  const same = known.find(key => plainName(key) === plain);
  if (same !== undefined) return same;
  const other = otherNames.get(plain)?.find(key => known.includes(key));
  return other ?? closest(plain, known);
}

function closest(plain: string, known: readonly string[]): string | undefined {
  let best: { readonly key: string; readonly slips: number } | undefined;
  for (const key of known) {
    const candidate = plainName(key);
    if (Math.abs(candidate.length - plain.length) > allowedSlips(key)) continue;
    const slips = slipsBetween(plain, candidate);
    if (slips <= allowedSlips(key) && (best === undefined || slips < best.slips)) best = { key, slips };
  }
  return best?.key;
}

/** Without case and separators: `pathRegex`, `path-regex` and `path_regex` are the same. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function allowedSlips(key: string): number {
  return key.length < 10 ? 1 : 2;
}

/** Letters left out, added, replaced or exchanged with their neighbour (Damerau's distance, adjacent exchanges only). */
export function slipsBetween(one: string, other: string): number {
  let previous: number[] = [];
  let current = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const before = previous;
    previous = current;
    current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      const shifted = Math.min(previous[column] ?? 0, current[column - 1] ?? 0) + 1;
      const exchanged = isExchange(one, other, row, column) ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(replaced, shifted, exchanged));
    }
  }
  return current[other.length] ?? 0;
}

function isExchange(one: string, other: string, row: number, column: number): boolean {
  return row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
}
