/** The credentials of Google Cloud KMS keys: where they are looked for, in which order, and what is said of those that do not work. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FakeGoogle, keyOf, part, transports, type Variables } from '../../testdata/servers/gcpkms-client.ts';
import { foreignProject } from '../../testdata/servers/gcpkms-keys.ts';
import { explicitContext } from './context.ts';
import { findCredential } from './gcpkms-credentials.ts';
import type { KeyContext } from './provider.ts';

describe('credentials', () => {
  let google: FakeGoogle;
  let key = keyOf('one');

  before(async () => {
    google = await FakeGoogle.start();
    const by = google.caller({ ...google.at('grpc'), GOOGLE_OAUTH_ACCESS_TOKEN: google.ready.token });
    key = keyOf('one', (await google.ask(by, { verb: 'wrap' })).enc);
  });
  after(() => google.stop());

  const loginFile = '.config/gcloud/application_default_credentials.json';
  const federation = (subject: string, tokenPort = google.ready.rest): string =>
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `https://localhost:${tokenPort}/token`,
      credential_source: { file: google.file(`subject-${subject}`, subject) },
    });
  const login = (refreshToken: string): string =>
    JSON.stringify({ type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: refreshToken });

  const good: readonly (readonly [name: string, variables: () => Variables])[] = [
    ['a path in GOOGLE_CREDENTIALS', () => ({ GOOGLE_CREDENTIALS: join(google.folder, 'account.json') })],
    ['JSON in GOOGLE_CREDENTIALS', () => ({ GOOGLE_CREDENTIALS: google.account })],
    [
      'GOOGLE_CREDENTIALS before all others',
      () => ({
        GOOGLE_CREDENTIALS: google.account,
        GOOGLE_OAUTH_ACCESS_TOKEN: 'old',
        GOOGLE_APPLICATION_CREDENTIALS: '/no',
      }),
    ],
    [
      'a token before the default credentials',
      () => ({ GOOGLE_OAUTH_ACCESS_TOKEN: google.ready.token, GOOGLE_APPLICATION_CREDENTIALS: '/no' }),
    ],
    [
      'GOOGLE_APPLICATION_CREDENTIALS before the login',
      () => {
        google.file(`a/${loginFile}`, '{');
        return { HOME: join(google.folder, 'a'), GOOGLE_APPLICATION_CREDENTIALS: join(google.folder, 'account.json') };
      },
    ],
    [
      'the login of gcloud',
      () => {
        google.file(`b/${loginFile}`, federation('good'));
        return { HOME: join(google.folder, 'b'), GOOGLE_CREDENTIALS: '', GOOGLE_OAUTH_ACCESS_TOKEN: '' };
      },
    ],
    [
      'the metadata server',
      () => ({ METADATA_SERVER_DETECTION: '', GCE_METADATA_HOST: `127.0.0.1:${google.ready.metadata}` }),
    ],
    [
      'another quota project',
      () => ({ GOOGLE_CREDENTIALS: google.account, GOOGLE_CLOUD_QUOTA_PROJECT: 'other', NO_GCE_CHECK: 'true' }),
    ],
  ];
  // The names are looked for in the same way for both.
  for (const [index, [name, variables]] of good.entries()) {
    const transport = transports[index % 2] ?? 'grpc';
    test(`${transport}: ${name}`, async () => {
      const { part: opened, reason } = await google.ask(google.caller({ ...google.at(transport), ...variables() }), {
        key,
      });
      assert.equal(opened, part, reason);
    });
  }
  for (const transport of transports) {
    test(`${transport}: the key of a service account`, async () => {
      const by = google.caller({ ...google.at(transport), GOOGLE_CREDENTIALS: google.account });
      assert.equal((await google.ask(by, { key })).part, part);
    });
  }

  type Bad = readonly [name: string, variables: () => Variables, reason: RegExp, hint: RegExp];
  const bad: readonly Bad[] = [
    ['no credentials', () => ({}), /^no Google Cloud credentials were found \(GOOGLE_CREDENTIALS/, /default login/],
    [
      'a metadata server that is not there',
      () => ({ METADATA_SERVER_DETECTION: '', GCE_METADATA_HOST: '127.0.0.1:9' }),
      /^no Google Cloud credentials/,
      /default login/,
    ],
    [
      'a page where the metadata server should be',
      () => ({ METADATA_SERVER_DETECTION: '', GCE_METADATA_HOST: `localhost:${google.ready.grpcProxy}` }),
      /^no Google Cloud credentials/,
      /default login/,
    ],
    ['no path and no JSON', () => ({ GOOGLE_CREDENTIALS: 'nothing' }), /neither the path of a file nor/, /unset it/],
    ['a folder', () => ({ GOOGLE_CREDENTIALS: google.folder }), /names cannot be read/, /unset it/],
    ['JSON cut short', () => ({ GOOGLE_CREDENTIALS: '{"type": "service_account"' }), /is not JSON/, /unset it/],
    ['JSON of nothing', () => ({ GOOGLE_CREDENTIALS: '{}' }), /damaged or of an unknown type/, /unset it/],
    [
      'a private key that is none',
      () => ({ GOOGLE_CREDENTIALS: '{"client_email": "a@b", "private_key": "PRIVATE"}' }),
      /^no token could be had for the credential of GOOGLE_CREDENTIALS: it is damaged, or/,
      /unset it/,
    ],
    ['a missing file', () => ({ GOOGLE_APPLICATION_CREDENTIALS: '/no/file' }), /names does not exist/, /unset it/],
    [
      'another universe',
      () => ({ GOOGLE_CREDENTIALS: federation('good').replace('{', '{"universe_domain":"example.org",') }),
      /universe domain example.org/,
      /SOPS_GCP_KMS_UNIVERSE_DOMAIN/,
    ],
    ['a federation that ended', () => ({ GOOGLE_CREDENTIALS: federation('expired') }), /has expired/, /unset it/],
    ['a federation refused', () => ({ GOOGLE_CREDENTIALS: federation('bad') }), /\(invalid_target\)/, /unset it/],
    ['an odd token service', () => ({ GOOGLE_CREDENTIALS: federation('teapot') }), /with 418$/, /unset it/],
    [
      'a garbled token service',
      () => ({ GOOGLE_CREDENTIALS: federation('garbage') }),
      /^no token could be had for the credential of GOOGLE_CREDENTIALS/,
      /unset it/,
    ],
    [
      'a token service without a token',
      () => ({ GOOGLE_CREDENTIALS: federation('empty') }),
      /^the answer of the token service makes no sense$/,
      /proxy/,
    ],
    [
      'a quota project that is not theirs',
      () => ({ GOOGLE_CREDENTIALS: google.account, GOOGLE_CLOUD_QUOTA_PROJECT: foreignProject }),
      /may not use its quota project$/,
      /set-quota-project/,
    ],
    [
      'no token service',
      () => ({ GOOGLE_CREDENTIALS: federation('good', 9) }),
      /^the token service .* refused$/,
      /proxy/,
    ],
  ];
  for (const [name, variables, reason, hint] of bad) {
    test(name, async () => {
      const outcome = await google.ask(google.caller({ ...google.at('grpc'), ...variables() }), {
        key,
        timeoutMs: 5000,
      });
      assert.match(outcome.reason ?? '', reason);
      assert.match(outcome.hints?.join('\n') ?? '', hint);
      assert.ok(outcome.tookMs < 4500, `${outcome.tookMs} ms`);
    });
  }

  test('a login, and one that ended', async () => {
    const home = (name: string) => {
      google.file(`${name}/${loginFile}`, login(name));
      return { HOME: join(google.folder, name), ...google.proxyTo('rest') };
    };
    assert.equal((await google.ask(google.caller(home('good')), { key })).part, part);
    const { reason, hints } = await google.ask(google.caller(home('expired')), { key });
    assert.equal(reason, 'the credential of the gcloud login has expired or was revoked');
    assert.deepEqual(hints, ['Log in anew: gcloud auth application-default login']);
    const slow = await google.ask(google.caller(home('slow')), { key, timeoutMs: 1500 });
    assert.equal(slow.reason, 'the token service did not answer within 1.5 seconds');
    assert.ok(slow.tookMs < 2500, `${slow.tookMs} ms`);
  });

  test('a federation that hangs', async () => {
    const by = google.caller({ ...google.at('grpc'), GOOGLE_CREDENTIALS: federation('slow') });
    const { reason, tookMs } = await google.ask(by, { key, timeoutMs: 1500 });
    assert.equal(reason, 'the token service did not answer within 1.5 seconds');
    assert.ok(tookMs < 2500, `${tookMs} ms`);
  });

  test('off the cloud, a metadata address that swallows everything', async () => {
    const mute = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const by = google.caller({
      ...google.at('grpc'),
      METADATA_SERVER_DETECTION: '',
      GCE_METADATA_HOST: `127.0.0.1:${port}`,
    });
    const outcome = await google.ask(by, { key });
    assert.match(outcome.reason ?? '', /^no Google Cloud credentials were found/);
    assert.ok(outcome.tookMs < 4500, `${outcome.tookMs} ms`);
    mute.close();
  });

  test('on the cloud, a metadata server that needs a moment to start', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await new Promise(resolve => taken.close(resolve));
    const late = createHttpServer((request, response) => {
      response.writeHead(200, { 'metadata-flavor': String(request.headers['metadata-flavor']) });
      response.end('{"access_token": "token"}');
    });
    setTimeout(() => late.listen(port, '127.0.0.1'), 500);
    const context: KeyContext = {
      ...explicitContext({}),
      env: name => (name === 'GCE_METADATA_HOST' ? `127.0.0.1:${port}` : undefined),
      readFile: async path => (path === '/sys/class/dmi/id/bios_vendor' ? Buffer.from('Google\n') : undefined),
    };
    const found = await findCredential(context, AbortSignal.timeout(10_000));
    assert.ok('token' in found, 'reason' in found ? found.reason : '');
    assert.equal(found.token, 'token');
    late.closeAllConnections();
    late.close();
  });
});
