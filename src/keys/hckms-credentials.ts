/**
 * Access keys for HuaweiCloud, looked for where the SDK that sops uses looks for them, in the same order: environment, credentials
 * file, metadata of the server, identity of the pod. huaweicloud-sdk-go-v3 0.1.202 core/auth/provider.
 */

import { posix } from 'node:path';
import { isFault as isHttpFault, sendRequest } from '../host/http.ts';
import { iamAddress } from './hckms-regions.ts';
import {
  type AccessKey,
  ask,
  fault,
  type HuaweiAnswer,
  type HuaweiFault,
  isFault,
  keysHint,
  mapOf,
  refusalOf,
} from './hckms-request.ts';
import type { KeyContext } from './provider.ts';

/** An access key and the project that it is used for. */
export interface Credentials {
  readonly accessKey: AccessKey;
  /** Empty where it has to be looked up. */
  readonly projectId: string;
  /** Where identities are asked about, if a credentials file says so. */
  readonly iamEndpoint: string;
  /** When a temporary access key ends. */
  readonly untilMs: number;
}

/** What one source says. */
interface Settings {
  readonly ak: string;
  readonly sk: string;
  readonly securityToken: string;
  readonly projectId: string;
  readonly idpId: string;
  readonly idTokenFile: string;
  readonly iamEndpoint: string;
}

/** The first that there are. */
export async function findCredentials(context: KeyContext): Promise<Credentials | HuaweiFault> {
  for (const settings of [fromEnvironment(context), await fromFile(context)]) {
    if (isFault(settings)) return settings;
    const found = await fromSettings(settings, context);
    if (found !== undefined) return found;
  }
  return (await fromServer(metadataHost, context.timeoutMs)) ?? (await fromPod(context)) ?? noCredentials(context);
}

function noCredentials(context: KeyContext): HuaweiFault {
  const half = ['HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK'].filter(name => context.env(name));
  const only = half.length === 1 ? `; only ${half[0]} is set` : '';
  return fault(
    `no HuaweiCloud credentials were found (looked for: HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, ${fileName(context) ?? 'a credentials file'}, an agency of this server, a pod identity${only})`,
    keysHint,
  );
}

function fromEnvironment({ env }: KeyContext): Settings {
  const value = (name: string): string => env(`HUAWEICLOUD_SDK_${name}`) ?? '';
  return {
    ak: value('AK'),
    sk: value('SK'),
    securityToken: value('SECURITY_TOKEN'),
    projectId: value('PROJECT_ID'),
    idpId: value('IDP_ID'),
    idTokenFile: value('ID_TOKEN_FILE'),
    iamEndpoint: '',
  };
}

function fileName({ env, homeDir }: KeyContext): string | undefined {
  const named = env('HUAWEICLOUD_SDK_CREDENTIALS_FILE');
  return named || (homeDir === undefined ? undefined : posix.join(homeDir, '.huaweicloud', 'credentials'));
}

const unreadable = (what: string): HuaweiFault =>
  fault(`${what} cannot be read`, 'For HuaweiCloud: check the file and its permissions.');

async function fromFile(context: KeyContext): Promise<Settings | HuaweiFault> {
  const name = fileName(context);
  const text = name === undefined ? '' : await readText(name, context);
  if (text === undefined) return unreadable('the file of HuaweiCloud credentials');
  const values = parseSection(text, 'basic');
  const value = (key: string): string => values.get(key) ?? '';
  return {
    ak: value('ak'),
    sk: value('sk'),
    securityToken: value('security_token'),
    projectId: value('project_id'),
    idpId: value('idp_id'),
    idTokenFile: value('id_token_file'),
    iamEndpoint: value('iam_endpoint'),
  };
}

/** Empty where there is no such file, undefined where it cannot be read. */
async function readText(name: string, context: KeyContext): Promise<string | undefined> {
  try {
    return Buffer.from((await context.readFile(name)) ?? '').toString();
  } catch {
    return undefined;
  }
}

