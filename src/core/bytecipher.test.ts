import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ByteCipher } from './bytecipher.ts';
import { ByteWriter } from './bytewriter.ts';
import { createCipher } from './cipher.ts';
import { DataKey } from './datakey.ts';

const dataKey = DataKey.generate(randomBytes);
const cipher = createCipher(dataKey, randomBytes);
const bytes = new ByteCipher(dataKey, randomBytes);
const aad = Buffer.from('a:b:');

function opened(text: string, additional = aad): string | undefined {
  const padded = Buffer.from(`key: ${text}\n`, 'latin1');
  return bytes.open(padded, 5, padded.length - 1, additional)?.toString('utf8');
}

test('opens what the other cipher has encrypted, of any length and type', () => {
  for (const length of [1, 2, 3, 15, 16, 17, 100, 5000]) {
    const text = 'é'.repeat(length);
    assert.equal(opened(cipher.encrypt(text, 'a:b:')), text);
    assert.equal(bytes.type, 'str');
  }
  assert.equal(opened(cipher.encrypt(12n, 'a:b:')), '12');
  assert.equal(bytes.type, 'int');
  assert.equal(opened(cipher.encryptComment(' c', 'a:b:')), ' c');
  assert.equal(bytes.type, 'comment');
});

test('the other cipher opens what is sealed', () => {
  const out = new ByteWriter(1);
  out.text('before ');
  bytes.seal(Buffer.from('a value'), 'str', aad, out);
  const [, sealed = ''] = out.bytes().toString('latin1').split('before ');
  assert.equal(cipher.decrypt(sealed, 'a:b:'), 'a value');
  const again = new ByteWriter(1);
  bytes.seal(Buffer.from('a value'), 'str', aad, again);
  assert.notEqual(again.bytes().toString('latin1'), sealed, 'an IV was used twice');
});

test('nothing else opens', () => {
  const sealed = cipher.encrypt('a value', 'a:b:');
  assert.equal(opened(sealed), 'a value');
  assert.equal(opened(sealed, Buffer.from('a:c:')), undefined);
  for (let at = 0; at < sealed.indexOf(',type:'); at++) {
    const other = sealed[at] === 'A' ? 'B' : 'A';
    assert.equal(opened(sealed.slice(0, at) + other + sealed.slice(at + 1)), undefined, `changed at ${at}`);
    assert.equal(opened(sealed.slice(0, at) + sealed.slice(at + 1)), undefined, `cut at ${at}`);
  }
  for (const text of ['', ']', 'ENC[AES256_GCM,data:', `${sealed} `, `x${sealed}`, sealed.replace(',type:', ',type=')])
    assert.equal(opened(text), undefined, text);
});
