/** `encrypt`: plain bytes in, encrypted bytes out. `docs/format.md` §3. */

import { randomBytes } from 'node:crypto';
import type { RandomSource } from '../core/cipher.ts';
import { DataKey } from '../core/datakey.ts';
import { formatVersion, type KeyGroup } from '../core/metadata.ts';
import { isForOnePass } from '../core/onepass.ts';
import { defaultSelection, isRule, type SelectionRule } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import { formatEntry } from '../formats/index.ts';
import { explicitContext } from '../keys/context.ts';
import { wrapDataKey } from '../keys/groups.ts';
import { loadProvider } from '../keys/index.ts';
import type { KeyContext } from '../keys/provider.ts';
import type { Again } from './again.ts';
import {
  bytesOf,
  type Content,
  type FormatOptions,
  inputFormat,
  likeInput,
  onlyOneDocument,
  outputFormat,
  timestampOf,
} from './input.ts';
import { encryptInOnePass } from './onepass-plain.ts';
import { refuseReserved, type SealInput, seal } from './seal.ts';

export interface EncryptOptions extends FormatOptions {
  /** age recipients (`age1…`, `ssh-ed25519 …`): one text with commas, or a list. They form one key group. */
  readonly age?: string | readonly string[] | undefined;
  /** Key groups as a creation rule gives them; `age` is added to the first. */
  readonly groups?: readonly KeyGroup[] | undefined;
  /** How many groups are needed to decrypt; 0 or absent: all of them. */
  readonly shamirThreshold?: number | undefined;
  /**
   * Which values are encrypted. Default, also for a rule without a text: all but those under a key that ends in `_unencrypted`. Binary files
   * have no rule.
   */
  readonly selection?: SelectionRule | undefined;
  /** Whether the MAC covers only the encrypted values. Default false. */
  readonly macOnlyEncrypted?: boolean | undefined;
  /** Whether a file may be written in which the rule selects nothing. Default false: NOTHING_ENCRYPTED. */
  readonly allowNothing?: boolean | undefined;
  /** Whether the extra field that restores unusual spelling may be written (`docs/format.md` §7). Default true. */
  readonly keepSpelling?: boolean | undefined;
  /**
   * An encrypted version of the same file, in the same format. Values that stayed keep their ciphertext and the file its data key, and
   * where nothing at all changed the result is that version. A version with a master key that is not wanted any more is not used:
   * whoever has that key knows the data key. It is opened by `identities` or `keys`.
   */
  readonly reuseFrom?: Content | undefined;
  /** age identities that open `reuseFrom`. Used only where `keys` is not given. */
  readonly identities?: string | readonly string[] | undefined;
  /** What master keys may use of the machine. Default: only `identities`. */
  readonly keys?: KeyContext | undefined;
  /** Default: the present. */
  readonly now?: Date | undefined;
  /** Default: the random generator of node:crypto. */
  readonly random?: RandomSource | undefined;
}

/**
 * Encrypts the values of a file and adds the `sops` block; every other byte stays.
 * A string gives a string, bytes give bytes.
 *
 * @throws TsopsError FILE_SYNTAX, ALREADY_ENCRYPTED, RESERVED_KEY, EMPTY_FILE, NOT_ENCRYPTABLE, NOTHING_ENCRYPTED,
 *   KEY_INVALID, KEY_GROUP_EMPTY, KEY_GROUP_INVALID, WRAP_FAILED, PATTERN_INVALID, NOT_REPRESENTABLE; for `reuseFrom` also
 *   CONFLICTING_OPTIONS and what `decrypt` throws
 * @see docs/format.md §3
 */
