/** Google Cloud KMS master keys: sops 3.13.2 gcpkms/keysource.go. The wrapped key is the ciphertext of Encrypt in standard base64. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyManagementServiceClient, protos } from '@google-cloud/kms';
import type { GcpKmsKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { type Credential, findCredential } from './gcpkms-credentials.ts';
import {
  type Asked,
  garbled,
  isPassing,
  type Refusal,
  refusal,
  requestFault,
  requestRefusal,
  timeoutRefusal,
  type Verb,
} from './gcpkms-failures.ts';
import { type Address, addressOf, openService, silenceGrpc } from './gcpkms-service.ts';
import { requestLimitMs } from './limits.ts';
import type { KeyContext, KeyProvider, UnwrapFailure } from './provider.ts';

export const gcpKmsProvider: KeyProvider<GcpKmsKey> = { kind: 'gcp_kms', parse, wrap, unwrap };

/** The form alone is not checked here, as with sops: a rule may name keys that nobody uses. */
function parse(text: string, createdAt = `${new Date().toISOString().slice(0, 19)}Z`): GcpKmsKey[] {
  if (text === '') return [];
  return text.split(',').map(piece => {
    const resourceId = piece.replaceAll(' ', '');
    if (resourceId !== '') return { kind: 'gcp_kms', resourceId, createdAt, enc: '' };
    throw new TsopsError('KEY_INVALID', 'a resource id of a Google Cloud KMS key is empty', { hints: [formHint] });
  });
}

async function wrap({ resourceId }: GcpKmsKey, part: Uint8Array, context: KeyContext): Promise<string> {
  const answer = await ask('encrypt', resourceId, part, context);
  if (answer instanceof Uint8Array) return Buffer.from(answer).toString('base64');
  throw new TsopsError('WRAP_FAILED', answer.reason, { hints: answer.hints });
}

async function unwrap(key: GcpKmsKey, context: KeyContext): Promise<Uint8Array | UnwrapFailure> {
  const wrapped = fromBase64(key.enc);
  const answer = wrapped === undefined ? notBase64 : await ask('decrypt', key.resourceId, wrapped, context);
  return answer instanceof Uint8Array ? answer : { key, ...answer };
}

/** Standard base64 with its padding, and line breaks as Go passes over them. RFC 4648 §4 */
function fromBase64(text: string): Uint8Array | undefined {
  const joined = text.replace(/[\r\n]/g, '');
  if (joined === '' || joined.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(joined)) return undefined;
  return Buffer.from(joined, 'base64');
}

const notBase64 = refusal(
  'its `enc` text is damaged: it is not base64',
  'Take the `enc` text of this key from an older version of the file.',
);

/** As sops has it, and of the characters that names in Google Cloud are made of: what a file says becomes part of a URL. */
const resourceIdPattern =
  /^projects\/([\w.:~-]+)\/locations\/[\w.:~-]+\/keyRings\/[\w.:~-]+\/cryptoKeys\/(?!\.{1,2}$)[\w.:~-]+$/;
const formHint =
  'A Google Cloud KMS key is projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY, without a version.';

/** The answer of Cloud KMS, or why there is none, within the limit of requests altogether. */
async function ask(
  verb: Verb,
  resourceId: string,
  bytes: Uint8Array,
  context: KeyContext,
): Promise<Uint8Array | Refusal> {
  const address = addressOf(context);
  const refused = refuse(resourceId, context);
  if (refused !== undefined) return refused;
  if ('reason' in address) return address;
  // Outside the bound: it takes time, but waits for nobody.
  await import('@google-cloud/kms');
  if (!address.isRest) await silenceGrpc(context);
  const limitMs = requestLimitMs(context);
  return within(limitMs, limits => askAt(address, verb, resourceId, bytes, context, limits));
}

function refuse(resourceId: string, { mayConnect, env }: KeyContext): Refusal | undefined {
  if (!resourceIdPattern.test(resourceId)) return refusal('its resource id is not one of a Cloud KMS key', formHint);
  if (!mayConnect) {
    return refusal('it needs Google Cloud, and no network service may be asked here', 'Hand in keys: systemContext().');
  }
  // The log of the SDK holds the data key.
  if (!env('GOOGLE_SDK_NODE_LOGGING')) return undefined;
  return refusal(
    'GOOGLE_SDK_NODE_LOGGING is set, and with it the SDK of Google Cloud would write the data key to its log',
    'Unset GOOGLE_SDK_NODE_LOGGING.',
  );
}

