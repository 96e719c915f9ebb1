/** The binary form of SSH keys: strings and integers with a length in front. RFC 4251 §5, RFC 4253 §6.6. */

/** Reads length-prefixed fields; every read past the end gives undefined, and so does every one after it. */
export class SshReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  number(): number | undefined {
    const bytes = this.take(4);
    return bytes === undefined ? undefined : bytes.readUInt32BE(0);
  }

  field(): Buffer | undefined {
    const length = this.number();
    return length === undefined ? undefined : this.take(length);
  }

  text(): string | undefined {
    return this.field()?.toString('latin1');
  }

  /** All that was not read yet. */
  rest(): Buffer {
    return this.#bytes.subarray(Math.min(this.#offset, this.#bytes.length));
  }

  take(length: number): Buffer | undefined {
    if (this.#offset + length > this.#bytes.length) {
      this.#offset = Number.POSITIVE_INFINITY;
      return undefined;
    }
    const bytes = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return bytes;
  }
}

/** One field with its length. */
export function sshField(value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A positive integer without its sign byte, as JSON Web Keys hold it (RFC 7518 §2); undefined for anything else. */
export function sshInteger(field: Buffer | undefined): Buffer | undefined {
  if (field === undefined || field.length === 0 || field[0]! >= 0x80) return undefined;
  return field[0] === 0 ? field.subarray(1) : field;
}

/** The integer of such bytes. */
export function integerOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
}

export function bytesOfInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}
