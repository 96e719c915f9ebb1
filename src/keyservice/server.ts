/** A key service for others: it wraps and unwraps with the keys of this machine. sops 3.13.2 keyservice/server.go. */

import type {
  Server,
  ServerErrorResponse,
  ServerUnaryCall,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { RandomSource } from '../core/cipher.ts';
import type { MasterKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { loadProvider } from '../keys/index.ts';
import type { KeyContext } from '../keys/provider.ts';
import { asBytes, limits, loadGrpc, paths, type Verb } from './protocol.ts';
import { parseRequest, printResponse, type WireRequest } from './wire.ts';

export interface ServingOptions {
  readonly network: 'tcp' | 'unix';
  /** `HOST:PORT` (port 0: one that is free), or the path of a socket. */
  readonly address: string;
  /** What the master keys may use of the machine. */
  readonly context: KeyContext;
  readonly random: RandomSource;
  /** Asked before a key is used, for one request after the other; what is not agreed to is not done. Default: everything is done. */
  readonly approve?: ((verb: Verb, key: MasterKey) => Promise<boolean>) | undefined;
  /** Told of every request before its answer is sent, which what it throws prevents; `failure` is why a key could not be used. */
  readonly onAnswer?: ((answer: { verb: Verb; key: MasterKey; failure: string | undefined }) => void) | undefined;
  /** Told, before anybody can connect, that other machines will be able to. */
  readonly onExposed?: (() => void) | undefined;
}

export interface RunningService {
  /** As `--keyservice` takes it. */
  readonly address: string;
  /** Ends the service at once, and removes its socket. */
  close(): void;
}

/** @throws TsopsError USAGE (the address), LISTEN_FAILED */
export async function serveKeys(options: ServingOptions): Promise<RunningService> {
  const grpc = await loadGrpc();
  const server = new grpc.Server({ ...limits, 'grpc.max_concurrent_streams': 100 });
  const desk = new Desk(options, grpc.status);
  server.addService(definitions, { wrap: desk.handler('wrap'), unwrap: desk.handler('unwrap') });
  if (options.network === 'unix') return listenOnSocket(server, options.address);
  const { tcpAddress } = await import('../host/listening.ts');
  const { host, port, isLoopback } = await tcpAddress(options.address);
  if (!isLoopback) options.onExposed?.();
  const family = host.includes(':') ? (['ipv6', `[${host}]`] as const) : (['ipv4', host] as const);
  const bound = await bind(server, `${family[0]}:${family[1]}:${port}`);
  return { address: `tcp://${family[1]}:${bound}`, close: () => server.forceShutdown() };
}

const definition = (verb: Verb) => ({
  path: paths[verb],
  requestStream: false,
  responseStream: false,
  requestSerialize: asBytes,
  requestDeserialize: asBytes,
  responseSerialize: asBytes,
  responseDeserialize: asBytes,
});
const definitions = { wrap: definition('wrap'), unwrap: definition('unwrap') };

async function listenOnSocket(server: Server, path: string): Promise<RunningService> {
  const { bindSocket } = await import('../host/listening.ts');
  let address = '';
  const remove = await bindSocket(path, async absolute => {
    address = `unix://${encodeURI(absolute)}`;
    await bind(server, `unix:${absolute}`);
  });
  return {
    address,
    close: () => {
      server.forceShutdown();
      remove();
    },
  };
}

const bindFaults: readonly (readonly [code: string, reason: string])[] = [
  ['EADDRINUSE', 'it is in use'],
  ['EACCES', 'this user may not listen there'],
  ['EADDRNOTAVAIL', 'it is not an address of this machine'],
];

async function bind(server: Server, target: string): Promise<number> {
  const { ServerCredentials } = await loadGrpc();
  return new Promise((settle, fail) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) return settle(port);
      const reason = bindFaults.find(([code]) => error.message.includes(code))?.[1] ?? 'the system does not allow it';
      fail(
        new TsopsError('LISTEN_FAILED', `the key service cannot listen at this address: ${reason}`, {
          hints: ['Name another one with --address.'],
        }),
      );
    });
  });
}

