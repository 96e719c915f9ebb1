/** What can be wrong with the values and comments of a file, as far as that can be told without a key. */

import { isCiphertext, looksEncrypted } from '../core/cipher.ts';
import { getNode } from '../core/path.ts';
import { secretLook } from '../core/secretlook.ts';
import { compileSelection, type SelectionRule } from '../core/selection.ts';
import type { Comment, Leaf, Path, Scalar } from '../core/tree.ts';
import { type Place, type Visitor, walk } from '../core/walk.ts';
import type { EncryptedFile } from '../formats/format.ts';
import { type Finding, type FindingKind, shownPerKind } from './finding.ts';

/** What is known of one leaf or comment; one has at most one finding, the first. */
interface Fault extends Omit<Finding, 'line' | 'column'> {
  readonly slot: number;
}

const hints: Readonly<Partial<Record<FindingKind, string>>> = {
  'plaintext-value': 'Treat the value as known to others; take it out, and add it with `tsops set` or `tsops edit`.',
  'plaintext-comment': 'It was added by hand, and nothing protects it. Take it out, or write it again in `tsops edit`.',
  'damaged-value': 'Restore the value from version control, or enter it again with `tsops edit`.',
  'stray-ciphertext': 'Its key may have been renamed by hand; restore the name, or enter the value with `tsops edit`.',
  'secret-in-clear':
    'If it is a secret, change it, and have it encrypted: its key has to match the selection of the rule.',
};

class Faults implements Visitor {
  readonly found = new Map<number, Fault>();
  /** Whether the rule selected anything that is not empty. */
  selectsSomething = false;
  ciphertexts = 0;
  readonly #counts = new Map<FindingKind, number>();
  readonly #isPlain: boolean;
  readonly #keysOnly: boolean;

  /** @param keysOnly whether only values are judged that should be ciphertext */
  constructor(isPlain: boolean, keysOnly: boolean) {
    this.#isPlain = isPlain;
    this.#keysOnly = keysOnly;
  }

  leaf({ value, slot }: Leaf, selected: boolean, place: Place): boolean {
    if (isEmpty(value)) return false;
    const text = typeof value === 'string' ? value : undefined;
    if (text !== undefined && looksEncrypted(text)) this.ciphertexts++;
    if (selected) this.selectsSomething = true;
    if (selected && !this.#isPlain) this.#encryptedLeaf(text, slot, place);
    else if (!this.#keysOnly && text !== undefined) this.#clearLeaf(text, slot, place);
    return false;
  }

  #encryptedLeaf(text: string | undefined, slot: number, place: Place): void {
    if (text === undefined || !looksEncrypted(text)) this.#add('plaintext-value', clearValue, slot, place);
    else if (!isCiphertext(text)) this.#add('damaged-value', 'the ciphertext is cut or changed', slot, place);
  }

  #clearLeaf(text: string, slot: number, place: Place): void {
    if (looksEncrypted(text)) {
      if (!this.#isPlain) this.#add('stray-ciphertext', strayValue, slot, place);
      return;
    }
    const look = secretLook(text, place.name());
    if (look !== undefined) this.#add('secret-in-clear', `a value in clear text looks like ${look}`, slot, place);
  }

  comment({ text, slot }: Comment, selected: boolean, place: Place): void {
    if (this.#keysOnly || text.trim() === '' || looksEncrypted(text.trimStart())) return;
    const look = secretLook(text) ?? assignedLook(text);
    if (look !== undefined) this.#add('secret-in-clear', `a comment looks like ${look}`, slot, place);
    else if (selected && !this.#isPlain) this.#add('plaintext-comment', clearComment, slot, place);
  }

  /** The places of what is not shown are not kept: a path can be long, and there can be many. */
  #add(kind: FindingKind, message: string, slot: number, place: Place): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const document = place.document === 0 ? {} : { document: place.document };
    const where = count > shownPerKind ? {} : { path: place.path(), ...document };
    this.found.set(slot, { kind, message, slot, ...where, hint: hints[kind] });
  }
}

const clearValue = 'the value stands in clear text where the rule says it is encrypted';
const strayValue = 'a ciphertext stands where the rule of the file says it is clear text, so that nothing decrypts it';
const clearComment = 'the comment stands in clear text where the rule says it is encrypted';

const isEmpty = (value: Scalar): boolean =>
  value === null || ((typeof value === 'string' || value instanceof Uint8Array) && value.length === 0);

/** A comment may hold an entry that was commented out. */
function assignedLook(text: string): string | undefined {
  const parts = /^\s*-?\s*"?([A-Za-z0-9_.-]{1,100})"?\s*[:=]\s*(\S{1,512})\s*$/.exec(text.slice(0, 1024));
  const value = parts?.[2]?.replace(/^(["'])(.*)\1,?$/, '$2');
  return value === undefined ? undefined : secretLook(value, parts?.[1]);
}

/** The findings of an encrypted file, by its own rule and by that of the configuration. */
export async function checkValues(
  file: EncryptedFile,
  stored: SelectionRule,
  ruled: SelectionRule | undefined,
): Promise<Finding[]> {
  const faults = await judged(file, stored, new Faults(false, false));
  if (ruled !== undefined && JSON.stringify(ruled) !== JSON.stringify(stored)) {
    const others = await judged(file, ruled, new Faults(false, true));
    for (const fault of others.found.values()) faults.found.set(fault.slot, faults.found.get(fault.slot) ?? fault);
  }
  return placed(file, [...faults.found.values()]);
}

export interface PlainValues {
  readonly selectsSomething: boolean;
  /** Whether a value has the form of a ciphertext. */
  readonly hasCiphertext: boolean;
  /** What looks like a secret. */
  readonly secrets: readonly Finding[];
}

/** What is to be known of a file without a block. */
export async function plainValues(file: EncryptedFile, rule: SelectionRule): Promise<PlainValues> {
  const faults = await judged(file, rule, new Faults(true, false));
  return {
    selectsSomething: faults.selectsSomething,
    hasCiphertext: faults.ciphertexts > 0,
    secrets: placed(file, [...faults.found.values()]),
  };
}

async function judged(file: EncryptedFile, rule: SelectionRule, faults: Faults): Promise<Faults> {
  walk(file.tree, await compileSelection(rule, { invalidMatchesNothing: true }), faults);
  return faults;
}

function placed(file: EncryptedFile, faults: readonly Fault[]): Finding[] {
  const ordered = faults.toSorted((a, b) => a.slot - b.slot);
  return ordered.map(({ slot, ...finding }) => ({ ...finding, ...file.placeOf(slot) }));
}

/** Where the value at a path stands. */
export function placeOfPath(file: EncryptedFile, document: number, path: Path): Partial<Finding> {
  const root = file.tree.documents[document];
  const node = root && getNode(root, path);
  return (node?.kind === 'leaf' ? file.placeOf(node.slot) : undefined) ?? {};
}
