/**
 * The transit engine of a Vault server, for machines without one: AES-256-GCM with versioned keys, tokens, mounts and sealing, with
 * the statuses and texts of OpenBao 2.5.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestVault } from './vault.ts';

/** Longest life of a server that nobody stopped. */
const lifeMs = 600_000;
const ivBytes = 12;
const tagBytes = 16;

interface Answer {
  readonly status: number;
  readonly data?: object;
  readonly errors?: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

interface TransitKey {
  /** Version 1 first. */
  readonly versions: Buffer[];
  oldest: number;
}

const refused = (status: number, text: string): Answer => ({ status, errors: [text] });
const done: Answer = { status: 204 };

class Transit {
  readonly #keys = new Map<string, TransitKey>();
  readonly #mounts = new Set<string>();
  readonly #limitedTokens = new Set<string>();
  readonly #root: string;
  #sealed = false;

  constructor(root: string) {
    this.#root = root;
  }

  answer(headers: IncomingMessage['headers'], path: string, body: Fields): Answer {
    if (this.#sealed) return refused(503, 'Vault is sealed');
    if (headers['x-vault-namespace'] !== undefined) return refused(404, 'namespace not found');
    const token = headers['x-vault-token'];
    const limited = typeof token === 'string' && this.#limitedTokens.has(token);
    if (token !== this.#root && !limited) return refused(403, 'permission denied');
    if (limited) return refused(403, '1 error occurred:\n\t* permission denied\n\n');
    return this.#system(path, body) ?? this.#transit(path, body);
  }

  #system(path: string, body: Fields): Answer | undefined {
    if (path === 'sys/mounts') return { status: 200, data: {} };
    if (path === 'auth/token/create') {
      this.#limitedTokens.add(String(body['id']));
      return { status: 200, data: {} };
    }
    if (path === 'sys/seal') {
      this.#sealed = true;
      return done;
    }
    if (!path.startsWith('sys/mounts/')) return undefined;
    this.#mounts.add(path.slice('sys/mounts/'.length));
    return done;
  }

  #transit(path: string, body: Fields): Answer {
    const mount = [...this.#mounts].find(name => path.startsWith(`${name}/`));
    if (mount === undefined) return refused(404, `no handler for route "${path}". route entry not found.`);
    const [verb = '', name = '', more = ''] = path.slice(mount.length + 1).split('/');
    const id = `${mount}/${name}`;
    if (verb === 'encrypt') return encrypted(this.#made(id), body);
    if (verb === 'keys') return this.#changed(this.#made(id), more, body);
    const key = this.#keys.get(id);
    if (verb !== 'decrypt') return refused(404, '1 error occurred:\n\t* unsupported path\n\n');
    return key === undefined ? refused(400, 'encryption key not found') : decrypted(key, String(body['ciphertext']));
  }

  #changed(key: TransitKey, how: string, body: Fields): Answer {
    if (how === 'rotate') key.versions.push(randomBytes(32));
    if (how === 'config') key.oldest = Number(body['min_decryption_version']);
    return { status: 200, data: {} };
  }

  #made(id: string): TransitKey {
    const key = this.#keys.get(id) ?? { versions: [randomBytes(32)], oldest: 1 };
    this.#keys.set(id, key);
    return key;
  }
}

function encrypted({ versions }: TransitKey, body: Fields): Answer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', versions.at(-1)!, iv);
  const plain = Buffer.from(String(body['plaintext']), 'base64');
  const bytes = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { status: 200, data: { ciphertext: `vault:v${versions.length}:${bytes.toString('base64')}` } };
}

function decrypted({ versions, oldest }: TransitKey, text: string): Answer {
  const [, version, base64 = ''] = /^vault:v(\d+):(.*)$/.exec(text) ?? [];
  if (version === undefined) return refused(400, 'invalid ciphertext: no prefix');
  const key = versions[Number(version) - 1];
  if (key === undefined) return refused(400, 'invalid ciphertext: version is too new');
  if (Number(version) < oldest)
    return refused(400, 'ciphertext or signature version is disallowed by policy (too old)');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length < ivBytes + tagBytes) return refused(400, 'invalid ciphertext length');
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes));
    cipher.setAuthTag(bytes.subarray(-tagBytes));
    const plain = Buffer.concat([cipher.update(bytes.subarray(ivBytes, -tagBytes)), cipher.final()]);
    return { status: 200, data: { plaintext: plain.toString('base64') } };
  } catch {
    return refused(400, 'cipher: message authentication failed');
  }
}

/** Starts the engine on a free port. @param token may do everything */
export async function startTransit(token: string): Promise<TestVault> {
  const transit = new Transit(token);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Fields;
    const path = (request.url ?? '').replace(/^\/v1\//, '');
    const { status, data, errors } = transit.answer(request.headers, path, body);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 204 ? undefined : JSON.stringify(errors === undefined ? { data } : { errors }));
  });
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
  const stop = async () => {
    clearTimeout(end);
    server.closeAllConnections();
    await new Promise(settle => server.close(settle));
  };
  const end = setTimeout(stop, lifeMs);
  end.unref();
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token, stop };
}
