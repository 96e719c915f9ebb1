/** The encryption context of AWS KMS: pairs of a name and a value that unwrapping has to repeat. */

import { TsopsError } from '../errors.ts';

/**
 * The context of a text `name:value,name:value`, as `--encryption-context` takes it. An empty text gives an empty context.
 * sops 3.13.2 kms/keysource.go ParseKMSContext
 *
 * @throws TsopsError ENCRYPTION_CONTEXT_INVALID for a piece that has not exactly one colon
 */
export function parseEncryptionContext(text: string): ReadonlyMap<string, string> {
  const pairs = text === '' ? [] : text.split(',').map(pair => pair.split(':'));
  const wrong = pairs.findIndex(pair => pair.length !== 2);
  if (wrong < 0) return new Map(pairs.map(([name = '', value = '']) => [name, value]));
  const which = `pair ${wrong + 1} of ${pairs.length} in the encryption context for AWS KMS`;
  throw new TsopsError('ENCRYPTION_CONTEXT_INVALID', `${which} has not exactly one colon`, {
    hints: ['It looks like --encryption-context app:web,stage:prod; names and values hold no comma and no colon.'],
  });
}
