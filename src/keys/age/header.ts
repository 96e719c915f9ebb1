/** The header of an age file: version line, one stanza a recipient, MAC. C2SP age, "Header". */

import { parseBase64, printBase64 } from './base64.ts';

const version = 'age-encryption.org/v1';
const macLength = 32;
const bytesPerLine = 48;

/** The file key, wrapped for one recipient. */
export interface Stanza {
  readonly type: string;
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

export interface Header {
  readonly stanzas: readonly Stanza[];
  readonly mac: Uint8Array;
  /** The bytes under the MAC: from the version line up to and with `---`. */
  readonly signed: Uint8Array;
  /** The whole header with its last line end; the payload follows. */
  readonly bytes: Uint8Array;
}

/** The header at the start of a file; undefined where it is not well formed. */
export function parseHeader(file: Uint8Array): Header | undefined {
  const lines = new Lines(file);
  if (lines.next() !== version) return undefined;
  const stanzas: Stanza[] = [];
  for (;;) {
    const start = lines.offset;
    const line = lines.next();
    if (line === undefined) return undefined;
    if (line.startsWith('---')) {
      const mac = line.startsWith('--- ') ? parseBase64(line.slice(4)) : undefined;
      if (mac?.length !== macLength) return undefined;
      return { stanzas, mac, signed: file.subarray(0, start + 3), bytes: file.subarray(0, lines.offset) };
    }
    const stanza = parseStanza(line, lines);
    if (stanza === undefined) return undefined;
    stanzas.push(stanza);
  }
}

/** The bytes under the MAC, for given stanzas. */
export function printStanzas(stanzas: readonly Stanza[]): Uint8Array {
  return Buffer.from(`${version}\n${stanzas.map(printStanza).join('')}---`, 'latin1');
}

/** The whole header: what `printStanzas` gave, and its MAC. */
export function printHeader(signed: Uint8Array, mac: Uint8Array): Uint8Array {
  return Buffer.concat([signed, Buffer.from(` ${printBase64(mac)}\n`, 'latin1')]);
}

/** One stanza; the plugin protocol has the same form. */
export function printStanza({ type, args, body }: Stanza): string {
  const text = printBase64(body);
  // The body ends with a line shorter than 64 columns, if need be an empty one.
  return `${['->', type, ...args].join(' ')}\n${text.replace(/.{64}/g, '$&\n')}\n`;
}

function parseStanza(line: string, lines: Lines): Stanza | undefined {
  const start = parseStanzaStart(line);
  if (start === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for (;;) {
    const text = lines.next();
    const part = text === undefined ? undefined : parseBodyLine(text);
    if (part === undefined) return undefined;
    parts.push(part);
    if (isLastBodyLine(part)) return { ...start, body: Buffer.concat(parts) };
  }
}

/** The first line of a stanza: `-> TYPE ARGUMENT…`. */
export function parseStanzaStart(line: string): Omit<Stanza, 'body'> | undefined {
  const [arrow, type, ...args] = line.split(' ');
  return arrow === '->' && type !== undefined && [type, ...args].every(isArgument) ? { type, args } : undefined;
}

/** The bytes of a line of the body; undefined where it is not one. */
export function parseBodyLine(text: string): Uint8Array | undefined {
  const part = parseBase64(text);
  return part === undefined || part.length > bytesPerLine ? undefined : part;
}

/** A line that is not full ends the body. */
export function isLastBodyLine(part: Uint8Array): boolean {
  return part.length < bytesPerLine;
}

function isArgument(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

/** Reads a file line by line; a line counts only with its line end. */
class Lines {
  readonly #bytes: Uint8Array;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): string | undefined {
    const end = this.#bytes.indexOf(10, this.offset);
    if (end < 0) return undefined;
    const line = Buffer.from(this.#bytes.subarray(this.offset, end)).toString('latin1');
    this.offset = end + 1;
    return line;
  }
}
