import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { bulkLength, bulkPlace, isBulk, openBulk } from './bulk.ts';
import { createCipher } from './cipher.ts';
import { DataKey } from './datakey.ts';

const dataKey = DataKey.from(Buffer.alloc(32, 'f'));
const zeroIvs = () => createCipher(dataKey, bytes => new Uint8Array(bytes));
const piece = 48 * 1024;

/** Not UTF-8, and the same every time. */
const bytesOfLength = (length: number): Buffer => {
  const block = createHash('sha512').update('bulk').digest();
  return Buffer.from(Array.from({ length }, (_, i) => (block[i % 64] ?? 0) ^ (i >> 6)));
};

const sealed = (plain: Uint8Array): Buffer => {
  const text = zeroIvs().encryptBulk(plain, 'data:');
  const bytes = Buffer.alloc(text.length + 2, '"');
  text.write(bytes, 1);
  return bytes;
};

/** What a text between quotation marks decrypts to. */
function opened(text: Buffer, aad = 'data:'): Buffer | undefined {
  const place = bulkPlace(text, 1, text.length - 1);
  const pieces: Buffer[] = [];
  const isSound = place !== undefined && openBulk(dataKey, place, aad, plain => pieces.push(Buffer.from(plain)));
  return isSound ? Buffer.concat(pieces) : undefined;
}

describe('a bulk ciphertext is that of the cipher', () => {
  for (const length of [1, 2, 3, 4, piece - 1, piece, piece + 1, 3 * piece + 2]) {
    it(`of ${length} bytes`, () => {
      const plain = bytesOfLength(length);
      const text = sealed(plain);
      assert.equal(text.toString('latin1'), `"${zeroIvs().encrypt(plain, 'data:')}"`);
      assert.deepEqual(opened(text), plain);
      const place = bulkPlace(text, 1, text.length - 1);
      assert.ok(place);
      assert.equal(bulkLength(place), length);
      assert.equal(isBulk(place), true);
    });
  }

  it('takes one IV, in its turn', () => {
    const ivs = randomBytes(64 * 1024);
    const [bulk, single] = [createCipher(dataKey, () => ivs), createCipher(dataKey, () => ivs)];
    const text = bulk.encryptBulk(bytesOfLength(9), 'data:');
    const bytes = Buffer.alloc(text.length);
    text.write(bytes, 0);
    assert.equal(bytes.toString('latin1'), single.encrypt(bytesOfLength(9), 'data:'));
    assert.equal(bulk.encrypt('next', 'a:'), single.encrypt('next', 'a:'));
  });
});

describe('what is refused', () => {
  const text = sealed(bytesOfLength(2 * piece + 1)).toString('latin1');
  const dataAt = '"ENC[AES256_GCM,data:'.length;
  const replaced = (at: number, by: string): string => text.slice(0, at) + by + text.slice(at + by.length);
  const last = text.indexOf('==,iv:') - 1;
  const nextTo = (character: string): string => String.fromCharCode(character.charCodeAt(0) + 1);
  const refused: readonly (readonly [what: string, text: string])[] = [
    ['a changed byte', replaced(dataAt, text[dataAt] === 'A' ? 'B' : 'A')],
    ['a blank', replaced(dataAt + 70_000, ' ')],
    ['a control character', replaced(dataAt + 5, '\x01')],
    ['a byte beyond ASCII', replaced(dataAt + 5, '\xc1')],
    ['an escape', replaced(dataAt + 5, '\\n')],
    ['the URL alphabet', replaced(dataAt + 5, '-')],
    ['padding in the middle of a piece', replaced(dataAt + 6, '==')],
    ['padding at the end of a piece that is not the last', replaced(dataAt + 64 * 1024 - 2, '==')],
    ['last bits that are not zero', replaced(last, nextTo(text[last] ?? ''))],
    ['a length that is no multiple of four', text.replace('==,iv:', '=,iv:')],
    ['no data', text.replace(/data:[^,]*/, 'data:')],
    ['another type', text.replace('type:str', 'type:int')],
    ['text behind the bracket', text.replace(/"$/, ' "')],
    ['a long IV', text.replace(/iv:[^,]*/, `iv:${'A'.repeat(300)}`)],
    ['a short tag', text.replace(/tag:[^,]*/, 'tag:AAAA')],
  ];
  for (const [what, changed] of refused)
    it(what, () => {
      assert.notEqual(changed, text);
      assert.equal(opened(Buffer.from(changed, 'latin1')), undefined);
    });

  it('another place', () => assert.equal(opened(Buffer.from(text, 'latin1'), 'other:'), undefined));
});
