/**
 * The pipeline of a GitOps repository, from encrypting its environments to what a cluster takes: files with a key of AWS KMS (an
 * alias, with a profile per environment) and an age recipient, opened with either alone, beside plain manifests. What needs moto_server
 * (TSOPS_TEST_MOTO, or on the PATH), kubectl or kustomize (TSOPS_TEST_KUSTOMIZE, or on the PATH) is left out without it, and says so.
 */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { testSecret } from '../servers/aws.ts';
import { type Kubernetes, startKubernetes } from '../servers/kubernetes.ts';
import { kmsRequest, type Moto, motoProgram, startMoto } from '../servers/moto.ts';
import { argocdPlugin, dryRun, functionOf, kustomize, noKubectl, noKustomize, placeTsops, runStep } from './gitops.ts';
import { newFolder, type Run, removeFolder, runProgram, runTsops, vectors } from './harness.ts';

type Variables = Readonly<Record<string, string>>;

const environments = ['production', 'staging'] as const;
const value = (environment: string, name: string): string => `canary-${environment}-${name}`;
const secret = (environment: string, name: string): string =>
  `# of ${environment}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\nstringData:\n  password: ${value(environment, name)} # now\n`;
const config = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  level: info\n';
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example.com/web:1"}]}
`;
const secretFiles = environments.flatMap(environment => [`${environment}/a.yaml`, `${environment}/b.yaml`]);
const plainFiles = environments.flatMap(environment => [`${environment}/settings.yaml`, `${environment}/web.yaml`]);
const tree: Readonly<Record<string, string>> = Object.fromEntries(
  environments.flatMap(environment => [
    ...['a', 'b'].map(name => [`${environment}/${name}.yaml`, secret(environment, name)]),
    [`${environment}/settings.yaml`, config],
    [`${environment}/web.yaml`, deployment],
  ]),
);
const canaries = environments.flatMap(environment => ['a', 'b'].map(name => value(environment, name)));
const recipient = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.pub`), 'utf8').trim();

const folder = newFolder();
let moto: Moto | undefined;
let kubernetes: Kubernetes;
let programs: { readonly PATH: string };
/** Machines with one key each: the profile of one environment, or the identity of one environment. */
const byKms = new Map<string, Variables>();
const byAge = new Map<string, Variables>();
const noMoto = motoProgram ? false : 'moto_server is neither on the PATH nor in TSOPS_TEST_MOTO';

const path = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(path(name), 'utf8');
function write(name: string, text: string): void {
  mkdirSync(dirname(path(name)), { recursive: true });
  writeFileSync(path(name), text);
}

/** A machine of AWS with these profiles and nothing else, whose KMS is moto. */
function machineWith(...profiles: readonly string[]): Variables {
  const file = path(`aws-${profiles.join('-') || 'none'}`);
  const section = (name: string) =>
    `[profile ${name}]\naws_access_key_id = AKIA${name.toUpperCase()}\naws_secret_access_key = ${testSecret}\n`;
  writeFileSync(file, profiles.map(section).join(''), { mode: 0o600 });
  const only = { AWS_CONFIG_FILE: file, AWS_SHARED_CREDENTIALS_FILE: path('none'), AWS_EC2_METADATA_DISABLED: 'true' };
  return { ...only, AWS_ENDPOINT_URL_KMS: moto?.endpoint ?? 'http://127.0.0.1:1' };
}

/** A key with an alias for the environment; gives the lines of the creation rule for it. */
async function kmsLines({ endpoint }: Moto, environment: string): Promise<string> {
  const { KeyMetadata } = await kmsRequest(endpoint, 'eu-west-1', 'CreateKey', {});
  const arn = KeyMetadata?.Arn ?? assert.fail('no key was made');
  const alias = `alias/gitops-${environment}`;
  await kmsRequest(endpoint, 'eu-west-1', 'CreateAlias', { AliasName: alias, TargetKeyId: arn });
  return `    kms: ${arn.replace(/key\/.*/, alias)}\n    aws_profile: ${environment}\n`;
}

