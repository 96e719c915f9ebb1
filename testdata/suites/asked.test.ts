/** What one run asks of a key service: a Vault server behind a proxy that counts the requests. */

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { startVault, type TestVault, vaultRequest } from '../servers/vault.ts';
import { newFolder, removeFolder, runTsops } from './harness.ts';

const secret = 'canary-7b20c';
const folder = newFolder();
let vault: TestVault;
let proxy: Server;
let asked: string[] = [];

before(async () => {
  vault = await startVault();
  await vaultRequest(vault, 'POST', 'sys/mounts/transit', { type: 'transit' });
  await vaultRequest(vault, 'POST', 'transit/keys/main');
  proxy = createServer((incoming, outgoing) => {
    asked.push((incoming.url ?? '').split('/')[3] ?? '');
    const onward = request(`${vault.address}${incoming.url}`, { method: incoming.method, headers: incoming.headers });
    onward.on('response', answer => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>(settle => proxy.listen(0, '127.0.0.1', settle));
});

after(async () => {
  proxy.closeAllConnections();
  await new Promise(settle => proxy.close(settle));
  await vault.stop();
  removeFolder(folder);
});

beforeEach(() => {
  asked = [];
});

async function tsops(...args: string[]): Promise<string> {
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const env = { VAULT_ADDR: address, VAULT_TOKEN: vault.token, SOPS_VAULT_URIS: `${address}/v1/transit/keys/main` };
  const { status, stdout, stderr } = await runTsops(args, { cwd: folder, env, secrets: [secret] });
  assert.equal(status, 0, stderr);
  return stdout.toString();
}

test('files with one wrapped data key are opened with one request a run, and others with one each', async () => {
  const plain = `a: ${secret}\n`;
  for (const name of ['one.yaml', 'two.yaml']) writeFileSync(join(folder, name), plain);
  await tsops('encrypt', '-i', 'one.yaml', 'two.yaml');
  assert.deepEqual(asked, ['encrypt', 'encrypt'], 'each file has a data key of its own');
  // More than are worked on side by side.
  const copies = Array.from({ length: 40 }, (_, index) => `copy-${index}.yaml`);
  for (const name of copies) copyFileSync(join(folder, 'one.yaml'), join(folder, name));
  asked = [];
  const stream = await tsops('decrypt', ...copies);
  assert.equal(stream.split(plain).length, copies.length + 1, 'every file is decrypted');
  assert.deepEqual(asked, ['decrypt']);
  asked = [];
  await tsops('decrypt', '-i', ...copies, 'two.yaml');
  assert.deepEqual(asked, ['decrypt', 'decrypt']);
  for (const name of [...copies, 'two.yaml']) assert.equal(readFileSync(join(folder, name), 'utf8'), plain, name);
});
