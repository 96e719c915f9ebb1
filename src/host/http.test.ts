import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as tls from 'node:tls';
import { promisify } from 'node:util';
import { makeCertificate } from '../../testdata/servers/certificate.ts';
import { type HttpFault, type HttpRequest, type HttpResponse, isFault, sendRequest } from './http.ts';

const started: (() => void)[] = [];
after(() => {
  for (const stop of started) stop();
});

async function listen(server: Server, path?: string): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  started.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>(settle =>
    path === undefined ? server.listen(0, '127.0.0.1', settle) : server.listen(path, settle),
  );
  return path === undefined ? (server.address() as AddressInfo).port : 0;
}

const plainAt = async (listener: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listen(createServer(listener))}/`;

const ask = (url: string, more: Partial<HttpRequest> = {}): Promise<HttpResponse | HttpFault> =>
  sendRequest({ method: 'PUT', url: new URL(url), headers: {}, timeoutMs: 5000, ...more });

async function answered(url: string, more: Partial<HttpRequest> = {}): Promise<HttpResponse> {
  const outcome = await ask(url, more);
  assert.ok(!isFault(outcome), isFault(outcome) ? outcome.reason : '');
  return outcome;
}

async function faulted(url: string, more: Partial<HttpRequest> = {}): Promise<HttpFault> {
  const outcome = await ask(url, more);
  assert.ok(isFault(outcome), 'there was an answer');
  assert.ok(!/canary|127\.0\.0\.1/.test(outcome.reason), outcome.reason);
  return outcome;
}

const echo: RequestListener = async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method, url, headers } = request;
  response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
};

describe('a request', () => {
  test('is sent as it is and answered with status, headers and body', async () => {
    const url = await plainAt((request, response) => {
      response.writeHead(418, { 'x-answer': 'yes' });
      echo(request, response);
    });
    const { status, headers, body } = await answered(`${url}a/b?c=d`, { headers: { 'X-One': '1' }, body: 'text' });
    const seen = JSON.parse(Buffer.from(body).toString());
    assert.deepEqual([status, headers['x-answer'], seen.method, seen.url], [418, 'yes', 'PUT', '/a/b?c=d']);
    assert.deepEqual([seen.headers['x-one'], seen.headers.host, seen.body], ['1', new URL(url).host, 'text']);
  });

  test('goes through a Unix domain socket', async () => {
    const socketPath = join(tmpdir(), `tsops-http-${process.pid}.sock`);
    await listen(createServer(echo), socketPath);
    const { body } = await answered('http://localhost/x', { socketPath });
    assert.equal(JSON.parse(Buffer.from(body).toString()).url, '/x');
    const { fault } = await faulted('http://localhost/x', { socketPath: `${socketPath}.none` });
    assert.equal(fault, 'unreachable');
  });

  test('follows no redirect', async () => {
    let asked = 0;
    const other = await plainAt((_, response) => {
      asked += 1;
      response.end();
    });
    const url = await plainAt((_, response) => response.writeHead(307, { location: other }).end());
    assert.equal((await answered(url)).status, 307);
    assert.equal(asked, 0);
  });
});

describe('faults', () => {
  const cases: [name: string, expected: HttpFault['fault'], listener: RequestListener, more?: Partial<HttpRequest>][] =
    [
      ['no answer', 'timeout', () => undefined, { timeoutMs: 200 }],
      [
        'an answer that drips',
        'timeout',
        (_, response) => void setInterval(() => response.write('x'), 20).unref(),
        { timeoutMs: 200 },
      ],
      [
        'an answer that is too large',
        'tooLarge',
        (_, response) => response.end('canary'.repeat(100)),
        { maxBytes: 599 },
      ],
      ['a connection cut before the answer', 'broken', request => request.socket.destroy()],
      [
        'a connection cut within the answer',
        'broken',
        (_, response) => {
          response.writeHead(200, { 'content-length': '100' });
          response.write('canary', () => response.destroy());
        },
      ],
      ['something that is not HTTP', 'broken', request => request.socket.end('canary\r\n\r\n')],
      [
        'another protocol',
        'broken',
        request => request.socket.end('HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      ],
      [
        'a header without end',
        'broken',
        request => request.socket.end(`HTTP/1.1 200 OK\r\nx: ${'canary'.repeat(20_000)}`),
      ],
      ['a header that cannot be sent', 'settings', echo, { headers: { 'X-One': 'canary\n' } }],
      ['a proxy that is not one', 'proxy', echo, { proxy: 'socks5://127.0.0.1:1' }],
      ['a proxy that is down', 'unreachable', echo, { proxy: 'http://127.0.0.1:1' }],
    ];
  for (const [name, expected, listener, more = {}] of cases) {
    test(name, async () => {
      const url = await plainAt(listener);
      const before = performance.now();
      assert.equal((await faulted(url, more)).fault, expected);
      assert.ok(performance.now() - before < 2000);
    });
  }

  test('exactly as much as is allowed is read', async () => {
    const url = await plainAt((_, response) => response.end('canary'.repeat(100)));
    assert.equal((await answered(url, { maxBytes: 600 })).body.length, 600);
  });

  test('nothing listens; a name that is none; a connection that does not open', async () => {
    assert.equal((await faulted('http://127.0.0.1:1/')).fault, 'unreachable');
    assert.equal((await faulted('http://no.such.name.invalid/')).fault, 'unreachable');
    const silent = await listen(createSocketServer(() => undefined));
    const outcome = await faulted(`https://127.0.0.1:${silent}/`, { connectTimeoutMs: 200 });
    assert.deepEqual([outcome.fault, outcome.reason], ['timeout', 'could not be connected to within 0.2 seconds']);
  });
});

