import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { TsopsError } from '../errors.ts';
import { json } from '../formats/json/index.ts';
import { yaml } from '../formats/yaml/index.ts';
import { decrypt } from './decrypt.ts';
import { edit } from './edit.ts';
import { encrypt } from './encrypt.ts';
import { get } from './get.ts';
import { SecretsView } from './k8sview.ts';
import { set } from './set.ts';

const keys = new URL('../../testdata/vectors/keys/', import.meta.url);
const age = readFileSync(new URL('age-1.pub', keys), 'utf8').trim();
const identities = readFileSync(new URL('age-1.txt', keys), 'utf8');
const selection = { kind: 'encryptedRegex', text: '^(data|stringData)$' } as const;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const base64 = (value: string): string => Buffer.from(value).toString('base64');
const wrapped = base64('a long text that somebody has wrapped into several lines, as base64 does').replace(
  /.{20}/g,
  '$&\n    ',
);

const manifest = `# of the team
apiVersion: v1
kind: ConfigMap
data: {a: aGVsbG8=}
---
apiVersion: v1
kind: Secret
metadata: {name: x}
data:
  # the password
  password: cDRzcw== # changed in May
  quoted: "aGVsbG8="
  number: 'MTIzNA=='
  lines: b25lCnR3bwo= # two lines
  wrapped: |
    ${wrapped}
  folded: >-
    aGVs
  empty: ""
  nothing:
  binary: /wAB
  flow: ! 'eA=='
stringData: {b: aGVsbG8=}
---
kind: List
items:
# a comment
- apiVersion: v1
  kind: Secret
  data: {a: eA==, "b": 'eQ=='}
- {kind: Secret, data: {c: eg==}}
- kind: Other
  data: {c: eg==}
`;

describe('the view', () => {
  test('shows texts, marks bytes, and leaves everything else alone', async () => {
    const view = await SecretsView.of(yaml, Buffer.from(manifest));
    assert.equal(
      text(view.bytes),
      manifest
        .replace('cDRzcw==', 'p4ss')
        .replace('"aGVsbG8="', '"hello"')
        .replace("'MTIzNA=='", "'1234'")
        .replace('b25lCnR3bwo= # two lines', '| # two lines\n    one\n    two')
        .replace(
          /wrapped: \|\n(?: {4}.*\n)+/,
          'wrapped: a long text that somebody has wrapped into several lines, as base64 does\n',
        )
        .replace('>-\n    aGVs', 'hel')
        .replace('/wAB', '!!binary /wAB')
        .replace("! 'eA=='", "! 'x'")
        .replace('eA==, "b": \'eQ==\'', 'x, "b": y')
        .replace('Secret, data: {c: eg==}', 'Secret, data: {c: z}'),
    );
    assert.equal(text(view.restore(view.bytes)), manifest);
  });

  const changes: readonly (readonly [name: string, from: string, to: string, wanted: [string, string]])[] = [
    ['a value', 'p4ss #', 'new one #', ['cDRzcw==', base64('new one')]],
    ['a number', 'p4ss #', '1.10 #', ['cDRzcw==', base64('1.10')]],
    ['a word', 'p4ss #', 'yes #', ['cDRzcw==', base64('yes')]],
    ['a block', '    two\n', '    three\n', ['b25lCnR3bwo=', base64('one\nthree\n')]],
    [
      'in a List',
      'data: {c: z}',
      'data: {c: zz}',
      ['data: {c: eg==}\n- kind', 'data: {c: eno=}\n- kind'] as [string, string],
    ],
    [
      'a new key',
      '  empty: ""\n',
      '  empty: ""\n  fresh: text\n',
      ['  empty: ""\n', '  empty: ""\n  fresh: dGV4dA==\n'],
    ],
    ['a key that goes', '  empty: ""\n', '', ['  empty: ""\n', '']],
    ['bytes', '/wAB', '/wA=', ['/wAB', '/wA=']],
    ['a comment', '# the password', '# the secret', ['# the password', '# the secret']],
    [
      'a new document',
      '# of the team\n',
      'kind: Secret\ndata: {q: x}\n---\n# of the team\n',
      ['# of the team\n', 'kind: Secret\ndata: {q: eA==}\n---\n# of the team\n'],
    ],
  ];
  for (const [name, from, to, [before, after]] of changes)
    test(`only what changes: ${name}`, async () => {
      const view = await SecretsView.of(yaml, Buffer.from(manifest));
      const edited = text(view.bytes).replace(from, to);
      assert.notEqual(edited, text(view.bytes));
      const restored = text(view.restore(Buffer.from(edited)));
      // How a value that is new is written may differ; what it says may not.
      const wanted = manifest.replace(before, after);
      if (name === 'in a List') assert.ok(restored.includes('eno='));
      else assert.equal(restored, wanted);
    });

  for (const source of [
    'kind: Secret\ndata:\n  a: |\n    eA==',
    'kind: Secret\ndata:\n  a: |-\n    /6cR',
    'kind: Secret\ndata:\n  a: |+\n    eA==\n\n',
    'kind: Secret\r\ndata:\r\n  a: b25lCnR3bw==\r\n  b: |\r\n    b25l\r\n    CnR3bw==\r\n',
    'kind: Secret\ndata:\n  a: &x eA==\n  b: # c\n    eA==\n',
    'kind: Secret\ndata: {a: eA==, b: "b25lCnR3bw=="}',
    'kind: Secret\ndata:\n  ? a\n  : eA==\n',
    'kind: Secret\n',
    'kind: Secret\ndata:\n',
    '# only a comment\n---\nkind: Secret\ndata: {a: eA==}\n...\n---\n',
  ])
    test(`comes back as it was: ${JSON.stringify(source)}`, async () => {
      for (const bytes of [Buffer.from(source), Buffer.from(`\ufeff${source}`, 'utf16le')]) {
        const view = await SecretsView.of(yaml, bytes);
        assert.equal(text(view.restore(view.bytes)), text(bytes));
      }
    });

  test('JSON', async () => {
    const source = '{"kind": "Secret", "data": {"a": "aGVsbG8=", "b": "\\/wAB"}, "stringData": {"c": "eA=="}}';
    const view = await SecretsView.of(json, Buffer.from(source));
    assert.deepEqual(JSON.parse(text(view.bytes)).data, { a: 'hello', b: { $binary: '/wAB' } });
    const restored = text(view.restore(Buffer.from(text(view.bytes).replace('hello', 'bye'))));
    assert.deepEqual(JSON.parse(restored).data, { a: base64('bye'), b: '/wAB' });
  });

  test('what cannot be shown or taken is refused', async () => {
    for (const source of [
      'kind: Secret\ndata: {a: no base64}\n',
      'kind: Secret\ndata: {a: [x]}\n',
      'kind: Secret\ndata: {a: 5}\n',
    ])
      await assert.rejects(SecretsView.of(yaml, Buffer.from(source)), { code: 'NOT_REPRESENTABLE' }, source);
    const view = await SecretsView.of(yaml, Buffer.from('kind: Secret\ndata: {a: eA==}\n'));
    for (const typed of ['{a: [x]}', '{a: {b: c}}'])
      assert.throws(() => view.restore(Buffer.from(`kind: Secret\ndata: ${typed}\n`)), TsopsError);
    assert.throws(() => view.restore(Buffer.from('kind: Secret\ndata: [\n')), { code: 'FILE_SYNTAX' });
  });
});

