/** `tsops unset`: one entry less in a file, in its place. */

import { parseSetPath, unset } from '../../index.ts';
import { amendFile } from '../amend.ts';
import type { Call } from '../call.ts';

export async function run(call: Call): Promise<void> {
  const [, path = ''] = call.operands;
  const { idempotent } = call.flags;
  parseSetPath(path);
  await amendFile(call, (bytes, options) => unset(bytes, path, { ...options, idempotent }));
}
