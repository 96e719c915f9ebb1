/** The part that `encrypt` and `edit` share: from a parsed plain file and an open data key to the bytes of the encrypted file. */

import { type Cipher, createCipher, type RandomSource } from '../core/cipher.ts';
import type { Stash } from '../core/crypt.ts';
import { encryptTree } from '../core/crypt.ts';
import type { DataKey } from '../core/datakey.ts';
import { type Metadata, rekeyedBlock, resealedBlock, spellingAad, toStored } from '../core/metadata.ts';
import { compileSelection, type SelectionRule } from '../core/selection.ts';
import { applyChanges, type Changes, type Tree } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { EncryptedFile, Format, PlainFile, StoredBlock, WholeFormat } from '../formats/format.ts';
import { verifyRestores } from './verify.ts';

/** Where a sealed file comes from, and how it is to be written. */
export interface SealInput {
  readonly format: Format;
  readonly output: Format;
  readonly file: PlainFile;
  readonly bytes: Uint8Array;
  /** `mac` and `spelling` are filled in here. */
  readonly metadata: Metadata;
  readonly dataKey: DataKey;
  readonly random: RandomSource;
  readonly indent: number | undefined;
  readonly allowNothing: boolean;
  readonly keepSpelling: boolean;
  /** Set when a file is edited: unchanged values keep their ciphertext, the block its text. */
  readonly previous?:
    | {
        readonly file: EncryptedFile;
        /** Of use under the same data key only. */
        readonly stash: Stash | undefined;
        /** Of other versions of the file, under the same data key too. */
        readonly otherStashes?: readonly Stash[] | undefined;
        readonly spelling: StoredSpelling | undefined;
      }
    | undefined;
  /** Whether the former block does not stand as it is: its keys or rules have changed. */
  readonly isRekeyed?: boolean | undefined;
  /** The encrypted MAC as it stands, where no value and no rule has changed. Default: a new one. */
  readonly mac?: string | undefined;
}

/** A spelling in both forms, so that an unchanged one keeps its ciphertext. */
export interface StoredSpelling {
  readonly text: string;
  readonly encrypted: string;
}

export async function seal(input: SealInput): Promise<Uint8Array> {
  const { file, metadata } = input;
  const cipher = createCipher(input.dataKey, input.random);
  const whole = wholeOf(input);
  if (whole !== undefined) return (await import('./whole.ts')).sealWhole(input, cipher, whole);
  const selection = await compileSelection(metadata.selection);
  const { changes, leaves, encrypted, ...fresh } = encryptTree(file.tree, {
    cipher,
    selection,
    macOnlyEncrypted: metadata.macOnlyEncrypted,
    lastModified: metadata.lastModified,
    stash: input.previous?.stash,
    otherStashes: input.previous?.otherStashes,
  });
  const mac = input.mac ?? fresh.mac;
  if (encrypted === 0 && leaves > 0 && !input.allowNothing) throw nothingEncrypted();
  if (input.format !== input.output) {
    const block = toStored({ ...metadata, mac, spelling: undefined });
    return input.output.print(applyChanges(file.tree, changes), { indent: input.indent, block });
  }
  return sealInPlace(input, cipher, changes, mac);
}

/** Set where a file is one value, all of it is encrypted, and nothing of a former version stays. */
function wholeOf({ format, output, bytes, metadata, previous, mac }: SealInput): WholeFormat | undefined {
  const isNew = previous === undefined && mac === undefined;
  const isAll = metadata.selection.kind === 'none' && !metadata.macOnlyEncrypted;
  return format === output && isNew && isAll && bytes.length > 0 ? format.whole : undefined;
}

/** In the style of the file before, where that brings back every byte; else in that of the edited text. */
function sealInPlace(input: SealInput, cipher: Cipher, changes: Changes, mac: string): Uint8Array {
  const { previous, keepSpelling } = input;
  if (previous !== undefined && keepSpelling) {
    try {
      return sealedBytes(input, cipher, changes, mac, previous.file);
    } catch (error) {
      if (!(error instanceof TsopsError)) throw error;
    }
  }
  return sealedBytes(input, cipher, changes, mac, undefined);
}

function sealedBytes(
  input: SealInput,
  cipher: Cipher,
  changes: Changes,
  mac: string,
  former: EncryptedFile | undefined,
): Uint8Array {
  const { file, format, indent, previous } = input;
  const rule = { commentRule: commentRules[input.metadata.selection.kind], former };
  const spelling = input.keepSpelling ? file.spelling(changes, rule) : undefined;
  const fresh = { ...input.metadata, mac, spelling: encryptedSpelling(spelling, cipher, previous?.spelling) };
  const old = previous?.file.blocks[0]?.value;
  const renewed = input.isRekeyed ? rekeyedBlock : resealedBlock;
  const block = old?.kind === 'mapping' ? renewed(old, fresh) : toStored(fresh);
  const sealed = file.rewrite(changes, block, { indent, keep: previous?.file, ...rule });
  if (input.keepSpelling)
    verifyRestores({ format, sealed, plain: file.tree as Tree<'plain'>, changes, spelling, original: input.bytes });
  return sealed;
}

const commentRules: Partial<Record<SelectionRule['kind'], 'encrypted' | 'unencrypted'>> = {
  encryptedCommentRegex: 'encrypted',
  unencryptedCommentRegex: 'unencrypted',
};

function encryptedSpelling(
  text: string | undefined,
  cipher: Cipher,
  previous: StoredSpelling | undefined,
): string | undefined {
  if (text === undefined) return undefined;
  return previous?.text === text ? previous.encrypted : cipher.encrypt(text, spellingAad);
}

export function nothingEncrypted(): TsopsError {
  return new TsopsError(
    'NOTHING_ENCRYPTED',
    'the selection rule selects no value of this file, so nothing would be encrypted',
    {
      hints: [
        'Check encrypted_regex, encrypted_suffix or the comment rule that applies to this file (`tsops rules test FILE` shows it).',
        'Use --allow-nothing to write the file with all its values in clear text.',
      ],
    },
  );
}

/** Refuses what is encrypted already or uses the reserved name. `sops 3.13.2 cmd/sops/encrypt.go` */
export function refuseReserved(blocks: readonly StoredBlock[]): void {
  const first = blocks[0];
  if (first === undefined) return;
  if (first.document > 0) {
    throw new TsopsError('RESERVED_KEY', 'the top-level key sops is reserved and stands in a later document', {
      document: first.document,
      hints: ['Rename the key, or remove the block if that document was encrypted by itself.'],
    });
  }
  throw new TsopsError('ALREADY_ENCRYPTED', 'the file is encrypted already, or uses the reserved top-level key sops', {
    hints: ['Change it with `tsops edit`, or pass --if-needed to leave encrypted files as they are.'],
  });
}
