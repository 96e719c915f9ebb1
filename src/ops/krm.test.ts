import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { TsopsError } from '../errors.ts';
import { formatOf } from '../formats/index.ts';
import { decrypt } from './decrypt.ts';
import { encrypt } from './encrypt.ts';
import { decryptResources } from './krm.ts';

const keys = new URL('../../testdata/vectors/keys/', import.meta.url);
const recipient = readFileSync(new URL('age-1.pub', keys), 'utf8').trim();
const identities = readFileSync(new URL('age-1.txt', keys), 'utf8');
const selection = { kind: 'encryptedRegex', text: '^(data|stringData)$' } as const;
const seal = (text: string, format: 'yaml' | 'json' | 'dotenv' | 'binary' = 'yaml', more = {}) =>
  encrypt(text, { format, age: recipient, ...(format === 'yaml' ? { selection } : {}), ...more });

/** A secret with everything that printing anew would change. */
const secret = `# who: ops
apiVersion: v1
kind: Secret
metadata:
    name: one # the name
    annotations:
        since: 2024-01-02
immutable: yes
stringData:
    # the password
    password: 'p4ss'
    text: |
        one
          two

---
---
apiVersion: v1
kind: Secret
metadata: {name: two}
data: {key: aGVsbG8=}
`;

const list = (functionConfig: string, items = '[]'): string =>
  `apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: ${items}\nfunctionConfig: ${functionConfig}\n`;
const config = (fields: string): string => `{apiVersion: tsops.dev/v1, kind: Decrypt, ${fields}}`;

function run(text: string, files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const decryptFile = async (name: string): Promise<Uint8Array> => {
    const content = files[name];
    if (content === undefined) throw new TsopsError('FILE_MISSING', 'the file does not exist', { file: name });
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return decrypt(bytes, { format: formatOf(name), identities });
  };
  return decryptResources(text, { identities, decryptFile });
}

test('the documents of a file come behind the items, as they are written', async () => {
  const items = `\n- kind: ConfigMap # stays\n  data: {a: yes, "b": 1.10}`;
  const before = list(config('files: [a.yaml]'), items);
  const { content, failures } = await run(before, { 'a.yaml': await seal(secret) });
  assert.deepEqual(failures, []);
  const [one = '', two = ''] = secret.split('---\n---\n');
  const indented = (text: string): string => text.trimEnd().replaceAll('\n', '\n  ').replaceAll('\n  \n', '\n\n');
  const lines = `${indented(one.replace('# who: ops\n', ''))}\n- ${indented(two)}\n`;
  assert.equal(content, before.replace('functionConfig', `- ${lines}functionConfig`));
});

test('an empty list, a list that is missing, and JSON', async () => {
  const files = { 'a.yaml': await seal(secret), 'b.json': await seal('{"kind":"Secret","data":{"x":"eA=="}}', 'json') };
  const names = (text: string): unknown => (parse(text) as { items: { kind: string }[] }).items.map(({ kind }) => kind);
  const fields = config('files: [a.yaml, ./b.json]').replace('./', '');
  for (const text of [
    list(fields),
    list(fields, ''),
    list(fields).replace('items: []\n', ''),
    JSON.stringify(parse(list(fields))),
    JSON.stringify(parse(list(fields)), null, 2),
  ]) {
    const { content, failures } = await run(text, files);
    assert.deepEqual([failures, names(content)], [[], ['Secret', 'Secret', 'Secret']], text);
    if (text.startsWith('{')) JSON.parse(content);
  }
});

const item = `apiVersion: v1
data:
  a: aGVsbG8=
  b: d29ybGQ=
kind: Secret
metadata:
  annotations:
    mine: x
  name: inline
`;
const indented = (text: string): string => `\n- ${text.trimEnd().replaceAll('\n', '\n  ')}`;

test('an item with a block is decrypted; annotations of the way there are kept and not authenticated', async () => {
  const sealed = await seal(item);
  const marks = `    config.kubernetes.io/index: '3'\n    internal.config.kubernetes.io/id: '4'\n`;
  const before = list('', indented(sealed.replace('    mine: x\n', `    mine: x\n${marks}`)));
  const { content, failures } = await run(before);
  assert.deepEqual(failures, []);
  const [found] = (parse(content) as { items: unknown[] }).items;
  const wanted = parse(item.replace('    mine: x\n', `    mine: x\n${marks}`));
  assert.deepEqual(found, wanted);
  assert.deepEqual(JSON.stringify(found).includes('sops'), false);
});

