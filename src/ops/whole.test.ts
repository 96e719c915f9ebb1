import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createCipher } from '../core/cipher.ts';
import { DataKey } from '../core/datakey.ts';
import { formatVersion, type Metadata } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { binary } from '../formats/binary/index.ts';
import { decrypt } from './decrypt.ts';
import { encrypt } from './encrypt.ts';
import type { SealInput } from './seal.ts';
import { sealWhole } from './whole.ts';

const key = (name: string): string =>
  readFileSync(new URL(`../../testdata/vectors/keys/${name}`, import.meta.url), 'utf8').trim();
const [age, identities] = [key('age-1.pub'), key('age-1.txt')];
const format = 'binary';

const plain = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) ^ (i >> 8)));
const sealedOf = async (bytes: Uint8Array) => Buffer.from(await encrypt(bytes, { format, age }));

for (const [name, bytes] of [
  ['bytes', plain],
  ['a text', Buffer.from('é\n'.repeat(40_000))],
  ['one byte', Buffer.from([0])],
  ['what looks like a ciphertext', Buffer.from('ENC[AES256_GCM,data:AAAA]')],
] as const)
  test(`${name}: there and back, by either way`, async () => {
    const sealed = await sealedOf(bytes);
    const copy = Buffer.from(sealed);
    assert.ok(bytes.equals(await decrypt(sealed, { format, identities })));
    assert.ok(sealed.equals(copy));
    assert.ok(bytes.equals(await decrypt(sealed, { format, identities, layout: 'sops' })));
    assert.ok(bytes.equals(await decrypt(sealed, { format, identities, mayOverwrite: true })));
  });

