/** AWS KMS keys: what they are, what is asked of AWS for them, and what is said when it fails. `awskms-session.test.ts` has the rest. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { after, beforeEach, describe, test } from 'node:test';
import { AwsMachine, testKeys } from '../../testdata/servers/aws.ts';
import type { AwsKmsKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { awsKmsProvider } from './awskms.ts';
import { parseEncryptionContext } from './awskms-context.ts';
import { sessionName } from './awskms-session.ts';
import type { KeyContext, UnwrapFailure } from './provider.ts';

const { parse, wrap, unwrap } = awsKmsProvider;
const machine = new AwsMachine();
after(() => machine.close());

const uuid = '00000000-1111-4222-8333-444444444444';
const keyOf = (arn: string, more: Partial<AwsKmsKey> = {}): AwsKmsKey => ({ ...parse(arn, 'now')[0]!, ...more });
const somewhere = keyOf(`arn:aws:kms:eu-west-1:111122223333:key/${uuid}`, { enc: 'AAAA' });
const noRandom = () => assert.fail('KMS needs no randomness of ours');
const wrapped = (key: AwsKmsKey, part: Uint8Array, context: KeyContext) => wrap(key, part, context, noRandom);

/** The failure of a key, which must not repeat a secret. */
async function failure(key: AwsKmsKey, context: KeyContext): Promise<UnwrapFailure> {
  const result = await unwrap(key, context);
  assert.ok(!(result instanceof Uint8Array), 'it opened');
  assert.ok(!JSON.stringify([result.reason, result.hints]).includes('canary'), 'a secret is in the report');
  assert.equal(result.key, key);
  return result;
}

describe('parse', () => {
  const arn = `arn:aws:kms:us-east-1:111122223333:key/${uuid}`;
  const role = 'arn:aws:iam::111122223333:role/a+b';
  const cases: [text: string, expected: [arn: string, role: string][]][] = [
    ['', []],
    ['  ', []],
    [arn, [[arn, '']]],
    [
      ` ${arn} , ${arn}+${role}`,
      [
        [arn, ''],
        [arn, role],
      ],
    ],
    [`arn:aws-cn:kms:cn-north-1:1:alias/x+y+${role}`, [['arn:aws-cn:kms:cn-north-1:1:alias/x+y', role]]],
    ['+arn:x', [['+arn:x', '']]],
    ['not an arn', [['notanarn', '']]],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => {
      const found = parse(text, '2026-01-02T03:04:05Z');
      assert.deepEqual(
        found.map(key => [key.arn, key.role]),
        expected,
      );
      for (const key of found) {
        const { kind, awsProfile, context, createdAt, enc } = key;
        assert.deepEqual([kind, awsProfile, context.size, createdAt, enc], ['kms', '', 0, '2026-01-02T03:04:05Z', '']);
      }
    });
  }
  test('an empty piece is refused', () => {
    assert.throws(() => parse(`${arn},`), { code: 'KEY_INVALID' });
  });
});

test('encryption contexts', () => {
  const cases: [text: string, expected: [string, string][] | undefined][] = [
    ['', []],
    ['a:b', [['a', 'b']]],
    [
      'a:b,c:d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a:,:b',
      [
        ['a', ''],
        ['', 'b'],
      ],
    ],
    ['a:1,a:2', [['a', '2']]],
    ['__proto__:x', [['__proto__', 'x']]],
    [' a : b ', [[' a ', ' b ']]],
    ['a', undefined],
    ['a:b:c', undefined],
    ['a:b,', undefined],
  ];
  for (const [text, expected] of cases) {
    const wrong = { code: 'ENCRYPTION_CONTEXT_INVALID', exitStatus: 6 };
    if (expected === undefined) assert.throws(() => parseEncryptionContext(text), wrong);
    else assert.deepEqual([...parseEncryptionContext(text)], expected, text);
  }
});

test('the name of the session is that of sops', () => {
  const cases: [host: string, expected: string][] = [
    ['host', 'sops@host'],
    ['my-host_1.example.com', 'sops@myhost_1.example.com'],
    ['a b+c=d,e@f/g', 'sops@abc=d,e@fg'],
    ['A[\\]^:;<Z', 'sops@A[\\]^Z'],
    ['höst\u{1f600}', 'sops@hst'],
    ['x'.repeat(100), `sops@${'x'.repeat(59)}`],
    ['', 'sops@'],
  ];
  for (const [host, expected] of cases) assert.equal(sessionName(host), expected);
});

