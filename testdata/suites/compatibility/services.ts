/** What the tests of rows on services need: the test servers, files for one of their keys, and both programs. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Everywhere, type TestKey, type Variables } from '../../servers/everywhere.ts';
import { type Run, realSops, root, runProgram, runTsops } from '../harness.ts';

export const plain = 'a: canary-2f80\n';
const page = readFileSync(join(root, 'docs', 'compatibility.md'), 'utf8');

export interface Seen {
  readonly status: number | null;
  readonly out?: string | RegExp;
  readonly err?: RegExp;
}

export class Field {
  readonly everywhere: Everywhere;
  readonly #servers: Server[] = [];

  private constructor(everywhere: Everywhere) {
    this.everywhere = everywhere;
  }

  static async start(): Promise<Field> {
    const field = new Field(await Everywhere.start());
    field.write('.sops.yaml', '{}\n');
    return field;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    await this.everywhere.stop();
  }

  path(name: string): string {
    return join(this.everywhere.folder, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** Starts a server on the loopback; gives its address. */
  async serve(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    this.#servers.push(server);
    await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** The key of a kind; skips the test where its server is not here. */
  key(kind: string, t: TestContext): TestKey | undefined {
    const found = this.everywhere.keys.find(key => key.kind === kind);
    if (found === undefined) t.skip(this.everywhere.missing.join(', '));
    return found;
  }

  tsops(args: readonly string[], keys: readonly TestKey[], more: Variables = {}): Promise<Run> {
    const env = { ...this.everywhere.machine(keys), ...more };
    return runTsops(args, { cwd: this.everywhere.folder, env, secrets: ['canary-2f80', 'canary-root'] });
  }

  /** Undefined where there is no sops. One that takes more than a few seconds is ended with the status 124. */
  async sops(args: readonly string[], keys: readonly TestKey[], more: Variables = {}): Promise<Run | undefined> {
    if (realSops === undefined) return undefined;
    const machine = this.everywhere.machine(keys);
    const authority = { ...this.everywhere.forSops, SSL_CERT_FILE: machine['NODE_EXTRA_CA_CERTS'] ?? '' };
    const env = { ...machine, ...authority, ...more };
    return runProgram('timeout', ['6', realSops, ...args], { cwd: this.everywhere.folder, env });
  }

  /** A file that is encrypted for these keys by tsops, and then changed. */
  async file(name: string, args: readonly string[], keys: readonly TestKey[], change = (text: string) => text) {
    this.write(name, plain);
    const done = await this.tsops(['encrypt', '-i', ...args, name], keys);
    assert.equal(done.status, 0, done.stderr);
    this.write(name, change(this.read(name)));
  }
}

/** @param run undefined where there is no sops to ask */
export function saw(run: Run | undefined, { status, out, err }: Seen): void {
  if (run === undefined) return;
  assert.equal(run.status, status, run.stderr);
  if (typeof out === 'string') assert.equal(run.stdout.toString(), out);
  if (out instanceof RegExp) assert.match(run.stdout.toString(), out);
  if (err !== undefined) assert.match(run.stderr, err);
}

/** The page has a row of this name. */
export function hasRow(name: string): void {
  assert.ok(page.includes(`\n| ${name}`), `docs/compatibility.md has no row "${name}"`);
}
