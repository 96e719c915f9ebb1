/**
 * A piece of internet on the loopback: an HTTP proxy that ends the TLS connections to the hosts it knows, with a certificate of its own.
 * Programs that are given it as HTTPS_PROXY, and its certificate as trusted, ask their real addresses and reach the test servers.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';

/** A request with its body read. */
export interface Ask {
  readonly method: string;
  /** With its query, as on the first line of the request. */
  readonly path: string;
  readonly host: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes as JSON, a text as it is. */
  readonly body?: object | string;
}

/** `undefined`: no answer ever comes. */
export type Site = (ask: Ask) => Answer | undefined;

export interface Cloud {
  /** For a client: where the proxy is and whom to trust, for Node and for Go. */
  readonly env: Readonly<Record<string, string>>;
  /** An address that is the cloud's own, for clients that use no proxy. */
  readonly direct: string;
  /** All that was asked, oldest first. */
  readonly asked: Ask[];
  stop(): Promise<void>;
}

/** Longest life of a cloud that nobody stopped. */
const lifeMs = 600_000;

/** @param sites by host name; `*.example.com` stands for one label in front, `127.0.0.1` for those who come without the proxy. */
export async function startCloud(sites: Readonly<Record<string, Site>>): Promise<Cloud> {
  const certificate = makeCertificate(Object.keys(sites));
  const folder = mkdtempSync(join(tmpdir(), 'tsops-cloud-'));
  const authority = join(folder, 'ca.pem');
  writeFileSync(authority, certificate.cert);
  const asked: Ask[] = [];
  const sockets = new Set<Socket>();
  const inside = createTlsServer(certificate, (request, response) => respond(sites, asked, request, response));
  const proxy = createServer((_request, response) => response.writeHead(400).end());
  proxy.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const host = (request.url ?? '').replace(/:443$/, '');
    if (siteOf(sites, host) === undefined) return socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.unshift(head);
    inside.emit('connection', socket);
  });
  await new Promise<void>(settle => proxy.listen(0, '127.0.0.1', settle));
  await new Promise<void>(settle => inside.listen(0, '127.0.0.1', settle));
  const [address, direct] = [`http://127.0.0.1:${portOf(proxy)}`, `https://127.0.0.1:${portOf(inside)}`];
  const stop = async () => {
    clearTimeout(end);
    for (const socket of sockets) socket.destroy();
    for (const server of [proxy, inside]) {
      server.closeAllConnections();
      await new Promise(settle => server.close(settle));
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const end = setTimeout(stop, lifeMs);
  end.unref();
  return {
    env: { HTTPS_PROXY: address, NODE_EXTRA_CA_CERTS: authority, SSL_CERT_FILE: authority },
    direct,
    asked,
    stop,
  };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function siteOf(sites: Readonly<Record<string, Site>>, host: string): Site | undefined {
  return sites[host] ?? sites[host.replace(/^[^.]+/, '*')];
}

async function respond(
  sites: Readonly<Record<string, Site>>,
  asked: Ask[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = '', url: path = '', headers } = request;
  const host = headers.host ?? '';
  const ask = { method, path, host, headers, body: Buffer.concat(chunks).toString() };
  asked.push(ask);
  const site = siteOf(sites, host.replace(/:\d+$/, ''));
  const answer = site === undefined ? { status: 421 } : site(ask);
  if (answer === undefined) return;
  const { status, body = '' } = answer;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...answer.headers }).end(text);
}
