/**
 * Kubernetes Secrets as people think of them: the values below `data`, which the file holds in base64, as their text. The file stays as it
 * is: a value that nobody changed keeps its base64, line breaks and all, and so its ciphertext.
 *
 * What is no UTF-8 text stays in base64 and is marked: `!!binary` in YAML, `{"$binary": "…"}` in JSON.
 */

import { amended, sameValues } from '../core/amend.ts';
import { getNode } from '../core/path.ts';
import { entry, type Leaf, leaf, type Mapping, mapping, type Node, type Path, type Tree } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { Format } from '../formats/format.ts';

/** The paths of the values below `data` of every Secret in a document: its root, or items of a List. */
export function secretDataPaths(root: Mapping, base: Path = []): Path[] {
  const kind = textAt(root, 'kind');
  const version = textAt(root, 'apiVersion') ?? 'v1';
  if (kind === 'Secret' && version === 'v1') {
    const data = getNode(root, ['data']);
    if (data?.kind !== 'mapping') return [];
    return data.items.flatMap(item => (item.kind === 'entry' ? [[...base, 'data', item.key]] : []));
  }
  const items = kind?.endsWith('List') ? getNode(root, ['items']) : undefined;
  if (items?.kind !== 'sequence') return [];
  const values = items.items.filter(item => item.kind !== 'comment');
  return values.flatMap((item, index) =>
    item.kind === 'mapping' ? secretDataPaths(item, [...base, 'items', index]) : [],
  );
}

function textAt(root: Mapping, key: string): string | undefined {
  const node = getNode(root, [key]);
  return node?.kind === 'leaf' && typeof node.value === 'string' ? node.value : undefined;
}

/** Base64 as Kubernetes reads it, with line breaks in it. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bare = text.replace(/[\r\n]/g, '');
  if (bare.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(bare)) return undefined;
  return new Uint8Array(Buffer.from(bare, 'base64'));
}

export const encodeBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** The text of the bytes, or undefined where they are none. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A tree with the values of Secrets decoded; those that are no text are bytes, or stay as they are where bytes cannot be shown. */
export function decodedTree(tree: Tree<'plain'>, withBytes: boolean): Tree<'plain'> {
  const documents = tree.documents.map(root =>
    secretDataPaths(root).reduce((done, path) => {
      const bytes = bytesAt(root, path);
      if (bytes === undefined) return done;
      const text = utf8(bytes);
      return text === undefined && !withBytes ? done : amended(done, { path, value: leaf(text ?? bytes) });
    }, root),
  );
  return { documents, slots: tree.slots };
}

/** The bytes of a value; undefined for null. @throws TsopsError NOT_REPRESENTABLE for what is no base64 */
function bytesAt(root: Mapping, path: Path): Uint8Array | undefined {
  const node = getNode(root, path);
  if (node?.kind === 'leaf' && node.value === null) return undefined;
  const bytes = node?.kind === 'leaf' && typeof node.value === 'string' ? decodeBase64(node.value) : undefined;
  if (bytes !== undefined) return bytes;
  throw refused('a value below data of a Secret is not base64, so it has no text', path, [
    'Work without --k8s, or put the text below stringData.',
  ]);
}

/** A value as it was before somebody edited it. */
interface Original {
  readonly place: string;
  readonly base64: string;
  readonly bytes: Uint8Array;
  /** How it stands in the file, and how in the view; YAML only. */
  readonly source: string | undefined;
  shown: string | undefined;
}

const placeOf = (document: number, path: Path): string => JSON.stringify([document, ...path]);

/** A plain text in which Secrets show their values, and the way back. */
export class SecretsView {
  readonly #format: Format;
  readonly #texts: TextWork;
  readonly #originals: Original[] = [];
  #addsBreak = false;
  /** What is to be shown. */
  readonly bytes: Uint8Array;

  private constructor(format: Format, texts: TextWork, plain: Uint8Array) {
    this.#format = format;
    this.#texts = texts;
    this.bytes = this.#show(plain);
  }

  /** @throws TsopsError NOT_REPRESENTABLE where a value cannot be shown decoded; CONFLICTING_OPTIONS for a format without Secrets */
  static async of(format: Format, plain: Uint8Array): Promise<SecretsView> {
    return new SecretsView(format, await textWork(format), plain);
  }

