/**
 * Google Cloud KMS keys, by the SDK of Google against a server that speaks gRPC and REST with real AES-GCM (testdata/servers/gcpkms.ts).
 * With TSOPS_TEST_SOPS a real sops meets the same server; with TSOPS_TEST_GCP_KMS_ID (a resource id) the round trip runs on Google Cloud.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Caller, callerOf } from '../../testdata/servers/caller.ts';
import {
  FakeGoogle,
  keyOf,
  part,
  type Transport,
  transports,
  type Variables,
} from '../../testdata/servers/gcpkms-client.ts';
import { ring } from '../../testdata/servers/gcpkms-keys.ts';
import { realSops, runProgram } from '../../testdata/suites/harness.ts';
import type { GcpKmsKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { env } from '../host/environment.ts';
import { explicitContext } from './context.ts';
import { gcpKmsProvider } from './gcpkms.ts';

const { createdAt } = keyOf('one');

describe('parse', () => {
  const cases: readonly (readonly [name: string, text: string, expected: readonly string[]])[] = [
    ['nothing', '', []],
    ['one', `${ring}one`, [`${ring}one`]],
    ['several, with spaces', ` ${ring}o ne , ${ring}two`, [`${ring}one`, `${ring}two`]],
    ['what is no resource id, which shows when it is used', 'x', ['x']],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => {
      const keys = expected.map(resourceId => ({ kind: 'gcp_kms', resourceId, createdAt, enc: '' }));
      assert.deepEqual(gcpKmsProvider.parse(text, createdAt), keys);
    });
  }
  test('the present is the date', () => {
    const [key] = gcpKmsProvider.parse('x');
    assert.ok(Math.abs(Date.parse(key?.createdAt ?? '') - Date.now()) < 5000);
  });
  for (const text of [' ', `${ring}one,`, ',']) {
    test(`not: '${text}'`, () => {
      assert.throws(() => gcpKmsProvider.parse(text), { name: 'TsopsError', code: 'KEY_INVALID' });
    });
  }
});

describe('what never reaches the network', () => {
  const context = { ...explicitContext({}), mayConnect: true };
  const cases: readonly (readonly [name: string, key: GcpKmsKey, reason: RegExp])[] = [
    ['no base64', keyOf('one', 'AA*A'), /`enc` text is damaged/],
    ['base64 without padding', keyOf('one', 'AAAAA'), /`enc` text is damaged/],
    ['base64url', keyOf('one', 'A_-A'), /`enc` text is damaged/],
    ['no resource id', keyOf('a/b', 'AAAA'), /resource id/],
    ['a version', keyOf(`${ring}one/cryptoKeyVersions/1`, 'AAAA'), /resource id/],
    ['a way out of the path', keyOf(`${ring}..`, 'AAAA'), /resource id/],
    ['a query', keyOf(`${ring}one?x=y`, 'AAAA'), /resource id/],
    ['a second line', keyOf(`${ring}one\nx`, 'AAAA'), /resource id/],
    ['an empty name', keyOf(ring, 'AAAA'), /resource id/],
  ];
  for (const [name, key, reason] of cases) {
    test(name, async () => {
      const failure = await gcpKmsProvider.unwrap(key, context);
      assert.ok(!(failure instanceof Uint8Array));
      assert.match(failure.reason, reason);
      assert.equal(failure.key, key);
    });
  }
  const variables: readonly (readonly [name: string, value: string, reason: RegExp])[] = [
    ['GOOGLE_SDK_NODE_LOGGING', 'all', /would write the data key to its log/],
    ['SOPS_GCP_KMS_ENDPOINT', 'http://localhost:8080', /not the address of a service with TLS/],
    ['SOPS_GCP_KMS_ENDPOINT', 'localhost:99999', /not the address of a service with TLS/],
    ['SOPS_GCP_KMS_ENDPOINT', 'a@localhost', /not the address of a service with TLS/],
    ['SOPS_GCP_KMS_UNIVERSE_DOMAIN', 'a/b', /not a domain name/],
  ];
  for (const [name, value, reason] of variables) {
    test(`${name}=${value}`, async () => {
      const failure = await gcpKmsProvider.unwrap(keyOf('one', 'AAAA'), {
        ...context,
        env: asked => (asked === name ? value : undefined),
      });
      assert.ok(!(failure instanceof Uint8Array));
      assert.match(failure.reason, reason);
    });
  }
  test('a context without network', async () => {
    const failure = await gcpKmsProvider.unwrap(keyOf('one', 'AAAA'), explicitContext({}));
    assert.ok(!(failure instanceof Uint8Array));
    assert.match(failure.hints.join(), /systemContext\(\)/);
    const wrapping = gcpKmsProvider.wrap(keyOf('one'), new Uint8Array(32), explicitContext({}), () => new Uint8Array());
    await assert.rejects(wrapping, (error: unknown) => error instanceof TsopsError && error.code === 'WRAP_FAILED');
  });
});

describe('on the wire', () => {
  let google: FakeGoogle;
  let enc = '';
  const usual = {} as Record<Transport, Caller>;

  before(async () => {
    google = await FakeGoogle.start();
    for (const transport of transports) {
      usual[transport] = google.caller({ ...google.at(transport), GOOGLE_OAUTH_ACCESS_TOKEN: google.ready.token });
    }
    enc = (await google.ask(usual.grpc, { verb: 'wrap' })).enc ?? '';
  });
  after(() => google.stop());

  test('the wrapped key is standard base64 of the ciphertext', () => {
    assert.match(enc, /^CiQA[A-Za-z0-9+/]+={0,2}$/);
    assert.equal(Buffer.from(enc, 'base64').toString('base64'), enc);
  });

  for (const transport of transports) {
    const other = transport === 'grpc' ? 'rest' : 'grpc';
    test(`${transport}: round trips, of a share too`, async () => {
      for (const bytes of [part, `${part}01`]) {
        const wrapped = await google.ask(usual[transport], { verb: 'wrap', key: keyOf('two'), part: bytes });
        assert.notEqual(wrapped.enc ?? '', '', wrapped.reason);
        for (const way of [transport, other] as const) {
          assert.equal((await google.ask(usual[way], { key: keyOf('two', wrapped.enc) })).part, bytes);
        }
      }
    });

    type Case = readonly [name: string, reason: RegExp, hint: RegExp];
    const both: readonly Case[] = [
      ['denied', /permission denied: the account of GOOGLE_OAUTH_ACCESS_TOKEN may not/, /cryptoKeyEncrypterDecrypter/],
      ['api-off', /API is not enabled/, /gcloud services enable cloudkms.googleapis.com --project fake-project$/],
      ['no-scope', /lacks the scope cloud-platform/, /print-access-token/],
      ['missing', /has no such key/, /gcloud kms keys list --project fake-project --location global --keyring ring$/],
      ['projects/p/locations/l/keyRings/r/cryptoKeys/one', /has no such key/, /--project p --location l --keyring r$/],
      ['disabled', /disabled, destroyed or not for this purpose/, /keys versions list .* --key disabled$/],
      ['quota', /quota .* is used up/, /try again/],
      ['unimplemented', /what answers at localhost:\d+ is not Cloud KMS/, /SOPS_GCP_KMS_ENDPOINT/],
      ['internal', /out of order/, /[Tt]ry again/],
      ['unavailable', /out of order/, /[Tt]ry again/],
      ['garbage', /the answer of localhost:\d+ makes no sense/, /SOPS_GCP_KMS_ENDPOINT/],
      ['bad-checksum', /the answer of localhost:\d+ makes no sense/, /SOPS_GCP_KMS_ENDPOINT/],
    ];
    const faults: readonly (readonly [verb: 'wrap' | 'unwrap', ...Case])[] = [
      ...both.flatMap(one => [['wrap', ...one] as const, ['unwrap', ...one] as const]),
      ['wrap', 'wrong-purpose', /not for symmetric encryption/, /keys list/],
      ['wrap', 'not-verified', /makes no sense/, /SOPS_GCP_KMS_ENDPOINT/],
      ['unwrap', 'two', /does not open it: it was wrapped by another key/, /older version/],
    ];
    for (const [verb, name, reason, hint] of faults) {
      test(`${transport}: ${verb} with ${name}`, async () => {
        const outcome = await google.ask(usual[transport], { verb, key: keyOf(name, enc) });
        assert.match(outcome.reason ?? '', reason);
        assert.match(outcome.hints?.join('\n') ?? '', hint);
        assert.ok(outcome.tookMs < 3000, `${outcome.tookMs} ms`);
      });
    }

    test(`${transport}: a service that is out of order for a moment`, async () => {
      const key = keyOf('unavailable-once');
      const { enc: wrapped = '', reason } = await google.ask(usual[transport], { verb: 'wrap', key });
      assert.notEqual(wrapped, '', reason);
      assert.equal((await google.ask(usual[transport], { key: { ...key, enc: wrapped } })).part, part);
    });
    test(`${transport}: a service without checksums`, async () => {
      const key = keyOf('no-checksum');
      const { enc: wrapped = '' } = await google.ask(usual[transport], { verb: 'wrap', key });
      assert.equal((await google.ask(usual[transport], { key: { ...key, enc: wrapped } })).part, part);
    });
    test(`${transport}: a slow service`, async () => {
      const outcome = await google.ask(usual[transport], { key: keyOf('slow', enc), timeoutMs: 1500 });
      assert.match(outcome.reason ?? '', /^localhost:\d+ did not answer within 1.5 seconds$/);
      assert.ok(outcome.tookMs < 2500, `${outcome.tookMs} ms`);
    });

    const elsewhere: readonly (readonly [name: string, variables: () => Variables, reason: RegExp])[] = [
      ['nobody there', () => ({ SOPS_GCP_KMS_ENDPOINT: 'localhost:9' }), /^localhost:9 .* connection was refused$/],
      ['no such host', () => ({ SOPS_GCP_KMS_ENDPOINT: 'no.invalid' }), /^the host name no.invalid:443 cannot be/],
      ['no TLS', () => ({ SOPS_GCP_KMS_ENDPOINT: `localhost:${google.ready.metadata}` }), /the connection failed$/],
      [
        'another protocol',
        () => ({ SOPS_GCP_KMS_ENDPOINT: `localhost:${google.ready[other]}` }),
        /^(the answer of )?localhost/,
      ],
      [
        'a certificate that is not trusted',
        () => ({ NODE_EXTRA_CA_CERTS: '', GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: '' }),
        /^the TLS certificate of localhost:\d+ is not trusted$/,
      ],
      ['an old token', () => ({ GOOGLE_OAUTH_ACCESS_TOKEN: 'old' }), /has expired or was revoked/],
      [
        'a proxy that is not there',
        () => ({ SOPS_GCP_KMS_ENDPOINT: '', https_proxy: 'http://localhost:9' }),
        /cannot be reached/,
      ],
    ];
    for (const [name, variables, reason] of elsewhere) {
      test(`${transport}: ${name}`, async () => {
        const by = google.caller({
          ...google.at(transport),
          GOOGLE_OAUTH_ACCESS_TOKEN: google.ready.token,
          ...variables(),
        });
        const outcome = await google.ask(by, { key: keyOf('one', enc), timeoutMs: 5000 });
        assert.match(outcome.reason ?? '', reason);
        assert.ok(outcome.tookMs < 5500, `${outcome.tookMs} ms`);
      });
    }

    test(`${transport}: the usual address, and the one of a universe domain`, async () => {
      const base = { ...google.proxyTo(transport), GOOGLE_OAUTH_ACCESS_TOKEN: google.ready.token };
      const key = keyOf('one', enc);
      assert.equal((await google.ask(google.caller(base), { key })).part, part);
      const universe = google.caller({ ...base, SOPS_GCP_KMS_UNIVERSE_DOMAIN: 'example.org' });
      assert.equal((await google.ask(universe, { key })).part, part);
      const nowhere = google.caller({ ...base, SOPS_GCP_KMS_UNIVERSE_DOMAIN: 'example.net' });
      assert.match(
        (await google.ask(nowhere, { key, timeoutMs: 5000 })).reason ?? '',
        /^cloudkms.example.net cannot be/,
      );
      const endpoint = {
        ...base,
        ...google.at(transport),
        https_proxy: '',
        SOPS_GCP_KMS_UNIVERSE_DOMAIN: 'example.net',
      };
      assert.equal((await google.ask(google.caller(endpoint), { key })).part, part);
    });

    const skip = realSops ? false : 'TSOPS_TEST_SOPS names no sops';
    test(`${transport}: a real sops, both ways`, { skip }, async () => {
      const variables = {
        ...google.at(transport),
        GOOGLE_OAUTH_ACCESS_TOKEN: google.ready.token,
        SSL_CERT_FILE: google.authority,
      };
      const options = { cwd: google.folder, env: { HOME: google.folder, ...variables } };
      google.file('plain.json', '{"a": "secret of the test"}');
      const encrypted = await runProgram(realSops ?? '', ['encrypt', '--gcp-kms', `${ring}one`, 'plain.json'], options);
      assert.equal(encrypted.status, 0, encrypted.stderr);
      const stored = JSON.parse(encrypted.stdout.toString()) as { sops: { gcp_kms: { enc: string }[] } };
      const [entry] = stored.sops.gcp_kms;
      assert.ok(entry);
      const dataKey = (await google.ask(usual[transport], { key: keyOf('one', entry.enc) })).part ?? '';
      assert.equal(dataKey.length, 64);
      const ours = (await google.ask(usual[transport], { verb: 'wrap', key: keyOf('one'), part: dataKey })).enc ?? '';
      assert.notEqual(ours, entry.enc);
      entry.enc = ours;
      google.file('ours.json', JSON.stringify(stored));
      const decrypted = await runProgram(realSops ?? '', ['decrypt', 'ours.json'], options);
      assert.equal(decrypted.status, 0, decrypted.stderr);
      assert.deepEqual(JSON.parse(decrypted.stdout.toString()), { a: 'secret of the test' });
    });
  }
});

const googleKey = env('TSOPS_TEST_GCP_KMS_ID');
test('on Google Cloud', { skip: googleKey ? false : 'TSOPS_TEST_GCP_KMS_ID names no key' }, async () => {
  for (const type of ['grpc', 'rest']) {
    const caller = callerOf('gcpkms.ts', 'gcpKmsProvider', {
      ...(process.env as Record<string, string>),
      SOPS_GCP_KMS_CLIENT_TYPE: type,
    });
    try {
      const key = keyOf(googleKey ?? '');
      const { enc = '', reason } = await caller.call({ verb: 'wrap', key, part });
      assert.notEqual(enc, '', reason);
      assert.equal((await caller.call({ verb: 'unwrap', key: { ...key, enc } })).part, part);
    } finally {
      await caller.end();
    }
  }
});
