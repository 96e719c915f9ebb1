/** The key-value engines of HashiCorp Vault and OpenBao, versions 1 and 2. sops 3.13.2 publish/vault.go. */

import { isDeepStrictEqual } from 'node:util';
import { TsopsError } from '../errors.ts';
import { type HttpFault, type HttpResponse, isFault } from '../host/http.ts';
import type { KeyContext } from '../keys/provider.ts';
import { originOf } from '../keys/vault/address.ts';
import { ask } from '../keys/vault/request.ts';
import { readSettings, type VaultSettings } from '../keys/vault/settings.ts';
import { type Destination, type DestinationSettings, failed } from './destination.ts';

const defaultAddress = 'https://127.0.0.1:8200';
const defaultMount = 'secret/';

/** @throws TsopsError PUBLISH_FAILED for an address that cannot be one, or has a user name: it would be shown */
export function vaultKv(settings: DestinationSettings, context: KeyContext): Destination {
  const origin = originOf(settings.get('vault_address') || context.env('VAULT_ADDR') || defaultAddress);
  if (origin === undefined) {
    throw failed('the address of the Vault server is not one', [
      'Check vault_address, or VAULT_ADDR: https://HOST:8200, without a user name or a path.',
    ]);
  }
  const version = settings.get('vault_kv_version') === '1' ? 1 : 2;
  const mount = withSlash(settings.get('vault_kv_mount_name') || defaultMount);
  const folder = withSlash(settings.get('vault_path') ?? '');
  const placeOf = (name: string): Place => {
    const path = `${mount}${version === 2 ? 'data/' : ''}${folder}${name}`;
    return { origin, path, urlPath: urlPath(path) };
  };
  return {
    address: name => `${origin}/v1/${placeOf(name).path}`,
    send: (name, content) => write(placeOf(name), Buffer.from(content).toString('utf8').trim(), version, context),
  };
}

interface Place {
  readonly origin: string;
  /** As policies name it. */
  readonly path: string;
  readonly urlPath: string;
}

const withSlash = (text: string): string => (text.endsWith('/') ? text : `${text}/`);

async function write(
  { origin, path, urlPath }: Place,
  values: string,
  version: 1 | 2,
  context: KeyContext,
): Promise<'written' | 'current'> {
  const settings = await usable(readSettings(context));
  const place = { origin, path: urlPath };
  if (isThere(await usable(ask({ ...place, method: 'GET' }, settings, context)), values, version)) return 'current';
  const body = version === 1 ? values : `{"data":${values}}`;
  check(await ask({ ...place, method: 'PUT', body }, settings, context), path, settings);
  return 'written';
}

/** What of the environment cannot be used. */
async function usable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof TsopsError ? failed(error.message, error.hints) : error;
  }
}

/** Each step by itself, so that no name leads elsewhere. */
function urlPath(path: string): string {
  const steps = path.split('/').filter(step => step !== '');
  if (steps.some(step => step === '.' || step === '..')) throw failed('the path at the Vault server leads elsewhere');
  return `/v1/${steps.map(encodeURIComponent).join('/')}`;
}

/** Whether the same values are there. Whole numbers beyond 2^53 cannot be compared, so they are written. */
function isThere(outcome: HttpResponse | HttpFault, values: string, version: 1 | 2): boolean {
  if (isFault(outcome) || outcome.status !== 200 || /\d{16}/.test(values)) return false;
  try {
    const { data } = JSON.parse(Buffer.from(outcome.body).toString('utf8'));
    return isDeepStrictEqual(version === 1 ? data : data?.data, JSON.parse(values));
  } catch {
    return false;
  }
}

function check(outcome: HttpResponse | HttpFault, path: string, settings: VaultSettings): void {
  if (isFault(outcome))
    throw failed(`the Vault server ${outcome.reason}`, [
      'Check vault_address or VAULT_ADDR, VAULT_CACERT, and HTTPS_PROXY.',
    ]);
  const { status } = outcome;
  if (status >= 200 && status < 300) return;
  if (settings.token === undefined && [400, 401, 403].includes(status))
    throw failed('there is no Vault token: VAULT_TOKEN is not set and there is no ~/.vault-token', [
      'Log in to Vault with `vault login` (or `bao login`), or set VAULT_TOKEN.',
    ]);
  if (status === 401 || status === 403)
    throw failed(`the server does not take the Vault token here (HTTP ${status})`, [
      `Its policies have to allow create and update on ${path}; \`vault token lookup\` shows whether it still lives.`,
    ]);
  if (status === 404 || status === 405)
    throw failed(`the server has no key-value engine of this version at this path (HTTP ${status})`, [
      'Check vault_kv_mount_name and vault_kv_version; `vault secrets list -detailed` shows both.',
    ]);
  if (status === 503) throw failed('the Vault server is sealed or in maintenance (HTTP 503)', ['Try again later.']);
  throw failed(`the Vault server refused the request (HTTP ${status})`, ['Check the destination rule of the file.']);
}
