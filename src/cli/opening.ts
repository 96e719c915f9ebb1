/** What an encrypted file is opened with: the keys of this machine, and what the flags say about them. */

import { masterKeyName, type OpenOptions, parseDecryptionOrder } from '../index.ts';
import type { Call } from './call.ts';
import { keyContext } from './keyservices.ts';

/** @throws TsopsError DECRYPTION_ORDER_DUPLICATE */
export function openingOptions(call: Call): OpenOptions {
  const { flags, report } = call;
  return {
    ignoreMac: flags.ignoreMac,
    decryptionOrder: flags.decryptionOrder === undefined ? undefined : parseDecryptionOrder(flags.decryptionOrder),
    keys: keyContext(call),
    onOpened: keys => {
      for (const key of keys) report.note(`opened with ${masterKeyName(key)}`);
      // The words of sops, which scripts look for.
      report.note('Data key recovered successfully');
    },
    onOldContext: keys => {
      for (const key of keys) report.warn(oldContext(masterKeyName(key)));
    },
    onUnverifiedComments: comments => report.warn(unverified(comments.length)),
  };
}

/** @see docs/compatibility.md */
function oldContext(key: string): string {
  const why = `sops before 3.3.0 encrypted the data key for ${key} under another encryption context than the file says`;
  return `${why}; give the file a new data key with tsops rotate -i`;
}

function unverified(count: number): string {
  const what = count === 1 ? 'a comment is' : `${count} comments are`;
  return `${what} not encrypted though the rule of the file says so; whoever could write the file may have put it there`;
}
