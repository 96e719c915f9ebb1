/**
 * What the configuration of the KRM function says: `kind: Decrypt` of ours, or `kind: ksops` of KSOPS with the same fields. Names of
 * fields may be shown in messages, values never.
 */

import { type Entry, entry, leaf, type Mapping, mapping, type Node, type Path } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';

/** Files whose documents become resources, and Secrets that are made of files. */
export interface KrmConfig {
  readonly files: readonly string[];
  readonly secrets: readonly SecretSource[];
}

export interface SecretSource {
  readonly path: Path;
  /** With a name in it. */
  readonly metadata: Mapping;
  readonly type: string | undefined;
  /** Files by the keys that their text gets. */
  readonly files: readonly KeyedFile[];
  /** The same, whatever is in them. */
  readonly binaryFiles: readonly KeyedFile[];
  /** Files of variables, each of which becomes a key. */
  readonly envs: readonly string[];
}

export interface KeyedFile {
  readonly key: string;
  readonly file: string;
}

const kinds: ReadonlyMap<string, string> = new Map([
  ['Decrypt', 'tsops.dev/v1'],
  ['ksops', 'viaduct.ai/v1'],
]);
const rootPath = ['functionConfig'];

/** @throws TsopsError CONFIG_INVALID */
export function krmConfig(node: Node): KrmConfig {
  const known = ['apiVersion', 'kind', 'metadata', 'files', 'secretFrom'];
  const fields = fieldsOf(node, rootPath, known);
  const [kind, version] = [scalarText(fields.get('kind')), scalarText(fields.get('apiVersion'))];
  if (kind === undefined || kinds.get(kind) !== version) {
    throw invalid('the configuration of the function is not one that tsops knows', rootPath, [
      'It is one with `apiVersion: tsops.dev/v1` and `kind: Decrypt`, or one of KSOPS (`viaduct.ai/v1`, `ksops`).',
    ]);
  }
  const from = [...rootPath, 'secretFrom'];
  return {
    files: texts(fields, 'files', rootPath),
    secrets: items(fields.get('secretFrom'), from).map((item, index) => secretSource(item, [...from, index])),
  };
}

function secretSource(node: Node, path: Path): SecretSource {
  const fields = fieldsOf(node, path, ['metadata', 'type', 'files', 'binaryFiles', 'envs']);
  const metadata = fields.get('metadata');
  if (metadata?.kind !== 'mapping' || !metadata.items.some(item => item.kind === 'entry' && item.key === 'name'))
    throw invalid('a Secret needs metadata with a name', path);
  const keyed = (name: string): KeyedFile[] => texts(fields, name, path).map(keyedFile);
  return {
    ...{ path, metadata, type: scalarText(fields.get('type')), files: keyed('files') },
    ...{ binaryFiles: keyed('binaryFiles'), envs: texts(fields, 'envs', path) },
  };
}

/** `key=path`, or a path whose base name is the key. */
function keyedFile(text: string): KeyedFile {
  const at = text.indexOf('=');
  if (at > 0) return { key: text.slice(0, at), file: text.slice(at + 1) };
  return { key: text.split('/').at(-1) ?? '', file: text };
}

function fieldsOf(node: Node, path: Path, known: readonly string[]): ReadonlyMap<string, Node> {
  if (node.kind !== 'mapping') throw invalid('a mapping is needed here', path);
  const entries = node.items.filter((item): item is Entry => item.kind === 'entry');
  for (const { key } of entries) {
    if (!known.includes(key))
      throw invalid('this key is not known', [...path, key], [`The keys here are ${known.join(', ')}.`]);
  }
  return new Map(entries.map(({ key, value }) => [key, value]));
}

function items(node: Node | undefined, path: Path): Node[] {
  if (node === undefined || (node.kind === 'leaf' && node.value === null)) return [];
  if (node.kind !== 'sequence') throw invalid('a list is needed here', path);
  return node.items.filter(item => item.kind !== 'comment');
}

function texts(fields: ReadonlyMap<string, Node>, name: string, path: Path): string[] {
  return items(fields.get(name), [...path, name]).map((item, index) => {
    const text = scalarText(item);
    if (text === undefined || text === '') throw invalid('the name of a file is needed here', [...path, name, index]);
    return text;
  });
}

const scalarText = (node: Node | undefined): string | undefined =>
  node?.kind === 'leaf' && typeof node.value === 'string' ? node.value : undefined;

function invalid(message: string, path: Path, hints: readonly string[] = []): TsopsError {
  return new TsopsError('CONFIG_INVALID', message, { path, hints });
}

/** A value of a Secret: text goes to `stringData`, other bytes to `data`. */
export interface SecretValue {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly isBinary: boolean;
}

/** @throws TsopsError CONFIG_INVALID for keys that a Secret cannot have, and for one that comes twice */
export function secretOf({ path, metadata, type }: SecretSource, values: readonly SecretValue[]): Mapping {
  const seen = new Set<string>();
  const [data, stringData]: [Entry[], Entry[]] = [[], []];
  for (const { key, bytes, isBinary } of values) {
    const place = [...path, key];
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) throw invalid('a Secret cannot have this key', place);
    if (seen.has(key)) throw invalid('this key comes twice', place);
    seen.add(key);
    const text = isBinary ? undefined : utf8(bytes);
    if (text !== undefined) stringData.push(entry(key, leaf(text)));
    else data.push(entry(key, leaf(Buffer.from(bytes).toString('base64'))));
  }
  return mapping([
    ...[entry('apiVersion', leaf('v1')), entry('kind', leaf('Secret')), entry('metadata', metadata)],
    ...(type === undefined ? [] : [entry('type', leaf(type))]),
    ...(data.length === 0 ? [] : [entry('data', mapping(data))]),
    ...(stringData.length === 0 ? [] : [entry('stringData', mapping(stringData))]),
  ]);
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
