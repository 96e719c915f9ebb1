/**
 * How a configuration is read: the keys of sops 3.13.2 config/config.go, and `path_glob`, which is ours.
 * `docs/config.md` is the reference for people.
 */

import type { KeyKind } from '../core/metadata.ts';
import type { FormatName } from '../formats/format.ts';
import type { SyntaxNode } from '../formats/yaml/syntax.ts';
import type {
  AwsKmsEntry,
  AzureEntry,
  Config,
  DestinationEntry,
  FlatKeys,
  GroupEntry,
  RuleEntry,
  SelectionEntry,
} from './entries.ts';
import { presets } from './presets.ts';
import { type ConfigReader, type Field, type PlacedText, placeOf, quoted } from './reading.ts';
import { nearestKey } from './spelling.ts';

const topKeys = ['creation_rules', 'destination_rules', 'stores'] as const;
const flatKinds = {
  age: 'age',
  pgp: 'pgp',
  kms: 'kms',
  gcp_kms: 'gcp_kms',
  hckms: 'hckms',
  azure_keyvault: 'azure_kv',
  hc_vault_transit_uri: 'hc_vault',
} as const satisfies Record<string, KeyKind>;
const selectionKinds = {
  unencrypted_suffix: 'unencryptedSuffix',
  encrypted_suffix: 'encryptedSuffix',
  unencrypted_regex: 'unencryptedRegex',
  encrypted_regex: 'encryptedRegex',
  unencrypted_comment_regex: 'unencryptedCommentRegex',
  encrypted_comment_regex: 'encryptedCommentRegex',
} as const;
type FlatName = keyof typeof flatKinds;
type SelectionName = keyof typeof selectionKinds;
const flatNames = Object.keys(flatKinds) as FlatName[];
const selectionNames = Object.keys(selectionKinds) as SelectionName[];
const ruleKeys = [
  'path_regex',
  'path_glob',
  ...flatNames,
  'aws_profile',
  'key_groups',
  'shamir_threshold',
  ...selectionNames,
  'preset',
  'mac_only_encrypted',
] as const;
type RuleKey = (typeof ruleKeys)[number];
const groupTextKinds = { age: 'age', pgp: 'pgp', hc_vault: 'hc_vault' } as const satisfies Record<string, KeyKind>;
const groupKeys = ['merge', 'kms', 'gcp_kms', 'hckms', 'azure_keyvault', 'hc_vault', 'age', 'pgp'] as const;
const destinationTexts = [
  'path_regex',
  's3_bucket',
  's3_prefix',
  'gcs_bucket',
  'gcs_prefix',
  'vault_path',
  'vault_address',
  'vault_kv_mount_name',
] as const;
const destinationKeys = [...destinationTexts, 'vault_kv_version', 'recreation_rule', 'omit_extensions'] as const;
const stores = { yaml: 'yaml', json: 'json', json_binary: 'binary', dotenv: 'dotenv', ini: 'ini' } as const;
const storeNames = Object.keys(stores) as (keyof typeof stores)[];

const awsKmsKeys = ['arn', 'role', 'context', 'aws_profile'] as const;
const azureKeys = ['vaultUrl', 'key', 'version'] as const;

/** Every key that is known somewhere, for `docs/config.md`. */
export const allKeys: readonly string[] = [
  ...topKeys,
  ...ruleKeys,
  ...groupKeys,
  ...awsKmsKeys,
  ...azureKeys,
  ...['resource_id', 'key_id'],
  ...destinationKeys,
  ...storeNames,
  'indent',
];

/** Groups merged into each other deeper than this are no configuration. */
const maxGroupDepth = 100;
const maxIndent = 100;
const maxThreshold = 255;

/** Reads the root of the first document. @throws TsopsError CONFIG_INVALID */
export function readConfig(root: SyntaxNode | undefined, reader: ConfigReader): Config {
  const empty = {
    path: reader.file,
    rules: undefined,
    destinations: [],
    indents: {},
    warnings: reader.warnings,
    destinationWarnings: [],
  };
  if (root === undefined) return empty;
  const unknown: Field[] = [];
  const fields = reader.record(root, 'the configuration', topKeys, field => unknown.push(field));
  for (const field of unknown) unknownTopKey(reader, field, fields.has('creation_rules'));
  const rules = fields.get('creation_rules');
  const destinations = fields.get('destination_rules');
  const indents = fields.get('stores');
  const before = reader.warnings.length;
  const read = destinations === undefined ? [] : readDestinations(reader, destinations.value);
  const config = {
    ...empty,
    destinationWarnings: reader.warnings.splice(before),
    destinations: read,
    rules: rules === undefined ? undefined : readRules(reader, rules.value),
    indents: indents === undefined ? {} : readIndents(reader, indents.value),
  };
  warnOfDeadRules(reader, rules?.value, config.rules ?? []);
  return config;
}

