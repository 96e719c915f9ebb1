/** Decrypting and encrypting a YAML text line by line, where `lines.ts` takes it. */

import { ByteWriter } from '../../core/bytewriter.ts';
import type { OpeningPass, SealingPass } from '../../core/onepass.ts';
import { textOf } from '../../core/scalar.ts';
import type { Mapping } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import type { OnePass, PlainText, PrintOptions, SealedText } from '../format.ts';
import { blockLines, blockPatch } from './block.ts';
import { scanLines } from './lines.ts';
import { EventKind, LeafStyle, type LineTable } from './linetable.ts';
import { parseYaml } from './parser.ts';
import { readsBack } from './readback.ts';
import {
  clearValue,
  comesBack,
  innerEnd,
  innerStart,
  isSealed,
  isSure,
  mayBeNumber,
  opened,
  valueOrNothing,
} from './simpleleaf.ts';
import { type BlockPair, buildTree } from './tree.ts';

export const onePass: OnePass = { sealed: sealedLines, plain: plainLines };

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const blockMark = '\nsops:\n';

/** The block has to be all that follows the last entry. */
export function sealedLines(bytes: Uint8Array): SealedLines | undefined {
  const text = asBuffer(bytes);
  const end = text.lastIndexOf(blockMark, undefined, 'latin1') + 1;
  // A last line without its end shows that the text before the block has none.
  if (end === 0 || text[text.length - 1] !== 0x0a) return undefined;
  const block = blockOf(text.subarray(end));
  const table = block && scanLines(text, end, 'encrypted');
  return table && mayBeOpened(table, text) ? new SealedLines(text, end, table, block) : undefined;
}

/** A value that the parser refuses is for the parser to tell of, and a comment in clear text for the walk over the tree. */
function mayBeOpened(table: LineTable, text: Buffer): boolean {
  for (let event = 0; event < table.length; event++) {
    if (table.kind(event) !== EventKind.leaf || table.style(event) !== LeafStyle.plain) continue;
    if (mayBeNumber(text, table.start(event)) && valueOrNothing(table, event, text) === undefined) return false;
  }
  return true;
}

