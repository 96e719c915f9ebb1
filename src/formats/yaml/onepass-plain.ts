/** Encrypting a YAML text line by line, where `lines.ts` takes it. */

import { ByteWriter } from '../../core/bytewriter.ts';
import type { SealingPass } from '../../core/onepass.ts';
import type { Mapping } from '../../core/tree.ts';
import type { PlainText, PrintOptions } from '../format.ts';
import { blockPatch } from './block.ts';
import { scanLines } from './lines.ts';
import { EventKind, LeafStyle, type LineTable } from './linetable.ts';
import { asBuffer, sealedLines } from './onepass.ts';
import { readsBack } from './readback.ts';
import { clearValue, comesBack, innerEnd, innerStart, isSealed, isSure } from './simpleleaf.ts';

export function plainLines(bytes: Uint8Array): PlainLines | undefined {
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
    const start = table.start(event);
    const end = table.end(event);
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
    const start = innerStart(table, event);
    const end = innerEnd(table, event);
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
