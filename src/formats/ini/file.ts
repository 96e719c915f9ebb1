/** A plain and an encrypted INI file: the layout of the text, its changes, and the block. */

import type { Changes, Stage, Tree } from '../../core/tree.ts';
import { entry, leaf, mapping } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { bytesOf, changedRaw, rawOf, readable } from '../flat.ts';
import type { EncryptedFile, PlainFile } from '../format.ts';
import { partBlocks, remember, storedBlocks, withBlock } from './block.ts';
import type { Layout, Slotted } from './layout.ts';
import { commentOf, layOut, markOf, textStart } from './layout.ts';
import { SlotPlaces } from './places.ts';
import type { UnitChange } from './rewrite.ts';
import { readUnit, rewriteUnit } from './rewrite.ts';
import type { Quote } from './scan.ts';
import { parseSpelling, spell, spelledUnit } from './spelling.ts';

const treeOf = <S extends Stage>(layout: Layout): Tree<S> => ({ documents: [layout.root], slots: layout.slots });

function changeOf(slotted: Slotted, changes: Changes): UnitChange {
  return {
    value: changedRaw(changes, slotted.value),
    comments: slotted.comments.map(slot => changedRaw(changes, slot)),
  };
}

/** The change that undoes another one: the raw texts of the plain file. A comment comes back as the string of the tree. */
function undo(layout: Layout, slotted: Slotted, change: UnitChange): UnitChange {
  const { unit } = slotted;
  return {
    value: change.value !== undefined && unit.kind === 'key' ? unit.value : undefined,
    comments: change.comments.map((text, index) =>
      text === undefined ? undefined : ownComment(layout, slotted, index),
    ),
  };
}

function ownComment(layout: Layout, { unit }: Slotted, index: number): string {
  const line = unit.lines[index];
  const raw =
    unit.kind === 'tail' && line !== undefined
      ? layout.raw.slice(textStart(layout.raw, line.start, line.end), line.end)
      : (commentOf(layout.raw, unit) ?? '');
  return Buffer.from(readable(raw), 'utf8').toString('latin1');
}

/** The body of the encrypted file. Nothing that sops does not see of the plain file is in it. */
function encryptedBody(layout: Layout, changes: Changes, former: FormerQuotes | undefined): string {
  const texts = layout.units.map(slotted => {
    const change = changeOf(slotted, changes);
    return asBefore(layout, slotted, change, former) ?? rewriteUnit(layout.raw, slotted, change, true);
  });
  return markOf(layout.raw) + withoutLastReturns(texts.join(''));
}

/** The quotes in which the ciphertexts of a file stand; sops writes none around them. */
type FormerQuotes = ReadonlyMap<string, Quote>;

const layouts = new WeakMap<EncryptedFile, Layout>();

function formerQuotes(former: EncryptedFile | undefined): FormerQuotes | undefined {
  const layout = former && layouts.get(former);
  return layout && new Map(layout.units.flatMap(({ unit }) => (unit.kind === 'key' ? [[unit.value, unit.quote]] : [])));
}

/** A unit whose ciphertext keeps the quotes it had, where decrypting gives this very text. `docs/format.md` §9 */
function asBefore(
  layout: Layout,
  slotted: Slotted,
  change: UnitChange,
  former: FormerQuotes | undefined,
): string | undefined {
  const { unit } = slotted;
  const quote = change.value === undefined ? undefined : former?.get(change.value);
  if (unit.kind !== 'key' || quote === undefined || quote === unit.quote) return undefined;
  const text = rewriteUnit(layout.raw, { ...slotted, unit: { ...unit, quote } }, change, true);
  const read = readUnit(text, unit);
  if (read === undefined) return undefined;
  const back = rewriteUnit(text, { ...slotted, unit: read }, undo(layout, slotted, change), false);
  return back === layout.raw.slice(unit.start, unit.end) ? text : undefined;
}

/** Carriage returns at the very end would make one line break with the line feed that is added behind them. */
function withoutLastReturns(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\r') end -= 1;
  return text.slice(0, end);
}

/** @see Format.parse */
export function parsePlain(bytes: Uint8Array): PlainFile {
  const parted = partBlocks(rawOf(bytes));
  const layout = layOut(parted.body, 'plain');
  let made:
    | { readonly changes: Changes; readonly former: EncryptedFile | undefined; readonly body: string }
    | undefined;
  /** The spelling and the text of a file are asked for one after the other. */
  const bodyFor = (changes: Changes, former: EncryptedFile | undefined): string => {
    if (made?.changes !== changes || made.former !== former) {
      made = { changes, former, body: encryptedBody(layout, changes, formerQuotes(former)) };
    }
    return made.body;
  };
  return {
    tree: treeOf(layout),
    blocks: parted.pairs.map(pairs => ({
      document: 0,
      value: mapping(pairs.map(([key, value]) => entry(key, leaf(value)))),
    })),
    spelling: (changes, { former } = {}) => {
      const encrypted = layOut(bodyFor(changes, former), 'encrypted');
      if (encrypted.units.length !== layout.units.length) {
        throw new TsopsError('INTERNAL', 'the encrypted INI text has other lines than the plain one');
      }
      const back = layout.units.map(slotted => undo(layout, slotted, changeOf(slotted, changes)));
      return spell(layout, encrypted, back);
    },
    rewrite: (changes, block, { keep, former }) => bytesOf(withBlock(bodyFor(changes, former), block, keep)),
  };
}

/** @see Format.parse */
export function parseEncrypted(bytes: Uint8Array): EncryptedFile {
  const raw = rawOf(bytes);
  const parted = partBlocks(raw);
  const layout = layOut(parted.body, 'encrypted');
  const places = new SlotPlaces(raw, parted.texts, layout);
  const file: EncryptedFile = {
    tree: treeOf(layout),
    blocks: storedBlocks(parted),
    placeOf: slot => places.at(slot),
    rewrite: (changes, spelling) => bytesOf(decryptedBody(layout, changes, spelling)),
  };
  remember(file, parted);
  layouts.set(file, layout);
  return file;
}

function decryptedBody(layout: Layout, changes: Changes, spelling: string | undefined): string {
  if (spelling !== undefined) {
    const spelled = bodyWith(layout, changes, spelling);
    if (means(spelled, layout, changes)) return spelled;
  }
  return bodyWith(layout, changes, '');
}

function bodyWith(layout: Layout, changes: Changes, spelling: string): string {
  const spelled = parseSpelling(spelling);
  const texts = layout.units.map(slotted => {
    const change = changeOf(slotted, changes);
    return spelledUnit(layout, slotted, change, spelled) ?? rewriteUnit(layout.raw, slotted, change, false);
  });
  return markOf(layout.raw) + texts.join('');
}

function unitsOf(text: string): readonly Slotted[] {
  try {
    return layOut(text, 'encrypted').units;
  } catch {
    return [];
  }
}

/** Whether the spelled text as a whole still has the decrypted values, unit by unit. */
function means(text: string, layout: Layout, changes: Changes): boolean {
  const units = unitsOf(text);
  return (
    units.length === layout.units.length &&
    layout.units.every((slotted, index) => {
      const { unit } = slotted;
      const other = units[index]!.unit;
      if (unit.kind !== 'key' || slotted.shadowed) return other.kind === unit.kind;
      const value = changedRaw(changes, slotted.value) ?? unit.value;
      return other.kind === 'key' && other.name === unit.name && other.value === value;
    })
  );
}
