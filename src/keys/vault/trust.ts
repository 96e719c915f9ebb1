/**
 * Where a token may be sent. The address of a key stands in the file, and whoever wrote the file could have named a server of theirs:
 * it would be handed the user's token. So the user, or the user's own configuration, has to name it too.
 */

import type { KeyContext } from '../provider.ts';
import { originOf } from './address.ts';
import { refusal } from './refusal.ts';

const allowlistName = 'SOPS_HC_VAULT_ALLOWLIST';

/**
 * Refuses an address that SOPS_HC_VAULT_ALLOWLIST leaves out and, without this list, one that comes from a file and is not named by
 * VAULT_ADDR, SOPS_VAULT_URIS or the user's configuration.
 * @param fromFile whether the key was read from a file rather than given by the user
 * @throws TsopsError WRAP_FAILED
 */
export async function checkTrust(address: string, fromFile: boolean, context: KeyContext): Promise<void> {
  const list = context.env(allowlistName) ?? '';
  if (list !== '') {
    if (allows(list, address)) return;
    throw refusal(`${allowlistName} does not allow this address`, allowHint(address, 'Add it to the list'));
  }
  // Then the user's own agent is asked, wherever the key is said to be.
  if (context.env('VAULT_AGENT_ADDR')) return;
  if (!fromFile || namedByUser(context).has(originOf(address))) return;
  if (originsOf((await context.trustedAddresses?.()) ?? []).has(originOf(address))) return;
  throw refusal(
    'only the file names this server, so it is not sent your Vault token',
    allowHint(address, 'If it is yours, say so'),
    'Or name it in VAULT_ADDR, in SOPS_VAULT_URIS, or in a rule of your .sops.yaml.',
  );
}

const allowHint = (address: string, act: string): string =>
  `${act}: export ${allowlistName}=${originOf(address) ?? ''}`;

/** sops 3.13.2 hcvault/keysource.go parseAllowlistString, Allows: `all`, `none`, or the starts of addresses. */
function allows(list: string, address: string): boolean {
  if (list === 'all' || list === 'none') return list === 'all';
  const closed = (text: string): string => (text.endsWith('/') ? text : `${text}/`);
  const starts = list.split(',').map(entry => entry.replace(/^ +| +$/g, ''));
  const empty = starts.indexOf('');
  if (empty >= 0)
    throw refusal(`entry ${empty + 1} of ${allowlistName} is empty`, 'Remove the comma too many from the list.');
  return starts.some(start => closed(address).startsWith(closed(start)));
}

function namedByUser(context: KeyContext): ReadonlySet<string | undefined> {
  return originsOf([context.env('VAULT_ADDR') ?? '', ...(context.env('SOPS_VAULT_URIS')?.split(',') ?? [])]);
}

function originsOf(addresses: readonly string[]): ReadonlySet<string | undefined> {
  const origins = addresses.map(text => originOf(/^[^/]+:\/\/[^/?#]+/.exec(text.trim())?.[0] ?? ''));
  return new Set(origins.filter(origin => origin !== undefined));
}
