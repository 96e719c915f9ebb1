/** Master keys of age: X25519 and post-quantum recipients, and SSH keys. sops 3.13.2 age/keysource.go; C2SP age. */

import type { RandomSource } from '../../core/cipher.ts';
import type { AgeKey } from '../../core/metadata.ts';
import { TsopsError } from '../../errors.ts';
import { shortened } from '../printable.ts';
import type { KeyContext, KeyProvider, UnwrapFailure } from '../provider.ts';
import { parseArmor, printArmor } from './armor.ts';
import { type AgeFault, decryptFile, parseFile } from './file.ts';
import { loadRecipient, parseRecipients, recipientKind } from './recipients.ts';
import { type Batch, identityBatches } from './sources.ts';

export const ageProvider: KeyProvider<AgeKey> = { kind: 'age', parse: parseRecipients, wrap, unwrap };

const noPlugins = 'it is for an age plugin, and plugins are not supported by this version';

/** One age file for one recipient, armoured, with a line end: `docs/format.md` §5. */
async function wrap(key: AgeKey, part: Uint8Array, _context: KeyContext, random: RandomSource): Promise<string> {
  const recipient = await loadRecipient(key.recipient);
  const file = await recipient?.encrypt(part, random);
  if (file !== undefined) return printArmor(file);
  const reason =
    recipientKind(key.recipient) === 'plugin' ? noPlugins : 'it is not a recipient that age can encrypt for';
  throw new TsopsError('WRAP_FAILED', reason);
}

/** The recipient's text plays no part in this, so a file with a damaged one opens as it does with sops. */
async function unwrap(key: AgeKey, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  const armored = parseArmor(key.enc);
  const file = armored === undefined ? undefined : parseFile(armored);
  if (file === undefined) return { key, reason: damaged, hints: [damagedHint] };
  const types = file.header.stanzas.map(stanza => stanza.type);
  const wanted = {
    ssh: types.some(type => sshTypes.includes(type)),
    native: types.some(type => nativeTypes.includes(type)),
  };
  if (!wanted.ssh && !wanted.native) return { key, reason: foreignReason(types), hints: [foreignHint] };
  const batches: Batch[] = [];
  for await (const batch of identityBatches(context, key.recipient, wanted)) {
    batches.push(batch);
    const part = await decryptFile(file, batch.identities);
    if (typeof part !== 'string') return part;
    if (part !== 'no match') return { key, reason: faultWords[part], hints: [damagedHint] };
  }
  return { key, reason: await notOpened(key, batches), hints: await nextActs(context, batches, wanted.ssh) };
}

const damaged = 'its wrapped key is damaged: it is no armoured age file';
const damagedHint = 'Take the `enc` text of this key from an older version of the file.';
const faultWords: Readonly<Record<Exclude<AgeFault, 'no match'>, string>> = {
  header: 'its wrapped key is damaged: a recipient stanza is malformed',
  mac: 'its wrapped key is damaged: the header was changed',
  payload: 'its wrapped key is damaged: the payload was changed',
};

const sshTypes = ['ssh-ed25519', 'ssh-rsa'];
const nativeTypes = ['X25519', 'mlkem768x25519'];
const foreignHint = 'Use another master key of the file, or sops itself for this one.';

function foreignReason(types: readonly string[]): string {
  return types.includes('scrypt') ? 'its wrapped key is for a passphrase, not for a recipient' : noPlugins;
}

async function notOpened(key: AgeKey, batches: readonly Batch[]): Promise<string> {
  const identities = batches.flatMap(batch => batch.identities);
  if (identities.length === 0) return 'no age identity was found';
  if ((await recipientsAtHand(batches)).includes(key.recipient))
    return 'its identity is at hand, but the wrapped key was made for somebody else: the entry was changed';
  return identities.length === 1
    ? 'the age identity at hand is another one'
    : `none of the ${identities.length} age identities at hand fits`;
}

async function recipientsAtHand(batches: readonly Batch[]): Promise<string[]> {
  const identities = batches.flatMap(batch => batch.identities);
  const texts = await Promise.all(identities.map(identity => identity.recipient?.()));
  return [...new Set(texts.filter(text => text !== undefined))];
}

/** The same words for every key of a file, so that a report shows them once. */
async function nextActs(context: KeyContext, batches: readonly Batch[], ssh: boolean): Promise<string[]> {
  const problems = batches.flatMap(batch => batch.problems.map(problem => `${batch.place}: ${problem}.`));
  const own = (await recipientsAtHand(batches)).map(shortened);
  const ask = 'Or ask somebody who can open the file to add';
  return [
    ...new Set(problems),
    ...(context.ageIdentities === undefined
      ? whereToPut(batches, ssh)
      : ['Hand in the identity of one of these recipients.']),
    own.length === 0 ? `${ask} a recipient of yours.` : `${ask} your recipient ${own.slice(0, 3).join(' or ')}.`,
  ];
}

function whereToPut(batches: readonly Batch[], ssh: boolean): string[] {
  const [forSsh, forAge] = [batches.filter(batch => batch.ssh), batches.filter(batch => !batch.ssh)];
  return [
    'Set SOPS_AGE_KEY_FILE to the file with the identity of one of these recipients (or SOPS_AGE_KEY, SOPS_AGE_KEY_CMD).',
    `age identities were looked for in ${looked(forAge)}.`,
    ...(ssh
      ? [
          'Set SOPS_AGE_SSH_PRIVATE_KEY_FILE to the private key of one of the SSH recipients.',
          `SSH keys were looked for in ${looked(forSsh)}.`,
        ]
      : []),
  ];
}

function looked(batches: readonly Batch[]): string {
  const texts = batches.map(({ place, found }) => (found ? place : `${place} (nothing there)`));
  return [...new Set(texts)].join(', ') || 'no place at all: there is no home folder';
}
