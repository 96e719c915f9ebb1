/**
 * Binary: any bytes, as one value. The encrypted form is a JSON object with `data` and the block. `docs/format.md` §8;
 * sops 3.13.2 stores/json BinaryStore.
 */

import type { Amendment } from '../../core/amend.ts';
import type { LinePlace } from '../../core/linemap.ts';
import {
  type Changes,
  entry,
  isComment,
  leaf,
  type Mapping,
  mapping,
  type Node,
  type Stage,
  type Tree,
} from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import type { EncryptedFile, Format, PlainFile, PrintOptions, StoredBlock, WholeFile, WholeFormat } from '../format.ts';
import { EncryptedJson, PlainJson } from '../json/file.ts';
import { json } from '../json/index.ts';

/** The key under which sops keeps the content. */
const dataKey = 'data';

class PlainBinary implements PlainFile {
  readonly tree: Tree<'plain'>;
  readonly blocks: readonly StoredBlock[];
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.tree = { documents: [mapping([entry(dataKey, leaf(bytes, 0))])], slots: 1 };
    this.blocks = blocksIn(bytes);
  }

  /** Bytes are restored from the value alone. */
  spelling(): undefined {
    return undefined;
  }

  rewrite(
    changes: Changes,
    block: Mapping,
    options: PrintOptions & { readonly keep?: EncryptedFile | undefined },
  ): Uint8Array {
    const data = changes[0];
    if (typeof data !== 'string' && this.bytes.length > 0) {
      throw new TsopsError('NOT_REPRESENTABLE', 'the content of a binary file is encrypted as a whole or not at all');
    }
    const kept = options.keep instanceof EncryptedBinary ? options.keep : undefined;
    const envelope = new PlainJson(kept?.envelope() ?? emptyEnvelope(options.indent));
    return envelope.rewrite([data ?? ''], block, { indent: options.indent, keep: kept?.file });
  }
}

const emptyEnvelope = (indent: number | undefined): Uint8Array =>
  json.print({ documents: [mapping([entry(dataKey, leaf(''))])], slots: 0 }, { indent });

class EncryptedBinary implements EncryptedFile {
  readonly file: EncryptedJson;
  readonly tree: Tree<'encrypted'>;
  readonly blocks: readonly StoredBlock[];

  constructor(bytes: Uint8Array) {
    this.file = new EncryptedJson(bytes);
    this.tree = this.file.tree;
    this.blocks = this.file.blocks;
  }

  /** The file without its block, where it is the layout of one value and nothing else. */
  envelope(): Uint8Array | undefined {
    return isOneValue(this.tree) ? this.file.rewrite([], undefined) : undefined;
  }

  placeOf(slot: number): LinePlace | undefined {
    return this.file.placeOf(slot);
  }

  rewrite(changes: Changes): Uint8Array {
    const data = dataOf(this.tree.documents);
    const change = data?.kind === 'leaf' ? changes[data.slot] : undefined;
    if (change !== undefined && isComment(change)) throw notBinary();
    return bytesOfData(change === undefined ? data : leaf(change));
  }
}

function isOneValue({ documents }: Tree<Stage>): boolean {
  const [only, ...others] = documents[0]?.items ?? [];
  return others.length === 0 && only?.kind === 'entry' && only.key === dataKey && only.value.kind === 'leaf';
}

/** The first `data` of the only document; sops ignores all other keys. */
function dataOf(documents: readonly Mapping[]): Node | undefined {
  const [document, ...rest] = documents;
  if (document === undefined || rest.length > 0) throw notBinary();
  for (const item of document.items) if (item.kind === 'entry' && item.key === dataKey) return item.value;
  return undefined;
}

function bytesOfData(data: Node | undefined): Uint8Array {
  if (data?.kind !== 'leaf') throw notBinary();
  if (typeof data.value === 'string') return Buffer.from(data.value, 'utf8');
  if (data.value instanceof Uint8Array) return data.value;
  throw notBinary();
}

const notBinary = (): TsopsError =>
  new TsopsError(
    'NOT_REPRESENTABLE',
    `only one document with a string at the key ${dataKey} can be written as binary`,
    {
      hints: ['Say which format you want with --output-type, for example --output-type json.'],
    },
  );

