import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { parseDialect } from '../formats/dotenv/dialect.ts';
import { generateIdentity } from '../keys/age/keygen.ts';
import { encrypt } from './encrypt.ts';
import { type GetOptions, get } from './get.ts';

const plain = `a: x # note
name: "it's"
db:
  user: app
  port: 5432
  list: [1, 2.0, null, true]
`;
let me = { recipient: '', fileText: '' };
before(async () => {
  me = await generateIdentity({ now: new Date(0), random: bytes => crypto.getRandomValues(new Uint8Array(bytes)) });
});
const read = async (
  text: string,
  paths: readonly (string | readonly (string | number)[])[],
  options: Omit<GetOptions, 'identities'> = {},
): Promise<string> => {
  const { format = 'yaml' } = options;
  const sealed = await encrypt(text, { format, age: me.recipient });
  return get(sealed, paths, { ...options, format, identities: me.fileText });
};

describe('raw', () => {
  test('one part as it is, several with a line break', async () => {
    assert.equal(await read(plain, ['a']), 'x');
    assert.equal(await read(plain, [['db', 'port']]), '5432\n');
    assert.equal(await read(plain, ['a', '["db"]["port"]', 'db.list[0]']), 'x\n5432\n1\n');
    assert.equal(await read(plain, []), plain);
    assert.equal(
      await read(plain, ['a', 'db.list'], { outputFormat: 'json', indent: 0 }),
      'x\n[\n1,\n2,\nnull,\ntrue\n]\n',
    );
  });

  test('a path that is not there, or is none', async () => {
    await assert.rejects(read(plain, ['a', 'db.nope']), { code: 'PATH_NOT_FOUND', where: { path: ['db', 'nope'] } });
    await assert.rejects(read(plain, ['[x']), { code: 'TREE_PATH_SYNTAX' });
  });
});

test('json: one value, or an object of several', async () => {
  assert.equal(await read(plain, ['name'], { as: 'json' }), `"it's"\n`);
  const several = JSON.parse(await read(plain, ['a', 'db.list', ['db', 'port']], { as: 'json' }));
  assert.deepEqual(several, { a: 'x', 'db.list': [1, 2, null, true], '["db"]["port"]': 5432 });
  assert.deepEqual(JSON.parse(await read(plain, [], { as: 'json' })).db.user, 'app');
  await assert.rejects(read('a: 1\n---\nb: 2\n', [], { as: 'json' }), { code: 'NOT_REPRESENTABLE' });
});

describe('lines', () => {
  test('names come from the keys', async () => {
    assert.equal(
      await read(plain, ['name', 'db', 'db.list[1]'], { as: 'shell' }),
      `export name='it'\\''s'\nexport user='app'\nexport port='5432'\nexport list_0='1'\nexport list_1='2.0'\nexport list_2=''\nexport list_3='true'\n`,
    );
    assert.equal(await read('a-b: {c.d: x}\n', [], { as: 'dotenv' }), 'a_b_c_d=x\n');
  });

  test('what has no name of its own is refused', async () => {
    const refused = { code: 'NOT_REPRESENTABLE' };
    await assert.rejects(read('a_b: 1\na: {b: 2}\n', [], { as: 'shell' }), refused);
    await assert.rejects(read('"1": x\n', [], { as: 'shell' }), refused);
    await assert.rejects(read('a: "x\\0y"\n', ['a'], { as: 'dotenv' }), refused);
    await assert.rejects(read('a: 1\n---\nb: 2\n', [], { as: 'shell' }), refused);
  });

  test('values of a dotenv file are those that programs see', async () => {
    const text = `A="x y" # note\nexport B='$HOME'\n`;
    assert.equal(await read(text, [], { format: 'dotenv', as: 'shell' }), `export A='x y'\nexport B='$HOME'\n`);
    assert.equal(await read(text, ['A'], { format: 'dotenv', as: 'dotenv' }), `A='x y'\n`);
  });

  const value = fc.string({ unit: 'grapheme', maxLength: 12 }).filter(text => !text.includes('\0'));
  const nasty = fc.string({ unit: fc.constantFrom(...`'"\\$\`\n\r\t #=!a`), maxLength: 10 });

  test('every text comes back through dotenv', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(value, nasty), async text => {
        const json = JSON.stringify({ KEY: text });
        const lines = await read(json, [], { format: 'json', as: 'dotenv' });
        assert.equal(parseDialect(lines)[0]?.value, text);
      }),
      { numRuns: 150 },
    );
  });

  test('every text comes back through a shell', { skip: process.platform === 'win32' }, async () => {
    const texts = fc.sample(fc.oneof(value, nasty), { numRuns: 120, seed: 7 });
    const json = JSON.stringify(Object.fromEntries(texts.map((text, index) => [`V${index}`, text])));
    const lines = await read(json, [], { format: 'json', as: 'shell' });
    const script = `${lines}\nexec "$NODE" -e 'process.stdout.write(JSON.stringify(process.env))'`;
    const seen = JSON.parse(
      execFileSync('sh', ['-s'], { input: script, env: { NODE: process.execPath } }).toString(),
    ) as Record<string, string>;
    for (const [index, text] of texts.entries()) assert.equal(seen[`V${index}`], text);
  });
});
