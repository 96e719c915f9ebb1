/**
 * Metadata ⇄ the stored `sops` block: the only home of its snake_case names.
 * `docs/format.md` §6; sops 3.13.2 stores/metadata.go, stores/stores.go, and the weak typing of go-viper/mapstructure.
 */

import { TsopsError } from '../errors.ts';
import type { KeyGroup, KeyKind, MasterKey, MasterKeyOf, Metadata } from './metadata.ts';
import { canonical, parseBool, parseInt64, Timestamp, textOf } from './scalar.ts';
import { defaultSelection, type SelectionRule } from './selection.ts';
import { type Entry, entry, leaf, type Mapping, mapping, type Node, type Scalar, sequence } from './tree.ts';

type RuleKind = Exclude<SelectionRule['kind'], 'none'>;

const ruleNames: readonly (readonly [kind: RuleKind, name: string])[] = [
  ['unencryptedSuffix', 'unencrypted_suffix'],
  ['encryptedSuffix', 'encrypted_suffix'],
  ['unencryptedRegex', 'unencrypted_regex'],
  ['encryptedRegex', 'encrypted_regex'],
  ['unencryptedCommentRegex', 'unencrypted_comment_regex'],
  ['encryptedCommentRegex', 'encrypted_comment_regex'],
];

const spellingName = 'tsops_spelling';

/** How one kind of key is stored. Reading makes the key from a block entry; writing gives its fields without `created_at`. */
interface KeyForm<K extends KeyKind> {
  read(fields: Fields): MasterKeyOf<K>;
  write(key: MasterKeyOf<K>): [name: string, value: string | Mapping][];
}

/** The order of this table is the order of keys within a group on load. */
const keyForms: { readonly [K in KeyKind]: KeyForm<K> } = {
  kms: {
    read: fields => ({
      kind: 'kms',
      arn: fields.text('arn'),
      role: fields.text('role'),
      awsProfile: fields.text('aws_profile'),
      context: fields.texts('context'),
      createdAt: fields.time('created_at'),
      enc: fields.text('enc'),
    }),
    write: key => [
      ['arn', key.arn],
      ['aws_profile', key.awsProfile],
      ...(key.context.size === 0 ? [] : [['context', contextNode(key.context)] as [string, Mapping]]),
      ...(key.role === '' ? [] : [['role', key.role] as [string, string]]),
    ],
  },
  gcp_kms: {
    read: fields => ({
      kind: 'gcp_kms',
      resourceId: fields.text('resource_id'),
      createdAt: fields.time('created_at'),
      enc: fields.text('enc'),
    }),
    write: key => [['resource_id', key.resourceId]],
  },
  hckms: {
    read: fields => ({
      kind: 'hckms',
      keyId: fields.huaweiKeyId('key_id'),
      createdAt: fields.time('created_at'),
      enc: fields.text('enc'),
    }),
    write: key => [['key_id', key.keyId]],
  },
  azure_kv: {
    read: fields => ({
      kind: 'azure_kv',
      vaultUrl: fields.text('vault_url'),
      name: fields.text('name'),
      version: fields.text('version'),
      createdAt: fields.time('created_at'),
      enc: fields.text('enc'),
    }),
    write: key => [
      ['name', key.name],
      ['vault_url', key.vaultUrl],
      ['version', key.version],
    ],
  },
  hc_vault: {
    read: fields => ({
      kind: 'hc_vault',
      vaultAddress: fields.text('vault_address'),
      enginePath: fields.text('engine_path'),
      keyName: fields.text('key_name'),
      createdAt: fields.time('created_at'),
      enc: fields.text('enc'),
    }),
    write: key => [
      ['engine_path', key.enginePath],
      ['key_name', key.keyName],
      ['vault_address', key.vaultAddress],
    ],
  },
  pgp: {
    read: fields => ({
      kind: 'pgp',
      fingerprint: fields.text('fp'),
      createdAt: fields.time('created_at'),
      enc: fields.text('enc'),
    }),
    write: key => [['fp', key.fingerprint]],
  },
  age: {
    read: fields => ({ kind: 'age', recipient: fields.text('recipient'), enc: fields.text('enc') }),
    write: key => [['recipient', key.recipient]],
  },
};

