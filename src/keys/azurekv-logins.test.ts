/** How Azure Key Vault keys get their token, and what is said where they do not. The servers are those of azurekv.test.ts. */

import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, type Caller, callerOf, type Outcome } from '../../testdata/servers/caller.ts';
import { type Cloud, type Site, startCloud } from '../../testdata/servers/cloud.ts';
import { application, applicationEnv, issueToken, loginSite, Vault } from '../../testdata/servers/keyvault.ts';
import { newFolder, removeFolder } from '../../testdata/suites/harness.ts';
import type { AzureKeyVaultKey } from '../core/metadata.ts';
import { env } from '../host/environment.ts';

const part = 'a5'.repeat(32);

describe('logins', () => {
  const vault = new Vault();
  const version = vault.add('main');
  const enc = vault.wrap('main', Buffer.from(part, 'hex'));
  const key: AzureKeyVaultKey = {
    kind: 'azure_kv',
    vaultUrl: 'https://test.vault.azure.net',
    name: 'main',
    version,
    createdAt: '2026-01-02T03:04:05Z',
    enc,
  };
  let login: Site = loginSite;
  let cloud: Cloud;
  let folder: string;
  const callers: Caller[] = [];

  before(async () => {
    folder = newFolder();
    cloud = await startCloud({ '*.vault.azure.net': vault.site, 'login.microsoftonline.com': ask => login(ask) });
  });
  after(async () => {
    for (const made of callers) await made.end();
    await cloud.stop();
    removeFolder(folder);
  });

  const start = (variables: Readonly<Record<string, string>> = applicationEnv): Caller => {
    const base = { PATH: env('PATH') ?? '', HOME: '/nonexistent' };
    const made = callerOf('azurekv.ts', 'azureKvProvider', { ...base, ...cloud.env, ...variables });
    callers.push(made);
    return made;
  };
  const ask = async (call: Partial<Call>, by: Caller): Promise<Outcome> => {
    const outcome = await by.call({ verb: 'unwrap', key, part, ...call });
    const told = JSON.stringify([outcome.reason, outcome.hints]) + by.written();
    for (const secret of [application.secret, part, 'token-', 'made for tests']) assert.ok(!told.includes(secret));
    return outcome;
  };

  test('a managed identity', async () => {
    const variables = {
      IDENTITY_ENDPOINT: 'https://login.microsoftonline.com/msi',
      IDENTITY_HEADER: application.secret,
    };
    const outcome = await ask({}, start(variables));
    assert.equal(outcome.part, part, outcome.reason);
  });

  test('a login of the Azure CLI', {
    skip: process.platform === 'win32' ? 'the stand-in is a shell script' : false,
  }, async () => {
    const token = issueToken('https://vault.azure.net/.default');
    const answer = JSON.stringify({ accessToken: token, expires_on: Math.floor(Date.now() / 1000) + 3600 });
    const wanted = `account get-access-token --output json --resource https://vault.azure.net --tenant ${application.tenant}`;
    const script = `#!/bin/sh\nif [ "$*" = '${wanted}' ]; then echo '${answer}'; else echo 'made for tests' >&2; exit 1; fi\n`;
    writeFileSync(join(folder, 'az'), script, { mode: 0o755 });
    const outcome = await ask({}, start({ PATH: `${folder}${delimiter}${env('PATH')}` }));
    assert.equal(outcome.part, part, outcome.reason);
  });

  test('an Azure CLI that hangs is not waited for, and ended with what it started', {
    skip: process.platform === 'win32' ? 'the stand-in is a shell script' : false,
  }, async () => {
    const beats = join(folder, 'beats');
    const bin = join(folder, 'hanging');
    mkdirSync(bin);
    const script = `#!/bin/sh\n(while :; do echo x >>'${beats}'; sleep 0.05; done); true\n`;
    writeFileSync(join(bin, 'az'), script, { mode: 0o755 });
    const by = start({ PATH: `${bin}${delimiter}${env('PATH')}`, AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential' });
    const outcome = await ask({ timeoutMs: 2000 }, by);
    assert.match(outcome.reason ?? '', /no Azure token could be had within 2 seconds/);
    await sleep(100);
    const size = statSync(beats).size;
    await sleep(300);
    assert.ok(size > 0 && size === statSync(beats).size, 'the program goes on');
  });

  const logins: readonly (readonly [name: string, variables: Readonly<Record<string, string>>, reason: RegExp])[] = [
    ['none', {}, /no Azure credentials were found/],
    ['wrong secret', { ...applicationEnv, AZURE_CLIENT_SECRET: 'canary-secret' }, /does not accept the client secret/],
    ['expired secret', { ...applicationEnv, AZURE_CLIENT_SECRET: 'expired' }, /client secret has expired/],
    ['wrong application', { ...applicationEnv, AZURE_CLIENT_ID: application.tenant }, /no such application/],
    ['wrong kind', { ...applicationEnv, AZURE_TOKEN_CREDENTIALS: 'canary' }, /names no kind of credential/],
  ];
  for (const [name, variables, reason] of logins) {
    test(`credentials: ${name}`, async () => {
      const by = start(variables);
      const outcome = await ask({ timeoutMs: 120_000 }, by);
      assert.match(outcome.reason ?? '', reason);
      assert.ok(outcome.tookMs < 10_000, `took ${outcome.tookMs} ms`);
      assert.ok(!JSON.stringify(outcome).includes('canary') && by.written() === '');
      // The second key of a file does not wait again.
      const again = await ask({}, by);
      assert.match(again.reason ?? '', reason);
    });
  }

  const badLogins: readonly (readonly [name: string, site: Site, reason: RegExp])[] = [
    ['silence', () => undefined, /no Azure token could be had within 2 seconds/],
    ['garbage', () => ({ status: 200, body: 'made for tests' }), /Azure gave no token|cannot be reached/],
    ['a failure', () => ({ status: 500, body: 'made for tests' }), /Azure gave no token|cannot be reached/],
  ];
  for (const [name, faulty, reason] of badLogins) {
    test(`the login answers with ${name}`, async () => {
      login = faulty;
      try {
        const by = start();
        const outcome = await ask({ timeoutMs: 2000 }, by);
        assert.match(outcome.reason ?? '', reason);
        assert.ok(outcome.tookMs < 3000, `took ${outcome.tookMs} ms`);
        assert.ok((await by.end()) < 1500, 'something still waits');
        callers.splice(callers.indexOf(by), 1);
      } finally {
        login = loginSite;
      }
    });
  }
});
