import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { FormatName } from '../formats/format.ts';
import { encrypt } from './encrypt.ts';
import { stripMetadata } from './strip.ts';

const age = readFileSync(new URL('../../testdata/vectors/keys/age-1.pub', import.meta.url), 'utf8').trim();

for (const [format, plain] of [
  ['yaml', '# c\nkind: Secret # k\ndata: {a: secret-1}\n---\nkind: Other\nstringData:\n  b: |\n    secret-1\n'],
  ['json', '{\n  "kind": "Secret",\n  "data": {"a": "secret-1"}\n}\n'],
  ['dotenv', 'kind_unencrypted=x\ndata=secret-1\n'],
  ['ini', '[a]\nkind_unencrypted = x\ndata = secret-1\n'],
] as const satisfies readonly (readonly [FormatName, string])[])
  test(`${format}: the block is gone, the values stay encrypted and the rest as it is`, async () => {
    const selection = { kind: 'encryptedRegex', text: '^(data|stringData)$' } as const;
    const sealed = await encrypt(plain, {
      format,
      age,
      ...(format === 'yaml' || format === 'json' ? { selection } : {}),
    });
    const stripped = await stripMetadata(sealed, { format });
    assert.ok(!/sops|AGE ENCRYPTED/.test(stripped));
    assert.equal(
      stripped.replace(/\|\n +ENC\[[^\]]*\]|["']?ENC\[[^\]]*\]["']?/g, 'X'),
      plain.replace(/\|\n +secret-1|"?secret-1"?/g, 'X'),
    );
    assert.equal(await stripMetadata(plain, { format }), plain);
  });

test('a block that only a later document has', async () => {
  assert.equal(await stripMetadata('a: 1\n---\nb: 2\nsops:\n  mac: x\n', { format: 'yaml' }), 'a: 1\n---\nb: 2\n');
});

test('a binary file', () =>
  assert.rejects(stripMetadata('{}', { filename: 'x.bin' }), { code: 'CONFLICTING_OPTIONS' }));