const keyKinds = Object.keys(keyForms) as KeyKind[];

/**
 * Reads a block as sops does: names in any case, numbers and booleans for texts and the other way round, a mapping for a list
 * of one, unknown fields ignored, all older layouts; also unquoted times, which sops 3.13 refuses.
 * @throws TsopsError METADATA_INVALID
 */
export function fromStored(block: Node): Metadata {
  const fields = Fields.of(block, ['sops']);
  const spelling = fields.text(spellingName);
  return {
    lastModified: fields.time('lastmodified'),
    groups: groupsOf(fields),
    shamirThreshold: fields.integer('shamir_threshold'),
    mac: fields.text('mac'),
    selection: selectionOf(fields),
    macOnlyEncrypted: fields.flag('mac_only_encrypted'),
    version: fields.text('version'),
    ...(spelling === '' ? {} : { spelling }),
  };
}

/** A flat list of any kind makes one group, and `key_groups` is then ignored. */
function groupsOf(fields: Fields): readonly KeyGroup[] {
  const flat = groupOf(fields);
  if (flat.length > 0) return [flat];
  const groups = fields.list('key_groups').map(groupOf);
  if (groups.length > 0) return groups;
  throw new TsopsError('METADATA_INVALID', 'the sops block names no master keys', {
    path: ['sops'],
    hints: ['Restore the sops block from version control: without its wrapped keys nobody can decrypt the file.'],
  });
}

const groupOf = (fields: Fields): KeyGroup => keyKinds.flatMap(kind => keysOf(fields, kind));

const keysOf = (fields: Fields, kind: KeyKind): MasterKey[] =>
  fields.list(kind).map(stored => keyForms[kind].read(stored));

function selectionOf(fields: Fields): SelectionRule {
  const rules = ruleNames
    .map(([kind, name]) => ({ kind, text: fields.text(name), name }))
    .filter(rule => rule.text !== '');
  const [first, second] = rules;
  if (second !== undefined) {
    throw new TsopsError(
      'METADATA_INVALID',
      `the sops block has two selection rules: ${rules.map(rule => rule.name).join(', ')}`,
      {
        path: ['sops'],
        hints: ['Keep the rule that the file was encrypted with; version control shows which one is new.'],
      },
    );
  }
  return first === undefined ? defaultSelection : { kind: first.kind, text: first.text };
}

/** The entries of one mapping of the block, read with the weak typing of sops. */
class Fields {
  readonly #exact = new Map<string, Node>();
  readonly #folded = new Map<string, Node>();
  readonly #path: readonly (string | number)[];

  private constructor(items: Mapping['items'], path: readonly (string | number)[]) {
    this.#path = path;
    for (const item of items) {
      if (item.kind !== 'entry') continue;
      this.#exact.set(item.key, item.value);
      const folded = item.key.toLowerCase();
      if (!this.#folded.has(folded)) this.#folded.set(folded, item.value);
    }
  }

  static of(node: Node, path: readonly (string | number)[]): Fields {
    if (node.kind === 'mapping') return new Fields(node.items, path);
    if (path.length > 1 && isNull(node)) return new Fields([], path);
    throw invalid(path, 'is not a mapping');
  }

  #get(name: string): Node | undefined {
    const node = this.#exact.get(name) ?? this.#folded.get(name);
    return node === undefined || isNull(node) ? undefined : node;
  }

