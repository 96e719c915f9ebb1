/** A machine with AWS settings of its own, and small servers in the place of AWS, for the tests of AWS KMS keys. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptionalFile } from '../../src/host/files.ts';
import type { KeyContext } from '../../src/keys/provider.ts';

/** The secret access key of `testKeys`: no message may repeat it. */
export const testSecret = 'canary-secret-9c1e';
export const testKeys = { AWS_ACCESS_KEY_ID: 'AKIATESTTESTTESTTEST', AWS_SECRET_ACCESS_KEY: testSecret };

export class AwsMachine {
  readonly folder = mkdtempSync(join(tmpdir(), 'tsops-aws-'));
  readonly #servers: Server[] = [];
  readonly #before = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  #count = 0;

  /**
   * What a provider may use of a machine with these variables and this AWS configuration and no other. The SDK reads the
   * variables of the process, so the last call counts.
   */
  context(vars: Record<string, string>, config = '', more: Partial<KeyContext> = {}): KeyContext {
    this.#forget();
    // The SDK keeps what it has read under the name of the file.
    this.#count += 1;
    const path = this.write(`config-${this.#count}`, config);
    const credentials = this.path(`credentials-${this.#count}`);
    Object.assign(process.env, { AWS_CONFIG_FILE: path, AWS_SHARED_CREDENTIALS_FILE: credentials, ...vars });
    return {
      env: name => process.env[name],
      readFile: file => readOptionalFile(file),
      homeDir: this.folder,
      configDir: undefined,
      timeoutMs: 20_000,
      mayConnect: true,
      once: new Map(),
      ...more,
    };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** Starts a server on the loopback and gives its address. */
  async serve(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
    this.#servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Ends all of it and puts the variables back. */
  close(): void {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    this.#forget();
    Object.assign(process.env, Object.fromEntries(this.#before));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #forget(): void {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  }
}
