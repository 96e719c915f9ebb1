/** Several plain texts as one: a stream of YAML documents, of JSON values, or of dotenv lines. */

import { TsopsError } from '../errors.ts';
import type { FormatName } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';

/** Takes texts one after the other and gives what each adds to the stream. */
export interface Joining {
  /** @param format of this text, one of those that were named at the start */
  next(text: Uint8Array, format: FormatName): Uint8Array;
}

/**
 * A stream for texts of these formats: YAML and JSON make YAML documents parted by `---`, JSON alone makes values one behind the other,
 * dotenv makes lines. One text alone stays as it is.
 * @throws TsopsError NOT_REPRESENTABLE for formats that no stream can hold
 */
export function joinTexts(formats: readonly FormatName[]): Joining {
  if (formats.length < 2) return { next: text => text };
  const kinds = new Set(formats.map(name => formatEntry(name).joinsAs));
  const [kind = 'documents', other] = kinds;
  if (kinds.size === 1 && (kind === 'lines' || kind === 'values')) return lines;
  if ([...kinds].every(name => name === 'documents' || name === 'values')) return new Documents();
  const alone = kind === 'nothing' ? kind : other;
  const what =
    alone === 'nothing'
      ? 'INI and binary files cannot be parts of a stream'
      : 'these formats do not go into one stream';
  throw new TsopsError('NOT_REPRESENTABLE', what, {
    hints: ['Write each file on its own with --output-dir DIR or -i, or convert them with --output-type json.'],
  });
}

const lines: Joining = { next: text => withLineEnd(withoutMark(text)) };

class Documents implements Joining {
  #isFirst = true;

  next(bytes: Uint8Array, format: FormatName): Uint8Array {
    const text = asUtf8(bytes);
    const head = this.#separator(text, format);
    this.#isFirst = false;
    return withLineEnd(Buffer.concat([Buffer.from(head), text]));
  }

  /** A text that begins with a marker of its own needs none; directives need the document before them to be ended. */
  #separator(text: Buffer, format: FormatName): string {
    // Programs that guess the format from the first character must not take the whole stream for JSON.
    if (this.#isFirst) return format === 'json' ? '---\n' : '';
    const start = firstLine(text);
    if (start === undefined || /^---(\s|$)/.test(start)) return '';
    return start.startsWith('%') ? '...\n' : '---\n';
  }
}

/** The first line that is neither blank nor a comment. */
function firstLine(text: Buffer): string | undefined {
  return /^(?![ \t]*(?:#|\r?$)).+/m.exec(text.toString('utf8', 0, headBytes))?.[0];
}

/** Enough for the comments at the head of a file; without a marker in them a further one does no harm. */
const headBytes = 64 * 1024;

function asUtf8(bytes: Uint8Array): Buffer {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : undefined;
  if (encoding === undefined) return Buffer.from(withoutMark(bytes));
  return Buffer.from(new TextDecoder(encoding).decode(bytes));
}

const withoutMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

const newline = 0x0a;
const withLineEnd = (bytes: Uint8Array): Uint8Array =>
  bytes.length === 0 || bytes.at(-1) === newline ? bytes : Buffer.concat([bytes, Buffer.of(newline)]);
