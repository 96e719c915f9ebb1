/** The age format both ways against age-encryption, recipients of every kind, and what damaged or foreign files give. */

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as age from 'age-encryption';
import fc from 'fast-check';
import { TsopsError } from '../../errors.ts';
import { explicitContext } from '../context.ts';
import { parseArmor, printArmor } from './armor.ts';
import { parseBech32, printBech32 } from './bech32.ts';
import { decryptFile, parseFile } from './file.ts';
import { parseHeader, printHeader, printStanzas } from './header.ts';
import { ageProvider } from './index.ts';
import { generateIdentity, recipientsOfIdentities } from './keygen.ts';
import { parseSshPrivateKey } from './ssh-keys.ts';
import { x25519Identity, x25519Recipient } from './x25519.ts';

const keys = new URL('../../../testdata/vectors/keys/', import.meta.url);
const readKey = (name: string) => readFileSync(new URL(name, keys), 'utf8');
const publicKey = (name: string) => readKey(`${name}.pub`).trim();
const now = new Date('2024-05-06T07:08:09.123Z');
const nothing = explicitContext({});

async function newKey(postQuantum = false): Promise<{ recipient: string; identity: string }> {
  const { recipient, fileText } = await generateIdentity({ postQuantum, now, random: randomBytes });
  return { recipient, identity: fileText.trim().split('\n').at(-1)! };
}

const wrapFor = (recipient: string, part: Uint8Array) =>
  ageProvider.wrap({ kind: 'age', recipient, enc: '' }, part, nothing, randomBytes);
const unwrapWith = (identities: string | string[], enc: string, recipient = 'age1notlooked') =>
  ageProvider.unwrap({ kind: 'age', recipient, enc }, explicitContext({ identities }));

async function reasonOf(result: ReturnType<typeof unwrapWith>): Promise<string> {
  const failure = await result;
  assert.ok(!(failure instanceof Uint8Array), 'it opened');
  return failure.reason;
}

