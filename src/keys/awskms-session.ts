/**
 * The credentials for AWS KMS and the client that uses them. The sources of credentials and their order are those of sops 3.13.2,
 * which are those of the AWS SDK for Go (config resolveCredentialChain): an `aws_profile` of the key alone; else the keys in the
 * environment, a web identity there, the profile of the environment, a container, the instance. The SDK for JavaScript does each
 * of them, but its own chain prefers AWS_PROFILE to keys in the environment and goes on silently where a profile fails.
 */

import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms';
import type { fromIni } from '@aws-sdk/credential-providers';
import { endingPrograms } from '../host/descendants.ts';
import { hostName } from '../host/hostname.ts';
import { type AwsFault, type AwsStep, fault, faultOf, isFault, knownFault, loginHint } from './awskms-failures.ts';
import { awsFiles, type ProfileSource, profileSource } from './awskms-profile.ts';
import { requestLimitMs } from './limits.ts';
import { shortened } from './printable.ts';
import type { KeyContext } from './provider.ts';

/** Where a key stands and as whom it is used. */
export interface AwsPlace {
  readonly region: string;
  /** The role to assume; empty for none. */
  readonly role: string;
  /** The profile of the key; empty for none. */
  readonly profile: string;
}

export interface AwsSession {
  readonly client: KMSClient;
}

export interface AwsSettings {
  readonly credentials: Identify;
  readonly requestHandler: HttpSettings;
  readonly logger: typeof quiet;
}

type Provider = ReturnType<typeof fromIni>;
type Identity = Awaited<ReturnType<Provider>>;
type Identify = () => Promise<Identity>;

/** Bounds on one try of a request, in milliseconds; the SDK tries three times. */
const connectMs = 5_000;
const answerMs = 15_000;
/** The instance metadata service is next door; where there is none, packets to its address often just vanish. */
const metadataMs = 1_500;
/** How long a failure is remembered, so that a file with many keys fails as fast as one with a single key. */
const failureMs = 30_000;
const refreshMs = 5 * 60_000;

/** The SDK warns on the console unless it is given a place for that. */
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What every client of AWS is made with: credentials that have been found, bounds, proxies; or why there are none. */
export async function awsSettings(place: AwsPlace, context: KeyContext): Promise<AwsSettings | AwsFault> {
  const http = await httpSettings(context);
  if (isFault(http)) return http;
  const own = await ownCredentials(place, http, context);
  if (isFault(own)) return own;
  const credentials = place.role === '' ? own.identify : await assumed(place, own.identify, http, context);
  if (isFault(credentials)) return credentials;
  return { credentials, requestHandler: http, logger: quiet };
}

/** A client with credentials that have been found, or why there are none. Kept for the run. */
export function openSession(place: AwsPlace, context: KeyContext): Promise<AwsSession | AwsFault> {
  const id = `awskms ${JSON.stringify([place.region, place.role, place.profile])}`;
  return remembered(context, id, async () => {
    const common = await awsSettings(place, context);
    if (isFault(common)) return common;
    const { KMSClient } = await import('@aws-sdk/client-kms');
    const { region, profile } = place;
    const settings: KMSClientConfig = { region, ...common };
    return { client: new KMSClient(profile === '' ? settings : { ...settings, profile }) };
  });
}

/** What the environment says of a service. */
export function awsStep(
  service: 'KMS' | 'STS' | 'S3',
  permission: string,
  region: string,
  context: KeyContext,
): AwsStep {
  const variables = [`AWS_ENDPOINT_URL_${service}`, 'AWS_ENDPOINT_URL'];
  return {
    service: `AWS ${service} in ${region}`,
    permission,
    endpointVariable: variables.find(name => context.env(name)),
    limitMs: requestLimitMs(context),
  };
}

