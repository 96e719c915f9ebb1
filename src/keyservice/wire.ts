/**
 * The messages of the key service protocol, in the encoding of protobuf 3 (protobuf.dev, "Encoding"). sops 3.13.2
 * keyservice/keyservice.proto has the field numbers. Every field is a text, bytes or a message, so all have the wire type LEN;
 * whatever else stands in a message is a field that we do not know and is passed over. Pure.
 */

import type { MasterKey } from '../core/metadata.ts';

/** Longer than any wrapped key, and short enough for anybody to send. */
export const maxMessageBytes = 1024 * 1024;

/** A request to wrap (`bytes` is the data key or a share) or to unwrap (`bytes` is the stored `enc` text). */
export interface WireRequest {
  /** With an empty `createdAt` and `enc`, which do not travel; undefined where the message has none of a kind that we know. */
  readonly key: MasterKey | undefined;
  readonly bytes: Uint8Array;
}

export function printRequest(key: MasterKey, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([field(1, printKey(key)), optionalField(2, bytes)]);
}

/** A request, or undefined where the bytes are not one. The `bytes` of it are a part of the message. */
export function parseRequest(message: Uint8Array): WireRequest | undefined {
  const fields = parseFields(message);
  if (fields === undefined) return undefined;
  const key = parseKey(merged(fields, 1));
  return key === 'malformed' ? undefined : { key, bytes: last(fields, 2) };
}

/** The answer to either request: one field with the wrapped or the unwrapped part. */
export function printResponse(bytes: Uint8Array): Uint8Array {
  return optionalField(1, bytes);
}

/** The part in an answer, or undefined where the bytes are not one. */
export function parseResponse(message: Uint8Array): Uint8Array | undefined {
  const fields = parseFields(message);
  return fields === undefined ? undefined : last(fields, 1);
}

// Keys

type Value = string | ReadonlyMap<string, string>;

/** The number of a kind in the oneof of `Key`, and the fields of its message from number 1. */
function keyFields(key: MasterKey): [number: number, values: readonly Value[]] {
  switch (key.kind) {
    case 'kms':
      return [1, [key.arn, key.role, key.context, key.awsProfile]];
    case 'pgp':
      return [2, [key.fingerprint]];
    case 'gcp_kms':
      return [3, [key.resourceId]];
    case 'azure_kv':
      return [4, [key.vaultUrl, key.name, key.version]];
    case 'hc_vault':
      return [5, [key.vaultAddress, key.enginePath, key.keyName]];
    case 'age':
      return [6, [key.recipient]];
    case 'hckms':
      return [7, [key.keyId]];
  }
}

function keyOf(number: number, text: (number: number) => string, context: ReadonlyMap<string, string>): MasterKey {
  const rest = { createdAt: '', enc: '' };
  switch (number) {
    case 1:
      return { kind: 'kms', arn: text(1), role: text(2), context, awsProfile: text(4), ...rest };
    case 2:
      return { kind: 'pgp', fingerprint: text(1), ...rest };
    case 3:
      return { kind: 'gcp_kms', resourceId: text(1), ...rest };
    case 4:
      return { kind: 'azure_kv', vaultUrl: text(1), name: text(2), version: text(3), ...rest };
    case 5:
      return { kind: 'hc_vault', vaultAddress: text(1), enginePath: text(2), keyName: text(3), ...rest };
    case 6:
      return { kind: 'age', recipient: text(1), enc: '' };
    default:
      return { kind: 'hckms', keyId: text(1), ...rest };
  }
}

function printKey(key: MasterKey): Uint8Array {
  const [number, values] = keyFields(key);
  const fields = values.map((value, index) =>
    typeof value === 'string' ? optionalField(index + 1, utf8(value)) : printMap(index + 1, value),
  );
  return field(number, Buffer.concat(fields));
}