describe('bech32', () => {
  it('gives back what it printed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        const text = printBech32('age-secret-key-', bytes);
        assert.deepEqual(parseBech32(text)?.bytes, Uint8Array.from(bytes));
        assert.deepEqual(parseBech32(text.toUpperCase())?.prefix, 'age-secret-key-');
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  const valid = publicKey('age-1');
  const refused: readonly [string, string][] = [
    ['a changed character', valid.replace('f7h', 'f7q')],
    ['two swapped characters', valid.replace('f7h', 'fh7')],
    ['mixed case', `${valid.slice(0, -1)}${valid.at(-1)!.toUpperCase()}`],
    ['a cut end', valid.slice(0, -1)],
    ['no separator', valid.replaceAll('1', '')],
    ['no prefix', '1qqqqqqqq'],
    ['a character outside the alphabet', valid.replace('f7h', 'fbh')],
    ['a blank', ` ${valid}`],
    ['nothing', ''],
  ];
  for (const [name, text] of refused) it(`refuses ${name}`, () => assert.equal(parseBech32(text), undefined));
});

describe('header and armour', () => {
  it('a printed header is read back', () => {
    const word = fc.stringMatching(/^[!-~]{1,20}$/);
    const stanza = fc.record({
      type: word,
      args: fc.array(word, { maxLength: 3 }),
      body: fc.uint8Array({ maxLength: 200 }),
    });
    fc.assert(
      fc.property(
        fc.array(stanza, { maxLength: 4 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (stanzas, mac) => {
          const signed = printStanzas(stanzas);
          const bytes = printHeader(signed, mac);
          const header = parseHeader(Buffer.concat([bytes, Buffer.from('payload')]))!;
          assert.deepEqual(
            header.stanzas.map(({ type, args, body }) => ({ type, args, body: Uint8Array.from(body) })),
            stanzas.map(({ type, args, body }) => ({ type, args, body: Uint8Array.from(body) })),
          );
          assert.deepEqual([Buffer.from(header.signed), Buffer.from(header.bytes)], [signed, bytes]);
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  it('armour is that of age-encryption for every length', () => {
    for (let length = 0; length < 200; length++) {
      const bytes = new Uint8Array(randomBytes(length));
      const text = printArmor(bytes);
      assert.equal(text, age.armor.encode(bytes));
      for (const variant of [text, text.trim(), text.replaceAll('\n', '\r\n'), `\n ${'\n'}${text}\n`])
        assert.deepEqual(Uint8Array.from(parseArmor(variant)!), bytes);
    }
  });

  it('a long text of blanks is no armour, and costs no time', () => {
    assert.equal(parseArmor(' '.repeat(1_000_000)), undefined);
    assert.equal(parseArmor(`-----BEGIN AGE ENCRYPTED FILE-----\n${'\n'.repeat(1_000_000)}`), undefined);
  });
});

describe('both ways with age-encryption', () => {
  for (const postQuantum of [false, true]) {
    it(postQuantum ? 'post-quantum' : 'X25519', async () => {
      for (const length of [0, 1, 32, 33, 65_536, 65_537, 200_000]) {
        const { recipient, identity } = await newKey(postQuantum);
        assert.equal(await age.identityToRecipient(identity), recipient);
        const part = new Uint8Array(randomBytes(length));
        const decrypter = new age.Decrypter();
        decrypter.addIdentity(identity);
        const ours = await wrapFor(recipient, part);
        assert.deepEqual(await decrypter.decrypt(age.armor.decode(ours)), part);
        const encrypter = new age.Encrypter();
        encrypter.addRecipient(recipient);
        const theirs = age.armor.encode(await encrypter.encrypt(part));
        for (const enc of [ours, theirs]) {
          const opened = await unwrapWith(identity, enc);
          assert.ok(opened instanceof Uint8Array);
          assert.deepEqual(Uint8Array.from(opened), part);
        }
      }
    });
  }

  it('the wrapped form has the length that sops writes', async () => {
    const enc = await wrapFor(publicKey('age-1'), new Uint8Array(32));
    assert.match(enc, /^-----BEGIN AGE ENCRYPTED FILE-----\n(?:.{64}\n)+.{1,64}\n-----END AGE ENCRYPTED FILE-----\n$/);
    assert.equal(Buffer.from(age.armor.decode(enc)).toString('latin1').match(/^-> /gm)?.length, 1);
  });
});

describe('SSH keys', () => {
  for (const name of ['ssh-ed25519', 'ssh-rsa']) {
    it(`${name}: what is wrapped opens, and only with its key`, async () => {
      const part = new Uint8Array(randomBytes(32));
      const enc = await wrapFor(publicKey(name), part);
      assert.deepEqual(await unwrapWith([readKey('age-1.txt'), readKey(name)], enc), Buffer.from(part));
      const other = name === 'ssh-rsa' ? 'ssh-ed25519' : 'ssh-rsa';
      assert.match(await reasonOf(unwrapWith(readKey(other), enc)), /another one/);
      const { recipients } = await recipientsOfIdentities(readKey(name));
      assert.deepEqual(recipients, [publicKey(name).split(' ').slice(0, 2).join(' ')]);
    });
  }

  it('keys in PKCS #1 and #8', async () => {
    const part = new Uint8Array(randomBytes(32));
    for (const [name, type] of [
      ['ssh-rsa', 'pkcs1'],
      ['ssh-rsa', 'pkcs8'],
      ['ssh-ed25519', 'pkcs8'],
    ] as const) {
      const parsed = await parseSshPrivateKey(readKey(name));
      assert.ok(typeof parsed !== 'string' && 'key' in parsed);
      const pem = parsed.key.export({ type, format: 'pem' }).toString();
      assert.deepEqual(await unwrapWith(pem, await wrapFor(publicKey(name), part)), Buffer.from(part));
    }
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { problems } = await recipientsOfIdentities(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    assert.match(problems.join(), /neither ssh-ed25519 nor ssh-rsa/);
  });

  it('the Ed25519 point that belongs to everybody is refused', async () => {
    const field = (text: string | Buffer) => {
      const bytes = Buffer.from(text as string, 'latin1');
      return Buffer.concat([Buffer.of(0, 0, 0, bytes.length), bytes]);
    };
    const neutral = Buffer.concat([field('ssh-ed25519'), field(Buffer.of(1, ...new Uint8Array(31)))]);
    await assert.rejects(wrapFor(`ssh-ed25519 ${neutral.toString('base64')}`, new Uint8Array(32)), {
      code: 'WRAP_FAILED',
    });
  });
});

describe('wrapped keys that do not open', () => {
  const part = new Uint8Array(32).fill(7);

  it('says which part is damaged', async () => {
    const { recipient, identity } = await newKey();
    const file = Buffer.from(age.armor.decode(await wrapFor(recipient, part)));
    const changed = (offset: number) => {
      const copy = Buffer.from(file);
      copy[offset]! ^= 1;
      return printArmor(copy);
    };
    const macAt = file.indexOf('--- ') + 6;
    assert.match(await reasonOf(unwrapWith(identity, changed(file.length - 1))), /payload was changed/);
    assert.match(await reasonOf(unwrapWith(identity, changed(macAt))), /header was changed|no armoured age file/);
    assert.match(await reasonOf(unwrapWith(identity, changed(0))), /no armoured age file/);
    for (const enc of ['', 'x', printArmor(new Uint8Array(5)), `${printArmor(file)}x`])
      assert.match(await reasonOf(unwrapWith(identity, enc)), /no armoured age file/);
  });

  it('every byte of a file counts', async () => {
    const { recipient, identity } = await newKey();
    const file = Buffer.from(age.armor.decode(await wrapFor(recipient, part)));
    for (let offset = 0; offset < file.length; offset++) {
      const copy = Buffer.from(file);
      copy[offset]! ^= 0x04;
      const parsed = parseFile(copy);
      if (parsed !== undefined) assert.equal(typeof (await decryptFile(parsed, [x25519Identity(identity)!])), 'string');
    }
  });

  it('tells the identities at hand, not found and elsewhere', async () => {
    const [one, two] = [await newKey(), await newKey()];
    const enc = await wrapFor(one.recipient, part);
    assert.equal(await reasonOf(unwrapWith([], enc)), 'no age identity was found');
    assert.match(await reasonOf(unwrapWith(two.identity, enc)), /another one/);
    assert.match(await reasonOf(unwrapWith(two.identity, enc, two.recipient)), /the entry was changed/);
    const failure = await unwrapWith(two.identity, enc);
    assert.ok(!(failure instanceof Uint8Array) && failure.hints.some(hint => hint.includes(two.recipient)));
  });

  it('a point of low order is refused on both sides', async () => {
    const recipient = printBech32('age', new Uint8Array(32));
    assert.notEqual(x25519Recipient(recipient), undefined);
    await assert.rejects(wrapFor(recipient, part), { code: 'WRAP_FAILED' });
  });
});

describe('parse', () => {
  const accepted: readonly [string, string, string[]][] = [
    ['nothing', '', []],
    ['blanks', ' \n', []],
    ['one', publicKey('age-1'), [publicKey('age-1')]],
    ['blanks around', ` ${publicKey('age-1')} ,\n\t${publicKey('age-2')}\n`, [publicKey('age-1'), publicKey('age-2')]],
    ['post-quantum', publicKey('age-pq'), [publicKey('age-pq')]],
    ['SSH with its comment', publicKey('ssh-ed25519'), [publicKey('ssh-ed25519')]],
    ['SSH RSA', publicKey('ssh-rsa'), [publicKey('ssh-rsa')]],
  ];
  for (const [name, text, recipients] of accepted) {
    it(`takes ${name}`, () =>
      assert.deepEqual(
        ageProvider.parse(text).map(key => key.recipient),
        recipients,
      ));
  }

  const secret = readKey('age-1.txt').trim().split('\n').at(-1)!;
  const refused: readonly [string, string, RegExp][] = [
    ['a secret key', secret, /is a secret key/],
    ['a secret key in lower case', secret.toLowerCase(), /is a secret key/],
    ['a secret key among others', `${publicKey('age-1')}, ${secret}`, /recipient 2 of 2 is a secret key/],
    ['a whole identity file', readKey('age-1.txt'), /is a secret key/],
    ['an SSH private key', readKey('ssh-ed25519'), /is a secret key/],
    ['a post-quantum identity', readKey('age-pq.txt').trim().split('\n').at(-1)!, /is a secret key/],
    ['a typing mistake', publicKey('age-1').replace('f7h', 'f7q'), /\(age1f7qjf4…\) has a typing mistake/],
    ['a short point', printBech32('age', new Uint8Array(31)), /wrong length/],
    ['a trailing comma', `${publicKey('age-1')},`, /recipient 2 of 2 is empty/],
    ['another word', 'hunter2', /of no kind/],
    ['an SSH key of another type', 'ssh-dss AAAAB3NzaC1kc3MAAAAA', /age cannot use/],
    ['an SSH key cut short', publicKey('ssh-ed25519').slice(0, 50), /cut short/],
    ['an SSH key under another name', publicKey('ssh-ed25519').replace('ssh-ed25519', 'ssh-rsa'), /age cannot use/],
    ['escape sequences', 'age1\u001b[31m', /\(age1\\u\{1b\}\[31m…\) has a typing mistake/],
  ];
  for (const [name, text, words] of refused) {
    it(`refuses ${name} and does not show it`, () => {
      assert.throws(
        () => ageProvider.parse(text),
        error => {
          assert.ok(error instanceof TsopsError && error.code === 'KEY_INVALID');
          assert.match(error.message, words);
          const shown = [error.message, ...error.hints].join('\n');
          for (let start = 0; start + 20 <= text.length; start++)
            assert.ok(!shown.includes(text.slice(start, start + 20)), 'a part of it is shown');
          return true;
        },
      );
    });
  }
});

describe('keygen', () => {
  it('writes the file of age-keygen', async () => {
    for (const postQuantum of [false, true]) {
      const { recipient, fileText } = await generateIdentity({ postQuantum, now, random: randomBytes });
      const secret = postQuantum ? 'AGE-SECRET-KEY-PQ-1[A-Z0-9]{58}' : 'AGE-SECRET-KEY-1[A-Z0-9]{58}';
      assert.match(fileText, new RegExp(`^# created: 2024-05-06T07:08:09Z\n# public key: ${recipient}\n${secret}\n$`));
      assert.deepEqual(await recipientsOfIdentities(fileText), { recipients: [recipient], problems: [] });
    }
  });

  it('recipients of identity files', async () => {
    const all = ['age-1.txt', 'age-pq.txt', 'age-2.txt'].map(readKey).join('\n');
    const { recipients } = await recipientsOfIdentities(all);
    assert.deepEqual(recipients, ['age-1', 'age-pq', 'age-2'].map(publicKey));
    const passphrase = readKey('age-passphrase.passphrase.txt').trim();
    const locked = readKey('age-passphrase.age');
    assert.deepEqual(await recipientsOfIdentities(locked, async () => passphrase), {
      recipients: [publicKey('age-passphrase')],
      problems: [],
    });
    assert.deepEqual((await recipientsOfIdentities(locked, async () => 'no')).problems, ['the passphrase was wrong']);
    assert.deepEqual((await recipientsOfIdentities(locked)).problems, ['it is protected by a passphrase']);
  });
});