async function writeRules(): Promise<void> {
  let rules = 'creation_rules:\n';
  for (const [index, environment] of environments.entries()) {
    rules += `  - path_regex: ^environments/${environment}/[ab]\\.yaml$\n    preset: kubernetes\n`;
    if (moto !== undefined) rules += await kmsLines(moto, environment);
    rules += `    age: ${recipient(index + 1)}\n`;
    byAge.set(environment, { SOPS_AGE_KEY_FILE: join(vectors, 'keys', `age-${index + 1}.txt`) });
    byKms.set(environment, machineWith(environment));
  }
  write('.sops.yaml', rules);
}

function watched(run: Run): Run {
  for (const canary of [...canaries, testSecret]) assert.ok(!run.stderr.includes(canary), 'a secret is on stderr');
  return run;
}
const tsops = async (args: readonly string[], env: Variables, cwd = folder): Promise<Run> =>
  watched(await runTsops(args, { cwd, env }));
/** A line of a shell as it stands in a pipeline; a program that fails in the midst of a pipe is a failure. */
const shell = async (line: string, env: Variables): Promise<Run> => {
  const kubeconfig = { KUBECONFIG: path('kubeconfig') };
  return watched(
    await runProgram('bash', ['-euo', 'pipefail', '-c', line], {
      cwd: folder,
      env: { ...programs, ...kubeconfig, ...env },
    }),
  );
};
function well({ status, stdout, stderr }: Run): string {
  assert.equal(status, 0, stderr);
  return stdout.toString();
}

before(async () => {
  kubernetes = await startKubernetes();
  if (motoProgram !== undefined) moto = await startMoto(motoProgram);
  for (const [name, text] of Object.entries(tree)) write(`environments/${name}`, text);
  await writeRules();
  programs = placeTsops(path('bin/tsops'));
  const cluster = `{name: test, cluster: {server: "${kubernetes.address}"}}`;
  const context = '{name: test, context: {cluster: test, user: ""}}';
  write(
    'kubeconfig',
    `apiVersion: v1\nkind: Config\nclusters: [${cluster}]\ncontexts: [${context}]\ncurrent-context: test\n`,
  );
  well(await tsops(['encrypt', '-i', 'environments'], machineWith(...environments)));
});
after(async () => {
  kubernetes?.stop();
  await moto?.stop();
  removeFolder(folder);
});

