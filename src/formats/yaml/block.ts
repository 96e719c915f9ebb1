/** The `sops` block of a YAML text: writing it, keeping the text of an older one, and taking it out. `docs/format.md` §6.2. */

import { sameScalar } from '../../core/scalar.ts';
import { type Comment, type Entry, entry, type Mapping, mapping, type Node } from '../../core/tree.ts';
import { flowOfNode } from './flow.ts';
import { applyPatches, endsWithNewline, lineEnd, lineStart, newlineOf, nextLine, type Patch } from './patch.ts';
import { type BlockSpot, withLineEnds } from './prepare.ts';
import { asDoubleQuoted, printYaml } from './print.ts';
import type { MappingNode, YamlDocument } from './syntax.ts';
import type { BlockPair } from './tree.ts';

/** What may be kept of an encrypted file whose block is written again. */
export interface KeptBlocks {
  readonly text: string;
  readonly blocks: readonly BlockPair[];
}

/** The replacement of a spot by a block. */
export function blockPatch(
  spot: BlockSpot,
  index: number,
  block: Mapping,
  text: string,
  step: number,
  kept: KeptBlocks | undefined,
): Patch {
  const { start, end } = spot;
  if (spot.style === 'flow') return { start, end, text: `${spot.separator}"sops": ${flowOfNode(block)}` };
  const lines = keptLines(spot, index, block, text, kept) ?? printedLines(block, spot.column, step, newlineOf(text));
  return { start, end, text: withLineEnds(lines, spot, text) };
}

function printedLines(block: Mapping, column: number, step: number, newline: string): string {
  const lines = printYaml([mapping([entry('sops', block)])], { indent: step })
    .trimEnd()
    .split('\n');
  return lines.map(line => ' '.repeat(column) + line).join(newline);
}

/** The older text with the values that differ replaced, where old and new block have the same shape. */
function keptLines(
  spot: BlockSpot,
  index: number,
  block: Mapping,
  text: string,
  kept: KeptBlocks | undefined,
): string | undefined {
  const old = kept?.blocks.find(found => found.document === index) ?? kept?.blocks[0];
  if (kept === undefined || old === undefined || old.pair.value.kind !== 'mapping' || old.root.flow) return undefined;
  if (old.root.column !== spot.column || newlineOf(kept.text) !== newlineOf(text) || old.value.kind !== 'mapping')
    return undefined;
  const patches = differences(old.value, block, old.pair.value);
  if (patches === undefined) return undefined;
  const { start, end } = blockLines(kept.text, old);
  const local = patches.map(patch => ({ ...patch, start: patch.start - start, end: patch.end - start }));
  const lines = applyPatches(kept.text.slice(start, end), local).text;
  return endsWithNewline(lines) ? lines.slice(0, -newlineOf(text).length) : lines;
}

/** Replacements of top-level texts; undefined where anything else differs. */
function differences(old: Mapping, next: Mapping, node: MappingNode): Patch[] | undefined {
  const entries = old.items.filter(item => item.kind === 'entry');
  if (entries.length !== next.items.length || entries.length !== node.pairs.length) return undefined;
  const patches: Patch[] = [];
  for (const [i, a] of entries.entries()) {
    const [b, pair] = [next.items[i], node.pairs[i]];
    if (b?.kind !== 'entry' || pair === undefined || a.key !== b.key) return undefined;
    if (sameNode(a.value, b.value)) continue;
    if (
      b.value.kind !== 'leaf' ||
      typeof b.value.value !== 'string' ||
      pair.value.kind !== 'scalar' ||
      pair.value.block
    )
      return undefined;
    const plain = pair.value.style === 'plain' && b.value.value.startsWith('ENC[');
    patches.push({
      start: pair.value.start,
      end: pair.value.end,
      text: plain ? b.value.value : asDoubleQuoted(b.value.value),
    });
  }
  return patches;
}

function sameNode(a: Node, b: Node): boolean {
  if (a.kind === 'leaf') return b.kind === 'leaf' && sameScalar(a.value, b.value);
  if (b.kind !== a.kind) return false;
  const left = a.items.filter(item => item.kind !== 'comment');
  const right = b.items.filter(item => item.kind !== 'comment');
  return left.length === right.length && left.every((item, i) => sameItem(item, right[i]));
}

function sameItem(a: Entry | Comment | Node, b: Entry | Comment | Node | undefined): boolean {
  if (b === undefined || a.kind === 'comment' || b.kind === 'comment') return false;
  if (a.kind === 'entry') return b.kind === 'entry' && a.key === b.key && sameNode(a.value, b.value);
  return b.kind !== 'entry' && sameNode(a, b);
}

/** The lines that a block takes, from the start of its key's line. */
export function blockLines(text: string, { pair }: BlockPair): { start: number; end: number } {
  const start = lineStart(text, pair.key.propsStart);
  const valueEnd = Math.max(pair.value.end, pair.colon + 1);
  const atLineStart = valueEnd > start && lineStart(text, valueEnd) === valueEnd;
  return { start, end: atLineStart ? valueEnd : nextLine(text, valueEnd) };
}

/** Takes the block of a document out, with the line break that had moved behind it. */
export function removalPatch(text: string, found: BlockPair, document: YamlDocument, onlyDocument: boolean): Patch {
  if (found.root.flow) return flowRemoval(found);
  const { start, end } = blockLines(text, found);
  // Without the block such a document would be none at all.
  if (found.root.pairs.length === 1 && !document.explicitStart)
    return { start, end, text: `${onlyDocument ? '{}' : '---'}${newlineOf(text)}` };
  if (end < text.length || endsWithNewline(text)) return { start, end, text: '' };
  return { start: lineEndBefore(text, start), end, text: '' };
}

function lineEndBefore(text: string, start: number): number {
  return start === 0 ? 0 : lineEnd(text, lineStart(text, text.startsWith('\r\n', start - 2) ? start - 2 : start - 1));
}

function flowRemoval({ pair, root }: BlockPair): Patch {
  const index = root.pairs.indexOf(pair);
  const end = pair.value.end;
  const [before, after] = [root.pairs[index - 1], root.pairs[index + 1]];
  if (before !== undefined)
    return { start: Math.max(before.key.end, before.colon + 1, before.value.end), end, text: '' };
  return { start: root.start + 1, end: after === undefined ? end : after.key.propsStart, text: '' };
}
