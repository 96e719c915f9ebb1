import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkVersion, fromStored, type MasterKey, type Metadata, masterKeyText, toStored } from './metadata.ts';
import { Timestamp } from './scalar.ts';
import { comment, entry, leaf, type Mapping, mapping, type Node, type Scalar, sequence } from './tree.ts';

type Plain = Scalar | readonly Plain[] | { readonly [name: string]: Plain };

function node(plain: Plain): Node {
  if (Array.isArray(plain)) return sequence(plain.map(node));
  if (typeof plain !== 'object' || plain === null || plain instanceof Uint8Array || plain instanceof Timestamp) {
    return leaf(plain as Scalar);
  }
  return mapping(Object.entries(plain).map(([name, value]) => entry(name, node(value))));
}

function plain(from: Node): Plain {
  if (from.kind === 'leaf') return from.value;
  if (from.kind === 'sequence') return from.items.map(item => plain(item as Node));
  return Object.fromEntries(
    from.items.map(item => (item.kind === 'entry' ? [item.key, plain(item.value)] : ['#', null])),
  );
}

const age = { recipient: 'age1x', enc: 'wrapped' };
const base = { age: [age], lastmodified: '2024-01-01T00:00:00Z', mac: 'ENC[x]', version: '3.13.2' };

const read = (fields: { readonly [name: string]: Plain }): Metadata => fromStored(node(fields));

const baseRead: Metadata = {
  groups: [[{ kind: 'age', recipient: 'age1x', enc: 'wrapped' }]],
  shamirThreshold: 0,
  lastModified: '2024-01-01T00:00:00Z',
  mac: 'ENC[x]',
  selection: { kind: 'unencryptedSuffix', text: '_unencrypted' },
  macOnlyEncrypted: false,
  version: '3.13.2',
};

const created = '2024-01-01T00:00:00Z';
const keys: MasterKey[] = [
  {
    kind: 'kms',
    arn: 'arn:1',
    role: 'role',
    awsProfile: 'p',
    context: new Map([
      ['b', '2'],
      ['a', '1'],
    ]),
    createdAt: created,
    enc: 'e1',
  },
  { kind: 'kms', arn: 'arn:2', role: '', awsProfile: '', context: new Map(), createdAt: created, enc: 'e2' },
  { kind: 'gcp_kms', resourceId: 'projects/x', createdAt: created, enc: 'e3' },
  { kind: 'hckms', keyId: 'region:uuid', createdAt: created, enc: 'e4' },
  { kind: 'azure_kv', vaultUrl: 'https://v', name: 'n', version: 'ver', createdAt: created, enc: 'e5' },
  { kind: 'hc_vault', vaultAddress: 'https://h', enginePath: 'transit', keyName: 'k', createdAt: created, enc: 'e6' },
  { kind: 'pgp', fingerprint: 'ABCD', createdAt: created, enc: 'e7' },
  { kind: 'age', recipient: 'age1y', enc: 'e8' },
];

const stored = {
  age: [{ enc: 'e8', recipient: 'age1y' }],
  azure_kv: [{ created_at: created, enc: 'e5', name: 'n', vault_url: 'https://v', version: 'ver' }],
  gcp_kms: [{ created_at: created, enc: 'e3', resource_id: 'projects/x' }],
  hc_vault: [{ created_at: created, enc: 'e6', engine_path: 'transit', key_name: 'k', vault_address: 'https://h' }],
  hckms: [{ created_at: created, enc: 'e4', key_id: 'region:uuid' }],
  kms: [
    { arn: 'arn:1', aws_profile: 'p', context: { a: '1', b: '2' }, created_at: created, enc: 'e1', role: 'role' },
    { arn: 'arn:2', aws_profile: '', created_at: created, enc: 'e2' },
  ],
  pgp: [{ created_at: created, enc: 'e7', fp: 'ABCD' }],
};