/** Top-level keys that hold anchors are the usual way to name keys, beside the rules that use them. */
function unknownTopKey(reader: ConfigReader, field: Field, hasRules: boolean): void {
  if (hasRules && holdsAnchor(field.value)) return;
  unknownKey(reader, field, topKeys, key => key === 'creation_rules' && !hasRules);
}

function holdsAnchor(node: SyntaxNode): boolean {
  const rest = [node];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next.anchor !== '') return true;
    if (next.kind === 'sequence') for (const item of next.items) rest.push(item);
    if (next.kind === 'mapping') for (const { key, value } of next.pairs) rest.push(key, value);
  }
  return false;
}

/**
 * Refuses what is almost a key that decides about protection, and warns of every other key that sops and tsops ignore, but not
 * of those that begin with `x-`, which is a common way to say that a key is one's own.
 */
function unknownKey(
  reader: ConfigReader,
  { name, key }: Field,
  known: readonly string[],
  isSevere: (key: string) => boolean,
): void {
  if (name.startsWith('x-')) return;
  const near = nearestKey(name, known);
  if (near !== undefined && isSevere(near)) {
    reader.fail(key, `the key ${quoted(name)} does not exist; sops would ignore it without a word`, [
      `Did you mean ${near}?`,
    ]);
  }
  const guess = near === undefined ? '' : `; did you mean ${near}?`;
  reader.warn(key, `the key ${quoted(name)} is unknown and ignored${guess}`);
}

const severe = (): boolean => true;
const mild = (): boolean => false;

function readRules(reader: ConfigReader, node: SyntaxNode): RuleEntry[] | undefined {
  if (reader.isNull(node)) return undefined;
  return reader.list(node, 'creation_rules').map((item, index) => readRule(reader, item, index));
}

function readRule(reader: ConfigReader, node: SyntaxNode, index: number): RuleEntry {
  const what = `creation rule ${index + 1}`;
  const fields = reader.record(node, what, ruleKeys, field => unknownKey(reader, field, ruleKeys, severe));
  const threshold = fields.get('shamir_threshold');
  const macOnly = fields.get('mac_only_encrypted');
  const groups = fields.get('key_groups');
  const rule: RuleEntry = {
    index,
    place: placeOf(node),
    pathRegex: readPattern(reader, fields, 'path_regex'),
    pathGlob: readPattern(reader, fields, 'path_glob'),
    flat: readFlat(reader, fields),
    awsProfile: readText(reader, fields, 'aws_profile'),
    groups: groups === undefined ? [] : readGroups(reader, groups.value, 'key_groups', 0),
    shamirThreshold:
      threshold === undefined ? 0 : (reader.integer(threshold.value, 'shamir_threshold', 0, maxThreshold) ?? 0),
    selections: readSelections(reader, fields),
    macOnlyEncrypted: macOnly !== undefined && reader.flag(macOnly.value, 'mac_only_encrypted'),
  };
  const glob = fields.get('path_glob');
  if (glob !== undefined && rule.pathGlob !== undefined && rule.pathRegex === undefined) {
    reader.warn(glob.key, 'sops does not know path_glob: for sops this rule matches every file; add a path_regex');
  }
  return rule;
}

function readText<K extends string>(reader: ConfigReader, fields: ReadonlyMap<K, Field>, name: K): string {
  const field = fields.get(name);
  return field === undefined ? '' : reader.text(field.value, name);
}

function readPattern(reader: ConfigReader, fields: ReadonlyMap<RuleKey, Field>, name: RuleKey): PlacedText | undefined {
  const field = fields.get(name);
  if (field === undefined) return undefined;
  const text = reader.text(field.value, name);
  return text === '' ? undefined : { text, place: placeOf(field.value) };
}

