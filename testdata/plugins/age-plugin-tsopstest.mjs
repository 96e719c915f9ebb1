#!/usr/bin/env node
/**
 * An age plugin for the tests, with real X25519 cryptography and without any code of tsops. C2SP age-plugin.
 *
 * Recipients (`age1tsopstest1…`) and identities (`AGE-PLUGIN-TSOPSTEST-1…`) hold 32 bytes of key and then, as text, the scenario
 * that the plugin plays: nothing for a plugin as it should be, the others are the names in `scenarios`.
 */

import * as crypto from 'node:crypto';

const label = 'tsops.test/x25519';
const pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const spki = Buffer.from('302a300506032b656e032100', 'hex');

const privateKey = scalar =>
  crypto.createPrivateKey({ key: Buffer.concat([pkcs8, scalar]), format: 'der', type: 'pkcs8' });
const publicKey = point => crypto.createPublicKey({ key: Buffer.concat([spki, point]), format: 'der', type: 'spki' });
const pointOf = key => crypto.createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(spki.length);
const base64 = bytes => bytes.toString('base64').replace(/=+$/, '');
const bytes = text => Buffer.from(text, 'base64');

/** The data of a Bech32 text; the client has checked its checksum. */
function payload(text) {
  const words = [...text.toLowerCase().slice(text.lastIndexOf('1') + 1, -6)].map(char =>
    'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(char),
  );
  const out = [];
  let [value, bits] = [0, 0];
  for (const word of words) {
    value = ((value << 5) | word) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push((value >> bits) & 0xff);
  }
  return { key: Buffer.from(out.slice(0, 32)), scenario: Buffer.from(out.slice(32)).toString() };
}

const wrappingKey = (secret, share, theirs) =>
  Buffer.from(crypto.hkdfSync('sha256', secret, Buffer.concat([share, theirs]), label, 32));
const zero = Buffer.alloc(12);

function wrap(point, fileKey) {
  const ephemeral = crypto.generateKeyPairSync('x25519').privateKey;
  const share = pointOf(ephemeral);
  const secret = crypto.diffieHellman({ privateKey: ephemeral, publicKey: publicKey(point) });
  const cipher = crypto.createCipheriv('chacha20-poly1305', wrappingKey(secret, share, point), zero, {
    authTagLength: 16,
  });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  return { args: ['tsopstest', base64(share)], body };
}

