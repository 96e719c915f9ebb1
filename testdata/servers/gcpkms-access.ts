/** Who may ask the fake Cloud KMS: a bearer token it gave out, or a token that a service account signed with its own key. */

import { generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { canary, type Fault, foreignProject, slowMs } from './gcpkms-keys.ts';

/** A token as GOOGLE_OAUTH_ACCESS_TOKEN holds it. */
export const staticToken = `ya29.${randomBytes(24).toString('base64url')}`;
const issued = new Set([staticToken]);

const email = 'tester@fake-project.iam.gserviceaccount.com';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The key file of a service account. */
export const serviceAccount = {
  type: 'service_account',
  project_id: 'fake-project',
  private_key_id: 'k1',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  client_email: email,
  token_uri: 'https://oauth2.googleapis.com/token',
};

/** Undefined where the request may be answered. */
export function refusalOf(authorization: string | undefined, quotaProject: string | undefined): Fault | undefined {
  const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
  const isKnown = token !== undefined && (issued.has(token) || isSigned(token, publicKey));
  if (!isKnown) return { code: 16, reason: 'ACCESS_TOKEN_EXPIRED' };
  return quotaProject === foreignProject ? { code: 7, reason: 'USER_PROJECT_DENIED' } : undefined;
}

/** A self-signed JWT of the service account. https://google.aip.dev/auth/4111 */
function isSigned(token: string, by: KeyObject): boolean {
  const [head, claims, signature] = token.split('.');
  if (head === undefined || claims === undefined || signature === undefined) return false;
  if (!verify('sha256', Buffer.from(`${head}.${claims}`), by, Buffer.from(signature, 'base64url'))) return false;
  const { iss, aud, scope, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  const reaches = aud === 'https://cloudkms.googleapis.com/' || String(scope).includes('auth/cloud-platform');
  return iss === email && reaches && exp * 1000 > Date.now();
}

function newToken(): string {
  const token = `ya29.${randomBytes(24).toString('base64url')}`;
  issued.add(token);
  return token;
}

/**
 * Tokens for a login (RFC 6749 §6) or for another cloud's token (RFC 8693 §2). What is handed in says what happens.
 */
export async function exchange(form: URLSearchParams, response: ServerResponse): Promise<void> {
  const isRefresh = form.get('grant_type') === 'refresh_token';
  const given = form.get(isRefresh ? 'refresh_token' : 'subject_token');
  if (given === 'slow') await new Promise(resolve => setTimeout(resolve, slowMs));
  const type = 'urn:ietf:params:oauth:token-type:access_token';
  if (given === 'garbage') send(response, 200, 'text/html', `<html>${canary}</html>`);
  else if (given === 'empty') send(response, 200, 'application/json', '{}');
  else if (given === 'teapot') send(response, 418, 'text/html', `<html>${canary}</html>`);
  else if (given !== 'good') refuse(response, given === 'expired' ? 'invalid_grant' : 'invalid_target');
  else {
    const token = { access_token: newToken(), issued_token_type: type, token_type: 'Bearer', expires_in: 3600 };
    send(response, 200, 'application/json', JSON.stringify(token));
  }
}

const refuse = (response: ServerResponse, error: string): void =>
  send(response, 400, 'application/json', JSON.stringify({ error, error_description: canary }));

/** The metadata server of a machine in Google's cloud. */
export function metadata(request: IncomingMessage, response: ServerResponse): void {
  const isAsked = request.headers['metadata-flavor'] === 'Google';
  const path = new URL(request.url ?? '', 'http://metadata').pathname;
  response.setHeader('metadata-flavor', 'Google');
  const isToken = path === '/computeMetadata/v1/instance/service-accounts/default/token';
  const token = { access_token: newToken(), expires_in: 3599, token_type: 'Bearer' };
  if (!isAsked) send(response, 403, 'text/html', canary);
  else if (!isToken) send(response, 404, 'text/html', canary);
  else send(response, 200, 'application/json', JSON.stringify(token));
}

export function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
