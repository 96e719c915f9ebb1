/**
 * Encrypting and decrypting whole trees: one walk with selection, cipher and MAC.
 * `docs/format.md` §3 to §5; sops 3.13.2 sops.go Encrypt and Decrypt, with the rule of 3.13.3 that a list item which
 * decrypts to a comment is no part of the MAC.
 */

import { TsopsError, type Where } from '../errors.ts';
import { type Cipher, looksEncrypted, type Value } from './cipher.ts';
import { Digest, encryptMac, verifyMac } from './mac.ts';
import type { Selection } from './selection.ts';
import { ReuseAll, type Stash } from './stash.ts';
import {
  type Changes,
  type Comment,
  comment,
  isComment,
  type Leaf,
  type Path,
  type Scalar,
  type Tree,
} from './tree.ts';
import { type Place, type Visitor, walk } from './walk.ts';
import { type Wanted, wantedOf } from './wanted.ts';

export type { Stash } from './stash.ts';

interface TreeRules {
  readonly cipher: Cipher;
  readonly selection: Selection;
  readonly macOnlyEncrypted: boolean;
  /** RFC 3339 to the second: the additional data of the MAC. */
  readonly lastModified: string;
}

export interface EncryptTreeOptions extends TreeRules {
  /** Ciphertexts of the former version of the file, made under the same data key. */
  readonly stash?: Stash | undefined;
  /** Of other versions of the file under the same data key, the best first. */
  readonly otherStashes?: readonly Stash[] | undefined;
}

export interface EncryptedTree {
  readonly changes: Changes;
  /** The encrypted MAC. */
  readonly mac: string;
  /** How many values there are to encrypt or leave in clear: all but null and empty strings. */
  readonly leaves: number;
  /** How many of them are encrypted. Comments do not count. */
  readonly encrypted: number;
}

/**
 * The ciphertext of every selected value and comment.
 * @throws TsopsError NOT_ENCRYPTABLE where the ciphertext of a comment matches the expression of a comment rule, where a comment
 *   selects a value only until an alias is written out, or where a time has an impossible zone.
 */
export function encryptTree(tree: Tree<'plain'>, options: EncryptTreeOptions): EncryptedTree {
  const encryptor = new Encryptor(tree, options);
  walk(tree, options.selection, encryptor);
  return encryptor.finish();
}

/** One value or comment that is new, changed or moved. */
interface Pending {
  readonly slot: number;
  readonly value: Value | Comment;
  readonly aad: string;
  readonly where: Where;
}

class Encryptor implements Visitor {
  readonly #options: EncryptTreeOptions;
  readonly #digest: Digest;
  readonly #changes: (Scalar | Comment | undefined)[];
  readonly #reuse: ReuseAll | undefined;
  readonly #wanted: Wanted | undefined;
  readonly #pending: Pending[] = [];
  #visited = 0;
  #leaves = 0;
  #encrypted = 0;

  constructor(tree: Tree<'plain'>, options: EncryptTreeOptions) {
    this.#options = options;
    this.#digest = new Digest(options.macOnlyEncrypted);
    this.#changes = new Array(tree.slots);
    this.#reuse = options.stash && new ReuseAll(tree, [options.stash, ...(options.otherStashes ?? [])]);
    this.#wanted = tree.asWritten && wantedOf(tree.asWritten, options.selection);
  }

  leaf({ value, slot }: Leaf, selected: boolean, place: Place): boolean {
    if (value === null) return false;
    const wanted = this.#wanted?.leaves[this.#visited++] === true;
    if (selected || !this.#options.macOnlyEncrypted) {
      try {
        this.#digest.add(value);
      } catch (error) {
        throw located(error, place);
      }
    }
    const empty = isEmpty(value);
    if (wanted && !selected && !empty) throw notSelectable(place);
    if (!empty) this.#leaves++;
    if (selected && !empty) {
      this.#encrypted++;
      this.#encrypt(slot, value, place);
    }
    return false;
  }

