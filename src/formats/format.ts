/**
 * What a file format is to tsops. One folder per format, one line in `index.ts`; everything that depends on the list
 * (flags, completion, docs, contract tests) reads it from there.
 *
 * The rule of the house: a file is never printed anew in its own format. `parse` finds the leaves in the text, `rewrite`
 * replaces exactly the leaves that change and adds or removes the `sops` block, so that
 * `parse(encrypted).rewrite(decrypted values) === original`, byte for byte. `print` is for trees without a source text
 * (conversion, new files, `--extract`) and gives exactly what sops prints.
 */

import type { Amendment } from '../core/amend.ts';
import type { LinePlace } from '../core/linemap.ts';
import type { OpeningPass, SealingPass } from '../core/onepass.ts';
import type { Changes, Mapping, Node, Stage, Tree } from '../core/tree.ts';

export type FormatName = 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary';

export interface PrintOptions {
  /** Spaces per level; what `undefined` and -1 mean is the format's own (`docs/format.md` §8). */
  readonly indent?: number | undefined;
}

export interface Format {
  readonly name: FormatName;
  /** Lower-case name endings with their dot; matched at the end of the file name. */
  readonly extensions: readonly string[];
  /**
   * Reads bytes (UTF-8; YAML also UTF-16 with a BOM).
   * @throws TsopsError FILE_SYNTAX (with line and column), NOT_ENCRYPTABLE (a key or value the format of sops cannot hold).
   */
  parse(bytes: Uint8Array, stage: 'plain'): PlainFile;
  parse(bytes: Uint8Array, stage: 'encrypted'): EncryptedFile;
  /**
   * Prints a tree from nothing, as sops prints it; with a block, that of an encrypted file.
   * @throws TsopsError NOT_REPRESENTABLE
   */
  print(tree: Tree<Stage>, options: PrintOptions & { readonly block?: Mapping | undefined }): Uint8Array;
  /**
   * Plain bytes with one change of their first document; every byte outside of what changes stays. What comes out has been read back.
   * The paths of the amendment are those of the tree that `parse` gives.
   * @throws TsopsError NOT_REPRESENTABLE where the format cannot hold the value, or the text cannot be changed in this place alone
   */
  amend(bytes: Uint8Array, amendment: Amendment): Uint8Array;
  /** Prints one extracted node as sops does for `--extract`. @throws TsopsError NOT_REPRESENTABLE */
  printNode(node: Node, options: PrintOptions): Uint8Array;
  /** Set where a file is one value: it may be very large, and no string is made of it where its place is enough. */
  readonly whole?: WholeFormat | undefined;
}

export interface WholeFormat {
  /** @returns undefined for files in which anything but one ciphertext and a block stands, and for what cannot be read */
  locate(bytes: Uint8Array): WholeFile | undefined;
  /** An encrypted file in which the place of the ciphertext, that many bytes, is still to be written. */
  enclose(length: number, block: Mapping, options: PrintOptions): { readonly bytes: Buffer; readonly at: number };
}

/** Where the ciphertext of an encrypted file stands, under the key `data`. Only its beginning has been looked at. */
export interface WholeFile {
  /** Offset of the `E` of `ENC[`. */
  readonly start: number;
  readonly end: number;
  /** The file with an empty text in that place. */
  readonly envelope: EncryptedFile;
}

/**
 * A quicker way for texts of a simple form, without a tree and in little memory, each half loaded when it is used. What it gives is what `parse` and `rewrite` would
 * give; whatever is not as simple as that, or wrong in any way, gets no answer and is left to them.
 */
export interface OnePass {
  readonly sealed: () => Promise<(bytes: Uint8Array) => SealedText | undefined>;
  readonly plain: () => Promise<(bytes: Uint8Array) => PlainText | undefined>;
}

export interface SealedText {
  readonly blocks: readonly StoredBlock[];
  /** The plain text, of use once the MAC has been compared. */
  open(pass: OpeningPass): Uint8Array | undefined;
}

export interface PlainText {
  /** The encrypted text, which has been read back. `block` is called when every value has been handed in, once or not at all. */
  seal(pass: SealingPass, block: () => Mapping, options: PrintOptions): Uint8Array | undefined;
}

/** One `sops` block (or, in flat formats, the `sops_…` lines, unflattened) as it was found in a file. */
export interface StoredBlock {
  /** Which document it stands in, from 0. */
  readonly document: number;
  readonly value: Node;
}

export interface SealOptions {
  /** Whether comments decide what is encrypted; they must then be read the same way in the encrypted text. */
  readonly commentRule?: 'encrypted' | 'unencrypted' | undefined;
  /**
   * The file that was edited: a ciphertext that stood in it keeps the style it had there (sops writes its own), where decrypting
   * that style gives the text of the leaf as it now is.
   */
  readonly former?: EncryptedFile | undefined;
}

export interface PlainFile {
  readonly tree: Tree<'plain'>;
  /** Reserved top-level keys that the plain file already has; encrypting it is then refused. */
  readonly blocks: readonly StoredBlock[];
  /**
   * The text of every replaced leaf or comment that `EncryptedFile.rewrite` could not restore from its value and its
   * style alone, as one opaque text of this format; undefined where there is none. It is stored encrypted
   * (`docs/format.md` §7) and handed back to `EncryptedFile.rewrite`.
   */
  spelling(changes: Changes, options?: SealOptions): string | undefined;
  /**
   * The text with every changed slot replaced and the block added to each document.
   * With `keep`, block text of that file is kept wherever its values are equal (editing changes `mac` and `lastmodified` only).
   */
  rewrite(
    changes: Changes,
    block: Mapping,
    options: PrintOptions & SealOptions & { readonly keep?: EncryptedFile | undefined },
  ): Uint8Array;
}

export interface EncryptedFile {
  /** Without the block. */
  readonly tree: Tree<'encrypted'>;
  /** Every block found, in order; a sound file has one in document 0. */
  readonly blocks: readonly StoredBlock[];
  /**
   * The text with every changed slot replaced and the block taken out. A spelling is used where it still means the
   * decrypted value, and ignored otherwise.
   */
  rewrite(changes: Changes, spelling: string | undefined): Uint8Array;
  /** Where a leaf or comment stands in the text; undefined for what an alias repeats. */
  placeOf(slot: number): LinePlace | undefined;
}
