/** Initialisation vectors, cut from larger draws: one call of the random source costs more than its bytes. */

import type { RandomSource } from './cipher.ts';

/** In bytes, as sops has it. */
export const ivBytes = 32;
const drawBytes = 64 * 1024;

export class IvPool {
  readonly #random: RandomSource;
  #drawn: Uint8Array = new Uint8Array(0);
  #used = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Puts the next one, which has not been given before, into `target`. @throws RangeError for a random source that gives too little */
  next(target: Uint8Array): void {
    if (this.#drawn.length - this.#used < ivBytes) {
      this.#drawn = this.#random(drawBytes);
      this.#used = 0;
      if (this.#drawn.length < ivBytes)
        throw new RangeError('the random source gave fewer bytes than it was asked for');
    }
    for (let i = 0; i < ivBytes; i++) target[i] = this.#drawn[this.#used + i] as number;
    this.#used += ivBytes;
  }
}
