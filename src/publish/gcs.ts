/**
 * Google Cloud Storage, by its JSON API (https://cloud.google.com/storage/docs/json_api/v1/objects/insert). sops 3.13.2 publish/gcs.go;
 * credentials as for Cloud KMS.
 */

import { type HttpFault, type HttpResponse, isFault, sendRequest } from '../host/http.ts';
import { proxyFor } from '../host/proxy.ts';
import { type Credential, findCredential } from '../keys/gcpkms-credentials.ts';
import { requestLimitMs } from '../keys/limits.ts';
import type { KeyContext } from '../keys/provider.ts';
import { type Destination, type DestinationSettings, failed } from './destination.ts';

export function gcs(settings: DestinationSettings, context: KeyContext): Destination {
  const bucket = settings.get('gcs_bucket') ?? '';
  const object = (name: string): string => `${settings.get('gcs_prefix') ?? ''}${name}`;
  return {
    address: name => `gcs://${bucket}/${object(name)}`,
    send: async (name, content) => {
      await insert(bucket, object(name), content, context);
      return 'written';
    },
  };
}

const scope = 'https://www.googleapis.com/auth/devstorage.read_write';

async function insert(bucket: string, object: string, content: Uint8Array, context: KeyContext): Promise<void> {
  const emulator = context.env('STORAGE_EMULATOR_HOST') || undefined;
  const origin = originOf(emulator);
  const query = new URLSearchParams({ uploadType: 'media', name: object });
  const url = new URL(`/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?${query}`, origin);
  // An emulator has no accounts; a token must not go there.
  const login = emulator === undefined ? { Authorization: `Bearer ${await accessToken(context)}` } : {};
  const outcome = await sendRequest({
    method: 'POST',
    url,
    headers: { ...login, 'Content-Type': 'application/octet-stream', 'Content-Length': String(content.length) },
    body: content,
    timeoutMs: requestLimitMs(context),
    proxy: proxyFor(url, context.env),
  });
  check(outcome);
}

/** As the client libraries of Google take it: with or without a scheme. */
function originOf(emulator: string | undefined): string {
  if (emulator === undefined) return 'https://storage.googleapis.com';
  const address = emulator.includes('://') ? emulator : `http://${emulator}`;
  if (URL.canParse(address)) return new URL(address).origin;
  throw failed('STORAGE_EMULATOR_HOST is not an address', ['It looks like http://localhost:9000.']);
}

async function accessToken(context: KeyContext): Promise<string> {
  const limitMs = requestLimitMs(context);
  const found = await findCredential(context, AbortSignal.timeout(limitMs));
  if (!isCredential(found)) throw failed(found.reason, found.hints);
  if ('token' in found) return found.token;
  const token = await tokenOf(found.json, limitMs).catch(() => undefined);
  if (typeof token === 'string' && token !== '') return token;
  throw failed(`Google gave no token for the credential of ${found.source.name}`, [found.source.renew]);
}

const isCredential = (found: Awaited<ReturnType<typeof findCredential>>): found is Credential => 'source' in found;

async function tokenOf(credentials: object, timeout: number): Promise<string | null | undefined> {
  const { GoogleAuth } = await import('google-auth-library');
  const clientOptions = { transporterOptions: { timeout } };
  return new GoogleAuth({ credentials, clientOptions, scopes: [scope] }).getAccessToken();
}

function check(outcome: HttpResponse | HttpFault): void {
  if (isFault(outcome)) throw failed(`Google Cloud Storage ${outcome.reason}`, [outage]);
  const { status } = outcome;
  if (status >= 200 && status < 300) return;
  if (status === 401)
    throw failed('Google does not accept the credential', ['Log in: gcloud auth application-default login']);
  if (status === 403)
    throw failed('Google does not allow this account to write there (HTTP 403)', [
      'It needs storage.objects.create on the bucket, and storage.objects.delete to replace an object.',
    ]);
  if (status === 404)
    throw failed('there is no bucket of this name in Google Cloud Storage', [
      'Check gcs_bucket in the destination rule.',
    ]);
  throw failed(`Google Cloud Storage refused the request (HTTP ${status})`, [outage]);
}

const outage = 'Try again; check that this machine can reach storage.googleapis.com (HTTPS_PROXY, NO_PROXY).';
