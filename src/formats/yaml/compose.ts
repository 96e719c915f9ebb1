/**
 * Composes tokens to nodes. Open collections stand on a stack of frames instead of the call stack, so that 10,000 levels
 * are no danger. The productions and the way of the comments are those of go-yaml v3.0.4.
 */

import { type Attached, noComments } from './comments.ts';
import {
  absentScalar,
  acceptValue,
  alias,
  type Frame,
  isProperty,
  type MappingFrame,
  openFrame,
  opens,
  type Properties,
  type SequenceFrame,
  scalar,
} from './compose-frames.ts';
import { syntaxError } from './parser-problems.ts';
import type { Scanner } from './scanner.ts';
import { type Token, TokenType } from './scanner-tokens.ts';
import type { AliasNode, CommentLine, DuplicateKey, ScalarNode, SyntaxNode } from './syntax.ts';

export class Composer {
  /** Tag handles of the current document. */
  readonly handles = new Map<string, string>();
  /** The first duplicate key since it was last reset. */
  duplicate: DuplicateKey | undefined;
  readonly #scanner: Scanner;
  readonly #frames: Frame[] = [];
  /** Anchors stay known through all documents, as in go-yaml. */
  readonly #anchors = new Map<string, SyntaxNode>();
  /** Open collections with an anchor. */
  readonly #openAnchors = new Set<SyntaxNode>();

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  /** Composes the root of a document. */
  compose(): SyntaxNode {
    const frames = this.#frames;
    let done = this.#node(true, false);
    for (;;) {
      const frame = frames.at(-1);
      if (frame === undefined) return done as SyntaxNode;
      if (done !== undefined) this.#accept(frame, done);
      done = this.#step(frame);
    }
  }

  /** A scalar that is not there. */
  absent(at: number, line: number, column: number, inFlow = false): ScalarNode {
    return absentScalar(at, line, column, inFlow, undefined);
  }