  #invalid(name: string, what: string): TsopsError {
    return invalid([...this.#path, name], what);
  }

  /** Empty where the field is missing. */
  text(name: string): string {
    const node = this.#get(name);
    const text = node === undefined ? '' : textOfNode(node);
    if (text === undefined) throw this.#invalid(name, 'is not a text');
    return text;
  }

  texts(name: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const node of itemsOf(this.#get(name))) {
      if (node.kind !== 'mapping') throw this.#invalid(name, 'is not a mapping');
      for (const item of node.items) {
        if (item.kind !== 'entry') continue;
        // A pair without a value is none, as for sops 3.13.2 kms/keysource.go EncryptDataKey.
        if (isNull(item.value)) continue;
        const text = textOfNode(item.value);
        if (text === undefined) throw this.#invalid(name, 'holds something that is not a text');
        found.set(item.key, text);
      }
    }
    return found;
  }

  /** To the second. */
  time(name: string): string {
    const time = Timestamp.parse(this.text(name));
    if (time === undefined) throw this.#invalid(name, 'is not an RFC 3339 time such as 2024-01-01T00:00:00Z');
    return time.secondsText;
  }

  integer(name: string): number {
    const value = scalarOf(this.#get(name));
    const number = typeof value === 'string' ? parseGoInteger(value) : Number(value ?? 0);
    if (number === undefined || !Number.isFinite(number)) throw this.#invalid(name, 'is not an integer');
    return Math.trunc(number);
  }

  flag(name: string): boolean {
    const value = scalarOf(this.#get(name));
    if (typeof value !== 'string' && !Number.isNaN(value)) return Boolean(value);
    const flag = value === '' ? false : parseBool(String(value));
    if (flag === undefined) throw this.#invalid(name, 'is neither true nor false');
    return flag;
  }

  list(name: string): Fields[] {
    return itemsOf(this.#get(name)).map((node, index) => Fields.of(node, [...this.#path, name, index]));
  }

  /** The only key that sops parses while it reads a block (hckms/keysource.go parseKeyID). */
  huaweiKeyId(name: string): string {
    const text = this.text(name);
    const colon = text.indexOf(':');
    if (colon >= 0 && text.slice(0, colon).trim() !== '' && text.slice(colon + 1).trim() !== '') return text;
    throw this.#invalid(name, 'is not of the form region:key-uuid');
  }
}

const isNull = (node: Node): boolean => node.kind === 'leaf' && node.value === null;

/** One thing in place of a list is a list of it; an empty mapping is an empty list. Comments are left out. */
function itemsOf(node: Node | undefined): Node[] {
  if (node === undefined) return [];
  if (node.kind === 'sequence') return node.items.filter(item => item.kind !== 'comment');
  return node.kind === 'mapping' && !node.items.some(item => item.kind === 'entry') ? [] : [node];
}

function textOfNode(node: Node): string | undefined {
  if (node.kind !== 'leaf') return undefined;
  if (typeof node.value === 'boolean') return node.value ? '1' : '0';
  if (node.value instanceof Uint8Array) return textOf(node.value);
  if (node.value instanceof Timestamp) return node.value.text;
  return canonical(node.value) as string;
}

/** A scalar for a number or flag; NaN where there is none of use. */
function scalarOf(node: Node | undefined): string | bigint | number | boolean | undefined {
  if (node === undefined) return undefined;
  const value: Scalar = node.kind === 'leaf' ? node.value : Number.NaN;
  return value === null || value instanceof Uint8Array || value instanceof Timestamp ? Number.NaN : value;
}

/** Go's ParseInt with base 0, without underscores. */
function parseGoInteger(text: string): number | undefined {
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+)$/.exec(text);
  if (match === null) return text === '' ? 0 : toNumber(parseInt64(text));
  const digits = (match[2] ?? '').replace(/^0(?=[0-7])/, '0o');
  return digits.length > 20 ? undefined : Number(digits) * (match[1] === '-' ? -1 : 1);
}

const toNumber = (value: bigint | undefined): number | undefined => (value === undefined ? undefined : Number(value));

const invalid = (path: readonly (string | number)[], what: string): TsopsError =>
  new TsopsError('METADATA_INVALID', `${path.join('.')} ${what}`, {
    path,
    hints: ['Restore the sops block from version control; it was changed by hand, by a formatter or by a bad merge.'],
  });

/** The block as sops writes it: fields in the order of their names, what is empty left out. */
export function toStored(metadata: Metadata): Mapping {
  const { groups, selection, shamirThreshold, spelling } = metadata;
  const single = groups.length === 1 ? groups[0] : undefined;
  const entries = [
    ...(single === undefined ? groupList(groups) : keyLists(single, [])),
    field('lastmodified', metadata.lastModified),
    field('mac', metadata.mac),
    field('version', metadata.version),
  ];
  if (shamirThreshold !== 0) entries.push(field('shamir_threshold', BigInt(shamirThreshold)));
  if (metadata.macOnlyEncrypted) entries.push(field('mac_only_encrypted', true));
  if (spelling !== undefined && spelling !== '') entries.push(field(spellingName, spelling));
  const rule = ruleNames.find(([kind]) => kind === selection.kind);
  if (rule !== undefined && selection.kind !== 'none' && selection.text !== '')
    entries.push(field(rule[1], selection.text));
  return sorted(entries);
}

const field = (name: string, value: Scalar): Entry => entry(name, leaf(value));

const sorted = (entries: readonly Entry[]): Mapping =>
  mapping([...entries].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)));

/** Inside a group sops writes these two lists even where they are empty (their struct tags lack `omitempty`). */
const alwaysInGroups: readonly KeyKind[] = ['age', 'hc_vault'];

function groupList(groups: readonly KeyGroup[]): Entry[] {
  if (groups.length === 0) return [];
  return [entry('key_groups', sequence(groups.map(group => sorted(keyLists(group, alwaysInGroups)))))];
}

function keyLists(group: KeyGroup, always: readonly KeyKind[]): Entry[] {
  return keyKinds
    .map(kind => ({ kind, keys: group.filter(key => key.kind === kind) }))
    .filter(({ kind, keys }) => keys.length > 0 || always.includes(kind))
    .map(({ kind, keys }) => entry(kind, sequence(keys.map(storedKey))));
}

function storedKey(key: MasterKey): Mapping {
  const dated: [string, string][] = key.kind === 'age' ? [] : [['created_at', key.createdAt]];
  const fields: [string, string | Mapping][] = [['enc', key.enc], ...dated, ...ownFields(key)];
  return sorted(fields.map(([name, value]) => entry(name, typeof value === 'string' ? leaf(value) : value)));
}

function ownFields<K extends KeyKind>(key: MasterKeyOf<K>): [string, string | Mapping][] {
  return (keyForms[key.kind] as unknown as KeyForm<K>).write(key);
}

const contextNode = (context: ReadonlyMap<string, string>): Mapping =>
  sorted([...context].map(([name, value]) => field(name, value)));

/** What changes in a block when the values of its file are encrypted again under the same data key. */
export type Resealed = Pick<Metadata, 'lastModified' | 'mac' | 'spelling'>;

/**
 * The block of a file that is edited: those three fields are new, all others stay as they were stored, unknown ones and
 * older layouts included.
 */
export function resealedBlock(block: Mapping, { lastModified, mac, spelling }: Resealed): Mapping {
  const dated = withField(withField(block, 'lastmodified', lastModified), 'mac', mac);
  return withField(dated, spellingName, spelling ?? '');
}

/** The block of a file whose keys or rules change: all of it anew, and what is not known here as it was. */
export function rekeyedBlock(block: Mapping, metadata: Metadata): Mapping {
  const unknown = block.items.filter((item): item is Entry => item.kind === 'entry' && !isKnown(item.key));
  return sorted([...(toStored(metadata).items as Entry[]), ...unknown]);
}

const otherNames = [
  'key_groups',
  'lastmodified',
  'mac',
  'version',
  'shamir_threshold',
  'mac_only_encrypted',
  spellingName,
];
const knownNames = new Set<string>([...keyKinds, ...ruleNames.map(([, name]) => name), ...otherNames]);
const isKnown = (name: string): boolean => knownNames.has(name.toLowerCase());

/** The mapping with one text replaced, added in the order of names, or, where it is empty, left out. */
function withField({ items }: Mapping, name: string, text: string): Mapping {
  const is = (test: (key: string) => boolean) => items.findIndex(item => item.kind === 'entry' && test(item.key));
  const exact = is(key => key === name);
  const found = exact >= 0 ? exact : is(key => key.toLowerCase() === name);
  const old = items[found];
  const replacement = text === '' ? [] : [field(old?.kind === 'entry' ? old.key : name, text)];
  if (found >= 0) return mapping([...items.slice(0, found), ...replacement, ...items.slice(found + 1)]);
  const next = items.findIndex(item => item.kind === 'entry' && item.key > name);
  const at = next < 0 ? items.length : next;
  return mapping([...items.slice(0, at), ...replacement, ...items.slice(at)]);
}
