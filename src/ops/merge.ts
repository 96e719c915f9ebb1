/** `merge`: three versions of an encrypted file by their plain texts. Nothing of a plain text leaves but a conflict that is asked for. */

import { randomBytes } from 'node:crypto';
import { commentLines } from '../core/amend.ts';
import { type MergedDocuments, mergeDocuments } from '../core/threeway.ts';
import type { Mapping, Node, Path } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import { type EditOptions, ruleOf } from './edit.ts';
import { bytesOf, type Content, likeInput, timestampOf } from './input.ts';
import { type MergedKeys, mergeKeys, sameDataKey } from './mergekeys.ts';
import { markedText, mergedText } from './mergetext.ts';
import { type OpenedFile, open } from './open.ts';
import { seal } from './seal.ts';

export interface MergeOptions extends EditOptions {
  /** Called where the merged file has a new data key of theirs. */
  readonly onNewDataKey?: (() => void) | undefined;
  /** Called with the number of lines of comments that theirs added in a place where the text of ours stands. */
  readonly onLostComments?: ((count: number) => void) | undefined;
}

export interface MergeConflict<C extends Content> {
  /** The values that both sides changed, each in its own way. */
  readonly paths: readonly Path[];
  /** The plain text with `<<<<<<< ours`, `=======` and `>>>>>>> theirs` around these values. */
  readonly text: Uint8Array;
  /** Encrypts the text after somebody has decided. @throws TsopsError MERGE_CONFLICT while a marker is left */
  encrypt(text: Uint8Array): Promise<C>;
}

export interface MergeResult<C extends Content> {
  /** The merged file, encrypted; with ours in the place of every conflict. */
  readonly content: C;
  readonly conflict: MergeConflict<C> | undefined;
}

/**
 * Merges what two sides made of a file. Values that did not change keep their ciphertext where the data key stays.
 *
 * @param base the common ancestor; undefined or empty where both sides added the file
 * @throws TsopsError MERGE_CONFLICT for sops blocks that cannot be merged, and what `decrypt` throws, naming the side
 */
export async function merge<C extends Content>(
  base: Content | undefined,
  ours: C,
  theirs: Content,
  options: MergeOptions,
): Promise<MergeResult<C>> {
  const left = await openSide('ours', ours, options);
  const right = await openSide('theirs', theirs, options);
  const before = base === undefined || base.length === 0 ? undefined : await openSide('base', base, options);
  const keys = mergeKeys(before, left, right);
  if (keys.from !== left && !sameDataKey(left, right)) {
    refuseUnproven(before, right);
    options.onNewDataKey?.();
  }
  const sides = [before, left, right].map(side => (side === undefined ? undefined : plainOf(side)));
  const [old, mine, other] = sides as [Plain | undefined, Plain, Plain];
  const tree = mergeDocuments(old?.documents ?? [], mine.documents, other.documents);
  const merged = mergedText(left.format, old?.bytes, mine.bytes, other.bytes, tree);
  const lost = lostComments(old, other, left.format.parse(merged.text, 'plain').tree.documents);
  if (lost > 0) options.onLostComments?.(lost);
  const sealing = (text: Uint8Array): Promise<Uint8Array> => sealMerged(text, keys, [left, right], options);
  const sealed = await sealing(merged.text);
  refuseLaidOpen(sealed, left, right);
  const content = likeInput(ours, sealed);
  const isConflict = left.format.name === 'binary' ? merged.isConflict : tree.conflicts.length > 0;
  if (!isConflict) return { content, conflict: undefined };
  return { content, conflict: conflictOf(tree, markedText(left.format, merged, tree), ours, sealing) };
}

interface Plain {
  readonly bytes: Uint8Array;
  readonly documents: readonly Mapping[];
}

function plainOf(opened: OpenedFile): Plain {
  const bytes = opened.file.rewrite(opened.changes, opened.spelling?.text);
  return { bytes, documents: opened.format.parse(bytes, 'plain').tree.documents };
}

function lostComments(base: Plain | undefined, theirs: Plain, merged: readonly Mapping[]): number {
  const lines = (documents: readonly Mapping[]): string[] => documents.flatMap(document => commentLines(document));
  const known = new Set([...lines(base?.documents ?? []), ...lines(merged)]);
  return lines(theirs.documents).filter(line => !known.has(line)).length;
}

