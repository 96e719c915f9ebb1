/**
 * What gpg says for machines, and what it means for people: its --status-fd lines and its --with-colons lists. GnuPG doc/DETAILS.
 * Its texts are in the user's language and are never read or shown.
 */

/** Why gpg did not do its work, and what to do about it. */
export interface Explanation {
  readonly reason: string;
  readonly hints: readonly string[];
}

/** One status line: its keyword and the words after it. */
export type StatusLine = readonly [keyword: string, ...args: string[]];

const prefix = '[GNUPG:] ';

/** The status lines among everything that gpg wrote to the same stream. */
export function parseStatus(output: Uint8Array): StatusLine[] {
  const lines = Buffer.from(output).toString('latin1').split('\n');
  return lines
    .filter(line => line.startsWith(prefix))
    .map(line => line.slice(prefix.length).trimEnd().split(' ') as [string, ...string[]]);
}

const keyringHint =
  'For PGP: see which secret keys gpg has with `gpg --list-secret-keys`; GNUPGHOME names another keyring.';
const terminalHint = 'Without a graphical session gpg asks on the terminal only after `export GPG_TTY=$(tty)`.';
const agentHint = 'Unlock the key first, so that the agent knows its passphrase: gpg --clearsign </dev/null';
const cardHint = 'See whether gpg reaches the card: gpg --card-status';
const damagedHint = 'Take the `enc` text of this key from an older version of the file.';
const fromGpg = 'Try `gpg -d` on the `enc` text of this key: gpg says more itself.';

/** The error numbers of libgpg-error (the lower 16 bits) that a secret key can fail with. */
const keyErrors: readonly (readonly [codes: readonly number[], reason: string, hints: readonly string[]])[] = [
  [[17, 7, 196], 'gpg has no usable secret key for it', [keyringHint]],
  [[11, 31], 'the passphrase of its secret key was wrong', [terminalHint]],
  [[87, 130], 'the PIN of the card with its secret key was wrong or is blocked', [cardHint]],
  [[99, 198], 'the question for the passphrase of its secret key was cancelled', [terminalHint, agentHint]],
  [[62], 'the question for the passphrase of its secret key was not answered in time', [terminalHint, agentHint]],
  [
    [85, 86, 177, 178, 32_870],
    'its secret key is locked, and gpg had no way to ask for the passphrase',
    [terminalHint, agentHint],
  ],
  [[77, 78], 'gpg cannot reach its agent', ['Start the agent anew: gpgconf --kill gpg-agent']],
  [[91, 108, 109, 110, 111, 112, 119, 120, 123], 'the card with its secret key is not there', [cardHint]],
];

/** Why `gpg --decrypt` gave nothing. */
export function explainDecryption(status: number | null, lines: readonly StatusLine[]): Explanation {
  const failed = lines.find(([keyword, what]) => keyword === 'ERROR' && what === 'pkdecrypt_failed');
  if (failed !== undefined) return explainKeyError(Number(failed[2]) & 0xffff);
  const has = (...keywords: string[]) => lines.some(([keyword]) => keywords.includes(keyword));
  if (has('CARDCTRL', 'SC_OP_FAILURE'))
    return { reason: 'the card with its secret key is not there', hints: [cardHint] };
  const missing = lines.filter(([keyword]) => keyword === 'NO_SECKEY').map(([, id]) => keyId(id));
  if (missing.length > 0)
    return { reason: `gpg does not have the secret key that it is for (${missing[0]})`, hints: [keyringHint] };
  if (has('DECRYPTION_FAILED', 'BADMDC'))
    return { reason: 'its wrapped key is damaged: gpg cannot decrypt it', hints: [damagedHint] };
  if (has('NODATA', 'UNEXPECTED', 'BADARMOR'))
    return { reason: 'its wrapped key is damaged: it is no PGP message', hints: [damagedHint] };
  if (status === 0)
    return { reason: 'gpg gave nothing for it (is this gpg older than the one that made it?)', hints: [fromGpg] };
  const reason = `gpg failed and did not say why (exit status ${status}): the wrapped key is damaged, or the keyring cannot be used`;
  return { reason, hints: [keyringHint, fromGpg] };
}

