import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { MasterKey } from '../core/metadata.ts';
import { parseRequest, parseResponse, printRequest, printResponse } from './wire.ts';

const rest = { createdAt: '', enc: '' };
const context = new Map([
  ['App', 'web'],
  ['__proto__', ''],
  ['', 'ü'],
]);
const keys: MasterKey[] = [
  { kind: 'kms', arn: 'arn:aws:kms:eu-west-1:1:key/x', role: 'arn:r', context, awsProfile: 'dev', ...rest },
  { kind: 'kms', arn: 'arn:aws:kms:eu-west-1:1:key/x', role: '', context: new Map(), awsProfile: '', ...rest },
  { kind: 'pgp', fingerprint: '92A26C86F3E23782', ...rest },
  { kind: 'gcp_kms', resourceId: 'projects/p/locations/global/keyRings/r/cryptoKeys/k', ...rest },
  { kind: 'azure_kv', vaultUrl: 'https://v.vault.azure.net', name: 'k', version: '', ...rest },
  { kind: 'hc_vault', vaultAddress: 'https://v:8200', enginePath: 'transit', keyName: 'k', ...rest },
  { kind: 'age', recipient: 'age1x', enc: '' },
  { kind: 'age', recipient: '', enc: '' },
  { kind: 'hckms', keyId: 'region:id', ...rest },
];
const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const plain = (part: Uint8Array | undefined) => (part === undefined ? undefined : Uint8Array.from(part));

describe('requests', () => {
  for (const key of keys) {
    test(`there and back: ${JSON.stringify(key)}`, () => {
      const part = randomBytes(33);
      const back = parseRequest(printRequest({ ...key, enc: 'does not travel' }, part));
      assert.deepEqual(back?.key, key);
      assert.deepEqual(plain(back?.bytes), Uint8Array.from(part));
    });
  }

  // Made by hand after the encoding rules, one line a field.
  const encodings: [name: string, message: string, key: MasterKey | undefined, part: string][] = [
    ['an age key', '0a 09 32 07 0a 05 6167653178 12 02 0102', keys[6], '0102'],
    [
      'a KMS key with its context',
      '0a 1c 0a 1a 0a 01 61 12 01 62 1a 06 0a 01 78 12 01 79 1a 07 0a 01 7a 12 02 c3bc 22 01 70 12 01 00',
      {
        kind: 'kms',
        arn: 'a',
        role: 'b',
        context: new Map([
          ['x', 'y'],
          ['z', 'ü'],
        ]),
        awsProfile: 'p',
        ...rest,
      },
      '00',
    ],
    ['an entry without its value', '0a 07 0a 05 1a 03 0a 01 78', kms(new Map([['x', '']])), ''],
    ['an entry given twice', '0a 11 0a 0f 1a 06 0a 01 78 12 01 79 1a 05 0a 01 78 12 00', kms(new Map([['x', '']])), ''],
    ['fields in another order', '12 01 07 0a 09 32 07 0a 05 6167653178', keys[6], '07'],
    [
      'the last member of a oneof',
      '0a 0b 12 02 0a 00 32 05 0a 03 616263',
      { kind: 'age', recipient: 'abc', enc: '' },
      '',
    ],
    [
      'a message in two parts',
      '0a 05 32 03 0a 01 61 0a 05 32 03 0a 01 62',
      { kind: 'age', recipient: 'b', enc: '' },
      '',
    ],
    ['unknown fields of every type', '18 96 01 21 0000000000000001 2d 00000001 32 01 00 0a 02 32 00', keys[7], ''],
    ['a field of another type', '0a 02 32 00 10 05', keys[7], ''],
    ['no key', '12 01 00', undefined, '00'],
    ['an empty key', '0a 00', undefined, ''],
    ['a kind of the future', '0a 02 42 00', undefined, ''],
    ['nothing', '', undefined, ''],
  ];
  for (const [name, message, key, part] of encodings) {
    test(name, () => {
      const request = parseRequest(bytes(message));
      assert.deepEqual(request?.key, key);
      assert.equal(Buffer.from(request?.bytes ?? []).toString('hex'), part);
    });
  }

  test('what is printed is what others print', () => {
    assert.equal(
      Buffer.from(printRequest(keys[6]!, bytes('0102'))).toString('hex'),
      encodings[0]![1].replaceAll(' ', ''),
    );
    assert.equal(
      Buffer.from(printRequest(encodings[1]![2]!, bytes('00'))).toString('hex'),
      encodings[1]![1].replaceAll(' ', ''),
    );
  });

  test('lengths of several bytes', () => {
    const key: MasterKey = { kind: 'age', recipient: 'x'.repeat(20_000), enc: '' };
    const part = randomBytes(300);
    const back = parseRequest(printRequest(key, part));
    assert.deepEqual(back?.key, key);
    assert.deepEqual(plain(back?.bytes), Uint8Array.from(part));
  });
});

