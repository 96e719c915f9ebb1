/**
 * The functional tests of sops itself, with tsops as their binary: run where TSOPS_TEST_SOPS_SOURCE names a checkout of sops 3.13 and
 * cargo is at hand. Those that want AWS run against moto_server, those that want a Vault against a real one in development mode.
 * `TSOPS_LAYOUT=sops` is set, since they compare texts that sops prints anew.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram } from '../../src/host/process.ts';
import { kmsRequest, type Moto, motoProgram, startMoto } from '../servers/moto.ts';
import { startVault, type TestVault, vaultProgram, vaultRequest } from '../servers/vault.ts';
import { startedText } from '../started.ts';
import { newFolder, removeFolder } from './harness.ts';

const source = process.env['TSOPS_TEST_SOPS_SOURCE'];
const crate = source === undefined ? undefined : join(source, 'functional-tests');
const without =
  crate === undefined || !existsSync(crate)
    ? 'TSOPS_TEST_SOPS_SOURCE names no checkout of sops'
    : findProgram('cargo') === undefined && 'cargo is not on the PATH';
const region = 'us-east-1';
const bucket = 'sops-publish-functional-tests';

async function awsSettings(moto: Moto): Promise<Record<string, string>> {
  const { KeyMetadata } = await kmsRequest(moto.endpoint, region, 'CreateKey', {});
  const made = await fetch(`${moto.endpoint}/${bucket}`, {
    method: 'PUT',
    headers: {
      Authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/s3/aws4_request, SignedHeaders=host, Signature=0`,
    },
  });
  assert.ok(made.ok, 'the bucket could not be made');
  return {
    FUNCTIONAL_TEST_KMS_ARN: KeyMetadata?.Arn ?? assert.fail('no key'),
    AWS_ENDPOINT_URL: moto.endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
}

async function vaultSettings(vault: TestVault): Promise<Record<string, string>> {
  assert.equal(await vaultRequest(vault, 'POST', 'sys/mounts/kv', { type: 'kv', options: { version: '1' } }), 204);
  return { VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token };
}

function prepare(folder: string): Record<string, string> {
  cpSync(crate ?? '', join(folder, 'crate'), { recursive: true, filter: path => !path.endsWith('/target') });
  const program = join(folder, 'crate', 'sops');
  writeFileSync(program, `#!/bin/sh\nexec ${startedText} "$@"\n`);
  chmodSync(program, 0o755);
  const home = join(folder, 'gnupg');
  mkdirSync(home, { mode: 0o700 });
  const keys = join(source ?? '', 'pgp', 'sops_functional_tests_key.asc');
  assert.equal(spawnSync('gpg', ['--homedir', home, '--batch', '--import', keys]).status, 0);
  return { GNUPGHOME: home, CARGO_TARGET_DIR: join(folder, 'target'), TSOPS_LAYOUT: 'sops' };
}

test('the functional tests of sops pass', { skip: without, timeout: 600_000 }, async t => {
  const folder = newFolder();
  const moto = motoProgram === undefined ? undefined : await startMoto(motoProgram);
  const vault = vaultProgram === undefined ? undefined : await startVault();
  try {
    const services = { ...(moto && (await awsSettings(moto))), ...(vault && (await vaultSettings(vault))) };
    const options = ['--test-threads=2', ...(moto ? ['--include-ignored'] : []), ...(vault ? [] : ['--skip', 'vault'])];
    const env = { ...process.env, ...prepare(folder), ...services };
    const cwd = join(folder, 'crate');
    const { status, stdout } = spawnSync('cargo', ['test', '--quiet', '--', ...options], {
      cwd,
      env,
      encoding: 'utf8',
    });
    const summary = /test result: .*$/m.exec(stdout)?.[0] ?? 'the tests were not built';
    t.diagnostic(`${summary}; with ${moto ? 'moto' : 'no AWS'}, ${vault ? 'a real Vault' : 'no Vault'}`);
    assert.equal(status, 0, stdout);
  } finally {
    spawnSync('gpgconf', ['--homedir', join(folder, 'gnupg'), '--kill', 'all']);
    await moto?.stop();
    await vault?.stop();
    removeFolder(folder);
  }
});
