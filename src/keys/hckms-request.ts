/**
 * Requests to HuaweiCloud, signed with an access key (SDK-HMAC-SHA256), and what the answers mean. The rules of the signature are
 * those of https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html
 */

import { createHash, createHmac } from 'node:crypto';
import { isFault as isHttpFault, sendRequest } from '../host/http.ts';
import { proxyFor } from '../host/proxy.ts';
import { requestLimitMs } from './limits.ts';
import type { KeyContext } from './provider.ts';

/** Why a HuaweiCloud key could not be used, and what to do. */
export interface HuaweiFault {
  readonly reason: string;
  readonly hints: readonly string[];
}

export const fault = (reason: string, ...hints: readonly string[]): HuaweiFault => ({ reason, hints });

export const isFault = (value: object): value is HuaweiFault => 'reason' in value && 'hints' in value;

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
  /** Of a temporary access key; empty for a permanent one. */
  readonly securityToken: string;
}

export interface HuaweiRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: object;
}

export interface HuaweiAnswer {
  readonly status: number;
  /** `error_code` of a refusal, such as KMS.0205, where it has the usual form. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The JSON object of the body; empty where it is something else. */
  readonly body: ReadonlyMap<string, unknown>;
}

const maxBytes = 256 * 1024;

/** @param service as it is named in messages */
export async function ask(
  service: string,
  request: HuaweiRequest,
  context: KeyContext,
  accessKey?: AccessKey,
): Promise<HuaweiAnswer | HuaweiFault> {
  const { method, url } = request;
  const body = request.body === undefined ? '' : JSON.stringify(request.body);
  const plain = { host: url.host, ...(body === '' ? {} : { 'content-type': jsonType }), ...request.headers };
  const headers =
    accessKey === undefined ? plain : signed({ method, url, headers: plain, body }, accessKey, new Date());
  const limits = { timeoutMs: requestLimitMs(context), maxBytes };
  const proxy = proxyFor(url, context.env);
  const answer = await sendRequest({ method, url, headers, ...(body === '' ? {} : { body }), ...limits, proxy });
  if (isHttpFault(answer)) {
    return fault(
      `${service} (${url.host}) ${answer.reason}`,
      'For HuaweiCloud: check the network and, behind a proxy, HTTPS_PROXY.',
    );
  }
  const values = parseObject(answer.body);
  return { status: answer.status, headers: answer.headers, code: codeOf(values), body: values };
}

const jsonType = 'application/json;charset=UTF-8';

function parseObject(bytes: Uint8Array): Map<string, unknown> {
  try {
    return mapOf(JSON.parse(Buffer.from(bytes).toString()));
  } catch {
    return new Map();
  }
}

/** The fields of a JSON object; none of anything else. */
export function mapOf(value: unknown): Map<string, unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return new Map(isObject ? Object.entries(value) : []);
}

function codeOf(body: ReadonlyMap<string, unknown>): string {
  const code = body.get('error_code') ?? mapOf(body.get('error')).get('error_code');
  return typeof code === 'string' && /^[A-Z]{2,8}\.\d{4,5}$/.test(code) ? code : '';
}

export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The headers, `host` among them, with those of the signature. */
function signed(request: Unsigned, accessKey: AccessKey, now: Date): Record<string, string> {
  const headers: Record<string, string> = {
    ...request.headers,
    'x-sdk-date': now.toISOString().replace(/[-:]|\.\d+/g, ''),
    ...(accessKey.securityToken === '' ? {} : { 'x-security-token': accessKey.securityToken }),
  };
  return { ...headers, authorization: authorization({ ...request, headers }, accessKey) };
}

/** The Authorization header for a request that has all its other headers, `x-sdk-date` among them. All but the content type are signed. */
export function authorization({ method, url, headers, body }: Unsigned, { id, secret }: AccessKey): string {
  const names = Object.keys(headers)
    .filter(name => !name.startsWith('content-type') && !name.includes('_'))
    .sort();
  const canonical = [
    method,
    canonicalPath(url),
    canonicalQuery(url),
    ...names.map(name => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const text = ['SDK-HMAC-SHA256', headers['x-sdk-date'], sha256(canonical)].join('\n');
  const signature = createHmac('sha256', secret).update(text).digest('hex');
  return `SDK-HMAC-SHA256 Access=${id}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

function canonicalPath({ pathname }: URL): string {
  const path = pathname.split('/').map(escaped).join('/');
  return path.endsWith('/') ? path : `${path}/`;
}

function canonicalQuery({ searchParams }: URL): string {
  const pairs = [...searchParams].map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  return pairs.sort().join('&');
}

/** RFC 3986 §2.3 */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const keysHint =
  'For HuaweiCloud: set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK (and HUAWEICLOUD_SDK_PROJECT_ID), or write them to ~/.huaweicloud/credentials.';

/** What a refusal means that any service of HuaweiCloud may give; undefined for an answer that is none. */
export function refusalOf(service: string, { status, code }: HuaweiAnswer): HuaweiFault | undefined {
  if (status >= 200 && status < 300) return undefined;
  const shown = code === '' ? `HTTP status ${status}` : `HTTP status ${status}, ${code}`;
  if (status === 401 || /^API[A-Z]*\.0301$/.test(code)) {
    return fault(
      `${service} does not accept the access key: it is wrong or expired, or the clock of this machine is (${shown})`,
      keysHint,
    );
  }
  if (status === 403) {
    return fault(
      `${service} denies it: the access key has no permission (${shown})`,
      'For HuaweiCloud: ask for kms:cmk:encryptData or kms:cmk:decryptData on the key, and check the project ID.',
    );
  }
  if (status === 429) return fault(`${service} takes no more requests now (${shown})`, 'For HuaweiCloud: try again.');
  if (status >= 500) return fault(`${service} has a failure of its own (${shown})`, 'For HuaweiCloud: try again.');
  return fault(`${service} refuses the request (${shown})`, 'For HuaweiCloud: check the key ID and the project ID.');
}