describe('TLS', async () => {
  const own = makeCertificate(['127.0.0.1', 'vault.example.com']);
  const client = makeCertificate(['client']);
  const secureAt = async (options: ServerOptions = own): Promise<string> =>
    `https://127.0.0.1:${await listen(createTlsServer(options, echo))}/`;
  const trusting = (cert: string, more: HttpRequest['tls'] = {}): Partial<HttpRequest> => ({
    tls: { authorities: [cert], ...more },
  });

  test('the certificate is compared with the authorities', async () => {
    const url = await secureAt();
    assert.equal((await faulted(url)).fault, 'issuer');
    assert.equal((await faulted(url, trusting(client.cert))).fault, 'issuer');
    assert.equal((await answered(url, trusting(own.cert))).status, 200);
    assert.equal((await answered(url, { tls: { insecure: true } })).status, 200);
  });

  const canReadSystem = process.platform === 'linux' && typeof tls.getCACertificates === 'function';
  test('authorities of the system count too', {
    skip: !canReadSystem && 'not on Linux, or Node is too old',
  }, async () => {
    const url = await secureAt();
    const store = join(tmpdir(), `tsops-http-${process.pid}.pem`);
    writeFileSync(store, own.cert);
    started.push(() => rmSync(store));
    const code = `import { sendRequest } from ${JSON.stringify(import.meta.resolve('./http.ts'))};
      const { status, reason } = await sendRequest({ method: 'GET', url: new URL('${url}'), headers: {}, timeoutMs: 5000 });
      console.log(status ?? reason);`;
    const env = { ...process.env, SSL_CERT_FILE: store };
    const child = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], { env });
    assert.equal(child.stdout, '200\n');
  });

  test('the certificate has to hold the name', async () => {
    const other = makeCertificate(['vault.example.com']);
    const url = await secureAt(other);
    assert.match((await faulted(url, trusting(other.cert))).reason, /for another name/);
    assert.equal((await answered(url, trusting(other.cert, { serverName: 'vault.example.com' }))).status, 200);
    assert.match((await faulted(url, trusting(other.cert, { serverName: 'x.example.com' }))).reason, /another name/);
  });

  test('a certificate that has expired', async () => {
    const old = makeCertificate(['127.0.0.1'], Date.now() - 60_000);
    assert.match((await faulted(await secureAt(old), trusting(old.cert))).reason, /expired/);
  });

  test('a server that wants a certificate', async () => {
    const url = await secureAt({ ...own, ca: client.cert, requestCert: true, rejectUnauthorized: true });
    assert.match((await faulted(url, trusting(own.cert))).fault, /^(?:tls|broken)$/);
    const shown = trusting(own.cert, { certificate: client.cert, key: client.key });
    assert.equal((await answered(url, shown)).status, 200);
    const unfit = trusting(own.cert, { certificate: client.cert, key: own.key });
    assert.equal((await faulted(url, unfit)).fault, 'settings');
  });

  test('a server without TLS, and a client without', async () => {
    const url = await plainAt(echo);
    assert.match((await faulted(url.replace('http', 'https'))).reason, /does not answer with TLS/);
    assert.equal((await faulted((await secureAt()).replace('https', 'http'))).fault, 'broken');
  });

  test('through a proxy: a tunnel, in which TLS speaks with the server itself', async () => {
    const asked: string[] = [];
    const proxy = createServer((_, response) => response.writeHead(400).end());
    proxy.on('connect', (request, socket: Socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
      const [host = '', port] = (request.url ?? '').split(':');
      if (request.headers['proxy-authorization'] === undefined) return socket.end('HTTP/1.1 407 Canary\r\n\r\n');
      const target = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.end('HTTP/1.1 502 Canary\r\n\r\n'));
    });
    const port = await listen(proxy);
    const url = await secureAt();
    const by = { proxy: `http://me:p%40ss@127.0.0.1:${port}` };
    assert.equal((await answered(url, { ...by, ...trusting(own.cert) })).status, 200);
    assert.deepEqual(asked, [`${new URL(url).host} Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
    assert.equal((await faulted(url, by)).fault, 'issuer');
    assert.match((await faulted(url, { proxy: `127.0.0.1:${port}` })).reason, /proxy refused .*HTTP 407/);
    assert.match((await faulted('https://127.0.0.1:1/', by)).reason, /proxy refused .*HTTP 502/);
    assert.equal((await faulted(url, { proxy: '127.0.0.1:1' })).reason, 'cannot be reached by the proxy');
  });
});

test('without TLS the proxy is asked for the whole address', async () => {
  const proxy = await plainAt(echo);
  const { body } = await answered('http://vault.example.com/a?b', { proxy });
  const { url, headers } = JSON.parse(Buffer.from(body).toString());
  assert.deepEqual([url, headers.host], ['http://vault.example.com/a?b', 'vault.example.com']);
});