/** In the order of the file. */
function readSelections(reader: ConfigReader, fields: ReadonlyMap<RuleKey, Field>): SelectionEntry[] {
  return [...fields.keys()].flatMap(name => {
    if (name === 'preset') return readPreset(reader, fields);
    const pattern = isSelection(name) ? readPattern(reader, fields, name) : undefined;
    if (pattern === undefined || !isSelection(name)) return [];
    return [{ name, rule: { kind: selectionKinds[name], text: pattern.text }, place: pattern.place }];
  });
}

function readPreset(reader: ConfigReader, fields: ReadonlyMap<RuleKey, Field>): SelectionEntry[] {
  const [field, named] = [fields.get('preset'), readPattern(reader, fields, 'preset')];
  if (field === undefined || named === undefined) return [];
  const rule = presets.get(named.text);
  if (rule !== undefined) return [{ name: 'preset', preset: named.text, rule, place: named.place }];
  const names = [...presets.keys()];
  const near = nearestKey(named.text, names);
  return reader.fail(field.value, `there is no preset ${quoted(named.text)}`, [
    near === undefined ? `The presets are: ${names.join(', ')}.` : `Did you mean ${near}?`,
  ]);
}

const isSelection = (name: RuleKey): name is SelectionName => name in selectionKinds;

function readFlat(reader: ConfigReader, fields: ReadonlyMap<RuleKey, Field>): Map<KeyKind, FlatKeys> {
  const flat = new Map<KeyKind, FlatKeys>();
  for (const name of flatNames) {
    const field = fields.get(name);
    if (field === undefined || reader.isNull(field.value)) continue;
    flat.set(flatKinds[name], { ...readFlatKeys(reader, name, field.value), place: placeOf(field.value) });
  }
  return flat;
}

/** sops 3.13.2 config.go parseKeyField: pieces of a text are trimmed and empty ones dropped, items of a list are taken as they are. */
function readFlatKeys(reader: ConfigReader, name: FlatName, node: SyntaxNode): { text: string; problem?: string } {
  if (name === 'hckms')
    return { text: joined(reader.list(node, name).map(item => reader.text(item, `an item of ${name}`))) };
  const text = reader.string(node);
  if (text !== undefined) return { text: joined(text.split(',').flatMap(piece => piece.trim() || [])) };
  const items = reader.rawList(node)?.map(item => reader.string(item));
  if (items === undefined) return { text: '', problem: `${name} must be a text or a list of texts` };
  const texts = items.filter(item => item !== undefined);
  if (texts.length < items.length) return { text: '', problem: `every item of ${name} must be a text` };
  return { text: joined(texts) };
}

const joined = (texts: readonly string[]): string => texts.join(',');

function readGroups(reader: ConfigReader, node: SyntaxNode, what: string, depth: number): GroupEntry[] {
  if (depth > maxGroupDepth) reader.fail(node, 'the key groups are merged into each other too deeply');
  return reader.list(node, what).map(item => readGroup(reader, item, depth));
}

function readGroup(reader: ConfigReader, node: SyntaxNode, depth: number): GroupEntry {
  const fields = reader.record(node, 'a key group', groupKeys, field => unknownKey(reader, field, groupKeys, severe));
  const items = (name: (typeof groupKeys)[number]): SyntaxNode[] => {
    const field = fields.get(name);
    return field === undefined ? [] : reader.list(field.value, name);
  };
  const texts = new Map<KeyKind, readonly PlacedText[]>();
  for (const [name, kind] of Object.entries(groupTextKinds) as [keyof typeof groupTextKinds, KeyKind][]) {
    texts.set(
      kind,
      items(name).map(item => ({ text: reader.text(item, `an item of ${name}`), place: placeOf(item) })),
    );
  }
  texts.set(
    'gcp_kms',
    items('gcp_kms').map(item => readIdentified(reader, item, 'resource_id')),
  );
  texts.set(
    'hckms',
    items('hckms').map(item => readIdentified(reader, item, 'key_id')),
  );
  const merge = fields.get('merge');
  return {
    merge: merge === undefined ? [] : readGroups(reader, merge.value, 'merge', depth + 1),
    texts,
    awsKms: items('kms').map(item => readAwsKms(reader, item)),
    azure: items('azure_keyvault').map(item => readAzure(reader, item)),
  };
}

