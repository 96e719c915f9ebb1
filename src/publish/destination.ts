/** What a destination of `publish` is to tsops. One file per kind, one line in `index.ts`. */

import { TsopsError } from '../errors.ts';
import type { KeyContext } from '../keys/provider.ts';

/** The texts of a destination rule by their key in `.sops.yaml`; what is not set is empty. */
export type DestinationSettings = ReadonlyMap<string, string>;

/** One line of the list in `index.ts`. */
export interface DestinationEntry {
  readonly kind: string;
  /** The key of a destination rule that names a destination of this kind. */
  readonly setting: string;
  /** `file`: encrypted files are kept there as they are. `values`: decrypted values, as one JSON object. */
  readonly takes: 'file' | 'values';
  load(): Promise<(settings: DestinationSettings, context: KeyContext) => Destination>;
}

export interface Destination {
  /** Where something of this name goes, for people. */
  address(name: string): string;
  /**
   * Writes the content there.
   * @returns `current` where it was there already
   * @throws TsopsError PUBLISH_FAILED; it holds nothing of the content and of the answer
   */
  send(name: string, content: Uint8Array): Promise<'written' | 'current'>;
}

export function failed(reason: string, hints: readonly string[] = []): TsopsError {
  return new TsopsError('PUBLISH_FAILED', reason, { hints });
}