function explainKeyError(code: number): Explanation {
  const known = keyErrors.find(([codes]) => codes.includes(code));
  if (known !== undefined) return { reason: known[1], hints: known[2] };
  return { reason: `gpg could not use its secret key (gpg error ${code})`, hints: [fromGpg] };
}

/** A zero stands for a recipient whom the sender left out: gpg --throw-keyids. */
function keyId(id: string | undefined): string {
  if (id === undefined || !/^[0-9A-F]{8,64}$/.test(id)) return 'of an unknown key ID';
  return /^0+$/.test(id) ? 'its key ID is hidden' : `key ID ${id}`;
}

/** The reason codes of INV_RECP that say all there is to say. */
const recipientReasons: ReadonlyMap<string, string> = new Map([
  ['1', 'gpg does not have its public key'],
  ['2', 'it fits several keys of the keyring'],
  ['3', 'the key is not one for encryption'],
  ['4', 'the key was revoked'],
  ['5', 'the key has expired'],
  ['10', 'gpg does not trust the key'],
  ['13', 'the key is disabled in the keyring'],
]);

/** Why `gpg --encrypt` did not take the recipient, as far as its status says; undefined where the keyring has to be looked at. */
export function explainRecipient(lines: readonly StatusLine[]): string | undefined {
  const refused = lines.find(([keyword]) => keyword === 'INV_RECP');
  return refused === undefined ? undefined : recipientReasons.get(refused[1] ?? '');
}

interface ListedKey {
  readonly isPrimary: boolean;
  readonly validity: string;
  readonly keyId: string;
  readonly expires: string;
  /** What it can do: lower case for itself, upper case (on a primary key) for the whole; D for disabled. */
  readonly can: string;
}

/** What a `--with-colons` list says against a key; undefined where it says nothing. `!` at the end asks for that key alone. */
export function explainListing(stdout: Uint8Array, fingerprint: string): string | undefined {
  const keys = parseListing(Buffer.from(stdout).toString('latin1'));
  const primary = keys.find(key => key.isPrimary);
  if (primary === undefined) return undefined;
  if (primary.can.includes('D')) return 'the key is disabled in the keyring';
  const fault = faultOf(primary);
  if (fault !== undefined) return `the key ${fault}`;
  const forEncryption = keys.filter(key => key.can.includes('e'));
  if (fingerprint.endsWith('!')) {
    const exact = keys.find(key => fingerprint.slice(0, -1).toUpperCase().endsWith(key.keyId));
    const why = exact === undefined ? undefined : faultOf(exact);
    if (why !== undefined) return `the sub-key ${why}`;
    return exact !== undefined && !forEncryption.includes(exact)
      ? 'exactly this key is not one for encryption'
      : undefined;
  }
  if (forEncryption.length === 0) return 'the key has no sub-key for encryption';
  const faults = forEncryption.map(faultOf);
  if (faults.includes(undefined)) return undefined;
  return forEncryption.length === 1
    ? `its sub-key for encryption ${faults[0]}`
    : `none of its sub-keys for encryption can be used: the last ${faults.at(-1)}`;
}

function parseListing(text: string): ListedKey[] {
  return text.split('\n').flatMap(line => {
    const [type, validity = '', , , id = '', , expires = '', , , , , can = ''] = line.split(':');
    const isPrimary = type === 'pub';
    return isPrimary || type === 'sub' ? [{ isPrimary, validity, keyId: id, expires, can }] : [];
  });
}

function faultOf({ validity, expires }: ListedKey): string | undefined {
  if (validity === 'r') return 'was revoked';
  if (validity === 'i') return 'is not valid (it lacks a signature of its own)';
  if (validity !== 'e') return undefined;
  const seconds = /^\d{1,11}$/.test(expires) ? Number(expires) : undefined;
  return seconds === undefined ? 'has expired' : `expired on ${new Date(seconds * 1000).toISOString().slice(0, 10)}`;
}
