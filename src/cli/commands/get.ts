/** `tsops get FILE PATH…`: values of an encrypted file, each raw or all in one form. */

import { TsopsError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { readingOf } from '../reading.ts';

export async function run(call: Call): Promise<void> {
  const [, ...paths] = call.operands;
  if (paths.length === 0 && call.flags.format === undefined) {
    throw new TsopsError('FILE_MISSING', 'get needs the path of a value', {
      hints: [
        'Name it behind the file, such as db.password; or print the whole file with --format or `tsops decrypt`.',
      ],
    });
  }
  await readingOf(call, paths);
}
