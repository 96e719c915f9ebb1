/** How the parts of this folder say why they stop; `index.ts` makes a failure of it where a key is unwrapped. */

import { TsopsError } from '../../errors.ts';

export function refusal(reason: string, ...hints: readonly string[]): TsopsError {
  return new TsopsError('WRAP_FAILED', reason, { hints });
}
