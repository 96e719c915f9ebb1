/** `publish` with the built command: S3 as moto_server plays it, storage and key-value stores of `servers/stores.ts`, a real Vault. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decrypt, inspectFile } from '../../src/index.ts';
import { type Moto, motoProgram, startMoto } from '../servers/moto.ts';
import { type Store, startKeyValue, startStorage } from '../servers/stores.ts';
import { startVault, type TestVault, vaultProgram, vaultRequest } from '../servers/vault.ts';
import { newFolder, type Run, removeFolder, runTsops, vectors } from './harness.ts';

const key = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.pub`), 'utf8').trim();
const identity = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.txt`), 'utf8');
const folder = newFolder();
const secret = 'hunter2-canary';
const plain = `# note\na: ${secret}\nn: 9007199254740993\nf: 1.0\nl: [x, {y: null}]\nclear_unencrypted: c\n`;
let storage: Store;
let values: Store;
let env: Record<string, string> = {};

function write(name: string, text: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function tsops(args: readonly string[], more: Record<string, string> = {}, stdin = ''): Promise<Run> {
  return runTsops(args, { cwd: folder, env: { ...env, ...more }, stdin, secrets: [secret] });
}

before(async () => {
  [storage, values] = await Promise.all([startStorage(), startKeyValue()]);
  env = {
    SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt'),
    STORAGE_EMULATOR_HOST: storage.address.replace('http://', ''),
    VAULT_ADDR: values.address,
    VAULT_TOKEN: 'root',
    VAULT_MAX_RETRIES: '0',
  };
  for (const name of ['s.yaml', 'tree/one.yaml', 'tree/sub/two.yaml', 'k.yaml', 'anew.yaml', 'late.yaml']) {
    write(name, plain);
    assert.equal((await tsops(['encrypt', '-i', '--age', key(1), name])).status, 0);
  }
  write('tree/plain.yaml', plain);
  write(
    '.sops.yaml',
    `destination_rules:
  - path_regex: ^k\\.yaml$
    vault_path: team
  - path_regex: ^v1
    vault_path: team/
    vault_kv_mount_name: kv
    vault_kv_version: 1
    omit_extensions: true
  - path_regex: ^anew
    gcs_bucket: bucket
    gcs_prefix: anew/
    recreation_rule:
      encrypted_regex: ^a$
      age: ${key(2)}
  - path_regex: ^two-places
    gcs_bucket: b
    s3_bucket: b
  - path_regex: ^nowhere
  - path_regex: ^lost
    gcs_bucket: other
  - path_regex: (s|tree/.*)\\.yaml$
    gcs_bucket: bucket
    gcs_prefix: p/
`,
  );
});
after(() => {
  storage.stop();
  values.stop();
  removeFolder(folder);
});

describe('publish', () => {
  test('a file goes as it is', async () => {
    const run = await tsops(['publish', '--yes', 's.yaml']);
    assert.equal(run.status, 0, run.stderr);
    assert.equal(storage.objects.get('p/s.yaml'), readFileSync(join(folder, 's.yaml'), 'utf8'));
    assert.match(run.stderr, /s\.yaml was published to gcs:\/\/bucket\/p\/s\.yaml/);
  });

  test('the question, its answers, and none', async () => {
    const start = storage.writes;
    const asked = await tsops(['publish', 's.yaml'], {}, 'what\ny\n');
    assert.deepEqual([asked.status, storage.writes], [0, start + 1], asked.stderr);
    assert.match(
      asked.stdout.toString(),
      /^uploading \/.*\/s\.yaml to gcs:\/\/bucket\/p\/s\.yaml \? \(y\/n\): uploading/,
    );
    for (const stdin of ['n\n', '']) assert.equal((await tsops(['publish', 's.yaml'], {}, stdin)).status, 1);
    assert.equal((await tsops(['publish', '--dry-run', 's.yaml'])).status, 0);
    assert.equal(storage.writes, start + 1);
  });

  test('folders: names relative to them, one failure does not stop the others', async () => {
    assert.equal((await tsops(['publish', '--yes', 'tree'])).status, 1);
    const run = await tsops(['publish', '--yes', '--recursive', '--omit-extensions', 'tree']);
    assert.equal(run.status, 1);
    assert.match(run.stderr, /tree\/plain\.yaml: .*not encrypted/);
    assert.match(run.stderr, /1 of 3 files could not be published/);
    assert.ok(storage.objects.has('p/one') && storage.objects.has('p/sub/two'));
  });

  test('encrypted for others, by the whole rule', async () => {
    const run = await tsops(['publish', '--yes', 'anew.yaml']);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout.toString(), new RegExp(`\\+\\+\\+ ${key(2)}\n--- ${key(1)}\n`));
    const sent = storage.objects.get('anew/anew.yaml') ?? '';
    const { metadata } = await inspectFile(sent, { format: 'yaml' });
    assert.deepEqual(metadata?.selection, { kind: 'encryptedRegex', text: '^a$' });
    assert.match(sent, /^n: 9007199254740993$/m);
    assert.equal(await decrypt(sent, { format: 'yaml', identities: identity(2) }), plain);
    await assert.rejects(decrypt(sent, { format: 'yaml', identities: identity(1) }), { code: 'DATA_KEY_UNAVAILABLE' });
  });

  test('values to a key-value store, with all digits, and not twice', async () => {
    const expected = '{"a":"hunter2-canary","n":9007199254740993,"f":1,"l":["x",{"y":null}],"clear_unencrypted":"c"}';
    assert.equal((await tsops(['publish', '--yes', 'k.yaml'])).status, 0);
    const sent = values.objects.get('/v1/secret/data/team/k.yaml') ?? '';
    assert.equal(sent.replace(/\s*\n\s*|(?<=:) /g, ''), `{"data":${expected}}`);
    write('k2.yaml', 'a: b\n');
    assert.equal((await tsops(['encrypt', '-i', '--age', key(1), 'k2.yaml'])).status, 0);
    write('k.yaml', readFileSync(join(folder, 'k2.yaml')));
    assert.equal((await tsops(['publish', '--yes', 'k.yaml'])).status, 0);
    const start = values.writes;
    const again = await tsops(['publish', '--yes', 'k.yaml']);
    assert.deepEqual([again.status, values.writes], [0, start]);
    assert.match(again.stderr, /is up to date at/);
  });

  test('version 1, a mount, no ending; documents merged, comments left out', async () => {
    write('v1.yaml', '# c\na: 1\n---\nb: 2\na: 3\n');
    assert.equal((await tsops(['encrypt', '-i', '--age', key(1), 'v1.yaml'])).status, 0);
    assert.equal((await tsops(['publish', '--yes', 'v1.yaml'])).status, 0);
    assert.deepEqual(JSON.parse(values.objects.get('/v1/kv/team/v1') ?? ''), { a: 3, b: 2 });
  });

  const refused: [name: string, file: string, text: RegExp, more?: Record<string, string>][] = [
    ['no rule for it', 'other.json', /no matching destination/],
    ['a rule without a destination', 'nowhere.yaml', /no destination configured/],
    ['a rule with two', 'two-places.yaml', /more than one destination/],
    ['a bucket that is not there', 'lost.yaml', /no bucket of this name/],
    ['a token that is refused', 'k.yaml', /does not take the Vault token/, { VAULT_TOKEN: 'other' }],
    ['no token', 'k.yaml', /no Vault token/, { VAULT_TOKEN: '' }],
    ['a Vault that is not there', 'k.yaml', /refused the connection/, { VAULT_ADDR: 'http://127.0.0.1:1' }],
    ['a storage that is not there', 's.yaml', /refused the connection/, { STORAGE_EMULATOR_HOST: '127.0.0.1:1' }],
    ['another configuration', 's.yaml', /config.*cannot be used/, { SOPS_CONFIG: 'nosuch.yaml' }],
  ];
  for (const [name, file, text, more] of refused) {
    test(`${name} is 1, with a word why`, async () => {
      if (!['s.yaml', 'k.yaml'].includes(file)) write(file, readFileSync(join(folder, 's.yaml')));
      const run = await tsops(['publish', '--yes', file], more);
      assert.equal(run.status, 1, run.stderr);
      assert.match(run.stderr, text);
    });
  }

  test('a rule that selects nothing lays nothing open', async () => {
    const config = `destination_rules:\n  - gcs_bucket: bucket\n    recreation_rule: {encrypted_regex: ^z$, age: ${key(2)}}\n`;
    write('open.sops.yaml', config);
    const start = storage.writes;
    const args = ['publish', '--yes', '--config', 'open.sops.yaml', 's.yaml'];
    assert.deepEqual([(await tsops(args)).status, storage.writes], [23, start]);
    assert.deepEqual([(await tsops([...args, '--allow-nothing'])).status, storage.writes], [0, start + 1]);
    assert.ok(storage.objects.get('s.yaml')?.startsWith(plain));
  });

  test('a name that is all ending stays; folders of version control are passed over', async () => {
    for (const name of ['dots/.env', 'dots/.git/x.env', 'dots/node_modules/y.env'])
      write(name, readFileSync(join(folder, 's.yaml')));
    write('dots.sops.yaml', 'destination_rules:\n  - gcs_bucket: bucket\n    gcs_prefix: dots/\n');
    const run = await tsops([
      'publish',
      '--yes',
      '--recursive',
      '--omit-extensions',
      '--input-type',
      'yaml',
      '--config',
      'dots.sops.yaml',
      'dots',
    ]);
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(
      [...storage.objects.keys()].filter(name => name.startsWith('dots/')),
      ['dots/.env'],
    );
  });

  test('a password in the address of a Vault server is neither shown nor sent', async () => {
    const start = values.writes;
    for (const more of [['--dry-run'], ['--yes'], []]) {
      const VAULT_ADDR = values.address.replace('//', `//user:${secret}@`);
      const run = await tsops(['publish', ...more, 'k.yaml'], { VAULT_ADDR }, 'y\n');
      assert.deepEqual([run.status, run.stdout.toString(), values.writes], [1, '', start], run.stderr);
      assert.match(run.stderr, /address of the Vault server is not one/);
    }
  });

  const answers: [status: number, text: RegExp][] = [
    [401, /does not take the Vault token/],
    [403, /create and update on secret\/data\/team\/k\.yaml/],
    [404, /no key-value engine of this version/],
    [405, /no key-value engine of this version/],
    [503, /sealed or in maintenance/],
    [418, /refused the request \(HTTP 418\)/],
  ];
  for (const [status, text] of answers) {
    test(`what Vault answers: ${status}`, async () => {
      values.refusal = status;
      const run = await tsops(['publish', '--yes', 'k.yaml']);
      values.refusal = undefined;
      assert.equal(run.status, 1, run.stderr);
      assert.match(run.stderr, text);
    });
  }

  test('a file whose MAC does not fit is not published decrypted', async () => {
    const start = values.writes;
    write('k.yaml', readFileSync(join(folder, 'late.yaml'), 'utf8').replace(/^f: .*\n/m, ''));
    assert.equal((await tsops(['publish', '--yes', 'k.yaml'])).status, 51);
    assert.equal(values.writes, start);
  });
});

describe('publish to S3', { skip: motoProgram === undefined && 'there is no moto_server' }, () => {
  let moto: Moto;
  const aws = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const authorization =
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0';
  before(async () => {
    moto = await startMoto(motoProgram ?? '');
    await fetch(`${moto.endpoint}/bucket`, { method: 'PUT', headers: { Authorization: authorization } });
    for (const bucket of ['bucket', 'missing'])
      write(`${bucket}.sops.yaml`, `destination_rules:\n  - s3_bucket: ${bucket}\n    s3_prefix: a b/\n`);
  });
  after(() => moto.stop());

  test('the object is the file', async () => {
    const settings = { ...aws, AWS_ENDPOINT_URL: moto.endpoint };
    const run = await tsops(['publish', '--yes', '--config', 'bucket.sops.yaml', 's.yaml'], settings);
    assert.equal(run.status, 0, run.stderr);
    const stored = await fetch(`${moto.endpoint}/bucket/a%20b/s.yaml`, { headers: { Authorization: authorization } });
    assert.equal(await stored.text(), readFileSync(join(folder, 's.yaml'), 'utf8'));
  });

  test('faults in plain words', async () => {
    const settings = { ...aws, AWS_ENDPOINT_URL: moto.endpoint };
    const missing = await tsops(['publish', '--yes', '--config', 'missing.sops.yaml', 's.yaml'], settings);
    assert.deepEqual([missing.status, /no S3 bucket of this name/.test(missing.stderr)], [1, true], missing.stderr);
    const down = { ...settings, AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_MAX_ATTEMPTS: '1' };
    const gone = await tsops(['publish', '--yes', '--config', 'bucket.sops.yaml', 's.yaml'], down);
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /AWS S3/);
  });
});

describe('publish to a real Vault', { skip: vaultProgram === undefined && 'there is no bao or vault' }, () => {
  let vault: TestVault;
  before(async () => {
    vault = await startVault();
    await vaultRequest(vault, 'POST', 'sys/mounts/kv', { type: 'kv', options: { version: '1' } });
  });
  after(() => vault.stop());

  for (const [file, path] of [
    ['late.yaml', 'secret/data/x/late.yaml'],
    ['v1.yaml', 'kv/x/v1.yaml'],
  ] as const) {
    test(`${path}, written once`, async () => {
      const version = path.startsWith('kv') ? '    vault_kv_mount_name: kv\n    vault_kv_version: 1\n' : '';
      write('real.sops.yaml', `destination_rules:\n  - vault_path: x\n    vault_address: ${vault.address}\n${version}`);
      const settings = { VAULT_ADDR: 'http://127.0.0.1:1', VAULT_TOKEN: vault.token };
      const run = await tsops(['publish', '--yes', '--config', 'real.sops.yaml', file], settings);
      assert.equal(run.status, 0, run.stderr);
      const answer = await fetch(`${vault.address}/v1/${path}`, { headers: { 'X-Vault-Token': vault.token } });
      assert.match(await answer.text(), file === 'v1.yaml' ? /"data":\{"a":3,"b":2\}/ : /"a":"hunter2-canary"/);
    });
  }
});