describe('what is asked for', () => {
  const scopes: string[] = [];
  const targets: string[] = [];
  let lastBody = '';
  let endpoint = '';
  beforeEach(async () => {
    scopes.length = 0;
    targets.length = 0;
    if (endpoint !== '') return;
    endpoint = await machine.serve((request, response) => {
      scopes.push(/Credential=[^/]+\/\d+\/([^/]+\/[^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '');
      targets.push(String(request.headers['x-amz-target']));
      response.setHeader('Content-Type', 'application/x-amz-json-1.1');
      lastBody = '';
      request.on('data', chunk => {
        lastBody += chunk;
      });
      request.on('end', () => response.end(JSON.stringify({ CiphertextBlob: 'AAAA', Plaintext: 'AAAA' })));
    });
  });

  for (const [partition, region] of [
    ['aws', 'ap-southeast-4'],
    ['aws-cn', 'cn-northwest-1'],
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-iso', 'us-iso-east-1'],
    ['aws-iso-b', 'us-isob-east-1'],
    ['aws-eusc', 'eusc-de-east-1'],
  ]) {
    for (const name of [`key/mrk-${uuid}`, 'alias/a/b_c']) {
      test(`${partition} ${name}: the region of the ARN, whatever the environment says`, async () => {
        const context = machine.context({ ...testKeys, AWS_REGION: 'us-west-2', AWS_ENDPOINT_URL_KMS: endpoint });
        const key = keyOf(`arn:${partition}:kms:${region}:111122223333:${name}`);
        const enc = await wrapped(key, randomBytes(32), context);
        assert.deepEqual(await unwrap({ ...key, enc }, context), new Uint8Array(3));
        assert.deepEqual(scopes, [`${region}/kms`, `${region}/kms`]);
        assert.deepEqual(targets, ['TrentService.Encrypt', 'TrentService.Decrypt']);
      });
    }
  }

  const noArn = /not the ARN of an AWS KMS key or alias/;
  const refused: [name: string, arn: string, reason: RegExp, more?: Partial<AwsKmsKey>][] = [
    ['no ARN', 'alias/x', noArn],
    ['another service', `arn:aws:s3:eu-west-1:1:key/${uuid}`, noArn],
    ['no account', `arn:aws:kms:eu-west-1::key/${uuid}`, noArn],
    ['neither key nor alias', `arn:aws:kms:eu-west-1:1:grant/${uuid}`, noArn],
    ['a host in the place of the region', `arn:aws:kms:evil.example/#:1:key/${uuid}`, noArn],
    ['a port in the place of the region', `arn:aws:kms:x@evil.example:80:1:key/${uuid}`, noArn],
    ['a very long one', `arn:aws:kms:eu-west-1:1:key/${'x'.repeat(100_000)}`, noArn],
    ['a role that is none', somewhere.arn, /not the ARN of a role/, { role: 'arn:aws:iam::1:user/x' }],
    ['no base64', somewhere.arn, /not one that AWS KMS made/, { enc: 'AA-_' }],
    ['too much', somewhere.arn, /not one that AWS KMS made/, { enc: 'A'.repeat(100_000) }],
  ];
  for (const [name, arn, reason, more] of refused) {
    test(`nothing, for ${name}`, async () => {
      const context = machine.context({ ...testKeys, AWS_ENDPOINT_URL: endpoint });
      assert.match((await failure(keyOf(arn, { enc: 'AAAA', ...more }), context)).reason, reason);
      assert.deepEqual(targets, []);
    });
  }

  test('every pair of the encryption context, whatever its name', async () => {
    const context = machine.context({ ...testKeys, AWS_ENDPOINT_URL: endpoint });
    const pairs = new Map(['__proto__', 'constructor', 'ä b', ''].map(name => [name, `${name}=`]));
    await unwrap({ ...somewhere, context: pairs }, context);
    assert.deepEqual(new Map(Object.entries(JSON.parse(lastBody).EncryptionContext)), pairs);
    assert.equal(JSON.parse(lastBody).KeyId, somewhere.arn);
  });

  test('nothing, where the network may not be used', async () => {
    const context = machine.context({ ...testKeys, AWS_ENDPOINT_URL: endpoint }, '', { mayConnect: false });
    const { hints } = await failure(somewhere, context);
    assert.match(hints.join(), /systemContext\(\)/);
    await assert.rejects(wrapped(somewhere, randomBytes(32), context), { code: 'WRAP_FAILED' });
    assert.deepEqual(targets, []);
  });
});

// Node 22 has it from 22.21 on.
const hasProxies = Number(process.versions.node.split('.')[0]) >= 24;
test('a proxy of the environment', { skip: hasProxies ? false : 'this Node has no proxyEnv' }, async () => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    asked.push(request.url);
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
  });
  await new Promise<void>(settle => proxy.listen(0, '127.0.0.1', settle));
  const { port } = proxy.address() as { port: number };
  const context = machine.context(testKeys);
  const env = (name: string) => (name === 'HTTPS_PROXY' ? `http://127.0.0.1:${port}` : context.env(name));
  const { hints } = await failure(somewhere, { ...context, env });
  proxy.close();
  assert.deepEqual([...new Set(asked)], ['kms.eu-west-1.amazonaws.com:443']);
  assert.match(hints.join(), /HTTPS_PROXY/);
});

