/** `get`: some values of an encrypted file, in a form for people and programs. */

import { formatPath } from '../core/path.ts';
import { applyChanges, entry, leaf, mapping, type Path, type Tree } from '../core/tree.ts';
import type { Format, FormatName } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { type AssignmentStyle, assignments } from './assignments.ts';
import { commonVariables } from './environment.ts';
import { bytesOf, type Content, inputFormat, likeInput, onlyOneDocument, outputFormat } from './input.ts';
import { type OpenedFile, open } from './open.ts';
import { type Part, partOf, printPart } from './part.ts';
import type { OpenOptions } from './unlock.ts';
import type { ValueForm } from './valueforms.ts';

export interface GetOptions extends OpenOptions {
  /**
   * - `raw`: a text as it is, anything else printed in the output format; of several parts each ends with a line break.
   * - `json`: one JSON value; several parts are an object with their paths as keys.
   * - `shell`: lines `export NAME='…'` that a POSIX shell evaluates.
   * - `dotenv`: lines `NAME=…` that dotenv programs read.
   *
   * Default `raw`.
   */
  readonly as?: ValueForm | undefined;
  /** Whether values below `data` of Kubernetes Secrets are given decoded; those that are no text only raw. Default: false. */
  readonly k8s?: boolean | undefined;
}

/**
 * Decrypts a file, after the MAC has been compared, and gives parts of its first document.
 *
 * @param paths each a `Path`, or a text: `["a"][0]` as in sops, where comments count as positions of a list, `a.b[0]`, where they do
 *   not, or one key. None at all is the whole file.
 * @throws TsopsError what `decrypt` throws; PATH_NOT_FOUND, TREE_PATH_SYNTAX; NOT_REPRESENTABLE where the form cannot hold a value
 */
export async function get<C extends Content>(
  content: C,
  paths: readonly (Path | string)[],
  options: GetOptions,
): Promise<C> {
  const opened = await open(bytesOf(content), options);
  const form = options.as ?? 'raw';
  const bytes =
    form === 'raw'
      ? await rawText(opened, paths, options)
      : new TextEncoder().encode(await structuredText(opened, paths, form, options));
  return likeInput(content, bytes);
}

async function rawText(
  opened: OpenedFile,
  paths: readonly (Path | string)[],
  options: GetOptions,
): Promise<Uint8Array> {
  const output = await formatEntry(outputFormat(options)).load();
  if (paths.length === 0 && !options.k8s) return wholeText(opened, output, options);
  const tree = await viewOf(plainTree(opened), options, paths.length > 0);
  if (paths.length === 0) {
    refuseMany(tree.documents.length, output.name);
    return output.print(tree, { indent: options.indent });
  }
  const parts = partsOf(tree, paths).map(part => printPart(part, output, options.indent));
  if (parts.length === 1) return parts[0] ?? new Uint8Array();
  return Buffer.concat(parts.map(part => (part.at(-1) === newline ? part : Buffer.concat([part, Buffer.of(newline)]))));
}

const newline = 0x0a;

function wholeText({ file, changes, spelling }: OpenedFile, output: Format, options: GetOptions): Uint8Array {
  if (output.name === inputFormat(options)) return file.rewrite(changes, spelling?.text);
  refuseMany(file.tree.documents.length, output.name);
  return output.print(applyChanges(file.tree, changes), { indent: options.indent });
}

function refuseMany(documents: number, name: FormatName): void {
  if (documents > 1 && !formatEntry(name).manyDocuments) throw onlyOneDocument(name);
}

async function structuredText(
  opened: OpenedFile,
  paths: readonly (Path | string)[],
  form: 'json' | AssignmentStyle,
  options: GetOptions,
): Promise<string> {
  const tree = await viewOf(form === 'json' ? plainTree(opened) : await treeInUse(opened), options, false);
  if (paths.length === 0) refuseMany(tree.documents.length, form === 'json' ? 'json' : 'dotenv');
  const parts = partsOf(tree, paths.length === 0 ? [[]] : paths);
  return form === 'json' ? jsonText(parts, paths, options.indent) : assignments(parts, form);
}

async function jsonText(
  parts: readonly Part[],
  paths: readonly (Path | string)[],
  indent: number | undefined,
): Promise<string> {
  const json = await formatEntry('json').load();
  const [first] = parts;
  const named = new Map(parts.map(({ node }, index) => [pathText(paths[index] ?? []), node]));
  const node =
    parts.length === 1 && first !== undefined
      ? first.node
      : mapping([...named].map(([text, value]) => entry(text, value)));
  const text = new TextDecoder().decode(json.printNode(node, { indent }));
  return text.endsWith('\n') ? text : `${text}\n`;
}

const pathText = (path: Path | string): string => (typeof path === 'string' ? path : formatPath(path));

function partsOf(tree: Tree<'plain'>, paths: readonly (Path | string)[]): Part[] {
  return paths.map(path => partOf(tree, typeof path === 'string' && isKey(path) ? [path] : path));
}

/** A key by itself, which `parseTreePath` refuses as sops does. */
const isKey = (text: string): boolean => /^[^.[\]"'\s]+$/.test(text);

async function viewOf(tree: Tree<'plain'>, { k8s }: GetOptions, withBytes: boolean): Promise<Tree<'plain'>> {
  return k8s ? (await import('./k8sview.ts')).decodedTree(tree, withBytes) : tree;
}

const plainTree = ({ file, changes }: OpenedFile): Tree<'plain'> => applyChanges(file.tree, changes);

/** The values of a dotenv file as programs use them, without the quotes that they stand in. */
async function treeInUse(opened: OpenedFile): Promise<Tree<'plain'>> {
  if (opened.format.name !== 'dotenv') return plainTree(opened);
  const variables = await commonVariables(opened.file.rewrite(opened.changes, opened.spelling?.text));
  return { documents: [mapping(variables.map(({ name, value }) => entry(name, leaf(value))))], slots: 0 };
}
