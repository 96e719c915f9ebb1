/** `set`: one value of an encrypted file. sops 3.13.2 cmd/sops/set.go; `docs/format.md` §9. */

import { amended, type SetAmendment, sameValues, setAmendment } from '../core/amend.ts';
import { countsComments, formatPath, getNode, parseSetPath } from '../core/path.ts';
import { parseInt64 } from '../core/scalar.ts';
import { entry, leaf, type Mapping, mapping, type Node, type Path, sequence } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import { formatEntry } from '../formats/index.ts';
import { type OpenedPlain, openPlain, refuseRoot, sealAmended } from './amend.ts';
import type { EditOptions } from './edit.ts';
import { bytesOf, type Content, inputFormat, likeInput } from './input.ts';

/**
 * A value as JavaScript has it. A `bigint` (64 bits, signed) and a safe whole `number` become integers, every other `number` a float;
 * bytes are a text that need not be UTF-8.
 */
export type SetValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly SetValue[]
  | { readonly [key: string]: SetValue };

/** A value as JSON text: every number keeps its type (`1.0` is a float) and all its digits. The text does not print. */
export class JsonText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The value as a node of a tree. @throws TsopsError SET_FORMAT_INVALID */
  async toNode(): Promise<Node> {
    return (await import('../formats/json/value.ts')).parseJsonValue(this.#text);
  }
}

export interface SetOptions extends EditOptions {
  /** Whether a value that is there already keeps the content in its format too, whatever `outputFormat` says. Default: false. */
  readonly idempotent?: boolean | undefined;
  /** Called when a new value is in clear text because the selection rule of the file does not select it. */
  readonly onCleartext?: (() => void) | undefined;
}

/**
 * Sets one value of the first document. Its style, the text and the comments around it and the ciphertext of all other values stay; a new
 * key stands behind the others of its mapping, indented as they are. Missing mappings are made; a single value in the way is replaced.
 *
 * @param path a `Path`, where -1 is the last item of a list and Infinity one behind it; or its text as for `extract`, with `[-1]` and `[+]`
 * @returns the same content where it holds that value already and `outputFormat` is no other format
 * @throws TsopsError SET_FORMAT_INVALID, PATH_NOT_FOUND, ALREADY_ENCRYPTED for the reserved key, NOT_REPRESENTABLE, and what `decrypt` and
 *   `encrypt` throw
 * @see docs/format.md §9
 */
export async function set<C extends Content>(
  content: C,
  path: Path | string,
  value: SetValue | JsonText,
  options: SetOptions,
): Promise<C> {
  const steps = typeof path === 'string' ? parseSetPath(path) : path;
  refuseRoot(steps);
  refuseReservedKey(steps, options);
  const node = value instanceof JsonText ? await value.toNode() : nodeOf(value);
  const file = await openPlain(bytesOf(content), options);
  const meant = setAmendment(file.root, steps, node, isCounting(path));
  const { current, ...amendment } = options.k8s ? await inSecret(file.root, meant) : meant;
  const isSame = current !== undefined && sameValues(current, amendment.value);
  if (isSame && options.idempotent) return content;
  const sealed = await sealAmended(file, isSame ? undefined : amendment, options);
  if (sealed === undefined) return content;
  if (current === undefined && isInClear(file, sealed, amendment.path)) options.onCleartext?.();
  return likeInput(content, sealed);
}

/** The text of a value below `data` of a Secret as base64; what it is already keeps its base64. */
async function inSecret(root: Mapping, meant: SetAmendment): Promise<SetAmendment> {
  const { decodeBase64, encodeBase64, secretDataPaths } = await import('./k8sview.ts');
  const wanted = formatPath(meant.path);
  const isData = secretDataPaths(amended(root, meant)).some(path => formatPath(path) === wanted);
  if (!isData || meant.value.kind !== 'leaf') return meant;
  const { value } = meant.value;
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
    throw new TsopsError('SET_FORMAT_INVALID', 'a value below data of a Secret has to be a text', { path: meant.path });
  }
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  const { current } = meant;
  const former =
    current?.kind === 'leaf' && typeof current.value === 'string' ? decodeBase64(current.value) : undefined;
  const isSame = former !== undefined && Buffer.compare(former, bytes) === 0;
  return { ...meant, value: isSame && current !== undefined ? current : leaf(encodeBase64(bytes)) };
}

/** Whether comments count as positions: only in sops's own text form. */
export const isCounting = (path: Path | string): boolean => typeof path === 'string' && countsComments(path);

function refuseReservedKey([first]: Path, options: SetOptions): void {
  if (typeof first !== 'string' || !formatEntry(inputFormat(options)).reserves(first)) return;
  throw new TsopsError('ALREADY_ENCRYPTED', 'the top-level key sops is reserved for the metadata of the file', {
    path: [first],
    hints: ['Choose another key.'],
  });
}

function nodeOf(value: SetValue): Node {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return leaf(value);
  if (typeof value === 'number') return leaf(Number.isSafeInteger(value) ? BigInt(value) : value);
  if (typeof value === 'bigint') return leaf(int64(value));
  if (value instanceof Uint8Array) return leaf(value);
  if (isList(value)) return sequence(value.map(nodeOf));
  return mapping(Object.entries(value).map(([key, inner]) => entry(key, nodeOf(inner))));
}

const isList = (value: SetValue): value is readonly SetValue[] => Array.isArray(value);

function int64(value: bigint): bigint {
  if (parseInt64(String(value)) !== undefined) return value;
  throw new TsopsError('SET_FORMAT_INVALID', 'a whole number of the value is outside of the 64-bit range');
}

/** Whether a rule that names what is encrypted leaves the new value out. A file in another format is not looked at. */
function isInClear({ opened, output }: OpenedPlain, sealed: Uint8Array, path: Path): boolean {
  if (!opened.metadata.selection.kind.startsWith('encrypted') || output !== opened.format) return false;
  const [root] = output.parse(sealed, 'encrypted').tree.documents;
  const open = root === undefined ? [] : [getNode(root, path)];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'leaf') {
      if (node.value !== null && node.value !== '' && !String(node.value).startsWith('ENC[')) return true;
    } else {
      for (const item of node.items) if (item.kind !== 'comment') open.push(item.kind === 'entry' ? item.value : item);
    }
  }
  return false;
}
