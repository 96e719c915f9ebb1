/**
 * A tree as the YAML text that sops 3.13.2 prints for it (stores/yaml/store.go, func EmitPlainFile and EmitValue):
 * which comment becomes the head, line or foot comment of which node. The layout is that of `emit.ts`.
 */

import { type Comment, type Entry, entry, type Mapping, mapping, type Node, type Sequence } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { type Child, type CommentedCollection, type CommentedNode, Emitter, joined } from './emit.ts';
import { type StyledScalar, styled } from './printscalar.ts';

export { printScalar } from './printscalar.ts';
export { asDoubleQuoted, asFolded, asLiteral, asPlain, asSingleQuoted } from './printstyle.ts';

/** Spaces per level where nothing else is asked for. */
const defaultIndent = 4;

interface PrintYamlOptions {
  /** Spaces per level, 4 by default; go-yaml prints 2 for 1 and for more than 9. */
  readonly indent?: number | undefined;
  /** The `sops` mapping, which becomes the last entry of every document. */
  readonly block?: Mapping | undefined;
}

/**
 * The documents of a file, `---` between them.
 * @throws TsopsError NOT_REPRESENTABLE for a negative indentation
 */
export function printYaml(documents: readonly Mapping[], { indent, block }: PrintYamlOptions): string {
  if (indent !== undefined && indent < 0) {
    throw new TsopsError('NOT_REPRESENTABLE', 'the indentation of YAML cannot be negative', {
      hints: ['Give a number of spaces from 2 to 9.'],
    });
  }
  const emitter = new Emitter(indent || defaultIndent);
  for (const root of documents) {
    const whole = block === undefined ? root : mapping([...root.items, entry('sops', block)]);
    emitter.document(commented(whole, none));
  }
  return emitter.text;
}

/** One node on its own, with a final line break: what `--extract` shows of everything but a string. */
export function printYamlNode(node: Node): string {
  const emitter = new Emitter(defaultIndent);
  emitter.document(commented(node, none));
  return emitter.text;
}

interface Surroundings {
  readonly head: string;
  readonly line: string;
  readonly foot: string;
}

const none: Surroundings = { head: '', line: '', foot: '' };

/** The node with the comments that stand around it, and the comments at the beginning of a collection, which are its own. */
function commented(node: Node, around: Surroundings): CommentedNode {
  if (node.kind === 'leaf') return { kind: 'leaf', leaf: node, ...around };
  const { head, line, foot } = around;
  const items = node.items;
  const first = items.findIndex(item => item.kind !== 'comment');
  if (first < 0) return { ...empty(node), head: joined(head, lines(items)), line, foot };
  const last = items.findLastIndex(item => item.kind !== 'comment');
  const trailing = lines(items.slice(last + 1));
  const own = joined(head, lines(items.slice(0, first).filter(item => item.kind === 'comment' && !item.inline)));
  const ends =
    node.kind === 'mapping'
      ? { tail: trailing, children: children(node, first, last, '') }
      : { tail: '', children: children(node, first, last, trailing) };
  return { kind: node.kind, head: own, line, foot, isEmpty: false, ...ends };
}

function empty({ kind }: Mapping | Sequence): CommentedCollection {
  return { kind, ...none, tail: '', isEmpty: true, children: ([] as Child[]).values() as Iterator<Child, undefined> };
}

function* children(
  { items }: Mapping | Sequence,
  first: number,
  last: number,
  foot: string,
): Generator<Child, undefined> {
  let heads: Comment[] = [];
  let inlines = items
    .slice(0, first)
    .filter(item => item.kind === 'comment')
    .filter(item => item.inline);
  for (let i = first; i <= last; i++) {
    const item = items[i];
    if (item?.kind === 'comment') (item.inline ? inlines : heads).push(item);
    if (item === undefined || item.kind === 'comment') continue;
    yield child(item, { head: lines(heads), line: lines(inlines), foot: i === last ? foot : '' });
    heads = [];
    inlines = [];
  }
}

function child(item: Entry | Node, around: Surroundings): Child {
  if (item.kind !== 'entry') return { key: undefined, keyHead: '', value: commented(item, around) };
  return { key: styledKey(item), keyHead: around.head, value: commented(item.value, { ...around, head: '' }) };
}

/** A key `<<` before something that cannot be merged is text; sops writes a merge all the same and cannot read the file. */
function styledKey({ key, value }: Entry): StyledScalar {
  const scalar = styled(key);
  return scalar.tag === '!!merge' && !isMergeable(value) ? { text: key, style: 'double', tag: '' } : scalar;
}

function isMergeable(node: Node): boolean {
  if (node.kind !== 'sequence') return node.kind === 'mapping';
  return node.items.every(item => item.kind === 'mapping' || item.kind === 'comment');
}

/** Comments as lines of text; sops puts those that stood on the line of a value behind the others. */
function lines(items: readonly (Entry | Node | Comment)[]): string {
  const comments = items.filter(item => item.kind === 'comment');
  const ordered = [...comments.filter(item => !item.inline), ...comments.filter(item => item.inline)];
  return ordered.map(item => `#${item.text}`).join('\n');
}