function unwrap(scalar, [type, share], body) {
  if (type !== 'tsopstest') return undefined;
  const key = privateKey(scalar);
  const secret = crypto.diffieHellman({ privateKey: key, publicKey: publicKey(bytes(share)) });
  const wrapped = wrappingKey(secret, bytes(share), pointOf(key));
  const decipher = crypto.createDecipheriv('chacha20-poly1305', wrapped, zero, { authTagLength: 16 });
  decipher.setAuthTag(body.subarray(-16));
  const plain = decipher.update(body.subarray(0, -16));
  try {
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}

async function* lines() {
  let rest = '';
  for await (const chunk of process.stdin) {
    const parts = (rest + chunk.toString('latin1')).split('\n');
    rest = parts.pop();
    yield* parts;
  }
}
const input = lines();

async function read() {
  const start = await input.next();
  if (start.done) process.exit(1);
  const [, type, ...args] = start.value.split(' ');
  let text = '';
  for (;;) {
    const { value, done } = await input.next();
    if (done) process.exit(1);
    text += value;
    if (value.length < 64) return { type, args, body: bytes(text) };
  }
}

function write(type, args = [], body = Buffer.alloc(0)) {
  process.stdout.write(`-> ${[type, ...args].join(' ')}\n${base64(body).replace(/.{64}/g, '$&\n')}\n`);
}

async function say(type, args, body) {
  write(type, args, body);
  return read();
}

async function expect(wanted, type, args, body) {
  const answer = await say(type, args, body && Buffer.from(body));
  const got = [answer.type, ...answer.args, answer.body.toString()].join(' ').trim();
  if (got === wanted) return;
  await say('error', ['internal'], Buffer.from(`expected an answer that is not "${got}"`));
  process.exit(1);
}

const forever = () => new Promise(() => setInterval(() => {}, 1000));
const fail = kind => async () => {
  await say('error', kind.split(' '), Buffer.from('the words of the plugin\u001b[31m'));
  process.exit(3);
};

/** What is played before the result is given. */
const scenarios = {
  '': () => {},
  hang: forever,
  die: () => process.exit(3),
  signal: () => {
    process.kill(process.pid, 'SIGKILL');
    return forever();
  },
  garbage: () => process.stdout.write('Segmentation fault\n\n'),
  endless: async () => {
    for (;;) if (!process.stdout.write('x'.repeat(65536))) await new Promise(go => process.stdout.once('drain', go));
  },
  flood: async () => {
    for (;;) await say('msg', [], Buffer.from('again'));
  },
  grease: async () => {
    await expect('unsupported', 'grease-1f', ['a', '{}'], 'x'.repeat(48));
  },
  talk: async () => {
    await expect('ok', 'msg', [], 'touch the key\u001b[2J');
    await expect('ok yes', 'confirm', [base64(Buffer.from('Go on')), base64(Buffer.from('Skip'))], 'really?');
    await expect('ok yes', 'confirm', [base64(Buffer.from('Plugged in'))], 'plug it in');
    await expect('ok box', 'request-public', [], 'which one?');
    await expect(`ok ${'pin-'.repeat(12)}`, 'request-secret', [], 'PIN');
  },
  alone: async () => {
    await expect('fail', 'msg', [], 'touch the key');
    await expect('fail', 'confirm', [base64(Buffer.from('Yes'))], 'really?');
    await expect('fail', 'request-public', [], 'which one?');
    await expect('fail', 'request-secret', [], 'PIN');
  },
  badconfirm: () => say('confirm', ['not base64!'], Buffer.from('?')),
  recipient: fail('recipient 0'),
  identity: fail('identity 0'),
  stanza: fail('stanza 0 0'),
  internal: fail('internal'),
  nothing: () => finish(),
  stays: () => process.on('SIGTERM', () => {}),
};

function finish() {
  write('done');
  process.stdout.write('', () => process.exit(0));
  return forever();
}

async function phaseOne() {
  const commands = [];
  for (let command = await read(); command.type !== 'done'; command = await read()) commands.push(command);
  return commands;
}

async function recipientMachine() {
  const commands = await phaseOne();
  const [text] = commands.find(({ type }) => type === 'add-recipient').args;
  const { key, scenario } = payload(text);
  await scenarios[scenario]?.();
  for (const { body: fileKey } of commands.filter(({ type }) => type === 'wrap-file-key')) {
    const { args, body } = wrap(key, fileKey);
    await say('recipient-stanza', [scenario === 'index' ? '1' : '0', ...args], body);
    if (scenario === 'two') await say('recipient-stanza', ['0', 'other', 'x'], Buffer.alloc(100));
  }
  return scenario;
}

async function identityMachine() {
  const commands = await phaseOne();
  const [text] = commands.find(({ type }) => type === 'add-identity').args;
  const { key, scenario } = payload(text);
  await scenarios[scenario]?.();
  for (const { args, body } of commands.filter(({ type }) => type === 'recipient-stanza')) {
    const fileKey = unwrap(key, args.slice(1), body);
    if (fileKey === undefined) continue;
    const given = scenario === 'short' ? fileKey.subarray(1) : fileKey;
    await say('file-key', [scenario === 'index' ? '1' : args[0]], scenario === 'wrong' ? Buffer.alloc(16) : given);
    if (scenario === 'twice') await say('file-key', ['0'], fileKey);
  }
  return scenario;
}

const machine = { '--age-plugin=recipient-v1': recipientMachine, '--age-plugin=identity-v1': identityMachine }[
  process.argv[2]
];
if (machine === undefined) process.exit(4);
if ((await machine()) === 'stays') {
  write('done');
  await forever();
}
await finish();