function blockOf(tail: Buffer): BlockPair | undefined {
  try {
    const stream = parseYaml(tail.toString('utf8'));
    const [document, another] = stream.documents;
    const { blocks } = buildTree(stream);
    const [found] = blocks;
    if (document === undefined || another !== undefined || found === undefined || blocks.length > 1) return undefined;
    const isAlone = found.root.pairs.length === 1 && stream.comments.length === 0 && !document.explicitEnd;
    return isAlone && blockLines(stream.text, found).end === stream.text.length ? found : undefined;
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}

class SealedLines implements SealedText {
  readonly blocks: readonly BlockPair[];
  /** Where the block starts. */
  readonly end: number;
  readonly table: LineTable;
  readonly #text: Buffer;
  readonly #step: number;
  #copied = 0;

  constructor(text: Buffer, end: number, table: LineTable, block: BlockPair) {
    this.blocks = [block];
    this.end = end;
    this.table = table;
    this.#text = text;
    const step = block.pair.value.kind === 'mapping' ? block.pair.value.column : 0;
    this.#step = step >= 2 && step <= 9 ? step : 4;
  }

  open(pass: OpeningPass): Uint8Array | undefined {
    const { table } = this;
    const out = new ByteWriter(this.end);
    this.#copied = 0;
    for (let event = 0; event < table.length; event++) {
      if (table.isBehindNext(event)) {
        if (!this.#leaf(event + 1, pass, out, true) || !this.#comment(event, pass, out)) return undefined;
        event++;
      } else if (!this.#event(event, pass, out)) return undefined;
    }
    out.copy(this.#text, this.#copied, this.end);
    return out.bytes();
  }

  #event(event: number, pass: OpeningPass, out: ByteWriter): boolean {
    const kind = this.table.kind(event);
    if (kind === EventKind.leaf) return this.#leaf(event, pass, out, false);
    if (kind === EventKind.comment) return this.#comment(event, pass, out);
    if (kind === EventKind.enter) pass.enter(this.table.key(event, this.#text));
    else pass.leave();
    return true;
  }

  #comment(event: number, pass: OpeningPass, out: ByteWriter): boolean {
    const [start, end] = [this.table.start(event), this.table.end(event)];
    if (start === end) return true;
    if (pass.leavesComments) return !this.#text.toString('utf8', start, end).trimStart().startsWith('ENC[');
    if (!pass.openComment(this.#text, start, end) || textOf(pass.plain) === undefined) return false;
    this.#replace(out, start, end, pass.plain);
    return true;
  }

  #leaf(event: number, pass: OpeningPass, out: ByteWriter, hasComment: boolean): boolean {
    const { table } = this;
    const text = this.#text;
    const key = table.key(event, text);
    const [start, end] = [innerStart(table, event), innerEnd(table, event)];
    if (!pass.selects(key) || !isSealed(text, start)) {
      const value = clearValue(table, event, text);
      if (value !== null && value !== '' && pass.selects(key)) return false;
      if (value !== null) pass.clear(value);
      return true;
    }
    if (!pass.open(text, start, end, key)) return false;
    if (pass.value === undefined && isSure(pass.plain, 0, pass.plain.length)) {
      this.#replace(out, start, end, pass.plain);
      return true;
    }
    const value = pass.value ?? textOf(pass.plain) ?? Uint8Array.from(pass.plain);
    const context = { base: table.column(event), step: this.#step, allowBlock: true };
    const { head = '', body } = opened(table.style(event), value, context);
    if (hasComment && body.length > 0) return false;
    this.#replace(out, table.start(event), table.end(event), Buffer.from([head, ...body].join('\n'), 'utf8'));
    return true;
  }

  #replace(out: ByteWriter, start: number, end: number, bytes: Buffer): void {
    out.copy(this.#text, this.#copied, start);
    out.copy(bytes, 0, bytes.length);
    this.#copied = end;
  }
}

function plainLines(bytes: Uint8Array): PlainLines | undefined {
  const text = asBuffer(bytes);
  const table = scanLines(text, text.length, 'plain');
  return table && mayBeSealed(table, text) ? new PlainLines(text, table) : undefined;
}

/** Every value must come back without a spelling, and a comment must not look like a ciphertext. */
function mayBeSealed(table: LineTable, text: Buffer): boolean {
  for (let event = 0; event < table.length; event++) {
    const kind = table.kind(event);
    if (kind === EventKind.leaf && !comesBack(table, event, text)) return false;
    if (kind !== EventKind.comment) continue;
    let start = table.start(event);
    while (text[start] === 0x20) start++;
    if (isSealed(text, start)) return false;
  }
  return true;
}

/** How much a value grows when it is encrypted, and what a block takes: a good guess saves copies. */
const growth = 140;
const blockRoom = 8192;

class PlainLines implements PlainText {
  readonly #text: Buffer;
  readonly #table: LineTable;
  #copied = 0;
  /** For a comment that is encrypted before the value in front of it, but stands behind that. */
  readonly #aside = new ByteWriter(256);

  constructor(text: Buffer, table: LineTable) {
    this.#text = text;
    this.#table = table;
  }

  seal(pass: SealingPass, block: () => Mapping, { indent }: PrintOptions): Uint8Array | undefined {
    const text = this.#text;
    const table = this.#table;
    const out = new ByteWriter(text.length + growth * table.length + blockRoom);
    /** By event: where its ciphertext starts and ends in the result. */
    const places = new Uint32Array(2 * table.length);
    this.#copied = 0;
    for (let event = 0; event < table.length; event++) this.#event(event, pass, out, places);
    out.copy(text, this.#copied, text.length);
    const end = out.length;
    const spot = { start: 0, end: 0, style: 'block', column: 0, lastLine: false, separator: '' } as const;
    out.text(blockPatch(spot, 0, block(), '\n', this.#step(indent), undefined).text);
    const sealed = out.bytes();
    const read = sealedLines(sealed);
    if (read === undefined || read.end !== end) return undefined;
    return readsBack({ text, table, places }, { text: sealed, table: read.table, end }) ? sealed : undefined;
  }

  #event(event: number, pass: SealingPass, out: ByteWriter, places: Uint32Array): void {
    const table = this.#table;
    const kind = table.kind(event);
    if (kind === EventKind.enter) pass.enter(table.key(event, this.#text));
    else if (kind === EventKind.leave) pass.leave();
    else if (kind === EventKind.comment) this.#comment(event, pass, out, places);
    else this.#leaf(event, pass, out, places);
  }

  #comment(event: number, pass: SealingPass, out: ByteWriter, places: Uint32Array): void {
    const table = this.#table;
    const [start, end] = [table.start(event), table.end(event)];
    if (table.isBehindNext(event)) {
      // It stands behind the next leaf, and the walk comes to it before that.
      this.#aside.length = 0;
      pass.sealComment(this.#text, start, end, this.#aside);
      return;
    }
    this.#copyTo(start, out);
    const from = out.length;
    if (pass.sealComment(this.#text, start, end, out)) this.#placed(event, from, end, out, places);
  }

  #leaf(event: number, pass: SealingPass, out: ByteWriter, places: Uint32Array): void {
    const table = this.#table;
    const [start, end] = [innerStart(table, event), innerEnd(table, event)];
    this.#copyTo(start, out);
    const from = out.length;
    if (this.#value(event, start, end, pass, out)) this.#placed(event, from, end, out, places);
    if (event === 0 || !table.isBehindNext(event - 1) || this.#aside.length === 0) return;
    this.#copyTo(table.start(event - 1), out);
    const behind = out.length;
    out.copy(this.#aside.bytes(), 0, this.#aside.length);
    this.#placed(event - 1, behind, table.end(event - 1), out, places);
  }

  #value(event: number, start: number, end: number, pass: SealingPass, out: ByteWriter): boolean {
    const key = this.#table.key(event, this.#text);
    const isText = this.#table.style(event) !== LeafStyle.plain || isSure(this.#text, start, end);
    if (isText && end > start) return pass.sealText(this.#text, start, end, key, out);
    const value = isText ? '' : clearValue(this.#table, event, this.#text);
    return value !== null && pass.seal(value, key, out);
  }

  #copyTo(offset: number, out: ByteWriter): void {
    out.copy(this.#text, this.#copied, offset);
    this.#copied = offset;
  }

  #placed(event: number, from: number, end: number, out: ByteWriter, places: Uint32Array): void {
    places[2 * event] = from;
    places[2 * event + 1] = out.length;
    this.#copied = end;
  }

  /** Spaces per level of the block: as asked for, else as the first nested mapping of the root has it, else as sops writes. */
  #step(indent: number | undefined): number {
    if (indent !== undefined && indent !== 0) return indent;
    const table = this.#table;
    let depth = 0;
    for (let event = 0; event < table.length; event++) {
      const kind = table.kind(event);
      if (kind === EventKind.leave) depth--;
      if (kind !== EventKind.enter) continue;
      if (depth === 0 && !table.isList(event)) {
        const step = table.column(event);
        return step >= 2 && step <= 9 ? step : 4;
      }
      depth++;
    }
    return 4;
  }
}
