/**
 * AWS KMS keys against moto_server with the real SDK: keys, roles, every source of credentials, and a real sops where
 * TSOPS_TEST_SOPS names one. Against a real account where TSOPS_TEST_AWS_KMS_ARN names a key of it (`ARN` or `ARN+ROLE`), with
 * the usual variables of AWS.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsMachine, testKeys, testSecret } from '../../testdata/servers/aws.ts';
import { kmsRequest, type Moto, motoProgram, startMoto } from '../../testdata/servers/moto.ts';
import type { AwsKmsKey } from '../core/metadata.ts';
import { hostName } from '../host/hostname.ts';
import { decrypt } from '../ops/decrypt.ts';
import { encrypt } from '../ops/encrypt.ts';
import { awsKmsProvider } from './awskms.ts';
import { sessionName } from './awskms-session.ts';
import { systemContext } from './context.ts';
import { loadProvider } from './index.ts';
import type { KeyContext } from './provider.ts';

const realSops = process.env['TSOPS_TEST_SOPS'];
const realKey = process.env['TSOPS_TEST_AWS_KMS_ARN'];
const machine = new AwsMachine();
after(() => machine.close());

const part = randomBytes(32);
const noRandom = () => assert.fail('KMS needs no randomness of ours');
const wrapped = async (key: AwsKmsKey, context: KeyContext): Promise<AwsKmsKey> => ({
  ...key,
  enc: await awsKmsProvider.wrap(key, part, context, noRandom),
});
const keyOf = (text: string, more: Partial<AwsKmsKey> = {}): AwsKmsKey => ({
  ...awsKmsProvider.parse(text, '2026-01-02T03:04:05Z')[0]!,
  ...more,
});

async function opens(key: AwsKmsKey, context: KeyContext): Promise<void> {
  const result = await awsKmsProvider.unwrap(key, context);
  assert.ok(result instanceof Uint8Array, `it did not open: ${'reason' in result ? result.reason : ''}`);
  assert.deepEqual(Buffer.from(result), part);
}

async function fails(key: AwsKmsKey, context: KeyContext, reason: RegExp): Promise<readonly string[]> {
  const result = await awsKmsProvider.unwrap(key, context);
  assert.ok(!(result instanceof Uint8Array), 'it opened');
  assert.ok(!JSON.stringify([result.reason, result.hints]).includes('canary'), 'a secret is in the report');
  assert.match(result.reason, reason);
  return result.hints;
}

test('a real account', { skip: realKey ? false : 'TSOPS_TEST_AWS_KMS_ARN names no key' }, async () => {
  const key = keyOf(realKey!, { context: new Map([['tsops', 'test']]) });
  const sealed = await wrapped(key, systemContext());
  await opens(sealed, systemContext());
  await fails({ ...sealed, context: new Map([['tsops', 'other']]) }, systemContext(), /context/);
});

const noMoto = motoProgram ? false : 'moto_server is neither on the PATH nor in TSOPS_TEST_MOTO';
describe('with moto_server', { skip: noMoto }, () => {
  let moto: Moto;
  let [arn, otherArn, aliasArn, euArn] = ['', '', '', ''];
  const role = 'arn:aws:iam::123456789012:role/wrapper';
  before(async () => {
    moto = await startMoto(motoProgram!);
    const create = async (region: string) =>
      (await kmsRequest(moto.endpoint, region, 'CreateKey', {})).KeyMetadata?.Arn ?? assert.fail('no key was made');
    [arn, otherArn, euArn] = [await create('us-east-1'), await create('us-east-1'), await create('eu-central-1')];
    await kmsRequest(moto.endpoint, 'us-east-1', 'CreateAlias', { AliasName: 'alias/tsops/x', TargetKeyId: arn });
    aliasArn = arn.replace(/key\/.*/, 'alias/tsops/x');
  });
  after(() => moto?.stop());

  const at = (vars: Record<string, string> = testKeys, config = '', more: Partial<KeyContext> = {}) =>
    machine.context({ AWS_ENDPOINT_URL: moto.endpoint, ...vars }, config, more);

  test('wrap and unwrap, with and without a context, by ARN and alias, in two regions', async () => {
    const pairs = new Map([
      ['Role', 'writer'],
      ['App', 'tsops, ü'],
    ]);
    for (const key of [keyOf(arn), keyOf(arn, { context: pairs }), keyOf(aliasArn), keyOf(euArn)]) {
      const sealed = await wrapped(key, at());
      assert.match(sealed.enc, /^[A-Za-z0-9+/]+={0,2}$/);
      await opens(sealed, at());
      const lines = sealed.enc.replaceAll(/.{60}/g, '$&\r\n');
      await opens({ ...sealed, enc: lines }, at());
    }
  });

  test('another context, another key, other bytes', async () => {
    const sealed = await wrapped(keyOf(arn, { context: new Map([['a', 'b']]) }), at());
    await fails({ ...sealed, context: new Map([['a', 'c']]) }, at(), /encryption context/);
    await fails({ ...sealed, context: new Map() }, at(), /encryption context/);
    // AWS itself answers IncorrectKeyException.
    await fails({ ...sealed, arn: otherArn }, at(), /another AWS KMS key|denies it/);
    const bytes = Buffer.from(sealed.enc, 'base64');
    bytes[bytes.length - 1]! ^= 1;
    await fails({ ...sealed, enc: bytes.toString('base64') }, at(), /damaged/);
    await fails({ ...sealed, arn: arn.replace(/key\/.*/, 'alias/none') }, at(), /no such key or alias/);
  });

  test('a role is assumed in the region of the key, as sops names the session, once for all keys', async () => {
    const asked: string[] = [];
    const sts = await machine.serve((request, response) => {
      request.on('data', body => {
        const { RoleArn, RoleSessionName, Action } = Object.fromEntries(new URLSearchParams(String(body)));
        const scope = /Credential=(\w+)\/\d+\/([^/]+)/.exec(request.headers.authorization ?? '');
        asked.push([Action, RoleArn, RoleSessionName, scope?.[1], scope?.[2]].join(' '));
        response.end(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
          <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>canary</SecretAccessKey><SessionToken>canary</SessionToken>
          <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`);
      });
    });
    const context = at({ ...testKeys, AWS_ENDPOINT_URL_STS: sts });
    const sealed = await wrapped(keyOf(`${euArn}+${role}`), context);
    assert.equal(sealed.role, role);
    await Promise.all([opens(sealed, context), opens(sealed, context)]);
    assert.deepEqual(asked, [`AssumeRole ${role} ${sessionName(hostName())} AKIATESTTESTTESTTEST eu-central-1`]);
    await opens(await wrapped(keyOf(`${arn}+${role}`), at()), at());
    asked.length = 0;
    const chained = `[profile chained]\nrole_arn = ${role}\nrole_session_name = mine\nsource_profile = keys
[profile keys]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = ${testSecret}\n`;
    await opens({ ...sealed, role: '', awsProfile: 'chained' }, at({ AWS_ENDPOINT_URL_STS: sts }, chained));
    assert.deepEqual(asked, [`AssumeRole ${role} mine AKIAPROFILE eu-central-1`]);
  });

  test('a role that may not be assumed', async () => {
    const sts = await machine.serve((_, response) => {
      response.statusCode = 403;
      response.end(
        '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>canary</Message></Error></ErrorResponse>',
      );
    });
    const sealed = await wrapped(keyOf(arn), at());
    const context = at({ ...testKeys, AWS_ENDPOINT_URL_STS: sts });
    await fails(
      { ...sealed, role },
      context,
      /the role arn:aws:iam::123456789012:role\/wrapper could not be assumed: AWS denies it.*sts:AssumeRole/,
    );
  });

  describe('credentials', () => {
    let sealed: AwsKmsKey;
    before(async () => {
      sealed = await wrapped(keyOf(arn), at());
    });
    const config = `[default]
region = eu-west-3
[profile named] # a comment
aws_access_key_id = AKIANAMED
aws_secret_access_key = ${testSecret}
[profile "quoted"]
aws_access_key_id = AKIAQUOTED
aws_secret_access_key = ${testSecret}
[profile half]
aws_access_key_id = AKIAHALF
[profile chained]
role_arn = ${role}
source_profile = named
[profile second]
role_arn = ${role}
source_profile = named
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile process]
credential_process = echo '{"Version":1,"AccessKeyId":"AKIAPROC","SecretAccessKey":"${testSecret}"}'
[profile broken]
credential_process = sh -c "echo ${testSecret} >&2; exit 3"
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = x
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://127.0.0.1:1/start
[profile login]
login_session = arn:aws:iam::123456789012:user/me
[profile empty]
region = eu-west-3
`;
    const off = { AWS_EC2_METADATA_DISABLED: 'true' };

    for (const profile of ['named', 'quoted', 'chained', 'process']) {
      test(`the profile ${profile}, of the key or of the environment`, async () => {
        await opens({ ...sealed, awsProfile: profile }, at(off, config));
        await opens(sealed, at({ ...off, AWS_PROFILE: profile }, config));
        await opens(sealed, at({ ...off, AWS_DEFAULT_PROFILE: profile }, config));
      });
    }

    const failing: [profile: string, reason: RegExp, hint: RegExp][] = [
      ['half', /profile half has no complete pair/, /aws configure/],
      ['broken', /credential_process that failed/, /aws configure/],
      ['second', /second factor/, /aws configure/],
      ['sso', /uses SSO, whose session is missing/, /aws sso login --profile sso/],
      ['login', /login session/, /aws login --profile login/],
      ['empty', /there are no AWS credentials/, /AWS_PROFILE/],
      ['nobody', /there is no AWS profile nobody \(looked in .*config-\d+ and .*credentials-\d+\)/, /aws_profile/],
      ['__proto__', /there is no AWS profile __proto__/, /aws_profile/],
    ];
    for (const [profile, reason, hint] of failing) {
      test(`the profile ${profile} says what is missing`, async () => {
        const key = { ...sealed, awsProfile: profile };
        const hints = await fails(key, at({ ...testKeys, ...off }, config), reason);
        assert.match(hints.join(), hint);
      });
    }

    test('a second factor is asked for', async () => {
      const asked: string[] = [];
      const askSecret = async (prompt: string) => {
        asked.push(prompt);
        return '123456';
      };
      await opens({ ...sealed, awsProfile: 'second' }, at(off, config, { askSecret }));
      assert.deepEqual(asked, ['Code of arn:aws:iam::123456789012:mfa/me for the AWS profile second: ']);
    });

    test('keys in the environment come before AWS_PROFILE, as with sops, and after the profile of the key', async () => {
      const users: (string | undefined)[] = [];
      const kms = await machine.serve((request, response) => {
        users.push(/Credential=(\w+)/.exec(request.headers.authorization ?? '')?.[1]);
        response.end('{"Plaintext":"AAAA"}');
      });
      const vars = { ...testKeys, AWS_PROFILE: 'named', AWS_ENDPOINT_URL: kms };
      await awsKmsProvider.unwrap(sealed, at(vars, config));
      await awsKmsProvider.unwrap({ ...sealed, awsProfile: 'quoted' }, at(vars, config));
      assert.deepEqual(users, ['AKIATESTTESTTESTTEST', 'AKIAQUOTED']);
    });

    test('a web identity', async () => {
      const AWS_WEB_IDENTITY_TOKEN_FILE = machine.write('token', 'canary.e30.x');
      await opens(sealed, at({ ...off, AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN: role }));
      await fails(sealed, at({ ...off, AWS_WEB_IDENTITY_TOKEN_FILE }), /web identity/);
      const missing = { AWS_WEB_IDENTITY_TOKEN_FILE: machine.path('no-token'), AWS_ROLE_ARN: role };
      await fails(sealed, at({ ...off, ...missing }), /web identity/);
    });

    const identity = JSON.stringify({
      Code: 'Success',
      AccessKeyId: 'ASIAMACHINE',
      SecretAccessKey: testSecret,
      Token: testSecret,
      Expiration: '2099-01-01T00:00:00Z',
    });

    test('a container', async () => {
      const address = await machine.serve((request, response) => {
        response.statusCode = request.headers.authorization === 'canary-token' ? 200 : 403;
        response.end(identity);
      });
      const vars = { ...off, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${address}/creds` };
      await opens(sealed, at({ ...vars, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'canary-token' }));
      await fails(sealed, at(vars), /container gave no AWS credentials/);
    });

    test('an instance', async () => {
      const address = await machine.serve((request, response) => {
        const token = request.headers['x-aws-ec2-metadata-token'];
        if (request.method === 'PUT') response.end('canary-token');
        else if (token !== 'canary-token') response.writeHead(401).end();
        else response.end(request.url?.endsWith('/the-role') ? identity : 'the-role');
      });
      await opens(sealed, at({ AWS_EC2_METADATA_SERVICE_ENDPOINT: address }));
    });

    test('no machine of AWS: the answer comes in seconds, and at once for the next key', async () => {
      const silent = createServer(() => {});
      await new Promise<void>(settle => silent.listen(0, '127.0.0.1', settle));
      const { port } = silent.address() as { port: number };
      const context = at({ AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${port}` });
      const start = Date.now();
      const hints = await fails(sealed, context, /there are no AWS credentials.*no instance metadata service/);
      assert.match(hints.join(), /aws sso login/);
      const first = Date.now();
      await fails({ ...sealed, arn: euArn }, context, /there are no AWS credentials/);
      silent.close();
      assert.ok(first - start < 5000, `${first - start} ms`);
      assert.ok(Date.now() - first < 200);
    });

    for (const profile of ['hanging', 'by-way-of']) {
      test(`a program that hangs is not waited for, and ended with what it started: ${profile}`, async () => {
        const beats = machine.path(`beats-${profile}`);
        const command = `sh -c "while :; do echo x >>'${beats}'; sleep 0.05; done; echo"`;
        const chained = `[profile by-way-of]\nrole_arn = ${role}\nsource_profile = hanging\n`;
        const hanging = `[profile hanging]\ncredential_process = ${command}\n${chained}`;
        const start = Date.now();
        const reason =
          profile === 'hanging' ? /credential_process that failed.*1 seconds/ : /could not assume its role.*1 seconds/;
        await fails({ ...sealed, awsProfile: profile }, at(off, hanging, { timeoutMs: 1000 }), reason);
        assert.ok(Date.now() - start < 3000);
        const size = statSync(beats).size;
        await sleep(300);
        assert.ok(size > 0 && size === statSync(beats).size, 'the program goes on');
      });
    }

    test('AWS_CA_BUNDLE that is not there', async () => {
      await fails(sealed, at({ ...testKeys, AWS_CA_BUNDLE: machine.path('none') }), /AWS_CA_BUNDLE/);
    });
  });

  test('files of a real sops, and ours', { skip: realSops ? false : 'TSOPS_TEST_SOPS names no sops' }, async t => {
    if ((await loadProvider('kms')) !== awsKmsProvider) return t.skip('the kind is not in the list of providers');
    const vars = { ...testKeys, AWS_ENDPOINT_URL: moto.endpoint };
    const sops = (args: readonly string[], input: string): string => {
      const env = { ...vars, PATH: process.env['PATH'] ?? '', HOME: machine.folder };
      const done = spawnSync(realSops!, [...args, '--input-type', 'json', '--output-type', 'json'], { env, input });
      assert.equal(done.status, 0, done.stderr.toString());
      return done.stdout.toString();
    };
    const plain = '{\n\t"a": "x",\n\t"b": 7\n}\n';
    for (const [text, pairs] of [
      [arn, ''],
      [aliasArn, 'k:v,Other:ü'],
      [`${euArn}+${role}`, 'k:v'],
    ] as const) {
      const context = pairs === '' ? [] : ['--encryption-context', pairs];
      const theirs = sops(['encrypt', '--filename-override', 'x.json', '--kms', text, ...context], plain);
      const keys = machine.context(vars);
      assert.equal(await decrypt(theirs, { format: 'json', keys }), plain);
      const key = keyOf(text, {
        context: new Map(pairs === '' ? [] : pairs.split(',').map(pair => pair.split(':') as [string, string])),
      });
      const ours = await encrypt(plain, { format: 'json', groups: [[key]], keys });
      assert.equal(sops(['decrypt', '--filename-override', 'x.json'], ours), plain);
    }
  });
});
