/**
 * The credential for Cloud KMS, in the order of sops 3.13.2 gcpkms/keysource.go newKMSClient: GOOGLE_CREDENTIALS, then
 * GOOGLE_OAUTH_ACCESS_TOKEN, then Application Default Credentials (https://cloud.google.com/docs/authentication/application-default-credentials).
 *
 * The search of the SDK for the last is not used: off Google's cloud it waits and warns on stderr, and it runs gcloud for a project.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Refusal, refusal, type Source, unusable } from './gcpkms-failures.ts';
import type { KeyContext } from './provider.ts';

/** A credential of Google's making (a key file, a login, a federation), or a token ready to be sent. */
export type Credential = { readonly source: Source } & ({ readonly json: CredentialJson } | { readonly token: string });

/** The JSON of a credential; the SDK knows what belongs to which type. */
export interface CredentialJson {
  readonly type?: string;
}

const loginHint =
  'For Google Cloud: log in with `gcloud auth application-default login`, or name a key file in GOOGLE_APPLICATION_CREDENTIALS.';

const given: Source = {
  name: 'GOOGLE_CREDENTIALS',
  renew: 'Set GOOGLE_CREDENTIALS to the path or the JSON of a working credential, or unset it to use another.',
};
const token: Source = {
  name: 'GOOGLE_OAUTH_ACCESS_TOKEN',
  renew: 'Get a new token: export GOOGLE_OAUTH_ACCESS_TOKEN="$(gcloud auth print-access-token)"',
};
const named: Source = {
  name: 'GOOGLE_APPLICATION_CREDENTIALS',
  renew: 'Let GOOGLE_APPLICATION_CREDENTIALS name a file with a working credential, or unset it to use another.',
};
const login: Source = { name: 'the gcloud login', renew: 'Log in anew: gcloud auth application-default login' };
const machine: Source = {
  name: 'this machine (from its metadata server)',
  renew: 'Attach a service account with the scope cloud-platform to the machine or workload.',
};

/** The first credential that there is. One that is there but cannot be read is not passed over. */
export async function findCredential(context: KeyContext, signal: AbortSignal): Promise<Credential | Refusal> {
  const { env } = context;
  const text = env('GOOGLE_CREDENTIALS');
  if (text) return givenCredential(text, context);
  const ready = env('GOOGLE_OAUTH_ACCESS_TOKEN')?.trim();
  if (ready) return { token: ready, source: token };
  const path = env('GOOGLE_APPLICATION_CREDENTIALS');
  if (path) return namedCredential(path, context);
  return (await loginCredential(context)) ?? (await machineCredential(context, signal)) ?? notFound;
}

const notFound = refusal(
  'no Google Cloud credentials were found (GOOGLE_CREDENTIALS, GOOGLE_OAUTH_ACCESS_TOKEN, GOOGLE_APPLICATION_CREDENTIALS, a gcloud login, a metadata server)',
  loginHint,
);

/** The path of a file that exists, else JSON. sops 3.13.2 gcpkms/keysource.go getGoogleCredentials */
async function givenCredential(text: string, context: KeyContext): Promise<Credential | Refusal> {
  const isJson = text.trimStart().startsWith('{');
  const file = await read(text, context);
  if (file instanceof Uint8Array) return parsed(Buffer.from(file).toString('utf8'), given);
  if (isJson) return parsed(text, given);
  return file === 'unreadable'
    ? refusal('the file that GOOGLE_CREDENTIALS names cannot be read', given.renew)
    : refusal('GOOGLE_CREDENTIALS is neither the path of a file nor the JSON of a credential', given.renew);
}

async function namedCredential(path: string, context: KeyContext): Promise<Credential | Refusal> {
  const file = await read(path, context);
  if (file instanceof Uint8Array) return parsed(Buffer.from(file).toString('utf8'), named);
  const what = file === undefined ? 'does not exist' : 'cannot be read';
  return refusal(`the file that GOOGLE_APPLICATION_CREDENTIALS names ${what}`, named.renew);
}

/** Where gcloud puts it: under the home folder, on Windows under the folder for configuration. */
async function loginCredential(context: KeyContext): Promise<Credential | Refusal | undefined> {
  const { homeDir, configDir } = context;
  const folders = [homeDir === undefined ? undefined : `${homeDir}/.config`, configDir];
  for (const folder of folders) {
    if (folder === undefined) continue;
    const file = await read(`${folder}/gcloud/application_default_credentials.json`, context);
    if (file instanceof Uint8Array) return parsed(Buffer.from(file).toString('utf8'), login);
    if (file === 'unreadable') return refusal('the file of the gcloud login cannot be read', login.renew);
  }
  return undefined;
}

async function read(path: string, context: KeyContext): Promise<Uint8Array | 'unreadable' | undefined> {
  try {
    return await context.readFile(path);
  } catch {
    return 'unreadable';
  }
}

function parsed(text: string, source: Source): Credential | Refusal {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refusal(`the credential of ${source.name} is not JSON`, source.renew);
  }
  return isCredential(json) ? { json, source } : unusable(source);
}

const isCredential = (json: unknown): json is CredentialJson =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/** What a token has to reach; the same as the SDK asks for. */
export const scopes = [
  'https://www.googleapis.com/auth/cloud-platform',
  'https://www.googleapis.com/auth/cloudkms',
] as const;

const metadataMs = 3_000;
const retryMs = 700;

/**
 * The token of a machine, a pod or a function in Google's cloud. Elsewhere nobody answers at that address. Where the hardware says
 * that this is Google's, a refused connection is tried again: the metadata server of a new pod needs some seconds to start.
 * https://cloud.google.com/compute/docs/access/authenticate-workloads
 */
async function machineCredential(context: KeyContext, signal: AbortSignal): Promise<Credential | Refusal | undefined> {
  const { env } = context;
  if (env('METADATA_SERVER_DETECTION')?.trim().toLowerCase() === 'none' || env('NO_GCE_CHECK') === 'true') return;
  const host = env('GCE_METADATA_HOST') || env('GCE_METADATA_IP') || '169.254.169.254';
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(host)) return;
  // Machines with scopes of their own pass over these; Cloud Run does not.
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token?scopes=${scopes.join(',')}`;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(metadataMs)]);
  for (;;) {
    const answer = await askMetadata(url, limit);
    if (answer !== undefined) return answer;
    if (limit.aborted || !(await isGoogleHardware(context))) return;
    await sleep(retryMs, undefined, { signal: limit }).catch(() => undefined);
  }
}

/** Undefined where nobody answered, or not the metadata server. */
async function askMetadata(url: string, signal: AbortSignal): Promise<Credential | Refusal | undefined> {
  try {
    const response = await fetch(url, { headers: { 'Metadata-Flavor': 'Google' }, signal, redirect: 'error' });
    if (response.headers.get('metadata-flavor') !== 'Google') return undefined;
    if (!response.ok) return refusal('this machine in Google Cloud has no service account', machine.renew);
    const body: unknown = await response.json();
    const text = isCredential(body) ? Reflect.get(body, 'access_token') : undefined;
    return typeof text === 'string' ? { token: text, source: machine } : unusable(machine);
  } catch {
    return undefined;
  }
}

async function isGoogleHardware(context: KeyContext): Promise<boolean> {
  const vendor = await read('/sys/class/dmi/id/bios_vendor', context);
  return vendor instanceof Uint8Array && Buffer.from(vendor).includes('Google');
}
