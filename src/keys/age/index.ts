/** Master keys of age: X25519 and post-quantum recipients, those of plugins, and SSH keys. sops 3.13.2 age/keysource.go; C2SP age. */

import type { RandomSource } from '../../core/cipher.ts';
import type { AgeKey } from '../../core/metadata.ts';
import { TsopsError } from '../../errors.ts';
import { printable, shortened } from '../printable.ts';
import type { KeyContext, KeyProvider, UnwrapFailure } from '../provider.ts';
import { parseArmor, printArmor } from './armor.ts';
import { type AgeFault, decryptFile, type Hindrance, parseFile } from './file.ts';
import { recipientPlugin } from './plugin-name.ts';
import { loadRecipient, parseRecipients } from './recipients.ts';
import { type Batch, identityBatches } from './sources.ts';

export const ageProvider: KeyProvider<AgeKey> = { kind: 'age', parse: parseRecipients, wrap, unwrap };

/** One age file for one recipient, armoured, with a line end: `docs/format.md` §5. */
async function wrap(key: AgeKey, part: Uint8Array, context: KeyContext, random: RandomSource): Promise<string> {
  const recipient = await loadRecipient(key.recipient, context);
  const file = await recipient?.encrypt(part, random);
  if (file !== undefined) return printArmor(file);
  throw new TsopsError('WRAP_FAILED', 'it is not a recipient that age can encrypt for');
}

/** The recipient's text plays no part in this, so a file with a damaged one opens as it does with sops. */
async function unwrap(key: AgeKey, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  const armored = parseArmor(key.enc);
  const file = armored === undefined ? undefined : parseFile(armored);
  if (file === undefined) return { key, reason: damaged, hints: [damagedHint] };
  const types = file.header.stanzas.map(stanza => stanza.type);
  if (types.includes('scrypt')) return { key, reason: forPassphrase, hints: [foreignHint] };
  const wanted = { ssh: types.some(isSsh), native: !types.every(isSsh) };
  const batches: Batch[] = [];
  const hindrances: Hindrance[] = [];
  for await (const batch of identityBatches(context, key.recipient, wanted)) {
    batches.push(batch);
    const part = await decryptFile(file, batch.identities, hindrances);
    if (typeof part !== 'string') return part;
    if (part !== 'no match') return { key, reason: faultWords[part], hints: [damagedHint] };
  }
  return notOpened(key, context, { batches, hindrances, types });
}

const damaged = 'its wrapped key is damaged: it is no armoured age file';
const damagedHint = 'Take the `enc` text of this key from an older version of the file.';
const faultWords: Readonly<Record<Exclude<AgeFault, 'no match'>, string>> = {
  header: 'its wrapped key is damaged: a recipient stanza is malformed',
  mac: 'its wrapped key is damaged: the header was changed',
  payload: 'its wrapped key is damaged: the payload was changed',
};

const isSsh = (type: string) => type === 'ssh-ed25519' || type === 'ssh-rsa';
const isNative = (type: string) => type === 'X25519' || type === 'mlkem768x25519';
const forPassphrase = 'its wrapped key is for a passphrase, not for a recipient';
const foreignHint = 'Use another master key of the file.';

/** All that is known of a key that did not open. */
interface Attempt {
  readonly batches: readonly Batch[];
  readonly hindrances: readonly Hindrance[];
  /** The types of its stanzas. */
  readonly types: readonly string[];
}

async function notOpened(key: AgeKey, context: KeyContext, attempt: Attempt): Promise<UnwrapFailure> {
  const { hindrances, types } = attempt;
  const plugin = recipientPlugin(key.recipient);
  // A plugin is tried for everything, so with a native recipient it may have had nothing to do with the key.
  const decisive = types.every(isNative) ? undefined : (hindrances.find(one => one.plugin === plugin) ?? hindrances[0]);
  const others = hindrances.filter(one => one !== decisive);
  const hints = [
    ...(decisive?.hints ?? []),
    ...others.map(({ reason }) => `Not everything could be tried: ${reason}.`),
    ...others.flatMap(one => one.hints),
    ...(await nextActs(key, context, attempt, decisive === undefined)),
  ];
  return { key, reason: decisive?.reason ?? (await mismatch(key, attempt)), hints: [...new Set(hints)] };
}

async function mismatch(key: AgeKey, { batches, types }: Attempt): Promise<string> {
  const identities = batches.flatMap(batch => batch.identities);
  const isForeign = !types.some(type => isSsh(type) || isNative(type));
  // A plugin of which an identity was at hand would have opened its own; all others cannot.
  if (isForeign && !identities.some(identity => identity.types === undefined))
    return `it is for the age plugin${pluginWords(key)}, and no identity of a plugin was found`;
  if (identities.length === 0) return 'no age identity was found';
  if ((await recipientsAtHand(batches)).includes(key.recipient))
    return 'its identity is at hand, but the wrapped key was made for somebody else: the entry was changed';
  return identities.length === 1
    ? 'the age identity at hand is another one'
    : `none of the ${identities.length} age identities at hand fits`;
}

function pluginWords(key: AgeKey): string {
  const name = recipientPlugin(key.recipient);
  return name === undefined ? ' of its owner' : ` age-plugin-${printable(name)}`;
}

async function recipientsAtHand(batches: readonly Batch[]): Promise<string[]> {
  const identities = batches.flatMap(batch => batch.identities);
  const texts = await Promise.all(identities.map(identity => identity.recipient?.()));
  return [...new Set(texts.filter(text => text !== undefined))];
}

/**
 * The same words for every key of a file, so that a report shows them once.
 * @param places whether it helps to say where identities belong
 */
async function nextActs(
  key: AgeKey,
  context: KeyContext,
  { batches, types }: Attempt,
  places: boolean,
): Promise<string[]> {
  const problems = batches.flatMap(batch => batch.problems.map(problem => `${batch.place}: ${problem}.`));
  const others = (await recipientsAtHand(batches)).filter(text => !key.recipient.startsWith(text));
  const own = others.map(shortened);
  const ask = 'Or ask somebody who can open the file to add';
  const plugin = recipientPlugin(key.recipient);
  return [
    ...problems,
    ...(places && plugin !== undefined
      ? [`The identity for it begins with AGE-PLUGIN-${plugin.toUpperCase()}-1.`]
      : []),
    ...(places ? whereToLook(context, batches, types.some(isSsh)) : []),
    own.length === 0 ? `${ask} a recipient of yours.` : `${ask} your recipient ${own.slice(0, 3).join(' or ')}.`,
  ];
}

function whereToLook(context: KeyContext, batches: readonly Batch[], ssh: boolean): string[] {
  if (context.ageIdentities !== undefined) return ['Hand in the identity of one of these recipients.'];
  return whereToPut(batches, ssh);
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
