/**
 * A fake Cloud KMS on 127.0.0.1 for the tests: Encrypt and Decrypt of google.cloud.kms.v1 over gRPC and over REST, both with TLS, a
 * token exchange beside the REST API, a metadata server, and two proxies that lead from the real addresses to gRPC or REST.
 * `node testdata/servers/gcpkms.ts FOLDER` writes its certificate to `ca.pem` and the key of a service account to `account.json` there.
 * The line on stdout says where it listens (`Ready`, JSON). It ends with its stdin, or after ten minutes.
 */

import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { protos } from '@google-cloud/kms';
import * as grpc from '@grpc/grpc-js';
import { makeCertificate } from './certificate.ts';
import { exchange, metadata, refusalOf, send, serviceAccount, staticToken } from './gcpkms-access.ts';
import { type Answer, answer, canary, type Fault } from './gcpkms-keys.ts';

const { EncryptRequest, EncryptResponse, DecryptRequest, DecryptResponse } = protos.google.cloud.kms.v1;
const lifeMs = 600_000;

/** gRPC: the messages are those of @google-cloud/kms, the methods are put on by hand. */
const path = '/google.cloud.kms.v1.KeyManagementService/';
const raw = { requestStream: false, responseStream: false, responseSerialize: (bytes: Buffer) => bytes } as const;
const service = {
  encrypt: {
    ...raw,
    path: `${path}Encrypt`,
    requestDeserialize: (bytes: Buffer) => EncryptRequest.decode(bytes),
    requestSerialize: (message: protos.google.cloud.kms.v1.EncryptRequest) =>
      Buffer.from(EncryptRequest.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => bytes,
  },
  decrypt: {
    ...raw,
    path: `${path}Decrypt`,
    requestDeserialize: (bytes: Buffer) => DecryptRequest.decode(bytes),
    requestSerialize: (message: protos.google.cloud.kms.v1.DecryptRequest) =>
      Buffer.from(DecryptRequest.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};

type EncryptCall = grpc.ServerUnaryCall<protos.google.cloud.kms.v1.EncryptRequest, Buffer>;
type DecryptCall = grpc.ServerUnaryCall<protos.google.cloud.kms.v1.DecryptRequest, Buffer>;

async function encryptCall({ request, metadata: headers }: EncryptCall, reply: grpc.sendUnaryData<Buffer>) {
  const { name, plaintext, additionalAuthenticatedData, plaintextCrc32c } = request;
  const question = { name, bytes: toBytes(plaintext), aad: toBytes(additionalAuthenticatedData) };
  const checksum = toNumber(plaintextCrc32c?.value);
  const result = refused(headers) ?? (await answer('encrypt', { ...question, checksum }));
  replyWith(result, reply, ({ bytes, checksum, verified }) =>
    EncryptResponse.encode({
      name: `${name}/cryptoKeyVersions/1`,
      ciphertext: bytes,
      verifiedPlaintextCrc32c: verified,
      ...(checksum === undefined ? {} : { ciphertextCrc32c: { value: checksum } }),
    }).finish(),
  );
}

async function decryptCall({ request, metadata: headers }: DecryptCall, reply: grpc.sendUnaryData<Buffer>) {
  const { name, ciphertext, additionalAuthenticatedData, ciphertextCrc32c } = request;
  const question = { name, bytes: toBytes(ciphertext), aad: toBytes(additionalAuthenticatedData) };
  const checksum = toNumber(ciphertextCrc32c?.value);
  const result = refused(headers) ?? (await answer('decrypt', { ...question, checksum }));
  replyWith(result, reply, ({ bytes, checksum }) =>
    DecryptResponse.encode({
      plaintext: bytes,
      usedPrimary: true,
      ...(checksum === undefined ? {} : { plaintextCrc32c: { value: checksum } }),
    }).finish(),
  );
}

type Given = Exclude<Answer, Fault | 'garbage'>;

function replyWith(result: Answer, reply: grpc.sendUnaryData<Buffer>, encode: (given: Given) => Uint8Array): void {
  if (result === 'garbage') reply(null, Buffer.from(`<html>${canary}</html>`));
  else if ('bytes' in result) reply(null, Buffer.from(encode(result)));
  else reply({ code: result.code, details: `${canary} ${result.code}`, metadata: details(result) });
}

/** google.rpc.Status with a google.rpc.ErrorInfo, as the real service sends it beside the status. */
function details({ code, reason = 'OTHER' }: Fault): grpc.Metadata {
  const field = (number: number, bytes: Buffer) => Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
  const info = Buffer.concat([field(1, Buffer.from(reason)), field(2, Buffer.from('googleapis.com'))]);
  const any = Buffer.concat([field(1, Buffer.from('type.googleapis.com/google.rpc.ErrorInfo')), field(2, info)]);
  const status = Buffer.concat([Buffer.from([8, code]), field(2, Buffer.from(canary)), field(3, any)]);
  const trailers = new grpc.Metadata();
  trailers.set('grpc-status-details-bin', status);
  return trailers;
}

const refused = (headers: grpc.Metadata): Fault | undefined =>
  refusalOf(headers.get('authorization')[0]?.toString(), headers.get('x-goog-user-project')[0]?.toString());
const toBytes = (value: Uint8Array | string): Buffer =>
  typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.from(value);
const toNumber = (value: unknown): number | undefined =>
  value === undefined || value === null ? undefined : Number(value);

/** REST: https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/encrypt */
async function restCall(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const url = new URL(request.url ?? '', 'https://localhost');
  if (url.pathname === '/token') return exchange(new URLSearchParams(body), response);
  const [, name, method] = /^\/v1\/(projects\/.+):(encrypt|decrypt)$/.exec(decodeURIComponent(url.pathname)) ?? [];
  if (name === undefined || request.method !== 'POST') return send(response, 404, 'text/html', canary);
  const sent = JSON.parse(body);
  const isEncrypt = method === 'encrypt';
  const question = {
    name,
    bytes: toBytes((isEncrypt ? sent.plaintext : sent.ciphertext) ?? ''),
    aad: toBytes(sent.additionalAuthenticatedData ?? ''),
    checksum: toNumber(isEncrypt ? sent.plaintextCrc32c : sent.ciphertextCrc32c),
  };
  const refused = refusalOf(request.headers.authorization, request.headers['x-goog-user-project']?.toString());
  const result = refused ?? (await answer(isEncrypt ? 'encrypt' : 'decrypt', question));
  restReply(result, isEncrypt, name, response);
}

function restReply(result: Answer, isEncrypt: boolean, name: string, response: ServerResponse): void {
  if (result === 'garbage') send(response, 200, 'text/html', `<html>${canary}</html>`);
  else if ('bytes' in result) {
    const message = isEncrypt ? encrypted(result, name) : decrypted(result);
    send(response, 200, 'application/json', JSON.stringify(message));
  } else restFault(result, response);
}

const encrypted = ({ bytes, checksum, verified }: Given, name: string) => ({
  name: `${name}/cryptoKeyVersions/1`,
  ciphertext: bytes.toString('base64'),
  ciphertextCrc32c: checksum?.toString(),
  verifiedPlaintextCrc32c: verified,
});

const decrypted = ({ bytes, checksum }: Given) => ({
  plaintext: bytes.toString('base64'),
  plaintextCrc32c: checksum?.toString(),
  usedPrimary: true,
});

/** The status and its HTTP number. https://google.aip.dev/193 */
const statuses: Readonly<Record<number, readonly [string, number]>> = {
  3: ['INVALID_ARGUMENT', 400],
  5: ['NOT_FOUND', 404],
  7: ['PERMISSION_DENIED', 403],
  8: ['RESOURCE_EXHAUSTED', 429],
  9: ['FAILED_PRECONDITION', 400],
  12: ['UNIMPLEMENTED', 501],
  13: ['INTERNAL', 500],
  14: ['UNAVAILABLE', 503],
  16: ['UNAUTHENTICATED', 401],
};

function restFault({ code, reason = 'OTHER' }: Fault, response: ServerResponse): void {
  const [status, number] = statuses[code] ?? ['UNKNOWN', 500];
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' };
  const error = { code: number, message: `${canary} ${code}`, status, details: [info] };
  send(response, number, 'application/json', JSON.stringify({ error }));
}

export interface Ready {
  readonly grpc: number;
  readonly rest: number;
  readonly metadata: number;
  /** HTTP proxies: all that is asked by their way comes to the port for gRPC, or for REST. */
  readonly grpcProxy: number;
  readonly restProxy: number;
  /** A token that may ask. */
  readonly token: string;
}

const names = ['localhost', '127.0.0.1', 'cloudkms.googleapis.com', 'cloudkms.example.org', 'oauth2.googleapis.com'];

/** Leads every CONNECT to one port. */
function proxyTo(port: number) {
  const proxy = createHttpServer((_request, response) => send(response, 400, 'text/plain', canary));
  return proxy.on('connect', (request: IncomingMessage, client: Socket) => {
    if (!names.includes((request.url ?? '').replace(/:443$/, '')))
      return client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const inside = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      inside.pipe(client).pipe(inside);
    });
    for (const socket of [client, inside]) socket.on('error', () => client.destroy() && inside.destroy());
  });
}

async function listen(folder: string): Promise<Ready> {
  const { cert, key } = makeCertificate(names);
  writeFileSync(join(folder, 'ca.pem'), cert);
  writeFileSync(join(folder, 'account.json'), JSON.stringify(serviceAccount));
  const server = new grpc.Server();
  server.addService(service, { encrypt: encryptCall, decrypt: decryptCall });
  const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
  const grpcPort = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createSsl(null, [pair]), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const rest = await portOf(createHttpsServer({ cert, key }, restCall));
  return {
    grpc: grpcPort,
    rest,
    metadata: await portOf(createHttpServer(metadata)),
    grpcProxy: await portOf(proxyTo(grpcPort)),
    restProxy: await portOf(proxyTo(rest)),
    token: staticToken,
  };
}

const portOf = (server: Server): Promise<number> =>
  new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(await listen(process.argv[2] ?? '.')));
  setTimeout(() => process.exit(0), lifeMs);
  process.stdin.on('end', () => process.exit(0)).resume();
}
