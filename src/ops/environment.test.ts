import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { FormatName } from '../formats/format.ts';
import { encrypt } from './encrypt.ts';
import { dotenvNames, type EnvironmentOptions, environment } from './environment.ts';

const keys = new URL('../../testdata/vectors/keys/', import.meta.url);
const identities = readFileSync(new URL('age-1.txt', keys), 'utf8');
const age = readFileSync(new URL('age-1.pub', keys), 'utf8').trim();

async function variables(text: string, format: FormatName, options: EnvironmentOptions = {}): Promise<string[]> {
  const sealed = await encrypt(text, { format, age });
  const found = await environment(sealed, { format, identities, ...options });
  return found.map(({ name, value }) => `${name}=${value}`);
}

const accepted: [name: string, text: string, format: FormatName, options: EnvironmentOptions, expected: string[]][] = [
  ['lines of a dotenv file', 'A="x" # y\nexport B=1\n', 'dotenv', {}, ['A="x" # y', 'export B=1']],
  ['its common dialect', 'A="x" # y\nexport B=1\nA=z\n', 'dotenv', { dotenv: 'common' }, ['B=1', 'A=z']],
  ['the dialect counts for dotenv only', 'a: "\'x\'"\n', 'yaml', { dotenv: 'common' }, ["a='x'"]],
  ['the first document', 'a: 1\n---\nb: 2\n', 'yaml', {}, ['a=1']],
  [
    'nested keys and lists',
    'd:\n  p: 1\n  l: [x, {y: z}]\n',
    'yaml',
    { flatten: '__' },
    ['d__p=1', 'd__l__0=x', 'd__l__1__y=z'],
  ],
  ['names that meet', 'd:\n  p: 1\nd_p: 2\n', 'yaml', { flatten: '_' }, ['d_p=2']],
  ['empty collections', 'd: {}\nl: []\na: 1\n', 'yaml', { flatten: '_' }, ['a=1']],
  ['JSON', '{"a": 1.0, "b": null, "c": true}', 'json', {}, ['a=1.0', 'b=<nil>', 'c=true']],
  ['a binary file', 'x\ny', 'binary', {}, ['data=x\ny']],
  ['INI with sections', '[a]\nb = c\n', 'ini', { flatten: '_' }, ['a_b=c']],
];

describe('environment', () => {
  for (const [name, text, format, options, expected] of accepted)
    test(name, async () => assert.deepEqual(await variables(text, format, options), expected));

  const refused: [name: string, text: string, format: FormatName, path: (string | number)[], EnvironmentOptions?][] = [
    ['a mapping', 'a: {b: c}\n', 'yaml', ['a']],
    ['a list', 'a: [b]\n', 'yaml', ['a']],
    ['an empty mapping', 'a: {}\n', 'yaml', ['a']],
    ['a section', '[a]\nb = c\n', 'ini', ['DEFAULT']],
    ['an equal sign in a name', '"a=b": c\n', 'yaml', ['a=b']],
    ['an empty name', '"": c\n', 'yaml', ['']],
    ['a null character', 'a: "x\\0y"\n', 'yaml', ['a']],
    ['a null character in a flat name', 'd:\n  "a\\0": y\n', 'yaml', ['d', 'a\0'], { flatten: '_' }],
    ['bytes', 'a: !!binary /w==\n', 'yaml', ['a']],
  ];
  for (const [name, text, format, path, options] of refused) {
    test(`${name} is refused`, () =>
      assert.rejects(variables(text, format, options), { code: 'NOT_REPRESENTABLE', exitStatus: 1, where: { path } }));
  }

  test('a plain file only where that is allowed', async () => {
    await assert.rejects(environment('a: 1\n', { format: 'yaml' }), { code: 'METADATA_NOT_FOUND' });
    assert.deepEqual(await environment('a: 1\n', { format: 'yaml', allowPlain: true }), [{ name: 'a', value: '1' }]);
    const sealed = await encrypt('a: 1\n', { format: 'yaml', age });
    assert.deepEqual(await environment(sealed, { format: 'yaml', identities, allowPlain: true }), [
      { name: 'a', value: '1' },
    ]);
  });

  test('the names of an example', async () =>
    assert.deepEqual(await dotenvNames('# needed\nA=\nexport B="x"\nA=\n'), ['B', 'A']));
});
