import assert from 'node:assert/strict';
import { test } from 'node:test';
import { masterKeyText } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { explainRules } from './explain.ts';
import { parseConfig } from './load.ts';
import { type MatchOptions, matchRule, pathTexts } from './rules.ts';

const one = 'age1f7hjf4xkw4vysmd59rm7g20e23sk3r4dhts92lzqqy4gyddyxgtsj6uxwl';
const two = 'age1hd02nzcrczlfhgac438cklwfvcaw9pd7xs92qyrelwfvqe2l5qsqdet243';
const pgp = 'BDFC0AAB42ADE07292A26C86F3E23782878E7504';
const options: MatchOptions = { now: new Date('2026-01-02T03:04:05.678Z') };

const match = (text: string, path = '/repo/a.yaml', more: Partial<MatchOptions> = {}, file = '/repo/.sops.yaml') =>
  matchRule(parseConfig(Buffer.from(text), file), path, { ...options, separator: '/', ...more });

const texts: readonly (readonly [
  config: string,
  file: string,
  separator: '/' | '\\',
  regex: string[],
  glob: string,
])[] = [
  ['/repo/.sops.yaml', '/repo/a/b.yaml', '/', ['a/b.yaml'], 'a/b.yaml'],
  ['/repo/.sops.yaml', '/repository/b.yaml', '/', ['/repository/b.yaml'], '/repository/b.yaml'],
  ['/repo/sub/x.yml', '/repo/b.yaml', '/', ['/repo/b.yaml'], '/repo/b.yaml'],
  ['/.sops.yaml', '/b.yaml', '/', ['/b.yaml'], '/b.yaml'],
  ['/repo/.sops.yaml', '/repo/a\\b.yaml', '/', ['a\\b.yaml'], 'a\\b.yaml'],
  ['C:\\repo\\.sops.yaml', 'C:\\repo\\a\\b.yaml', '\\', ['a\\b.yaml', 'a/b.yaml'], 'a/b.yaml'],
  ['C:\\repo\\.sops.yaml', 'D:\\b.yaml', '\\', ['D:\\b.yaml', 'D:/b.yaml'], 'D:/b.yaml'],
];

for (const [config, file, separator, regexTexts, globText] of texts) {
  test(`${file} for ${config} is matched as ${regexTexts.join(' or ')}`, () => {
    assert.deepEqual(pathTexts(config, file, separator), { regexTexts, globText });
  });
}

const chosen: readonly (readonly [name: string, rules: string, path: string, index: number | undefined])[] = [
  ['path_regex anywhere in the path', '[{path_regex: b/.*x}]', '/repo/ab/x.yaml', 0],
  ['path_glob over the whole path', '[{path_glob: "*.yaml"}, {path_glob: "**/*.yaml"}]', '/repo/ab/x.yaml', 1],
  ['both patterns have to match', '[{path_regex: x, path_glob: "*.yaml"}, {}]', '/repo/ab/x.yaml', 1],
  ['both patterns match', '[{path_regex: x, path_glob: "**/*.yaml"}, {}]', '/repo/ab/x.yaml', 0],
  ['empty patterns match everything', '[{path_regex: "", path_glob: ~}]', '/other', 0],
  ['an invalid pattern that is not reached', '[{path_regex: a}, {path_regex: "("}]', '/repo/a', 0],
  ['no rule matches', '[{path_regex: b}]', '/repo/a', undefined],
];

for (const [name, rules, path, index] of chosen) {
  test(`rule: ${name}`, async () => {
    if (index !== undefined) assert.equal((await match(`creation_rules: ${rules}`, path))?.index, index);
    else await assert.rejects(match(`creation_rules: ${rules}`, path), { code: 'NO_MATCHING_RULE', exitStatus: 1 });
  });
}

test('Windows paths match with either separator', async () => {
  const ask = async (rule: string) =>
    (await match(`creation_rules: [${rule}]`, 'C:\\repo\\a\\x.yaml', { separator: '\\' }, 'C:\\repo\\.sops.yaml'))
      ?.index;
  assert.equal(await ask('{path_regex: ^a/x}'), 0);
  assert.equal(await ask("{path_regex: '^a\\\\x'}"), 0);
  assert.equal(await ask('{path_glob: a/*.yaml}'), 0);
});

test('no rules are no configuration', async () => {
  for (const text of ['', 'creation_rules:\n', 'stores: {}\n']) assert.equal(await match(text), undefined);
});

