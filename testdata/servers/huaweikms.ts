/**
 * HuaweiCloud's key management (encrypt-data and decrypt-data, with real AES-256-GCM) and the parts of its identity service that a
 * client of it needs. Every signature is computed anew and compared, from the description of the algorithm and not by the client's code.
 * https://support.huaweicloud.com/intl/en-us/api-dew/EncryptData.html, …/devg-apisign/api-sign-algorithm.html
 */

import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { Answer, Ask, Site } from './cloud.ts';

export interface Access {
  readonly ak: string;
  readonly sk: string;
  /** Of a temporary access key. */
  readonly securityToken?: string;
}

const newAccess = (): Access => ({
  ak: `AK${randomBytes(9).toString('hex').toUpperCase()}`,
  sk: `sk-${randomBytes(20).toString('hex')}`,
});

/** A permanent access key, and a temporary one, which pods, servers and identity providers get. */
export const permanent: Access = newAccess();
export const temporary: Access & { readonly securityToken: string } = {
  ...newAccess(),
  securityToken: `st-${randomBytes(30).toString('hex')}`,
};
export const project: string = randomBytes(16).toString('hex');
export const identity = { provider: 'idp', token: `id-${randomBytes(20).toString('hex')}` };

/** What is given out with the temporary access key. */
export const temporaryCredential = {
  access: temporary.ak,
  secret: temporary.sk,
  securitytoken: temporary.securityToken,
  expires_at: `${new Date(Date.now() + 86_400_000).toISOString().slice(0, 19)}Z`,
};

export class Kms {
  readonly #keys = new Map<string, Buffer>();
  readonly disabled = new Set<string>();

  /** Makes a key; gives its id. */
  add(): string {
    const id = randomUUID();
    this.#keys.set(id, randomBytes(32));
    return id;
  }

  readonly site: Site = ask => {
    const refusal = checkSignature(ask);
    if (refusal !== undefined) return refusal;
    const [, version, where, , action] = ask.path.split('/');
    if (version !== 'v1.0' || where !== project || ask.headers['x-project-id'] !== project) {
      return { status: 403, body: { error: { error_code: 'KMS.0303', error_msg: 'made for tests' } } };
    }
    const body = JSON.parse(ask.body) as Record<string, string>;
    const id = body['key_id'] ?? '';
    const key = this.#keys.get(id);
    if (key === undefined) return refused('KMS.0205');
    if (this.disabled.has(id)) return refused('KMS.0209');
    if (body['encryption_algorithm'] !== 'SYMMETRIC_DEFAULT') return refused('KMS.0204');
    return action === 'encrypt-data' ? encrypted(id, key, body['plain_text']) : decrypted(id, key, body['cipher_text']);
  };
}

const refused = (code: string): Answer => ({
  status: 400,
  body: { error: { error_code: code, error_msg: 'made for tests' } },
});

function encrypted(id: string, key: Buffer, plain = ''): Answer {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return {
    status: 200,
    body: { key_id: id, cipher_text: Buffer.concat([iv, sealed, cipher.getAuthTag()]).toString('base64') },
  };
}

function decrypted(id: string, key: Buffer, text = ''): Answer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length < 28) return refused('KMS.0308');
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    cipher.setAuthTag(bytes.subarray(-16));
    const plain = Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]).toString();
    return {
      status: 200,
      body: { key_id: id, plain_text: plain, plain_text_base64: Buffer.from(plain).toString('base64') },
    };
  } catch {
    return refused('KMS.0308');
  }
}

const notSigned: Answer = { status: 401, body: { error_code: 'APIGW.0301', error_msg: 'made for tests' } };

function checkSignature({ method, path, headers, body, host }: Ask): Answer | undefined {
  const { authorization = '', 'x-sdk-date': date = '' } = headers;
  const match = /^SDK-HMAC-SHA256 Access=(\w+), SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/.exec(authorization);
  const [, ak = '', names = '', signature = ''] = match ?? [];
  const access = [permanent, temporary].find(one => one.ak === ak);
  const at = Date.parse(String(date).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (access === undefined || !(Math.abs(Date.now() - at) < 900_000) || !names.includes('x-sdk-date')) return notSigned;
  if (headers['x-security-token'] !== access.securityToken) return notSigned;
  const [uri = '', query = ''] = path.split('?');
  let canonical = `${method}\n${uri.endsWith('/') ? uri : `${uri}/`}\n${query.split('&').sort().join('&')}\n`;
  for (const name of names.split(';'))
    canonical += `${name}:${String(name === 'host' ? host : headers[name]).trim()}\n`;
  canonical += `\n${names}\n${createHash('sha256').update(body).digest('hex')}`;
  const text = `SDK-HMAC-SHA256\n${date}\n${createHash('sha256').update(canonical).digest('hex')}`;
  return createHmac('sha256', access.sk).update(text).digest('hex') === signature ? undefined : notSigned;
}

/** The identity service. `projects` are those of every region. */
export function iamSite(projects: readonly string[] = [project]): Site {
  const login = randomBytes(12).toString('hex');
  return ask => {
    const { method, path, headers, body } = ask;
    if (method === 'GET' && path.startsWith('/v3/projects?name=')) {
      const list = projects.map(id => ({ id, name: path.split('=')[1], enabled: true }));
      return checkSignature(ask) ?? { status: 200, body: { projects: list } };
    }
    if (path === '/v3.0/OS-AUTH/id-token/tokens') {
      const { auth } = JSON.parse(body) as { auth: { id_token: { id: string } } };
      const isKnown = headers['x-idp-id'] === identity.provider && auth.id_token.id === identity.token;
      if (!isKnown)
        return { status: 401, body: { error: { code: 401, message: 'made for tests', title: 'Unauthorized' } } };
      const more = { 'x-subject-token': login, 'x-request-id': randomUUID() };
      return {
        status: 201,
        headers: more,
        body: { token: { expires_at: temporaryCredential.expires_at, methods: ['mapped'] } },
      };
    }
    if (path === '/v3.0/OS-CREDENTIAL/securitytokens') {
      const { auth } = JSON.parse(body) as { auth: { identity: { token: { id: string } } } };
      if (auth.identity.token.id === login) return { status: 201, body: { credential: temporaryCredential } };
    }
    return notSigned;
  };
}
