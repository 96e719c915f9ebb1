/**
 * A KRM function (https://github.com/kubernetes-sigs/kustomize, cmd/config/docs/api-conventions/functions-spec.md): a ResourceList in,
 * the same with decrypted resources out. Every byte of the list that is about something else stays.
 */

import { getNode } from '../core/path.ts';
import { type Entry, entry, leaf, type Mapping, mapping, type Node, type Sequence, sequence } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { Format } from '../formats/format.ts';
import { formatEntry, formatOf } from '../formats/index.ts';
import { decrypt } from './decrypt.ts';
import { commonVariables, leavesOf, valueText } from './environment.ts';
import { bytesOf, type Content, likeInput } from './input.ts';
import { type KrmConfig, krmConfig, type SecretSource, type SecretValue, secretOf } from './krmconfig.ts';
import type { OpenOptions } from './unlock.ts';

export interface ResourceListOptions extends Omit<OpenOptions, 'format' | 'filename' | 'outputFormat'> {
  /**
   * Gives the plain text of an encrypted file that the configuration of the function names. The name comes from whoever wrote the
   * configuration: it must not lead out of the folder that the function is for.
   */
  readonly decryptFile: (name: string) => Promise<Uint8Array>;
}

export interface DecryptedResources<C extends Content> {
  /** The list with the decrypted resources; where anything failed, as it was, with the failures as `results`. */
  readonly content: C;
  readonly failures: readonly TsopsError[];
}

/**
 * Decrypts what a ResourceList is about: the files that its `functionConfig` names (`kind: Decrypt` of `tsops.dev/v1`, or `ksops` of
 * `viaduct.ai/v1`), whose documents are put behind the items, and the items that have a `sops` block themselves.
 *
 * @param content YAML or JSON
 * @throws TsopsError FILE_SYNTAX for what is no ResourceList, NOT_REPRESENTABLE where a resource cannot be put into it; all else is in
 *   `failures`
 */
export async function decryptResources<C extends Content>(
  content: C,
  options: ResourceListOptions,
): Promise<DecryptedResources<C>> {
  const bytes = bytesOf(content);
  const isJson = /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 1024)));
  const format = await formatEntry(isJson ? 'json' : 'yaml').load();
  const list = listOf(format, bytes);
  const failures: TsopsError[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TsopsError)) throw error;
      failures.push(error);
      return undefined;
    }
  };
  let after = bytes;
  for (const [index, item] of list.items.entries()) {
    if (!isSealed(item)) continue;
    const plain = await attempt(() => decryptItem(item, index, options));
    if (plain !== undefined)
      after = format.amend(after, { path: ['items', index], value: await heldBy(format, plain) });
  }
  const { config } = list;
  const read = config === undefined ? undefined : await attempt(async () => krmConfig(config));
  const additions = read === undefined ? [] : await additionsOf(read, options.decryptFile, attempt);
  let length = list.items.length;
  for (const addition of additions) {
    after = await addition(format, after, length);
    length += 1;
  }
  if (failures.length > 0) after = withResults(format, bytes, list, failures);
  return { content: likeInput(content, after), failures };
}

interface ResourceList {
  readonly items: readonly Node[];
  readonly config: Node | undefined;
  readonly results: Node | undefined;
}

function listOf(format: Format, bytes: Uint8Array): ResourceList {
  const { documents } = format.parse(bytes, 'plain').tree;
  const [root] = documents;
  const items = root === undefined ? undefined : getNode(root, ['items']);
  if (root === undefined || documents.length > 1 || textAt(root, 'kind') !== 'ResourceList') throw noList();
  if (items !== undefined && items.kind !== 'sequence' && !(items.kind === 'leaf' && items.value === null))
    throw noList();
  const config = getNode(root, ['functionConfig']);
  return {
    items: items?.kind === 'sequence' ? valuesOf(items) : [],
    config: config?.kind === 'leaf' && config.value === null ? undefined : config,
    results: getNode(root, ['results']),
  };
}

