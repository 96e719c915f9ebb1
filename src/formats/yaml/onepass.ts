/** Decrypting a YAML text line by line, where `lines.ts` and `blocktext.ts` take it. */

import { ByteWriter } from '../../core/bytewriter.ts';
import type { OpeningPass } from '../../core/onepass.ts';
import { textOf } from '../../core/scalar.ts';
import type { SealedText, StoredBlock } from '../format.ts';
import { type BlockText, readBlock } from './blocktext.ts';
import { scanLines } from './lines.ts';
import { EventKind, LeafStyle, type LineTable } from './linetable.ts';
import {
  clearValue,
  innerEnd,
  innerStart,
  isSealed,
  isSure,
  mayBeNumber,
  opened,
  valueOrNothing,
} from './simpleleaf.ts';

export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const blockMark = '\nsops:\n';

/** The block has to be all that follows the last entry. */
export function sealedLines(bytes: Uint8Array): SealedLines | undefined {
  const text = asBuffer(bytes);
  const end = text.lastIndexOf(blockMark, undefined, 'latin1') + 1;
  // A last line without its end shows that the text before the block has none.
  if (end === 0 || text[text.length - 1] !== 0x0a) return undefined;
  const block = readBlock(text.toString('latin1', end));
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

class SealedLines implements SealedText {
  readonly blocks: readonly StoredBlock[];
  /** Where the block starts. */
  readonly end: number;
  readonly table: LineTable;
  readonly #text: Buffer;
  readonly #step: number;
  #copied = 0;

  constructor(text: Buffer, end: number, table: LineTable, { value, step }: BlockText) {
    this.blocks = [{ document: 0, value }];
    this.end = end;
    this.table = table;
    this.#text = text;
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
    const start = this.table.start(event);
    const end = this.table.end(event);
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
    const start = innerStart(table, event);
    const end = innerEnd(table, event);
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
