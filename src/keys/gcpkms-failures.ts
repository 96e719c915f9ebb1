/**
 * Why Cloud KMS, or the service that gives out tokens for it, did not do what it was asked: from status numbers, constants and
 * system codes alone. The texts of the SDK and of the services are read to tell cases apart, and never shown.
 */

import { shortened } from './printable.ts';

/** Why a key cannot be used, and what to do about it. */
export interface Refusal {
  readonly reason: string;
  readonly hints: readonly string[];
}

export type Verb = 'encrypt' | 'decrypt';

/** What was asked, of whom, and in whose name: all of it safe to show. */
export interface Asked {
  readonly verb: Verb;
  readonly resourceId: string;
  readonly host: string;
  readonly credential: Source;
  readonly limitMs: number;
}

/** Where a credential came from, and how to renew it. */
export interface Source {
  readonly name: string;
  readonly renew: string;
}

export function refusal(reason: string, ...hints: string[]): Refusal {
  return { reason, hints };
}

/** What an error is: a status as in google.rpc.Code with the constant beside it, a broken connection, or an answer without sense. */
export interface Fault {
  readonly status?: number;
  readonly constant?: string;
  readonly connection?: 'refused' | 'name' | 'certificate' | 'timeout' | 'gateway' | 'broken';
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const code = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

const statusNames: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: code.invalidArgument,
  DEADLINE_EXCEEDED: code.deadlineExceeded,
  NOT_FOUND: code.notFound,
  PERMISSION_DENIED: code.permissionDenied,
  RESOURCE_EXHAUSTED: code.resourceExhausted,
  FAILED_PRECONDITION: code.failedPrecondition,
  UNIMPLEMENTED: code.unimplemented,
  INTERNAL: code.internal,
  UNAVAILABLE: code.unavailable,
  UNAUTHENTICATED: code.unauthenticated,
};

/** Whether asking again soon can help. */
export function isPassing({ status, connection }: Fault): boolean {
  return status === code.unavailable || ['refused', 'gateway', 'broken'].includes(connection ?? '');
}

/** A field of something whose shape is not known. */
function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The fault behind an error of the client, over gRPC (@grpc/grpc-js ServiceError) or REST (gaxios GaxiosError). */
export function requestFault(error: unknown): Fault {
  const message = textOf(field(error, 'message'));
  const number = field(error, 'status');
  if (typeof number === 'number') return restFault(message, number);
  const status = field(error, 'code');
  if (typeof status !== 'number') return connectionFault(error);
  if (status === code.deadlineExceeded) return { connection: 'timeout' };
  if (status === code.internal && message.includes('parsing error')) return {};
  const isConnection = /No connection established|Name resolution failed|Connection dropped/.test(message);
  return status === code.unavailable && isConnection ? connectionFault(error) : { status, constant: constantOf(error) };
}

const constantOf = (error: unknown): string => textOf(field(error, 'reason'));