function noList(): TsopsError {
  return new TsopsError('FILE_SYNTAX', 'what came in is not one ResourceList', {
    hints: ['This command is for kustomize and other programs that run KRM functions; see docs/kubernetes.md.'],
  });
}

const valuesOf = ({ items }: Sequence): Node[] => items.filter(item => item.kind !== 'comment');
const isSealed = (item: Node): item is Mapping => item.kind === 'mapping' && getNode(item, ['sops']) !== undefined;

function textAt(root: Mapping, ...path: string[]): string | undefined {
  const node = getNode(root, path);
  return node?.kind === 'leaf' && typeof node.value === 'string' ? node.value : undefined;
}

/** An item has been through the program around us, which gives it annotations for its own use: they are no part of what was encrypted. */
async function decryptItem(item: Mapping, index: number, options: ResourceListOptions): Promise<Mapping> {
  const yaml = await formatEntry('yaml').load();
  const [bare, marks] = withoutMarks(item);
  const bytes = yaml.print({ documents: [bare], slots: 0 }, {});
  try {
    const plain = await decrypt(bytes, { ...options, format: 'yaml' });
    const root = yaml.parse(plain, 'plain').tree.documents[0] ?? mapping([]);
    return withMarks(root, marks);
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    const hints = error.code === 'MAC_MISMATCH' ? [orderHint] : [];
    const path = ['items', index, ...(error.where.path ?? [])];
    throw new TsopsError(error.code, `${labelOf(item)}: ${error.message}`, { path, hints: [...hints, ...error.hints] });
  }
}

const orderHint =
  'kustomize sorts the keys of a resource before a function sees it, and the MAC covers their order: name the file in `files` of a ' +
  'Decrypt configuration and leave it out of `resources`.';

function labelOf(item: Mapping): string {
  const [kind, name] = [textAt(item, 'kind') ?? 'a resource', textAt(item, 'metadata', 'name')];
  return name === undefined ? kind : `${kind} ${name}`;
}

/** Annotations of kustomize, kpt and their libraries about the way of a resource through them. */
const isMark = (key: string): boolean =>
  /^internal\.config\.kubernetes\.io\/|^config\.kubernetes\.io\/(index|path|id|package|previous-[a-z]+)$/.test(key) ||
  /^(config\.k8s\.io|kustomize\.config\.k8s\.io)\/id$|^internal\.kpt\.dev\/|^internal\.kustomize\./.test(key);

function withoutMarks(item: Mapping): [bare: Mapping, marks: readonly Entry[]] {
  const annotations = getNode(item, ['metadata', 'annotations']);
  if (annotations?.kind !== 'mapping') return [item, []];
  const marks = annotations.items.filter((found): found is Entry => found.kind === 'entry' && isMark(found.key));
  const rest = annotations.items.filter(found => found.kind !== 'entry' || !isMark(found.key));
  return [changed(item, ['metadata', 'annotations'], rest.length === 0 ? undefined : mapping(rest)), marks];
}

function withMarks(root: Mapping, marks: readonly Entry[]): Mapping {
  if (marks.length === 0) return root;
  const annotations = getNode(root, ['metadata', 'annotations']);
  const own = annotations?.kind === 'mapping' ? annotations.items : [];
  return changed(root, ['metadata', 'annotations'], mapping([...own, ...marks]));
}

/** The mapping with another value at a path, or without one there. */
function changed(root: Mapping, [key = '', ...rest]: readonly string[], value: Node | undefined): Mapping {
  const found = root.items.findIndex(item => item.kind === 'entry' && item.key === key);
  const old = getNode(root, [key]);
  const inner = rest.length === 0 ? value : changed(old?.kind === 'mapping' ? old : mapping([]), rest, value);
  const put = inner === undefined ? [] : [entry(key, inner)];
  return mapping(found < 0 ? [...root.items, ...put] : root.items.toSpliced(found, 1, ...put));
}

/** Puts one more item into the list, which has this length so far. */
type Addition = (format: Format, list: Uint8Array, length: number) => Promise<Uint8Array>;
type Attempt = <T>(work: () => Promise<T>) => Promise<T | undefined>;
type DecryptFile = ResourceListOptions['decryptFile'];

