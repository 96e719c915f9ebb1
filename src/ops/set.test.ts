/** `set` and `unset` on content: what changes in the encrypted file, what values mean, and what is refused. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { FormatName } from '../formats/format.ts';
import { decrypt } from './decrypt.ts';
import { type EncryptOptions, encrypt } from './encrypt.ts';
import { JsonText, type SetValue, set } from './set.ts';
import { unset } from './unset.ts';

const vectors = new URL('../../testdata/vectors/', import.meta.url);
const identities = readFileSync(new URL('keys/age-1.txt', vectors), 'utf8');
const age = readFileSync(new URL('keys/age-1.pub', vectors), 'utf8').trim();

const sealed = (text: string, format: FormatName, options: Partial<EncryptOptions> = {}): Promise<string> =>
  encrypt(text, { format, age, allowNothing: true, ...options });

/** Lines of the first text that are not in the second one. */
function goneLines(before: string, after: string): string[] {
  const kept = new Set(after.split('\n'));
  return before.split('\n').filter(line => !kept.has(line));
}

const lines: readonly [format: FormatName, text: string, path: string, value: SetValue, gone: RegExp][] = [
  ['yaml', '# c\na: "x" # d\nb: [y, z]\nc:\n- 1\n', '.a', 'new', /^a:/],
  ['yaml', 'a: 1\nb:\n  c: 2\n  d: 3\n', 'b.c', 5n, /^ {2}c:/],
  ['json', '{\n\t"a": "x",\n\t"b": 1.50\n}\n', '.a', 'new', /"a"/],
  ['dotenv', '# c\nA=x\nB=y\n', '.A', 'new', /^A=/],
  ['ini', '; c\n[s]\nk   = v ; d\nother = w\n', 's.k', 'new', /^k/],
];

for (const [format, text, path, value, gone] of lines) {
  test(`one value changes one line of a ${format} file: ${path}`, async () => {
    const options = { format, identities };
    const before = await sealed(text, format);
    const after = await set(before, path, value, options);
    const changed = goneLines(before, after).filter(line => !/^\W*(?:sops_)?(?:mac|lastmodified)\b/.test(line));
    // A comment of INI is joined to its key.
    assert.ok(changed.every(line => gone.test(line)) && changed.length === 1, changed.join('\n'));
    const plain = await decrypt(after, options);
    assert.equal(goneLines(text, plain).length, 1);
    assert.equal(await decrypt(after, { ...options, extract: path }), typeof value === 'string' ? value : `${value}\n`);
    assert.equal(await set(after, path, value, options), after);
  });
}

const values: readonly [value: SetValue | JsonText, text: string][] = [
  [1, 'a: 1\n'],
  [1.5, 'a: 1.5\n'],
  [2n ** 62n, 'a: 4611686018427387904\n'],
  [true, 'a: true\n'],
  [null, 'a: null\n'],
  ['1', 'a: "1"\n'],
  [new JsonText('1.0'), 'a: 1.0\n'],
  [new JsonText('-9223372036854775808'), 'a: -9223372036854775808\n'],
  [new JsonText('"\\u00e9"'), 'a: é\n'],
  [[1, { b: ['x'] }], 'a:\n    - 1\n    - b:\n          - x\n'],
  [{}, 'a: {}\n'],
  [new Uint8Array([0xff]), 'a: !!binary /w==\n'],
];

for (const [value, text] of values) {
  test(`a value as YAML: ${JSON.stringify(text)}`, async () => {
    const options = { format: 'yaml', identities, allowNothing: true } as const;
    const after = await set(await sealed('a: old\n', 'yaml'), ['a'], value, options);
    assert.equal(await decrypt(after, options), text);
  });
}

const invalid: readonly [value: SetValue | JsonText, code: string][] = [
  [2n ** 63n, 'SET_FORMAT_INVALID'],
  [new JsonText('9223372036854775808'), 'SET_FORMAT_INVALID'],
  [new JsonText('{"a": 1, "a": 2}'), 'SET_FORMAT_INVALID'],
  [new JsonText('[{"b": hunter2}]'), 'SET_FORMAT_INVALID'],
  [new JsonText(''), 'SET_FORMAT_INVALID'],
];