  comment(item: Comment, selected: boolean, place: Place): void {
    if (item.text === '') return;
    if (selected) this.#encrypt(item.slot, item, place);
    else if (this.#wanted?.comments.has(item.slot)) this.#encryptMoved(item, place);
  }

  /**
   * A comment that the rule selected before the block stood behind it. sops leaves its ciphertext where it is; decryptTree opens it.
   */
  #encryptMoved(item: Comment, place: Place): void {
    const ciphertext = this.#reuse?.unmoved(item.slot) ?? this.#ciphertext(item, place.aad());
    if (this.#options.selection.isTrigger(ciphertext)) throw ciphertextMatches(whereOf(place));
    this.#changes[item.slot] = ciphertext;
  }

  #encrypt(slot: number, value: Value | Comment, place: Place): void {
    const kept = this.#reuse?.unmoved(slot);
    // The place of a comment is kept for the check of its ciphertext; a value has none.
    const where = isComment(value) ? whereOf(place) : {};
    if (kept !== undefined) this.#store(slot, kept, where);
    else if (this.#reuse !== undefined) this.#pending.push({ slot, value, aad: place.aad(), where });
    else this.#store(slot, this.#ciphertext(value, place.aad()), where);
  }

  #ciphertext(value: Value | Comment, aad: string): string {
    const { cipher } = this.#options;
    return isComment(value) ? cipher.encryptComment(value.text, aad) : cipher.encrypt(value, aad);
  }

  #store(slot: number, ciphertext: string, where: Where): void {
    this.#changes[slot] = ciphertext;
    if (where.path === undefined || !this.#options.selection.refusesCiphertext(ciphertext)) return;
    throw ciphertextMatches(where);
  }

