/**
 * A Vault server for tests: a real one (OpenBao or HashiCorp Vault in development mode) where TSOPS_TEST_VAULT names the program or
 * `bao` or `vault` is on the PATH, else `vault-transit.ts`. Nothing is in it at first.
 */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../src/host/process.ts';
import { startTransit } from './vault-transit.ts';

export const vaultProgram: string | undefined =
  process.env['TSOPS_TEST_VAULT'] || findProgram('bao') || findProgram('vault');

export interface TestVault {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  /** May do everything. */
  readonly token: string;
  stop(): Promise<void>;
}

/** Starts a server of its own on a free port. It ends with this process at the latest. */
export function startVault(): Promise<TestVault> {
  const token = `canary-root-${randomBytes(8).toString('hex')}`;
  return vaultProgram === undefined ? startTransit(token) : startProgram(vaultProgram, token);
}

async function startProgram(program: string, token: string): Promise<TestVault> {
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), 'tsops-vault-'));
  const args = ['server', '-dev', `-dev-root-token-id=${token}`, `-dev-listen-address=127.0.0.1:${port}`];
  const env = { PATH: process.env['PATH'] ?? '', HOME: home };
  const server = spawn(program, args, { stdio: 'ignore', env });
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  server.unref();
  const ended = new Promise(settle => server.once('exit', settle));
  const stop = async () => {
    process.off('exit', kill);
    server.ref();
    kill();
    await ended;
    rmSync(home, { recursive: true, force: true });
  };
  const vault = { address: `http://127.0.0.1:${port}`, token, stop };
  await untilReady(vault);
  return vault;
}

function freePort(): Promise<number> {
  return new Promise(settle => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => settle(port));
    });
  });
}

const startMs = 60_000;

async function untilReady(vault: TestVault): Promise<void> {
  const end = Date.now() + startMs;
  while (Date.now() < end) {
    const status = await vaultRequest(vault, 'GET', 'sys/mounts').catch(() => 0);
    if (status === 200) return;
    await sleep(100);
  }
  await vault.stop();
  throw new Error('the Vault server did not start');
}

/** A request with the token that may do everything. Returns the status. */
export async function vaultRequest(vault: TestVault, method: string, path: string, body?: object): Promise<number> {
  const answer = await fetch(`${vault.address}/v1/${path}`, {
    method,
    headers: { 'X-Vault-Token': vault.token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await answer.arrayBuffer();
  return answer.status;
}
