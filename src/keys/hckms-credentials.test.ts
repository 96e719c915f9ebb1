/** The access key of a server of HuaweiCloud, and the signature that access keys make. The other ways to one are in hckms.test.ts. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { temporary, temporaryCredential } from '../../testdata/servers/huaweikms.ts';
import { fromServer } from './hckms-credentials.ts';
import { authorization } from './hckms-request.ts';

describe('the signature', () => {
  // Both examples of core/auth/signer/signer_test.go of huaweicloud-sdk-go-v3 0.1.202.
  const accessKey = { id: 'AccessKey', secret: 'SecretKey', securityToken: '' };
  const date = { 'x-sdk-date': '20060102T150405Z', test_underscore: 'TEST_VALUE' };
  const host = 'https://example.huaweicloud.com';
  test('of a request without a body', () => {
    const request = { method: 'GET', url: new URL(`${host}/path?limit=1`), headers: date, body: '' };
    assert.equal(
      authorization(request, accessKey),
      'SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date, Signature=5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624',
    );
  });
  test('of a request with a body', () => {
    const headers = { ...date, 'content-type': 'application/json' };
    const body = '{"Name":"test","Id":1}\n';
    const request = { method: 'POST', url: new URL(`${host}/path?key=value`), headers, body };
    assert.equal(
      authorization(request, accessKey),
      'SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date, Signature=cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59',
    );
  });
});

test('the access key of a server', async () => {
  let answer: object | string = { credential: temporaryCredential };
  const server = createServer((request, response) => {
    const isToken = request.method === 'PUT' && request.url === '/meta-data/latest/api/token';
    if (isToken) return response.end('metadata-token');
    const isKnown =
      request.url === '/openstack/latest/securitykey' && request.headers['x-metadata-token'] === 'metadata-token';
    response.writeHead(isKnown ? 200 : 401).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
  const host = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const found = await fromServer(host, 5000);
    assert.deepEqual(found?.accessKey, {
      id: temporary.ak,
      secret: temporary.sk,
      securityToken: temporary.securityToken,
    });
    assert.equal(found?.untilMs, Date.parse(temporaryCredential.expires_at));
    for (const bad of ['garbage', {}, { credential: { ...temporaryCredential, secret: 7 } }, '[]']) {
      answer = bad;
      assert.equal(await fromServer(host, 5000), undefined);
    }
  } finally {
    server.close();
  }
  assert.equal(await fromServer(host, 5000), undefined);
});