describe('what AWS answers', () => {
  const error =
    (status: number, type: string): RequestListener =>
    (_, response) => {
      response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1', 'x-amzn-RequestId': '1' });
      response.end(JSON.stringify({ __type: type, message: `canary ${type}`, Message: 'canary' }));
    };
  const body =
    (status: number, text: string | Uint8Array): RequestListener =>
    (_, response) => {
      response.writeHead(status);
      response.end(text);
    };
  const cases: [name: string, answer: RequestListener, reason: RegExp][] = [
    ['denied', error(400, 'AccessDeniedException'), /may not do kms:Decrypt/],
    ['not found', error(400, 'NotFoundException'), /no such key/],
    ['disabled', error(400, 'DisabledException'), /disabled/],
    ['to be deleted', error(400, 'KMSInvalidStateException'), /state/],
    ['a signing key', error(400, 'InvalidKeyUsageException'), /encryption and decryption/],
    ['another key', error(400, 'IncorrectKeyException'), /another AWS KMS key/],
    ['another context', error(400, 'InvalidCiphertextException'), /encryption context/],
    ['expired', error(400, 'ExpiredTokenException'), /expired/],
    ['unknown access key', error(400, 'UnrecognizedClientException'), /not valid/],
    ['wrong secret', error(400, 'InvalidSignatureException'), /signature/],
    ['throttled', error(400, 'ThrottlingException'), /no more requests/],
    ['an error that nobody knows', error(400, 'CanaryException'), /makes sense \(HTTP status 400\)/],
    ['trouble', error(500, 'KMSInternalException'), /failure of its own \(HTTP status 500\)/],
    ['a page of a proxy', body(200, '<html>canary</html>'), /makes sense/],
    ['a page of a proxy that fails', body(502, '<html>canary</html>'), /HTTP status 502/],
    ['an answer without the key', body(200, '{}'), /makes sense/],
    ['a key that is no text', body(200, '{"Plaintext": 7}'), /makes sense/],
    ['noise', body(200, randomBytes(5000)), /makes sense/],
    [
      'another place',
      (_, response) => response.writeHead(307, { Location: 'http://127.0.0.1:9/' }).end(),
      /makes sense/,
    ],
    ['hanging up', request => request.socket.destroy(), /broken off/],
  ];
  for (const [name, answer, reason] of cases) {
    test(name, async () => {
      const endpoint = await machine.serve(answer);
      const context = machine.context({ ...testKeys, AWS_ENDPOINT_URL_KMS: endpoint });
      const found = await failure(somewhere, context);
      assert.match(found.reason, reason);
      assert.ok(found.hints.length > 0);
      await assert.rejects(wrapped(somewhere, randomBytes(32), context), (thrown: unknown) => {
        assert.ok(thrown instanceof TsopsError && thrown.code === 'WRAP_FAILED' && !thrown.message.includes('canary'));
        return true;
      });
    });
  }

  test('nobody listens', async () => {
    const context = machine.context({ ...testKeys, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
    const { reason, hints } = await failure(somewhere, context);
    assert.match(reason, /AWS KMS in eu-west-1 cannot be reached: the connection was refused/);
    assert.match(hints.join(), /AWS_ENDPOINT_URL/);
  });

  test('an address that is none', async () => {
    const { reason } = await failure(
      somewhere,
      machine.context({ ...testKeys, AWS_ENDPOINT_URL_KMS: 'canary not a url' }),
    );
    assert.match(reason, /not a URL/);
  });

  for (const [name, answer] of [
    ['no answer', () => {}],
    ['an answer that never ends', (_, response) => response.write('{')],
  ] satisfies [string, RequestListener][]) {
    test(`${name}: it ends in time`, async () => {
      const endpoint = await machine.serve(answer);
      const before = Date.now();
      const { reason } = await failure(
        somewhere,
        machine.context({ ...testKeys, AWS_ENDPOINT_URL: endpoint }, '', { timeoutMs: 700 }),
      );
      assert.match(reason, /did not answer within 0.7 seconds/);
      assert.ok(Date.now() - before < 3000);
    });
  }
});
