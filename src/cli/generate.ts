/** Random values for `set --generate`. They are never shown. */

import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { TsopsError } from '../errors.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** By name; the number counts bytes, for a password characters (5.95 bits each). */
const kinds: Readonly<Record<string, { readonly usual: number; readonly make: (size: number) => string }>> = {
  hex: { usual: 32, make: size => randomBytes(size).toString('hex') },
  base64: { usual: 32, make: size => randomBytes(size).toString('base64') },
  password: {
    usual: 24,
    make: size => Array.from({ length: size }, () => letters[randomInt(letters.length)]).join(''),
  },
};

const largest = 4096;

/**
 * A random text: `uuid` (version 4), or `hex`, `base64` or `password` with a size behind a colon.
 * @throws TsopsError SET_FORMAT_INVALID
 */
export function generateValue(kind: string): string {
  if (kind === 'uuid') return randomUUID();
  const [, name = '', digits] = /^(\w+)(?::([1-9]\d{0,3}))?$/.exec(kind) ?? [];
  const found = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  const size = digits === undefined ? found?.usual : Number(digits);
  if (found !== undefined && size !== undefined && size <= largest) return found.make(size);
  throw new TsopsError('SET_FORMAT_INVALID', '--generate does not know that kind of value', {
    hints: [`Use hex:32, base64:32 (bytes), password:24 (characters) or uuid; a size is at most ${largest}.`],
  });
}