export async function encrypt<C extends Content>(content: C, options: EncryptOptions): Promise<C> {
  const [inputName, outputName] = [inputFormat(options), outputFormat(options)];
  const format = await formatEntry(inputName).load();
  const output = await formatEntry(outputName).load();
  const bytes = bytesOf(content);
  const isQuick = isSimple(options) && format === output;
  const text = isQuick ? (await formatEntry(inputName).onePass?.plain())?.(bytes) : undefined;
  if (text !== undefined) {
    const input = await sealing({ format, output, bytes }, await groupsOf(options), options);
    const sealed = await encryptInOnePass(text, input);
    return likeInput(content, sealed ?? (await seal({ ...input, file: format.parse(bytes, 'plain') })));
  }
  const file = format.parse(bytes, 'plain');
  const documents = file.tree.documents.length;
  if (documents === 0)
    throw new TsopsError('EMPTY_FILE', 'the file holds no document', {
      hints: ['Put at least one key and value into it.'],
    });
  refuseReserved(file.blocks);
  if (documents > 1 && !formatEntry(outputName).manyDocuments) throw onlyOneDocument(outputName);
  const groups = await groupsOf(options);
  const { reuseFrom } = options;
  if (reuseFrom !== undefined && format !== output) throw onlyInItsFormat();
  const again = reuseFrom && (await reused({ format, file, bytes, groups, former: bytesOf(reuseFrom) }, options));
  return likeInput(
    content,
    again || (await seal({ ...(await sealing({ format, output, bytes }, groups, options)), file })),
  );
}

/** Whether a text may be encrypted without a tree. */
function isSimple({ reuseFrom, keepSpelling, selection }: EncryptOptions): boolean {
  return reuseFrom === undefined && keepSpelling !== false && isForOnePass(selection ?? defaultSelection);
}

async function reused(again: Again, options: EncryptOptions): Promise<Uint8Array | undefined> {
  const { encryptAgain } = await import('./again.ts');
  return encryptAgain(again, options);
}

/** What sealing needs besides the values: a data key of its own, wrapped for every master key. */
async function sealing(
  parts: Pick<SealInput, 'format' | 'output' | 'bytes'>,
  groups: readonly KeyGroup[],
  options: EncryptOptions,
): Promise<Omit<SealInput, 'file'>> {
  const random = options.random ?? randomBytes;
  const dataKey = DataKey.generate(random);
  const keys = options.keys ?? explicitContext({});
  const wrapped = await wrapDataKey(dataKey, groups, options.shamirThreshold ?? 0, keys, random);
  const binary = parts.format.name === 'binary';
  return {
    ...parts,
    metadata: {
      groups: wrapped.groups,
      shamirThreshold: wrapped.threshold,
      lastModified: timestampOf(options.now ?? new Date()),
      mac: '',
      selection: binary ? { kind: 'none' } : isRule(options.selection) ? options.selection : defaultSelection,
      macOnlyEncrypted: !binary && (options.macOnlyEncrypted ?? false),
      version: formatVersion,
    },
    dataKey,
    random,
    indent: options.indent,
    allowNothing: options.allowNothing ?? false,
    keepSpelling: options.keepSpelling ?? true,
  };
}

function onlyInItsFormat(): TsopsError {
  return new TsopsError('CONFLICTING_OPTIONS', 'a former version is of use only where the file stays in its format', {
    hints: ['Leave out --reuse-from, or --output-type.'],
  });
}

async function groupsOf(options: EncryptOptions): Promise<readonly KeyGroup[]> {
  const given = options.groups ?? [];
  const age = typeof options.age === 'string' ? options.age : (options.age ?? []).join(',');
  const added: KeyGroup = age === '' ? [] : (await loadProvider('age')).parse(age);
  if (given.length === 0 && added.length === 0) {
    // The words of sops, which scripts look for.
    const message =
      'config file not found, or has no creation rules, and no keys provided through command line options';
    throw new TsopsError('CONFIG_NOT_FOUND', message, {
      hints: ['Name recipients (--age age1…), or add a creation rule to .sops.yaml (`tsops init` writes one).'],
    });
  }
  if (added.length === 0) return given;
  return [[...(given[0] ?? []), ...added], ...given.slice(1)];
}