/** The keys of one section of an INI file. */
function parseSection(text: string, wanted: string): Map<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split(/\r?\n/).map(one => one.trim())) {
    const [, title] = /^\[(.*)\]$/.exec(line) ?? [];
    const [, key = '', value = ''] = /^([^=:;#]+?)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (title !== undefined) section = title.trim();
    else if (section === wanted && key !== '') values.set(key, iniValue(value));
  }
  return values;
}

/** In quotes, or up to a comment. */
function iniValue(text: string): string {
  const [, , quoted] = /^(["'`])(.*?)\1/.exec(text) ?? [];
  return quoted ?? text.replace(/\s*[#;].*$/, '');
}

async function fromSettings(settings: Settings, context: KeyContext): Promise<Credentials | HuaweiFault | undefined> {
  const { ak, sk, securityToken, projectId, idpId, idTokenFile, iamEndpoint } = settings;
  const rest = { projectId, iamEndpoint };
  if (idpId !== '' && idTokenFile !== '') {
    const temporary = await fromIdToken(settings, context);
    return isFault(temporary) ? temporary : { ...temporary, ...rest };
  }
  if (ak === '' || sk === '') return undefined;
  // Both become parts of headers.
  if (!/^[!-~]+$/.test(ak) || !/^[!-~]*$/.test(securityToken)) {
    return fault('the HuaweiCloud access key or security token holds characters that none has', keysHint);
  }
  return { accessKey: { id: ak, secret: sk, securityToken }, untilMs: Number.POSITIVE_INFINITY, ...rest };
}

const tokenMs = 6 * 3600;

/** A token of an identity provider becomes one of HuaweiCloud, and that a temporary access key. */
async function fromIdToken(settings: Settings, context: KeyContext): Promise<Temporary | HuaweiFault> {
  const { idpId, idTokenFile, iamEndpoint } = settings;
  const service = 'the identity service of HuaweiCloud';
  const address = iamAddress(undefined, context, iamEndpoint);
  const idToken = await readText(idTokenFile, context);
  if (!idToken) return unreadable('the file of the HuaweiCloud identity token');
  if (address === undefined) return fault('the address of the identity service is not a URL', keysHint);
  const post = async (path: string, headers: Readonly<Record<string, string>>, auth: object) => {
    const url = new URL(path, address);
    const answer = await ask(service, { method: 'POST', url, headers, body: { auth } }, context);
    return isFault(answer) ? answer : (refusalOf(service, answer) ?? answer);
  };
  const login = await post('/v3.0/OS-AUTH/id-token/tokens', { 'x-idp-id': idpId }, { id_token: { id: idToken } });
  if (isFault(login)) return login;
  const id = login.headers['x-subject-token'];
  const identity = { methods: ['token'], token: { id, duration_seconds: tokenMs } };
  const answer = await post('/v3.0/OS-CREDENTIAL/securitytokens', {}, { identity });
  if (isFault(answer)) return answer;
  return temporaryOf(answer.body.get('credential')) ?? fault(`${service} gave no answer that makes sense`, keysHint);
}

interface Temporary {
  readonly accessKey: AccessKey;
  readonly untilMs: number;
}

/** A temporary access key, in either of the spellings there are. */
function temporaryOf(value: unknown): Temporary | undefined {
  const fields = mapOf(value);
  const text = (...names: readonly string[]): string => {
    const found = names.map(name => fields.get(name)).find(one => one !== undefined);
    return typeof found === 'string' ? found : '';
  };
  const id = text('access', 'accessKeyId');
  const secret = text('secret', 'secretAccessKey');
  const securityToken = text('securitytoken', 'securityToken');
  const untilMs = Date.parse(text('expires_at', 'expiration'));
  const isHeader = [id, securityToken].every(one => /^[!-~]+$/.test(one));
  const isWhole = isHeader && secret !== '' && !Number.isNaN(untilMs);
  return isWhole ? { accessKey: { id, secret, securityToken }, untilMs } : undefined;
}

const metadataHost = new URL('http://169.254.169.254');
/** Where there is no such service, nothing answers. */
const metadataMs = 3000;

/** The access key of the agency of a server of HuaweiCloud; undefined where there is none. It is never asked through a proxy. */
export async function fromServer(host: URL, timeoutMs: number): Promise<Credentials | undefined> {
  const limits = { timeoutMs: Math.min(timeoutMs, metadataMs), maxBytes: 16_384 };
  const token = await sendRequest({
    method: 'PUT',
    url: new URL('/meta-data/latest/api/token', host),
    headers: { 'x-metadata-token-ttl-seconds': String(tokenMs) },
    ...limits,
  });
  if (isHttpFault(token)) return undefined;
  const text = Buffer.from(token.body).toString();
  const headers: Record<string, string> =
    token.status === 200 && /^[!-~]+$/.test(text) ? { 'x-metadata-token': text } : {};
  const answer = await sendRequest({
    method: 'GET',
    url: new URL('/openstack/latest/securitykey', host),
    headers,
    ...limits,
  });
  if (isHttpFault(answer) || answer.status !== 200) return undefined;
  return completed(Buffer.from(answer.body).toString(), 'credential');
}

async function fromPod(context: KeyContext): Promise<Credentials | HuaweiFault | undefined> {
  const uri = context.env('HC_CONTAINER_CREDENTIALS_FULL_URI') ?? '';
  const file = context.env('HC_CONTAINER_AUTHORIZATION_TOKEN_FILE') ?? '';
  if (uri === '' || file === '') return undefined;
  const token = await readText(file, context);
  if (!token) return unreadable('the file in HC_CONTAINER_AUTHORIZATION_TOKEN_FILE');
  const service = 'the pod identity service';
  const failed = (reason: string) => fault(`${service} ${reason}`, 'Check HC_CONTAINER_CREDENTIALS_FULL_URI.');
  if (!/^https?:\/\//.test(uri) || !URL.canParse(uri)) return failed('has no URL for its address');
  const request = { method: 'POST', url: new URL(uri), headers: { authorization: token }, body: {} } as const;
  const answer: HuaweiAnswer | HuaweiFault = await ask(service, request, context);
  if (isFault(answer)) return answer;
  const temporary = answer.status === 200 ? temporaryOf(answer.body.get('credentials')) : undefined;
  if (temporary === undefined) return failed(`gave no access key (HTTP status ${answer.status})`);
  return { ...temporary, projectId: '', iamEndpoint: '' };
}

function completed(text: string, name: string): Credentials | undefined {
  try {
    const temporary = temporaryOf(mapOf(JSON.parse(text)).get(name));
    return temporary === undefined ? undefined : { ...temporary, projectId: '', iamEndpoint: '' };
  } catch {
    return undefined;
  }
}