describe('what is not sound has the error that it has on the way of all formats', () => {
  const changes: readonly (readonly [name: string, change: (text: string) => string])[] = [
    ['changed data', text => text.replace(/data:..../, 'data:AAAA')],
    ['a changed tag', text => text.replace(/tag:..../, 'tag:AAAA')],
    ['another type', text => text.replace('type:str', 'type:int')],
    ['a blank in the data', text => text.replace(/(data:.{90000})./, '$1 ')],
    ['a control character in the data', text => text.replace(/(data:.{90000})./, '$1\x01')],
    ['an unknown escape in the data', text => text.replace(/(data:.{90000}).../, '$1\\x0')],
    ['a byte beyond ASCII', text => text.replace(/(data:.{90000})./, '$1é')],
    ['a broken block', text => text.replace('"version"', 'version')],
    ['a broken block on the line of the data', text => text.replace(/,\n\t"sops": \{/, ', "sops": ')],
    ['an end in the data', text => text.slice(0, 100_000)],
    ['a changed MAC', text => text.replace(/"mac": "ENC\[AES256_GCM,data:..../, '"mac": "ENC[AES256_GCM,data:AAAA')],
    ['no MAC', text => text.replace(/"mac": "[^"]*"/, '"mac": ""')],
    ['another time', text => text.replace(/"lastmodified": "2/, '"lastmodified": "1')],
    ['no block', text => `${text.slice(0, text.indexOf(',\n\t"sops"'))}\n}\n`],
    ['a second value', text => text.replace('{', '{"more": "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]",')],
    ['a second value behind', text => text.replace(/\}\s*$/, ', "data": "x"}')],
    ['a rule that leaves it in clear', text => text.replace('"sops": {', '"sops": {"encrypted_regex": "x",')],
    ['a rule that is none', text => text.replace('"sops": {', '"sops": {"encrypted_regex": "(",')],
    ['a MAC of encrypted values', text => text.replace('"sops": {', '"sops": {"mac_only_encrypted": true,')],
  ];
  for (const [name, change] of changes)
    test(name, async () => {
      const text = (await sealedOf(plain)).toString('latin1');
      const changed = Buffer.from(change(text), 'latin1');
      assert.ok(!changed.equals(Buffer.from(text, 'latin1')));
      const errors = await Promise.all(
        [{ layout: 'sops' } as const, {}, { mayOverwrite: true }].map(options =>
          decrypt(changed, { format, identities, ...options }).then(
            () => assert.fail('it was decrypted'),
            (error: unknown) => {
              assert.ok(error instanceof TsopsError);
              return { code: error.code, says: error.message, where: error.where, status: error.exitStatus };
            },
          ),
        ),
      );
      assert.deepEqual(errors[1], errors[0]);
      assert.deepEqual(errors[2], errors[0]);
    });

  test('without the MAC it is given', async () => {
    const sealed = (await sealedOf(plain)).toString('latin1').replace(/"mac": "[^"]*"/, '"mac": ""');
    const opened = await decrypt(Buffer.from(sealed, 'latin1'), { format, identities, ignoreMac: true });
    assert.ok(plain.equals(opened));
  });
});

describe('a layout that other programs give it', () => {
  for (const [name, change] of [
    ['one line', (text: string) => text.replaceAll(/\n\t*/g, '')],
    ['the block first', (text: string) => text.replace(/\{\n\t("data": "[^"]*"),([\s\S]*)\}\s*$/, '{$2, $1}')],
    ['blanks', (text: string) => text.replace('"data": ', '  "data" \r\n : ')],
    ['an escape', (text: string) => text.replace('"data"', '"d\\u0061ta"')],
  ] as const)
    test(name, async () => {
      const text = (await sealedOf(plain)).toString('latin1');
      assert.notEqual(change(text), text);
      assert.ok(plain.equals(await decrypt(Buffer.from(change(text), 'latin1'), { format, identities })));
    });
});

describe('nothing is written that would not decrypt', () => {
  const dataKey = DataKey.from(createHash('sha256').update('x').digest());
  const random = (bytes: number) => new Uint8Array(bytes);
  const cipher = createCipher(dataKey, random);
  const metadata: Metadata = {
    groups: [],
    shamirThreshold: 0,
    lastModified: '2026-01-01T00:00:00Z',
    mac: '',
    selection: { kind: 'none' },
    macOnlyEncrypted: false,
    version: formatVersion,
  };
  const written = { indent: undefined, allowNothing: false, keepSpelling: true };
  const file = binary.parse(plain, 'plain');
  const input: SealInput = {
    format: binary,
    output: binary,
    file,
    bytes: plain,
    metadata,
    dataKey,
    random,
    ...written,
  };
  const { whole } = binary;
  assert.ok(whole);

  test('where all is well, it is', () => assert.ok(sealWhole(input, cipher, whole).length > plain.length));

  test('a place that is not found again', () =>
    assert.throws(() => sealWhole(input, cipher, { ...whole, locate: () => undefined }), { code: 'INTERNAL' }));

  for (const [name, from, to] of [
    ['other bytes', 0, plain.length],
    ['an end that is missing', 0, plain.length - 1],
    ['an end that is too much', 1, plain.length],
  ] as const)
    test(name, () => {
      const other = Buffer.from(plain.subarray(from, to));
      if (other.length === plain.length) other[150_000] = (other[150_000] ?? 0) ^ 1;
      const wrong = { ...cipher, encryptBulk: (_: Uint8Array, aad: string) => cipher.encryptBulk(other, aad) };
      assert.throws(() => sealWhole(input, wrong, whole), { code: 'INTERNAL' });
    });
});

test('bytes that are changed meanwhile give an error or the plain text, whenever it is', async () => {
  const sealed = await sealedOf(plain);
  let refused = 0;
  for (let turns = 0; turns < 30; turns += 1) {
    const bytes = Buffer.from(sealed);
    const change = (left: number): void =>
      left > 0 ? queueMicrotask(() => change(left - 1)) : void bytes.fill('A', 100, 200);
    try {
      assert.ok(plain.equals(await decrypt(bytes, { format, identities, onOpened: () => change(turns) })), `${turns}`);
    } catch (error) {
      if (!(error instanceof TsopsError)) throw error;
      refused += 1;
    }
  }
  assert.ok(refused > 0 && refused < 30);
});
