/**
 * `tsops decrypt FILE | kubectl apply --dry-run=client --validate=false -f -`. kubectl asks a server for its list of kinds even then, so
 * the test answers those questions on the loopback; the manifests themselves are judged by kubectl.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encrypt } from '../../src/index.ts';
import { startKubernetes } from '../servers/kubernetes.ts';
import { dryRun, noKubectl } from './gitops.ts';
import { newFolder, removeFolder, root, runProgram, runTsops, vectors } from './harness.ts';

test('kubectl takes what decrypt prints', { skip: noKubectl }, async () => {
  const folder = newFolder();
  const server = await startKubernetes();
  try {
    const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
    const plain = readFileSync(join(root, 'testdata', 'demo', 'environments', 'production', 'registry.yaml'), 'utf8');
    const selection = { kind: 'encryptedRegex', text: '^(data|stringData)$' } as const;
    writeFileSync(join(folder, 'registry.yaml'), await encrypt(plain, { format: 'yaml', age: recipient, selection }));
    const env = { SOPS_AGE_KEY_FILE: join(vectors, 'keys', 'age-1.txt') };
    const { stdout } = await runTsops(['decrypt', 'registry.yaml'], { cwd: folder, env });
    assert.equal(stdout.toString(), plain);
    const args = ['--server', server.address, ...dryRun, '-f', '-'];
    const applied = await runProgram('kubectl', args, { cwd: folder, stdin: stdout });
    assert.equal(applied.status, 0, applied.stderr);
    assert.match(
      applied.stdout.toString(),
      /secret\/image-registry created \(dry run\)\nsecret\/webhook-tokens created \(dry run\)/,
    );
  } finally {
    server.stop();
    removeFolder(folder);
  }
});
