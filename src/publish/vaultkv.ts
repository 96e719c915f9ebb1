/** The key-value engines of HashiCorp Vault and OpenBao, versions 1 and 2. sops 3.13.2 publish/vault.go. */

import { isDeepStrictEqual } from 'node:util';
import { type HttpFault, type HttpResponse, isFault } from '../host/http.ts';
import type { KeyContext } from '../keys/provider.ts';
import { originOf } from '../keys/vault/address.ts';
import { ask } from '../keys/vault/request.ts';
import { readSettings, type VaultSettings } from '../keys/vault/settings.ts';
import { type Destination, type DestinationSettings, failed } from './destination.ts';

const defaultAddress = 'https://127.0.0.1:8200';
const defaultMount = 'secret/';

export function vaultKv(settings: DestinationSettings, context: KeyContext): Destination {
  const address = settings.get('vault_address') || context.env('VAULT_ADDR') || defaultAddress;
  const version = settings.get('vault_kv_version') === '1' ? 1 : 2;
  const mount = withSlash(settings.get('vault_kv_mount_name') || defaultMount);
  const folder = withSlash(settings.get('vault_path') ?? '');
  const path = (name: string): string => `${mount}${version === 2 ? 'data/' : ''}${folder}${name}`;
  return {
    address: name => `${address.replace(/\/$/, '')}/v1/${path(name)}`,
    send: (name, content) => write(address, path(name), Buffer.from(content).toString('utf8').trim(), version, context),
  };
}

const withSlash = (text: string): string => (text.endsWith('/') ? text : `${text}/`);

async function write(
  address: string,
  path: string,
  values: string,
  version: 1 | 2,
  context: KeyContext,
): Promise<'written' | 'current'> {
  const origin = originOf(address);
  if (origin === undefined)
    throw failed('the address of the Vault server is not one', [
      'Check vault_address, or VAULT_ADDR: https://HOST:8200',
    ]);
  const settings = await settingsOf(context);
  const place = { origin, path: urlPath(path) };
  if (await isThere(await ask({ ...place, method: 'GET' }, settings, context), values, version)) return 'current';
  const body = version === 1 ? values : `{"data":${values}}`;
  check(await ask({ ...place, method: 'PUT', body }, settings, context), path, settings);
  return 'written';
}

async function settingsOf(context: KeyContext): Promise<VaultSettings> {
  try {
    return await readSettings(context);
  } catch (error) {
    throw error instanceof Error && 'hints' in error ? failed(error.message, error.hints as string[]) : error;
  }
}

/** Each step by itself, so that no name leads elsewhere. */
function urlPath(path: string): string {
  const steps = path.split('/').filter(step => step !== '');
  if (steps.some(step => step === '.' || step === '..')) throw failed('the path at the Vault server leads elsewhere');
  return `/v1/${steps.map(encodeURIComponent).join('/')}`;
}

/** Whether the same values are there. Whole numbers beyond 2^53 cannot be compared, so they are written. */
async function isThere(outcome: HttpResponse | HttpFault, values: string, version: 1 | 2): Promise<boolean> {
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
