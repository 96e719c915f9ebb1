import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseConfig } from '../config/load.ts';
import { matchRule } from '../config/rules.ts';
import { type CheckOptions, checkFile } from './check.ts';
import { encrypt } from './encrypt.ts';
import { shownPerKind } from './finding.ts';

const recipient = readFileSync(new URL('../../testdata/vectors/keys/age-1.pub', import.meta.url), 'utf8').trim();
const matchOf = (rule: string, file: string) =>
  matchRule(parseConfig(Buffer.from(`creation_rules:\n  - ${rule}\n`), '/r/.sops.yaml'), `/r/${file}`, {
    now: new Date(),
  });
const kindsOf = async (content: string | Uint8Array, filename: string, rule?: string, more: CheckOptions = {}) => {
  const match = rule === undefined ? undefined : await matchOf(rule, filename);
  return (await checkFile(content, { filename, match, ...more })).map(({ kind }) => kind);
};
const all = `{age: ${recipient}}`;
const some = `{path_regex: ., age: ${recipient}}`;

test('a rule with a pattern claims what it matches, one without only what looks like a secret', async () => {
  for (const file of ['a.yaml', 'a.txt']) assert.deepEqual(await kindsOf('a: b\n', file, some), ['plaintext-file']);
  for (const file of ['.sops.yaml', '.gitignore']) assert.deepEqual(await kindsOf('a: b\n', file, some), []);
  assert.deepEqual(await kindsOf('', 'a.yaml', some), []);
  assert.deepEqual(await kindsOf('a: b\n', 'a.yaml', all), []);
  assert.deepEqual(await kindsOf('password: hunter2\n', 'a.yaml', all), ['secret-in-clear']);
  assert.deepEqual(await kindsOf('password: hunter2\n', 'a.yaml'), []);
});

test('a plain file in which the rule selects nothing is sound', async () => {
  const rule = `{path_regex: ., encrypted_regex: ^data$, age: ${recipient}}`;
  assert.deepEqual(await kindsOf('a: b\n', 'a.yaml', rule), []);
  assert.deepEqual(await kindsOf('a: b\ndata: {x: y}\n', 'a.yaml', rule), ['plaintext-file']);
});

test('a name that tells no format: the block does', async () => {
  const sealed = await encrypt('A=b\n', { format: 'dotenv', age: recipient });
  assert.deepEqual(await kindsOf(sealed, '.env.production', some), []);
  assert.deepEqual(await kindsOf(`B=c\n${sealed}`, '.env.production', some), ['plaintext-value']);
});

test('the selection of the rule counts besides that of the file', async () => {
  const selection = { kind: 'encryptedRegex', text: '^password$' } as const;
  const sealed = await encrypt('password: x\ntoken: y\n', { format: 'yaml', age: recipient, selection });
  const rule = (regex: string) => `{path_regex: ., encrypted_regex: ${regex}, age: ${recipient}}`;
  assert.deepEqual(await kindsOf(sealed, 'a.yaml', rule('^password$')), []);
  assert.deepEqual(await kindsOf(sealed, 'a.yaml', rule('^(password|token)$')), ['drift', 'plaintext-value']);
});

test('an Azure key without its version is compared by its name', async () => {
  const match = await matchOf('{path_regex: ., azure_keyvault: "https://v.vault.azure.net/keys/k/"}', 'a.json');
  const block = (name: string) =>
    JSON.stringify({
      ...{ version: '3.9.0', lastmodified: '2024-01-01T00:00:00Z', unencrypted_suffix: '_unencrypted' },
      mac: 'ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]',
      azure_kv: [
        { vault_url: 'https://v.vault.azure.net', name, version: '1', created_at: '2024-01-01T00:00:00Z', enc: 'x' },
      ],
    });
  assert.deepEqual(await checkFile(`{"a": "", "sops": ${block('k')}}`, { filename: 'a.json', match }), []);
  const other = await checkFile(`{"a": "", "sops": ${block('other')}}`, { filename: 'a.json', match });
  assert.deepEqual(
    other.map(({ kind }) => kind),
    ['drift'],
  );
});

test('of many findings some are told, with their places', async () => {
  const sealed = await encrypt('a: b\n', { format: 'yaml', age: recipient });
  const lines = Array.from({ length: 200 }, (_, i) => `k${i}: v\n`).join('');
  const findings = await checkFile(lines + sealed, { filename: 'a.yaml' });
  assert.equal(findings.length, shownPerKind);
  assert.deepEqual([findings[2]?.line, findings[2]?.column, findings[2]?.path], [3, 5, ['k2']]);
  assert.match(findings.at(-1)?.message ?? '', /150 more/);
});

test('hostile files end in findings', async () => {
  const mark = 'sops: ENC[AES256_GCM,\n';
  assert.deepEqual(await kindsOf(`a: ${'['.repeat(5000)}\n${mark}`, 'a.yaml', some), ['unreadable']);
  assert.deepEqual(await kindsOf(Buffer.from(`a: \xff\xfe\n${mark}`, 'latin1'), 'a.yaml', some), ['unreadable']);
  const twice = `{${Array(50_000).fill('"sops":{"mac":"ENC[AES256_GCM,"}').join(',')}}`;
  assert.deepEqual(await kindsOf(twice, 'a.json', some), ['duplicate-block']);
});
