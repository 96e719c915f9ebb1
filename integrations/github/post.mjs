/** After the job, however it ended: the plain files go. */

import { removeAll } from './remove.mjs';
import { ActionError, fail } from './runner.mjs';

try {
  const state = process.env['STATE_made'];
  const kept = state ? await removeAll(JSON.parse(state)) : [];
  if (kept.length > 0)
    throw new ActionError(`plain files are left: ${kept.join(', ')}`, 'Remove them from the runner by hand');
} catch (error) {
  fail(error);
}
