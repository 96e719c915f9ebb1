import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { armor, Decrypter } from 'age-encryption';
import { createCipher } from '../../core/cipher.ts';
import { decryptTree, encryptTree } from '../../core/crypt.ts';
import { DataKey } from '../../core/datakey.ts';
import type { Metadata } from '../../core/metadata.ts';
import { compileSelection, defaultSelection } from '../../core/selection.ts';
import { fromStored, resealedBlock, toStored } from '../../core/stored.ts';
import { applyChanges, type Changes, type Mapping } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { binary } from '../binary/index.ts';
import type { EncryptedFile, Format } from '../format.ts';
import { json } from './index.ts';

const vectors = new URL('../../../testdata/vectors/', import.meta.url);
const identity = readFileSync(new URL('keys/age-1.txt', vectors), 'utf8')
  .split('\n')
  .find(line => line.startsWith('AGE-'));

interface Case {
  readonly path: string;
  readonly format: string;
  readonly step: string;
  readonly expect: string;
  readonly exitCode: number;
  readonly env?: Readonly<Record<string, unknown>>;
}

/** The cases of the areas whose files one age identity opens. */
function casesOf(area: string): Case[] {
  const folder = new URL(`cases/${area}/`, vectors);
  return readdirSync(folder)
    .map(
      name =>
        ({
          path: `${area}/${name}`,
          ...JSON.parse(readFileSync(new URL(`${name}/case.json`, folder), 'utf8')),
        }) as Case,
    )
    .filter(({ format }) => format === 'json' || format === 'binary');
}

const formatOf = (found: Case): Format => (found.format === 'json' ? json : binary);

/** The file of a case with this stem, whatever its ending. */
function fileOf({ path }: Case, stem: string): Uint8Array | undefined {
  const folder = new URL(`cases/${path}/`, vectors);
  const name = existsSync(folder) ? readdirSync(folder).find(entry => entry.startsWith(`${stem}.`)) : undefined;
  return name === undefined ? undefined : readFileSync(new URL(name, folder));
}

interface Opened {
  readonly file: EncryptedFile;
  readonly block: Mapping;
  readonly changes: Changes;
}

async function dataKeyOf(metadata: Metadata): Promise<DataKey> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity ?? '');
  const [key] = metadata.groups.flat();
  assert.equal(key?.kind, 'age');
  return DataKey.from(await decrypter.decrypt(armor.decode(key.enc)));
}

async function open(format: Format, bytes: Uint8Array): Promise<Opened> {
  const file = format.parse(bytes, 'encrypted');
  assert.equal(file.blocks.length, 1);
  const block = file.blocks[0]?.value as Mapping;
  const metadata = fromStored(block);
  const { mac, lastModified, macOnlyEncrypted } = metadata;
  const selection = await compileSelection(metadata.selection);
  const cipher = createCipher(await dataKeyOf(metadata), randomBytes);
  return { file, block, ...decryptTree(file.tree, { cipher, selection, mac, lastModified, macOnlyEncrypted }) };
}

/** Where sops was told an indentation, which tsops takes from the file itself or from its caller. */
const indentOf: Readonly<Record<string, number>> = {
  'json/indent-config-0': 0,
  'json/indent-config-2': 2,
  'binary/indent-config': 2,
};

/** Encrypted files in another layout than that of sops, which sops prints anew and tsops keeps. */
const keepsLayout: ReadonlySet<string> = new Set([
  'json/indent-option-4',
  'metadata/json-compact',
  'metadata/json-crlf',
]);

const decryptable = ['json', 'binary', 'tampered', 'metadata']
  .flatMap(casesOf)
  .filter(
    ({ step, exitCode, path }) => step === 'decrypt' && exitCode === 0 && path !== 'tampered/json-trailing-garbage',
  );

test('there are vectors', () => assert.ok(decryptable.length > 30));

