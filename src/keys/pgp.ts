/**
 * PGP master keys, through the user's own gpg with its keyring, agent and pinentry: sops 3.13.2 pgp/keysource.go, the way of the
 * GnuPG binary. What gpg writes to stderr is not shown: it is in the user's language and can hold more than it should.
 */

import type { PgpKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
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
  const armored = typeof result === 'string' ? '' : Buffer.from(result.stdout).toString('latin1').trim();
  if (armored.startsWith('-----BEGIN PGP MESSAGE-----')) return armored;
  const reason = typeof result === 'string' ? result : `gpg did not encrypt for it (exit status ${result.status})`;
  throw new TsopsError('WRAP_FAILED', reason, {
    hints: typeof result === 'string' ? gpgHints : [`${publicKeyHint}: gpg --list-keys ${trusted}`],
  });
}

const publicKeyHint = 'Check that the public key is in the keyring, valid and not expired';
const gpgHints = ['PGP keys need GnuPG: install it, or name the gpg program in SOPS_GPG_EXEC.'];

async function unwrap(key: PgpKey, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  const result = await runGpg(['-d'], Buffer.from(key.enc, 'utf8'), context);
  if (typeof result === 'string') return { key, reason: result, hints: gpgHints };
  // Old versions of gpg drop packets they do not know and answer with nothing and status 0. sops 3.13.2 decryptWithGnuPG
  if (result.status === 0 && result.stdout.length > 0) return result.stdout;
  const reason =
    result.status === 0
      ? 'gpg gave nothing for it (is this gpg older than the one that made it?)'
      : `gpg has no usable secret key for it, or could not ask for its passphrase (exit status ${result.status})`;
  return { key, reason, hints: unwrapHints };
}

const unwrapHints = [
  'For PGP: see which secret keys gpg has with `gpg --list-secret-keys`; GNUPGHOME names another keyring.',
  'Without a graphical session gpg asks on the terminal only after `export GPG_TTY=$(tty)`.',
];

/** The result of gpg, or why there is none. */
async function runGpg(args: readonly string[], input: Uint8Array, context: KeyContext): Promise<RunResult | string> {
  if (context.run === undefined) return 'it needs gpg, and no program may be run here';
  const named = context.env('SOPS_GPG_EXEC');
  const result = await context.run(named || 'gpg', args, { input });
  if (result.status === 127)
    return `${named ? 'the program in SOPS_GPG_EXEC' : 'gpg'} was not found or cannot be started`;
  if (result.status === null) return `gpg did not end within ${context.timeoutMs / 1000} seconds, or was killed`;
  return result;
}
