/** Recipients from their texts, by the prefixes of sops 3.13.2 age/keysource.go parseRecipient. */

import type { AgeKey } from '../../core/metadata.ts';
import { TsopsError } from '../../errors.ts';
import { printable } from '../printable.ts';
import type { KeyContext } from '../provider.ts';
import { parseBech32 } from './bech32.ts';
import type { Recipient } from './file.ts';
import { hybridRecipient } from './hybrid.ts';
import { recipientPlugin } from './plugin-name.ts';
import { parseSshPublicKey } from './ssh-keys.ts';
import { x25519Recipient } from './x25519.ts';

type RecipientKind = 'x25519' | 'hybrid' | 'plugin' | 'ssh';

/** The kind that the start of a text names, whether or not the rest is well formed. */
function recipientKind(text: string): RecipientKind | undefined {
  if (text.startsWith('age1pq1')) return 'hybrid';
  // The data part of Bech32 has no 1, so a second one is the end of a plugin's name.
  if (text.startsWith('age1')) return text.indexOf('1', 4) >= 0 ? 'plugin' : 'x25519';
  return text.startsWith('ssh-') ? 'ssh' : undefined;
}

/** What encrypts for a text; undefined for a text that is no recipient. */
export async function loadRecipient(text: string, context: KeyContext): Promise<Recipient | undefined> {
  const kind = recipientKind(text);
  if (kind === 'plugin') return (await import('./plugin.ts')).pluginRecipient(text, context);
  if (kind === 'x25519') return x25519Recipient(text);
  if (kind === 'hybrid') return hybridRecipient(text);
  return kind === 'ssh' ? (await import('./ssh.ts')).sshRecipient(text) : undefined;
}

/**
 * The master keys of a list with commas; blanks around a recipient do not count.
 * @throws TsopsError KEY_INVALID, which holds no more of a text than the start of a public `age1…`
 */
export function parseRecipients(text: string): AgeKey[] {
  if (text.trim() === '') return [];
  const pieces = text.split(',').map(piece => piece.trim());
  // A secret anywhere in the text comes first: the text may be a whole identity file with a comma in it.
  const secret = pieces.findIndex(isSecret);
  if (secret >= 0) throw invalid(pieces, secret, secretFault);
  return pieces.map((recipient, index) => {
    const fault = recipientFault(recipient);
    if (fault !== undefined) throw invalid(pieces, index, fault);
    return { kind: 'age', recipient, enc: '' };
  });
}

function isSecret(text: string): boolean {
  return /AGE-SECRET-KEY|AGE-PLUGIN-|PRIVATE KEY/i.test(text);
}

function invalid(pieces: readonly string[], index: number, { words, hints }: Fault): TsopsError {
  const what = pieces.length > 1 ? `age recipient ${index + 1} of ${pieces.length}` : 'the age recipient';
  return new TsopsError('KEY_INVALID', `${what} ${words}`, { hints });
}

interface Fault {
  readonly words: string;
  readonly hints: readonly string[];
}

const secretFault: Fault = {
  words: 'is a secret key; it is not shown here and was not used',
  hints: [
    'Give the recipient that belongs to it: the age1… text in the `# public key:` line of the identity file.',
    'If the secret key was typed into a command line or a shared file, make a new identity and stop using this one.',
  ],
};

const forms =
  'Recipients look like age1…, age1pq1…, age1PLUGIN1…, `ssh-ed25519 AAAA…` or `ssh-rsa AAAA…`; commas separate them.';

function recipientFault(text: string): Fault | undefined {
  if (text === '')
    return { words: 'is empty', hints: ['Remove the comma that has nothing before or after it.', forms] };
  const kind = recipientKind(text);
  if (kind === undefined) return { words: 'is of no kind that is known', hints: [forms] };
  if (kind === 'ssh') return parseSshPublicKey(text) === undefined ? sshFault : undefined;
  if (isWellFormed(kind, text)) return undefined;
  const wrong = kind === 'plugin' ? 'names its plugin with characters that age does not allow' : 'has a wrong length';
  const reason = parseBech32(text) === undefined ? 'has a typing mistake (its checksum does not fit)' : wrong;
  return { words: `(${printable(text.slice(0, 10))}…) ${reason}`, hints: ['Copy it again, as a whole.', forms] };
}

const sshFault: Fault = {
  words: 'is an SSH key that age cannot use, or is cut short',
  hints: ['age can use ssh-ed25519 keys, and ssh-rsa keys from 2048 bits. Copy the line of the .pub file as a whole.'],
};

function isWellFormed(kind: RecipientKind, text: string): boolean {
  if (kind === 'x25519') return x25519Recipient(text) !== undefined;
  return kind === 'hybrid' ? hybridRecipient(text) !== undefined : recipientPlugin(text) !== undefined;
}
