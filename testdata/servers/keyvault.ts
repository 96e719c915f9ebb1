/**
 * Azure Key Vault's keys API, with real RSA-OAEP-256, and the part of Microsoft Entra ID that gives a client secret its token:
 * learn.microsoft.com/rest/api/keyvault/keys, learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
 */

import {
  constants,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import type { Answer, Ask, Site } from './cloud.ts';

/** What the servers know of the one application that may log in. */
export const application = {
  tenant: randomUUID(),
  client: randomUUID(),
  secret: `secret-${randomBytes(12).toString('hex')}`,
};

/** The variables that make a client this application. */
export const applicationEnv = {
  AZURE_TENANT_ID: application.tenant,
  AZURE_CLIENT_ID: application.client,
  AZURE_CLIENT_SECRET: application.secret,
};

/** Every token that was given, with what it is for. */
const tokens = new Map<string, string>();

/** A token as a login gives it. */
export function issueToken(scope: string): string {
  const token = `token-${randomBytes(16).toString('hex')}`;
  tokens.set(token, scope);
  return token;
}

export function isToken(text: string): boolean {
  return tokens.has(text);
}

/** A login service such as login.microsoftonline.com; at /msi the one that servers of Azure have for their identity. */
export function loginSite({ method, path, host, headers, body }: Ask): Answer {
  const [where = '', query] = path.split('?');
  if (where === '/msi') {
    const resource = new URLSearchParams(query).get('resource') ?? '';
    if (headers['x-identity-header'] !== application.secret) return { status: 401, body: {} };
    const access = { access_token: issueToken(`${resource}/.default`), token_type: 'Bearer', resource };
    return { status: 200, body: { ...access, expires_on: String(Math.floor(Date.now() / 1000) + 3600) } };
  }
  const base = `https://${host}/${application.tenant}`;
  if (where.endsWith('/.well-known/openid-configuration')) {
    const urls = {
      issuer: `${base}/v2.0`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    };
    return { status: 200, body: { ...urls, jwks_uri: `https://${host}/keys`, tenant_region_scope: 'EU' } };
  }
  if (where === '/common/discovery/instance') {
    const metadata = [{ preferred_network: host, preferred_cache: host, aliases: [host] }];
    return {
      status: 200,
      body: { tenant_discovery_endpoint: `${base}/v2.0/.well-known/openid-configuration`, metadata },
    };
  }
  if (method !== 'POST' || !where.endsWith('/oauth2/v2.0/token')) return { status: 404, body: {} };
  return tokenAnswer(where, new URLSearchParams(body));
}

function tokenAnswer(where: string, form: URLSearchParams): Answer {
  if (!where.startsWith(`/${application.tenant}/`)) return loginError('invalid_request', 90002);
  if (form.get('client_id') !== application.client) return loginError('unauthorized_client', 700016);
  if (form.get('client_secret') === 'expired') return loginError('invalid_client', 7000222);
  if (form.get('client_secret') !== application.secret) return loginError('invalid_client', 7000215);
  const token = issueToken(form.get('scope')?.split(' ')[0] ?? '');
  return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: token } };
}

function loginError(error: string, code: number): Answer {
  const description = `AADSTS${code}: made for tests. Trace ID: ${randomUUID()}`;
  return { status: 400, body: { error, error_description: description, error_codes: [code] } };
}

interface Version {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly state: 'enabled' | 'disabled' | 'expired';
}

/** The keys of one vault, each with its versions, oldest first. */
export class Vault {
  readonly #resource: string;
  readonly #login: string;
  readonly #keys = new Map<string, Version[]>();
  /** Operations that nobody may do: `get`, `encrypt`, `decrypt`. */
  readonly denied = new Set<string>();

  /** @param domain such as `vault.azure.net`; tokens have to be for `https://DOMAIN`. */
  constructor(domain = 'vault.azure.net', login = 'login.microsoftonline.com') {
    this.#resource = `https://${domain}`;
    this.#login = login;
  }

  /** Adds a version to a key; gives its id. */
  add(name: string, state: Version['state'] = 'enabled'): string {
    const id = randomUUID().replaceAll('-', '');
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#keys.set(name, [...(this.#keys.get(name) ?? []), { id, ...pair, state }]);
    return id;
  }

  /** What the current version of a key gave for these bytes while it could. */
  wrap(name: string, bytes: Uint8Array): string {
    const version = this.#keys.get(name)?.at(-1);
    return version === undefined
      ? ''
      : publicEncrypt({ key: version.publicKey, ...padding }, bytes).toString('base64url');
  }

  readonly site: Site = ask => {
    const challenge = this.#challenge(ask);
    if (challenge !== undefined) return challenge;
    const [, kind, name = '', id = '', action = 'get'] = ask.path.split('?')[0]?.split('/') ?? [];
    const versions = this.#keys.get(name) ?? [];
    const version = id === '' ? versions.at(-1) : versions.find(one => one.id === id);
    if (this.denied.has(action)) return refusal(403, 'Forbidden', 'ForbiddenByRbac');
    if (kind !== 'keys' || version === undefined) return refusal(404, 'KeyNotFound');
    if (version.state === 'disabled') return refusal(403, 'Forbidden', 'KeyDisabled');
    const kid = `https://${ask.host}/keys/${name}/${version.id}`;
    if (action === 'get') return { status: 200, body: keyBundle(kid, version) };
    return operation(action, version, kid, ask.body);
  };

  #challenge({ headers: { authorization = '' } }: Ask): Answer | undefined {
    if (tokens.get(authorization.replace(/^Bearer /, '')) === `${this.#resource}/.default`) return undefined;
    const value = `Bearer authorization="https://${this.#login}/${application.tenant}", resource="${this.#resource}"`;
    return { ...refusal(401, 'Unauthorized'), headers: { 'www-authenticate': value } };
  }
}

function refusal(status: number, code: string, inner?: string): Answer {
  const innererror = inner === undefined ? {} : { innererror: { code: inner } };
  return { status, body: { error: { code, message: 'made for tests', ...innererror } } };
}

function keyBundle(kid: string, { publicKey, state }: Version): object {
  const { n, e } = publicKey.export({ format: 'jwk' });
  const seconds = Math.floor(Date.now() / 1000);
  const attributes = {
    enabled: true,
    created: seconds,
    updated: seconds,
    ...(state === 'expired' ? { exp: seconds - 60 } : {}),
  };
  return { key: { kid, kty: 'RSA', key_ops: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'], n, e }, attributes };
}

const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };

function operation(action: string, version: Version, kid: string, body: string): Answer {
  const { alg, value } = JSON.parse(body) as { alg?: string; value?: string };
  if (alg !== 'RSA-OAEP-256' || value === undefined) return refusal(400, 'BadParameter');
  const bytes = Buffer.from(value, 'base64url');
  // The service lets an expired key decrypt, and nothing else.
  if (action === 'encrypt' && version.state === 'expired') return refusal(403, 'Forbidden', 'KeyExpired');
  try {
    const result =
      action === 'encrypt'
        ? publicEncrypt({ key: version.publicKey, ...padding }, bytes)
        : privateDecrypt({ key: version.privateKey, ...padding }, bytes);
    return { status: 200, body: { kid, value: result.toString('base64url') } };
  } catch {
    return refusal(400, 'BadParameter');
  }
}