for (const [index, [value, code]] of invalid.entries()) {
  test(`a value that cannot be (${index})`, async () => {
    const file = await sealed('a: old\n', 'yaml');
    await assert.rejects(
      set(file, ['a'], value, { format: 'yaml', identities }),
      (error: Error & { code?: string }) => {
        assert.ok(!inspect(error).includes('hunter2'));
        return error.code === code;
      },
    );
  });
}

test('a JSON text does not print', () => {
  assert.ok(!`${inspect(new JsonText('hunter2'))}${JSON.stringify(new JsonText('hunter2'))}`.includes('hunter2'));
});

test('paths that name nothing', async () => {
  const options = { format: 'yaml', identities } as const;
  const file = await sealed('a: x\nl: [1]\n', 'yaml');
  await assert.rejects(set(file, [], 'x', options), { code: 'SET_FORMAT_INVALID' });
  await assert.rejects(set(file, ['sops'], 'x', options), { code: 'ALREADY_ENCRYPTED' });
  await assert.rejects(set(file, ['l', 1], 'x', options), { code: 'PATH_NOT_FOUND' });
  await assert.rejects(unset(file, ['b'], options), { code: 'PATH_NOT_FOUND' });
  await assert.rejects(unset(file, ['a', 'b'], { ...options, idempotent: true }), { code: 'PATH_NOT_FOUND' });
  await assert.rejects(unset(file, 'l[+]', options), { code: 'SET_FORMAT_INVALID' });
  await assert.rejects(unset(file, '["a"', options), { code: 'SET_FORMAT_INVALID' });
  assert.equal(await unset(file, ['b'], { ...options, idempotent: true }), file);
  const dotenv = await sealed('A=1\n', 'dotenv');
  await assert.rejects(set(dotenv, ['sops_mac'], 'x', { format: 'dotenv', identities }), { code: 'ALREADY_ENCRYPTED' });
});

test('set into another format', async () => {
  const file = await sealed('{"a": 1, "b": "x"}\n', 'json');
  const options = { format: 'json', outputFormat: 'yaml', identities } as const;
  const after = await set(file, ['b'], 'z', options);
  assert.equal(await decrypt(after, { format: 'yaml', identities }), 'a: 1\nb: z\n');
  const same = await set(file, ['b'], 'x', options);
  assert.equal(await decrypt(same, { format: 'yaml', identities }), 'a: 1\nb: x\n');
  assert.equal(await set(file, ['b'], 'x', { ...options, idempotent: true }), file);
});

test('a new value that the rule does not select is told', async () => {
  const rule = { kind: 'encryptedRegex', text: '^password$' } as const;
  const file = await sealed('password: x\n', 'yaml', { selection: rule });
  let told = 0;
  const options = { format: 'yaml', identities, onCleartext: () => told++ } as const;
  const after = await set(file, ['api_key'], 'new', options);
  assert.equal(told, 1);
  await set(after, ['api_key'], 'other', options);
  await set(after, ['n', 'password'], 'secret', options);
  assert.equal(told, 1);
});

test('binary files are set as a whole', async () => {
  const options = { format: 'binary', identities } as const;
  const after = await set(await sealed('old', 'binary'), ['data'], 'new', options);
  assert.equal(await decrypt(after, options), 'new');
});

test('the last value goes, and what is left is a file', async () => {
  const left: readonly [FormatName, string, string, string][] = [
    ['yaml', '# c\n\na: x\n', '.a', '# c\n\n{}\n'],
    ['json', '{\n  "a": "x"\n}\n', '.a', '{}\n'],
    ['dotenv', 'A=x\n', '.A', ''],
    ['ini', '[s]\na = x\n', 's.a', '[s]\n'],
  ];
  for (const [format, text, path, expected] of left) {
    const after = await unset(await sealed(text, format), path, { format, identities });
    assert.equal(await decrypt(after, { format, identities }), expected);
  }
});
