import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TsopsError } from '../errors.ts';
import { loadConfig, parseConfig } from './load.ts';
import { tryRules } from './rules.ts';
import { allKeys } from './schema.ts';

const file = '/repo/.sops.yaml';
const parse = (text: string) => parseConfig(Buffer.from(text), file);

/** What is refused: the message, the place, and where there is one the first hint. */
const refused: readonly (readonly [text: string, message: RegExp, place: string, hint?: RegExp])[] = [
  ['creation_rules: [', /does not end|is expected/, '1:'],
  ['creation_rules:\n\t- age: x\n', /no value can start/, '2:1'],
  ['- a\n', /the configuration must be a mapping/, '1:1'],
  ['creation_rules:\n  age: x\n', /creation_rules must be a list/, '2:3'],
  ['creation_rules: [5]\n', /creation rule 1 must be a mapping/, '1:18'],
  ['creation_rules:\n  - age: x\n    age: y\n', /the same key stands twice/, '3:5'],
  ['k: &k age\ncreation_rules:\n  - *k : x\n    age: y\n', /the key "age" stands twice/, '4:5'],
  ['creation_rules:\n  - shamir_threshold: two\n', /shamir_threshold must be a number from 0 to 255/, '2:23'],
  ['creation_rules:\n  - shamir_threshold: "2"\n', /shamir_threshold must be/, '2:23'],
  ['creation_rules:\n  - shamir_threshold: 18446744073709551615\n', /the number is too large/, '2:23'],
  ['creation_rules:\n  - mac_only_encrypted: "true"\n', /mac_only_encrypted must be true or false/, '2:25'],
  ['creation_rules:\n  - path_regex: [a]\n', /path_regex must be a text/, '2:17'],
  ['creation_rules:\n  - path_regex: !!int a\n', /does not fit its tag/, '2:23'],
  ['creation_rules:\n  - hckms: a:b\n', /hckms must be a list/, '2:12'],
  ['creation_rules:\n  - key_groups: [{age: x}]\n', /age must be a list/, '2:24'],
  ['creation_rules:\n  - key_groups: [{kms: [{context: {a: ~}}]}]\n', /a value of context must be a text/, '2:39'],
  ['creation_rules:\n  - ? [a]\n    : b\n', /a key must be a text/, '2:7'],
  ['creation_rules:\n  - <<: 5\n', /a merge key \(<<\) needs/, '2:9'],
  ['stores: {yaml: {indent: -1}}\n', /stores\.yaml\.indent must be a number from 0 to 100/, '1:25'],
  ['creation_rules:\n  - encrypted_regexp: a\n', /"encrypted_regexp" does not exist/, '2:5', /mean encrypted_regex\?/],
  ['creation_rules:\n  - encrypted_sufix: a\n', /does not exist/, '2:5', /mean encrypted_suffix\?/],
  ['creation_rules:\n  - unencrypted-regex: a\n', /does not exist/, '2:5', /mean unencrypted_regex\?/],
  ['creation_rules:\n  - pathRegexp: a\n', /does not exist/, '2:5', /mean path_regex\?/],
  ['creation_rules:\n  - key_group: []\n', /does not exist/, '2:5', /mean key_groups\?/],
  ['creation_rules:\n  - shamir_treshold: 2\n', /does not exist/, '2:5', /mean shamir_threshold\?/],
  ['creation_rules:\n  - mac_only_encrypt: true\n', /does not exist/, '2:5', /mean mac_only_encrypted\?/],
  ['creation_rules:\n  - gpg: A\n', /does not exist/, '2:5', /mean pgp\?/],
  ['creation_rules:\n  - hc_vault: A\n', /does not exist/, '2:5', /mean hc_vault_transit_uri\?/],
  ['creation_rules:\n  - key_groups: [{hc_vault_transit_uri: [A]}]\n', /does not exist/, '2:19', /mean hc_vault\?/],
  ['creation_rules:\n  - presets: kubernetes\n', /does not exist/, '2:5', /mean preset\?/],
  ['creation_rules:\n  - preset: kubernets\n', /no preset "kubernets"/, '2:13', /mean kubernetes\?/],
  ['creation_rules:\n  - preset: helm\n', /no preset "helm"/, '2:13', /presets are: kubernetes/],
  ['creation_rule: []\n', /does not exist/, '1:1', /mean creation_rules\?/],
  ['creation_rule: [{age: &a x}]\n', /does not exist/, '1:1', /mean creation_rules\?/],
  ['creation-rules: []\n', /does not exist/, '1:1', /mean creation_rules\?/],
];