async function additionsOf(config: KrmConfig, decryptFile: DecryptFile, attempt: Attempt): Promise<Addition[]> {
  const additions: Addition[] = [];
  for (const file of config.files)
    additions.push(...((await attempt(async () => documentsOf(file, decryptFile))) ?? []));
  for (const source of config.secrets) {
    const secret = await attempt(async () => secretOf(source, await valuesFor(source, decryptFile)));
    if (secret !== undefined) additions.push(appended(secret));
  }
  return additions;
}

const appended =
  (value: Node): Addition =>
  async (format, list, length) => {
    const { itemAmendment } = await import('../formats/yaml/embed.ts');
    return format.amend(list, itemAmendment('items', length, await heldBy(format, value)));
  };

/** JSON has no dates and no comments. */
async function heldBy(format: Format, value: Node): Promise<Node> {
  if (format.name !== 'json') return value;
  const { parseJsonValue } = await import('../formats/json/value.ts');
  return parseJsonValue(new TextDecoder().decode(format.printNode(value, {})));
}

/** The resources in a file: in a YAML list each is put as it is written. */
async function documentsOf(file: string, decryptFile: DecryptFile): Promise<Addition[]> {
  const name = formatOf(file);
  if (name !== 'yaml' && name !== 'json') {
    throw new TsopsError('CONFIG_INVALID', 'a file of resources is YAML or JSON', {
      file,
      hints: ['A Secret can be made of other files with secretFrom.'],
    });
  }
  const plain = await decryptFile(file);
  const { sourceDocuments, appendDocument } = await import('../formats/yaml/embed.ts');
  if (name === 'json') {
    const [root] = (await formatEntry(name).load()).parse(plain, 'plain').tree.documents;
    return root === undefined ? [] : [appended(root)];
  }
  return sourceDocuments(plain).map(
    (document): Addition =>
      async (format, list, length) =>
        format.name === 'yaml'
          ? appendDocument(list, 'items', length, document)
          : appended(document.root)(format, list, length),
  );
}

async function valuesFor(source: SecretSource, decryptFile: DecryptFile): Promise<SecretValue[]> {
  const values: SecretValue[] = [];
  for (const { key, file } of source.files) values.push({ key, bytes: await decryptFile(file), isBinary: false });
  for (const { key, file } of source.binaryFiles) values.push({ key, bytes: await decryptFile(file), isBinary: true });
  for (const file of source.envs) values.push(...(await variablesOf(file, decryptFile)));
  return values;
}

/** YAML, JSON and INI by their keys; all else is read as a dotenv file. */
async function variablesOf(file: string, decryptFile: DecryptFile): Promise<SecretValue[]> {
  const name = formatOf(file);
  const plain = await decryptFile(file);
  if (name === 'dotenv' || name === 'binary')
    return (await commonVariables(plain)).map(variable => textValue(variable.name, variable.value));
  const [root] = (await formatEntry(name).load()).parse(plain, 'plain').tree.documents;
  const leaves = root === undefined ? [] : [...leavesOf(root, undefined)];
  return leaves.map(({ path, leaf: found }) => textValue(String(path[0]), valueText(found.value, path)));
}

const textValue = (key: string, text: string): SecretValue => ({
  key,
  bytes: new TextEncoder().encode(text),
  isBinary: false,
});

function withResults(
  format: Format,
  bytes: Uint8Array,
  list: ResourceList,
  failures: readonly TsopsError[],
): Uint8Array {
  const before = list.results?.kind === 'sequence' ? valuesOf(list.results) : [];
  return format.amend(bytes, { path: ['results'], value: sequence([...before, ...failures.map(resultOf)]) });
}

function resultOf({ message, hints, where }: TsopsError): Mapping {
  const text = [message, ...hints].join('\n');
  const file = where.file === undefined ? [] : [entry('file', mapping([entry('path', leaf(where.file))]))];
  return mapping([entry('message', leaf(text)), entry('severity', leaf('error')), ...file]);
}