test('the order of keys, and times and profiles', async () => {
  const rule = await match(
    `creation_rules:
  - hc_vault_transit_uri: https://v.example:8200/v1/some/engine/keys/k
    azure_keyvault: [https://n.vault.azure.net/keys/k, "https://n.vault.azure.net/keys/k/v1"]
    hckms: [" eu:1 ", ""]
    gcp_kms: projects/p/locations/l/keyRings/r/cryptoKeys/c d
    kms: "arn:aws:kms:eu-west-1:1:key/a+arn:aws:iam::1:role/r , arn:aws:kms:eu-west-1:1:key/b"
    aws_profile: work
    pgp: ${pgp}
    age: [${one}, "${two},${one}"]
    shamir_threshold: 2
`,
    '/repo/a',
    { awsContext: new Map([['app', 'x']]) },
  );
  assert.deepEqual(
    rule?.groups.map(group => group.map(key => [key.kind, masterKeyText(key)])),
    [
      [
        ['age', one],
        ['age', two],
        ['age', one],
        ['pgp', pgp],
        ['kms', 'arn:aws:kms:eu-west-1:1:key/a+arn:aws:iam::1:role/r|app:x|work'],
        ['kms', 'arn:aws:kms:eu-west-1:1:key/b|app:x|work'],
        ['gcp_kms', 'projects/p/locations/l/keyRings/r/cryptoKeys/cd'],
        ['hckms', 'eu:1'],
        ['azure_kv', 'https://n.vault.azure.net/keys/k/'],
        ['azure_kv', 'https://n.vault.azure.net/keys/k/v1'],
        ['hc_vault', 'https://v.example:8200/v1/some/engine/keys/k'],
      ],
    ],
  );
  for (const key of rule?.groups[0] ?? []) {
    assert.equal(key.enc, '');
    assert.equal('createdAt' in key ? key.createdAt : '2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z');
  }
});

test('groups: merged first, then by kind, equal keys once', async () => {
  const rule = await match(`
creation_rules:
  - key_groups:
      - pgp: ["BDFC 0AAB 42AD E072 92A2 6C86 F3E2 3782 878E 7504"]
        age: [${two}]
        kms:
          - {arn: "arn:aws:kms:r:1:key/a", role: "arn:aws:iam::1:role/r", context: {b: 1, a: x}, aws_profile: p}
          - {arn: "arn:aws:kms:r:1:key/a", role: "arn:aws:iam::1:role/r", context: {a: x, b: 1}, aws_profile: p}
        gcp_kms: [{resource_id: a b}]
        hckms: [{key_id: eu:2}]
        azure_keyvault: [{vaultUrl: "https://n", key: k, version: v}]
        hc_vault: [http://h/v2/t/keys/k]
        merge:
          - age: [${one}]
            merge: [{age: [${two}, ${one}]}]
          - pgp: [${pgp}]
      - {}
    age: not even a recipient
`);
  assert.deepEqual(
    rule?.groups.map(group => group.map(masterKeyText)),
    [
      [
        two,
        one,
        pgp,
        'arn:aws:kms:r:1:key/a+arn:aws:iam::1:role/r|a:x,b:1|p',
        'ab',
        'eu:2',
        'https://n/keys/k/v',
        'http://h/v1/t/keys/k',
      ],
      [],
    ],
  );
});

const refused: readonly (readonly [name: string, rule: string, code: string, place: string])[] = [
  ['a recipient', '{age: age1nonsense}', 'KEY_INVALID', '1:24'],
  ['a recipient in a group', '{key_groups: [{age: [age1nonsense]}]}', 'KEY_INVALID', '1:39'],
  ['an empty recipient', `{age: ["${one}", ""]}`, 'KEY_INVALID', '1:24'],
  ['keys that are no text', '{age: 12}', 'CONFIG_INVALID', '1:24'],
  ['a key that is no text', '{age: [a, 12]}', 'CONFIG_INVALID', '1:24'],
  ['an Azure URL', '{azure_keyvault: "http://x/keys/k/v"}', 'KEY_INVALID', '1:35'],
  ['an Azure key in a group', '{key_groups: [{azure_keyvault: [{key: k}]}]}', 'KEY_INVALID', '1:50'],
  ['a Vault URI', '{hc_vault_transit_uri: foo}', 'KEY_INVALID', '1:41'],
  ['a Vault URI behind a prefix', '{hc_vault_transit_uri: "https://h/pre/v1/t/keys/k"}', 'KEY_INVALID', '1:41'],
  ['a Vault URI that is too short', '{hc_vault_transit_uri: "https://h/v1/k"}', 'KEY_INVALID', '1:41'],
  ['a HuaweiCloud id', '{hckms: [abc]}', 'KEY_INVALID', '1:26'],
  ['an empty ARN', '{kms: ["a", ""]}', 'KEY_INVALID', '1:24'],
  ['an ARN that is missing', '{key_groups: [{kms: [{role: r}]}]}', 'KEY_INVALID', '1:39'],
  ['two keys in one item', '{key_groups: [{hckms: [{key_id: "eu:1,eu:2"}]}]}', 'KEY_INVALID', '1:41'],
  ['an empty item', '{key_groups: [{pgp: [""]}]}', 'KEY_INVALID', '1:39'],
  ['path_regex', '{path_regex: "(?=a)"}', 'PATTERN_INVALID', '1:31'],
  ['path_glob', '{path_glob: "[a"}', 'PATTERN_INVALID', '1:30'],
  ['a selection expression', '{encrypted_regex: "(?!a)"}', 'PATTERN_INVALID', '1:36'],
  ['two selections', '{encrypted_regex: a, unencrypted_suffix: b}', 'CONFIG_INVALID', '1:59'],
  ['a preset and a selection', '{preset: kubernetes, encrypted_regex: b}', 'CONFIG_INVALID', '1:56'],
];

