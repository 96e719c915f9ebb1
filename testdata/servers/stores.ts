/**
 * Where `publish` sends things, for tests: Google Cloud Storage (uploads of its JSON API) and a key-value engine of Vault, as far as
 * a client that writes and reads sees them. A real Vault is used for the latter where there is one (`vault.ts`).
 */

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Store {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  /** Bodies by what they were written to. */
  readonly objects: Map<string, string>;
  /** How many requests wrote something. */
  writes: number;
  /** The status of every answer, where it is not to be a good one. */
  refusal: number | undefined;
  stop(): void;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

type Answer = readonly [status: number, body: string];

function startStore(answer: (store: Store, request: IncomingMessage, body: string) => Answer): Promise<Store> {
  return new Promise(settle => {
    const server = createServer(async (request, response) => {
      const body = await bodyOf(request);
      const [status, text] = store.refusal === undefined ? answer(store, request, body) : [store.refusal, '{}'];
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
    });
    const store: Store = { address: '', objects: new Map(), writes: 0, refusal: undefined, stop: () => server.close() };
    server.unref();
    server.listen(0, '127.0.0.1', () =>
      settle(Object.assign(store, { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })),
    );
  });
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects/insert; the only bucket is `bucket`. */
export const startStorage = (): Promise<Store> =>
  startStore((store, request, body) => {
    const url = new URL(request.url ?? '', store.address);
    const isUpload = request.method === 'POST' && url.searchParams.get('uploadType') === 'media';
    if (!isUpload || url.pathname !== '/upload/storage/v1/b/bucket/o') return [404, '{}'];
    store.writes += 1;
    store.objects.set(url.searchParams.get('name') ?? '', body);
    return [200, '{"kind":"storage#object"}'];
  });

/** A key-value engine; every request needs the token `root`. */
export const startKeyValue = (): Promise<Store> =>
  startStore((store, request, body) => {
    if (request.headers['x-vault-token'] !== 'root') return [403, '{"errors":["permission denied"]}'];
    const path = request.url ?? '';
    if (request.method === 'PUT') {
      store.writes += 1;
      store.objects.set(path, body);
      return [200, '{}'];
    }
    const found = store.objects.get(path);
    if (found === undefined) return [404, '{"errors":[]}'];
    // Version 2 answers with what was written beside facts about it; version 1 with the values alone.
    return [200, path.includes('/data/') ? `{"data":${found.replace(/\}$/, ',"metadata":{}}')}}` : `{"data":${found}}`];
  });
