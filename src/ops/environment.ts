/** `environment`: an encrypted file as environment variables. sops 3.13.2 cmd/sops/main.go exec-env. */

import { applyChanges, type Leaf, type Node, type Path, type Scalar, type Tree } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import { rawScalar, readable } from '../formats/flat.ts';
import type { PlainFile } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { bytesOf, type Content, inputFormat } from './input.ts';
import { open } from './open.ts';
import type { OpenOptions } from './unlock.ts';

export interface Variable {
  readonly name: string;
  readonly value: string;
}

export interface EnvironmentOptions extends OpenOptions {
  /** Joins the names of nested keys, and positions of lists from 0: `db__port`. Without it nested values are refused. */
  readonly flatten?: string | undefined;
  /**
   * How the values of a dotenv file are read. `lines`: as they stand behind the `=`, as sops does. `common`: with the quotes,
   * `export` and comments that dotenv libraries know. Default `lines`.
   */
  readonly dotenv?: 'lines' | 'common' | undefined;
  /** Whether a file without a `sops` block is used as it is. Default false: METADATA_NOT_FOUND. */
  readonly allowPlain?: boolean | undefined;
}

/**
 * The values of the first document as variables, in the order of the file; of equal names the last one counts. Texts are as they are,
 * other values in the words of sops: `1.0`, `1E+06`, `true`, RFC 3339, `<nil>`. A binary file gives one variable, `data`.
 *
 * @throws TsopsError what `decrypt` throws; NOT_REPRESENTABLE (exit status 1) for a nested value, or a name or value that no variable can have
 */
export async function environment(content: Content, options: EnvironmentOptions): Promise<readonly Variable[]> {
  const bytes = bytesOf(content);
  const format = inputFormat(options);
  const plain = options.allowPlain ? await plainFile(bytes, options) : undefined;
  const common = format === 'dotenv' && options.dotenv === 'common';
  const opened = plain === undefined ? await open(bytes, options) : undefined;
  if (common) return commonVariables(opened?.file.rewrite(opened.changes, opened.spelling?.text) ?? bytes);
  const tree = plain?.tree ?? applied(opened);
  const found = new Map<string, Variable>();
  const [root] = tree.documents;
  if (root !== undefined) {
    for (const { path, leaf } of leavesOf(root, options.flatten)) {
      const variable = variableOf(path, leaf, options.flatten ?? '');
      found.delete(variable.name);
      found.set(variable.name, variable);
    }
  }
  return [...found.values()];
}

function applied(opened: Awaited<ReturnType<typeof open>> | undefined): Tree<'plain'> {
  return opened === undefined ? { documents: [], slots: 0 } : applyChanges(opened.file.tree, opened.changes);
}

/** The file as it is, where it has no block. */
async function plainFile(bytes: Uint8Array, options: EnvironmentOptions): Promise<PlainFile | undefined> {
  const format = await formatEntry(inputFormat(options)).load();
  const file = format.parse(bytes, 'plain');
  return file.blocks.length === 0 ? file : undefined;
}

/** The names that a dotenv file sets, such as an example without values. @throws TsopsError FILE_SYNTAX */
export async function dotenvNames(content: Content): Promise<readonly string[]> {
  return (await commonVariables(bytesOf(content))).map(({ name }) => name);
}

/** The variables of a dotenv file in the common dialect; of equal names the last one counts. @throws TsopsError FILE_SYNTAX */
export async function commonVariables(bytes: Uint8Array): Promise<Variable[]> {
  const { parseDialect } = await import('../formats/dotenv/dialect.ts');
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const found = new Map<string, Variable>();
  for (const { name, value } of parseDialect(text)) {
    checkValue(value, [name]);
    found.delete(name);
    found.set(name, { name, value });
  }
  return [...found.values()];
}

/** A value, and its path from where the search began. */
export interface Place {
  readonly path: Path;
  readonly leaf: Leaf;
}

/** Every value below a node, with its path from there. Keeps its own stack: nesting has no limit here. */
export function* leavesOf(root: Node, flatten: string | undefined): Generator<Place> {
  const open: { path: Path; node: Node }[] = [{ path: [], node: root }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, node } = next;
    if (node.kind === 'leaf') {
      yield { path, leaf: node };
      continue;
    }
    if (path.length > 0 && flatten === undefined) throw nested(path);
    const values = node.items.filter(item => item.kind !== 'comment');
    const inner = values.map((item, index) =>
      item.kind === 'entry' ? { path: [...path, item.key], node: item.value } : { path: [...path, index], node: item },
    );
    open.push(...inner.reverse());
  }
}

function variableOf(path: Path, { value }: Leaf, flatten: string): Variable {
  const name = path.join(flatten);
  if (name === '' || /[=\0]/.test(name)) {
    throw refused('a key that is empty or holds = or a null character cannot be the name of a variable', path);
  }
  return { name, value: valueText(value, path) };
}

/** The text of a value as a variable has it. @throws TsopsError NOT_REPRESENTABLE */
export function valueText(value: Scalar, path: Path): string {
  const text = textOf(value, path);
  checkValue(text, path);
  return text;
}

function textOf(value: Scalar, path: Path): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) throw refused('a value is not UTF-8 text and cannot be that of a variable', path);
  return readable(rawScalar(value));
}

function checkValue(text: string, path: Path): void {
  if (text.includes('\0')) throw refused('a value holds a null character and cannot be that of a variable', path);
}

function nested(path: Path): TsopsError {
  return refused('a nested value cannot be a variable', path, [
    'Join the names of nested keys with `tsops run --flatten __`, or take one part with `tsops decrypt --extract`.',
  ]);
}

function refused(message: string, path: Path, hints: readonly string[] = []): TsopsError {
  return new TsopsError('NOT_REPRESENTABLE', message, { path, hints, exitStatus: 1 });
}
