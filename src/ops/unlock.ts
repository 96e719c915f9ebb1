/** The data key of an encrypted file: its block, and the master keys that are asked. */

import { randomBytes } from 'node:crypto';
import type { RandomSource } from '../core/cipher.ts';
import type { UnverifiedComment } from '../core/crypt.ts';
import type { DataKey } from '../core/datakey.ts';
import { checkVersion, fromStored, type MasterKey, type Metadata } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import type { EncryptedFile } from '../formats/format.ts';
import { explicitContext } from '../keys/context.ts';
import { unwrapDataKey } from '../keys/groups.ts';
import type { KeyContext } from '../keys/provider.ts';
import type { FormatOptions } from './input.ts';

export interface OpenOptions extends FormatOptions {
  /** age identities, each a text as in an identity file. Used only where `keys` is not given. */
  readonly identities?: string | readonly string[] | undefined;
  /** What master keys may use of the machine. Default: only `identities`. */
  readonly keys?: KeyContext | undefined;
  /** Key kinds to try first. Default: age, pgp. */
  readonly decryptionOrder?: readonly string[] | undefined;
  /** Skips the comparison of the MAC. Whatever is in clear text, and the order of everything, is then unprotected. */
  readonly ignoreMac?: boolean | undefined;
  /** Called with the master keys that opened the data key. */
  readonly onOpened?: ((keys: readonly MasterKey[]) => void) | undefined;
  /**
   * Called with the AWS KMS keys that opened only under the wrong encryption context of sops before 3.3.0. The file is opened all the
   * same; for as long as its data key is not encrypted anew, its version must not be raised.
   */
  readonly onOldContext?: ((keys: readonly MasterKey[]) => void) | undefined;
  /** Called with comments that are not ciphertext though the rule says so; they are kept as they stand. */
  readonly onUnverifiedComments?: ((comments: readonly UnverifiedComment[]) => void) | undefined;
}

/** Asks the master keys for the data key. */
export async function openDataKey(metadata: Metadata, options: OpenOptions): Promise<DataKey> {
  checkVersion(metadata.version);
  const keys = options.keys ?? explicitContext({ identities: options.identities });
  const unwrapping = { order: options.decryptionOrder, context: keys };
  const { dataKey, openedBy, oldContexts } = await unwrapDataKey(metadata, unwrapping);
  options.onOpened?.(openedBy);
  if (oldContexts.length > 0) options.onOldContext?.(oldContexts);
  return dataKey;
}

/** Nothing is encrypted while a file is opened. */
export const noRandom: RandomSource = bytes => randomBytes(bytes);

/** The typed block of document 0. @throws TsopsError METADATA_NOT_FOUND, METADATA_INVALID */
export function metadataOf(file: Pick<EncryptedFile, 'blocks'>): Metadata {
  const [block, second] = file.blocks.filter(found => found.document === 0);
  if (block === undefined && file.blocks.length > 0) throw onlyLater();
  if (block === undefined) {
    throw new TsopsError('METADATA_NOT_FOUND', 'sops metadata not found: the file is not encrypted', {
      hints: ['Encrypt it with `tsops encrypt -i FILE`, or pass --if-needed to let plain files through.'],
    });
  }
  if (second !== undefined)
    throw new TsopsError('METADATA_INVALID', 'the file has more than one sops block', {
      hints: ['Keep the block that belongs to the values; a bad merge may have left both.'],
    });
  return fromStored(block.value);
}

function onlyLater(): TsopsError {
  return new TsopsError(
    'METADATA_NOT_FOUND',
    'the first document has no sops block, and a later one has one of its own',
    {
      hints: ['The documents were encrypted one by one and put together: keep each in a file of its own.'],
    },
  );
}
