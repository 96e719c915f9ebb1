/** One key service at its address. */

import type { Client, ServiceError } from '@grpc/grpc-js';
import type { MasterKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import type { KeyService, UnwrapFailure } from '../keys/provider.ts';
import { asBytes, limits, loadGrpc, paths, type Verb } from './protocol.ts';
import { parseResponse, printRequest } from './wire.ts';

export interface Address {
  /** As reports show it. */
  readonly name: string;
  /** As the gRPC library takes it. */
  readonly target: string;
}

/** Why a service did not do it. */
interface Refusal {
  readonly reason: string;
  readonly hints: readonly string[];
}

export class RemoteService implements KeyService {
  readonly name: string;
  readonly #target: string;
  readonly #timeoutMs: number;
  #client: Promise<Client> | undefined;

  constructor({ name, target }: Address, timeoutMs: number) {
    this.name = name;
    this.#target = target;
    this.#timeoutMs = timeoutMs;
  }

  async wrap(key: MasterKey, part: Uint8Array): Promise<string> {
    const answer = await this.#ask('wrap', key, part);
    const text = answer instanceof Uint8Array ? wrappedText(answer) : undefined;
    if (text !== undefined) return text;
    const { reason, hints } = answer instanceof Uint8Array ? noKeyService : answer;
    throw new TsopsError('WRAP_FAILED', reason, { hints });
  }

  async unwrap(key: MasterKey): Promise<Uint8Array | UnwrapFailure> {
    const answer = await this.#ask('unwrap', key, Buffer.from(key.enc, 'utf8'));
    return answer instanceof Uint8Array ? answer : { key, ...answer };
  }

  async #ask(verb: Verb, key: MasterKey, bytes: Uint8Array): Promise<Uint8Array | Refusal> {
    this.#client ??= connect(this.#target);
    const answer = await request(await this.#client, paths[verb], printRequest(key, bytes), this.#timeoutMs);
    if (!(answer instanceof Uint8Array)) return answer;
    return parseResponse(answer) ?? noKeyService;
  }
}

async function connect(target: string): Promise<Client> {
  const { Client, credentials } = await loadGrpc();
  return new Client(target, credentials.createInsecure(), {
    ...limits,
    // A data key must not pass through whatever http_proxy names; sops does not do so either.
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
  });
}

/** A service that is there takes the connection at once, whatever it has to ask before it answers. */
const connectMs = 10_000;

async function request(
  client: Client,
  path: string,
  message: Uint8Array,
  timeoutMs: number,
): Promise<Uint8Array | Refusal> {
  const { Metadata, connectivityState, status } = await loadGrpc();
  const buffer = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const limitMs = Math.min(connectMs, timeoutMs);
  let unconnected = false;
  return new Promise(settle => {
    const options = { deadline: Date.now() + timeoutMs };
    const call = client.makeUnaryRequest(path, asBytes, asBytes, buffer, new Metadata(), options, (error, answer) => {
      clearTimeout(timer);
      buffer.fill(0);
      if (error === null && answer !== undefined) settle(answer);
      else settle(unconnected ? noConnection(limitMs) : refusalOf(error, status, timeoutMs));
    });
    const timer = setTimeout(() => {
      unconnected = client.getChannel().getConnectivityState(false) !== connectivityState.READY;
      if (unconnected) call.cancel();
    }, limitMs);
  });
}

const noKeyService: Refusal = {
  reason: 'what answers there is not a key service',
  hints: ['Name the address at which `tsops keyservice` or `sops keyservice` listens.'],
};

const startHint = 'Start the key service, or name the address at which it listens.';

function noConnection(limitMs: number): Refusal {
  return { reason: `it gave no connection within ${limitMs / 1000} seconds`, hints: [startHint] };
}

type Status = typeof import('@grpc/grpc-js').status;

/** By the number alone: the text of an answer is somebody else's. */
function refusalOf(error: ServiceError | null, status: Status, timeoutMs: number): Refusal {
  switch (error?.code) {
    case status.UNAVAILABLE:
      return { reason: unavailableReason(error.details), hints: [startHint] };
    case status.DEADLINE_EXCEEDED:
      return { reason: `it did not answer within ${timeoutMs / 1000} seconds`, hints: [whyHint] };
    case status.PERMISSION_DENIED:
      return { reason: 'the person at the key service refused the request', hints: [] };
    case status.NOT_FOUND:
      return { reason: 'it does not know this kind of key', hints: ['Use a newer version of the key service.'] };
    case status.RESOURCE_EXHAUSTED:
      return { reason: 'the request or its answer is too large', hints: [] };
    case status.CANCELLED:
      return { reason: 'it ended before it answered', hints: [startHint] };
    case status.UNIMPLEMENTED:
    case status.INTERNAL:
    case undefined:
      return noKeyService;
    default:
      return { reason: 'it could not use the key', hints: [whyHint] };
  }
}

const whyHint = 'What went wrong is shown where the key service runs (start it with --verbose).';

/** What the gRPC library says of a connection has the system's error code in it. */
const connectionFaults: readonly (readonly [code: string, reason: string])[] = [
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOENT', 'there is no such socket'],
  ['EACCES', 'this user may not use the socket'],
  ['ENOTFOUND', 'there is no machine of that name'],
  ['Name resolution failed', 'its name could not be looked up'],
];

function unavailableReason(details: string): string {
  const known = connectionFaults.find(([code]) => details.includes(code));
  return known?.[1] ?? 'it cannot be reached, or what answers there is not a key service';
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What can stand as `enc` in a file: a text of printable characters and line ends. */
function wrappedText(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes);
    return /^[^\p{Cc}\p{Cs}]*\S[^\p{Cc}\p{Cs}]*$/u.test(text.replace(/[\r\n\t]/g, ' ')) ? text : undefined;
  } catch {
    return undefined;
  }
}