for (const found of decryptable) {
  test(`decrypted vector ${found.path}`, async () => {
    const format = formatOf(found);
    const expected = fileOf(found, 'decrypted');
    assert.ok(expected);
    const { file, block, changes } = await open(format, fileOf(found, 'encrypted') ?? new Uint8Array());
    const indent = indentOf[found.path];
    const decrypted = file.rewrite(changes, undefined);
    if (!keepsLayout.has(found.path)) assert.deepEqual(decrypted, expected);
    assert.deepEqual(format.parse(decrypted, 'plain').tree, format.parse(expected, 'plain').tree);
    const tree = applyChanges<'plain'>(file.tree, changes);
    assert.deepEqual(format.print(tree, { indent }), expected);
    if (found.path.startsWith('json/') || found.path.startsWith('binary/')) {
      const indentation = found.path === 'json/indent-option-4' ? 4 : indent;
      assert.deepEqual(format.print(file.tree, { indent: indentation, block }), fileOf(found, 'encrypted'));
    }
  });
}

const metadataOf = (lastModified: string): Metadata => ({
  groups: [[{ kind: 'age', recipient: 'age1test', enc: 'wrapped\n' }]],
  shamirThreshold: 0,
  lastModified,
  mac: '',
  selection: defaultSelection,
  macOnlyEncrypted: false,
  version: '3.13.2',
});

async function encryptedBytes(
  format: Format,
  bytes: Uint8Array,
  dataKey: DataKey,
): Promise<[Uint8Array, string | undefined]> {
  const file = format.parse(bytes, 'plain');
  const lastModified = '2026-01-02T03:04:05Z';
  const selection = await compileSelection(defaultSelection);
  const options = { cipher: createCipher(dataKey, randomBytes), selection, macOnlyEncrypted: false, lastModified };
  const { changes, mac } = encryptTree(file.tree, options);
  const block = resealedBlock(toStored(metadataOf(lastModified)), { lastModified, mac, spelling: undefined });
  return [file.rewrite(changes, block, {}), file.spelling(changes)];
}

async function decryptedBytes(format: Format, bytes: Uint8Array, dataKey: DataKey, spelling: string | undefined) {
  const file = format.parse(bytes, 'encrypted');
  const { mac, lastModified } = fromStored(file.blocks[0]?.value as Mapping);
  const selection = await compileSelection(defaultSelection);
  const options = { cipher: createCipher(dataKey, randomBytes), selection, macOnlyEncrypted: false, lastModified, mac };
  const { changes } = decryptTree(file.tree, options);
  return file.rewrite(changes, spelling);
}

const plainCases = [...casesOf('json'), ...casesOf('binary')].filter(
  ({ exitCode, expect }) => exitCode === 0 && expect === 'ok',
);

for (const found of plainCases) {
  test(`own round trip of ${found.path}`, async () => {
    const plain = fileOf(found, 'plain') ?? assert.fail();
    const dataKey = DataKey.generate(randomBytes);
    const [encrypted, spelling] = await encryptedBytes(formatOf(found), plain, dataKey);
    assert.ok(Buffer.from(encrypted).includes('"mac": "ENC['));
    const decrypted = await decryptedBytes(formatOf(found), encrypted, dataKey, spelling);
    assert.deepEqual(Buffer.from(decrypted), Buffer.from(plain));
  });
}

for (const found of casesOf('json').filter(
  ({ step, exitCode, expect }) => step === 'encrypt' && (exitCode === 2 || expect === 'policy'),
)) {
  test(`refused vector ${found.path}`, () => {
    assert.throws(
      () => json.parse(fileOf(found, 'plain') ?? assert.fail(), 'plain'),
      (error: unknown) => error instanceof TsopsError && error.code === 'FILE_SYNTAX' && error.where.line !== undefined,
    );
  });
}

test('a plain file with the reserved key is reported', () => {
  const [found] = casesOf('json').filter(({ path }) => path === 'json/error-already-encrypted-key');
  assert.ok(found);
  assert.equal(json.parse(fileOf(found, 'plain') ?? assert.fail(), 'plain').blocks.length, 1);
});

for (const path of ['json-trailing-garbage', 'json-truncated']) {
  test(`refused encrypted vector ${path}`, () => {
    const found = casesOf('tampered').find(one => one.path === `tampered/${path}`) ?? assert.fail();
    assert.throws(
      () => json.parse(fileOf(found, 'encrypted') ?? assert.fail(), 'encrypted'),
      (error: unknown) => error instanceof TsopsError && error.code === 'FILE_SYNTAX',
    );
  });
}

test('two blocks are both reported', () => {
  const found = casesOf('tampered').find(one => one.path === 'tampered/json-metadata-twice') ?? assert.fail();
  assert.equal(json.parse(fileOf(found, 'encrypted') ?? assert.fail(), 'encrypted').blocks.length, 2);
});
