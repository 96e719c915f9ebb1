/** `publish` to the real addresses of Google and Amazon, played behind a proxy: logins, requests, and every answer in plain words. */

import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Answer, type Ask, type Cloud, startCloud } from '../servers/cloud.ts';
import { newFolder, type Run, removeFolder, runTsops, vectors } from './harness.ts';

const folder = newFolder();
const canary = 'canary-of-the-answer';
const token = 'ya29.canary-token';
const secretKey = 'canary-secret-access-key';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const account = {
  type: 'service_account',
  private_key: pem,
  client_email: 'publisher@project.iam.gserviceaccount.com',
  token_uri: 'https://oauth2.googleapis.com/token',
};
const login = { type: 'authorized_user', client_id: 'id', client_secret: 'canary-client', refresh_token: 'good' };
let cloud: Cloud;
/** The next answer of the storage, where it is to be another one. */
let answer: Answer | undefined;

/** RFC 7523 §2.1 with the scope that writes need, or RFC 6749 §6. */
function isGoodLogin(form: URLSearchParams): boolean {
  if (form.get('grant_type') === 'refresh_token') return form.get('refresh_token') === 'good';
  const [head, claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
  const isSigned = verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url'));
  const { scope } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  return isSigned && scope === 'https://www.googleapis.com/auth/devstorage.read_write';
}

const givesTokens = ({ body }: Ask): Answer =>
  isGoodLogin(new URLSearchParams(body))
    ? { status: 200, body: { access_token: token, expires_in: 3600, token_type: 'Bearer' } }
    : { status: 400, body: { error: 'invalid_grant', error_description: canary } };

function storage({ headers }: Ask): Answer {
  if (headers.authorization !== `Bearer ${token}`) return { status: 401, body: canary };
  return answer ?? { status: 200, body: { kind: 'storage#object' } };
}

function bucket({ headers }: Ask): Answer {
  const isSigned = headers.authorization?.includes('Credential=AKIATEST/') === true;
  return isSigned ? (answer ?? { status: 200 }) : { status: 403, body: canary };
}

const uploads = (): Ask[] => cloud.asked.filter(({ method, host }) => method !== 'GET' && !host.startsWith('oauth2'));
const file = (): string => readFileSync(join(folder, 's.yaml'), 'utf8');

async function publish(place: string, env: Record<string, string>): Promise<Run> {
  const none = {
    METADATA_SERVER_DETECTION: 'none',
    AWS_CA_BUNDLE: cloud.env['NODE_EXTRA_CA_CERTS'] ?? '',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
  };
  const run = await runTsops(['publish', '--yes', '--config', `${place}.sops.yaml`, 's.yaml'], {
    cwd: folder,
    env: { NO_PROXY: '', ...cloud.env, ...none, ...env },
    secrets: [canary, token, secretKey, 'PRIVATE', 'canary-client'],
  });
  assert.ok(!/canary/.test(run.stdout.toString()));
  return run;
}

before(async () => {
  cloud = await startCloud({
    'storage.googleapis.com': storage,
    'oauth2.googleapis.com': givesTokens,
    'bucket.s3.eu-west-1.amazonaws.com': bucket,
  });
  writeFileSync(join(folder, 's.yaml'), 'a: x\n');
  const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
  assert.equal((await runTsops(['encrypt', '-i', '--age', recipient, 's.yaml'], { cwd: folder })).status, 0);
  for (const [name, kind] of Object.entries({ google: 'gcs', amazon: 's3' }))
    writeFileSync(
      join(folder, `${name}.sops.yaml`),
      `destination_rules:\n  - ${kind}_bucket: bucket\n    ${kind}_prefix: "a &ö/"\n`,
    );
  writeFileSync(join(folder, 'account.json'), JSON.stringify(account));
  writeFileSync(join(folder, 'login.json'), JSON.stringify(login));
  writeFileSync(join(folder, 'expired.json'), JSON.stringify({ ...login, refresh_token: 'expired' }));
});
after(async () => {
  await cloud.stop();
  removeFolder(folder);
});

describe('publish to Google Cloud Storage', () => {
  const credentials: [name: string, env: () => Record<string, string>][] = [
    ['a service account', () => ({ GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'account.json') })],
    ['a login', () => ({ GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'login.json') })],
    ['a credential in the environment', () => ({ GOOGLE_CREDENTIALS: JSON.stringify(account) })],
    ['a token', () => ({ GOOGLE_OAUTH_ACCESS_TOKEN: token })],
  ];
  for (const [name, env] of credentials) {
    test(`with ${name}`, async () => {
      const start = uploads().length;
      const run = await publish('google', env());
      assert.equal(run.status, 0, run.stderr);
      const [sent, ...more] = uploads().slice(start);
      assert.deepEqual([sent?.method, sent?.body, more], ['POST', file(), []]);
      const url = new URL(sent?.path ?? '', 'https://storage.googleapis.com');
      assert.equal(url.pathname, '/upload/storage/v1/b/bucket/o');
      assert.deepEqual(Object.fromEntries(url.searchParams), { uploadType: 'media', name: 'a &ö/s.yaml' });
    });
  }

  const refused: [name: string, answer: Answer | undefined, text: RegExp, env?: () => Record<string, string>][] = [
    ['no credential', undefined, /gcloud auth application-default login/, () => ({})],
    [
      'a login that has expired',
      undefined,
      /gave no token for the credential of GOOGLE_APPLICATION_CREDENTIALS/,
      () => ({ GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'expired.json') }),
    ],
    ['a token that has', undefined, /does not accept the credential/, () => ({ GOOGLE_OAUTH_ACCESS_TOKEN: 'old' })],
    ['403', { status: 403, body: canary }, /storage\.objects\.create/],
    ['404', { status: 404, body: canary }, /no bucket of this name/],
    ['500', { status: 500, body: canary }, /HTTP 500/],
    ['a redirection', { status: 302, headers: { location: 'https://evil.example/' }, body: canary }, /HTTP 302/],
  ];
  for (const [name, given, text, env = () => ({ GOOGLE_OAUTH_ACCESS_TOKEN: token })] of refused) {
    test(`${name} is 1, with a word why`, async () => {
      answer = given;
      const run = await publish('google', env());
      answer = undefined;
      assert.equal(run.status, 1, run.stderr);
      assert.match(run.stderr, text);
    });
  }
});

