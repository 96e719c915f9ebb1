/**
 * Requests to Azure Key Vault with the user's own Azure credentials, through the SDKs of Microsoft.
 *
 * The address of the vault can come from a file that somebody else wrote, and a token is sent there. Two things keep the token safe.
 * The SDK takes a token only for a service whose name ends the host name of the vault (its challenge resource verification, which
 * is never turned off here). That alone is not enough: with Azure Relay, for example, anybody can answer under
 * `NAME.servicebus.windows.net`, and the token would be one for the user's Service Bus. So the host also has to be in a
 * domain that Microsoft keeps for vaults, or be named by the user's own configuration.
 */

import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity';
import type { CryptographyClientOptions, KeyVaultKey } from '@azure/keyvault-keys';
import type { AzureKeyVaultKey } from '../core/metadata.ts';
import { endingPrograms } from '../host/descendants.ts';
import { type AzureFault, type AzureStep, fault, faultOf, isFault, senselessFault } from './azurekv-failures.ts';
import { requestLimitMs } from './limits.ts';
import type { KeyContext } from './provider.ts';

const algorithm = 'RSA-OAEP-256';

/** The domains of vaults and managed HSMs, with the login service of their cloud: learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates */
const clouds = [
  { domains: ['vault.azure.net', 'managedhsm.azure.net'], login: undefined },
  { domains: ['vault.azure.cn', 'managedhsm.azure.cn'], login: 'https://login.chinacloudapi.cn' },
  {
    domains: ['vault.usgovcloudapi.net', 'managedhsm.usgovcloudapi.net'],
    login: 'https://login.microsoftonline.us',
  },
] as const;

/** The version that the vault uses now for a key. */
export function currentVersion(key: AzureKeyVaultKey, context: KeyContext): Promise<string | AzureFault> {
  return ask(key, 'get', context, async ({ KeyClient }, { vaultUrl, credential, options, abortSignal }) => {
    const found = await new KeyClient(vaultUrl, credential, options).getKey(key.name, { abortSignal });
    const { version = '' } = found.properties;
    return versionPattern.test(version) ? version : undefined;
  });
}

export function encrypt(key: AzureKeyVaultKey, plaintext: Uint8Array, context: KeyContext): Promise<Bytes> {
  return ask(key, 'encrypt', context, async ({ CryptographyClient }, { id, credential, options, abortSignal }) => {
    const client = new CryptographyClient(id, credential, options);
    return bytesOf((await client.encrypt({ algorithm, plaintext }, { abortSignal })).result);
  });
}

export function decrypt(key: AzureKeyVaultKey, ciphertext: Uint8Array, context: KeyContext): Promise<Bytes> {
  return ask(key, 'decrypt', context, async ({ CryptographyClient }, { id, credential, options, abortSignal }) => {
    const client = new CryptographyClient(id, credential, options);
    return bytesOf((await client.decrypt({ algorithm, ciphertext }, { abortSignal })).result);
  });
}

type Bytes = Uint8Array | AzureFault;

const bytesOf = (value: Uint8Array | undefined): Uint8Array | undefined => (value?.length ? value : undefined);

interface Access {
  readonly vaultUrl: string;
  /**
   * The key as the SDK would have fetched it. Handed in, nothing is fetched, so that, as with sops, the permission to encrypt
   * or decrypt is enough, and a key that has expired still decrypts: the vault decides, not the SDK.
   */
  readonly id: KeyVaultKey;
  readonly credential: TokenCredential;
  readonly options: CryptographyClientOptions;
  readonly abortSignal: AbortSignal;
}

type Sdk = typeof import('@azure/keyvault-keys');

/** What the vault answers, or why it does not. */
async function ask<T extends string | Uint8Array>(
  key: AzureKeyVaultKey,
  action: AzureStep['action'],
  context: KeyContext,
  request: (sdk: Sdk, access: Access) => Promise<T | undefined>,
): Promise<T | AzureFault> {
  const vault = await vaultOf(key, context);
  if (isFault(vault)) return vault;
  const limitMs = requestLimitMs(context);
  const step = {
    vault: vault.host,
    action,
    limitMs,
    isWaitingForToken: false,
    isTimedOut: false,
    status: 0,
    innerCode: '',
  };
  try {
    const shared = await credentialFor(vault, context, limitMs);
    const sdk = await import('@azure/keyvault-keys');
    const answer = await within(step, abortSignal =>
      // A login by `az`, `azd` or PowerShell is a program that the SDK runs.
      endingPrograms(abortSignal, () =>
        request(sdk, {
          vaultUrl: vault.origin,
          id: keyVaultKey(key, vault),
          credential: watched(shared, step),
          options: clientOptions(step),
          abortSignal,
        }),
      ),
    );
    return answer ?? senselessFault(step);
  } catch (error) {
    return faultOf(error, step);
  }
}

/** Names of Key Vault: letters, digits and hyphens; learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates */
const namePattern = /^[0-9A-Za-z-]{1,127}$/;
const versionPattern = /^[0-9A-Za-z]{1,64}$/;

