/** `tsops groups add`: one more key group. */

import { addGroup } from '../../index.ts';
import type { Call } from '../call.ts';
import { regroupFile } from '../groupwork.ts';
import { keysNamed } from '../recipients.ts';

export async function run(call: Call): Promise<void> {
  const group = await keysNamed(call, call.keys);
  await regroupFile(call, group, (bytes, options) => addGroup(bytes, group, options));
}
