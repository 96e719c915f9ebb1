/** The kinds of destination: one line each. The keys of destination rules and the choice among them derive from this list. */

import type { DestinationEntry } from './destination.ts';

export type { Destination, DestinationEntry, DestinationSettings } from './destination.ts';

export const destinations: readonly DestinationEntry[] = [
  { kind: 's3', setting: 's3_bucket', takes: 'file', load: async () => (await import('./s3.ts')).s3 },
  { kind: 'gcs', setting: 'gcs_bucket', takes: 'file', load: async () => (await import('./gcs.ts')).gcs },
  { kind: 'vault', setting: 'vault_path', takes: 'values', load: async () => (await import('./vaultkv.ts')).vaultKv },
];