for (const [name, rule, code, place] of refused) {
  test(`refused with its place: ${name}`, async () => {
    await assert.rejects(match(`creation_rules: [${rule}]`), error => {
      assert.ok(error instanceof TsopsError, String(error));
      assert.equal(error.code, code, error.message);
      assert.deepEqual([error.where.file, `${error.where.line}:${error.where.column}`], ['/repo/.sops.yaml', place]);
      assert.equal(error.exitStatus, 1);
      return true;
    });
  });
}

test('the explanation of a match', async () => {
  const text = `creation_rules:
  - {path_regex: ^prod/, age: ${one}}
  - {path_regex: x, path_glob: "*.json", age: ${one}}
  - encrypted_regex: ^data$
    key_groups: [{age: [${one}]}, {pgp: [${pgp}]}, {age: [${two}]}]
    shamir_threshold: 2
  - {age: ${two}}
`;
  const config = parseConfig(Buffer.from(text), '/repo/.sops.yaml');
  assert.deepEqual(await explainRules(config, '/repo/dev/x.yaml', { ...options, separator: '/' }), {
    config: '/repo/.sops.yaml',
    regexTexts: ['dev/x.yaml'],
    globText: 'dev/x.yaml',
    ruleCount: 4,
    passed: [
      { index: 0, line: 2, pathRegex: '^prod/', pathGlob: undefined, because: 'path_regex' },
      { index: 1, line: 3, pathRegex: 'x', pathGlob: '*.json', because: 'path_glob' },
    ],
    match: {
      index: 2,
      line: 4,
      pathRegex: undefined,
      pathGlob: undefined,
      selection: { kind: 'encryptedRegex', text: '^data$' },
      isDefaultSelection: false,
      preset: undefined,
      macOnlyEncrypted: false,
      groups: [[{ kind: 'age', text: one }], [{ kind: 'pgp', text: pgp }], [{ kind: 'age', text: two }]],
      groupsNeeded: 2,
      shamirThreshold: 2,
    },
  });
});

test('the explanation where nothing matches', async () => {
  const explain = (text: string) =>
    explainRules(parseConfig(Buffer.from(text), '/repo/.sops.yaml'), '/repo/a', options);
  const none = await explain('creation_rules: [{path_regex: b}]');
  assert.deepEqual([none.ruleCount, none.passed.length, none.match], [1, 1, undefined]);
  const noRules = await explain('stores: {}');
  assert.deepEqual([noRules.ruleCount, noRules.passed.length, noRules.match], [undefined, 0, undefined]);
  const plain = (await explain(`creation_rules: [{age: ${one}}]`)).match;
  assert.deepEqual([plain?.isDefaultSelection, plain?.groupsNeeded], [true, 1]);
  assert.deepEqual(plain?.selection, { kind: 'unencryptedSuffix', text: '_unencrypted' });
});

test('the preset for Kubernetes is an expression that sops reads from the file', async () => {
  const config = parseConfig(Buffer.from(`creation_rules: [{preset: kubernetes, age: ${one}}]`), '/repo/.sops.yaml');
  const selection = { kind: 'encryptedRegex', text: '^(data|stringData)$' };
  assert.deepEqual((await matchRule(config, '/repo/a.yaml', options))?.selection, selection);
  const match = (await explainRules(config, '/repo/a.yaml', options)).match;
  assert.deepEqual([match?.preset, match?.selection, match?.isDefaultSelection], ['kubernetes', selection, false]);
});