type Status = typeof import('@grpc/grpc-js').status;
type Answer = Uint8Array | ServerErrorResponse | Partial<ServerErrorResponse>;

/** Where requests are dealt with. What a person has to answer is asked one thing after the other. */
class Desk {
  readonly #options: ServingOptions;
  readonly #status: Status;
  #lastQuestion: Promise<unknown> = Promise.resolve();

  constructor(options: ServingOptions, status: Status) {
    this.#options = options;
    this.#status = status;
  }

  handler(verb: Verb): UntypedServiceImplementation[string] {
    return (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
      void this.#answer(verb, call).then(answer => {
        if (answer instanceof Uint8Array) reply(null, Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength));
        else reply(answer);
      });
    };
  }

  async #answer(verb: Verb, call: ServerUnaryCall<Buffer, Buffer>): Promise<Answer> {
    const request = parseRequest(call.request);
    try {
      if (request === undefined) return this.#no('INVALID_ARGUMENT', 'the request is not one of this protocol');
      const { key } = request;
      if (key === undefined) return this.#no('NOT_FOUND', 'the request names no key of a kind that is known here');
      if (!(await this.#isApproved(verb, key, call))) return this.#no('PERMISSION_DENIED', 'the request was refused');
      const result = await this.#use(verb, key, request);
      this.#options.onAnswer?.({ verb, key, failure: typeof result === 'string' ? result : undefined });
      return typeof result === 'string' ? this.#no('FAILED_PRECONDITION', result) : sealed(result);
    } catch {
      return this.#no('INTERNAL', 'a check inside the key service failed');
    } finally {
      call.request.fill(0);
    }
  }

  #no(code: keyof Status, details: string): Partial<ServerErrorResponse> {
    return { code: this.#status[code] as number, details };
  }

  /** A client that has gone away is not asked about. */
  async #isApproved(verb: Verb, key: MasterKey, call: ServerUnaryCall<Buffer, Buffer>): Promise<boolean> {
    const { approve } = this.#options;
    if (approve === undefined) return true;
    return this.#inTurn(async () => !call.cancelled && (await approve(verb, key)) && !call.cancelled);
  }

  /** The wrapped or unwrapped part, or why there is none. */
  async #use(verb: Verb, key: MasterKey, { bytes }: WireRequest): Promise<Uint8Array | string> {
    const provider = await loadProvider(key.kind);
    const context = this.#context();
    if (verb === 'unwrap') {
      const result = await provider.unwrap({ ...key, enc: Buffer.from(bytes).toString('utf8') }, context);
      return result instanceof Uint8Array ? result : result.reason;
    }
    try {
      const resolved = (await provider.resolve?.(key, context)) ?? key;
      return Buffer.from(await provider.wrap(resolved, bytes, context, this.#options.random), 'utf8');
    } catch (error) {
      if (error instanceof TsopsError) return error.message;
      throw error;
    }
  }

  /** What is remembered during a run is remembered for one request here: identities and tokens change under a service. */
  #context(): KeyContext {
    const { context } = this.#options;
    const { askSecret, askVisibly, confirm } = context;
    return {
      ...context,
      namesOwnKeys: false,
      askSecret: askSecret && (prompt => this.#inTurn(() => askSecret(prompt))),
      askVisibly: askVisibly && (prompt => this.#inTurn(() => askVisibly(prompt))),
      confirm: confirm && ((...question) => this.#inTurn(() => confirm(...question))),
      once: new Map(),
    };
  }

  #inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const answer = this.#lastQuestion.then(ask, ask);
    this.#lastQuestion = answer.catch(() => undefined);
    return answer;
  }
}

function sealed(part: Uint8Array): Uint8Array {
  const message = printResponse(part);
  part.fill(0);
  return message;
}
