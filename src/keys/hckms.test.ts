/**
 * HuaweiCloud KMS keys, against servers that speak its protocol with real AES and check every signature, at the real addresses
 * (testdata/servers/cloud.ts). With TSOPS_TEST_SOPS a real sops meets the same servers; with TSOPS_TEST_HUAWEI_KEY (region:id) the
 * round trip runs on HuaweiCloud.
 */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Call, type Caller, callerOf, type Outcome } from '../../testdata/servers/caller.ts';
import { type Cloud, type Site, startCloud } from '../../testdata/servers/cloud.ts';
import {
  iamSite,
  identity,
  Kms,
  permanent,
  project,
  temporary,
  temporaryCredential,
} from '../../testdata/servers/huaweikms.ts';
import { newFolder, realSops, removeFolder, runProgram } from '../../testdata/suites/harness.ts';
import type { HuaweiKmsKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { env } from '../host/environment.ts';
import { explicitContext } from './context.ts';
import { hckmsProvider } from './hckms.ts';

const createdAt = '2026-01-02T03:04:05Z';
const part = 'a5'.repeat(32);
const keyOf = (keyId: string, enc = ''): HuaweiKmsKey => ({ kind: 'hckms', keyId, createdAt, enc });

describe('parse', () => {
  const cases: readonly (readonly [name: string, text: string, expected: readonly string[]])[] = [
    ['nothing', ' ', []],
    ['one', 'tr-west-1:abc', ['tr-west-1:abc']],
    ['several, with empty ones', ' tr-west-1:abc ,, cn-north-4 : d:e ,', ['tr-west-1:abc', 'cn-north-4 : d:e']],
  ];
  for (const [name, text, ids] of cases) {
    test(name, () => {
      assert.deepEqual(
        hckmsProvider.parse(text, createdAt),
        ids.map(id => keyOf(id)),
      );
    });
  }
  for (const text of ['abc', ':abc', 'tr-west-1:', 'tr-west-1: ,x:y']) {
    test(`not: ${text}`, () => {
      assert.throws(() => hckmsProvider.parse(text), { name: 'TsopsError', code: 'KEY_INVALID' });
    });
  }
});

describe('what never reaches the network', () => {
  const context = { ...explicitContext({}), mayConnect: true };
  const cases: readonly (readonly [name: string, key: HuaweiKmsKey, reason: RegExp])[] = [
    ['no region', keyOf('abc', 'AAAA'), /not the ID of a HuaweiCloud KMS key/],
    ['a region that is none', keyOf('nowhere-1:abc', 'AAAA'), /not known to be in the region nowhere-1$/],
    ['a region with a way out', keyOf('evil.example/x#:abc', 'AAAA'), /not known to be in the region/],
    ['a region with control characters', keyOf('a\u001b[31m:abc', 'AAAA'), /region a\\u\{1b\}\[31m$/],
    ['far too long', keyOf('tr-west-1:abc', 'A'.repeat(20_000)), /too long/],
  ];
  for (const [name, key, reason] of cases) {
    test(name, async () => {
      const failure = await hckmsProvider.unwrap(key, context);
      assert.ok(!(failure instanceof Uint8Array));
      assert.match(failure.reason, reason);
    });
  }
  test('a context without network', async () => {
    const failure = await hckmsProvider.unwrap(keyOf('tr-west-1:abc', 'AAAA'), explicitContext({}));
    assert.ok(!(failure instanceof Uint8Array));
    assert.match(failure.hints.join(), /systemContext\(\)/);
    const wrapping = hckmsProvider.wrap(keyOf('tr-west-1:abc'), new Uint8Array(32), explicitContext({}), size => {
      return new Uint8Array(size);
    });
    await assert.rejects(wrapping, (error: unknown) => error instanceof TsopsError && error.code === 'WRAP_FAILED');
  });
});

/** The variables of an access key. */
const accessEnv = { HUAWEICLOUD_SDK_AK: permanent.ak, HUAWEICLOUD_SDK_SK: permanent.sk };
const fullEnv = { ...accessEnv, HUAWEICLOUD_SDK_PROJECT_ID: project };
const profile = (lines: readonly string[]): string => ['[global]', 'ak = no', '[basic]', ...lines, ''].join('\n');

describe('on the wire', () => {
  const kms = new Kms();
  const id = kms.add();
  const other = kms.add();
  const disabled = kms.add();
  kms.disabled.add(disabled);
  const iam = iamSite();
  let site: Site = kms.site;
  let iamSpeaks: Site = iam;
  let cloud: Cloud;
  let folder: string;
  let caller: Caller;
  const callers: Caller[] = [];
  const key = (enc = '') => keyOf(`tr-west-1:${id}`, enc);
  let enc = '';

  const start = (variables: Readonly<Record<string, string>>): Caller => {
    const base = { PATH: env('PATH') ?? '', HOME: '/nonexistent' };
    const made = callerOf('hckms.ts', 'hckmsProvider', { ...base, ...cloud.env, ...variables });
    callers.push(made);
    return made;
  };
  const ask = async (call: Omit<Call, 'verb'> & { readonly verb?: Call['verb'] }, by = caller): Promise<Outcome> => {
    const outcome = await by.call({ verb: 'unwrap', part, ...call });
    const told = JSON.stringify([outcome.reason, outcome.hints]) + by.written();
    const secrets = [permanent.sk, permanent.ak, temporary.sk, temporary.securityToken, identity.token, part];
    for (const secret of [...secrets, 'made for tests']) assert.ok(!told.includes(secret));
    return outcome;
  };

  before(async () => {
    folder = newFolder();
    cloud = await startCloud({
      'kms.tr-west-1.myhuaweicloud.com': ask => site(ask),
      'kms.eu-west-101.myhuaweicloud.eu': kms.site,
      'kms.own.example': kms.site,
      'iam.tr-west-1.myhuaweicloud.com': ask => iamSpeaks(ask),
      'iam.myhuaweicloud.com': iam,
      'iam.own.example': iam,
      '127.0.0.1': ask => (ask.path.startsWith('/v1.0/') ? kms.site : iam)(ask),
      'pod.own.example': ({ headers }) =>
        headers.authorization === identity.token
          ? { status: 200, body: { credentials: temporaryCredential } }
          : { status: 403, body: 'made for tests' },
    });
    caller = start(fullEnv);
    writeFileSync(join(folder, 'id-token'), identity.token);
  });
  after(async () => {
    for (const made of callers) assert.ok((await made.end()) < 1500, 'something still waits');
    await cloud.stop();
    removeFolder(folder);
  });

  test('wraps and unwraps', async () => {
    enc = (await ask({ verb: 'wrap', key: key() })).enc ?? '';
    assert.match(enc, /^[A-Za-z0-9+/=]{96,}$/);
    assert.equal((await ask({ key: key(enc) })).part, part);
    assert.equal((await ask({ key: keyOf(` tr-west-1 : ${id} `, enc) })).part, part);
  });

  test('other addresses: another domain, and one that the environment names', async () => {
    assert.equal((await ask({ key: keyOf(`eu-west-101:${id}`, enc) })).part, part);
    const by = start({ ...fullEnv, HUAWEICLOUD_SDK_REGION_KMS_OUR_OWN_1: 'kms.own.example,unused.example' });
    assert.equal((await ask({ key: keyOf(`our-own-1:${id}`, enc) }, by)).part, part);
  });

  const ways: readonly (readonly [
    name: string,
    variables: () => Readonly<Record<string, string>>,
    profile?: () => string,
  ])[] = [
    ['an access key, and the project of the region', () => accessEnv],
    ['another identity service', () => ({ ...accessEnv, HUAWEICLOUD_SDK_IAM_ENDPOINT: 'iam.own.example' })],
    [
      'a temporary access key',
      () => ({
        HUAWEICLOUD_SDK_AK: temporary.ak,
        HUAWEICLOUD_SDK_SK: temporary.sk,
        HUAWEICLOUD_SDK_SECURITY_TOKEN: temporary.securityToken,
      }),
    ],
    [
      'a file',
      () => ({}),
      () => profile([`ak = ${permanent.ak}`, `sk=${permanent.sk} # mine`, '; sk = no', `project_id = ${project}`]),
    ],
    [
      'a file elsewhere, with an identity service',
      () => ({ HUAWEICLOUD_SDK_CREDENTIALS_FILE: join(folder, 'elsewhere') }),
      () => profile([`ak = "${permanent.ak}"`, `sk = ${permanent.sk}`, `iam_endpoint = ${cloud.direct}`]),
    ],
    [
      'an identity provider',
      () => ({ HUAWEICLOUD_SDK_IDP_ID: identity.provider, HUAWEICLOUD_SDK_ID_TOKEN_FILE: join(folder, 'id-token') }),
    ],
    [
      'an identity of the pod',
      () => ({
        HC_CONTAINER_CREDENTIALS_FULL_URI: 'https://pod.own.example/x',
        HC_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'id-token'),
      }),
    ],
  ];
  for (const [name, variables, file] of ways) {
    test(`credentials: ${name}`, async () => {
      const { home, settings } = homeWith(variables(), file?.());
      const outcome = await ask({ key: key(enc) }, start({ HOME: home, ...settings }));
      assert.equal(outcome.part, part, outcome.reason);
    });
    test(`a real sops, both ways: ${name}`, { skip: realSops ? false : 'TSOPS_TEST_SOPS names no sops' }, async () => {
      const { home, settings } = homeWith(variables(), file?.());
      await bothWays({ HOME: home, ...settings, ...direct() });
    });
  }

  function homeWith(settings: Readonly<Record<string, string>>, file?: string) {
    const home = newFolder();
    callersEnd.push(() => removeFolder(home));
    const name = settings['HUAWEICLOUD_SDK_CREDENTIALS_FILE'] ?? join(home, '.huaweicloud', 'credentials');
    mkdirSync(join(home, '.huaweicloud'));
    if (file !== undefined) writeFileSync(name, file);
    return { home, settings };
  }
  const callersEnd: (() => void)[] = [];
  after(() => {
    for (const end of callersEnd) end();
  });

  /** The SDK of sops uses no proxy. */
  const direct = () => ({
    HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: cloud.direct,
    HUAWEICLOUD_SDK_IAM_ENDPOINT: cloud.direct,
  });

  async function bothWays(variables: Readonly<Record<string, string>> & { readonly HOME: string }): Promise<void> {
    const by = start(variables);
    const cwd = variables.HOME;
    writeFileSync(join(cwd, 'plain.json'), '{"a": "secret of the test"}');
    const options = { cwd, env: { ...cloud.env, ...variables } };
    const encrypted = await runProgram(
      realSops ?? '',
      ['encrypt', '--hckms', `tr-west-1:${id}`, 'plain.json'],
      options,
    );
    assert.equal(encrypted.status, 0, encrypted.stderr);
    const file = JSON.parse(encrypted.stdout.toString()) as { sops: { hckms: { enc: string; key_id: string }[] } };
    const [entry] = file.sops.hckms;
    assert.ok(entry);
    const dataKey = (await ask({ key: keyOf(entry.key_id, entry.enc) }, by)).part ?? '';
    assert.equal(dataKey.length, 64);
    entry.enc = (await ask({ verb: 'wrap', key: key(), part: dataKey }, by)).enc ?? '';
    writeFileSync(join(cwd, 'ours.json'), JSON.stringify(file));
    const decrypted = await runProgram(realSops ?? '', ['decrypt', 'ours.json'], options);
    assert.equal(decrypted.status, 0, decrypted.stderr);
    assert.deepEqual(
      JSON.parse(decrypted.stdout.toString()),
      JSON.parse(readFileSync(join(cwd, 'plain.json'), 'utf8')),
    );
  }

  const badWays: readonly (readonly [name: string, variables: Readonly<Record<string, string>>, reason: RegExp])[] = [
    ['none', {}, /no HuaweiCloud credentials were found \(looked for: .*\/nonexistent\/\.huaweicloud\/credentials/],
    ['half', { HUAWEICLOUD_SDK_AK: permanent.ak }, /only HUAWEICLOUD_SDK_AK is set/],
    ['a wrong secret', { ...fullEnv, HUAWEICLOUD_SDK_SK: 'canary' }, /does not accept the access key.*APIGW\.0301/],
    [
      'a wrong secret, and no project',
      { ...accessEnv, HUAWEICLOUD_SDK_SK: 'canary' },
      /the identity service of HuaweiCloud does not accept/,
    ],
    [
      'a secret that breaks a header',
      { ...fullEnv, HUAWEICLOUD_SDK_AK: 'canary\nx' },
      /holds characters that none has/,
    ],
    ['another project', { ...accessEnv, HUAWEICLOUD_SDK_PROJECT_ID: 'canary' }, /denies it.*KMS\.0303/],
    ['a project that is none', { ...accessEnv, HUAWEICLOUD_SDK_PROJECT_ID: '../canary' }, /project ID is not one/],
    [
      'no token file',
      { HUAWEICLOUD_SDK_IDP_ID: 'canary', HUAWEICLOUD_SDK_ID_TOKEN_FILE: '/nonexistent/canary' },
      /identity token cannot be read/,
    ],
    ['a file that cannot be read', { HUAWEICLOUD_SDK_CREDENTIALS_FILE: '/' }, /credentials cannot be read/],
  ];
  for (const [name, variables, reason] of badWays) {
    test(`bad credentials: ${name}`, async () => {
      const outcome = await ask({ key: key(enc), timeoutMs: 120_000 }, start(variables));
      assert.match(outcome.reason ?? '', reason);
      assert.ok(!JSON.stringify(outcome).includes('canary'));
      assert.ok((outcome.hints ?? []).length > 0 && outcome.tookMs < 10_000);
    });
  }

  test('the project is chosen by nobody', async () => {
    for (const [projects, reason] of [
      [[], /has no project/],
      [['a', 'b'], /has 2 projects for the region tr-west-1/],
    ] as const) {
      iamSpeaks = iamSite(projects);
      const outcome = await ask({ key: key(enc) }, start(accessEnv));
      iamSpeaks = iam;
      assert.match(outcome.reason ?? '', reason);
    }
  });

  const changed = () => (enc.startsWith('A') ? 'B' : 'A') + enc.slice(1);
  const refusals: readonly (readonly [name: string, key: () => HuaweiKmsKey, reason: RegExp])[] = [
    ['another key', () => keyOf(`tr-west-1:${other}`, enc), /made with another key, or changed/],
    ['changed', () => key(changed()), /made with another key, or changed/],
    ['no such key', () => keyOf(`tr-west-1:${project}`, enc), /knows no such key in this project/],
    ['disabled', () => keyOf(`tr-west-1:${disabled}`, enc), /the key is disabled/],
  ];
  for (const [name, refusedKey, reason] of refusals) {
    test(`refused: ${name}`, async () => assert.match((await ask({ key: refusedKey() })).reason ?? '', reason));
  }

  const faults: readonly (readonly [name: string, site: Site, reason: RegExp])[] = [
    ['silence', () => undefined, /\(kms\.tr-west-1\.myhuaweicloud\.com\) did not answer within 2 seconds/],
    ['a failure of its own', () => ({ status: 503, body: 'made for tests' }), /failure of its own \(HTTP status 503\)/],
    ['too many requests', () => ({ status: 429 }), /takes no more requests/],
    [
      'a way to elsewhere',
      () => ({ status: 302, headers: { location: 'https://iam.own.example' } }),
      /HTTP status 302/,
    ],
    ['garbage', () => ({ status: 200, body: 'made for tests' }), /no answer that makes sense/],
    ['another kind of value', () => ({ status: 200, body: { plain_text: 7 } }), /no answer that makes sense/],
    ['what is not base64', () => ({ status: 200, body: { plain_text: 'abc' } }), /not base64/],
    ['far too much', () => ({ status: 200, body: 'x'.repeat(300_000) }), /answered with more than/],
  ];
  for (const [name, faulty, reason] of faults) {
    test(`KMS answers with ${name}`, async () => {
      site = faulty;
      try {
        const outcome = await ask({ key: key(enc), timeoutMs: 2000 });
        assert.match(outcome.reason ?? '', reason);
        assert.ok(outcome.tookMs < 3000, `took ${outcome.tookMs} ms`);
      } finally {
        site = kms.site;
      }
    });
  }

  test('nothing listens, or nobody is trusted', async () => {
    const nowhere = start({ ...fullEnv, HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: 'http://127.0.0.1:9' });
    assert.match((await ask({ key: key(enc) }, nowhere)).reason ?? '', /refused the connection/);
    const distrusting = start({ ...fullEnv, NODE_EXTRA_CA_CERTS: '', SSL_CERT_FILE: '' });
    assert.match(
      (await ask({ key: key(enc) }, distrusting)).reason ?? '',
      /certificate from an authority that is not trusted/,
    );
  });
});

const huaweiKey = env('TSOPS_TEST_HUAWEI_KEY');
test('on HuaweiCloud', { skip: huaweiKey ? false : 'TSOPS_TEST_HUAWEI_KEY names no key' }, async () => {
  const caller = callerOf('hckms.ts', 'hckmsProvider', process.env as Record<string, string>);
  try {
    const [key] = hckmsProvider.parse(huaweiKey ?? '', createdAt);
    assert.ok(key);
    const { enc = '', reason } = await caller.call({ verb: 'wrap', key, part });
    assert.notEqual(enc, '', reason);
    assert.equal((await caller.call({ verb: 'unwrap', key: { ...key, enc } })).part, part);
  } finally {
    await caller.end();
  }
});