describe('publish to Amazon S3', () => {
  const aws = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: secretKey };
  const { AWS_REGION: _, ...withoutRegion } = aws;
  const fault = (status: number, code: string): Answer => ({
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${canary}</Message></Error>`,
  });

  test('the region of the environment', async () => {
    const start = uploads().length;
    const run = await publish('amazon', aws);
    assert.equal(run.status, 0, run.stderr);
    const [sent, ...more] = uploads().slice(start);
    assert.deepEqual([sent?.method, sent?.body, more], ['PUT', file(), []]);
    assert.equal(decodeURIComponent(new URL(sent?.path ?? '', 'https://bucket').pathname), '/a &ö/s.yaml');
  });

  test('the region and the credentials of a profile', async () => {
    const profile = `[profile p]\nregion = eu-west-1\naws_access_key_id = AKIATEST\naws_secret_access_key = ${secretKey}\n`;
    writeFileSync(join(folder, 'aws-config'), profile);
    const run = await publish('amazon', { AWS_PROFILE: 'p', AWS_CONFIG_FILE: join(folder, 'aws-config') });
    assert.equal(run.status, 0, run.stderr);
  });

  const refused: [name: string, answer: Answer | undefined, text: RegExp, env?: Record<string, string>][] = [
    ['no credential', undefined, /For Amazon S3: log in/, { AWS_REGION: 'eu-west-1' }],
    ['an empty region', undefined, /Set AWS_REGION, or a region in the profile/, { ...aws, AWS_REGION: '' }],
    ['no region', undefined, /Set AWS_REGION, or a region in the profile/, withoutRegion],
    ['AccessDenied', fault(403, 'AccessDenied'), /They need s3:PutObject/],
    ['NoSuchBucket', fault(404, 'NoSuchBucket'), /no S3 bucket of this name/],
    ['PermanentRedirect', fault(301, 'PermanentRedirect'), /in another region/],
    ['ExpiredToken', fault(400, 'ExpiredToken'), /credentials have expired/],
    ['InvalidAccessKeyId', fault(403, 'InvalidAccessKeyId'), /does not accept the credentials/],
    ['SignatureDoesNotMatch', fault(403, 'SignatureDoesNotMatch'), /does not accept the signature/],
    ['an answer that is none', { status: 500, body: canary }, /AWS S3/],
  ];
  for (const [name, given, text, env = aws] of refused) {
    test(`${name} is 1, with a word why`, async () => {
      answer = given;
      const run = await publish('amazon', env);
      answer = undefined;
      assert.equal(run.status, 1, run.stderr);
      assert.match(run.stderr, text);
      assert.doesNotMatch(run.stderr, /KMS/);
    });
  }
});
