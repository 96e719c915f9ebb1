/** `tsops set`: one value of a file, in its place. */

import { parseSetPath, set } from '../../index.ts';
import { amendFile } from '../amend.ts';
import type { Call } from '../call.ts';
import { givenValue } from '../value.ts';

export async function run(call: Call): Promise<void> {
  const [, path = ''] = call.operands;
  parseSetPath(path);
  const value = await givenValue(call);
  await amendFile(call, (bytes, options) =>
    set(bytes, path, value, {
      ...options,
      idempotent: call.flags.idempotent,
      k8s: call.flags.k8s,
      onCleartext: () => {
        call.report.warn('the rule of the file does not select the new value, so it is stored in clear text');
      },
    }),
  );
}