interface Limits {
  /** Ends what is still asked of the token service and its like when the time is over or the answer is there. */
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** Who is being waited for, in words. */
  waitingFor: string;
}

async function within(
  limitMs: number,
  work: (limits: Limits) => Promise<Uint8Array | Refusal>,
): Promise<Uint8Array | Refusal> {
  const controller = new AbortController();
  const limits = { signal: controller.signal, limitMs, waitingFor: 'the token service' };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Refusal>(resolve => {
    timer = setTimeout(() => resolve(timeoutRefusal(limits.waitingFor, limitMs)), limitMs);
  });
  try {
    return await Promise.race([work(limits), late]);
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

async function askAt(
  address: Address,
  verb: Verb,
  resourceId: string,
  bytes: Uint8Array,
  context: KeyContext,
  limits: Limits,
): Promise<Uint8Array | Refusal> {
  const endMs = performance.now() + limits.limitMs;
  const credential: Credential | Refusal = await findCredential(context, limits.signal);
  if ('reason' in credential) return credential;
  const project = resourceIdPattern.exec(resourceId)?.[1] ?? '';
  const quotaProject = context.env('GOOGLE_CLOUD_QUOTA_PROJECT');
  const service = await openService(address, credential, { ...limits, project, quotaProject });
  if ('reason' in service) return service;
  const { host } = address;
  limits.waitingFor = host;
  try {
    const asked = { verb, resourceId, host, credential: credential.source, limitMs: limits.limitMs };
    return await insist(service, asked, bytes, endMs);
  } finally {
    await service.close().catch(() => undefined);
  }
}

/** The pauses before the second and the third attempt. */
const pausesMs = [250, 750];

/** Asks again where the service or the way to it is out of order for a moment; the SDK's own way would go on for ten minutes. */
async function insist(
  service: KeyManagementServiceClient,
  asked: Asked,
  bytes: Uint8Array,
  endMs: number,
): Promise<Uint8Array | Refusal> {
  for (let attempt = 0; ; attempt++) {
    const timeout = Math.max(1, Math.ceil(endMs - performance.now()));
    try {
      const options = { timeout, retry: { retryCodes: [] } };
      const answer =
        asked.verb === 'encrypt'
          ? await encrypt(service, asked.resourceId, bytes, options)
          : await decrypt(service, asked.resourceId, bytes, options);
      return answer ?? garbled(asked.host);
    } catch (error) {
      const fault = requestFault(error);
      const pause = pausesMs[attempt];
      if (pause === undefined || !isPassing(fault)) return requestRefusal(fault, asked);
      await sleep(pause);
    }
  }
}

interface CallOptions {
  readonly timeout: number;
  readonly retry: { retryCodes: number[] };
}

/** Undefined where the checksums show that something was lost on the way. https://cloud.google.com/kms/docs/data-integrity-guidelines */
async function encrypt(
  service: KeyManagementServiceClient,
  name: string,
  plaintext: Uint8Array,
  options: CallOptions,
): Promise<Uint8Array | undefined> {
  const plaintextCrc32c = { value: crc32c(plaintext) };
  const [answer] = await service.encrypt({ name, plaintext, plaintextCrc32c }, options);
  const { ciphertext, ciphertextCrc32c, verifiedPlaintextCrc32c } = answer;
  // A service that only speaks like Cloud KMS may know nothing of checksums.
  if (hasValue(ciphertextCrc32c) && verifiedPlaintextCrc32c !== true) return undefined;
  return whole(ciphertext, ciphertextCrc32c);
}

async function decrypt(
  service: KeyManagementServiceClient,
  name: string,
  ciphertext: Uint8Array,
  options: CallOptions,
): Promise<Uint8Array | undefined> {
  const ciphertextCrc32c = { value: crc32c(ciphertext) };
  const [answer] = await service.decrypt({ name, ciphertext, ciphertextCrc32c }, options);
  return whole(answer.plaintext, answer.plaintextCrc32c);
}

type Checksum = protos.google.protobuf.IInt64Value | null | undefined;

const hasValue = (checksum: Checksum): boolean => checksum?.value !== undefined && checksum.value !== null;

function whole(bytes: Uint8Array | string | null | undefined, checksum: Checksum): Uint8Array | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) return undefined;
  return hasValue(checksum) && Number(checksum?.value) !== crc32c(bytes) ? undefined : new Uint8Array(bytes);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli): RFC 3720 appendix B.4. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
