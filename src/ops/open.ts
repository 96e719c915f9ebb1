/** The part that `decrypt` and `edit` share: from encrypted bytes to verified plain values. `docs/format.md` §4. */

import { randomBytes } from 'node:crypto';
import { type Cipher, createCipher, type RandomSource } from '../core/cipher.ts';
import { decryptTree, type Stash, type UnverifiedComment } from '../core/crypt.ts';
import type { DataKey } from '../core/datakey.ts';
import { checkVersion, fromStored, type MasterKey, type Metadata, spellingAad } from '../core/metadata.ts';
import { compileSelection } from '../core/selection.ts';
import { type Changes, isComment, type Node, type Path } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { EncryptedFile, Format } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { explicitContext } from '../keys/context.ts';
import { unwrapDataKey } from '../keys/groups.ts';
import type { KeyContext } from '../keys/provider.ts';
import { type FormatOptions, inputFormat } from './input.ts';
import type { StoredSpelling } from './seal.ts';

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

/** A file whose values are decrypted and whose MAC has been compared. */
export interface OpenedFile {
  readonly format: Format;
  readonly file: EncryptedFile;
  readonly metadata: Metadata;
  readonly dataKey: DataKey;
  readonly changes: Changes;
  readonly stash: Stash;
  readonly spelling: StoredSpelling | undefined;
}

export async function open(bytes: Uint8Array, options: OpenOptions): Promise<OpenedFile> {
  const format = await formatEntry(inputFormat(options)).load();
  const file = parseEncrypted(format, bytes);
  const metadata = metadataOf(file);
  return openWith(await openDataKey(metadata, options), { format, file, metadata }, options);
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

/** The second half of `open`, where the data key is known. */
export async function openWith(
  dataKey: DataKey,
  { format, file, metadata }: Pick<OpenedFile, 'format' | 'file' | 'metadata'>,
  options: OpenOptions,
): Promise<OpenedFile> {
  const cipher = createCipher(dataKey, noRandom);
  const selection = await compileSelection(metadata.selection, { invalidMatchesNothing: true });
  const { changes, stash, unverifiedComments } = decryptTree(file.tree, {
    cipher,
    selection,
    macOnlyEncrypted: metadata.macOnlyEncrypted,
    lastModified: metadata.lastModified,
    mac: metadata.mac,
    ignoreMac: options.ignoreMac ?? false,
  });
  if (unverifiedComments.length > 0) options.onUnverifiedComments?.(unverifiedComments);
  return { format, file, metadata, dataKey, changes, stash, spelling: spellingOf(metadata, cipher) };
}

/** Nothing is encrypted while a file is opened. */
export const noRandom: RandomSource = bytes => randomBytes(bytes);

/** sops answers 1, not 2, for an encrypted file that does not parse. */
export function parseEncrypted(format: Format, bytes: Uint8Array): EncryptedFile {
  try {
    return format.parse(bytes, 'encrypted');
  } catch (error) {
    if (error instanceof TsopsError && error.code === 'FILE_SYNTAX') throw error.with({ exitStatus: 1 });
    throw error;
  }
}

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

/** The spelling is an extra: one that does not decrypt has been outdated by another tool and is left out. */
function spellingOf(metadata: Metadata, cipher: Cipher): StoredSpelling | undefined {
  if (metadata.spelling === undefined) return undefined;
  try {
    const text = cipher.decrypt(metadata.spelling, spellingAad);
    return typeof text === 'string' ? { text, encrypted: metadata.spelling } : undefined;
  } catch {
    return undefined;
  }
}

/** The places of all encrypted values, document by document. */
export function encryptedPaths({ file, changes }: OpenedFile): Path[] {
  const paths: Path[] = [];
  const stack: { readonly path: Path; readonly node: Node }[] = [...file.tree.documents]
    .reverse()
    .map(node => ({ path: [], node }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { path, node } = next;
    if (node.kind === 'leaf') {
      const plain = changes[node.slot];
      if (plain !== undefined && !isComment(plain)) paths.push(path);
      continue;
    }
    const values = node.items.filter(item => item.kind !== 'comment');
    const inner = values.map((item, index) =>
      item.kind === 'entry' ? { path: [...path, item.key], node: item.value } : { path: [...path, index], node: item },
    );
    stack.push(...inner.reverse());
  }
  return paths;
}