function kms(context: ReadonlyMap<string, string>): MasterKey {
  return { kind: 'kms', arn: '', role: '', context, awsProfile: '', ...rest };
}

describe('what is no message', () => {
  const malformed: [name: string, message: string][] = [
    ['a tag that is cut off', '8a'],
    ['a length that is cut off', '0a'],
    ['a value that is cut off', '0a 05 00'],
    ['a length of 2^63', '0a ffffffffffffffff7f'],
    ['a number of eleven bytes', '08 ffffffffffffffffffff01'],
    ['field 0', '02 00'],
    ['a field number that is too large', '8a8080808001 00'],
    ['a group', '0b 0c'],
    ['wire type 7', '0f'],
    ['fixed64 that is cut off', '19 0000'],
    ['fixed32 that is cut off', '1d 0000'],
    ['a key that is no message', '0a 01 ff'],
    ['a member that is no message', '0a 03 32 01 ff'],
    ['a text that is not UTF-8', '0a 05 32 03 0a 01 ff'],
    ['an entry that is no message', '0a 05 0a 03 1a 01 ff'],
  ];
  for (const [name, message] of malformed) {
    test(name, () => assert.equal(parseRequest(bytes(message)), undefined));
  }

  test('an answer', () => {
    assert.equal(parseResponse(bytes('0a 05 00')), undefined);
    assert.equal(parseResponse(bytes('3c')), undefined);
  });
});

test('answers, there and back', () => {
  for (const part of [randomBytes(32), new Uint8Array(), randomBytes(5000)]) {
    assert.deepEqual(plain(parseResponse(printResponse(part))), Uint8Array.from(part));
  }
  assert.deepEqual(plain(parseResponse(bytes('0a 01 01 12 01 05 0a 01 02'))), Uint8Array.of(2));
});

test('texts of every kind, there and back', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 });
  const property = fc.property(text, fc.array(fc.tuple(text, text), { maxLength: 5 }), (arn, pairs) => {
    const key: MasterKey = { ...kms(new Map(pairs)), kind: 'kms', arn } as MasterKey;
    assert.deepEqual(parseRequest(printRequest(key, new Uint8Array()))?.key, key);
  });
  fc.assert(property, { seed: 7, numRuns: 200 });
});

test('no bytes make it throw', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 40 }), message => {
    parseRequest(message);
    parseResponse(message);
  });
  fc.assert(property, { seed: 7, numRuns: 3000 });
});

test('a message of many fields takes linear time', () => {
  const many = Buffer.concat(Array.from({ length: 200_000 }, () => bytes('32 00')));
  const message = Buffer.concat([bytes('0a'), Buffer.from([0x80, 0xb5, 0x18]), many]);
  const begun = performance.now();
  assert.equal(parseRequest(message)?.key?.kind, 'age');
  assert.ok(performance.now() - begun < 3000);
});