for (const [text, message, place, hint] of refused) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parse(text),
      error => {
        assert.ok(error instanceof TsopsError, String(error));
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.match(error.message, message);
        assert.ok(`${error.where.line}:${error.where.column}`.startsWith(place), JSON.stringify(error.where));
        assert.equal(error.where.file, file);
        if (hint !== undefined) assert.match(error.hints[0] ?? '', hint);
        return true;
      },
    );
  });
}

const accepted: readonly (readonly [text: string, warnings: string[]])[] = [
  ['', []],
  ['# nothing\n', []],
  ['creation_rules:\n', []],
  ['keys:\n  - &a age1x\ncreation_rules:\n  - age: *a\n', []],
  ['x-mine: {a: 1}\ncreation_rules:\n  - age: x\n    x-team: a\n', []],
  ['rules:\n  - &r {age: x}\ncreation_rules: [*r]\n', []],
  ['rules: 1\ncreation_rules: []\n', ['1:1: the key "rules" is unknown and ignored; did you mean creation_rules?']],
  ['version: 3\n', ['1:1: the key "version" is unknown and ignored']],
  ['creation_rules:\n  - age: x\n    comment: text\n', ['3:5: the key "comment" is unknown and ignored']],
  ['store: {}\n', ['1:1: the key "store" is unknown and ignored; did you mean stores?']],
  [
    'stores: {toml: {}, json: {ident: 2}}\n',
    [
      '1:10: the key "toml" is unknown and ignored',
      '1:27: the key "ident" is unknown and ignored; did you mean indent?',
    ],
  ],
  ['creation_rules:\n  - age: x\n---\na: 1\n', ['4:1: only the first YAML document of a configuration is used']],
  [
    'creation_rules:\n  - path_glob: "*.yaml"\n',
    ['2:5: sops does not know path_glob: for sops this rule matches every file; add a path_regex'],
  ],
  ['creation_rules:\n  - path_glob: "*.yaml"\n    path_regex: yaml$\n', []],
  [
    'creation_rules:\n  - age: x\n  - path_regex: a\n  - path_regex: b\n',
    ['3:5: rules 2 to 3 are never used: rule 1 (line 2) matches every file'],
  ],
  [
    'creation_rules:\n  - age: x\n  - path_regex: a\n',
    ['3:5: rule 2 is never used: rule 1 (line 2) matches every file'],
  ],
];

for (const [text, warnings] of accepted) {
  test(`accepts ${JSON.stringify(text)}`, () => {
    assert.deepEqual(
      parse(text).warnings,
      warnings.map(warning => `${file}:${warning}`),
    );
  });
}

test('values as go-yaml decodes them', () => {
  const [rule] =
    parse(`
creation_rules:
  - ~
  - path_regex: 12
    encrypted_suffix: !!binary X2E=
    mac_only_encrypted: yes
    shamir_threshold: 0x2
    aws_profile: null
    encrypted_regex:
`).rules ?? [];
  assert.equal(rule?.pathRegex?.text, '12');
  assert.deepEqual(
    rule?.selections.map(({ rule: { kind, text } }) => [kind, text]),
    [['encryptedSuffix', '_a']],
  );
  assert.equal(rule?.macOnlyEncrypted, true);
  assert.equal(rule?.shamirThreshold, 2);
  assert.equal(rule?.awsProfile, '');
  assert.deepEqual([rule?.index, rule?.place], [0, { line: 4, column: 5 }]);
});

test('own keys win over merged ones, the first merged over the later', () => {
  const [rule] =
    parse(`
a: &a {encrypted_suffix: _a, path_regex: a, age: a}
b: &b {<<: *a, encrypted_suffix: _b, path_regex: b}
c: &c {encrypted_suffix: _c, aws_profile: c}
creation_rules:
  - path_regex: own
    <<: [*b, *c]
`).rules ?? [];
  assert.equal(rule?.pathRegex?.text, 'own');
  assert.deepEqual(
    rule?.selections.map(selection => selection.rule.text),
    ['_b'],
  );
  assert.equal(rule?.flat.get('age')?.text, 'a');
  assert.equal(rule?.awsProfile, 'c');
});

test('indents per format', () => {
  const text = 'stores: {yaml: {indent: 2}, json: {indent: -1}, json_binary: {indent: 0}, dotenv: {}, ini: ~}';
  assert.deepEqual(parse(text).indents, { yaml: 2, json: -1, binary: 0 });
  assert.deepEqual(parse('stores: {yaml: {indent: ~}, json: }').indents, {});
});

