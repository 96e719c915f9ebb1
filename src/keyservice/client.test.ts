/** Our client against our server, against servers that do as they like, and against nobody. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { MasterKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { generateIdentity } from '../keys/age/keygen.ts';
import { explicitContext } from '../keys/context.ts';
import type { KeyService } from '../keys/provider.ts';
import { openKeyServices } from './client.ts';
import { asBytes, paths } from './protocol.ts';
import { type RunningService, serveKeys } from './server.ts';

const secret = randomBytes(32);
const part = () => Uint8Array.from(secret);
const { recipient, fileText } = await generateIdentity({ now: new Date(0), random: randomBytes });
const ageKey: MasterKey = { kind: 'age', recipient, enc: '' };
const wrapped: MasterKey = { ...ageKey, enc: 'x' };

function serviceAt(address: string, timeoutMs = 20_000): KeyService {
  const { services, warnings } = openKeyServices([address], { timeoutMs });
  assert.deepEqual(warnings, []);
  return services[0]!;
}

const closings: (() => unknown)[] = [];
after(async () => {
  for (const close of closings) await close();
});

/** Why a service did not wrap and unwrap: the same for both, and nothing of the data key in it. */
async function refusal(service: KeyService): Promise<string> {
  const opened = await service.unwrap(wrapped);
  if (opened instanceof Uint8Array) assert.fail('it opened');
  assert.equal(opened.key, wrapped);
  await assert.rejects(service.wrap(ageKey, part()), (error: unknown) => {
    assert.ok(error instanceof TsopsError && error.code === 'WRAP_FAILED');
    assert.equal(error.message, opened.reason);
    assert.deepEqual(error.hints, opened.hints);
    return true;
  });
  const text = [opened.reason, ...opened.hints].join('\n');
  for (const form of ['hex', 'base64', 'latin1'] as const) assert.ok(!text.includes(secret.toString(form)));
  assert.ok(!text.includes('SECRET'), text);
  return opened.reason;
}

describe('addresses', () => {
  const good: [text: string, name: string][] = [
    ['tcp://127.0.0.1:5000', 'tcp://127.0.0.1:5000'],
    ['tcp4://127.0.0.1:5000', 'tcp://127.0.0.1:5000'],
    ['tcp6://[::1]:5000', 'tcp://[::1]:5000'],
    ['tcp://key_service-1.internal:5000/', 'tcp://key_service-1.internal:5000'],
    ['unix:///run/a%20b.sock', 'unix:/run/a b.sock'],
    ['unix:/run/x', 'unix:/run/x'],
    ['unix:rel/x', 'unix:rel/x'],
  ];
  for (const [text, name] of good) test(text, () => assert.equal(serviceAt(text).name, name));
  const bad = ['foo', 'tcp://', 'tcp://host', 'tcp://host:99999', 'tcp://u:SECRET@host:1', 'tcp://host:1/x'];
  for (const text of [...bad, 'http://host:1', 'udp://host:1', 'unix:', 'unix://', 'unix://rel/x', 'unix:///%ff']) {
    test(`left out: ${text}`, () => {
      const { services, warnings } = openKeyServices(text);
      assert.deepEqual([services.length, warnings.length], [0, 1]);
      assert.ok(!warnings[0]!.includes('SECRET'));
    });
  }
  test('several in one text', () => {
    const { services, warnings } = openKeyServices(' tcp://a:1 ,,bad, unix:///b');
    assert.deepEqual(
      services.map(service => service.name),
      ['tcp://a:1', 'unix:/b'],
    );
    assert.match(warnings.join('\n'), /^key service 2 of 3 is left out/);
  });
});

describe('our own server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsops-keyservice-'));
  const context = explicitContext({ identities: fileText });
  const running: RunningService[] = [];
  before(async () => {
    running.push(
      await serveKeys({ network: 'tcp', address: '127.0.0.1:0', context, random: randomBytes }),
      await serveKeys({ network: 'tcp', address: 'localhost:0', context, random: randomBytes }),
      await serveKeys({ network: 'unix', address: join(folder, 'a %41 ü'), context, random: randomBytes }),
    );
  });
  after(() => {
    for (const service of running) service.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('wraps and unwraps', async () => {
    for (const { address } of running) {
      const service = serviceAt(address);
      const enc = await service.wrap(ageKey, part());
      assert.match(enc, /^-----BEGIN AGE ENCRYPTED FILE-----\n/);
      assert.deepEqual(Buffer.from((await service.unwrap({ ...ageKey, enc })) as Uint8Array), secret);
    }
  });

  test('what cannot be opened, and what cannot be wrapped for', async () => {
    const service = serviceAt(running[0]!.address);
    const failure = await service.unwrap(wrapped);
    assert.ok(!(failure instanceof Uint8Array));
    assert.equal(failure.reason, 'it could not use the key');
    const bad: MasterKey = { kind: 'age', recipient: 'age1SECRET', enc: 'SECRET' };
    await assert.rejects(service.wrap(bad, part()), { code: 'WRAP_FAILED', message: 'it could not use the key' });
  });

  test('many requests at once', async () => {
    const service = serviceAt(running[2]!.address);
    const texts = await Promise.all(Array.from({ length: 60 }, () => service.wrap(ageKey, part())));
    const parts = await Promise.all(texts.map(enc => service.unwrap({ ...ageKey, enc })));
    for (const opened of parts) assert.deepEqual(Buffer.from(opened as Uint8Array), secret);
  });

  test('no proxy is asked', async () => {
    process.env['http_proxy'] = 'http://127.0.0.1:1';
    try {
      await serviceAt(running[1]!.address).wrap(ageKey, part());
    } finally {
      delete process.env['http_proxy'];
    }
  });
});

