import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { type Cipher, createCipher, type Value } from './cipher.ts';
import { DataKey } from './datakey.ts';
import { sameScalar, Timestamp } from './scalar.ts';
import { comment, isComment } from './tree.ts';

const keyBytes = Buffer.alloc(32, 'f');
const zeroIvs = createCipher(DataKey.from(keyBytes), bytes => new Uint8Array(bytes));
const cipher = createCipher(DataKey.from(keyBytes), randomBytes);

const enc = (data: string, tag: string, type: string, iv = `${'A'.repeat(43)}=`): string =>
  `ENC[AES256_GCM,data:${data},iv:${iv},tag:${tag},type:${type}]`;

const time = Timestamp.parse('2006-01-02T15:04:05+07:06') as Timestamp;

// Made by sops 3.13.2 with 32 × `f` as the data key and zero bytes as the IV.
const vectors: [value: Value, aad: string, text: string][] = [
  ['x', 'a:', enc('2Q==', '5vOI8nt0s2ISHPhPMkPDuQ==', 'str')],
  [5n, 'a:', enc('lA==', 'MskKobD0uqm7mCZxw/okXg==', 'int')],
  [1.5, 'a:b:', enc('kA3S', 'hwLnVHEg7sew0c9nw5QYZA==', 'float')],
  [true, 'a:', enc('9VGS9Q==', '6aETFZBoJ16pg5qx2CGioA==', 'bool')],
  [time, 'a:', enc('kxPXpojePYYNG0wYHUA3G1Fm+lBpdVMahQ==', 'e4nosIjcMh3XsrLG+81Nqg==', 'time')],
];

const opened = (text: string, aad: string): Value => {
  const value = cipher.decrypt(text, aad);
  assert.ok(!isComment(value));
  return value;
};

/** Any plain bytes under any type, as somebody with the data key could write them. */
function forged(plain: string | Uint8Array, type: string, iv: Uint8Array = randomBytes(32)): string {
  const sealing = createCipheriv('aes-256-gcm', keyBytes, iv, { authTagLength: 16 });
  sealing.setAAD(Buffer.from('a:'));
  const data = Buffer.concat([sealing.update(Buffer.from(plain as Uint8Array)), sealing.final()]);
  return enc(
    data.toString('base64'),
    sealing.getAuthTag().toString('base64'),
    type,
    Buffer.from(iv).toString('base64'),
  );
}

describe('vectors of sops', () => {
  for (const [value, aad, text] of vectors) {
    it(text.slice(-10), () => {
      assert.equal(zeroIvs.encrypt(value, aad), text);
      assert.ok(sameScalar(opened(text, aad), value));
    });
  }
  it('comment', () => {
    const text = enc('gVeI4A==', 'gTWeeTV0Sj0FpRjmWpYi+w==', 'comment');
    assert.equal(zeroIvs.encryptComment(' top', ':'), text);
    assert.deepEqual(cipher.decrypt(text, ':'), comment(' top'));
  });
});

describe('round trips', () => {
  it('of strings, bytes, integers and floats', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.uint8Array({ minLength: 1 }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.double(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(value, fc.string(), (plain, aad) => sameScalar(opened(cipher.encrypt(plain, aad), aad), plain)),
      { seed: 2, numRuns: 500 },
    );
  });
  it('keeps empty texts empty', () => {
    assert.equal(cipher.encrypt('', 'a:'), '');
    assert.equal(cipher.encrypt(new Uint8Array(), 'a:'), '');
    assert.equal(cipher.encryptComment('', 'a:'), '');
    assert.equal(cipher.decrypt('', 'a:'), '');
  });
  it('never uses an IV twice', () => {
    const texts = Array.from({ length: 5000 }, () => /iv:(.+),tag/.exec(cipher.encrypt('x', 'a:'))?.[1]);
    assert.equal(new Set(texts).size, texts.length);
  });
  it('reads an IV of any length that OpenSSL takes, and a carriage return within base64', () => {
    for (const length of [1, 12, 16, 128])
      assert.equal(cipher.decrypt(forged('x', 'str', randomBytes(length)), 'a:'), 'x');
    assert.equal(cipher.decrypt(vectors[0]?.[2].replace('2Q==', '2Q\r==') ?? '', 'a:'), 'x');
  });
  it('reads what Go reads of every type', () => {
    const cases: [plain: string, type: string, value: Value][] = [
      ['+7', 'int', 7n],
      ['0x1p-1', 'float', 0.5],
      ['t', 'bool', true],
      ['2006-01-02T1:04:05,5Z', 'time', Timestamp.parse('2006-01-02T01:04:05.5Z') as Timestamp],
    ];
    for (const [plain, type, value] of cases) assert.ok(sameScalar(opened(forged(plain, type), 'a:'), value), plain);
  });
});

