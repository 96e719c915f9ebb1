/** Bytes that grow at their end, in one piece of memory. */

export class ByteWriter {
  /** How many bytes have been written. */
  length = 0;
  #target: Buffer;

  /** @param size how many bytes are expected; there may be more */
  constructor(size: number) {
    this.#target = Buffer.allocUnsafeSlow(Math.max(size, 64));
  }

  /** The memory, with room for so many more bytes; valid until the next call. Who writes into it moves `length` on. */
  room(bytes: number): Buffer {
    const needed = this.length + bytes;
    if (needed > this.#target.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.ceil(this.#target.length * 1.5)));
      this.#target.copy(larger, 0, 0, this.length);
      this.#target = larger;
    }
    return this.#target;
  }

  /** A part of other bytes. */
  copy(source: Buffer, start: number, end: number): void {
    if (end <= start) return;
    const target = this.room(end - start);
    // A call costs more than a short loop.
    if (end - start > 32) source.copy(target, this.length, start, end);
    else for (let i = 0; i < end - start; i++) target[this.length + i] = source[start + i] as number;
    this.length += end - start;
  }

  /** A text in UTF-8. */
  text(text: string): void {
    const target = this.room(text.length * 3);
    this.length += target.write(text, this.length, 'utf8');
  }

  byte(value: number): void {
    this.room(1)[this.length++] = value;
  }

  /** What has been written. Nothing may be written afterwards. */
  bytes(): Buffer {
    return this.#target.subarray(0, this.length);
  }
}