/** A gRPC server that answers both calls with the same bytes or status. */
async function grpcServer(
  answer: Buffer | { code: number; details?: string } | 'never',
  names = paths,
): Promise<string> {
  const server = new Server({ 'grpc.max_send_message_length': -1 });
  const definition = (path: string) => ({
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  });
  const handler = (_call: unknown, reply: (error: object | null, bytes?: Buffer) => void) => {
    if (Buffer.isBuffer(answer)) reply(null, answer);
    else if (answer !== 'never') reply(answer);
  };
  server.addService({ a: definition(names.wrap), b: definition(names.unwrap) }, { a: handler, b: handler });
  closings.push(() => server.forceShutdown());
  return new Promise((settle, fail) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? fail(error) : settle(`tcp://127.0.0.1:${port}`),
    ),
  );
}

describe('servers that do as they like', () => {
  const rows: [name: string, answer: Parameters<typeof grpcServer>[0], reason: RegExp][] = [
    ['a refusal', { code: status.PERMISSION_DENIED, details: 'SECRET' }, /^the person at the key service refused/],
    ['an error of sops', { code: status.UNKNOWN, details: 'SECRET' }, /^it could not use the key$/],
    ['an unknown kind', { code: status.NOT_FOUND, details: 'SECRET' }, /^it does not know this kind of key$/],
    ['an unknown call', { code: status.UNIMPLEMENTED, details: 'SECRET' }, /not a key service$/],
    ['not to be reached', { code: status.UNAVAILABLE, details: 'SECRET ECONNREFUSED' }, /^nothing listens there$/],
    ['a status of its own', { code: 77, details: 'SECRET' }, /^it could not use the key$/],
    ['a huge answer', Buffer.alloc(8 * 1024 * 1024, 0x0a), /too large$/],
    ['garbage', Buffer.from('0a7f00', 'hex'), /not a key service$/],
  ];
  for (const [name, answer, reason] of rows) {
    test(name, async () => assert.match(await refusal(serviceAt(await grpcServer(answer))), reason));
  }

  test('silence', async () => {
    const begun = Date.now();
    assert.match(await refusal(serviceAt(await grpcServer('never'), 600)), /^it did not answer within 0.6 seconds$/);
    assert.ok(Date.now() - begun < 5000);
  });

  test('another service', async () => {
    const address = await grpcServer(Buffer.alloc(0), { wrap: '/Other/Encrypt', unwrap: '/Other/Decrypt' });
    assert.match(await refusal(serviceAt(address)), /not a key service$/);
  });

  test('answers that cannot be the `enc` of a file', async () => {
    for (const hex of ['', '0a00', '0a0120', '0a01ff', '0a020a0a', '0a0361001b', '0a0361001b'.replace('00', '1b')]) {
      const service = serviceAt(await grpcServer(Buffer.from(hex, 'hex')));
      await assert.rejects(service.wrap(ageKey, part()), { code: 'WRAP_FAILED' }, hex);
    }
    const service = serviceAt(await grpcServer(Buffer.from('0a04610a620a', 'hex')));
    assert.equal(await service.wrap(ageKey, part()), 'a\nb\n');
  });

  test('a request that is too large is not sent', async () => {
    const address = await grpcServer(Buffer.from('0a0161', 'hex'));
    const failure = await serviceAt(address).unwrap({ ...ageKey, enc: 'x'.repeat(2 * 1024 * 1024) });
    assert.ok(!(failure instanceof Uint8Array));
    assert.match(failure.reason, /too large$/);
  });
});

/** A server of bare bytes. */
async function netServer(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: NetServer = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
  closings.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

describe('what is no gRPC server', () => {
  const rows: [name: string, onSocket: (socket: Socket) => void][] = [
    ['one that hangs up', socket => socket.destroy()],
    ['one of another protocol', socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\nSECRET')],
    ['garbage', socket => socket.end(randomBytes(100_000))],
    ['garbage without an end', socket => socket.write(Buffer.alloc(1_000_000, 0xff))],
    ['one that says nothing', () => {}],
  ];
  for (const [name, onSocket] of rows) {
    test(name, async () => {
      const begun = Date.now();
      const reason = await refusal(serviceAt(await netServer(onSocket), 1500));
      assert.match(reason, /cannot be reached|no connection within|did not answer within/);
      assert.ok(Date.now() - begun < 6000);
    });
  }

  test('nobody', async () => {
    const address = await netServer(() => {});
    await closings.pop()?.();
    const begun = Date.now();
    assert.equal(await refusal(serviceAt(address)), 'nothing listens there');
    assert.equal(await refusal(serviceAt('unix:///nonexistent/socket')), 'there is no such socket');
    assert.match(
      await refusal(serviceAt('tcp://no-such-host.invalid:1')),
      /could not be looked up|no machine of that name/,
    );
    assert.ok(Date.now() - begun < 15_000);
  });

  test('a server that comes later is found', async () => {
    const address = await netServer(() => {});
    await closings.pop()?.();
    const service = serviceAt(address);
    assert.equal(await refusal(service), 'nothing listens there');
    const context = explicitContext({ identities: fileText });
    const running = await serveKeys({
      network: 'tcp',
      address: address.replace('tcp://', ''),
      context,
      random: randomBytes,
    });
    closings.push(() => running.close());
    await new Promise(settle => setTimeout(settle, 1200));
    assert.match(await service.wrap(ageKey, part()), /AGE/);
  });
});
