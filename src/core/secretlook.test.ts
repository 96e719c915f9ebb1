import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { secretLook } from './secretlook.ts';

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
/** Deterministic, and put together here, so that no scanner takes this file for a leak. */
const random = (length: number, seed = 'x', alphabet = letters): string =>
  Array.from(
    { length },
    (_, i) => alphabet[createHash('sha256').update(`${seed}${i}`).digest().readUInt16BE() % alphabet.length],
  ).join('');
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const pem = (what: string): string => `-----BEGIN ${what}-----\nabc\n-----END ${what}-----\n`;
const jwtPart = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const secrets: readonly (readonly [what: string, text: string, name?: string])[] = [
  ['an AWS access key', `AK${'IA'}${random(16, 'a', upper)}`],
  ['a GitHub token', `gh${'p_'}${random(36)}`],
  ['a GitHub token', `github${'_pat_'}${random(60)}`],
  ['a GitLab token', `gl${'pat-'}${random(20)}`],
  ['a Slack token', `xo${'xb-'}123456789012-${random(24)}`],
  ['a Stripe key', `sk${'_live_'}${random(24)}`],
  ['a Google API key', `AI${'za'}${random(35)}`],
  ['an npm token', `np${'m_'}${random(36)}`],
  ['an age identity', `AGE-SECRET${'-KEY-1'}${random(58, 'k', upper)}`],
  ['a private key', pem('RSA PRIVATE KEY')],
  ['a private key', `note: ${pem('OPENSSH PRIVATE KEY')}`],
  ['a private key', Buffer.from(pem('PRIVATE KEY')).toString('base64')],
  ['a JSON Web Token', `${jwtPart({ alg: 'HS256' })}.${jwtPart({ sub: '1234567890', admin: true })}.${random(43)}`],
  ['a URL with a password', 'postgres://app:hunter2@db.example.org/app'],
  ['a URL with a password', 'redis://:s3cretpw@cache:6379'],
  ['a Kubernetes Secret', '{"apiVersion":"v1","data":{"password":"aHVudGVyMg=="},"kind":"Secret"}'],
  ['a random token', random(40)],
  ['a random token', randomBytes(48).toString('base64')],
  ['a random token', random(32, 'm', 'abcdefghijklmnopqrstuvwxyz0123456789')],
  ['a secret, by the name of its key', 'hunter2', 'db_password'],
  ['a secret, by the name of its key', 'hunter2', 'POSTGRES_PASSWORD'],
  ['a secret, by the name of its key', createHash('md5').update('x').digest('hex'), 'apiKey'],
  ['a secret, by the name of its key', random(24), 'client-secret'],
];

for (const [what, text, name] of secrets)
  test(`looks like ${what}: ${name ?? ''}`, () => assert.equal(secretLook(text, name), what));

const publics: readonly (readonly [name: string, text: string])[] = [
  ['uid', randomUUID()],
  ['image', `registry.example.org/team/app@sha256:${createHash('sha256').update('x').digest('hex')}`],
  ['digest', createHash('sha512').update('x').digest('base64')],
  ['integrity', `sha512-${createHash('sha512').update('x').digest('base64')}`],
  ['x', createHash('sha256').update('x').digest('hex')],
  ['role', 'arn:aws:iam::123456789012:role/my-Role-With-Long-Name-2024'],
  ['kms', 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
  ['url', 'https://example.org/a/B2c3D4e5F6g7H8i9J0k1L2m3?x=1'],
  ['database', 'postgres://$' + '{USER}:$' + '{PASSWORD}@db/app'],
  ['database', 'postgres://user:password@localhost/app'],
  ['key', `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${random(43)} me@host`],
  ['recipient', `age1${random(58, 'r', 'qpzry9x8gf2tvdw0s3jn54khce6mua7l')}`],
  ['caBundle', Buffer.from(pem('CERTIFICATE')).toString('base64')],
  ['tls.crt', pem('CERTIFICATE')],
  ['key', pem('PUBLIC KEY')],
  ['commit', 'f906a9d2b1c4e5f60718293a4b5c6d7e8f901234'],
  ['fingerprint', '85D77543B3D624B63CEA9E6DBC17301B491B3F21'],
  ['password', '$' + '{DB_PASSWORD}'],
  ['password', '{{ .Values.password }}'],
  ['password', '<your password>'],
  ['password', 'db-password'],
  ['password', 'changeme'],
  ['passwordFile', '/run/secrets/db'],
  ['secret', 'my-tls-secret'],
  ['secretName', 'wildcard-example-org-tls-2024'],
  ['existingSecret', 'grafana-admin-credentials'],
  ['token', 'github-token'],
  ['tokenUrl', 'https://login.example.org/oauth2/token'],
  ['automountServiceAccountToken', 'false'],
  ['x', 'aVeryLongCamelCaseIdentifierNameForATest2'],
  ['x', 'prometheus-kube-prometheus-stack-operator-v2-2024'],
  ['serviceAccount', 'app@my-project-123456.iam.gserviceaccount.com'],
  ['aws', 'AKIAIOSFODNN7EXAMPLE'],
  ['x', 'a comment about the GitHub token and the ghp_ prefix'],
  ['client_id', random(32)],
  ['path', 'charts/MyApp/Templates/V2/Deployment3Foo4Bar5'],
  ['x', 'ENC[AES256_GCM,data:abc,iv:abc,tag:abc,type:str]'],
];

for (const [name, text] of publics)
  test(`looks like no secret: ${name} ${text.slice(0, 40)}`, () => assert.equal(secretLook(text, name), undefined));

test('random tokens of usual lengths are seen, nearly all', () => {
  const seen = Array.from({ length: 500 }, (_, i) => secretLook(random(32, `t${i}`))).filter(
    what => what !== undefined,
  );
  assert.ok(seen.length >= 480, `${seen.length} of 500`);
});

test('hostile texts take no time', () => {
  const started = performance.now();
  for (const piece of [
    'eyJ',
    'a://',
    'a://b:c',
    '-----BEGIN A ',
    'LS0tLS1CRUdJTi',
    'xoxb-',
    'AKIA',
    '"data":{"',
    ':AA1',
    '1',
  ])
    secretLook(piece.repeat(4_000_000 / piece.length), 'x');
  assert.ok(performance.now() - started < 5000, `${performance.now() - started} ms`);
});

test('what stands far behind is seen', () => {
  for (const before of [65_500, 57_330, 1_000_000])
    assert.equal(secretLook(' '.repeat(before) + pem('PRIVATE KEY')), 'a private key');
});
