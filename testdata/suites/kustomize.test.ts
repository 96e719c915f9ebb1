/**
 * `tsops krm` under a real kustomize: the one that TSOPS_TEST_KUSTOMIZE names, else the one on the PATH; without any the tests are
 * left out and say so.
 */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { type EncryptOptions, encrypt, formatOf } from '../../src/index.ts';
import { functionOf, kustomize, noKustomize, placeTsops } from './gitops.ts';
import { newFolder, type Run, removeFolder, runProgram, vectors } from './harness.ts';

const folders: string[] = [];
after(() => folders.forEach(removeFolder));

const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
const selection = { kind: 'encryptedRegex', text: '^(data|stringData)$' } as const;
const seal = (name: string, text: string, more: Partial<EncryptOptions> = {}): Promise<string> =>
  encrypt(text, { format: formatOf(name), age: recipient, selection, ...more });

/** The configuration of the function, which kustomize runs as a program. */
const decryptWith = (fields: string, kind?: string): string => `${functionOf('../tsops', kind)}${fields}`;

const secret = `# of the team
apiVersion: v1
kind: Secret
metadata:
  name: login
  annotations:
    kustomize.config.k8s.io/needs-hash: "true"
    since: 2024-01-02
stringData:
  password: kustom-ssecret
`;

/** Builds the kustomization in the folder \`app\`, with tsops beside it. */
async function build(files: Readonly<Record<string, string>>, prepare = (_folder: string): void => {}): Promise<Run> {
  const folder = newFolder();
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  placeTsops(join(folder, 'tsops'));
  prepare(folder);
  const args = ['build', '--enable-alpha-plugins', '--enable-exec', 'app'];
  const run = await runProgram(kustomize, args, {
    cwd: folder,
    env: { SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt') },
  });
  assert.ok(!run.stderr.includes('kustom-ssecret'));
  return run;
}

function resources(run: Run): Record<string, unknown>[] {
  assert.equal(run.status, 0, run.stderr);
  return parseAllDocuments(run.stdout.toString()).map(document => document.toJS());
}

describe('kustomize', { skip: noKustomize, concurrency: 2 }, () => {
  test('a generator: files below the kustomization, with a hash behind the name and a prefix before it', async () => {
    const run = await build({
      'app/kustomization.yaml': 'generators: [decrypt.yaml]\nresources: [use.yaml]\nnamePrefix: prod-\n',
      'app/decrypt.yaml': decryptWith('files: [secrets/login.yaml, ./secrets/many.yaml]'),
      'app/use.yaml':
        'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{secret: {secretName: login}}]}\n',
      'app/secrets/login.yaml': await seal('a.yaml', secret),
      'app/secrets/many.yaml': await seal(
        'a.yaml',
        'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}, data: {x: eQ==}}\n' +
          '---\napiVersion: v1\nkind: Secret\nmetadata: {name: c}\nstringData:\n  text: |\n    one\n\n    two\n',
      ),
    });
    const found = resources(run);
    const byName = (start: string) =>
      found.find(({ metadata }) => (metadata as { name: string }).name.startsWith(start));
    assert.deepEqual(byName('prod-login')?.['stringData'], { password: 'kustom-ssecret' });
    assert.match(JSON.stringify(byName('prod-p')), /"secretName":"prod-login-[a-z0-9]+"/);
    assert.match(JSON.stringify(byName('prod-login')), /"since":"2024-01-02"/);
    assert.deepEqual(byName('prod-b')?.['data'], { x: 'eQ==' });
    assert.deepEqual(byName('prod-c')?.['stringData'], { text: 'one\n\ntwo\n' });
    assert.equal(found.length, 4);
    assert.ok(!run.stdout.includes('ENC['));
  });

  test('a configuration of KSOPS', async () => {
    const run = await build({
      'app/kustomization.yaml': 'generators: [decrypt.yaml]\n',
      'app/decrypt.yaml': decryptWith(
        'secretFrom:\n- metadata: {name: made}\n  envs: [a.env]\n  files: [config.json=b.json]\n',
        'apiVersion: viaduct.ai/v1\nkind: ksops',
      ),
      'app/a.env': await encrypt('USER=me\n', { format: 'dotenv', age: recipient }),
      'app/b.json': await encrypt('{"a": 1}', { format: 'json', age: recipient }),
    });
    const [made] = resources(run);
    assert.deepEqual(made?.['stringData'], { USER: 'me', 'config.json': '{"a": 1}' });
  });

  test('a transformer: what kustomize has not reordered', async () => {
    const sorted =
      'apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\nstringData:\n  a: one\n  b: kustom-ssecret\n';
    const files = {
      'app/kustomization.yaml': 'resources: [login.yaml]\ntransformers: [decrypt.yaml]\n',
      'app/decrypt.yaml': decryptWith(''),
    };
    for (const more of [{}, { macOnlyEncrypted: true }]) {
      const [found] = resources(await build({ ...files, 'app/login.yaml': await seal('a.yaml', sorted, more) }));
      assert.deepEqual(found?.['stringData'], { a: 'one', b: 'kustom-ssecret' });
    }
    const turned = sorted.replace('a: one\n  b: kustom-ssecret', 'b: kustom-ssecret\n  a: one');
    const run = await build({ ...files, 'app/login.yaml': await seal('a.yaml', turned) });
    assert.notEqual(run.status, 0);
    assert.match(run.stderr, /Secret login: .*(MAC|changed)/);
    assert.match(run.stderr, /kustomize sorts the keys/);
  });

  const outside: readonly [name: string, file: string, prepare?: (folder: string) => void][] = [
    ['..', '../login.yaml'],
    ['an absolute path', '/etc/hosts.yaml'],
    ['a link', 'link.yaml', folder => symlinkSync('../login.yaml', join(folder, 'app', 'link.yaml'))],
    ['a link to a folder', 'sub/login.yaml', folder => symlinkSync('..', join(folder, 'app', 'sub'))],
  ];
  for (const [name, file, prepare] of outside) {
    test(`nothing outside of the kustomization: ${name}`, async () => {
      const files = {
        'app/kustomization.yaml': 'generators: [decrypt.yaml]\n',
        'app/decrypt.yaml': decryptWith(`files: [${file}]`),
        'login.yaml': await seal('a.yaml', secret),
      };
      const run = await build(files, prepare);
      assert.notEqual(run.status, 0);
      assert.match(run.stderr, /the path leads out of the folder/);
    });
  }

  test('one secret that fails fails the build', async () => {
    const files = {
      'app/kustomization.yaml': 'generators: [decrypt.yaml]\n',
      'app/decrypt.yaml': decryptWith('files: [login.yaml, changed.yaml]'),
      'app/login.yaml': await seal('a.yaml', secret),
      'app/changed.yaml': (await seal('a.yaml', secret)).replace('name: login', 'name: other'),
    };
    const run = await build(files);
    assert.notEqual(run.status, 0);
    assert.equal(run.stdout.length, 0);
    assert.match(run.stderr, /changed\.yaml/);
  });
});