describe('refuses', () => {
  const good = vectors[0]?.[2] ?? '';
  const refused: [name: string, text: string, aad?: string][] = [
    ['another additional data', good, 'b:'],
    ['a changed byte', good.replace('2Q==', '2A==')],
    ['base64 with loose bits', good.replace('2Q==', '2R==')],
    ['base64 without padding', good.replace('2Q==', '2Q')],
    ['base64 with padding inside', good.replace('2Q==', '2Q==2Q==')],
    ['base64 with a line break', good.replace('2Q==', '2Q\n==')],
    ['a wide character whose low byte is base64', good.replace('2Q==', '\u0132Q==')],
    ['the URL alphabet', enc('kxPXpojePYYNG0wYHUA3G1Fm-lBpdVMahQ==', 'e4nosIjcMh3XsrLG+81Nqg==', 'time')],
    ['no data', good.replace('2Q==', '')],
    ['no iv', good.replace(/,iv:[^,]+/, '')],
    ['an iv of 129 bytes', good.replace(/iv:[^,]+/, `iv:${Buffer.alloc(129).toString('base64')}`)],
    ['a tag of 15 bytes', good.replace(/tag:[^,]+/, `tag:${Buffer.alloc(15).toString('base64')}`)],
    ['a tag of 4 bytes', good.replace(/tag:[^,]+/, 'tag:5vOI8g==')],
    ['a ciphertext byte moved into the tag', forged('xy', 'str').replace(/data:(.+?),(.+?)tag:(.+?),/, moveByte)],
    ['text in front', ` ${good}`],
    ['text behind', `${good} x`],
    ['no bracket at the end', good.slice(0, -1)],
    ['lower case', good.toLowerCase()],
    ['another cipher', good.replace('AES256_GCM', 'AES128_GCM')],
    ['no type', good.replace(',type:str', '')],
    ['an unknown type', forged('x', 'strange')],
    ['the type bytes, on which sops stops', forged('x', 'bytes')],
    ['an int that is none', forged('1.0', 'int')],
    ['an int of 65 bits', forged('9223372036854775808', 'int')],
    ['a float that is none', forged('1.0x', 'float')],
    ['a bool that is none', forged('yes', 'bool')],
    ['a time that is none', forged('2006-01-02', 'time')],
    ['a comment that is not UTF-8', forged(Uint8Array.of(0xff), 'comment')],
    ['clear text', 'hunter2'],
  ];
  for (const [name, text, aad = 'a:'] of refused) {
    it(name, () => {
      assert.throws(() => cipher.decrypt(text, aad), {
        code: 'VALUE_UNDECRYPTABLE',
        message: 'a value does not decrypt',
      });
    });
  }
  it('all but white space behind the ciphertext, as block scalars have it', () => {
    assert.equal(cipher.decrypt(`${good}\n`, 'a:'), 'x');
    assert.equal(cipher.decrypt(`${good} \r\n\n`, 'a:'), 'x');
  });
});

function moveByte(_: string, data: string, iv: string, tag: string): string {
  const bytes = Buffer.concat([Buffer.from(data, 'base64'), Buffer.from(tag, 'base64')]);
  const [left, right] = [bytes.subarray(0, 1), bytes.subarray(1)];
  return `data:${left.toString('base64')},${iv}tag:${right.toString('base64')},`;
}

describe('data key', () => {
  const key = DataKey.from(Buffer.from('0123456789abcdef0123456789abcdef'));
  it('does not print', () => {
    for (const text of [String(key), JSON.stringify({ key }), inspect({ key }, { depth: 9 }), `${Object.keys(key)}`]) {
      assert.ok(!text.includes('0123'), text);
      assert.ok(!text.includes('30313233'), text);
    }
  });
  it('lends its bytes and wipes them', async () => {
    const lent = key.withBytes(bytes => bytes);
    assert.deepEqual(lent, Buffer.alloc(32));
    const later = await key.withBytes(async bytes => {
      await Promise.resolve();
      return Buffer.from(bytes).toString();
    });
    assert.equal(later, '0123456789abcdef0123456789abcdef');
    const seen: Uint8Array[] = [];
    assert.throws(
      () =>
        key.withBytes(bytes => {
          seen.push(bytes);
          throw new Error('stop');
        }),
      /stop/,
    );
    assert.deepEqual(seen, [Buffer.alloc(32)]);
  });
  it('has 32 bytes', () => {
    assert.throws(() => DataKey.from(Buffer.alloc(16)), { code: 'DATA_KEY_UNAVAILABLE' });
    const made: Cipher = createCipher(DataKey.generate(randomBytes), randomBytes);
    assert.throws(() => made.decrypt(cipher.encrypt('x', 'a:'), 'a:'), { code: 'VALUE_UNDECRYPTABLE' });
  });
});
