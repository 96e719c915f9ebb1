/**
 * Encrypting and decrypting without a tree, for texts of so simple a form that their format can go through them in one pass:
 * the format says where it enters and leaves containers, and hands in every value in walk order. The same selection, additional data and
 * MAC as those of `crypt.ts`, in the memory of one value.
 */

import type { ByteCipher } from './bytecipher.ts';
import { ByteWriter } from './bytewriter.ts';
import type { Cipher, Value } from './cipher.ts';
import { Digest, verifyMac } from './mac.ts';
import { fromBytes, type ScalarType, scalarType, toBytes } from './scalar.ts';
import type { Scope, Selection, SelectionRule } from './selection.ts';
import type { Scalar } from './tree.ts';
import { Workspace } from './workspace.ts';

/** Rules that look at comments depend on where each of them stands; they need the tree. */
export const isForOnePass = ({ kind }: SelectionRule): boolean =>
  kind !== 'encryptedCommentRegex' && kind !== 'unencryptedCommentRegex';

export interface OnePassRules {
  readonly bytes: ByteCipher;
  readonly selection: Selection;
  readonly macOnlyEncrypted: boolean;
  /** RFC 3339 to the second: the additional data of the MAC. */
  readonly lastModified: string;
}

const colon = 0x3a;
const rootComment = Buffer.from(':', 'latin1');

/** Where a pass stands: the scope of the rule and the additional data. Keys are ASCII text. */
class Position {
  protected readonly rules: OnePassRules;
  protected readonly digest: Digest;
  readonly #scopes: Scope[];
  readonly #lengths: number[] = [];
  /** The additional data of the container, which is as long as `#length` says, and behind that of what is in it. */
  readonly #aad = new Workspace();
  #length = 0;

  constructor(rules: OnePassRules) {
    this.rules = rules;
    this.digest = new Digest(rules.macOnlyEncrypted);
    this.#scopes = [rules.selection.root()];
  }

  /** Goes into the container under a key; into an item of a list without one. */
  enter(key: string | undefined): void {
    this.#scopes.push(this.#scope.enter(key));
    this.#lengths.push(this.#length);
    this.#length = this.#append(key);
  }

  leave(): void {
    this.#scopes.pop();
    this.#length = this.#lengths.pop() as number;
  }

  selects(key: string | undefined): boolean {
    return this.#scope.selects(key);
  }

  protected selectsComment(): boolean {
    return this.#scope.selectsComment('');
  }

  get #scope(): Scope {
    return this.#scopes[this.#scopes.length - 1] as Scope;
  }

  /** Valid until the next call. */
  protected aad(key: string | undefined): Buffer {
    return this.#aad.view(this.#append(key));
  }

  protected commentAad(): Buffer {
    return this.#length === 0 ? rootComment : this.#aad.view(this.#length);
  }

  #append(key: string | undefined): number {
    if (key === undefined) return this.#length;
    const end = this.#length + key.length;
    const aad = this.#aad.ofSize(end + 1);
    for (let i = 0; i < key.length; i++) aad[this.#length + i] = key.charCodeAt(i);
    aad[end] = colon;
    return end + 1;
  }
}

/** Nothing that it gives may be shown before `verify` has passed. */
export class OpeningPass extends Position {
  /** The plain bytes of the value that was opened last. */
  plain: Buffer = rootComment;
  /** The same value where it is no text; undefined for texts. */
  value: Exclude<Scalar, null> | undefined;

  /** Opens the ciphertext of a selected value, all of `text[start..end)`. False for what needs the tree: it holds no such value. */
  open(text: Uint8Array, start: number, end: number, key: string | undefined): boolean {
    const { bytes } = this.rules;
    const plain = bytes.open(text, start, end, this.aad(key));
    if (plain === undefined || bytes.type === 'comment') return false;
    this.plain = plain;
    this.value = undefined;
    if (bytes.type === 'str') {
      this.digest.addBytes(plain);
      return true;
    }
    this.value = typeNames.has(bytes.type) ? fromBytes(bytes.type as ScalarType, plain) : undefined;
    if (this.value === undefined) return false;
    this.digest.add(this.value);
    return true;
  }

  /** A value in clear text that is none of the selected. */
  clear(value: Value): void {
    if (!this.rules.macOnlyEncrypted) this.digest.add(value);
  }

  /** Opens the ciphertext of a comment; false for what is none, and for a comment that is not selected. */
  openComment(text: Uint8Array, start: number, end: number): boolean {
    if (!this.selectsComment()) return false;
    const { bytes } = this.rules;
    const plain = bytes.open(text, start, end, this.commentAad());
    if (plain === undefined || bytes.type !== 'comment') return false;
    this.plain = plain;
    return true;
  }

  /** Whether a comment in this place is left in clear text. */
  get leavesComments(): boolean {
    return !this.selectsComment();
  }

  /** @param mac as stored. @throws TsopsError MAC_MISMATCH */
  verify(mac: string, cipher: Cipher): void {
    verifyMac(mac, this.digest.finish(), cipher, this.rules.lastModified);
  }
}

const typeNames: ReadonlySet<string> = new Set<ScalarType>(['str', 'int', 'float', 'bool', 'time']);

export class SealingPass extends Position {
  /** How many values there are that are not empty, and how many of them are encrypted. */
  leaves = 0;
  encrypted = 0;
  readonly #plain = new Workspace();

  /** Writes the ciphertext of a text of one byte at least, `text[start..end)`. False, and nothing written, where it is not selected. */
  sealText(text: Buffer, start: number, end: number, key: string | undefined, out: ByteWriter): boolean {
    const selected = this.selects(key);
    const plain = this.#plain.take(text, start, end);
    if (selected || !this.rules.macOnlyEncrypted) this.digest.addBytes(plain);
    return this.#seal(plain, 'str', selected, key, out);
  }

  /** The same for any value; one that is empty has no ciphertext. */
  seal(value: Value, key: string | undefined, out: ByteWriter): boolean {
    const selected = this.selects(key);
    if (selected || !this.rules.macOnlyEncrypted) this.digest.add(value);
    if (typeof value === 'string' && value === '') return false;
    return this.#seal(toBytes(value), scalarType(value), selected, key, out);
  }

  #seal(plain: Uint8Array, type: string, selected: boolean, key: string | undefined, out: ByteWriter): boolean {
    this.leaves++;
    if (!selected) return false;
    this.encrypted++;
    this.rules.bytes.seal(plain, type, this.aad(key), out);
    return true;
  }

  /** Writes the ciphertext of the comment whose text is `text[start..end)`; an empty one has none. */
  sealComment(text: Buffer, start: number, end: number, out: ByteWriter): boolean {
    if (end === start || !this.selectsComment()) return false;
    this.rules.bytes.seal(this.#plain.take(text, start, end), 'comment', this.commentAad(), out);
    return true;
  }

  /** The encrypted MAC. */
  mac(): string {
    const out = new ByteWriter(512);
    this.rules.bytes.seal(Buffer.from(this.digest.finish()), 'str', Buffer.from(this.rules.lastModified), out);
    return out.bytes().toString('latin1');
  }
}
