/** The client of Cloud KMS with a credential and at an address: @google-cloud/kms, loaded when the first key is used. */

import type { KeyManagementServiceClient } from '@google-cloud/kms';
import { type Credential, scopes } from './gcpkms-credentials.ts';
import { garbled, type Refusal, refusal, tokenRefusal, unusable } from './gcpkms-failures.ts';
import { shortened } from './printable.ts';
import type { KeyContext } from './provider.ts';

/** Where and how Cloud KMS is asked. */
export interface Address {
  readonly host: string;
  /** Set where the host is not the one of the universe domain. */
  readonly endpoint?: { readonly apiEndpoint: string; readonly port: number };
  readonly universeDomain: string | undefined;
  readonly isRest: boolean;
}

const usualUniverse = 'googleapis.com';
const hostAndPort = /^(?:https:\/\/)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?\/?$/;

/** sops 3.13.2 gcpkms/keysource.go newKMSClient: an endpoint beats a universe domain; any other client type than rest is gRPC. */
export function addressOf({ env }: KeyContext): Address | Refusal {
  const isRest = env('SOPS_GCP_KMS_CLIENT_TYPE')?.toLowerCase() === 'rest';
  const universeDomain = env('SOPS_GCP_KMS_UNIVERSE_DOMAIN') || env('GOOGLE_CLOUD_UNIVERSE_DOMAIN') || undefined;
  if (universeDomain !== undefined && !/^[A-Za-z0-9.-]+$/.test(universeDomain)) {
    return refusal('the universe domain is not a domain name', 'Set SOPS_GCP_KMS_UNIVERSE_DOMAIN to a domain alone.');
  }
  const given = env('SOPS_GCP_KMS_ENDPOINT');
  if (!given) return { host: `cloudkms.${universeDomain ?? usualUniverse}`, universeDomain, isRest };
  const [, apiEndpoint, port = '443'] = hostAndPort.exec(given) ?? [];
  if (apiEndpoint === undefined || Number(port) < 1 || Number(port) > 65535) {
    return refusal(
      'SOPS_GCP_KMS_ENDPOINT is not the address of a service with TLS',
      'Set it to HOST or HOST:PORT, for example cloudkms.example.com:443.',
    );
  }
  const endpoint = { apiEndpoint, port: Number(port) };
  return { host: shortened(`${apiEndpoint}:${port}`), endpoint, universeDomain, isRest };
}

export interface ServiceOptions {
  /** Part of what is asked for; it keeps the SDK from looking for one by running gcloud. */
  readonly project: string;
  readonly quotaProject: string | undefined;
  /** Bounds of what is asked of the token service and over REST. */
  readonly signal: AbortSignal;
  readonly limitMs: number;
}

/** A client that has its token. */
export async function openService(
  address: Address,
  credential: Credential,
  options: ServiceOptions,
): Promise<KeyManagementServiceClient | Refusal> {
  const { source } = credential;
  const { endpoint, host, isRest, universeDomain } = address;
  try {
    const { KeyManagementServiceClient } = await import('@google-cloud/kms');
    const auth = await authOf(address, credential, options);
    const universe = universeDomain === undefined ? {} : { universeDomain };
    // Before `auth` makes its client: it gets from here which kind of token is wanted. https://google.aip.dev/auth/4111
    const service = new KeyManagementServiceClient({ ...endpoint, ...universe, auth, fallback: isRest });
    const client = await auth.getClient().catch(() => undefined);
    if (client === undefined) return unusable(source);
    if (client.universeDomain !== (universeDomain ?? usualUniverse)) return strangeUniverse(client.universeDomain);
    if (options.quotaProject) client.quotaProjectId = options.quotaProject;
    boundExchange(client, options.signal);
    const headers = await client.getRequestHeaders(`https://${endpoint?.apiEndpoint ?? host}/`);
    // What the SDK makes of an answer without a token.
    if (headers.get('authorization') === 'Bearer undefined') return garbled('the token service');
    // Without this, a failure of it inside the first call would be an unhandled rejection.
    await service.initialize();
    return service;
  } catch (error) {
    return tokenRefusal(error, source, options.limitMs);
  }
}

async function authOf({ universeDomain }: Address, credential: Credential, options: ServiceOptions) {
  const { GoogleAuth, OAuth2Client } = await import('google-auth-library');
  const { project: projectId, signal, limitMs } = options;
  const transporterOptions = { timeout: limitMs, signal };
  const clientOptions = { transporterOptions, ...(universeDomain === undefined ? {} : { universeDomain }) };
  /** REST would be asked past the proxy otherwise: google-gax names an agent, and then the variables of the proxy do not count. */
  class Auth extends GoogleAuth {
    override fetch<T>(...given: Parameters<InstanceType<typeof GoogleAuth>['fetch']>) {
      if (given[1] !== undefined) Reflect.deleteProperty(given[1], 'agent');
      return super.fetch<T>(...given);
    }
  }
  if ('json' in credential) {
    return new Auth({ credentials: credential.json, clientOptions, projectId, scopes: [...scopes] });
  }
  const authClient = new OAuth2Client(clientOptions);
  authClient.setCredentials({ access_token: credential.token });
  return new Auth({ authClient, projectId });
}

/**
 * The SDK takes no bounds for the exchange of another cloud's token: without this, one that hangs would keep the process from ending.
 * Where the SDK has no such inner part, nothing is changed.
 */
function boundExchange(client: object, signal: AbortSignal): void {
  const exchange: unknown = Reflect.get(client, 'stsCredential');
  const transporter: unknown = exchange instanceof Object ? Reflect.get(exchange, 'transporter') : undefined;
  const defaults: unknown = transporter instanceof Object ? Reflect.get(transporter, 'defaults') : undefined;
  if (defaults instanceof Object) Object.assign(defaults, { signal });
}

/** What gRPC writes to stderr about proxies that fail comes back as an error too. */
export async function silenceGrpc({ env }: KeyContext): Promise<void> {
  if (env('GRPC_VERBOSITY') || env('GRPC_NODE_VERBOSITY')) return;
  const { logVerbosity, setLogVerbosity } = await import('@grpc/grpc-js');
  setLogVerbosity(logVerbosity.NONE);
}

const strangeUniverse = (domain: string): Refusal =>
  refusal(
    `the credential is for the universe domain ${shortened(domain)}, and Cloud KMS would be asked in another`,
    'Set SOPS_GCP_KMS_UNIVERSE_DOMAIN to the universe domain of the credential.',
  );
