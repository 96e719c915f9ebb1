/** The part that `decrypt` and `edit` share: from encrypted bytes to verified plain values. `docs/format.md` §4. */

import { type Cipher, createCipher } from '../core/cipher.ts';
import { decryptTree, type Stash } from '../core/crypt.ts';
import type { DataKey } from '../core/datakey.ts';
import { type Metadata, spellingAad } from '../core/metadata.ts';
import { compileSelection } from '../core/selection.ts';
import { type Changes, isComment, type Node, type Path } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { EncryptedFile, Format } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { inputFormat } from './input.ts';
import type { StoredSpelling } from './seal.ts';
import { metadataOf, noRandom, type OpenOptions, openDataKey } from './unlock.ts';

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

/** sops answers 1, not 2, for an encrypted file that does not parse. */
export function parseEncrypted(format: Format, bytes: Uint8Array): EncryptedFile {
  try {
    return format.parse(bytes, 'encrypted');
  } catch (error) {
    if (error instanceof TsopsError && error.code === 'FILE_SYNTAX') throw error.with({ exitStatus: 1 });
    throw error;
  }
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
