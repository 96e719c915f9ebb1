/**
 * The key service as strangers see it: what it refuses, what it asks first, and what it leaves behind. With TSOPS_TEST_SOPS a real
 * sops is one of them.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { MasterKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { generateIdentity } from '../keys/age/keygen.ts';
import { explicitContext } from '../keys/context.ts';
import { openKeyServices } from './client.ts';
import { asBytes, paths, type Verb } from './protocol.ts';
import { type RunningService, type ServingOptions, serveKeys } from './server.ts';
import { maxMessageBytes, parseResponse, printRequest } from './wire.ts';

const { recipient, fileText } = await generateIdentity({ now: new Date(0), random: randomBytes });
const ageKey: MasterKey = { kind: 'age', recipient, enc: '' };
const realSops = process.env['TSOPS_TEST_SOPS'];
const secret = randomBytes(32);
const folder = mkdtempSync(join(tmpdir(), 'tsops-keyservice-'));
const closings: (() => void)[] = [];
after(() => {
  for (const close of closings) close();
  rmSync(folder, { recursive: true, force: true });
});

async function serving(options: Partial<ServingOptions> = {}): Promise<RunningService> {
  const service = await serveKeys({
    network: 'tcp',
    address: '127.0.0.1:0',
    context: explicitContext({ identities: fileText }),
    random: randomBytes,
    ...options,
  });
  closings.push(() => service.close());
  return service;
}

function clientOf({ address }: RunningService): Client {
  const client = new Client(address.replace('tcp://', ''), credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
  });
  closings.push(() => client.close());
  return client;
}

const call = (client: Client, verb: Verb, message: Uint8Array): Promise<Buffer | ServiceError> =>
  new Promise(settle =>
    client.makeUnaryRequest(paths[verb], asBytes, asBytes, Buffer.from(message), new Metadata(), (error, answer) =>
      settle(error ?? answer ?? Buffer.alloc(0)),
    ),
  );

async function fault(client: Client, verb: Verb, message: Uint8Array): Promise<[code: number, details: string]> {
  const answer = await call(client, verb, message);
  if (Buffer.isBuffer(answer)) assert.fail('it was answered');
  assert.ok(!answer.details.includes('SECRET'), answer.details);
  return [answer.code, answer.details];
}

describe('what comes in', () => {
  test('garbage, no key, kinds of the future, and too much', async () => {
    const client = clientOf(await serving());
    const rows: [message: Uint8Array, code: number][] = [
      [Buffer.from('ffff', 'hex'), status.INVALID_ARGUMENT],
      [Buffer.from('0a0100', 'hex'), status.INVALID_ARGUMENT],
      [randomBytes(1000).fill(0xff, 0, 12), status.INVALID_ARGUMENT],
      [Buffer.alloc(0), status.NOT_FOUND],
      [Buffer.from('0a024200', 'hex'), status.NOT_FOUND],
      [printRequest(ageKey, Buffer.alloc(maxMessageBytes)), status.RESOURCE_EXHAUSTED],
      [printRequest({ kind: 'age', recipient: 'AGE-SECRET-KEY-1', enc: '' }, secret), status.FAILED_PRECONDITION],
      [printRequest(ageKey, Buffer.from('SECRET')), status.FAILED_PRECONDITION],
      [printRequest(ageKey, Buffer.alloc(0)), status.FAILED_PRECONDITION],
    ];
    for (const [message, code] of rows) assert.equal((await fault(client, 'unwrap', message))[0], code);
    assert.ok(Buffer.isBuffer(await call(client, 'wrap', printRequest(ageKey, secret))));
  });

  test('what is no gRPC at all', async () => {
    const service = await serving();
    const port = Number(service.address.split(':').at(-1));
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), randomBytes(50_000), Buffer.alloc(10)]) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.end(bytes);
      await new Promise(settle => socket.resume().on('close', settle));
    }
    assert.ok(Buffer.isBuffer(await call(clientOf(service), 'wrap', printRequest(ageKey, secret))));
  });

  test('each answer is told, with the reason where there is one', async () => {
    const told: unknown[] = [];
    const client = clientOf(await serving({ onAnswer: ({ verb, key, failure }) => told.push([verb, key, failure]) }));
    const answer = await call(client, 'wrap', printRequest(ageKey, secret));
    const enc = parseResponse(answer as Buffer)!;
    assert.deepEqual(parseResponse((await call(client, 'unwrap', printRequest(ageKey, enc))) as Buffer), secret);
    const [, reason] = await fault(client, 'unwrap', printRequest(ageKey, Buffer.from('SECRET')));
    assert.ok(reason.length > 10);
    assert.deepEqual(told, [
      ['wrap', ageKey, undefined],
      ['unwrap', ageKey, undefined],
      ['unwrap', ageKey, reason],
    ]);
  });
});

test('an answer that cannot be noted down is not given', async () => {
  const onAnswer = () => {
    throw new TsopsError('AUDIT_FAILED', 'no');
  };
  const [code] = await fault(clientOf(await serving({ onAnswer })), 'wrap', printRequest(ageKey, secret));
  assert.equal(code, status.INTERNAL);
});

describe('asking first', () => {
  test('what is refused is not done, and one question follows the other', async () => {
    const asked: string[] = [];
    let open = 0;
    const approve = async (verb: Verb, key: MasterKey) => {
      assert.equal(++open, 1);
      asked.push(`${verb} ${key.kind === 'age' ? key.recipient : ''}`);
      await new Promise(settle => setTimeout(settle, 20));
      open -= 1;
      return verb === 'wrap';
    };
    const told: unknown[] = [];
    let looked = 0;
    const env = (): undefined => {
      looked += 1;
    };
    const context = { ...explicitContext({}), ageIdentities: undefined, env };
    const client = clientOf(await serving({ approve, context, onAnswer: ({ verb }) => told.push(verb) }));
    const requests = ['wrap', 'unwrap', 'wrap', 'unwrap'] as const;
    const answers = await Promise.all(requests.map(verb => call(client, verb, printRequest(ageKey, secret))));
    assert.deepEqual([...asked].sort(), [...requests].map(verb => `${verb} ${recipient}`).sort());
    assert.deepEqual(
      answers.map(answer => (Buffer.isBuffer(answer) ? 'done' : answer.code)),
      ['done', status.PERMISSION_DENIED, 'done', status.PERMISSION_DENIED],
    );
    assert.deepEqual(told, ['wrap', 'wrap']);
    assert.equal(looked, 0);
    const willing = clientOf(await serving({ context }));
    await fault(willing, 'unwrap', printRequest(ageKey, parseResponse(answers[0] as Buffer)!));
    assert.notEqual(looked, 0);
  });

  test('nobody is asked about a client that has gone', async () => {
    const asked: Verb[] = [];
    const answers: ((yes: boolean) => void)[] = [];
    const told: unknown[] = [];
    const approve = (verb: Verb) => {
      asked.push(verb);
      return new Promise<boolean>(settle => answers.push(settle));
    };
    const { address } = await serving({ approve, onAnswer: answer => told.push(answer) });
    const [service] = openKeyServices(address, { timeoutMs: 500 }).services;
    const failures = await Promise.all([
      service!.unwrap({ ...ageKey, enc: 'x' }),
      service!.unwrap({ ...ageKey, enc: 'y' }),
    ]);
    for (const failure of failures) assert.match((failure as { reason: string }).reason, /did not answer within/);
    await new Promise(settle => setTimeout(settle, 100));
    answers[0]!(true);
    await new Promise(settle => setTimeout(settle, 100));
    assert.deepEqual([asked, told], [['unwrap'], []]);
  });

  test('a question that fails refuses, and the next one is asked', async () => {
    let times = 0;
    const approve = async () => {
      times += 1;
      if (times === 1) throw new Error('SECRET');
      return true;
    };
    const client = clientOf(await serving({ approve }));
    assert.equal((await fault(client, 'wrap', printRequest(ageKey, secret)))[0], status.INTERNAL);
    assert.ok(Buffer.isBuffer(await call(client, 'wrap', printRequest(ageKey, secret))));
  });
});

describe('a real sops', { skip: realSops ? false : 'TSOPS_TEST_SOPS names no sops' }, () => {
  test('names keys of every kind, and takes a refusal', async () => {
    const asked: MasterKey[] = [];
    const approve = async (_verb: Verb, key: MasterKey) => {
      asked.push(key);
      return false;
    };
    const { address } = await serving({ approve });
    const file = join(folder, 'plain.yaml');
    writeFileSync(file, 'a: 1\n');
    const id = '11111111-2222-3333-4444-555555555555';
    const arn = `arn:aws:kms:eu-west-1:123456789012:key/${id}`;
    const role = 'arn:aws:iam::123456789012:role/r';
    const resourceId = 'projects/p/locations/global/keyRings/r/cryptoKeys/k';
    const flags = [
      ...['--kms', `${arn}+${role}`, '--encryption-context', 'App:web,Empty:,Wörd:ü', '--aws-profile', 'dev'],
      ...['--pgp', '92A26C86F3E23782', '--gcp-kms', resourceId, '--hckms', `cn-north-1:${id}`, '--age', recipient],
      ...['--azure-kv', 'https://v.vault.azure.net/keys/k/0123', '--hc-vault-transit', 'https://v:8200/v1/a/keys/k'],
      ...['--enable-local-keyservice=false', '--keyservice', address, '--encrypt', file],
    ];
    const env = { PATH: process.env['PATH'], HOME: folder };
    const failure = await promisify(execFile)(realSops ?? '', flags, { env, cwd: folder }).catch(error => error);
    assert.match(String(failure.stderr), /the request was refused/);
    const rest = { createdAt: '', enc: '' };
    const context = new Map([
      ['App', 'web'],
      ['Empty', ''],
      ['Wörd', 'ü'],
    ]);
    const expected: MasterKey[] = [
      { kind: 'age', recipient, enc: '' },
      { kind: 'azure_kv', vaultUrl: 'https://v.vault.azure.net', name: 'k', version: '0123', ...rest },
      { kind: 'gcp_kms', resourceId, ...rest },
      { kind: 'hc_vault', vaultAddress: 'https://v:8200', enginePath: 'a', keyName: 'k', ...rest },
      { kind: 'hckms', keyId: `cn-north-1:${id}`, ...rest },
      { kind: 'kms', arn, role, context, awsProfile: 'dev', ...rest },
      { kind: 'pgp', fingerprint: '92A26C86F3E23782', ...rest },
    ];
    asked.sort((one, other) => (one.kind < other.kind ? -1 : 1));
    assert.deepEqual(asked, expected);
  });
});

describe('where it listens', () => {
  test('a port of its own, and one that is in use', async () => {
    const { address } = await serving();
    assert.match(address, /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
    await assert.rejects(serving({ address: address.replace('tcp://', '') }), (error: unknown) => {
      assert.ok(error instanceof TsopsError && error.code === 'LISTEN_FAILED');
      assert.match(error.message, /in use/);
      return true;
    });
  });

  test('others are warned of before they can connect', async () => {
    for (const [address, expected] of [
      ['127.0.0.1:0', 0],
      ['localhost:0', 0],
      ['0.0.0.0:0', 1],
      [':0', 1],
    ] as const) {
      let warnings = 0;
      await serving({ address, onExposed: () => (warnings += 1) });
      assert.equal(warnings, expected, address);
    }
    const refuse = () => {
      throw new Error('no');
    };
    await assert.rejects(serving({ address: '0.0.0.0:0', onExposed: refuse }), { message: 'no' });
  });

  test('a socket for this user, which goes with the service', { skip: process.platform === 'win32' }, async () => {
    const path = join(folder, 'socket');
    const service = await serving({ network: 'unix', address: path });
    assert.equal(service.address, `unix://${path}`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await assert.rejects(serving({ network: 'unix', address: path }), { code: 'LISTEN_FAILED' });
    assert.match(await openKeyServices(service.address).services[0]!.wrap(ageKey, secret), /AGE/);
    service.close();
    assert.ok(!existsSync(path));
    await assert.rejects(serving({ network: 'unix', address: join(folder, 'no', 'socket') }), {
      code: 'LISTEN_FAILED',
    });
  });
});
