/** New identities, and the recipients of given ones. */

import type { RandomSource } from '../../core/cipher.ts';
import { explicitContext } from '../context.ts';
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
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  const context = explicitContext({});
  const parsed = await parseIdentities(bytes, { context, place: 'the identity file' });
  const { identities, problems } = await unlocked(parsed, context, askSecret);
  const texts = await Promise.all(identities.map(identity => identity.recipient?.()));
  const recipients = texts.filter(text => text !== undefined);
  return { recipients, problems: recipients.length < texts.length ? [...problems, pluginProblem] : problems };
}

const pluginProblem = 'it holds an identity of an age plugin, whose recipient (age1…) only the plugin can tell';

async function unlocked(
  parsed: IdentityText,
  context: KeyContext,
  askSecret: KeyContext['askSecret'],
): Promise<IdentityText> {
  if (parsed.locked === undefined) return parsed;
  const passphrase = await askSecret?.('Passphrase for the identity file: ');
  const opened = passphrase === undefined ? undefined : await unlockIdentities(parsed.locked, passphrase, context);
  if (opened !== undefined) return opened;
  const why = passphrase === undefined ? 'it is protected by a passphrase' : 'the passphrase was wrong';
  return { identities: [], problems: [why] };
}
