/**
 * HuaweiCloud KMS master keys: sops 3.13.2 hckms/keysource.go. There is no SDK of a fitting size, so the two requests are made here. The
 * region of a key chooses among HuaweiCloud's own addresses, or those that the user's environment names: a file names none.
 */

import type { HuaweiKmsKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { type Credentials, findCredentials } from './hckms-credentials.ts';
import { endpointVariable, iamAddress, kmsAddress } from './hckms-regions.ts';
import {
  ask,
  fault,
  type HuaweiAnswer,
  type HuaweiFault,
  isFault,
  keysHint,
  mapOf,
  refusalOf,
} from './hckms-request.ts';
import { shortened } from './printable.ts';
import type { KeyContext, KeyProvider, UnwrapFailure } from './provider.ts';

export const hckmsProvider: KeyProvider<HuaweiKmsKey> = { kind: 'hckms', parse, wrap, unwrap };

const idHint = 'A HuaweiCloud KMS key is named REGION:KEY-ID, such as tr-west-1:0d0466b0-e727-4d9c-b35d-f84bb474a37f.';

/** Each text is `region:key id`. Empty ones between commas count for nothing. */
function parse(text: string, createdAt = `${new Date().toISOString().slice(0, 19)}Z`): HuaweiKmsKey[] {
  const ids = text.split(',').map(piece => piece.trim());
  return ids
    .filter(id => id !== '')
    .map(keyId => {
      if (partsOf(keyId) !== undefined) return { kind: 'hckms', keyId, createdAt, enc: '' };
      throw new TsopsError('KEY_INVALID', 'a HuaweiCloud KMS key ID is not well formed', {
        hints: [idHint, 'Commas separate them.'],
      });
    });
}

/** Split at the first colon. */
function partsOf(keyId: string): { region: string; id: string } | undefined {
  const colon = keyId.indexOf(':');
  const region = keyId.slice(0, Math.max(colon, 0)).trim();
  const id = keyId.slice(colon + 1).trim();
  return region === '' || id === '' ? undefined : { region, id };
}

/** Of both requests; the only one that sops asks for. */
const encryption_algorithm = 'SYMMETRIC_DEFAULT';

async function wrap({ keyId }: HuaweiKmsKey, part: Uint8Array, context: KeyContext): Promise<string> {
  const body = { plain_text: Buffer.from(part).toString('base64'), encryption_algorithm };
  const enc = await call('encrypt-data', keyId, body, 'cipher_text', context);
  if (typeof enc !== 'string') throw new TsopsError('WRAP_FAILED', enc.reason, { hints: enc.hints });
  return enc;
}

/** Far more than KMS makes of the 33 bytes of a share. */
const maxWrapped = 16_384;

async function unwrap(key: HuaweiKmsKey, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  if (key.enc.length > maxWrapped) return { key, ...fault('the wrapped key is too long to be one', olderHint) };
  const plain = await call(
    'decrypt-data',
    key.keyId,
    { cipher_text: key.enc, encryption_algorithm },
    'plain_text',
    context,
  );
  if (typeof plain !== 'string') return { key, ...plain };
  const isBase64 = plain.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(plain);
  if (isBase64) return Buffer.from(plain, 'base64');
  return { key, ...fault('what it holds is not a data key of sops: it is not base64', olderHint) };
}

const olderHint = 'Take the `enc` text of this key from an older version of the file.';

/** A text of the answer of KMS, or why there is none. */
async function call(
  action: 'encrypt-data' | 'decrypt-data',
  keyId: string,
  body: object,
  field: string,
  context: KeyContext,
): Promise<string | HuaweiFault> {
  const place = placeOf(keyId, context);
  if (isFault(place)) return place;
  const { region, id, address } = place;
  const credentials = await usableCredentials(region, context);
  if (isFault(credentials)) return credentials;
  const { accessKey, projectId } = credentials;
  const service = `HuaweiCloud KMS in ${region}`;
  const url = new URL(`/v1.0/${projectId}/kms/${action}`, address);
  const headers = { 'x-project-id': projectId };
  const answer = await ask(
    service,
    { method: 'POST', url, headers, body: { key_id: id, ...body } },
    context,
    accessKey,
  );
  if (isFault(answer)) return answer;
  const refusal = keyRefusal(action, answer) ?? refusalOf(service, answer);
  if (refusal !== undefined) return refusal;
  const value = answer.body.get(field);
  if (typeof value === 'string' && /^[!-~]+$/.test(value)) return value;
  return fault(`${service} gave no answer that makes sense`, `For HuaweiCloud: check ${endpointVariable(region)}.`);
}

function placeOf(keyId: string, context: KeyContext): { region: string; id: string; address: URL } | HuaweiFault {
  if (!context.mayConnect) {
    return fault(
      'it needs HuaweiCloud KMS, and no network service may be asked here',
      'To use the HuaweiCloud credentials of this machine, hand in `keys: systemContext()`.',
    );
  }
  const parts = partsOf(keyId);
  if (parts === undefined) return fault('it is not the ID of a HuaweiCloud KMS key', idHint);
  const address = kmsAddress(parts.region, context);
  if (address !== undefined) return { ...parts, address };
  const region = shortened(parts.region);
  return fault(
    `HuaweiCloud KMS is not known to be in the region ${region}`,
    idHint,
    `For a region of your own, set ${endpointVariable(region)} to the address of its KMS.`,
  );
}

/** https://support.huaweicloud.com/intl/en-us/api-dew/ErrorCode.html */
function keyRefusal(action: string, { status, code }: HuaweiAnswer): HuaweiFault | undefined {
  const enableHint = 'For HuaweiCloud: enable the key in the console of the Data Encryption Workshop.';
  switch (code) {
    case 'KMS.0205':
      return fault('HuaweiCloud KMS knows no such key in this project (KMS.0205)', idHint);
    case 'KMS.0209':
      return fault('the key is disabled', enableHint);
    case 'KMS.0210':
      return fault(
        'the key waits for its deletion and cannot be used',
        'For HuaweiCloud: cancel the deletion.',
        enableHint,
      );
  }
  // APIs of the gateway in front of KMS answer with codes of their own.
  const isOfKms = code.startsWith('KMS.');
  if (status !== 400 || !isOfKms || action !== 'decrypt-data') return undefined;
  return fault(
    `HuaweiCloud KMS does not open the wrapped key: it was made with another key, or changed (${code})`,
    'Take the entry of this key from an older version of the file.',
  );
}

/** Time enough for a few requests. */
const spareMs = 300_000;
/** A failure counts for all keys of a file, but not for ever. */
const failureMs = 10_000;

interface Remembered {
  readonly found: Credentials | HuaweiFault;
  readonly untilMs: number;
}

/** Credentials with the project for a region, found once a run. */
function usableCredentials(region: string, context: KeyContext): Promise<Credentials | HuaweiFault> {
  return remembered(`hckms ${region}`, context, async () => {
    const credentials = await remembered('hckms', context, () => findCredentials(context));
    return isFault(credentials) ? credentials : withProject(credentials, region, context);
  });
}

async function remembered(
  id: string,
  context: KeyContext,
  find: () => Promise<Credentials | HuaweiFault>,
): Promise<Credentials | HuaweiFault> {
  const { once } = context;
  const known = once.get(id) as Promise<Remembered> | undefined;
  const last = known === undefined ? undefined : await known;
  if (last !== undefined && last.untilMs > Date.now()) return last.found;
  if (once.get(id) !== known) return remembered(id, context, find);
  const finding = find().then(found => {
    return { found, untilMs: isFault(found) ? Date.now() + failureMs : found.untilMs - spareMs };
  });
  once.set(id, finding);
  return (await finding).found;
}

const projectPattern = /^[\w-]{1,64}$/;

/** The project of a region has its name: core/auth/basic_credentials.go of the SDK. */
async function withProject(
  credentials: Credentials,
  region: string,
  context: KeyContext,
): Promise<Credentials | HuaweiFault> {
  const { projectId, accessKey, iamEndpoint } = credentials;
  const hint = 'For HuaweiCloud: set HUAWEICLOUD_SDK_PROJECT_ID to the ID of the project that the key is in.';
  if (projectPattern.test(projectId)) return credentials;
  if (projectId !== '') return fault('the HuaweiCloud project ID is not one', hint);
  const service = 'the identity service of HuaweiCloud';
  const address = iamAddress(region, context, iamEndpoint);
  if (address === undefined) return fault(`the address of ${service} is not a URL`, keysHint);
  const url = new URL(`/v3/projects?name=${region}`, address);
  const answer = await ask(service, { method: 'GET', url }, context, accessKey);
  if (isFault(answer)) return { ...answer, hints: [...answer.hints, hint] };
  const refusal = refusalOf(service, answer);
  if (refusal !== undefined) return { ...refusal, hints: [...refusal.hints, hint] };
  const projects = answer.body.get('projects');
  const ids = (Array.isArray(projects) ? projects : []).map(project => mapOf(project).get('id'));
  const [id] = ids;
  if (ids.length === 1 && typeof id === 'string' && projectPattern.test(id)) return { ...credentials, projectId: id };
  const what = ids.length > 1 ? `has ${ids.length} projects` : 'has no project';
  return fault(`the HuaweiCloud account ${what} for the region ${region}, and none was chosen`, hint);
}