async function openSide(side: string, content: Content, options: MergeOptions): Promise<OpenedFile> {
  try {
    return await open(bytesOf(content), { ...options, outputFormat: undefined, ignoreMac: false });
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    const { code, message, where, hints, exitStatus } = error;
    throw new TsopsError(code, `the version of ${side} cannot be opened: ${message}`, { ...where, hints, exitStatus });
  }
}

function conflictOf<C extends Content>(
  tree: MergedDocuments,
  text: Uint8Array,
  ours: C,
  sealing: (text: Uint8Array) => Promise<Uint8Array>,
): MergeConflict<C> {
  return {
    paths: tree.conflicts.map(({ path }) => path),
    text,
    encrypt: async resolved => {
      if (/^(<{7} ours|={7}|>{7} theirs)\r?$/m.test(Buffer.from(resolved).toString('latin1')))
        throw new TsopsError('MERGE_CONFLICT', 'a conflict marker is left in the text', {
          hints: ['Keep one of the two versions and remove the lines with <<<<<<<, ======= and >>>>>>>.'],
        });
      return likeInput(ours, await sealing(resolved));
    },
  };
}

function sealMerged(
  text: Uint8Array,
  { from, metadata }: MergedKeys,
  sides: readonly OpenedFile[],
  options: MergeOptions,
): Promise<Uint8Array> {
  const others = sides.filter(side => side !== from && sameDataKey(side, from));
  return seal({
    format: from.format,
    output: from.format,
    file: from.format.parse(text, 'plain'),
    bytes: text,
    metadata: { ...metadata, ...ruleOf(from), lastModified: timestampOf(options.now ?? new Date()) },
    dataKey: from.dataKey,
    random: options.random ?? randomBytes,
    indent: options.indent,
    allowNothing: true,
    keepSpelling: options.keepSpelling ?? true,
    isRekeyed: true,
    previous: {
      file: from.file,
      stash: from.stash,
      otherStashes: others.map(({ stash }) => stash),
      spelling: from.spelling,
    },
  });
}

/**
 * Whoever knows the recipients can make a whole file under a data key of their own. Only who could read the file knows what was in it.
 * @throws TsopsError MERGE_CONFLICT
 */
function refuseUnproven(base: OpenedFile | undefined, theirs: OpenedFile): void {
  const secrets = (side: OpenedFile | undefined): string[] =>
    (side?.changes ?? []).flatMap(value => (typeof value === 'string' && value.length >= 8 ? [value] : []));
  const known = new Set(secrets(base));
  if (base === undefined || known.size === 0 || secrets(theirs).some(value => known.has(value))) return;
  throw new TsopsError('MERGE_CONFLICT', 'theirs has a new data key and no secret of the version before', {
    hints: ['Somebody who cannot read the file may have made it. Look at it before you take it.'],
  });
}

/** A rule of one side must not lay open what the other side keeps encrypted. @throws TsopsError MERGE_CONFLICT */
function refuseLaidOpen(sealed: Uint8Array, ours: OpenedFile, theirs: OpenedFile): void {
  const clear = new Set([ours, theirs].flatMap(({ file }) => clearTexts(file.tree.documents)));
  const { documents } = ours.format.parse(sealed, 'encrypted').tree;
  if (clearTexts(documents).every(text => clear.has(text))) return;
  throw new TsopsError('MERGE_CONFLICT', 'by the merged rule a value would stand in clear text that is encrypted now', {
    hints: ['Compare the rules in the sops blocks of both sides; `tsops updatekeys` sets the rule of the .sops.yaml.'],
  });
}

/** All values and lines of comments that are not ciphertext. */
function clearTexts(documents: readonly Mapping[]): string[] {
  const texts: string[] = [];
  const nodes: Node[] = [...documents];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (node.kind !== 'leaf') {
      for (const item of node.items) if (item.kind !== 'comment') nodes.push(item.kind === 'entry' ? item.value : item);
    } else if (node.value !== null && node.value !== '') texts.push(String(node.value).trim());
  }
  for (const document of documents) texts.push(...commentLines(document));
  return texts.filter(text => !text.startsWith('ENC['));
}
