/** New identities, and the recipients of given ones. */

import type { RandomSource } from '../../core/cipher.ts';
import type { KeyContext } from '../provider.ts';
import { type IdentityText, parseIdentities, unlockIdentities } from './identities.ts';
import { generateX25519 } from './x25519.ts';

export interface NewIdentity {
  /** `age1…` or `age1pq1…`: public. */
  readonly recipient: string;
  /** The identity file as age-keygen writes it: when it was made, the recipient, the secret line. */
  readonly fileText: string;
}

export interface GenerateOptions {
  /** ML-KEM-768 with X25519 instead of X25519 alone. Default false. */
  readonly postQuantum?: boolean | undefined;
  readonly now: Date;
  readonly random: RandomSource;
}

export async function generateIdentity({ postQuantum, now, random }: GenerateOptions): Promise<NewIdentity> {
  const { recipient, identity } = postQuantum
    ? await (await import('./hybrid.ts')).generateHybrid(random)
    : generateX25519(random);
  const created = `${now.toISOString().slice(0, 19)}Z`;
  return { recipient, fileText: `# created: ${created}\n# public key: ${recipient}\n${identity}\n` };
}

export interface IdentityRecipients {
  readonly recipients: readonly string[];
  /** What is wrong with the text, in plain words that hold nothing of it. */
  readonly problems: readonly string[];
}

/** The recipients of an identity file; one that is encrypted is opened with the passphrase that `askSecret` gives. */
export async function recipientsOfIdentities(
  content: string | Uint8Array,
  askSecret?: KeyContext['askSecret'],
): Promise<IdentityRecipients> {
  const parsed = await parseIdentities(typeof content === 'string' ? Buffer.from(content, 'utf8') : content);
  const { identities, problems } = await unlocked(parsed, askSecret);
  const recipients = await Promise.all(identities.map(identity => identity.recipient?.()));
  return { recipients: recipients.filter(text => text !== undefined), problems };
}

async function unlocked(parsed: IdentityText, askSecret: KeyContext['askSecret']): Promise<IdentityText> {
  if (parsed.locked === undefined) return parsed;
  const passphrase = await askSecret?.('Passphrase for the identity file: ');
  const opened = passphrase === undefined ? undefined : await unlockIdentities(parsed.locked, passphrase);
  if (opened !== undefined) return opened;
  const why = passphrase === undefined ? 'it is protected by a passphrase' : 'the passphrase was wrong';
  return { identities: [], problems: [why] };
}