async function vaultOf({ vaultUrl, name, version }: AzureKeyVaultKey, context: KeyContext): Promise<URL | AzureFault> {
  if (!context.mayConnect) {
    return fault(
      'it needs Azure Key Vault, and no network service may be asked here',
      'To use the Azure credentials of this machine, hand in `keys: systemContext()`.',
    );
  }
  const url = URL.canParse(vaultUrl) ? new URL(vaultUrl) : undefined;
  const isAddress = url?.protocol === 'https:' && url.href === `${url.origin}/`;
  if (!isAddress || !namePattern.test(name) || !(version === '' || versionPattern.test(version))) {
    return fault('it is not the address of an Azure key', urlHint);
  }
  if (cloudOf(url) !== undefined || (await isTrusted(url, context))) return url;
  return fault(
    `${url.host} is not an Azure Key Vault that tsops knows, and a token would be sent there`,
    'If the vault is yours, name the key in .sops.yaml or in SOPS_AZURE_KEYVAULT_URLS.',
  );
}

export const urlHint = 'An Azure key is named by a URL such as https://NAME.vault.azure.net/keys/KEY/VERSION.';

function cloudOf({ hostname, port }: URL): (typeof clouds)[number] | undefined {
  if (port !== '') return undefined;
  return clouds.find(({ domains }) => domains.some(domain => hostname.endsWith(`.${domain}`)));
}

async function isTrusted({ origin }: URL, { env, trustedAddresses }: KeyContext): Promise<boolean> {
  const named = [...(env('SOPS_AZURE_KEYVAULT_URLS')?.split(',') ?? []), ...((await trustedAddresses?.()) ?? [])];
  return named.some(address => URL.canParse(address) && new URL(address).origin === origin);
}

function keyVaultKey({ name, version }: AzureKeyVaultKey, { origin }: URL): KeyVaultKey {
  const id = `${origin}/keys/${name}${version === '' ? '' : `/${version}`}`;
  return { id, name, properties: { name, vaultUrl: origin } };
}

const retryOptions = { maxRetries: 2, retryDelayInMs: 300, maxRetryDelayInMs: 2000 };

function clientOptions(step: AzureStep): CryptographyClientOptions {
  return {
    retryOptions,
    redirectOptions: { maxRetries: 0 },
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          name: 'tsopsNotes',
          sendRequest: async (request, next) => {
            step.status = 0;
            const response = await next(request);
            step.status = response.status;
            step.innerCode = /"innererror"\s*:\s*\{\s*"code"\s*:\s*"(\w+)"/i.exec(response.bodyAsText ?? '')?.[1] ?? '';
            return response;
          },
        },
      },
    ],
  };
}

/** The SDK gets a signal; what does not listen to it is left behind. */
async function within<T>(step: AzureStep, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_settle, fail) => {
    timer = setTimeout(() => {
      step.isTimedOut = true;
      controller.abort();
      fail(new Error('the time is up'));
    }, step.limitMs);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Notes whether a token is being fetched. */
function watched(credential: TokenCredential, step: AzureStep): TokenCredential {
  return {
    getToken: async (scopes, options) => {
      step.isWaitingForToken = true;
      const token = await credential.getToken(scopes, options);
      step.isWaitingForToken = false;
      return token;
    },
  };
}

/** The credentials of the user for the cloud of a vault, found once a run. */
async function credentialFor(vault: URL, context: KeyContext, limitMs: number): Promise<TokenCredential> {
  const login = context.env('AZURE_AUTHORITY_HOST') ? undefined : cloudOf(vault)?.login;
  const id = `azure_kv ${login ?? ''}`;
  const found = (context.once.get(id) as Promise<TokenCredential> | undefined) ?? makeCredential(login, limitMs);
  context.once.set(id, found);
  return found;
}

async function makeCredential(login: string | undefined, limitMs: number): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  const options = {
    retryOptions,
    processTimeoutInMs: limitMs,
    ...(login === undefined ? {} : { authorityHost: login }),
    additionalPolicies: [
      {
        position: 'perCall' as const,
        policy: {
          name: 'tsopsLimit',
          sendRequest: (request: PipelineRequest, next: PipelineNext) => {
            request.timeout ||= limitMs;
            return next(request);
          },
        },
      },
    ],
  };
  return remembering(() => new DefaultAzureCredential(options));
}

type Policy = NonNullable<CryptographyClientOptions['additionalPolicies']>[number]['policy'];
type PipelineRequest = Parameters<Policy['sendRequest']>[0];
type PipelineNext = Parameters<Policy['sendRequest']>[1];

/** A token is used until shortly before its end; a failure counts for all keys of a file, but not for ever. */
const spareMs = 120_000;
const failureMs = 10_000;

interface Remembered {
  readonly token: Promise<AccessToken | null>;
  untilMs: number;
}

function remembering(make: () => TokenCredential): TokenCredential {
  const tokens = new Map<string, Remembered>();
  let credential: TokenCredential | undefined;
  const fetchToken = async (scopes: string | string[], options: GetTokenOptions) => {
    credential ??= make();
    return credential.getToken(scopes, options);
  };
  return {
    getToken: (scopes, { tenantId, claims, enableCae } = {}) => {
      const options = Object.fromEntries(
        Object.entries({ tenantId, claims, enableCae }).filter(([, value]) => value !== undefined),
      );
      const id = JSON.stringify([scopes, options]);
      const known = tokens.get(id);
      if (known !== undefined && known.untilMs > Date.now()) return known.token;
      const entry: Remembered = { token: fetchToken(scopes, options), untilMs: Number.POSITIVE_INFINITY };
      tokens.set(id, entry);
      entry.token.then(
        token => (entry.untilMs = token === null ? 0 : token.expiresOnTimestamp - spareMs),
        () => (entry.untilMs = Date.now() + failureMs),
      );
      return entry.token;
    },
  };
}