/** The blocks of bytes that are an encrypted binary file already; plain content of any other kind has none. */
function blocksIn(bytes: Uint8Array): readonly StoredBlock[] {
  if (!mayBeEncrypted(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) return [];
  const file = encryptedOrNothing(bytes);
  if (file === undefined || !file.blocks.some(({ value }) => value.kind === 'mapping')) return [];
  const data = dataOf(file.tree.documents);
  const isEncrypted =
    data?.kind === 'leaf' && typeof data.value === 'string' && (data.value === '' || data.value.startsWith('ENC['));
  return isEncrypted ? file.blocks : [];
}

/** What stands in front of the ciphertext in all files that sops and tsops write. */
const beginning = new RegExp(
  `^[ \\t\\r\\n]*\\{[ \\t\\r\\n]*"${dataKey}"[ \\t\\r\\n]*:[ \\t\\r\\n]*"(?=ENC\\[AES256_GCM,data:)`,
);
const longestBeginning = 512;
const quoteMark = 0x22;

/** The ciphertext holds no quotation mark and no escape, or it is none. */
function locate(bytes: Uint8Array): WholeFile | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = beginning.exec(all.toString('latin1', 0, longestBeginning))?.[0].length;
  const end = start === undefined ? -1 : all.indexOf(quoteMark, start);
  if (start === undefined || end < 0) return undefined;
  const envelope = encryptedOrNothing(Buffer.concat([all.subarray(0, start), all.subarray(end)]));
  return envelope && isOneValue(envelope.tree) ? { start, end, envelope } : undefined;
}

function enclose(length: number, block: Mapping, { indent }: PrintOptions): { bytes: Buffer; at: number } {
  const mark = 'ENC[]';
  const text = Buffer.from(new PlainJson(emptyEnvelope(indent)).rewrite([mark], block, { indent }));
  const at = text.indexOf(mark);
  const bytes = Buffer.allocUnsafeSlow(text.length - mark.length + length);
  text.copy(bytes, 0, 0, at);
  text.copy(bytes, at + length, at + mark.length);
  return { bytes, at };
}

const whole: WholeFormat = { locate, enclose };

/** Rules out nearly all content without reading it as JSON. */
function mayBeEncrypted(bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length && whiteSpace.has(bytes[at] ?? 0)) at++;
  return bytes[at] === 0x7b && bytes.includes('"sops"');
}

const whiteSpace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

function encryptedOrNothing(bytes: Uint8Array): EncryptedJson | undefined {
  try {
    return new EncryptedJson(bytes);
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}

/** @throws TsopsError FILE_SYNTAX */
function encryptedBinary(bytes: Uint8Array): EncryptedBinary {
  try {
    return new EncryptedBinary(bytes);
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    throw error.with({
      hints: [
        'An encrypted binary file is a JSON object with the keys data and sops; give --input-type for another format.',
      ],
    });
  }
}

function parse(bytes: Uint8Array, stage: 'plain'): PlainFile;
function parse(bytes: Uint8Array, stage: 'encrypted'): EncryptedFile;
function parse(bytes: Uint8Array, stage: Stage): PlainFile | EncryptedFile {
  return stage === 'plain' ? new PlainBinary(bytes) : encryptedBinary(bytes);
}

function print(tree: Tree<Stage>, options: PrintOptions & { readonly block?: Mapping | undefined }): Uint8Array {
  return options.block === undefined ? bytesOfData(dataOf(tree.documents)) : json.print(tree, options);
}

function printNode(node: Node): Uint8Array {
  return bytesOfData(node);
}

/** All of the content, under the path that sops gives it. */
function amend(_bytes: Uint8Array, { path, value }: Amendment): Uint8Array {
  if (path.length === 1 && path[0] === dataKey && value?.kind === 'leaf') {
    if (typeof value.value === 'string') return Buffer.from(value.value, 'utf8');
    if (value.value instanceof Uint8Array) return value.value;
  }
  throw new TsopsError('NOT_REPRESENTABLE', `a binary file holds one text, at the path ["${dataKey}"]`, {
    path,
    hints: ['Give the format of the content with --input-type, if it is another one.'],
  });
}

/** In `print` with a block, an indent of -1 or none is one tab per level. */
export const binary: Format = { name: 'binary', extensions: [], parse, print, amend, printNode, whole };