describe('the repository', () => {
  test('the secrets are encrypted for the keys of their environment, and the other manifests are as they were', async t => {
    for (const name of secretFiles) {
      const text = read(`environments/${name}`);
      const [environment = ''] = name.split('/');
      assert.match(text, /^ {2}password: ENC\[/m, name);
      assert.match(text, /^kind: Secret$/m, name);
      for (const [index, other] of environments.entries()) {
        assert.equal(text.includes(recipient(index + 1)), other === environment, name);
        if (moto !== undefined) assert.equal(text.includes(`alias/gitops-${other}`), other === environment, name);
      }
      if (moto !== undefined) assert.match(text, new RegExp(`aws_profile: ${environment}$`, 'm'));
    }
    for (const name of plainFiles) assert.equal(read(`environments/${name}`), tree[name], name);
    if (noMoto !== false) t.diagnostic(`without keys of AWS KMS: ${noMoto}`);
  });

  test('check and updatekeys find nothing to do, without a key', async () => {
    well(await tsops(['check'], machineWith()));
    const before = secretFiles.map(name => read(`environments/${name}`));
    well(await tsops(['updatekeys', '--yes', 'environments'], machineWith()));
    well(await tsops(['encrypt', '-i', 'environments'], machineWith()));
    assert.deepEqual(
      secretFiles.map(name => read(`environments/${name}`)),
      before,
    );
  });

  test('no key, and the key of the other environment: nothing comes out', async () => {
    const strangers = [machineWith(), byAge.get('staging') ?? {}, byKms.get('staging') ?? {}];
    for (const machine of strangers) {
      const run = await tsops(['decrypt', 'environments/production/a.yaml'], { ...machineWith(), ...machine });
      assert.deepEqual([run.status, run.stdout.length], [128, 0], run.stderr);
      if (moto !== undefined) assert.match(run.stderr, /there is no AWS profile production/);
    }
  });
});

for (const [way, machines, skip] of [
  ['the key of AWS KMS', byKms, noMoto],
  ['the identity of age', byAge, false],
] as const) {
  describe(`with ${way} alone`, { skip }, () => {
    const machine = (): Variables => ({ ...machineWith(), ...machines.get('production') });

    test('every file comes back as it was', async () => {
      for (const name of secretFiles) {
        const env = { ...machineWith(), ...machines.get(dirname(name)) };
        assert.equal(well(await tsops(['-d', `environments/${name}`], env)), tree[name]);
      }
      const args = ['check', '--verify', 'environments/production'];
      well(await tsops(args, machine()));
    });

    test('a file of its own for kubectl', { skip: noKubectl }, async () => {
      const line = `tsops -d environments/production/a.yaml > x && kubectl ${dryRun.join(' ')} -f x`;
      assert.equal(well(await shell(line, machine())), 'secret/a created (dry run)\n');
      assert.equal(read('x'), tree['production/a.yaml']);
    });

    test('a stream of all files into kubectl, plain manifests among them', { skip: noKubectl }, async () => {
      const into = `| kubectl ${dryRun.join(' ')} -f -`;
      const names = (run: Run): string[] => well(run).trim().split('\n');
      const secrets = ['secret/a created (dry run)', 'secret/b created (dry run)'];
      const two = await shell(`tsops decrypt environments/production/[ab].yaml ${into}`, machine());
      assert.deepEqual(names(two), secrets);
      const all = await shell(`tsops decrypt --if-needed environments/production/*.yaml ${into}`, machine());
      const others = ['configmap/settings created (dry run)', 'deployment.apps/web created (dry run)'];
      assert.deepEqual(names(all), [...secrets, ...others]);
      const strict = await shell(`tsops decrypt environments/production/*.yaml ${into}`, machine());
      assert.notEqual(strict.status, 0, 'a plain manifest is an error where nobody said --if-needed');
      assert.match(strict.stderr, /settings\.yaml/);
    });

    test('the commands of the plugin for Argo CD', async () => {
      const { init, generate } = argocdPlugin('plugin.yaml').spec;
      const options = { cwd: path('environments/production'), env: { ...programs, ...machine() } };
      well(await runStep(init, options));
      const stream = well(watched(await runStep(generate, options)));
      const found = parseAllDocuments(stream).flatMap(document => document.toJS() ?? []);
      assert.deepEqual(
        found.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
        ['Secret a', 'Secret b', 'ConfigMap settings', 'Deployment web'],
      );
      assert.equal(found[1].stringData.password, value('production', 'b'));
      assert.ok(!/ENC\[|^sops:/m.test(stream));
    });

    test('kustomize', { skip: noKustomize }, async () => {
      const base = `deploy-${way.length}`;
      for (const name of ['a', 'b', 'settings', 'web'].map(name => `${name}.yaml`)) {
        write(`${base}/${name}`, read(`environments/production/${name}`));
      }
      const generators = 'generators: [decrypt.yaml]\nresources: [settings.yaml, web.yaml]\n';
      write(`${base}/kustomization.yaml`, generators);
      write(`${base}/decrypt.yaml`, `${functionOf('../bin/tsops')}files: [a.yaml, b.yaml]\n`);
      const args = ['build', '--enable-alpha-plugins', '--enable-exec', base];
      const built = watched(await runProgram(kustomize, args, { cwd: folder, env: machine() }));
      const found = parseAllDocuments(well(built)).map(document => document.toJS());
      const passwords = found.filter(({ kind }) => kind === 'Secret').map(({ stringData }) => stringData.password);
      assert.deepEqual(
        passwords.sort(),
        ['a', 'b'].map(name => value('production', name)),
      );
      assert.equal(found.length, 4);
    });
  });
}
