/** The plugin for Argo CD: its own commands, run in a folder as Argo CD runs them, and its manifests. */

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import {
  argocdFile,
  argocdPlugin,
  type Command,
  kustomize,
  noKubectl,
  noKustomize,
  placeTsops,
  runStep,
} from './gitops.ts';
import { newFolder, type Run, removeFolder, root, runProgram, runTsops, vectors } from './harness.ts';

const plugin = argocdPlugin('plugin.yaml');
const skip = process.platform === 'win32' ? 'the sidecar is a Linux container' : false;

const folders: string[] = [];
after(() => folders.forEach(removeFolder));
const env = { SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt') };

/** A repository with the environments of the demo, encrypted by a preset, and tsops in the folder \`bin\`. */
async function repository(): Promise<string> {
  const folder = newFolder();
  folders.push(folder);
  cpSync(join(root, 'testdata', 'demo', 'environments'), join(folder, 'environments'), { recursive: true });
  const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
  writeFileSync(join(folder, '.sops.yaml'), `creation_rules:\n  - preset: kubernetes\n    age: ${recipient}\n`);
  const production = join(folder, 'environments', 'production');
  writeFileSync(join(production, 'web.json'), '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}');
  writeFileSync(join(production, '.hidden.yaml'), 'kind: Hidden\n');
  for (const name of ['database', 'registry']) {
    const args = ['encrypt', '-i', `environments/production/${name}.yaml`];
    const { status, stderr } = await runTsops(args, { cwd: folder });
    assert.equal(status, 0, stderr);
  }
  placeTsops(join(folder, 'bin', 'tsops'));
  return folder;
}

async function runIn(repo: string, step: Command): Promise<Run> {
  const path = `${join(repo, 'bin')}:${process.env['PATH']}`;
  const cwd = join(repo, 'environments', 'production');
  const run = await runStep(step, { cwd, env: { ...env, PATH: path } });
  for (const value of ['pr0d-Xk9', 'ghs_demo0prod1webhook2token3']) assert.ok(!run.stderr.includes(value));
  return run;
}

describe('the commands of the plugin', { skip, concurrency: 2 }, () => {
  test('one stream with all manifests of the folder, decrypted', async () => {
    const repo = await repository();
    assert.equal((await runIn(repo, plugin.spec.init)).status, 0);
    const { status, stdout, stderr } = await runIn(repo, plugin.spec.generate);
    assert.deepEqual([status, stderr], [0, '']);
    const manifests = parseAllDocuments(stdout.toString()).flatMap(document => {
      assert.deepEqual(document.errors, []);
      return document.toJS() ?? [];
    });
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const wanted = ['orders-database', 'image-registry', 'webhook-tokens'].map(name => `Secret ${name}`);
    assert.deepEqual(names, [...wanted, 'ConfigMap web']);
    assert.equal(manifests[0].stringData.password, 'pr0d-Xk9#v2!mQ7&zL');
    assert.ok(!stdout.includes('ENC[') && !/^sops:/m.test(stdout.toString()));
  });

  test('kubectl reads it', { skip: noKubectl }, async () => {
    const repo = await repository();
    const { stdout } = await runIn(repo, plugin.spec.generate);
    const args = ['label', '--local', '-f', '-', 'read=yes', '-o', 'name'];
    const labelled = await runProgram('kubectl', args, { cwd: repo, stdin: stdout });
    assert.equal(labelled.status, 0, labelled.stderr);
    assert.deepEqual(labelled.stdout.toString().trim().split('\n'), [
      ...['orders-database', 'image-registry', 'webhook-tokens'].map(name => `secret/${name}`),
      'configmap/web',
    ]);
  });

  test('a file that was changed ends it', async () => {
    const repo = await repository();
    const file = join(repo, 'environments', 'production', 'database.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('orders-database', 'other'));
    const { status, stderr } = await runIn(repo, plugin.spec.generate);
    assert.notEqual(status, 0);
    assert.match(stderr, /database\.yaml/);
  });

  test('links are not followed', async () => {
    const repo = await repository();
    const production = join(repo, 'environments', 'production');
    symlinkSync('../staging/database.yaml', join(production, 'link.yaml'));
    symlinkSync('../staging', join(production, 'linked'));
    const { status, stdout } = await runIn(repo, plugin.spec.generate);
    assert.deepEqual([status, stdout.includes('stag1ng')], [0, false]);
  });

  test('a text that ends in blank lines, and one without a last line break', async () => {
    const repo = await repository();
    const production = join(repo, 'environments', 'production');
    writeFileSync(join(production, 'a.yaml'), 'kind: A\ntext: |+\n  x\n\n');
    writeFileSync(join(production, 'b.yml'), 'kind: B');
    const { stdout } = await runIn(repo, plugin.spec.generate);
    assert.ok(stdout.toString().startsWith('---\nkind: A\ntext: |+\n  x\n\n---\nkind: B\n---\n'), stdout.toString());
  });

  test('a folder with encrypted files is found, another one is not', async () => {
    const find = plugin.spec.discover?.find ?? assert.fail();
    const repo = await repository();
    const found = await runIn(repo, find);
    assert.deepEqual([found.status, found.stdout.length > 0], [0, true]);
    cpSync(join(repo, 'environments', 'staging'), join(repo, 'plain', 'environments', 'production'), {
      recursive: true,
    });
    mkdirSync(join(repo, 'plain', 'bin'));
    const none = await runIn(join(repo, 'plain'), find);
    assert.deepEqual([none.status, none.stdout.length], [0, 0]);
  });
});

test('the manifests', () => {
  for (const name of ['plugin.yaml', 'plugin-kustomize.yaml']) {
    const { apiVersion, kind, spec } = argocdPlugin(name);
    assert.deepEqual([apiVersion, kind], ['argoproj.io/v1alpha1', 'ConfigManagementPlugin']);
    for (const step of [spec.init, spec.generate]) assert.ok(step.command.every(word => typeof word === 'string'));
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.ok(argocdFile('repo-server.yaml').includes(`tsops@${version}]`), 'the sidecar installs this version');
});

test('the component adds the sidecar to Argo CD', { skip: noKustomize }, async () => {
  const folder = newFolder();
  folders.push(folder);
  cpSync(join(root, 'integrations', 'argocd'), join(folder, 'argocd'), { recursive: true });
  writeFileSync(
    join(folder, 'kustomization.yaml'),
    'namespace: argocd\nresources: [install.yaml]\ncomponents: [argocd]\n',
  );
  writeFileSync(
    join(folder, 'install.yaml'),
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: argocd-repo-server}\nspec:\n  template:\n    spec:\n' +
      '      containers: [{name: argocd-repo-server, image: argocd}]\n      initContainers: [{name: copyutil, image: argocd}]\n' +
      '      volumes: [{name: var-files, emptyDir: {}}, {name: plugins, emptyDir: {}}]\n',
  );
  const { status, stdout, stderr } = await runProgram(kustomize, ['build', '.'], { cwd: folder });
  assert.equal(status, 0, stderr);
  const built = parseAllDocuments(stdout.toString()).map(document => document.toJS());
  const { containers, initContainers, volumes } = built.find(({ kind }) => kind === 'Deployment').spec.template.spec;
  const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name).sort();
  assert.deepEqual(names(containers), ['argocd-repo-server', 'tsops']);
  assert.deepEqual(names(initContainers), ['copyutil', 'install-tsops']);
  const mounted = containers
    .find(({ name }: { name: string }) => name === 'tsops')
    .volumeMounts.map(({ name }: { name: string }) => name);
  for (const name of mounted) assert.ok(names(volumes).includes(name), name);
  const map = built.find(({ kind }) => kind === 'ConfigMap');
  assert.equal(map.data['plugin.yaml'], argocdFile('plugin.yaml'));
  assert.equal(volumes.find(({ name }: { name: string }) => name === 'tsops-plugin').configMap.name, map.metadata.name);
});