describe('toStored', () => {
  const printed = (metadata: Metadata): string =>
    JSON.stringify(plain(toStored(metadata)), (_, value) => (typeof value === 'bigint' ? Number(value) : value));

  it('writes one group flat, all names in order, nothing that is empty', () => {
    const tail = {
      lastmodified: created,
      mac: 'ENC[x]',
      pgp: stored.pgp,
      unencrypted_suffix: '_unencrypted',
      version: '3.13.2',
    };
    const { pgp: _, ...flat } = stored;
    assert.equal(printed({ ...baseRead, groups: [keys] }), JSON.stringify({ ...flat, ...tail }));
  });

  it('writes several groups with age and hc_vault in each', () => {
    const groups = [[keys[7]!], [keys[6]!]];
    assert.equal(
      printed({
        ...baseRead,
        groups,
        shamirThreshold: 2,
        macOnlyEncrypted: true,
        selection: { kind: 'none' },
        spelling: 'ENC[s]',
      }),
      JSON.stringify({
        key_groups: [
          { age: stored.age, hc_vault: [] },
          { age: [], hc_vault: [], pgp: stored.pgp },
        ],
        lastmodified: created,
        mac: 'ENC[x]',
        mac_only_encrypted: true,
        shamir_threshold: 2,
        tsops_spelling: 'ENC[s]',
        version: '3.13.2',
      }),
    );
  });

  it('is read back by fromStored, in the order of kinds that sops has', () => {
    const metadata: Metadata = { ...baseRead, groups: [keys], spelling: 'ENC[s]' };
    assert.deepEqual(fromStored(toStored(metadata)), metadata);
    const groups: Metadata = {
      ...baseRead,
      groups: [keys.slice(3), keys.slice(0, 3)],
      shamirThreshold: 2,
      macOnlyEncrypted: true,
    };
    assert.deepEqual(fromStored(toStored(groups)), groups);
  });

  for (const kind of [
    'unencryptedSuffix',
    'encryptedSuffix',
    'unencryptedRegex',
    'encryptedRegex',
    'unencryptedCommentRegex',
    'encryptedCommentRegex',
  ] as const) {
    it(`keeps ${kind}`, () => {
      const metadata: Metadata = { ...baseRead, selection: { kind, text: 'x' } };
      assert.deepEqual(fromStored(toStored(metadata)), metadata);
    });
  }
});

describe('fromStored reads', () => {
  const cases: [name: string, fields: { readonly [name: string]: Plain }, expected: Partial<Metadata>][] = [
    ['what sops writes', {}, {}],
    [
      'old empty lists and nulls',
      { kms: [], pgp: null, gcp_kms: {}, hc_vault: [], key_groups: null, shamir_threshold: null },
      {},
    ],
    [
      'names in any case',
      { LastModified: '2023-01-01T00:00:00Z', MAC_Only_Encrypted: true },
      { macOnlyEncrypted: true },
    ],
    ['a mapping for a list', { age }, {}],
    ['unknown fields', { whatever: [1n, null] }, {}],
    ['a version as a number', { version: 1.5 }, { version: '1.5' }],
    ['a mac as a number or boolean', { mac: 5n }, { mac: '5' }],
    ['a boolean as text', { mac: true }, { mac: '1' }],
    ['flags as text, number and nothing', { mac_only_encrypted: 'true' }, { macOnlyEncrypted: true }],
    ['flags as a number', { mac_only_encrypted: 1n }, { macOnlyEncrypted: true }],
    ['flags as an empty text', { mac_only_encrypted: '' }, {}],
    ['a threshold as text', { shamir_threshold: '2' }, { shamirThreshold: 2 }],
    ['a threshold as hexadecimal text', { shamir_threshold: '0x10' }, { shamirThreshold: 16 }],
    ['a threshold as octal text', { shamir_threshold: '010' }, { shamirThreshold: 8 }],
    ['a threshold as float', { shamir_threshold: 2.9 }, { shamirThreshold: 2 }],
    ['an unquoted time', { lastmodified: Timestamp.parse(created) as Timestamp }, {}],
    ['a time with a fraction', { lastmodified: '2024-01-01T00:00:00.9Z' }, {}],
    ['a time with a zero offset', { lastmodified: '2024-01-01T00:00:00+00:00' }, {}],
    [
      'a time in another zone',
      { lastmodified: '2024-01-01T01:00:00+01:00' },
      { lastModified: '2024-01-01T01:00:00+01:00' },
    ],
    ['flat lists before groups', { key_groups: [{ age: [] }] }, {}],
    ['empty rules as none', { encrypted_regex: '', unencrypted_suffix: null }, {}],
    ['one rule', { encrypted_regex: '^a' }, { selection: { kind: 'encryptedRegex', text: '^a' } }],
  ];
  for (const [name, fields, expected] of cases) {
    it(name, () => assert.deepEqual(read({ ...base, ...fields }), { ...baseRead, ...expected }));
  }

  it('comments as nothing, and names by case before names in any case', () => {
    const block: Mapping = mapping([
      comment(' c'),
      entry('AGE', node([])),
      entry('age', sequence([comment(' c'), node(age)])),
      ...(node({ ...base, age: null }) as Mapping).items.filter(item => item.kind === 'entry' && item.key !== 'age'),
    ]);
    assert.deepEqual(fromStored(block), baseRead);
  });

  it('key groups, empty ones too', () => {
    const { age: _, ...rest } = base;
    assert.deepEqual(read({ ...rest, key_groups: [{ age: [age] }, null, { age: [], hc_vault: [] }] }).groups, [
      ...baseRead.groups,
      [],
      [],
    ]);
  });

  it('keys with reserved names as contexts', () => {
    const context = mapping([entry('__proto__', leaf('x')), entry('n', leaf(5n)), entry('e', leaf(null))]);
    const kms = mapping([entry('arn', leaf('arn:1')), entry('created_at', leaf(created)), entry('context', context)]);
    const [key] = fromStored(mapping([...(node(base) as Mapping).items, entry('kms', kms)])).groups[0] ?? [];
    assert.deepEqual(key?.kind === 'kms' && [...key.context], [
      ['__proto__', 'x'],
      ['n', '5'],
    ]);
  });
});