function readIdentified(reader: ConfigReader, node: SyntaxNode, name: 'resource_id' | 'key_id'): PlacedText {
  const known = [name];
  const fields = reader.record(node, 'a key', known, field => unknownKey(reader, field, known, severe));
  return { text: readText(reader, fields, name), place: placeOf(node) };
}

function readAwsKms(reader: ConfigReader, node: SyntaxNode): AwsKmsEntry {
  const fields = reader.record(node, 'a kms key', awsKmsKeys, field => unknownKey(reader, field, awsKmsKeys, severe));
  const context = fields.get('context');
  const pairs = context === undefined ? [] : reader.fields(context.value, 'context');
  return {
    arn: readText(reader, fields, 'arn'),
    role: readText(reader, fields, 'role'),
    context: new Map(pairs.map(({ name, value }) => [name, readContextValue(reader, value)])),
    awsProfile: readText(reader, fields, 'aws_profile'),
    place: placeOf(node),
  };
}

/** sops crashes on a null here. */
function readContextValue(reader: ConfigReader, node: SyntaxNode): string {
  if (reader.isNull(node)) reader.fail(node, 'a value of context must be a text');
  return reader.text(node, 'a value of context');
}

function readAzure(reader: ConfigReader, node: SyntaxNode): AzureEntry {
  const unknown = (field: Field): void => unknownKey(reader, field, azureKeys, severe);
  const fields = reader.record(node, 'an azure_keyvault key', azureKeys, unknown);
  return {
    vaultUrl: readText(reader, fields, 'vaultUrl'),
    name: readText(reader, fields, 'key'),
    version: readText(reader, fields, 'version'),
    place: placeOf(node),
  };
}

function readDestinations(reader: ConfigReader, node: SyntaxNode): DestinationEntry[] {
  return reader.list(node, 'destination_rules').map((item, index) => readDestination(reader, item, index));
}

function readDestination(reader: ConfigReader, node: SyntaxNode, index: number): DestinationEntry {
  const what = `destination rule ${index + 1}`;
  const fields = reader.record(node, what, destinationKeys, field => unknownKey(reader, field, destinationKeys, mild));
  const version = fields.get('vault_kv_version');
  const rule = fields.get('recreation_rule');
  const omit = fields.get('omit_extensions');
  return {
    place: placeOf(node),
    texts: new Map(destinationTexts.map(name => [name, readText(reader, fields, name)])),
    vaultKvVersion: version === undefined ? 0 : (reader.integer(version.value, 'vault_kv_version', 0, 2) ?? 0),
    omitExtensions: omit !== undefined && reader.flag(omit.value, 'omit_extensions'),
    recreationRule: rule === undefined || reader.isNull(rule.value) ? undefined : readRule(reader, rule.value, index),
  };
}

function readIndents(reader: ConfigReader, node: SyntaxNode): Partial<Record<FormatName, number>> {
  const fields = reader.record(node, 'stores', storeNames, field => unknownKey(reader, field, storeNames, mild));
  const indents: Partial<Record<FormatName, number>> = {};
  for (const [name, { value }] of fields) {
    const hasIndent = name !== 'dotenv' && name !== 'ini';
    const known: readonly 'indent'[] = hasIndent ? ['indent'] : [];
    const indent = reader.record(value, `stores.${name}`, known, field => unknownKey(reader, field, known, mild));
    const field = indent.get('indent');
    const least = name === 'yaml' ? 0 : -1;
    const spaces = field && reader.integer(field.value, `stores.${name}.indent`, least, maxIndent);
    if (spaces !== undefined) indents[stores[name]] = spaces;
  }
  return indents;
}

/** Rules behind one that matches every path are never asked. */
function warnOfDeadRules(reader: ConfigReader, node: SyntaxNode | undefined, rules: readonly RuleEntry[]): void {
  const catchAll = rules.find(rule => rule.pathRegex === undefined && rule.pathGlob === undefined);
  const first = catchAll === undefined ? undefined : rules[catchAll.index + 1];
  if (node === undefined || catchAll === undefined || first === undefined) return;
  const { line } = catchAll.place;
  const dead =
    first.index + 1 === rules.length ? `rule ${rules.length} is` : `rules ${first.index + 1} to ${rules.length} are`;
  reader.warnings.push(
    `${reader.file}:${first.place.line}:${first.place.column}: ${dead} never used: rule ${catchAll.index + 1} (line ${line}) matches every file`,
  );
}
