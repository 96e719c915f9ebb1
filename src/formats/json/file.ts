/** A JSON file: its tree, and its text with other values in it. `docs/format.md` §7. */

import { LineMap, type LinePlace } from '../../core/linemap.ts';
import { type Changes, isComment, type Mapping, type Tree } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import type { EncryptedFile, PlainFile, PrintOptions, StoredBlock } from '../format.ts';
import { insertion, type SourceFile } from './insertion.ts';
import { parseJsonFile } from './parser.ts';
import { applyPatches, cuts, type Patch } from './patch.ts';
import { printScalar } from './print.ts';
import { tooLong } from './problems.ts';
import { spelledTokens, spellingOf } from './spelling.ts';
import { type JsonContainer, type JsonObject, nodeOf } from './syntax.ts';
import { blocksOf, contentOf, type JsonContent } from './tree.ts';
import { byteTextLimit, byteTextOf, toByteText } from './utf8.ts';

/** What plain and encrypted files have in common. */
class JsonFile implements SourceFile {
  readonly byteText: string;
  readonly root: JsonObject;
  readonly content: JsonContent;
  readonly tree: Tree<never>;
  readonly blocks: readonly StoredBlock[];

  constructor(bytes: Uint8Array) {
    if (bytes.length > byteTextLimit) throw tooLong();
    this.byteText = byteTextOf(bytes);
    this.root = parseJsonFile(this.byteText);
    this.content = contentOf(this.root);
    this.tree = { documents: [this.content.root], slots: this.content.scalars.length };
    this.blocks = blocksOf(this.content.blockMembers);
  }

  /** The replacements for changed slots; a slot whose change is a comment is cut out of its array. */
  protected patches(changes: Changes, tokens?: ReadonlyMap<number, string>): Patch[] {
    const patches: Patch[] = [];
    let hasComments = false;
    for (const { slot, start, end } of this.content.scalars) {
      const change = changes[slot];
      if (change === undefined) continue;
      if (isComment(change)) hasComments = true;
      else patches.push({ start, end, text: tokens?.get(slot) ?? toByteText(printScalar(change)) });
    }
    return hasComments ? [...patches, ...commentCuts(this.root, changes)] : patches;
  }
}

export class PlainJson extends JsonFile implements PlainFile {
  spelling(changes: Changes): string | undefined {
    return spellingOf(this.byteText, this.root, this.content.scalars, changes);
  }

  rewrite(
    changes: Changes,
    block: Mapping,
    options: PrintOptions & { readonly keep?: EncryptedFile | undefined },
  ): Uint8Array {
    const kept = options.keep instanceof EncryptedJson ? options.keep : undefined;
    return applyPatches(this.byteText, [...this.patches(changes), insertion(this, block, options.indent, kept)]);
  }
}

export class EncryptedJson extends JsonFile implements EncryptedFile {
  readonly #lines = new LineMap(this.byteText, true);

  placeOf(slot: number): LinePlace | undefined {
    const scalar = this.content.scalars[slot];
    return scalar && this.#lines.at(scalar.start);
  }

  rewrite(changes: Changes, spelling: string | undefined): Uint8Array {
    const tokens = spelledTokens(spelling, this.root, changes);
    const blocks: ReadonlySet<unknown> = new Set(this.content.blockMembers);
    const blockCuts = cuts(this.root, this.root.parts, index => blocks.has(this.root.parts[index]));
    return applyPatches(this.byteText, [
      ...this.patches(changes, tokens),
      ...blockCuts.map(cut => ({ ...cut, text: '' })),
    ]);
  }
}

/** JSON has no comments: list items that were decrypted to comments go, as sops leaves comments out of JSON. */
function commentCuts(root: JsonObject, changes: Changes): Patch[] {
  const isCut = (slot: number): boolean => {
    const change = changes[slot];
    return change !== undefined && isComment(change);
  };
  const patches: Patch[] = [];
  const open: JsonContainer[] = [root];
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    const gone = new Set<number>();
    for (const [index, part] of container.parts.entries()) {
      const node = nodeOf(part);
      if (node.kind !== 'scalar') open.push(node);
      else if (isCut(node.slot)) gone.add(index);
    }
    if (gone.size > 0 && container.kind === 'object') throw commentAsValue();
    for (const cut of cuts(container, container.parts, index => gone.has(index))) patches.push({ ...cut, text: '' });
  }
  return patches;
}

const commentAsValue = (): TsopsError =>
  new TsopsError('NOT_REPRESENTABLE', 'the value of a key was decrypted to a comment, which JSON cannot hold');
