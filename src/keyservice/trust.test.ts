/** A key service is told keys by others: they must not choose where its user's tokens go. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { VaultKey } from '../core/metadata.ts';
import { explicitContext } from '../keys/context.ts';
import { openKeyServices } from './client.ts';
import { serveKeys } from './server.ts';

test('a Vault that only a client names is not sent a token', async () => {
  let asked = 0;
  const vault = createServer((_request, response) => {
    asked += 1;
    response.end('{"data": {"ciphertext": "vault:v1:AAAA"}}');
  });
  await new Promise<void>(settle => vault.listen(0, '127.0.0.1', settle));
  const vaultAddress = `http://127.0.0.1:${(vault.address() as AddressInfo).port}`;
  let trusted: readonly string[] = [];
  const context = {
    ...explicitContext({}),
    env: (name: string) => (name === 'VAULT_TOKEN' ? 'canary-token' : undefined),
    mayConnect: true,
    trustedAddresses: async () => trusted,
  };
  let told = '';
  const service = await serveKeys({
    ...{ network: 'tcp', address: '127.0.0.1:0', context, random: randomBytes },
    onAnswer: ({ failure = '' }) => (told = failure),
  });
  try {
    const [client] = openKeyServices(service.address).services;
    const key: VaultKey = { kind: 'hc_vault', vaultAddress, enginePath: 't', keyName: 'k', createdAt: '', enc: '' };
    const wrap = () => client!.wrap(key, randomBytes(32));
    await assert.rejects(wrap, { name: 'TsopsError', code: 'WRAP_FAILED' });
    assert.match(told, /only the file names/);
    assert.equal(asked, 0);
    trusted = [vaultAddress];
    assert.equal(await wrap(), 'vault:v1:AAAA');
  } finally {
    service.close();
    vault.closeAllConnections();
    vault.close();
  }
});
