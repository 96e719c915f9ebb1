/** `tsops groups delete INDEX`: one key group less. */

import { TsopsError } from '../../errors.ts';
import { deleteGroup } from '../../index.ts';
import type { Call } from '../call.ts';
import { regroupFile } from '../groupwork.ts';

export async function run(call: Call): Promise<void> {
  const [text = ''] = call.operands;
  if (!/^\d{1,9}$/.test(text)) {
    throw new TsopsError('USAGE', 'the index of the group is not a number', {
      hints: ['Groups are numbered from 0 in the order of the file.'],
    });
  }
  await regroupFile(call, [], (bytes, options) => deleteGroup(bytes, Number(text), options));
}