  #absentBehind(token: Token, inFlow: boolean): ScalarNode {
    return this.absent(token.end, token.line, token.column + token.end - token.start, inFlow);
  }

  #anchored<T extends SyntaxNode>(node: T): T {
    if (node.anchor !== '') this.#anchors.set(node.anchor, node);
    return node;
  }

  /** One node; undefined where it is a collection, whose frame is then on the stack. */
  #node(block: boolean, indentless: boolean): SyntaxNode | undefined {
    const first = this.#scanner.peek();
    if (first.type === TokenType.alias) return this.#alias(first, !block);
    const properties = isProperty(first) ? this.#properties(first) : undefined;
    const token = properties === undefined ? first : this.#scanner.peek();
    if (token.type === TokenType.scalar) return this.#scalar(token, properties, !block);
    const opened = indentless && token.type === TokenType.blockEntry ? 'indentlessSequence' : opens(token, block);
    if (opened !== undefined) {
      this.#open(opened, token, properties, !block);
      return undefined;
    }
    if (properties === undefined) throw syntaxError('nodeContent', token.line, token.column);
    const { end, line, column, start } = properties.last;
    return this.#anchored(absentScalar(end, line, column + end - start, !block, properties));
  }

  #properties(first: Token): Properties {
    const { type, start } = first;
    this.#scanner.skip();
    const next = this.#scanner.peek();
    const second = isProperty(next) && next.type !== type ? next : undefined;
    if (second !== undefined) this.#scanner.skip();
    const tag = type === TokenType.tag ? first : second;
    const anchor = type === TokenType.anchor ? first : second;
    return { start, tag: tag === undefined ? '' : this.#tag(tag), anchor: anchor?.text ?? '', last: second ?? first };
  }

  #tag(token: Token): string {
    const { text: handle, suffix } = token;
    if (handle === '') return suffix;
    const prefix =
      this.handles.get(handle) ?? (handle === '!' ? '!' : handle === '!!' ? 'tag:yaml.org,2002:' : undefined);
    if (prefix === undefined) throw syntaxError('unknownHandle', token.line, token.column);
    return prefix + suffix;
  }

  #alias(token: Token, inFlow: boolean): AliasNode {
    const target = this.#anchors.get(token.text);
    if (target === undefined) throw syntaxError('unknownAlias', token.line, token.column);
    if (this.#openAnchors.has(target)) throw syntaxError('aliasInside', token.line, token.column);
    const attached = this.#scanner.comments.take();
    this.#scanner.skip();
    return alias(token, inFlow, attached, target);
  }

  #scalar(token: Token, properties: Properties | undefined, inFlow: boolean): ScalarNode {
    const attached = this.#scanner.comments.take();
    this.#scanner.skip();
    const node = scalar(token, properties, inFlow, attached);
    return properties === undefined ? node : this.#anchored(node);
  }

  #open(kind: Frame['kind'], token: Token, properties: Properties | undefined, inFlow: boolean): void {
    const head = this.#headOf(kind);
    // The first dash of a list without its own indentation is read as those behind it.
    if (kind !== 'indentlessSequence') this.#scanner.skip();
    const frame = openFrame(kind, token, properties, inFlow, head);
    if (frame.node.anchor !== '') this.#openAnchors.add(this.#anchored(frame.node));
    this.#frames.push(frame);
  }

  #headOf(kind: Frame['kind']): readonly CommentLine[] {
    const { comments } = this.#scanner;
    if (kind === 'blockSequence' || kind === 'blockMapping') return comments.takeStem();
    if (kind === 'flowSequence' || kind === 'flowMapping') return comments.take().head;
    return noComments.head;
  }

  #close(end: number, { line, foot }: Attached = noComments): SyntaxNode {
    const { node } = this.#frames.pop() as Frame;
    node.end = end;
    node.lineComment = line;
    node.foot = foot;
    if (node.anchor !== '') this.#openAnchors.delete(node);
    return node;
  }

  /** Gives the node that is complete to the collection that it stands in. */
  #accept(frame: Frame, node: SyntaxNode): void {
    if (!('key' in frame)) frame.node.items.push(node);
    else if (frame.key === undefined) this.#acceptKey(frame, node);
    else acceptValue(frame, frame.key, node);
  }

  #acceptKey(frame: MappingFrame, key: SyntaxNode): void {
    const previous = frame.node.pairs.at(-1);
    if (!frame.node.flow && key.foot.length > 0 && previous !== undefined) {
      // A foot comment in front of a key is that of the entry before.
      previous.key.foot = key.foot;
      key.foot = noComments.foot;
    }
    frame.key = key;
    frame.colon = -1;
    if (this.duplicate !== undefined || frame.keys.add(key)) return;
    this.duplicate = { line: key.line, column: key.column, key: key.kind === 'scalar' ? key.text : '' };
  }

  /** Goes on with the innermost open collection: one node of it, or undefined where that node is a collection. */
  #step(frame: Frame): SyntaxNode | undefined {
    switch (frame.kind) {
      case 'blockSequence':
      case 'indentlessSequence':
        return this.#blockItem(frame);
      case 'flowSequence':
        return this.#flowItem(frame);
      case 'blockMapping':
        return frame.key === undefined ? this.#blockKey(frame) : this.#blockValue(frame, frame.key);
      case 'flowMapping':
        return frame.key === undefined
          ? this.#flowKey(frame)
          : this.#flowValue(frame, frame.key, TokenType.flowMappingEnd);
      case 'flowPair':
        return this.#pairPart(frame);
    }
  }

  #blockItem({ kind, node }: SequenceFrame): SyntaxNode | undefined {
    const scanner = this.#scanner;
    const dash = scanner.peek();
    if (dash.type !== TokenType.blockEntry) {
      const end = node.items.at(-1)?.end ?? node.start;
      if (kind === 'indentlessSequence') return this.#close(end);
      if (dash.type !== TokenType.blockEnd) throw syntaxError('blockDash', dash.line, dash.column);
      scanner.skip();
      return this.#close(end);
    }
    node.dashes.push(dash.start);
    const { headLength } = scanner.comments;
    scanner.skip();
    const next = scanner.peek();
    const opensBlock = next.type === TokenType.blockSequenceStart || next.type === TokenType.blockMappingStart;
    if (headLength > 0 && opensBlock) scanner.comments.splitStem(headLength);
    const isEmpty = next.type === TokenType.blockEntry || next.type === TokenType.blockEnd;
    const endsKey = kind === 'indentlessSequence' && (next.type === TokenType.key || next.type === TokenType.value);
    return isEmpty || endsKey ? this.#absentBehind(dash, false) : this.#node(true, false);
  }

  #blockKey(frame: MappingFrame): SyntaxNode | undefined {
    const scanner = this.#scanner;
    const { node } = frame;
    const token = scanner.peek();
    if (token.type === TokenType.key) return this.#announcedKey(frame, token, true);
    if (token.type !== TokenType.blockEnd) throw syntaxError('blockKey', token.line, token.column);
    const attached = scanner.comments.take();
    scanner.skip();
    const last = node.pairs.at(-1);
    const closed = this.#close(last?.value.end ?? node.start, attached);
    if (closed.foot.length > 0 && last !== undefined) {
      // A foot comment of the whole mapping is that of its last entry.
      last.key.foot = closed.foot;
      closed.foot = noComments.foot;
    }
    return closed;
  }

  /** A key behind a `?`, or a simple key. */
  #announcedKey(frame: MappingFrame, token: Token, block: boolean): SyntaxNode | undefined {
    const scanner = this.#scanner;
    frame.question = token.end > token.start ? token.start : -1;
    scanner.skip();
    const { type } = scanner.peek();
    const isAbsent = block
      ? type === TokenType.key || type === TokenType.value || type === TokenType.blockEnd
      : type === TokenType.value || type === TokenType.flowEntry || type === TokenType.flowMappingEnd;
    return isAbsent ? this.#absentBehind(token, !block) : this.#node(block, block);
  }

  #blockValue(frame: MappingFrame, key: SyntaxNode): SyntaxNode | undefined {
    const scanner = this.#scanner;
    const colon = scanner.peek();
    if (colon.type !== TokenType.value) return this.absent(key.end, key.line, key.column);
    frame.colon = colon.start;
    scanner.skip();
    const { type } = scanner.peek();
    const isAbsent = type === TokenType.key || type === TokenType.value || type === TokenType.blockEnd;
    return isAbsent ? this.#absentBehind(colon, false) : this.#node(true, true);
  }

  #flowItem({ node }: SequenceFrame): SyntaxNode | undefined {
    const scanner = this.#scanner;
    const token = this.#passComma(node, node.items.length === 0, TokenType.flowSequenceEnd);
    if (token.type === TokenType.key) {
      this.#open('flowPair', token, undefined, true);
      return undefined;
    }
    if (token.type !== TokenType.flowSequenceEnd) return this.#node(false, false);
    const attached = scanner.comments.take();
    scanner.skip();
    return this.#close(token.end, attached);
  }

  /** The token behind the comma that must stand between two entries of a flow collection. */
  #passComma(node: SyntaxNode, isFirst: boolean, end: TokenType): Token {
    const scanner = this.#scanner;
    const token = scanner.peek();
    if (token.type === TokenType.streamEnd) throw syntaxError('flowEnd', node.line, node.column);
    if (isFirst || token.type === end) return token;
    if (token.type !== TokenType.flowEntry) {
      throw syntaxError(node.kind === 'sequence' ? 'flowSequence' : 'flowMapping', token.line, token.column);
    }
    scanner.skip();
    return scanner.peek();
  }

  #flowKey(frame: MappingFrame): SyntaxNode | undefined {
    const scanner = this.#scanner;
    const token = this.#passComma(frame.node, frame.node.pairs.length === 0, TokenType.flowMappingEnd);
    frame.mayHaveValue = token.type === TokenType.key;
    frame.question = -1;
    if (token.type === TokenType.key) return this.#announcedKey(frame, token, false);
    if (token.type !== TokenType.flowMappingEnd) return this.#node(false, false);
    const attached = scanner.comments.take();
    scanner.skip();
    return this.#close(token.end, attached);
  }

  #flowValue(frame: MappingFrame, key: SyntaxNode, end: TokenType): SyntaxNode | undefined {
    const scanner = this.#scanner;
    const colon = scanner.peek();
    if (!frame.mayHaveValue || colon.type !== TokenType.value) return this.absent(key.end, key.line, key.column, true);
    frame.colon = colon.start;
    scanner.skip();
    const { type } = scanner.peek();
    return type === TokenType.flowEntry || type === end ? this.#absentBehind(colon, true) : this.#node(false, false);
  }

  /** The key, the value or the end of a pair without braces in a flow sequence. */
  #pairPart(frame: MappingFrame): SyntaxNode | undefined {
    const pair = frame.node.pairs[0];
    if (pair !== undefined) {
      // go-yaml looks at the token behind the pair here, and with it collects comments.
      this.#scanner.peek();
      return this.#close(pair.value.end);
    }
    if (frame.key !== undefined) return this.#flowValue(frame, frame.key, TokenType.flowSequenceEnd);
    const { type, line, column } = this.#scanner.peek();
    const isAbsent = type === TokenType.value || type === TokenType.flowEntry || type === TokenType.flowSequenceEnd;
    // go-yaml passes over the token behind such a `?`, whatever it is.
    if (isAbsent) throw syntaxError('nodeContent', line, column);
    return this.#node(false, false);
  }
}
