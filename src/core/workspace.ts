/** Memory that is used again and again, for files of very many values. */

/** Making a longer part is little beside what is done with it. */
const longestView = 256;

/** Memory that is used for one value after the other, and the parts of it that short values take, each made once. */
export class Workspace {
  #memory = Buffer.alloc(1024);
  #views: Buffer[] = [];

  /** The memory, of this size at least, with what is in it. */
  ofSize(size: number): Buffer {
    if (size > this.#memory.length) {
      this.#memory = Buffer.concat([this.#memory], 2 * size);
      this.#views = [];
    }
    return this.#memory;
  }

  /** So many bytes of it, from the first on; valid until other bytes are put there. */
  view(length: number): Buffer {
    if (length > longestView) return this.#memory.subarray(0, length);
    let view = this.#views[length];
    if (view === undefined) {
      view = this.#memory.subarray(0, length);
      this.#views[length] = view;
    }
    return view;
  }

  /** Takes a part of other bytes. */
  take(source: Uint8Array, start: number, end: number): Buffer {
    const length = end - start;
    if (length > longestView) return Buffer.from(source.buffer, source.byteOffset + start, length);
    const memory = this.ofSize(length);
    for (let i = 0; i < length; i++) memory[i] = source[start + i] as number;
    return this.view(length);
  }
}
