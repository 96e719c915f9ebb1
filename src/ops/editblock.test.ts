import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decrypt } from './decrypt.ts';
import { edit } from './edit.ts';
import { editBlock } from './editblock.ts';
import { encrypt } from './encrypt.ts';
import { inspectFile } from './inspect.ts';

const keys = new URL('../../testdata/vectors/keys/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, keys), 'utf8').trim();
const [one, two] = [read('age-1.pub'), read('age-2.pub')];
const identities = read('age-1.txt');
const plain = '# c\na:   x # d\nb: [1.10, 2]\n';
const made = (age = one): Promise<string> => encrypt(plain, { format: 'yaml', age });
const options = { format: 'yaml', identities } as const;
const ciphertexts = (text: string): string[] => text.match(/ENC\[[^\]]*type:(?:str|int|float)\]/g) ?? [];
const typed =
  (change: (text: string) => string) =>
  (shown: Uint8Array): Uint8Array =>
    Buffer.from(change(Buffer.from(shown).toString()));

test('the text and the block are shown, and values that stay keep their ciphertext', async () => {
  const before = await made();
  const after = await editBlock(
    before,
    typed(text => {
      assert.ok(text.startsWith(plain) && text.includes('\nsops:\n') && text.includes(`recipient: ${one}`));
      return text.replace('x # d', 'y # d');
    }),
    options,
  );
  assert.equal(await decrypt(after, options), plain.replace('x #', 'y #'));
  const old = new Set(ciphertexts(before));
  assert.equal(ciphertexts(after).filter(found => old.has(found)).length, 2);
});

test('a key that is typed gets the data key; the mac and the like are not what is typed', async () => {
  const seen: unknown[] = [];
  const after = await editBlock(
    await made(),
    typed(text =>
      text
        .replace(' - enc:', ` - recipient: ${two}\n        - enc:`)
        .replace(/mac: .*/, 'mac: nonsense')
        .replace(/version: .*/, 'version: 9.9.9'),
    ),
    { ...options, onAdded: found => void seen.push(...found) },
  );
  assert.deepEqual(seen, [{ kind: 'age', recipient: two, enc: '' }]);
  assert.equal(await decrypt(after, { format: 'yaml', identities: read('age-2.txt') }), plain);
  assert.ok(!/nonsense|9\.9\.9/.test(after));
});

test('a key that is taken out makes a new data key', async () => {
  const before = await made(`${one},${two}`);
  const drop = new RegExp(` +- enc: \\|\\n(?:(?! +- enc)[^\\n]*\\n)*? +recipient: ${two}\\n`);
  const after = await editBlock(
    before,
    typed(text => text.replace(drop, '')),
    options,
  );
  await assert.rejects(decrypt(after, { format: 'yaml', identities: read('age-2.txt') }), {
    code: 'DATA_KEY_UNAVAILABLE',
  });
  const old = new Set(ciphertexts(before));
  assert.equal(ciphertexts(after).filter(found => old.has(found)).length, 0);
  assert.equal(await decrypt(after, options), plain);
});

test('the rule and the coverage of the MAC', async () => {
  const after = await editBlock(
    await made(),
    typed(text =>
      text.replace('unencrypted_suffix: _unencrypted', 'encrypted_regex: ^a$\n    mac_only_encrypted: true'),
    ),
    options,
  );
  assert.match(after, /^b: \[1\.10, 2\]$/m);
  const { metadata } = await inspectFile(after, { format: 'yaml' });
  assert.deepEqual([metadata?.selection, metadata?.macOnlyEncrypted], [{ kind: 'encryptedRegex', text: '^a$' }, true]);
  assert.equal(await decrypt(after, options), plain);
});

const refused: [name: string, change: (text: string) => string, code: string][] = [
  ['nothing changed', text => text, 'FILE_UNCHANGED'],
  ['no block', text => text.replace(/^sops:[\s\S]*/m, ''), 'METADATA_NOT_FOUND'],
  ['no key', text => text.replace(/ {4}age:[\s\S]*recipient: .*\n/, ''), 'METADATA_INVALID'],
  ['no text', text => text.replace(plain, 'a: [\n'), 'FILE_SYNTAX'],
  ['a recipient that is none', text => text.replace(one, 'age1nope'), 'WRAP_FAILED'],
  [
    'a threshold without sense',
    text => text.replace('    mac:', '    shamir_threshold: x\n    mac:'),
    'METADATA_INVALID',
  ],
];
for (const [name, change, code] of refused)
  test(`${name} is refused`, async () => assert.rejects(editBlock(await made(), typed(change), options), { code }));

for (const format of ['json', 'dotenv', 'ini'] as const) {
  test(`a value of ${format}`, async () => {
    const texts = { json: '{"a": "x1x"}\n', dotenv: 'a=x1x\n', ini: '[s]\na = x1x\n' };
    const sealed = await encrypt(texts[format], { format, age: one });
    const after = await editBlock(
      sealed,
      typed(text => text.replace('x1x', 'y1y')),
      { format, identities },
    );
    assert.equal(await decrypt(after, { format, identities }), texts[format].replace('x1x', 'y1y'));
  });
}

test('what cannot be made a file is kept in a binary one', async () => {
  let kept = new Uint8Array();
  await assert.rejects(
    edit(
      await made(),
      async (_shown, _check, rescue) => {
        kept = new Uint8Array(await rescue(Buffer.from('a: [broken secret')));
        throw new RangeError('the editor died');
      },
      options,
    ),
    RangeError,
  );
  assert.ok(!Buffer.from(kept).includes('secret'));
  assert.equal(Buffer.from(await decrypt(kept, { format: 'binary', identities })).toString(), 'a: [broken secret');
});

test('an entry without a wrapped data key that was there before gets none', async () => {
  const planted = (await made()).replace(/- enc: \|/, `- enc: ""\n          recipient: ${two}\n        - enc: |`);
  await assert.rejects(
    editBlock(
      planted,
      typed(text => text.replace('x # d', 'y # d')),
      options,
    ),
    {
      code: 'METADATA_INVALID',
    },
  );
});