  finish(): EncryptedTree {
    for (const { slot, value, aad, where } of this.#pending) {
      this.#store(slot, this.#reuse?.moved(value, aad) ?? this.#ciphertext(value, aad), where);
    }
    const { cipher, lastModified } = this.#options;
    const mac = encryptMac(this.#digest.finish(), cipher, lastModified);
    return { changes: this.#changes, mac, leaves: this.#leaves, encrypted: this.#encrypted };
  }
}

function ciphertextMatches(where: Where): TsopsError {
  return new TsopsError('NOT_ENCRYPTABLE', 'the ciphertext of a comment matches the expression of the comment rule', {
    ...where,
    hints: ['Change the expression so that it cannot match text such as ENC[AES256_GCM,data:…].'],
  });
}

function notSelectable(place: Place): TsopsError {
  return new TsopsError(
    'NOT_ENCRYPTABLE',
    'a comment selects this value through an alias; written out, it would stay in clear text',
    {
      ...whereOf(place),
      hints: ['Write the values out in place of the alias, each with the comment that selects it.'],
    },
  );
}

const isEmpty = (value: Value): boolean =>
  (typeof value === 'string' || value instanceof Uint8Array) && value.length === 0;

export interface DecryptTreeOptions extends TreeRules {
  /** The encrypted MAC as stored; empty where the file has none. */
  readonly mac: string;
  /** Leaves the MAC out of account: order, additions, removals and clear values are then unprotected. Default false. */
  readonly ignoreMac?: boolean | undefined;
}

/** A comment that the rule says is encrypted and that does not decrypt: it may be clear text of somebody else. */
export interface UnverifiedComment {
  readonly document: number;
  /** Of the container it stands in. */
  readonly path: Path;
  readonly slot: number;
}

export interface DecryptedTree {
  readonly changes: Changes;
  /** They are kept as they stand. */
  readonly unverifiedComments: readonly UnverifiedComment[];
  /** For encrypting an edited version of the file under the same data key. */
  readonly stash: Stash;
}

/**
 * The plain value of every selected value and comment. Nothing is returned before the MAC has been compared.
 * @throws TsopsError VALUE_UNDECRYPTABLE (with path and document), MAC_MISMATCH
 */
export function decryptTree(tree: Tree<'encrypted'>, options: DecryptTreeOptions): DecryptedTree {
  const decryptor = new Decryptor(tree, options);
  walk(tree, options.selection, decryptor);
  const { changes, unverifiedComments } = decryptor.finish();
  return { changes, unverifiedComments, stash: { tree, changes } };
}

/** A search costs up to a hundred decryptions; a file full of foreign comments must not take minutes. */
const searchLimit = 1000;

class Decryptor implements Visitor {
  readonly #options: DecryptTreeOptions;
  readonly #digest: Digest;
  readonly #changes: (Scalar | Comment | undefined)[];
  readonly #unverified: UnverifiedComment[] = [];
  /** How many more comments are looked for elsewhere. */
  #searches = searchLimit;
  /** The first value of a mapping that decrypted to a comment; no tree can hold that. */
  #misplaced: Where | undefined;

  constructor(tree: Tree<'encrypted'>, options: DecryptTreeOptions) {
    this.#options = options;
    this.#digest = new Digest(options.macOnlyEncrypted);
    this.#changes = new Array(tree.slots);
  }

  leaf({ value, slot }: Leaf, selected: boolean, place: Place): boolean {
    if (value === null) return false;
    try {
      if (selected) return this.#selectedLeaf(value, slot, place);
      if (!this.#options.macOnlyEncrypted) this.#digest.add(value);
    } catch (error) {
      throw located(error, place);
    }
    return false;
  }

  #selectedLeaf(value: Value, slot: number, place: Place): boolean {
    if (typeof value !== 'string') throw notCiphertext();
    const plain = this.#options.cipher.decrypt(value, place.aad());
    if (!isComment(plain)) {
      this.#digest.add(plain);
      if (value !== '') this.#changes[slot] = plain;
      return false;
    }
    if (place.inMapping) {
      this.#misplaced ??= whereOf(place);
      return false;
    }
    this.#changes[slot] = comment(plain.text, false, slot);
    return true;
  }

  comment({ text, slot }: Comment, selected: boolean, place: Place): void {
    // Formatters put a blank behind the marker.
    const ciphertext = text.trimStart();
    if (!selected) {
      const plain = looksEncrypted(ciphertext) ? this.#openComment(ciphertext, place.aad()) : undefined;
      if (plain !== undefined) this.#changes[slot] = plain;
      return;
    }
    if (text === '') return;
    const plain = looksEncrypted(ciphertext) ? this.#commentText(ciphertext, place) : undefined;
    if (plain === undefined) this.#unverified.push({ document: place.document, path: place.path(), slot });
    else this.#changes[slot] = plain;
  }

  /**
   * Other tools and formatters move comments into a neighbouring container, which is what their additional data names. The
   * containers around are tried too; a ciphertext that opens there still comes from a holder of the data key.
   */
  #commentText(text: string, place: Place): string | undefined {
    const own = this.#openComment(text, place.aad());
    if (own !== undefined) return own;
    if (this.#searches-- <= 0) return undefined;
    for (const aad of place.nearbyAads()) {
      const plain = this.#openComment(text, aad);
      if (plain !== undefined) return plain;
    }
    return undefined;
  }

  #openComment(text: string, aad: string): string | undefined {
    try {
      const plain = this.#options.cipher.decrypt(text, aad);
      return isComment(plain) ? plain.text : undefined;
    } catch {
      return undefined;
    }
  }

  finish(): { changes: Changes; unverifiedComments: readonly UnverifiedComment[] } {
    const { mac, cipher, lastModified, ignoreMac } = this.#options;
    if (ignoreMac !== true) verifyMac(mac, this.#digest.finish(), cipher, lastModified);
    if (this.#misplaced !== undefined) throw valueIsComment(this.#misplaced);
    return { changes: this.#changes, unverifiedComments: this.#unverified };
  }
}

const whereOf = (place: Place): Where => ({ document: place.document, path: place.path() });

const located = (error: unknown, place: Place): unknown =>
  error instanceof TsopsError ? error.with(whereOf(place)) : error;

const notCiphertext = (): TsopsError =>
  new TsopsError('VALUE_UNDECRYPTABLE', 'a value stands in clear text where the selection rule says it is encrypted', {
    hints: ['It was added or changed by hand. Take it out, and add it with `tsops edit`.'],
  });

const valueIsComment = (where: Where): TsopsError =>
  new TsopsError('VALUE_UNDECRYPTABLE', 'the value of a key has the type of a comment', {
    ...where,
    hints: ['The type in the ciphertext was changed; restore the value from version control.'],
  });