  #show(plain: Uint8Array): Uint8Array {
    const { texts, join } = this.#texts.documents(plain);
    const shown = texts.map((start, document) => {
      const root = this.#root(start);
      let text = start;
      for (const path of root === undefined ? [] : secretDataPaths(root)) {
        const bytes = root && bytesAt(root, path);
        if (root === undefined || bytes === undefined) continue;
        const base64 = String((getNode(root, path) as Leaf).value);
        text = this.#replaced(text, path, utf8(bytes) ?? bytes);
        const source = this.#texts.source(start, path);
        this.#originals.push({ place: placeOf(document, path), base64, bytes, source, shown: undefined });
      }
      return text;
    });
    this.#noteShown(shown);
    this.#addsBreak = !texts.at(-1)?.endsWith('\n') && (shown.at(-1)?.endsWith('\n') ?? false);
    return join(shown);
  }

  /** Only now nothing is moved any more. */
  #noteShown(shown: readonly string[]): void {
    const byPlace = new Map(this.#originals.map(original => [original.place, original]));
    for (const [document, text] of shown.entries()) {
      for (const path of secretDataPaths(this.#root(text) ?? mapping([]))) {
        const original = byPlace.get(placeOf(document, path));
        if (original !== undefined) original.shown = this.#texts.source(text, path);
      }
    }
  }

  /**
   * The edited text with base64 in it again.
   * @throws TsopsError FILE_SYNTAX; NOT_REPRESENTABLE for a value that is no text
   */
  restore(edited: Uint8Array): Uint8Array {
    this.#format.parse(edited, 'plain');
    const { texts, join } = this.#texts.documents(edited);
    const restored = texts.map((text, document) => this.#restored(text, document));
    const end = restored.length - 1;
    return join(restored.map((text, document) => (document === end ? this.#withoutAddedBreak(text) : text)));
  }

  /** Showing a value can need a line break at the end of the text, which was not there. */
  #withoutAddedBreak(text: string): string {
    const shorter = text.replace(/\r?\n$/, '');
    if (!this.#addsBreak || shorter === text) return text;
    const [root, same] = [this.#root(text), this.#root(shorter)];
    return root !== undefined && same !== undefined && sameValues(root, same) ? shorter : text;
  }

  #restored(start: string, document: number): string {
    const root = this.#root(start);
    if (root === undefined) return start;
    let [text, wanted] = [start, root];
    for (const path of secretDataPaths(root)) {
      const bytes = this.#typed(start, root, path);
      if (bytes === undefined) continue;
      const original = this.#original(document, path, bytes);
      const base64 = original?.base64 ?? encodeBase64(bytes);
      wanted = amended(wanted, { path, value: leaf(base64) });
      text = this.#unchanged(text, path, original) ?? this.#replaced(text, path, base64);
    }
    const after = this.#root(text);
    if (after !== undefined && sameValues(after, wanted)) return text;
    throw new TsopsError('INTERNAL', 'the edited text could not be put back into base64');
  }

  /** The value that it was, also where it has moved to another place. */
  #original(document: number, path: Path, bytes: Uint8Array): Original | undefined {
    const same = this.#originals.filter(original => Buffer.compare(original.bytes, bytes) === 0);
    const key = JSON.stringify(path.at(-1));
    return (
      same.find(({ place }) => place === placeOf(document, path)) ??
      same.find(({ place }) => place.endsWith(`,${key}]`))
    );
  }

  #unchanged(text: string, path: Path, original: Original | undefined): string | undefined {
    if (original?.source === undefined || original.shown === undefined) return undefined;
    const ways = this.#texts.respelled(text, path, original.shown, original.source);
    return ways.find(after => this.#reads(text, after, path, leaf(original.base64)));
  }

  #typed(text: string, root: Mapping, path: Path): Uint8Array | undefined {
    const node = getNode(root, path);
    if (node === undefined || (node.kind === 'leaf' && node.value === null)) return undefined;
    if (node.kind === 'leaf' && node.value instanceof Uint8Array) return node.value;
    const marked = node.kind === 'mapping' ? markedBytes(node) : undefined;
    if (marked !== undefined) return marked;
    const typed = node.kind === 'leaf' ? this.#texts.typed(text, path, node) : undefined;
    if (typed !== undefined) return new TextEncoder().encode(typed);
    throw refused('a value below data of a Secret has to be a text', path, ['Put it in quotes.']);
  }

  #replaced(text: string, path: Path, value: string | Uint8Array): string {
    for (const { after, node } of this.#texts.written(text, path, value))
      if (this.#reads(text, after, path, node)) return after;
    throw refused('the value cannot be shown decoded without changing something else', path, [
      'Edit it without --k8s.',
    ]);
  }

  #reads(before: string, after: string, path: Path, value: Node): boolean {
    const [old, found] = [this.#root(before), this.#root(after)];
    return old !== undefined && found !== undefined && sameValues(amended(old, { path, value }), found);
  }

  #root(text: string): Mapping | undefined {
    try {
      return this.#format.parse(new TextEncoder().encode(text), 'plain').tree.documents[0];
    } catch (error) {
      if (error instanceof TsopsError) return undefined;
      throw error;
    }
  }
}

const binaryMark = '$binary';

function markedBytes(node: Mapping): Uint8Array | undefined {
  const [only, more] = node.items;
  if (only?.kind !== 'entry' || only.key !== binaryMark || more !== undefined || only.value.kind !== 'leaf')
    return undefined;
  return typeof only.value.value === 'string' ? decodeBase64(only.value.value) : undefined;
}

/** What a format does for a view with the text of one document. */
interface TextWork {
  documents(bytes: Uint8Array): { readonly texts: readonly string[]; join(texts: readonly string[]): Uint8Array };
  source(text: string, path: Path): string | undefined;
  /** Texts with other words for a value that stands as shown; none where it does not. */
  respelled(text: string, path: Path, shown: string, source: string): readonly string[];
  /** What somebody typed for a value. */
  typed(text: string, path: Path, node: Leaf): string | undefined;
  /** Ways to put a text, or marked bytes, into the place of a value. */
  written(text: string, path: Path, value: string | Uint8Array): Iterable<{ after: string; node: Node }>;
}

async function textWork(format: Format): Promise<TextWork> {
  if (format.name === 'yaml') return yamlWork();
  if (format.name === 'json') return jsonWork(format);
  throw new TsopsError('CONFLICTING_OPTIONS', '--k8s is for manifests, which are YAML or JSON');
}

async function yamlWork(): Promise<TextWork> {
  const { documentTexts, withText, writtenValue } = await import('../formats/yaml/values.ts');
  return {
    documents: documentTexts,
    source: (text, path) => writtenValue(text, path)?.source,
    respelled: (text, path, shown, source) => {
      const found = writtenValue(text, path);
      if (found?.source !== shown) return [];
      const [before, rest] = [text.slice(0, found.start) + source, text.slice(found.end)];
      // A block that the end of the file cut off had no line break behind it; what was shown in its place has one.
      return rest.trim() === '' ? [before + rest, before] : [before + rest];
    },
    typed: (text, path, node) => (typeof node.value === 'string' ? node.value : writtenValue(text, path)?.text),
    *written(text, path, value) {
      for (const after of withText(text, path, value)) yield { after, node: leaf(value) };
    },
  };
}

function jsonWork(format: Format): TextWork {
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder('utf-8', { ignoreBOM: true })];
  return {
    documents: bytes => ({ texts: [decoder.decode(bytes)], join: texts => encoder.encode(texts.join('')) }),
    source: () => undefined,
    respelled: () => [],
    typed: (_text, _path, { value }) => (typeof value === 'string' ? value : undefined),
    *written(text, path, value) {
      const node = typeof value === 'string' ? leaf(value) : mapping([entry(binaryMark, leaf(encodeBase64(value)))]);
      yield { after: decoder.decode(format.amend(encoder.encode(text), { path, value: node })), node };
    },
  };
}

function refused(message: string, path: Path, hints: readonly string[]): TsopsError {
  return new TsopsError('NOT_REPRESENTABLE', message, { path, hints });
}
