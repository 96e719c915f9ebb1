import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { armor, Decrypter } from 'age-encryption';
import { createCipher } from '../core/cipher.ts';
import { decryptTree } from '../core/crypt.ts';
import { DataKey } from '../core/datakey.ts';
import type { Metadata } from '../core/metadata.ts';
import { fromStored } from '../core/metadata.ts';
import { compileSelection } from '../core/selection.ts';
import type { Mapping } from '../core/tree.ts';
import { applyChanges } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import { dotenv } from './dotenv/index.ts';
import type { EncryptedFile, Format } from './format.ts';
import { ini } from './ini/index.ts';

const vectors = new URL('../../testdata/vectors/', import.meta.url);
const identity = readFileSync(new URL('keys/age-1.txt', vectors), 'utf8').match(/AGE-SECRET-KEY-\S+/)?.[0] ?? '';

interface Case {
  readonly folder: URL;
  readonly path: string;
  readonly format: Format;
  readonly extension: string;
  readonly expect: string;
  readonly exitCode: number;
}

/** The dotenv and INI cases of an area. */
function casesOf(area: string): Case[] {
  const home = new URL(`cases/${area}/`, vectors);
  return readdirSync(home).flatMap(name => {
    const folder = new URL(`${name}/`, home);
    const { format, expect, exitCode } = JSON.parse(readFileSync(new URL('case.json', folder), 'utf8'));
    if (format !== 'dotenv' && format !== 'ini') return [];
    const found = format === 'ini' ? { format: ini, extension: 'ini' } : { format: dotenv, extension: 'env' };
    return [{ ...found, folder, path: `${area}/${name}`, expect, exitCode }];
  });
}

function fileOf(found: Case, name: string): Uint8Array | undefined {
  const url = new URL(name, found.folder);
  return existsSync(url) ? readFileSync(url) : undefined;
}

async function dataKey(metadata: Metadata): Promise<DataKey> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const wrapped = metadata.groups.flat().find(key => key.kind === 'age')?.enc ?? '';
  return DataKey.from(await decrypter.decrypt(armor.decode(wrapped)));
}

async function changesOf(file: EncryptedFile) {
  const metadata = fromStored(file.blocks[0]!.value);
  const cipher = createCipher(await dataKey(metadata), () => assert.fail('decrypting draws nothing'));
  const selection = await compileSelection(metadata.selection);
  return decryptTree(file.tree, { ...metadata, cipher, selection }).changes;
}

/** Where the text differs from that of sops on purpose. */
const keepsMore: Readonly<Record<string, string>> = {
  'ini/value-ends-with-backslash': 'sops writes what it cannot read back',
  'metadata/ini-block-first': 'the blank line before the moved block stays',
  'metadata/ini-crlf': 'the line breaks stay as they are',
};

for (const found of ['dotenv', 'ini', 'metadata'].flatMap(casesOf)) {
  const encrypted = fileOf(found, `encrypted.${found.extension}`);
  const decrypted = fileOf(found, `decrypted.${found.extension}`);
  if (encrypted === undefined || decrypted === undefined) continue;
  test(`vector ${found.path} is decrypted as sops does`, async () => {
    const file = found.format.parse(encrypted, 'encrypted');
    const changes = await changesOf(file);
    const text = Buffer.from(file.rewrite(changes, undefined)).toString('latin1');
    const expected = Buffer.from(decrypted).toString('latin1');
    if (found.path in keepsMore) assert.notEqual(text, expected);
    else assert.equal(text, expected);
    if (found.path === 'ini/value-ends-with-backslash') return;
    const printed = found.format.print(applyChanges(file.tree, changes), {});
    assert.equal(Buffer.from(printed).toString('latin1'), expected);
  });
}

for (const found of ['dotenv', 'ini', 'convert'].flatMap(casesOf)) {
  const encrypted = fileOf(found, `encrypted.${found.extension}`);
  if (encrypted === undefined || found.path === 'ini/autonumber') continue;
  test(`vector ${found.path} is printed as sops does, with its block`, () => {
    const { tree, blocks } = found.format.parse(encrypted, 'encrypted');
    const block = blocks[0]!.value as Mapping;
    assert.deepEqual(Buffer.from(found.format.print(tree, { block })), Buffer.from(encrypted));
  });
}

/** Values and their order; sops prints repeated keys too, which `JSON.parse` would drop. */
function jsonOf(root: Mapping): string {
  const entries = root.items.flatMap(item => (item.kind === 'entry' ? [item] : []));
  const members = entries.map(({ key, value }) => {
    assert.ok(value.kind === 'leaf' || value.kind === 'mapping');
    return `${JSON.stringify(key)}:${value.kind === 'mapping' ? jsonOf(value) : JSON.stringify(value.value)}`;
  });
  return `{${members.join(',')}}`;
}

for (const found of ['dotenv', 'ini'].flatMap(casesOf)) {
  const plain = fileOf(found, `plain.${found.extension}`);
  const json = fileOf(found, 'decrypted.json');
  if (plain === undefined || json === undefined) continue;
  test(`vector ${found.path}: the plain file has the values that sops sees`, () => {
    const { tree } = found.format.parse(plain, 'plain');
    const seen = Buffer.from(json).toString('utf8').replace(/\n\t*/g, '').replaceAll('": ', '":');
    const expected = seen.replace(/\\u00(3c|3e|26)/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
    assert.equal(jsonOf(tree.documents[0]!).replaceAll('": ', '":'), expected);
  });
}

const statuses: Readonly<Record<number, string>> = { 1: 'METADATA_INVALID', 2: 'FILE_SYNTAX' };

for (const found of ['dotenv', 'ini', 'metadata', 'tampered'].flatMap(casesOf)) {
  const code = statuses[found.exitCode];
  const input = fileOf(found, `${found.exitCode === 2 ? 'plain' : 'encrypted'}.${found.extension}`);
  if (found.expect !== 'error' || code === undefined || input === undefined) continue;
  test(`vector ${found.path} is refused`, () => {
    assert.throws(
      () => {
        if (found.exitCode === 2) found.format.parse(input, 'plain');
        else fromStored(found.format.parse(input, 'encrypted').blocks[0]!.value);
      },
      (error: unknown) => error instanceof TsopsError && error.code === code,
    );
  });
}

test('an encrypted dotenv file with Windows line ends, which sops refuses, gives the plain one', async () => {
  const [found] = casesOf('metadata').filter(({ path }) => path === 'metadata/dotenv-crlf');
  const file = dotenv.parse(fileOf(found!, 'encrypted.env')!, 'encrypted');
  assert.deepEqual(
    Buffer.from(file.rewrite(await changesOf(file), undefined)),
    Buffer.from(fileOf(found!, 'plain.env')!),
  );
});
