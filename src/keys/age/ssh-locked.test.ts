/** SSH keys with a passphrase: every form that ssh-keygen and openssl write, when the passphrase is asked for, and what is said. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { explicitContext, systemContext } from '../context.ts';
import type { KeyContext } from '../provider.ts';
import { ageProvider } from './index.ts';
import { recipientsOfIdentities } from './keygen.ts';
import { parseSshPrivateKey } from './ssh-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsops-ssh-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const keys = new URL('../../../testdata/vectors/keys/', import.meta.url);
const readKey = (name: string) => readFileSync(new URL(name, keys), 'utf8');

/** Made by OpenSSH 9.2: aes256-ctr, 16 rounds. */
const madeByOpenssh = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABD68AXQtp
QYc6o0EdGX565bAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAINWrnbc5J9h55nHb
f+PWYrpV3H81+gxE2t/dgKBBVuqCAAAAkM6xNw4YW1wHLJfaP8/T28iui8+bLryw6fIZzu
zP5iOizl/etvpzeKkTaXZczUw7Lh7YXBOFMKgFr+N/0rwtTrVFpMzEoEDTqHq/PbxuFhPb
TDJJyxYGQUuH4xBSLRN9Ju/A5SJC3GFlIDZiz858gcG4pqXPqkLE/ek5u5dHTnK7dSNVfP
glBcFAgJSCC6ofbw==
-----END OPENSSH PRIVATE KEY-----
`;
const passphrase = 'correct horse';
const recipient = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINWrnbc5J9h55nHbf+PWYrpV3H81+gxE2t/dgKBBVuqC';

const part = Uint8Array.from(randomBytes(32));
async function wrapped(to: string): Promise<{ kind: 'age'; recipient: string; enc: string }> {
  const key = { kind: 'age' as const, recipient: to, enc: '' };
  return { ...key, enc: await ageProvider.wrap(key, part, explicitContext({}), randomBytes) };
}

let files = 0;
/** A machine with one SSH key file, and somebody who gives these answers and then none. */
function machine(
  content: string | Uint8Array,
  answers: string[],
  publicText?: string,
): { context: KeyContext; asked: string[] } {
  const path = join(folder, `key-${files++}`);
  writeFileSync(path, content);
  if (publicText !== undefined) writeFileSync(`${path}.pub`, publicText);
  const asked: string[] = [];
  const context = {
    ...systemContext({ mayAsk: false }),
    env: (name: string) => (name === 'SOPS_AGE_SSH_PRIVATE_KEY_FILE' ? path : undefined),
    homeDir: undefined,
    configDir: undefined,
    askSecret: async (prompt: string) => {
      asked.push(prompt.replace(path, 'PATH'));
      return answers.shift();
    },
  };
  return { context, asked };
}

async function opens(context: KeyContext, to: string): Promise<void> {
  const result = await ageProvider.unwrap(await wrapped(to), context);
  assert.ok(result instanceof Uint8Array, JSON.stringify(result));
  assert.deepEqual(Uint8Array.from(result), part);
}

async function refusal(context: KeyContext, to: string): Promise<string> {
  const result = await ageProvider.unwrap(await wrapped(to), context);
  assert.ok(!(result instanceof Uint8Array), 'it opened');
  return [result.reason, ...result.hints].join('\n');
}

const prompt = 'Passphrase for the SSH key of SOPS_AGE_SSH_PRIVATE_KEY_FILE (PATH): ';

describe('when the passphrase is asked for', () => {
  it('once a run, with three tries', async () => {
    const { context, asked } = machine(madeByOpenssh, ['wrong', '', passphrase]);
    for (let round = 0; round < 3; round++) await opens(context, recipient);
    assert.deepEqual(asked, [prompt, prompt, prompt]);
  });

  it('not for other keys, and not for the public half', async () => {
    const { context, asked } = machine(madeByOpenssh, []);
    for (const name of ['ssh-ed25519.pub', 'ssh-rsa.pub', 'age-1.pub']) await refusal(context, readKey(name).trim());
    assert.deepEqual((await recipientsOfIdentities(madeByOpenssh)).recipients, [recipient]);
    assert.deepEqual(asked, []);
  });

  it('not where another key opens', async () => {
    const { context, asked } = machine(madeByOpenssh, []);
    const plain = readKey('ssh-ed25519').trim();
    const home = {
      homeDir: folder,
      readFile: async (path: string) => (path.endsWith('id_ed25519') ? Buffer.from(plain) : context.readFile(path)),
    };
    await opens({ ...context, ...home }, readKey('ssh-ed25519.pub').trim());
    assert.deepEqual(asked, []);
  });

  it('a command may print a protected key', async () => {
    const { context } = machine(madeByOpenssh, [passphrase]);
    const path = context.env('SOPS_AGE_SSH_PRIVATE_KEY_FILE');
    const env = (name: string) => (name === 'SOPS_AGE_SSH_PRIVATE_KEY_CMD' ? `cat '${path}'` : undefined);
    await opens({ ...context, env }, recipient);
  });
});

describe('what is said', () => {
  const cases: readonly [string, string[], RegExp, number][] = [
    [
      'nothing was given',
      [],
      /^the SSH key of .* is protected by a passphrase, and none was given\nThe passphrase of an SSH key/,
      1,
    ],
    ['wrong three times', ['a', 'b', 'c', passphrase], /^the SSH key of .* protected by another passphrase/, 3],
  ];
  for (const [name, answers, words, times] of cases) {
    it(name, async () => {
      const { context, asked } = machine(madeByOpenssh, answers);
      for (let round = 0; round < 2; round++) assert.match(await refusal(context, recipient), words);
      assert.equal(asked.length, times);
    });
  }

  it('nobody can be asked', async () => {
    const { context } = machine(madeByOpenssh, []);
    assert.match(await refusal({ ...context, askSecret: undefined }, recipient), /there is nobody to ask/);
    assert.match(await refusal(explicitContext({ identities: madeByOpenssh }), recipient), /there is nobody to ask/);
  });

  const damaged: readonly [string, (bytes: Buffer) => void, RegExp][] = [
    ['a cipher of the future', bytes => bytes.write('x', 19), /a cipher or a number of rounds that is not supported/],
    [
      'endless rounds',
      bytes => bytes.writeUInt32BE(0xffffffff, 63),
      /a cipher or a number of rounds that is not supported/,
    ],
    ['another type of key', bytes => bytes.write('x', 83), /neither ssh-ed25519 nor ssh-rsa/],
    ['a changed secret part', bytes => bytes.write('x', 140), /protected by another passphrase than .*, or is damaged/],
  ];
  for (const [name, change, words] of damaged) {
    it(name, async () => {
      const [begin, , end] = madeByOpenssh.split(/(?<=KEY-----\n)|(?=-----END)/);
      const bytes = Buffer.from(madeByOpenssh.slice(begin!.length, -end!.length), 'base64');
      change(bytes);
      const { context } = machine(`${begin}${bytes.toString('base64')}\n${end}`, [passphrase, passphrase, passphrase]);
      assert.match(await refusal(context, recipient), words);
    });
  }

  it('every cut of the file is malformed or does not open, and nothing is thrown', async () => {
    const [begin, , end] = madeByOpenssh.split(/(?<=KEY-----\n)|(?=-----END)/);
    const bytes = Buffer.from(madeByOpenssh.slice(begin!.length, -end!.length), 'base64');
    for (let length = 0; length < bytes.length; length += 3) {
      const key = await parseSshPrivateKey(`${begin}${bytes.subarray(0, length).toString('base64')}\n${end}`);
      assert.ok(typeof key === 'string', `${length} bytes`);
    }
  });
});

describe('PEM', () => {
  const plain = createPrivateKey(
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }),
  );
  const forms: readonly [string, 'pkcs1' | 'pkcs8', string][] = [
    ['PKCS #1, AES', 'pkcs1', 'aes-128-cbc'],
    ['PKCS #1, triple DES', 'pkcs1', 'des-ede3-cbc'],
    ['PKCS #8', 'pkcs8', 'aes-256-cbc'],
  ];
  for (const [name, type, cipher] of forms) {
    it(name, async () => {
      const pem = plain.export({ type, format: 'pem', cipher, passphrase }).toString();
      const {
        recipients: [to],
      } = await recipientsOfIdentities(plain.export({ type: 'pkcs1', format: 'pem' }));
      const { context, asked } = machine(pem, ['wrong', passphrase], `${to} somebody\n`);
      await opens(context, to!);
      assert.deepEqual(asked, [prompt, prompt]);
      const foreign = machine(pem, [passphrase], readKey('ssh-rsa.pub'));
      assert.match(
        await refusal(foreign.context, readKey('ssh-rsa.pub').trim()),
        /does not belong to the public key in the \.pub/,
      );
      assert.match(
        await refusal(machine(pem, [], 'hunter2').context, to!),
        /the \.pub file beside the SSH key is not the line/,
      );
      assert.match(
        await refusal(machine(pem, []).context, to!),
        /does not show its public key \(put it beside it as FILE\.pub/,
      );
    });
  }
});

const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined;

describe('keys of the ssh-keygen at hand', { skip: hasKeygen ? false : 'ssh-keygen is not here' }, () => {
  const forms: readonly (readonly string[])[] = [
    ['-t', 'ed25519', '-Z', 'aes256-ctr', '-a', '3'],
    ['-t', 'ed25519', '-Z', 'aes256-cbc', '-a', '1'],
    ['-t', 'ed25519', '-Z', 'aes256-gcm@openssh.com'],
    ['-t', 'ed25519', '-Z', 'aes128-gcm@openssh.com'],
    ['-t', 'ed25519', '-Z', 'aes192-ctr'],
    ['-t', 'ed25519', '-Z', 'aes128-cbc'],
    ['-t', 'rsa', '-b', '2048'],
    ['-t', 'rsa', '-b', '2048', '-m', 'PEM'],
    ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8'],
  ];
  for (const form of forms) {
    it(form.join(' '), async () => {
      const path = join(folder, `generated-${files++}`);
      const made = spawnSync('ssh-keygen', ['-q', ...form, '-N', 'größe 日本', '-C', 'a comment', '-f', path]);
      assert.equal(made.status, 0, String(made.stderr));
      const publicText = readFileSync(`${path}.pub`, 'utf8');
      const { context, asked } = machine(readFileSync(path), ['wrong', 'größe 日本'], publicText);
      await opens(context, publicText.trim());
      assert.equal(asked.length, 2);
    });
  }
});
