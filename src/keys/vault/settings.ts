/** What the environment says about Vault: the variables of its own command line, as sops takes them from HashiCorp's client. */

import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { parseBool } from '../../core/scalar.ts';
import { readCertificateFolder } from '../../host/certificates.ts';
import type { TlsSettings } from '../../host/http.ts';
import { requestLimitMs } from '../limits.ts';
import type { KeyContext } from '../provider.ts';
import { refusal } from './refusal.ts';

export interface VaultSettings {
  /** Where a Vault agent listens, which is then asked instead of the server that a key names. */
  readonly agent: string | undefined;
  /** Undefined where there is none; an agent can add one. */
  readonly token: string | undefined;
  /** All headers but the token. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
  /** A proxy for Vault alone; HTTPS_PROXY and its like are not looked at here. */
  readonly proxy: string | undefined;
  /** Bound on a request with all its retries. */
  readonly timeoutMs: number;
  readonly retries: number;
}

/** @throws TsopsError WRAP_FAILED for a variable that cannot be used; FILE_UNREADABLE */
export async function readSettings(context: KeyContext): Promise<VaultSettings> {
  const env = (name: string): string | undefined => context.env(name) || undefined;
  return {
    agent: env('VAULT_AGENT_ADDR'),
    token: await readToken(context),
    headers: readHeaders(env),
    tls: await readTls(env, context),
    proxy: env('VAULT_PROXY_ADDR') ?? env('VAULT_HTTP_PROXY'),
    timeoutMs: Math.min(context.timeoutMs, readTimeoutMs(env('VAULT_CLIENT_TIMEOUT')) ?? requestLimitMs(context)),
    retries: readRetries(env('VAULT_MAX_RETRIES')),
  };
}

type Environment = (name: string) => string | undefined;
const headerText = /^[\x20-\x7e]*$/;
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

async function readToken(context: KeyContext): Promise<string | undefined> {
  const given = context.env('VAULT_TOKEN') || undefined;
  const file = given !== undefined || context.homeDir === undefined ? undefined : join(context.homeDir, '.vault-token');
  const bytes = file === undefined ? undefined : await context.readFile(file);
  const token =
    given ??
    Buffer.from(bytes ?? [])
      .toString('utf8')
      .trim();
  if (headerText.test(token)) return token || undefined;
  const place = file === undefined ? 'VAULT_TOKEN' : '~/.vault-token';
  throw refusal(`the Vault token in ${place} has characters that no token has`, 'Log in again with `vault login`.');
}

function readHeaders(env: Environment): Record<string, string> {
  const namespace = env('VAULT_NAMESPACE');
  if (namespace !== undefined && !headerText.test(namespace))
    throw refusal('VAULT_NAMESPACE has characters that no namespace has');
  return {
    ...givenHeaders(env('VAULT_HEADERS') ?? '{}'),
    // It keeps an agent from being asked by way of somebody's browser.
    'X-Vault-Request': 'true',
    ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
  };
}

function givenHeaders(text: string): Record<string, string> {
  const given = parsedObject(text);
  const pairs = given === undefined ? [['', '']] : Object.entries(given);
  const usable = pairs.every(
    ([name = '', value]) => headerName.test(name) && typeof value === 'string' && headerText.test(value),
  );
  if (!usable)
    throw refusal(
      'VAULT_HEADERS is not a JSON object of header names and texts',
      `It looks like VAULT_HEADERS='{"X-Name":"value"}'.`,
    );
  if (pairs.some(([name = '']) => /^x-vault-/i.test(name)))
    throw refusal('VAULT_HEADERS must not set X-Vault- headers', 'Use VAULT_TOKEN and VAULT_NAMESPACE for them.');
  return Object.fromEntries(pairs) as Record<string, string>;
}

function parsedObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function readTls(env: Environment, context: KeyContext): Promise<TlsSettings> {
  const skip = env('VAULT_SKIP_VERIFY');
  const insecure = skip === undefined ? false : parseBool(skip);
  if (insecure === undefined) throw refusal('VAULT_SKIP_VERIFY is neither true nor false');
  const names = ['VAULT_CLIENT_CERT', 'VAULT_CLIENT_KEY'] as const;
  const [certificate, key] = await Promise.all(names.map(name => readNamed(name, env, context)));
  if ((certificate === undefined) !== (key === undefined))
    throw refusal('VAULT_CLIENT_CERT and VAULT_CLIENT_KEY are only useful together, and one of them is not set');
  const authorities = await readAuthorities(env, context);
  return { authorities, certificate, key, serverName: env('VAULT_TLS_SERVER_NAME'), insecure };
}

/** The first that is set counts. hashicorp/go-rootcerts LoadCACerts */
async function readAuthorities(env: Environment, context: KeyContext): Promise<string[] | undefined> {
  const file = await readNamed('VAULT_CACERT', env, context);
  if (file !== undefined) return certificates('the file that VAULT_CACERT names', [file]);
  const text = env('VAULT_CACERT_BYTES');
  if (text !== undefined) return certificates('VAULT_CACERT_BYTES', [text]);
  const folder = env('VAULT_CAPATH');
  return folder === undefined
    ? undefined
    : certificates('the folder that VAULT_CAPATH names', await readCertificateFolder(folder));
}

function certificates(place: string, texts: string[]): string[] {
  try {
    for (const text of texts) new X509Certificate(text);
    if (texts.length > 0) return texts;
  } catch {
    // Said below.
  }
  throw refusal(`${place} holds no usable PEM certificate`);
}

async function readNamed(name: string, env: Environment, context: KeyContext): Promise<string | undefined> {
  const path = env(name);
  if (path === undefined) return undefined;
  const bytes = await context.readFile(path);
  if (bytes === undefined) throw refusal(`the file that ${name} names does not exist`);
  return Buffer.from(bytes).toString('latin1');
}

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const durationPattern = /^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h|d))+$/;

/** Seconds, or a duration of Go such as 1m30s. hashicorp/go-secure-stdlib parseutil.ParseDurationSecond */
function readTimeoutMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const whole = /^\d+$/.test(text) ? `${text}s` : text;
  if (!durationPattern.test(whole))
    throw refusal('VAULT_CLIENT_TIMEOUT is not a duration', 'It looks like 30s, or 30 for as many seconds.');
  const parts = [...whole.matchAll(/([\d.]+)([^\d.]+)/g)];
  const timeoutMs = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitsMs[unit] ?? 0), 0);
  return timeoutMs === 0 ? undefined : timeoutMs;
}

const defaultRetries = 2;

function readRetries(text: string | undefined): number {
  if (text === undefined) return defaultRetries;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw refusal('VAULT_MAX_RETRIES is not a number');
}