test('an item whose keys were sorted, with the MAC over what is encrypted alone', async () => {
  const text = 'kind: Secret\nmetadata: {name: x}\nstringData: {a: one, b: two}\napiVersion: v1\n';
  const sorted = async (more: object): Promise<string> => {
    const { kind, metadata, stringData, apiVersion, sops } = parse(await seal(text, 'yaml', more));
    return JSON.stringify({ kind: 'ResourceList', items: [{ apiVersion, kind, metadata, sops, stringData }] });
  };
  const good = await run(await sorted({ macOnlyEncrypted: true }));
  assert.deepEqual(good.failures, []);
  const [found] = JSON.parse(good.content).items;
  assert.deepEqual(found, parse(text));
  const bad = await run(await sorted({}));
  assert.equal(bad.failures[0]?.code, 'MAC_MISMATCH');
  assert.match(bad.failures[0]?.message ?? '', /^Secret x: /);
  assert.match(bad.failures[0]?.hints[0] ?? '', /kustomize sorts the keys/);
  const { items, results } = JSON.parse(bad.content);
  assert.match(JSON.stringify(items), /ENC\[/);
  assert.deepEqual([results.length, results[0].severity], [1, 'error']);
});

test('where one thing fails nothing is decrypted, and everything that failed is told', async () => {
  const other = 'plain: text\n';
  const text = list(config('files: [a.yaml, nope.yaml, plain.yaml, x.env]'), indented(await seal(item)));
  const { content, failures } = await run(text, { 'a.yaml': await seal(secret), 'plain.yaml': other });
  assert.deepEqual(
    failures.map(({ code }) => code),
    ['FILE_MISSING', 'METADATA_NOT_FOUND', 'CONFIG_INVALID'],
  );
  assert.ok(content.startsWith(text.slice(0, text.indexOf('functionConfig'))));
  const { results } = parse(content) as { results: { message: string; file?: { path: string } }[] };
  assert.deepEqual(results[0]?.file, { path: 'nope.yaml' });
  for (const value of ['p4ss', 'hello', 'aGVsbG8=']) assert.ok(!content.includes(value));
});

test('Secrets that are made of files, also for KSOPS', async () => {
  const files = {
    'a.env': await seal('# c\nONE=1\nTWO="a b"\n', 'dotenv'),
    'conf/b.json': await seal('{"x": 1}', 'json'),
    'c.bin': await encrypt(Buffer.from([0xff, 0, 1]), { format: 'binary', age: recipient }),
    'd.txt': await seal('THREE=3\n', 'binary'),
  };
  const fields = `secretFrom: [{metadata: {name: made, annotations: {kustomize.config.k8s.io/needs-hash: "true"}}, type: Opaque,
    files: [conf/b.json, other=c.bin], binaryFiles: [bin=d.txt], envs: [a.env, d.txt]}]`;
  for (const text of [
    config(fields),
    config(fields).replace('tsops.dev/v1, kind: Decrypt', 'viaduct.ai/v1, kind: ksops'),
  ]) {
    const { content, failures } = await run(list(text), files);
    assert.deepEqual(failures, []);
    const [made] = (parse(content) as { items: unknown[] }).items;
    assert.deepEqual(made, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'made', annotations: { 'kustomize.config.k8s.io/needs-hash': 'true' } },
      type: 'Opaque',
      data: { other: '/wAB', bin: Buffer.from('THREE=3\n').toString('base64') },
      stringData: { 'b.json': '{"x": 1}', ONE: '1', TWO: 'a b', THREE: '3' },
    });
  }
});

for (const [name, text, path] of [
  ['another kind', '{apiVersion: v1, kind: ConfigMap}', ['functionConfig']],
  ['another version', '{apiVersion: v1, kind: Decrypt}', ['functionConfig']],
  ['a text', 'x', ['functionConfig']],
  ['an unknown key', config('fail-silently: true'), ['functionConfig', 'fail-silently']],
  ['files that are no list', config('files: a.yaml'), ['functionConfig', 'files']],
  ['a file that is no text', config('files: [1]'), ['functionConfig', 'files', 0]],
  ['a Secret without a name', config('secretFrom: [{metadata: {}}]'), ['functionConfig', 'secretFrom', 0]],
  [
    'a key twice',
    config('secretFrom: [{metadata: {name: x}, files: [a=x.bin, a=x.bin]}]'),
    ['functionConfig', 'secretFrom', 0, 'a'],
  ],
  [
    'a key that is none',
    config('secretFrom: [{metadata: {name: x}, files: ["a b=x.bin"]}]'),
    ['functionConfig', 'secretFrom', 0, 'a b'],
  ],
] as const)
  test(`refused: ${name}`, async () => {
    const { failures } = await run(list(text), { 'x.bin': await seal('x', 'binary') });
    assert.deepEqual([failures.map(({ code }) => code), failures[0]?.where.path], [['CONFIG_INVALID'], path]);
  });

for (const text of [
  '',
  'kind: List\n',
  '{"kind":"ResourceList","items":{}}',
  '- a\n',
  'kind: ResourceList\n---\na: 1\n',
])
  test(`no ResourceList: ${JSON.stringify(text)}`, () => assert.rejects(run(text), TsopsError));