describe('fromStored refuses', () => {
  const { age: _, ...noKeys } = base;
  const cases: [name: string, block: Plain, path: (string | number)[]][] = [
    ['null', null, ['sops']],
    ['a text', 'x', ['sops']],
    ['a list', [base], ['sops']],
    ['no lastmodified', { ...base, lastmodified: null }, ['sops', 'lastmodified']],
    ['a date', { ...base, lastmodified: '2024-01-01' }, ['sops', 'lastmodified']],
    ['lower case in lastmodified', { ...base, lastmodified: '2024-01-01t00:00:00z' }, ['sops', 'lastmodified']],
    ['a list as lastmodified', { ...base, lastmodified: [] }, ['sops', 'lastmodified']],
    ['no keys', noKeys, ['sops']],
    ['an empty list of keys', { ...noKeys, age: [] }, ['sops']],
    ['an empty list of groups', { ...noKeys, key_groups: [] }, ['sops']],
    ['a text as a key', { ...base, age: ['age1x'] }, ['sops', 'age', 0]],
    ['a mapping as a recipient', { ...base, age: [{ recipient: {} }] }, ['sops', 'age', 0, 'recipient']],
    ['no created_at', { ...base, pgp: [{ fp: 'x', enc: 'y' }] }, ['sops', 'pgp', 0, 'created_at']],
    ['a bad key id', { ...base, hckms: [{ key_id: ':uuid', created_at: created }] }, ['sops', 'hckms', 0, 'key_id']],
    ['two rules', { ...base, encrypted_regex: 'a', encrypted_suffix: 'b' }, ['sops']],
    ['a threshold that is no number', { ...base, shamir_threshold: 'two' }, ['sops', 'shamir_threshold']],
    ['a threshold that is a list', { ...base, shamir_threshold: [1n] }, ['sops', 'shamir_threshold']],
    ['a flag that is no boolean', { ...base, mac_only_encrypted: 'yes' }, ['sops', 'mac_only_encrypted']],
    ['a flag that is a list', { ...base, mac_only_encrypted: [true] }, ['sops', 'mac_only_encrypted']],
  ];
  for (const [name, block, path] of cases) {
    it(name, () =>
      assert.throws(() => fromStored(node(block)), { code: 'METADATA_INVALID', exitStatus: 1, where: { path } }),
    );
  }
});

describe('checkVersion', () => {
  for (const version of ['3.13.2', 'v3.13.2', '4.0.0', '1.0', '1.10-whatever', '3.0.0-rc.1+b', '99.0.0']) {
    it(`takes ${version}`, () => checkVersion(version));
  }
  for (const version of ['', 'unknown', '3.13', '3.13.2.1', '03.1.1', 'vv3.1.1', '3.1.1-01', 'v1.5']) {
    it(`refuses ${JSON.stringify(version)}`, () =>
      assert.throws(() => checkVersion(version), { code: 'METADATA_INVALID' }));
  }
});

describe('masterKeyText', () => {
  const texts = [
    'arn:1+role|a:1,b:2|p',
    'arn:2',
    'projects/x',
    'region:uuid',
    'https://v/keys/n/ver',
    'https://h/v1/transit/keys/k',
    'ABCD',
    'age1y',
  ];
  for (const [index, text] of texts.entries()) it(text, () => assert.equal(masterKeyText(keys[index]!), text));
  it('with an empty context before a profile, and a context without', () => {
    const kms = keys[1] as Extract<MasterKey, { kind: 'kms' }>;
    assert.equal(masterKeyText({ ...kms, awsProfile: 'p' }), 'arn:2||p');
    assert.equal(masterKeyText({ ...kms, context: new Map([['k', 'v']]) }), 'arn:2|k:v');
  });
});
