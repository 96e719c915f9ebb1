/** The `[sops]` section: found in, taken out of, and added to the text. sops 3.13.2 stores/ini/store.go, stores/metadata.go. */

import type { Mapping } from '../../core/tree.ts';
import { readable, unflatten } from '../flat.ts';
import type { EncryptedFile, StoredBlock } from '../format.ts';
import { layOut, markOf } from './layout.ts';
import { blockName, printSection, rawPairs } from './print.ts';
import { rewriteUnit } from './rewrite.ts';
import type { KeyUnit, Unit } from './scan.ts';
import { scan } from './scan.ts';
import { breakWidth, trimmed } from './whitespace.ts';

interface FoundBlock {
  readonly start: number;
  end: number;
  readonly keys: KeyUnit[];
}

export interface Parted {
  /** The text without the blocks and what parted them from the rest. */
  readonly body: string;
  /** The text of each block, from its header through its last key. */
  readonly texts: readonly string[];
  readonly pairs: readonly (readonly [string, string][])[];
}

/** @throws TsopsError FILE_SYNTAX */
export function partBlocks(raw: string): Parted {
  if (!raw.includes(`[${blockName}]`)) return { body: raw, texts: [], pairs: [] };
  const blocks = findBlocks(scan(raw, markOf(raw).length));
  let body = blocks.length === 0 ? raw : '';
  let at = 0;
  for (const [index, block] of blocks.entries()) {
    body += raw.slice(at, block.start);
    at = block.end;
    const next = blocks[index + 1]?.start ?? raw.length;
    if (next !== at || index === blocks.length - 1) body = joinAround(body, raw.slice(at, next), raw);
    at = next;
  }
  return {
    body,
    texts: blocks.map(block => raw.slice(block.start, block.end)),
    pairs: blocks.map(block => pairsOf(block.keys)),
  };
}

function findBlocks(units: readonly Unit[]): FoundBlock[] {
  const blocks: FoundBlock[] = [];
  let open: FoundBlock | undefined;
  for (const unit of units) {
    if (unit.kind === 'section') {
      open = unit.name === blockName ? { start: unit.lineStart, end: unit.end, keys: [] } : undefined;
      if (open !== undefined) blocks.push(open);
    } else if (unit.kind === 'key' && open !== undefined) {
      open.keys.push(unit);
      open.end = unit.end;
    }
  }
  return blocks;
}

/**
 * What stood before a block and what stands behind it. One empty line parts a block from the text; and a file without a line
 * break at its end stays one, so the break that was added before the block goes with it.
 */
function joinAround(before: string, after: string, raw: string): string {
  const mark = markOf(raw);
  if (before === mark) return before + after.replace(/^\r?\n/, '');
  const parted = withoutEmptyLine(before, mark);
  if (trimmed(after) !== '') return parted + after;
  return breakWidth(raw) > 0 ? parted : parted.slice(0, parted.length - breakWidth(parted));
}

function withoutEmptyLine(text: string, mark: string): string {
  const shorter = text.slice(0, text.length - breakWidth(text));
  return shorter === mark || shorter.endsWith('\n') ? shorter : text;
}

/** A repeated key counts once, with its last value, as in every section. Newlines may be escaped or real. */
function pairsOf(keys: readonly KeyUnit[]): [string, string][] {
  const pairs = new Map(keys.map(({ name, value }) => [readable(name), readable(value).replaceAll('\\n', '\n')]));
  return [...pairs];
}

/** @throws TsopsError METADATA_INVALID */
export function storedBlocks(parted: Parted): StoredBlock[] {
  return parted.pairs.map(pairs => ({ document: 0, value: unflatten(pairs) }));
}

const keptTexts = new WeakMap<EncryptedFile, readonly string[]>();

/** Remembers the block text of a parsed file for `withBlock`. */
export function remember(file: EncryptedFile, parted: Parted): void {
  keptTexts.set(file, parted.texts);
}

/** The body with the block behind it. @see joinAround, which takes it out again */
export function withBlock(body: string, block: Mapping, keep: EncryptedFile | undefined): string {
  const lineBreak = /^[^\n]*\r\n/.test(body) ? '\r\n' : '\n';
  const pairs = rawPairs(block);
  const [kept] = (keep && keptTexts.get(keep)) ?? [];
  const text = (kept && patched(kept, pairs)) ?? printSection(blockName, pairs).replaceAll('\n', lineBreak);
  const bare = text.slice(0, text.length - breakWidth(text));
  if (body === markOf(body)) return body + bare + lineBreak;
  if (body.endsWith('\n')) return body + lineBreak + bare + lineBreak;
  return body + lineBreak + lineBreak + bare;
}

/** The kept text with new values, where it has exactly the same keys. */
function patched(kept: string, pairs: readonly [string, string][]): string | undefined {
  const wanted = new Map(pairs);
  const layout = layOut(kept, 'encrypted');
  const keys = layout.units.flatMap(({ unit }) => (unit.kind === 'key' ? [unit] : []));
  if (keys.length !== wanted.size || !keys.every(unit => wanted.has(unit.name))) return undefined;
  const texts = layout.units.map(slotted => {
    const { unit } = slotted;
    const value = unit.kind === 'key' ? wanted.get(unit.name) : undefined;
    const equal = unit.kind !== 'key' || unit.value === value || unit.value.replaceAll('\n', '\\n') === value;
    return rewriteUnit(kept, slotted, { value: equal ? undefined : value, comments: [] }, false);
  });
  return texts.join('');
}
