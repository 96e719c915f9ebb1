import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64Bytes, decodedSize, encodeBase64Bytes, encodedSize } from './base64.ts';

function decoded(text: string): string | undefined {
  const source = Buffer.from(`<${text}>`, 'latin1');
  const target = Buffer.alloc(decodedSize(text.length) + 3);
  const length = decodeBase64Bytes(source, 1, source.length - 1, target);
  return length < 0 ? undefined : target.toString('hex', 0, length);
}

test('what is encoded is what node:buffer encodes, and comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
      const target = Buffer.alloc(encodedSize(bytes.length) + 2, '.');
      const end = encodeBase64Bytes(bytes, target, 1);
      const text = target.toString('latin1', 1, end);
      assert.equal(text, Buffer.from(bytes).toString('base64'));
      assert.equal(target.toString('latin1', end), '.');
      assert.equal(decoded(text), Buffer.from(bytes).toString('hex'));
    }),
  );
});

test('only padded text with nothing behind its data is decoded', () => {
  assert.equal(decoded(''), '');
  assert.equal(decoded('AQ=='), '01');
  assert.equal(decoded('AQI='), '0102');
  for (const text of [
    'A',
    'AQ',
    'AQI',
    'AR==',
    'AQJ=',
    'A===',
    '====',
    'AQ=I',
    'AQ==AQ==',
    'AQ-_',
    'AQI\n',
    'AQ\u00c1A',
  ])
    assert.equal(decoded(text), undefined, text);
});

test('any text that is decoded is the text of its bytes', () => {
  const alphabet = fc.constantFrom(...'ABab01+/=-_ \n');
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 12 }), text => {
      const hex = decoded(text);
      const isCanonical = Buffer.from(text, 'base64').toString('base64') === text;
      assert.equal(hex !== undefined, isCanonical, text);
    }),
    { numRuns: 2000 },
  );
});
