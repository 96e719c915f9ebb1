/** What the answers of a Vault server mean. Their texts are compared with known ones and never shown. */

import type { VaultKey } from '../../core/metadata.ts';
import type { TsopsError } from '../../errors.ts';
import { type HttpFault, type HttpResponse, isFault } from '../../host/http.ts';
import { refusal } from './refusal.ts';
import type { VaultSettings } from './settings.ts';

/**
 * A text of the `data` of a good answer.
 * @throws TsopsError WRAP_FAILED for all other answers and for faults
 */
export function answerText(
  outcome: HttpResponse | HttpFault,
  field: 'ciphertext' | 'plaintext',
  key: VaultKey,
  settings: VaultSettings,
): string {
  if (isFault(outcome)) throw faultRefusal(outcome);
  const content = parsed(outcome.body);
  if (outcome.status !== 200) throw statusRefusal(outcome.status, knownText(member(content, 'errors')), key, settings);
  const text = member(member(content, 'data'), field);
  if (typeof text === 'string') return text;
  throw garbage();
}

/** An answer that is none. */
export const garbage = (): TsopsError =>
  refusal(
    'what answered is not a transit engine of Vault',
    'Check the address, the engine path and the proxy settings.',
  );

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Vault itself calls its many refusals 400; only the text tells them apart. The texts of Vault and OpenBao are the same. */
const knownTexts = {
  'encryption key not found': 'noKey',
  'message authentication failed': 'otherKey',
  'invalid ciphertext': 'damaged',
  'too old': 'tooOld',
  'missing client token': 'noToken',
  'invalid token': 'badToken',
  'bad token': 'badToken',
  'is sealed': 'sealed',
  'namespace not found': 'noNamespace',
} as const;
type KnownText = (typeof knownTexts)[keyof typeof knownTexts];

function knownText(errors: unknown): KnownText | undefined {
  const text = Array.isArray(errors) ? errors.filter(error => typeof error === 'string').join('\n') : '';
  return Object.entries(knownTexts).find(([part]) => text.includes(part))?.[1];
}

function faultRefusal({ fault, reason }: HttpFault): TsopsError {
  const hints: Readonly<Partial<Record<HttpFault['fault'], string>>> = {
    issuer: 'For Vault: name the certificate of your own authority with VAULT_CACERT.',
    identity: 'For Vault: VAULT_TLS_SERVER_NAME sets the name that the certificate has to hold.',
    tls: 'For Vault: check whether the address begins with http or https, and VAULT_CLIENT_CERT and VAULT_CLIENT_KEY.',
    settings: 'For Vault: check VAULT_CACERT, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY and VAULT_HEADERS.',
    proxy: 'For Vault: check VAULT_PROXY_ADDR, HTTPS_PROXY and NO_PROXY.',
  };
  return refusal(
    `the server ${reason}`,
    hints[fault] ?? 'Check that the Vault server runs and that this machine can reach it (VPN, HTTPS_PROXY, NO_PROXY).',
  );
}

function statusRefusal(
  status: number,
  known: KnownText | undefined,
  key: VaultKey,
  settings: VaultSettings,
): TsopsError {
  if (
    settings.token === undefined &&
    (known === 'noToken' || (known === undefined && [400, 401, 403].includes(status)))
  )
    return refusal('there is no Vault token: VAULT_TOKEN is not set and there is no ~/.vault-token', loginHint);
  if (known !== undefined) return knownRefusal(known, key);
  if (status === 401 || status === 403) return deniedRefusal(key);
  if (status >= 300 && status < 400)
    return refusal(
      `the server sends requests on to another address (HTTP ${status}), and the Vault token is not sent there`,
      'A standby node does so: VAULT_AGENT_ADDR can name the active node or the load balancer to be asked instead.',
    );
  if (status === 404 || status === 405)
    return refusal(`the server has no transit engine at this path (HTTP ${status})`, ...placeHints(key));
  if (status === 429) return refusal('the server is asked too often (HTTP 429)', 'Try again later.');
  if (status >= 500) return refusal(`the server has trouble of its own (HTTP ${status})`, 'Try again later.');
  return status < 300 ? garbage() : refusal(`the server refused the request (HTTP ${status})`, ...placeHints(key));
}

const loginHint = 'Log in to Vault with `vault login` (or `bao login`), or set VAULT_TOKEN.';

function deniedRefusal({ enginePath, keyName }: VaultKey): TsopsError {
  return refusal(
    'the server does not take the Vault token for this key (HTTP 403): it has expired, or its policies do not allow it',
    'See with `vault token lookup` whether the token still lives; `vault login` makes a new one.',
    `Its policies have to allow update on ${enginePath}/encrypt/${keyName} and ${enginePath}/decrypt/${keyName}.`,
  );
}

const placeHints = ({ enginePath }: VaultKey): string[] => [
  `For Vault: see with \`vault secrets list\` whether ${enginePath}/ is there; VAULT_NAMESPACE chooses the namespace.`,
];

function knownRefusal(known: KnownText, key: VaultKey): TsopsError {
  switch (known) {
    case 'noKey':
      return refusal('the server has no key of this name', ...placeHints(key));
    case 'otherKey':
      return refusal(
        'the key of this name on the server is not the one that wrapped it, or the wrapped text was changed',
        'Check that the address is that of the right server, or take the `enc` text from an older version of the file.',
      );
    case 'damaged':
      return refusal(
        'the wrapped text was changed, or is of a later version than the key on the server',
        'Take the `enc` text of this key from an older version of the file.',
      );
    case 'tooOld':
      return refusal(
        'it was wrapped by a version of the key that the server no longer uses (min_decryption_version)',
        `An administrator can lower it: vault write ${key.enginePath}/keys/${key.keyName}/config min_decryption_version=1`,
      );
    case 'noToken':
      return refusal('the server was sent no Vault token', loginHint);
    case 'badToken':
      return refusal('the server does not know the Vault token: it has expired, or is of another server', loginHint);
    case 'sealed':
      return refusal('the server is sealed', 'An administrator has to unseal it: vault operator unseal');
    case 'noNamespace':
      return refusal('the server has no such namespace', 'Check VAULT_NAMESPACE.');
  }
}