function printMap(number: number, map: ReadonlyMap<string, string>): Uint8Array {
  const entry = ([name, value]: [string, string]) => Buffer.concat([field(1, utf8(name)), field(2, utf8(value))]);
  return Buffer.concat([...map].map(pair => field(number, entry(pair))));
}

/** Of several members of a oneof the last one counts; the same one several times is one message in parts. */
function parseKey(message: Uint8Array): MasterKey | undefined | 'malformed' {
  const members = parseFields(message);
  if (members === undefined) return 'malformed';
  const number = members.findLast(member => member.number >= 1 && member.number <= 7)?.number;
  if (number === undefined) return undefined;
  const start = members.findLastIndex(member => member.number <= 7 && member.number !== number) + 1;
  const fields = parseFields(merged(members.slice(start), number));
  if (fields === undefined) return 'malformed';
  try {
    return keyOf(number, at => utf8Text(last(fields, at)), number === 1 ? parseMap(fields, 3) : new Map());
  } catch {
    return 'malformed';
  }
}

/** @throws where an entry is no message or no text */
function parseMap(fields: readonly Field[], number: number): Map<string, string> {
  const map = new Map<string, string>();
  for (const { bytes } of fields.filter(one => one.number === number)) {
    const entry = parseFields(bytes);
    if (entry === undefined) throw new RangeError('an entry is no message');
    map.set(utf8Text(last(entry, 1)), utf8Text(last(entry, 2)));
  }
  return map;
}

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** @throws where it is not UTF-8 */
const utf8Text = (bytes: Uint8Array): string => decoder.decode(bytes);

// Fields

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
}

const wireTypes = { varint: 0, fixed64: 1, length: 2, fixed32: 5 } as const;

function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint((number << 3) | wireTypes.length), varint(bytes.length), bytes]);
}

/** Outside a oneof an empty value is the same as none. */
function optionalField(number: number, bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 ? Buffer.alloc(0) : field(number, bytes);
}

const none = new Uint8Array();

function last(fields: readonly Field[], number: number): Uint8Array {
  return fields.findLast(one => one.number === number)?.bytes ?? none;
}

/** A message that stands several times in its field is all of them together. */
function merged(fields: readonly Field[], number: number): Uint8Array {
  return Buffer.concat(fields.filter(one => one.number === number).map(({ bytes }) => bytes));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** The fields of wire type LEN in their order, or undefined where the bytes are no message. */
function parseFields(message: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  const reader = new Reader(message);
  while (!reader.atEnd()) {
    const tag = reader.varint();
    const bytes = reader.value(tag & 7);
    if (bytes === undefined || tag < 8 || tag > 0xffff_ffff) return undefined;
    if ((tag & 7) === wireTypes.length) fields.push({ number: Math.floor(tag / 8), bytes });
  }
  return fields;
}

class Reader {
  readonly #message: Uint8Array;
  #at = 0;

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  atEnd(): boolean {
    return this.#at >= this.#message.length;
  }

  /** A number of up to 64 bits, inexact above 2^53, where nobody needs it; NaN where there is none. */
  varint(): number {
    let value = 0;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.#message[this.#at];
      if (byte === undefined) return Number.NaN;
      this.#at += 1;
      value += (byte & 0x7f) * 128 ** index;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  }

  /** The bytes of a value; undefined where they are cut off or of a type that protobuf 3 does not have. */
  value(wireType: number): Uint8Array | undefined {
    if (wireType === wireTypes.length) return this.#take(this.varint());
    if (wireType === wireTypes.fixed64) return this.#take(8);
    if (wireType === wireTypes.fixed32) return this.#take(4);
    return wireType === wireTypes.varint && !Number.isNaN(this.varint()) ? none : undefined;
  }

  #take(length: number): Uint8Array | undefined {
    const start = this.#at;
    if (!(length <= this.#message.length - start)) return undefined;
    this.#at = start + length;
    return this.#message.subarray(start, this.#at);
  }
}
