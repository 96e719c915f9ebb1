/**
 * Writes a commented tree as go-yaml lays it out (go.yaml.in/yaml v3.0.4 emitterc.go): where a line breaks, how far it is
 * indented, and where the comments end up. `docs/format.md` §8.
 *
 * go-yaml keeps comments in five registers that the next suitable place empties, not always the place they were meant for.
 * The registers are kept here as they are there, since sops prints exactly what comes of them.
 */

import type { Leaf } from '../../core/tree.ts';
import { flowText, isMultiline, literalBody, literalHeader, type StyledScalar, styled } from './printscalar.ts';

/** A node with its comments, which are whole lines with their `#`, joined by line breaks; '' is none. */
export type CommentedNode = CommentedLeaf | CommentedCollection;

interface Commented {
  readonly head: string;
  readonly line: string;
  readonly foot: string;
}

export interface CommentedLeaf extends Commented {
  readonly kind: 'leaf';
  readonly leaf: Leaf;
}

export interface CommentedCollection extends Commented {
  readonly kind: 'mapping' | 'sequence';
  /** Behind the last entry of a mapping. */
  readonly tail: string;
  /** Made when it is asked for, child by child: a tree of any depth and size takes little memory. */
  readonly children: Iterator<Child, undefined>;
  readonly isEmpty: boolean;
}

/** An entry of a mapping, or an item of a sequence, which has no key. */
export interface Child {
  readonly key: StyledScalar | undefined;
  readonly keyHead: string;
  readonly value: CommentedNode;
}

/** What stands before the node: nothing, a dash, or a key; it decides how far the node's content is indented. */
type Place = 'root' | 'item' | 'entry';

interface Frame {
  readonly node: CommentedCollection;
  /** Indentation to go back to at the end. */
  readonly outer: number;
}

/** go-yaml takes an indentation that is out of its range for 2. */
const effectiveIndent = (indent: number): number => (indent < 2 || indent > 9 ? 2 : indent);

/** Two comments as one, the first one above. */
export const joined = (first: string, second: string): string =>
  first === '' || second === '' ? first + second : `${first}\n${second}`;

/** A key of more bytes than this gets a `?`. */
const longestImplicitKey = 128;

export class Emitter {
  readonly #step: number;
  readonly #out: string[] = [];
  readonly #frames: Frame[] = [];
  #documents = 0;

  #column = 0;
  #indent = -1;
  /** Whether the last character was blank, and whether only indentation and indicators stand in this line so far. */
  #whitespace = true;
  #indention = true;
  /** A line at this indentation gets a blank line before it: a foot comment stands above. */
  #footIndent = -1;

  /** Whether the last thing written is a block that ends with blank lines (`|+`). */
  #keepsBlankLines = false;

  #head = '';
  #line = '';
  #foot = '';
  #tail = '';
  #keyLine = '';

  constructor(indent: number) {
    this.#step = effectiveIndent(indent);
  }

  get text(): string {
    return this.#out.join('');
  }

  document(root: CommentedNode): void {
    if (this.#documents++ > 0) {
      this.#writeIndent();
      this.#indicator('---', { blankBefore: true });
      this.#writeIndent();
    }
    this.#begin(root);
    this.#headComment();
    this.#node(root, 'root');
    while (this.#frames.length > 0) this.#child();
    // go-yaml would print what is left on a line of the next document, or nowhere.
    this.#hold({ foot: joined(this.#keyLine, this.#line) });
    this.#keyLine = '';
    this.#line = '';
    // A blank line in front of the comment would belong to a block that keeps its blank lines.
    this.#footIndent = this.#keepsBlankLines ? -1 : 0;
    this.#footComment();
    this.#footIndent = -1;
    this.#writeIndent();
  }

  /** Takes over the comments of an event. What a register still holds stays before them; go-yaml would lose it. */
  #hold({ head = '', line = '', foot = '', tail = '' }: Partial<Commented> & { readonly tail?: string }): void {
    this.#head = joined(this.#head, head);
    this.#line = joined(this.#line, line);
    this.#foot = joined(this.#foot, foot);
    this.#tail = joined(this.#tail, tail);
  }