test('what is suspicious in destination rules is no matter where nothing is published', () => {
  const { warnings, destinationWarnings } = parse('destination_rules:\n  - reencryption_rule: {}\nother: 1\n');
  assert.deepEqual([warnings.length, destinationWarnings.length], [1, 1]);
  assert.match(warnings[0] ?? '', /"other" is unknown/);
  assert.match(
    destinationWarnings[0] ?? '',
    /"reencryption_rule" is unknown and ignored; did you mean recreation_rule/,
  );
});

test('destination rules are read', () => {
  const [rule] = parse(`
destination_rules:
  - s3_bucket: b
    path_regex: "("
    omit_extensions: true
    vault_kv_version: 2
    recreation_rule: {age: 5, encrypted_suffix: _x}
`).destinations;
  assert.equal(rule?.texts.get('s3_bucket'), 'b');
  assert.deepEqual([rule?.omitExtensions, rule?.vaultKvVersion], [true, 2]);
  assert.equal(rule?.recreationRule?.selections[0]?.rule.text, '_x');
});

test('UTF-16 with a byte order mark, CRLF, and names like __proto__', () => {
  const text = '\ufeffcreation_rules:\r\n  - path_regex: ä\r\n    __proto__: 1\r\n    constructor: 2\r\n';
  const config = parseConfig(Buffer.from(text, 'utf16le'), file);
  assert.equal(config.rules?.[0]?.pathRegex?.text, 'ä');
  assert.equal(config.warnings.length, 2);
});

test('aliases that multiply are refused, not followed', () => {
  const levels = Array.from({ length: 30 }, (_, n) => `l${n + 1}: &l${n + 1} {merge: [*l${n}, *l${n}]}\n`);
  const groups = `l0: &l0 {age: [a]}\n${levels.join('')}creation_rules:\n  - key_groups: [*l30]\n`;
  assert.throws(() => parse(groups), { code: 'CONFIG_INVALID', message: /too large|too deeply/ });
  const merges = Array.from({ length: 30 }, (_, n) => `m${n + 1}: &m${n + 1} {<<: [*m${n}, *m${n}]}\n`);
  const rules = `m0: &m0 {age: a}\n${merges.join('')}creation_rules:\n  - <<: *m30\n`;
  assert.throws(() => parse(rules), { code: 'CONFIG_INVALID', message: /too large|too deeply/ });
});

test('nesting without end is refused', () => {
  const nested = `creation_rules:\n  - key_groups: ${'[{merge: '.repeat(2000)}~${'}]'.repeat(2000)}\n`;
  assert.throws(() => parse(nested), { code: 'CONFIG_INVALID', message: /too deeply/ });
});

test('a missing or unreadable configuration has exit status 1', async () => {
  for (const path of ['/no/such/.sops.yaml', import.meta.dirname]) {
    await assert.rejects(loadConfig({ path, foundBy: 'option', warnings: [] }), {
      code: 'CONFIG_INVALID',
      exitStatus: 1,
      message: /^the configuration cannot be used: /,
    });
  }
});

test('a large configuration is read in linear time and with few words', () => {
  const keys = Array.from({ length: 4_000 }, (_, index) => `    unknown_key_${index}: x\n`).join('');
  const config = parse(`creation_rules:\n  - age: x\n${keys}`);
  assert.equal(config.warnings.length, 100);
  const rules = Array.from(
    { length: 2_000 },
    (_, index) => `  - {path_regex: p${index}, encrypted_suffix: _x, age: x}\n`,
  );
  assert.equal(parse(`creation_rules:\n${rules.join('')}`).rules?.length, 2_000);
});

test('the example is sound', async () => {
  const path = join(import.meta.dirname, '../../.sops.yaml.example');
  const config = parseConfig(readFileSync(path), path);
  assert.deepEqual(config.warnings, []);
  const ruleFor = async (target: string) => {
    const tried = await tryRules(config, { regexTexts: [target], globText: target });
    return tried.find(({ matched }) => matched)?.rule.index;
  };
  const targets = ['secrets/prod/a.yml', 'app/db.secret.yaml', '.env', 'a/prod.env', 'charts/a/values.yaml', 'x.json'];
  assert.deepEqual(await Promise.all(targets.map(ruleFor)), [0, 1, 2, 2, 3, 4]);
});

test('the reference names every key', () => {
  const reference = readFileSync(join(import.meta.dirname, '../../docs/config.md'), 'utf8');
  for (const name of allKeys) assert.ok(reference.includes(name), name);
});
