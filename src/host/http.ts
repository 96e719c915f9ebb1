/**
 * A small HTTP client: one request, one bounded answer. It follows no redirect, shows nothing of an answer to anybody, and never
 * throws: what goes wrong is a fault in plain words. Everything is closed at the end, so that no connection keeps a process alive.
 */

import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { systemCode } from './faults.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** `http:` or `https:`; user names and fragments are not sent. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** Bound on everything from the look-up of the name to the last byte of the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Bound on the way to an open connection (with its TLS handshake); 10 seconds unless told. */
  readonly connectTimeoutMs?: number | undefined;
  /** The largest body that is read, in bytes; 1 MiB unless told. */
  readonly maxBytes?: number | undefined;
  readonly tls?: TlsSettings | undefined;
  /** The address of an HTTP proxy (`proxyFor`), with its user name and password if it wants them. */
  readonly proxy?: string | undefined;
  /** A Unix domain socket to connect to instead of the host of the address. */
  readonly socketPath?: string | undefined;
}

export interface TlsSettings {
  /** PEM certificates of the authorities to trust instead of those of Node and of the system. */
  readonly authorities?: readonly string[] | undefined;
  /** The PEM certificate (chain) and private key that this side shows. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** The name to ask for and to find in the certificate, instead of the host of the address. */
  readonly serverName?: string | undefined;
  /** Takes any certificate. */
  readonly insecure?: boolean | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** Why there is no answer. `issuer` is a certificate from an unknown authority, `identity` all other refusals of it. */
export interface HttpFault {
  readonly fault:
    | 'timeout'
    | 'unreachable'
    | 'broken'
    | 'issuer'
    | 'identity'
    | 'tls'
    | 'tooLarge'
    | 'proxy'
    | 'settings';
  /** A sentence without subject and full stop, as in "it …". Nothing in it comes from the other side. */
  readonly reason: string;
}

export const isFault = (outcome: object): outcome is HttpFault => 'fault' in outcome;

const defaultConnectTimeoutMs = 10_000;
const defaultMaxBytes = 1024 * 1024;

/** Sends a request and reads the answer, whatever its status. */
export async function sendRequest(request: HttpRequest): Promise<HttpResponse | HttpFault> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(tooSlow(request.timeoutMs)), request.timeoutMs);
  try {
    const outcome = await attempt(request, ending);
    if (!isFault(outcome) || outcome.fault !== 'issuer' || request.tls?.authorities !== undefined) return outcome;
    // Node has authorities of its own. Those that the machine's owner added are read only now: that takes a fifth of a second.
    const authorities = systemAuthorities();
    return authorities.length === 0
      ? outcome
      : await attempt({ ...request, tls: { ...request.tls, authorities } }, ending);
  } finally {
    clearTimeout(timer);
  }
}

/** Node 22.15 and later. */
function systemAuthorities(): string[] {
  return typeof tls.getCACertificates === 'function' ? tls.getCACertificates('system') : [];
}

const tooSlow = (timeoutMs: number): HttpFault => ({
  fault: 'timeout',
  reason: `did not answer within ${timeoutMs / 1000} seconds`,
});

const unconnected = (timeoutMs: number): HttpFault => ({
  fault: 'timeout',
  reason: `could not be connected to within ${timeoutMs / 1000} seconds`,
});