/** The work, unless it takes too long: then its signal is aborted and a TimeoutError is thrown. */
export async function within<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => {
      const error = new DOMException('', 'TimeoutError');
      ending.abort(error);
      fail(error);
    }, limitMs);
  });
  try {
    return await Promise.race([work(ending.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `sops@` and the host name, as sops 3.13.2 kms/keysource.go: in its pattern `@-_` is a range, so that a hyphen goes too. */
export function sessionName(host: string): string {
  return `sops@${host.replaceAll(/[^a-zA-Z0-9=,.@-_]/g, '')}`.slice(0, 64);
}

function remembered<T extends object>(
  context: KeyContext,
  id: string,
  find: () => Promise<T | AwsFault>,
): Promise<T | AwsFault> {
  const known = context.once.get(id) as Promise<T | AwsFault> | undefined;
  if (known !== undefined) return known;
  const found = find();
  context.once.set(id, found);
  const forget = () => setTimeout(() => context.once.delete(id), failureMs).unref();
  found.then(result => isFault(result) && forget(), forget);
  return found;
}

type HttpSettings = Exclude<NonNullable<KMSClientConfig['requestHandler']>, { handle: unknown }>;

/** Timeouts, and what the SDK for Go takes from the environment but that for JavaScript does not: proxies and AWS_CA_BUNDLE. */
async function httpSettings(context: KeyContext): Promise<HttpSettings | AwsFault> {
  const ca = await caBundle(context);
  if (ca !== undefined && typeof ca !== 'string') return ca;
  const names = ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'];
  const proxyEnv = Object.fromEntries(names.flatMap(name => (context.env(name) ? [[name, context.env(name)]] : [])));
  return {
    connectionTimeout: Math.min(context.timeoutMs, connectMs),
    requestTimeout: Math.min(context.timeoutMs, answerMs),
    throwOnRequestTimeout: true,
    logger: quiet,
    httpsAgent: { keepAlive: true, maxSockets: 50, proxyEnv, ...(ca === undefined ? {} : { ca }) },
  };
}

async function caBundle(context: KeyContext): Promise<string | AwsFault | undefined> {
  const path = context.env('AWS_CA_BUNDLE');
  if (!path) return undefined;
  const bytes = await context.readFile(path).catch(() => undefined);
  if (bytes !== undefined) return Buffer.from(bytes).toString('utf8');
  return fault('the file that AWS_CA_BUNDLE names cannot be read', 'For AWS KMS: correct or unset AWS_CA_BUNDLE.');
}

/** A source of credentials that has given some once. */
interface Own {
  readonly identify: Identify;
}

/** The credentials of the user, before any role of the key. They are the same for all regions. */
function ownCredentials(place: AwsPlace, http: HttpSettings, context: KeyContext): Promise<Own | AwsFault> {
  return remembered(context, `awskms credentials ${JSON.stringify(place.profile)}`, async () => {
    const source = await chooseSource(place, http, context);
    if (isFault(source)) return source;
    const identify = held(source.provide);
    try {
      // A `credential_process` is run by the SDK, without any limit.
      await within(context.timeoutMs, signal => endingPrograms(signal, identify));
      return { identify };
    } catch (error) {
      // Of `within`: any of the steps to these credentials, whether a program, a login or a request.
      if (error instanceof DOMException) return lateFault(source.missing, context.timeoutMs);
      const step = awsStep('STS', source.permission, place.region, context);
      return (source.permission === '' ? undefined : knownFault(error, step)) ?? source.missing;
    }
  });
}

function lateFault({ reason, hints }: AwsFault, limitMs: number): AwsFault {
  return { reason: `${reason}; nothing came within ${limitMs / 1000} seconds`, hints };
}

/** Asks again only for credentials that are about to expire. */
function held(provide: Identify): Identify {
  let identity: Identity | undefined;
  return async () => {
    const end = identity?.expiration?.getTime();
    if (identity === undefined || (end !== undefined && end - Date.now() < refreshMs)) identity = await provide();
    return identity;
  };
}

interface Source {
  readonly provide: Identify;
  /** What STS has to allow; empty for a source that does not ask STS. */
  readonly permission: string;
  /** What is said where it gives nothing and no service has said why. */
  readonly missing: AwsFault;
}

async function chooseSource(place: AwsPlace, http: HttpSettings, context: KeyContext): Promise<Source | AwsFault> {
  const fromEnvironment = place.profile === '' ? await environmentSource(place, http, context) : undefined;
  if (fromEnvironment !== undefined) return fromEnvironment;
  const named = place.profile || context.env('AWS_PROFILE') || context.env('AWS_DEFAULT_PROFILE');
  const name = named || 'default';
  const offered = await profileSource(name, context).catch(() =>
    fault('the AWS configuration files cannot be read', 'For AWS KMS: check ~/.aws/config and ~/.aws/credentials.'),
  );
  if (typeof offered === 'object') return offered;
  if (offered === undefined && named) return unknownProfile(name, context);
  if (offered !== undefined && offered !== 'none') return configured(name, offered, place, http, context);
  return machineSource(context);
}

function unknownProfile(name: string, context: KeyContext): AwsFault {
  const { config, credentials } = awsFiles(context);
  const places = [config, credentials].filter(path => path !== undefined).map(shortened);
  const where = places.length === 0 ? 'there is no home folder to look in' : `looked in ${places.join(' and ')}`;
  return fault(
    `there is no AWS profile ${shortened(name)} (${where})`,
    'For AWS KMS: make the profile with `aws configure --profile NAME`, or name another one in AWS_PROFILE or `aws_profile`.',
  );
}

async function environmentSource(
  { region }: AwsPlace,
  http: HttpSettings,
  { env }: KeyContext,
): Promise<Source | undefined> {
  const accessKeyId = env('AWS_ACCESS_KEY_ID') || env('AWS_ACCESS_KEY');
  const secretAccessKey = env('AWS_SECRET_ACCESS_KEY') || env('AWS_SECRET_KEY');
  const sessionToken = env('AWS_SESSION_TOKEN');
  const missing = fault('the AWS credentials in the environment cannot be used', loginHint);
  if (accessKeyId && secretAccessKey) {
    const identity = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
    return { provide: async () => identity, permission: '', missing };
  }
  const webIdentityTokenFile = env('AWS_WEB_IDENTITY_TOKEN_FILE');
  if (!webIdentityTokenFile) return undefined;
  const { fromTokenFile } = await import('@aws-sdk/credential-providers');
  const [roleArn, roleSessionName] = [env('AWS_ROLE_ARN'), env('AWS_ROLE_SESSION_NAME')];
  const provide = fromTokenFile({
    webIdentityTokenFile,
    ...(roleArn ? { roleArn } : {}),
    ...(roleSessionName ? { roleSessionName } : {}),
    clientConfig: { region, requestHandler: http, logger: quiet },
    logger: quiet,
  });
  return {
    provide: () => provide(),
    permission: 'sts:AssumeRoleWithWebIdentity',
    missing: fault(
      'the web identity of the environment gave no AWS credentials',
      'For AWS KMS: AWS_WEB_IDENTITY_TOKEN_FILE has to name a readable token, and AWS_ROLE_ARN a role that trusts it.',
    ),
  };
}

async function configured(
  name: string,
  offered: Exclude<ProfileSource, 'none'>,
  { region }: AwsPlace,
  http: HttpSettings,
  context: KeyContext,
): Promise<Source> {
  const { fromIni } = await import('@aws-sdk/credential-providers');
  const { config, credentials } = awsFiles(context);
  const { askSecret } = context;
  const provide = fromIni({
    profile: name,
    ...(config === undefined ? {} : { configFilepath: config }),
    ...(credentials === undefined ? {} : { filepath: credentials }),
    clientConfig: { requestHandler: http, logger: quiet },
    parentClientConfig: { region },
    logger: quiet,
    ...(askSecret ? { mfaCodeProvider: askCode(name, askSecret) } : {}),
  });
  return {
    provide: () => provide(),
    permission: stsPermissions.get(offered) ?? '',
    missing: missingIn(name, offered),
  };
}

const stsPermissions: ReadonlyMap<ProfileSource, string> = new Map([
  ['role', 'sts:AssumeRole'],
  ['web identity', 'sts:AssumeRoleWithWebIdentity'],
]);

function askCode(profile: string, askSecret: (prompt: string) => Promise<string | undefined>) {
  return async (device: string): Promise<string> =>
    (await askSecret(`Code of ${shortened(device)} for the AWS profile ${shortened(profile)}: `)) ?? '';
}

function missingIn(name: string, offered: Exclude<ProfileSource, 'none'>): AwsFault {
  const shown = shortened(name);
  const words = {
    role: 'could not assume its role (source_profile or credential_source give nothing, or a second factor is asked for)',
    keys: 'has no complete pair of aws_access_key_id and aws_secret_access_key',
    'web identity': 'gave no credentials for its web identity token',
    process: 'has a credential_process that failed or printed no credentials',
    sso: 'uses SSO, whose session is missing, has expired or may not use the account and role',
    login: 'uses a login session, which is missing or has expired',
  } as const;
  const acts = { sso: `\`aws sso login --profile ${shown}\``, login: `\`aws login --profile ${shown}\`` } as const;
  const act = offered === 'sso' || offered === 'login' ? acts[offered] : `\`aws configure list --profile ${shown}\``;
  return fault(`the AWS profile ${shown} ${words[offered]}`, `For AWS KMS: run ${act}.`);
}

/** The credentials that a machine in the cloud has of its own. */
async function machineSource({ env }: KeyContext): Promise<Source | AwsFault> {
  const awsContainerCredentialsRelativeUri = env('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI');
  const awsContainerCredentialsFullUri = env('AWS_CONTAINER_CREDENTIALS_FULL_URI');
  const settings = { timeout: metadataMs, maxRetries: 1, logger: quiet };
  if (awsContainerCredentialsRelativeUri || awsContainerCredentialsFullUri) {
    const { fromHttp } = await import('@aws-sdk/credential-providers');
    return {
      provide: () => fromHttp(settings)(),
      permission: '',
      missing: fault(
        'the credential service of the container gave no AWS credentials',
        'For AWS KMS: check AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI.',
      ),
    };
  }
  const looked = 'not in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, a web identity or a container';
  if ((env('AWS_EC2_METADATA_DISABLED') || 'false') !== 'false') {
    return fault(`there are no AWS credentials: ${looked}, and AWS_EC2_METADATA_DISABLED is set`, loginHint);
  }
  const { fromInstanceMetadata } = await import('@aws-sdk/credential-providers');
  return {
    provide: fromInstanceMetadata({ ...settings, maxRetries: 0 }),
    permission: '',
    missing: fault(`there are no AWS credentials: ${looked}, and no instance metadata service gives any`, loginHint),
  };
}

/** The credentials of the role of the key. */
async function assumed(
  { region, role, profile }: AwsPlace,
  own: Identify,
  http: HttpSettings,
  context: KeyContext,
): Promise<Identify | AwsFault> {
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const provide = fromTemporaryCredentials({
    masterCredentials: own,
    params: { RoleArn: role, RoleSessionName: sessionName(hostName()) },
    clientConfig: { region, requestHandler: http, logger: quiet, ...(profile === '' ? {} : { profile }) },
    logger: quiet,
  });
  const step = awsStep('STS', 'sts:AssumeRole', region, context);
  const identify = held(() => provide());
  try {
    await within(step.limitMs, identify);
    return identify;
  } catch (error) {
    const { reason, hints } = faultOf(error, step);
    return { reason: `the role ${shortened(role)} could not be assumed: ${reason}`, hints };
  }
}
