/**
 * Keys in the transit engine of HashiCorp Vault or OpenBao: the server encrypts and decrypts the data key, and its own key never
 * leaves it. docs/keys.md; sops 3.13.2 hcvault/keysource.go
 */

import type { VaultKey } from '../../core/metadata.ts';
import { TsopsError } from '../../errors.ts';
import type { HttpFault, HttpResponse } from '../../host/http.ts';
import type { KeyContext, KeyProvider, UnwrapFailure } from '../provider.ts';
import { originOf, parse, transitPath } from './address.ts';
import { answerText, garbage } from './answer.ts';
import { refusal } from './refusal.ts';
import { ask } from './request.ts';
import { readSettings, type VaultSettings } from './settings.ts';
import { checkTrust } from './trust.ts';

export const vaultProvider: KeyProvider<VaultKey> = { kind: 'hc_vault', parse, wrap, unwrap };

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const wrappedText = /^vault:v\d+:[\x21-\x7e]+$/;

async function wrap(key: VaultKey, part: Uint8Array, context: KeyContext): Promise<string> {
  const plaintext = Buffer.from(part).toString('base64');
  const { outcome, settings } = await asked(key, 'encrypt', { plaintext }, context);
  const text = answerText(outcome, 'ciphertext', key, settings);
  if (wrappedText.test(text)) return text;
  throw garbage();
}

async function unwrap(key: VaultKey, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  try {
    const { outcome, settings } = await asked(key, 'decrypt', { ciphertext: key.enc }, context);
    const text = answerText(outcome, 'plaintext', key, settings);
    if (base64.test(text)) return Buffer.from(text, 'base64');
    throw garbage();
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    return { key, reason: error.message, hints: error.hints };
  }
}

interface Asked {
  readonly outcome: HttpResponse | HttpFault;
  readonly settings: VaultSettings;
}

/** Nothing is sent before the address is known to be a good one. @throws TsopsError */
async function asked(
  key: VaultKey,
  verb: 'encrypt' | 'decrypt',
  fields: Readonly<Record<string, string>>,
  context: KeyContext,
): Promise<Asked> {
  if (!context.mayConnect) {
    throw refusal(
      'it needs a Vault server, and no network service may be asked here',
      'To use the Vault token of this machine, hand in `keys: systemContext()`.',
    );
  }
  const origin = originOf(key.vaultAddress);
  const path = transitPath(key, verb);
  if (origin === undefined) throw refusal('its address is not that of a Vault server', placeHint);
  if (path === undefined) throw refusal('its engine path or key name has what no path of Vault has', placeHint);
  // The user's own keys are wrapped for the first time; a key that was wrapped before comes from a file.
  const isOwn = verb === 'encrypt' && key.enc === '' && context.namesOwnKeys !== false;
  await checkTrust(key.vaultAddress, !isOwn, context);
  const settings = await readSettings(context);
  return {
    outcome: await ask({ origin, path, method: 'PUT', body: JSON.stringify(fields) }, settings, context),
    settings,
  };
}

const placeHint = 'Look at hc_vault in the sops block of the file: whoever wrote it may have meant harm.';