  /** A node behind its dash, its key or nothing. The children of a collection that has some are left to `#child`. */
  #node(node: CommentedNode, place: Place): void {
    if (node.kind === 'leaf') this.#scalar(styled(node.leaf.value), place);
    // A comment that others have left behind comes before the first child, but must not part a key from its `{}`.
    else if (node.isEmpty) this.#emptyCollection(node, place);
    this.#lineComment();
    this.#footComment();
    if (node.kind !== 'leaf' && !node.isEmpty) this.#enter(node, place);
  }

  /** The comments that a node brings when it begins; a collection brings those behind it when it ends. */
  #begin(node: CommentedNode): void {
    this.#hold(node.kind === 'leaf' ? node : { head: node.head });
  }

  #enter(node: CommentedCollection, place: Place): void {
    this.#frames.push({ node, outer: this.#indent });
    this.#indent = this.#contentIndent(place, false);
  }

  #child(): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return;
    const next = frame.node.children.next();
    if (next.value === undefined) this.#leave(frame);
    else if (next.value.key === undefined) this.#item(next.value.value);
    else this.#entry(next.value.key, next.value);
  }

  #leave({ node, outer }: Frame): void {
    this.#hold({ line: node.line, foot: node.foot, tail: node.tail });
    if (node.kind === 'mapping') this.#headComment();
    this.#indent = outer;
    this.#frames.pop();
  }

  #item(node: CommentedNode): void {
    this.#begin(node);
    this.#headComment();
    this.#writeIndent();
    this.#indicator('-', { blankBefore: true, keepsIndention: true });
    this.#node(node, 'item');
  }

  #entry(key: StyledScalar, { keyHead, value }: Child): void {
    this.#hold({ head: keyHead });
    this.#headComment();
    this.#writeIndent();
    this.#keyLine = joined(this.#keyLine, this.#line);
    this.#line = '';
    this.#key(key);
    this.#begin(value);
    this.#keyComment(value);
    this.#node(value, 'entry');
  }

  #key(key: StyledScalar): void {
    const tagged = key.tag === '' ? 0 : key.tag.length;
    const isImplicit = !isMultiline(key.text) && Buffer.byteLength(key.text) + tagged <= longestImplicitKey;
    if (!isImplicit) this.#indicator('?', { blankBefore: true, keepsIndention: true });
    this.#scalar(key, 'entry');
    if (!isImplicit) this.#writeIndent();
    this.#indicator(':', isImplicit ? {} : { blankBefore: true, keepsIndention: true });
  }

  /** A line comment that a collection has left behind goes to the key that follows. */
  #keyComment(value: CommentedNode): void {
    if (this.#keyLine === '' || (value.kind === 'leaf' && this.#line !== '')) return;
    const line = this.#line;
    this.#line = this.#keyLine;
    this.#keyLine = '';
    if (value.kind === 'leaf' || value.isEmpty) return;
    this.#lineComment();
    this.#line = line;
  }

  #scalar(scalar: StyledScalar, place: Place): void {
    if (scalar.tag !== '') this.#word(scalar.tag);
    const column = this.#contentIndent(place, true);
    if (scalar.style !== 'literal') this.#word(flowText(scalar, column));
    // Only one line of comment fits behind a block header; sops lets the next become part of the text.
    else if (isMultiline(this.#line)) this.#word(flowText({ ...scalar, style: 'double' }, column));
    else this.#literal(scalar.text, column);
  }

  #literal(text: string, column: number): void {
    // A text of line breaks alone reads back under every indicator: here sops's own is kept.
    const digit = /[^\n\u2028\u2029]/.test(text) ? column - Math.max(this.#indent, 0) : this.#step;
    const header = literalHeader(text, digit);
    this.#indicator(header, { blankBefore: true });
    if (this.#line === '') this.#break();
    else this.#lineComment();
    const endsLine = /[\n\u2028\u2029]$/.test(text);
    this.#put(literalBody(text, column));
    this.#keepsBlankLines = header.endsWith('+');
    this.#whitespace = true;
    this.#indention = endsLine;
    this.#column = endsLine ? 0 : column + 1;
  }

  #emptyCollection(node: CommentedCollection, place: Place): void {
    const isMapping = node.kind === 'mapping';
    this.#indicator(isMapping ? '{' : '[', { blankBefore: true, isBlank: true });
    const outer = this.#indent;
    this.#indent = this.#contentIndent(place, true);
    this.#hold({ line: node.line, foot: node.foot, tail: node.tail });
    if (isMapping) this.#headComment();
    this.#indent = outer;
    this.#indicator(isMapping ? '}' : ']', {});
  }

  #contentIndent(place: Place, flow: boolean): number {
    if (this.#indent < 0) return flow ? this.#step : 0;
    // Behind a dash only the dash itself is skipped; everything else goes to the next multiple.
    if (place === 'item') return this.#indent + 2;
    return this.#step * (Math.floor(this.#indent / this.#step) + 1);
  }

  #headComment(): void {
    if (this.#tail !== '') {
      this.#ownLine(this.#tail);
      this.#tail = '';
      this.#footIndent = Math.max(this.#indent, 0);
    }
    if (this.#head === '') return;
    this.#ownLine(this.#head);
    this.#head = '';
  }

  #footComment(): void {
    if (this.#foot === '') return;
    this.#ownLine(this.#foot);
    this.#foot = '';
    this.#footIndent = Math.max(this.#indent, 0);
  }

  #lineComment(): void {
    if (this.#line === '') return;
    if (!this.#whitespace) this.#put(' ');
    this.#comment(this.#line);
    this.#line = '';
  }

  #ownLine(comment: string): void {
    this.#writeIndent();
    this.#comment(comment);
  }

  /** Line breaks of any kind inside a comment are kept; a line that has lost its `#` gets one. */
  #comment(text: string): void {
    let breaks = false;
    for (const part of text.match(/[\n\r\x85\u2028\u2029]|[^\n\r\x85\u2028\u2029]+/g) ?? []) {
      if (isMultiline(part)) {
        this.#lineBreak(part);
        breaks = true;
        continue;
      }
      if (breaks) this.#writeIndent();
      this.#put(part.startsWith('#') ? part : `# ${part}`);
      this.#indention = false;
      breaks = false;
    }
    if (!breaks) this.#break();
    this.#whitespace = true;
  }

  #word(text: string): void {
    if (!this.#whitespace && text !== '') this.#put(' ');
    this.#put(text);
    this.#whitespace = false;
    this.#indention = false;
  }

  #indicator(text: string, { blankBefore = false, isBlank = false, keepsIndention = false }): void {
    if (blankBefore && !this.#whitespace) this.#put(' ');
    this.#put(text);
    this.#whitespace = isBlank;
    this.#indention &&= keepsIndention;
  }

  #writeIndent(): void {
    const indent = Math.max(this.#indent, 0);
    const isHere = this.#indention && (this.#column < indent || (this.#column === indent && this.#whitespace));
    if (!isHere) this.#break();
    if (this.#footIndent === indent) this.#break();
    if (this.#column < indent) this.#put(' '.repeat(indent - this.#column));
    this.#whitespace = true;
    this.#footIndent = -1;
  }

  #put(text: string): void {
    this.#out.push(text);
    this.#column += text.length;
    this.#keepsBlankLines = false;
  }

  #break(): void {
    this.#lineBreak('\n');
  }

  #lineBreak(text: string): void {
    this.#out.push(text);
    this.#column = 0;
    this.#indention = true;
  }
}
