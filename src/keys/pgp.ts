/**
 * PGP master keys, through the user's own gpg with its keyring, agent and pinentry: sops 3.13.2 pgp/keysource.go, the way of the
 * GnuPG binary. Of what gpg writes to stderr only the status lines are read: its words are in the user's language and can hold more
 * than they should.
 */

import type { PgpKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { explainDecryption, explainListing, explainRecipient, parseStatus } from './pgp-status.ts';
import type { KeyContext, KeyProvider, RunResult, UnwrapFailure } from './provider.ts';

export const pgpProvider: KeyProvider<PgpKey> = { kind: 'pgp', parse, wrap, unwrap };

/** A key id of 16 digits or a fingerprint; `!` asks for exactly this subkey. */
const fingerprintPattern = /^(?:0x)?[0-9A-Fa-f]{16,64}!?$/;

function parse(text: string, createdAt = `${new Date().toISOString().slice(0, 19)}Z`): PgpKey[] {
  if (text.trim() === '') return [];
  const pieces = text.split(',').map(piece => piece.replace(/\s/g, ''));
  return pieces.map((fingerprint, index) => {
    if (fingerprintPattern.test(fingerprint)) return { kind: 'pgp', fingerprint, createdAt, enc: '' };
    const what = pieces.length > 1 ? `PGP fingerprint ${index + 1} of ${pieces.length}` : 'the PGP fingerprint';
    throw new TsopsError('KEY_INVALID', `${what} is not one: it has to be 16 to 64 hexadecimal digits`, {
      hints: ['Show the fingerprints that gpg knows with `gpg --list-keys`. Commas separate them.'],
    });
  });
}

async function wrap({ fingerprint }: PgpKey, part: Uint8Array, context: KeyContext): Promise<string> {
  // A text from a file must not reach gpg as an option.
  if (!fingerprintPattern.test(fingerprint)) throw new TsopsError('WRAP_FAILED', 'it is not a PGP fingerprint');
  const trusted = fingerprint.replace(/^.*?(.{16}!?)$/, '$1');
  const args = [
    '--no-default-recipient',
    '--yes',
    '--encrypt',
    '-a',
    '-r',
    fingerprint,
    '--trusted-key',
    trusted,
    '--no-encrypt-to',
  ];
  const result = await runGpg(args, part, context);
  if ('reason' in result) throw new TsopsError('WRAP_FAILED', result.reason, { hints: result.hints });
  const armored = Buffer.from(result.stdout).toString('latin1').trim();
  if (armored.startsWith('-----BEGIN PGP MESSAGE-----')) return armored;
  throw await notEncrypted(fingerprint, result, context);
}

async function notEncrypted(fingerprint: string, result: RunResult, context: KeyContext): Promise<TsopsError> {
  const reason =
    explainRecipient(parseStatus(result.stderr)) ??
    (await listedFault(fingerprint, context)) ??
    `gpg did not encrypt for it (exit status ${result.status})`;
  const hints = [
    `See what gpg knows of it: gpg --list-keys --with-subkey-fingerprint ${fingerprint.replace(/!$/, '')}`,
    'Get the current public key from its owner (gpg --import FILE), or remove the fingerprint from the rule.',
  ];
  return new TsopsError('WRAP_FAILED', reason, { hints });
}

/** gpg calls every unusable key the same; its list tells why. */
async function listedFault(fingerprint: string, context: KeyContext): Promise<string | undefined> {
  const args = ['--batch', '--with-colons', '--fixed-list-mode', '--list-keys', fingerprint.replace(/!$/, '')];
  const result = await runGpg(args, new Uint8Array(), context);
  return 'reason' in result ? undefined : explainListing(result.stdout, fingerprint);
}

async function unwrap(key: PgpKey, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  const result = await runGpg(['-d'], Buffer.from(key.enc, 'utf8'), context);
  if ('reason' in result) return { key, ...result };
  // Old versions of gpg drop packets they do not know and answer with nothing and status 0. sops 3.13.2 decryptWithGnuPG
  if (result.status === 0 && result.stdout.length > 0) return result.stdout;
  return { key, ...explainDecryption(result.status, parseStatus(result.stderr)) };
}

/** The result of gpg, or why there is none. */
async function runGpg(
  args: readonly string[],
  input: Uint8Array,
  context: KeyContext,
): Promise<RunResult | Pick<UnwrapFailure, 'reason' | 'hints'>> {
  if (context.run === undefined)
    return {
      reason: 'it needs gpg, and no program may be run here',
      hints: ['Hand in keys: systemContext() lets gpg run.'],
    };
  const named = context.env('SOPS_GPG_EXEC');
  const result = await context.run(named || 'gpg', ['--status-fd', '2', ...args], { input });
  if (result.status === 127) return notStarted(named);
  if (result.status === null)
    return { reason: `gpg did not end within ${context.timeoutMs / 1000} seconds`, hints: waitingHints };
  return result;
}

const waitingHints = [
  'gpg may be waiting for a passphrase in another window or terminal; answer there, or start its agent anew: gpgconf --kill gpg-agent',
  'Without a graphical session gpg asks on the terminal only after `export GPG_TTY=$(tty)`.',
];

function notStarted(named: string | undefined): Pick<UnwrapFailure, 'reason' | 'hints'> {
  if (named)
    return {
      reason: 'the program in SOPS_GPG_EXEC was not found or cannot be started',
      hints: ['SOPS_GPG_EXEC is one program, without arguments: a name on the PATH or an absolute path.'],
    };
  return {
    reason: 'gpg was not found or cannot be started',
    hints: ['Install GnuPG (gnupg), or name the program in SOPS_GPG_EXEC. PGP keys are used through it only.'],
  };
}
