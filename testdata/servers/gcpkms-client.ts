/** For tests of Google Cloud KMS keys: the server of gcpkms.ts, and processes that ask it by the provider. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GcpKmsKey } from '../../src/core/metadata.ts';
import { newFolder, removeFolder } from '../suites/harness.ts';
import { type Call, type Caller, callerOf, type Outcome } from './caller.ts';
import type { Ready } from './gcpkms.ts';
import { canary, ring } from './gcpkms-keys.ts';

export type Variables = Readonly<Record<string, string>>;
export type Transport = 'grpc' | 'rest';
export const transports = ['grpc', 'rest'] as const;

/** What the tests wrap, in hex. */
export const part = 'a5'.repeat(32);

/** A key of the server by its name, or any by its resource id. */
export const keyOf = (name: string, enc = ''): GcpKmsKey => ({
  kind: 'gcp_kms',
  resourceId: name.includes('/') ? name : ring + name,
  createdAt: '2026-01-02T03:04:05Z',
  enc,
});

export class FakeGoogle {
  readonly ready: Ready;
  readonly folder: string;
  readonly #server: ChildProcess;
  readonly #callers: Caller[] = [];

  private constructor(server: ChildProcess, folder: string, ready: Ready) {
    this.#server = server;
    this.folder = folder;
    this.ready = ready;
    // No step may run gcloud.
    chmodSync(this.file('bin/gcloud', `#!/bin/sh\n: > ${folder}/gcloud-ran\n`), 0o755);
  }

  static async start(): Promise<FakeGoogle> {
    const folder = newFolder();
    const path = fileURLToPath(new URL('gcpkms.ts', import.meta.url));
    const server = spawn(process.execPath, [path, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
    const line = await new Promise<string>((resolve, reject) => {
      server.stdout.once('data', chunk => resolve(String(chunk)));
      server.once('exit', () => reject(new Error('the server did not start')));
    });
    return new FakeGoogle(server, folder, JSON.parse(line) as Ready);
  }

  /** Ends all; nothing may be left that keeps a process alive, nothing may have been written, gcloud may not have been run. */
  async stop(): Promise<void> {
    const lasted = await Promise.all(this.#callers.map(caller => caller.end()));
    const ran = existsSync(join(this.folder, 'gcloud-ran'));
    this.#server.stdin?.end();
    removeFolder(this.folder);
    assert.equal(this.#callers.map(caller => caller.written()).join(''), '');
    assert.ok(Math.max(...lasted) < 2500, `${lasted}`);
    assert.ok(!ran);
  }

  get authority(): string {
    return join(this.folder, 'ca.pem');
  }

  /** The key file of a service account. */
  get account(): string {
    return readFileSync(join(this.folder, 'account.json'), 'utf8');
  }

  /** Variables that lead to the server. */
  at(transport: Transport): Variables {
    const address = `localhost:${this.ready[transport]}`;
    return { SOPS_GCP_KMS_ENDPOINT: address, SOPS_GCP_KMS_CLIENT_TYPE: transport === 'rest' ? 'REST' : '' };
  }

  /** Variables that lead to the server from the addresses of Google. */
  proxyTo(transport: Transport): Variables {
    const port = transport === 'grpc' ? this.ready.grpcProxy : this.ready.restProxy;
    const type = transport === 'rest' ? 'rest' : 'grpc';
    return { https_proxy: `http://localhost:${port}`, SOPS_GCP_KMS_CLIENT_TYPE: type };
  }

  /** A process with these variables and, unless they say more, no credentials. */
  caller(variables: Variables): Caller {
    const made = callerOf('gcpkms.ts', 'gcpKmsProvider', {
      PATH: join(this.folder, 'bin'),
      HOME: this.folder,
      METADATA_SERVER_DETECTION: 'none',
      NODE_EXTRA_CA_CERTS: this.authority,
      GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: this.authority,
      ...variables,
    });
    this.#callers.push(made);
    return made;
  }

  /** Asks, and looks into all that was said for what must not be said. */
  async ask(by: Caller, call: Partial<Call>): Promise<Outcome> {
    const outcome = await by.call({ verb: 'unwrap', key: keyOf('one'), part, ...call });
    const told = JSON.stringify([outcome.reason, outcome.hints]) + by.written();
    const secrets = [canary, this.ready.token, 'ya29.', 'PRIVATE', part, Buffer.from(part, 'hex').toString('base64')];
    for (const secret of secrets) assert.ok(!told.includes(secret), told);
    return outcome;
  }

  /** Writes a file, and gives its path. */
  file(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }
}