async function attempt(request: HttpRequest, ending: AbortController): Promise<HttpResponse | HttpFault> {
  const timeoutMs = request.connectTimeoutMs ?? defaultConnectTimeoutMs;
  const timer = setTimeout(() => ending.abort(unconnected(timeoutMs)), timeoutMs);
  try {
    const started = await start(request, ending.signal);
    return isFault(started) ? started : await exchange(started, request, () => clearTimeout(timer));
  } catch (error) {
    return faultOf(error, ending.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The request, not yet sent: direct, by a proxy, or by a tunnel through one. */
async function start(request: HttpRequest, signal: AbortSignal): Promise<http.ClientRequest | HttpFault> {
  const { url, method, headers, socketPath } = request;
  const secure = url.protocol === 'https:' ? tlsOptions(url, request.tls) : undefined;
  if (secure !== undefined && isFault(secure)) return secure;
  const target = { method, headers, signal, agent: false, host: hostOf(url), path: url.pathname + url.search };
  const proxy = request.proxy === undefined ? undefined : proxyAddress(request.proxy);
  if (proxy === undefined) {
    const place = { ...target, ...(socketPath === undefined ? portOf(url) : { socketPath }) };
    return secure === undefined ? http.request(place) : https.request({ ...place, ...secure });
  }
  if (isFault(proxy)) return proxy;
  if (secure === undefined)
    return throughProxy(proxy, { ...target, path: url.origin + target.path }, { host: url.host, ...headers });
  const socket = await openTunnel(proxy, `${url.hostname}:${portOf(url).port}`, signal);
  if (isFault(socket)) return socket;
  const createConnection = () => tls.connect({ ...secure, host: target.host, socket });
  // An agent would open a connection of its own.
  return https.request({ ...target, agent: undefined, ...portOf(url), createConnection });
}

function tlsOptions(url: URL, settings: TlsSettings = {}): tls.ConnectionOptions | HttpFault {
  const host = hostOf(url);
  try {
    const secureContext = tls.createSecureContext({
      ...(settings.authorities === undefined ? {} : { ca: [...settings.authorities] }),
      ...(settings.certificate === undefined ? {} : { cert: settings.certificate }),
      ...(settings.key === undefined ? {} : { key: settings.key }),
    });
    const servername = settings.serverName ?? (isIP(host) === 0 ? host : '');
    // Said in any case, or NODE_TLS_REJECT_UNAUTHORIZED would decide.
    return { secureContext, servername, rejectUnauthorized: settings.insecure !== true };
  } catch {
    const reason =
      'cannot be asked: a certificate or private key of the settings cannot be used, or the two do not fit';
    return { fault: 'settings', reason };
  }
}

/** Without the brackets of an IPv6 address. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1');
const portOf = (url: URL): { port: number } => ({ port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) });

function proxyAddress(text: string): URL | HttpFault {
  const whole = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  return { fault: 'proxy', reason: 'cannot be asked: the proxy of the settings is not an HTTP proxy' };
}

function throughProxy(
  proxy: URL,
  options: http.RequestOptions,
  headers: Readonly<Record<string, string>>,
): http.ClientRequest {
  const client = proxy.protocol === 'https:' ? https : http;
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const login = user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` };
  return client.request({ ...options, host: hostOf(proxy), ...portOf(proxy), headers: { ...headers, ...login } });
}

/** RFC 9110 §9.3.6 */
function openTunnel(proxy: URL, target: string, signal: AbortSignal): Promise<Socket | HttpFault> {
  const request = throughProxy(proxy, { method: 'CONNECT', path: target, agent: false, signal }, { host: target });
  return new Promise(settle => {
    request.on('connect', ({ statusCode = 0 }, socket: Socket) => {
      if (statusCode >= 200 && statusCode < 300) return settle(socket);
      socket.destroy();
      settle({ fault: 'proxy', reason: `cannot be reached: the proxy refused the connection (HTTP ${statusCode})` });
    });
    request.on('error', error => {
      const { fault, reason } = faultOf(error, signal);
      settle(fault === 'timeout' ? { fault, reason } : { fault: 'proxy', reason: 'cannot be reached by the proxy' });
    });
    request.end();
  });
}

function exchange(
  sent: http.ClientRequest,
  request: HttpRequest,
  onConnected: () => void,
): Promise<HttpResponse | HttpFault> {
  return new Promise((settle, fail) => {
    sent.on('socket', socket => {
      socket.once(request.url.protocol === 'https:' ? 'secureConnect' : 'connect', onConnected);
    });
    let answered = false;
    sent.on('response', answer => {
      answered = true;
      onConnected();
      collect(answer, request.maxBytes ?? defaultMaxBytes).then(settle, fail);
    });
    sent.on('error', fail);
    // An end without an answer and without an error, as after a change of protocol that nobody asked for.
    sent.on('close', () => answered || fail(undefined));
    sent.end(request.body);
  });
}

async function collect(answer: http.IncomingMessage, maxBytes: number): Promise<HttpResponse | HttpFault> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    // Leaving the loop destroys the connection.
    if (bytes > maxBytes) return { fault: 'tooLarge', reason: `answered with more than ${maxBytes} bytes` };
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
}

const untrusted = 'shows a certificate from an authority that is not trusted here';
const faults: Readonly<Record<string, readonly [fault: HttpFault['fault'], reason: string]>> = {
  ECONNREFUSED: ['unreachable', 'refused the connection: nothing listens at this address'],
  EHOSTUNREACH: ['unreachable', 'cannot be reached: there is no route to it'],
  ENETUNREACH: ['unreachable', 'cannot be reached: there is no network'],
  ENOENT: ['unreachable', 'cannot be reached: its socket does not exist'],
  EACCES: ['unreachable', 'cannot be reached: permission denied'],
  ENOTFOUND: ['unreachable', 'cannot be reached: its name is not known (DNS)'],
  EAI_AGAIN: ['unreachable', 'cannot be reached: its name could not be looked up (DNS)'],
  ETIMEDOUT: ['timeout', 'cannot be reached: the connection took too long'],
  CERT_HAS_EXPIRED: ['identity', 'shows a certificate that has expired'],
  CERT_NOT_YET_VALID: ['identity', 'shows a certificate that is not valid yet (is the clock right?)'],
  CERT_REVOKED: ['identity', 'shows a certificate that was revoked'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['identity', 'shows a certificate for another name'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['issuer', untrusted],
  SELF_SIGNED_CERT_IN_CHAIN: ['issuer', untrusted],
  UNABLE_TO_GET_ISSUER_CERT: ['issuer', untrusted],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['issuer', untrusted],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['issuer', untrusted],
  CERT_SIGNATURE_FAILURE: ['issuer', untrusted],
  ERR_INVALID_CHAR: ['settings', 'cannot be asked: a header of the settings holds characters that no header can have'],
  ERR_INVALID_HTTP_TOKEN: ['settings', 'cannot be asked: a header of the settings has a name that no header can have'],
};

function faultOf(error: unknown, signal: AbortSignal): HttpFault {
  if (signal.aborted) return signal.reason as HttpFault;
  const code = systemCode(error) ?? '';
  const known = faults[code];
  if (known !== undefined) return { fault: known[0], reason: known[1] };
  if (code.startsWith('HPE_')) return { fault: 'broken', reason: 'answered with something that is not HTTP' };
  return tlsFault(code, error) ?? { fault: 'broken', reason: 'cut the connection off' };
}

/** OpenSSL's own words, which Node gives as a code or, where a write failed, in a message. */
function tlsFault(code: string, error: unknown): HttpFault | undefined {
  if (!/^(?:ERR_SSL|EPROTO)/.test(code)) return undefined;
  const text = `${code} ${error instanceof Error ? error.message : ''}`.toLowerCase().replaceAll('_', ' ');
  if (/wrong version number|packet length too long/.test(text))
    return { fault: 'tls', reason: 'does not answer with TLS (does it speak http:// at this address?)' };
  if (/alert.*certificate|handshake failure|unknown ca/.test(text))
    return { fault: 'tls', reason: 'wants a client certificate, or refused the one it was shown' };
  return { fault: 'tls', reason: 'and this side found no TLS that both speak' };
}