const ciphertexts = (sealed: string): string[] =>
  sealed.split('\n').filter(line => /ENC\[/.test(line) && !/mac:/.test(line));

describe('the verbs', () => {
  const sealed = encrypt(manifest, { format: 'yaml', age, selection });
  const options = { format: 'yaml', identities, k8s: true } as const;

  test('edit: one value changes one ciphertext, and the rest keeps its bytes', async () => {
    const before = await sealed;
    const after = await edit(before, plain => Buffer.from(text(plain).replace('p4ss', 'n3w')), options);
    const [old, now] = [ciphertexts(before), ciphertexts(after)];
    assert.equal(now.filter(line => !old.includes(line)).length, 1);
    assert.equal(await decrypt(after, options), manifest.replace('cDRzcw==', base64('n3w')));
    await assert.rejects(
      edit(before, plain => plain, options),
      { code: 'FILE_UNCHANGED' },
    );
  });

  const one = 'apiVersion: v1\nkind: Secret\ndata:\n  a: aGVs\n    bG8=\n  b: /wAB\nstringData:\n  c: eA==\n'.replace(
    'aGVs\n    bG8=',
    '|-\n    aGVs\n    bG8=',
  );

  test('get', async () => {
    const file = await encrypt(one, { format: 'yaml', age, selection });
    assert.equal(await get(file, ['data.a'], options), 'hello');
    assert.equal(await get(file, ['stringData.c'], options), 'eA==');
    assert.deepEqual(Buffer.from(await get(Buffer.from(file), ['data.b'], options)), Buffer.from([0xff, 0, 1]));
    assert.deepEqual(JSON.parse(await get(file, ['data'], { ...options, as: 'json' })), { a: 'hello', b: '/wAB' });
    assert.match(await get(file, [], options), /a: hello\n/);
    assert.equal(await get(file, ['data.a'], { ...options, k8s: false }), 'aGVs\nbG8=');
  });

  test('set', async () => {
    const file = await encrypt(one, { format: 'yaml', age, selection });
    const plain = async (changed: string) => decrypt(changed, options);
    assert.equal(await plain(await set(file, 'data.b', 'text', options)), one.replace('/wAB', 'dGV4dA=='));
    assert.equal(
      await plain(await set(file, 'data.m', new Uint8Array([255]), options)),
      one.replace('/wAB\n', '/wAB\n  m: /w==\n'),
    );
    assert.equal(await plain(await set(file, 'stringData.c', 'text', options)), one.replace('eA==', 'text'));
    assert.equal(await set(file, 'data.a', 'hello', { ...options, idempotent: true }), file);
    await assert.rejects(set(file, 'data.b', 5, options), { code: 'SET_FORMAT_INVALID' });
    assert.match(await plain(await set(file, 'data.b', 'text', { ...options, k8s: false })), /b: text/);
  });
});
