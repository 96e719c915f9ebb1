/**
 * `tsops decrypt FILE | kubectl apply --dry-run=client --validate=false -f -`. kubectl asks a server for its list of kinds even then, so
 * the test answers those questions on the loopback; the manifests themselves are judged by kubectl.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { encrypt } from '../../src/index.ts';
import { newFolder, removeFolder, root, runProgram, runTsops, vectors } from './harness.ts';

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const secrets = {
  name: 'secrets',
  singularName: 'secret',
  namespaced: true,
  kind: 'Secret',
  verbs: ['create', 'get', 'list', 'patch'],
};
const answers: Readonly<Record<string, unknown>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [secrets] },
};

/** A server that knows the kind Secret and has no object. */
function startServer(): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = answers[(request.url ?? '').replace(/\?.*/, '')];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }),
    );
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

test('kubectl takes what decrypt prints', { skip: hasKubectl ? false : 'kubectl is not installed' }, async () => {
  const folder = newFolder();
  const server = await startServer();
  try {
    const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
    const plain = readFileSync(join(root, 'testdata', 'demo', 'environments', 'production', 'registry.yaml'), 'utf8');
    const selection = { kind: 'encryptedRegex', text: '^(data|stringData)$' } as const;
    writeFileSync(join(folder, 'registry.yaml'), await encrypt(plain, { format: 'yaml', age: recipient, selection }));
    const env = { SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt') };
    const { stdout } = await runTsops(['decrypt', 'registry.yaml'], { cwd: folder, env });
    assert.equal(stdout.toString(), plain);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ['--server', address, 'apply', '--dry-run=client', '--validate=false', '-f', '-'];
    const applied = await runProgram('kubectl', args, { cwd: folder, stdin: stdout });
    assert.equal(applied.status, 0, applied.stderr);
    assert.match(
      applied.stdout.toString(),
      /secret\/image-registry created \(dry run\)\nsecret\/webhook-tokens created \(dry run\)/,
    );
  } finally {
    server.close();
    removeFolder(folder);
  }
});