/** The error body of the REST API stands in the message. https://google.aip.dev/193 */
function restFault(message: string, httpStatus: number): Fault {
  const body = field(parsed(message), 'error');
  const status = statusNames[textOf(field(body, 'status'))];
  const details = field(body, 'details');
  const constant = Array.isArray(details) ? details.map(constantOf).find(text => text !== '') : undefined;
  if (status !== undefined) return { status, constant: constant ?? '' };
  if (httpStatus >= 500 || httpStatus === 407) return { connection: 'gateway' };
  if (httpStatus === 401) return { status: code.unauthenticated };
  return httpStatus === 404 ? { status: code.unimplemented } : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The system's code stands in the error, in its cause, or (gRPC) in the message. */
function connectionFault(error: unknown): Fault {
  const cause = field(error, 'cause');
  const words = [error, cause].flatMap(one => [field(one, 'name'), field(one, 'code'), field(one, 'message')]);
  const text = words.map(textOf).join(' ');
  if (/AbortError|TimeoutError|ETIMEDOUT/.test(text)) return { connection: 'timeout' };
  if (/ENOTFOUND|EAI_AGAIN|Name resolution failed/.test(text)) return { connection: 'name' };
  if (/certificate|CERT_|altnames/i.test(text)) return { connection: 'certificate' };
  if (/ECONNREFUSED/.test(text)) return { connection: 'refused' };
  const broken =
    /ECONNRESET|EPIPE|EPROTO|EHOSTUNREACH|ENETUNREACH|SSL routines|hang up|No connection|dropped|Premature/;
  return broken.test(text) ? { connection: 'broken' } : {};
}

/** Why Cloud KMS did not wrap or unwrap. */
export function requestRefusal(fault: Fault, asked: Asked): Refusal {
  const { status, connection } = fault;
  if (connection !== undefined) return connectionRefusal(connection, asked.host, asked.limitMs, endpointHint);
  switch (status) {
    case code.notFound:
      return refusal('Cloud KMS has no such key: the project, location, key ring or name is wrong', listHint(asked));
    case code.permissionDenied:
      return deniedRefusal(fault, asked);
    case code.unauthenticated:
      return refusal(
        `Cloud KMS did not accept the token of ${asked.credential.name}: it has expired or was revoked`,
        asked.credential.renew,
      );
    case code.invalidArgument:
      return invalidRefusal(asked);
    case code.failedPrecondition:
      return refusal('the key cannot be used: it is disabled, destroyed or not for this purpose', versionsHint(asked));
    case code.resourceExhausted:
      return refusal('the quota of the project for Cloud KMS is used up', 'Wait a minute and try again.');
    case code.unavailable:
    case code.internal:
      return refusal('Cloud KMS is out of order at present', 'Try again; see https://status.cloud.google.com.');
    case code.unimplemented:
      return refusal(`what answers at ${asked.host} is not Cloud KMS`, endpointHint);
    default:
      return garbled(asked.host);
  }
}

export function garbled(host: string): Refusal {
  return refusal(`the answer of ${host} makes no sense`, endpointHint);
}

export function timeoutRefusal(host: string, limitMs: number): Refusal {
  return refusal(`${host} did not answer within ${limitMs / 1000} seconds`, endpointHint);
}

const endpointHint =
  'For Google Cloud: check the network, the proxy (https_proxy in small letters), and SOPS_GCP_KMS_ENDPOINT and SOPS_GCP_KMS_UNIVERSE_DOMAIN if set.';

function connectionRefusal(
  connection: NonNullable<Fault['connection']>,
  host: string,
  limitMs: number,
  hint: string,
): Refusal {
  switch (connection) {
    case 'timeout':
      return timeoutRefusal(host, limitMs);
    case 'name':
      return refusal(`the host name ${host} cannot be resolved`, hint);
    case 'certificate':
      return refusal(
        `the TLS certificate of ${host} is not trusted`,
        'Name the certificate authority of your network in NODE_EXTRA_CA_CERTS (for gRPC also GRPC_DEFAULT_SSL_ROOTS_FILE_PATH).',
      );
    case 'refused':
      return refusal(`${host} cannot be reached: the connection was refused`, hint);
    case 'gateway':
      return refusal(`${host} cannot be reached: a proxy or gateway on the way to it reports an error`, hint);
    case 'broken':
      return refusal(`${host} cannot be reached: the connection failed`, hint);
  }
}

/** https://cloud.google.com/docs/authentication/troubleshoot and google.api.ErrorReason */
function deniedRefusal({ constant }: Fault, asked: Asked): Refusal {
  const { project } = partsOf(asked.resourceId);
  const { name, renew } = asked.credential;
  switch (constant) {
    case 'SERVICE_DISABLED':
      return refusal(
        'the Cloud KMS API is not enabled in the project',
        `Enable it: gcloud services enable cloudkms.googleapis.com --project ${project}`,
      );
    case 'BILLING_DISABLED':
      return refusal('the project has no billing account', `Give the project ${project} a billing account.`);
    case 'ACCESS_TOKEN_SCOPE_INSUFFICIENT':
      return refusal(`the token of ${name} does not reach Cloud KMS: it lacks the scope cloud-platform`, renew);
    case 'USER_PROJECT_DENIED':
      return refusal(
        `the account of ${name} may not use its quota project`,
        'Name another: gcloud auth application-default set-quota-project PROJECT, or GOOGLE_CLOUD_QUOTA_PROJECT.',
      );
    default:
      return refusal(
        `permission denied: the account of ${name} may not ${asked.verb} with this key, or the key does not exist`,
        'Grant the account the role roles/cloudkms.cryptoKeyEncrypterDecrypter on the key, or use another account.',
      );
  }
}

function invalidRefusal(asked: Asked): Refusal {
  if (asked.verb === 'encrypt') {
    return refusal('Cloud KMS cannot encrypt with this key: it is not for symmetric encryption', listHint(asked));
  }
  return refusal(
    'the key does not open it: it was wrapped by another key, or its `enc` text is damaged',
    'Take the `enc` text of this key from an older version of the file, and check its resource_id.',
  );
}

function partsOf(resourceId: string) {
  const [, project, , location, , keyRing, , name] = resourceId.split('/').map(part => shortened(part));
  return { project, location, keyRing, name };
}

function listHint({ resourceId }: Asked): string {
  const { project, location, keyRing } = partsOf(resourceId);
  return `See the keys: gcloud kms keys list --project ${project} --location ${location} --keyring ${keyRing}`;
}

function versionsHint({ resourceId }: Asked): string {
  const { project, location, keyRing, name } = partsOf(resourceId);
  const where = `--project ${project} --location ${location} --keyring ${keyRing} --key ${name}`;
  return `See its versions, and enable or restore one: gcloud kms keys versions list ${where}`;
}

/** Why no token was to be had for a credential. Errors of RFC 6749 §5.2 by name, the rest by system codes. */
export function tokenRefusal(error: unknown, source: Source, limitMs: number): Refusal {
  const oauth = textOf(field(field(field(error, 'response'), 'data'), 'error'));
  const kind = oauth || (/^Error code (\w+)/.exec(textOf(field(error, 'message')))?.[1] ?? '');
  if (kind === 'invalid_grant') {
    return refusal(`the credential of ${source.name} has expired or was revoked`, source.renew);
  }
  if (/^(?:invalid|unauthorized|unsupported|access)_[a-z_]{1,30}$/.test(kind)) {
    return refusal(`Google gives no token for the credential of ${source.name} (${kind})`, source.renew);
  }
  const httpStatus = field(error, 'status') ?? field(field(error, 'response'), 'status');
  if (typeof httpStatus === 'number') {
    return refusal(`the token service answered the credential of ${source.name} with ${httpStatus}`, source.renew);
  }
  const { connection } = connectionFault(error);
  if (connection !== undefined) return connectionRefusal(connection, 'the token service', limitMs, endpointHint);
  const why = 'it is damaged, or the answer of the token service makes no sense';
  return refusal(`no token could be had for the credential of ${source.name}: ${why}`, source.renew);
}

export function unusable({ name, renew }: Source): Refusal {
  return refusal(`the credential of ${name} cannot be used: it is damaged or of an unknown type`, renew);
}
