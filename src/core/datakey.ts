/** The data key of a file: 32 bytes that will not print. `docs/format.md` §3. */

import { createSecretKey, type KeyObject } from 'node:crypto';
import { TsopsError } from '../errors.ts';
import type { RandomSource } from './cipher.ts';

/** `inspect.custom` of node:util, as https://nodejs.org/api/util.html#utilinspectcustom gives it for code without that module. */
const inspection = Symbol.for('nodejs.util.inspect.custom');

/** AES-256 (NIST FIPS 197 §1). */
export const dataKeyBytes = 32;

const hidden = '[DataKey]';

/** Holds the key; printing, logging or serializing it gives a placeholder. */
export class DataKey {
  readonly #key: KeyObject;

  private constructor(bytes: Uint8Array) {
    this.#key = createSecretKey(bytes);
  }

  static generate(random: RandomSource): DataKey {
    return DataKey.from(random(dataKeyBytes));
  }

  /** Copies the bytes. @throws TsopsError DATA_KEY_UNAVAILABLE where they are not 32. */
  static from(bytes: Uint8Array): DataKey {
    if (bytes.length === dataKeyBytes) return new DataKey(bytes);
    throw new TsopsError('DATA_KEY_UNAVAILABLE', `the unwrapped data key is not ${dataKeyBytes} bytes long`, {
      hints: ['The wrapped key in the sops block was not made for this file; restore the block from version control.'],
    });
  }

  /** The key as node:crypto takes it, made once. */
  keyObject(): KeyObject {
    return this.#key;
  }

  /** Lends the bytes and wipes them afterwards, also when `use` is asynchronous. */
  withBytes<T>(use: (bytes: Uint8Array) => T): T {
    const bytes = this.#key.export();
    const wipe = (): void => void bytes.fill(0);
    let result: T;
    try {
      result = use(bytes);
    } catch (error) {
      wipe();
      throw error;
    }
    if (result instanceof Promise) return result.finally(wipe) as T;
    wipe();
    return result;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspection](): string {
    return hidden;
  }
}
