/** Nodes as they are made, and the collections that are open while a document is composed. */

import { type Attached, noComments } from './comments.ts';
import { Keys } from './compose-keys.ts';
import { mark, type Token, TokenType } from './scanner-tokens.ts';
import type { AliasNode, CommentLine, MappingNode, Pair, ScalarNode, SequenceNode, SyntaxNode } from './syntax.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface OpenSequence extends Mutable<SequenceNode> {
  readonly dashes: number[];
  readonly items: SyntaxNode[];
}

export interface OpenMapping extends Mutable<MappingNode> {
  readonly pairs: Pair[];
}

export interface SequenceFrame {
  readonly kind: 'blockSequence' | 'indentlessSequence' | 'flowSequence';
  readonly node: OpenSequence;
}

export interface MappingFrame {
  readonly kind: 'blockMapping' | 'flowMapping' | 'flowPair';
  readonly node: OpenMapping;
  readonly keys: Keys;
  /** The key whose value is next. */
  key: SyntaxNode | undefined;
  question: number;
  colon: number;
  /** False behind a key of a flow mapping that was not announced as one: it has no value. */
  mayHaveValue: boolean;
}

export type Frame = SequenceFrame | MappingFrame;

/** Tag and anchor in front of a node, and where it starts with them. */
export interface Properties {
  readonly start: number;
  readonly tag: string;
  readonly anchor: string;
  /** The last of them. */
  readonly last: Token;
}

export function scalar(
  token: Token,
  properties: Properties | undefined,
  inFlow: boolean,
  attached: Attached,
): ScalarNode {
  return {
    kind: 'scalar',
    propsStart: properties === undefined ? token.start : properties.start,
    start: token.start,
    end: token.end,
    line: token.line,
    column: token.column,
    tag: properties === undefined ? '' : properties.tag,
    anchor: properties === undefined ? '' : properties.anchor,
    inFlow,
    head: attached.head,
    lineComment: attached.line,
    foot: attached.foot,
    style: token.style,
    text: token.text,
    block: token.block,
  };
}

/** A scalar that is not there. */
export function absentScalar(
  at: number,
  line: number,
  column: number,
  inFlow: boolean,
  properties: Properties | undefined,
): ScalarNode {
  return scalar(mark(TokenType.scalar, at, at, line, column), properties, inFlow, noComments);
}

export function alias(
  { start, end, line, column, text: name }: Token,
  inFlow: boolean,
  attached: Attached,
  target: SyntaxNode,
): AliasNode {
  const { head, line: lineComment, foot } = attached;
  const place = { propsStart: start, start, end, line, column };
  return { kind: 'alias', ...place, tag: '', anchor: '', inFlow, head, lineComment, foot, name, target };
}

type Head = readonly CommentLine[];

/** A collection that starts with `token`, as yet without entries. */
export function openFrame(
  kind: Frame['kind'],
  token: Token,
  properties: Properties | undefined,
  inFlow: boolean,
  head: Head,
): Frame {
  if (kind === 'blockSequence' || kind === 'indentlessSequence' || kind === 'flowSequence') {
    const node = openSequence(token, properties, inFlow, head);
    node.flow = kind === 'flowSequence';
    return { kind, node };
  }
  const node = openMapping(token, properties, inFlow, head);
  node.flow = kind !== 'blockMapping';
  const question = kind === 'flowPair' && token.end > token.start ? token.start : -1;
  return { kind, node, keys: new Keys(), key: undefined, question, colon: -1, mayHaveValue: true };
}

function openSequence(token: Token, properties: Properties | undefined, inFlow: boolean, head: Head): OpenSequence {
  return {
    kind: 'sequence',
    propsStart: properties === undefined ? token.start : properties.start,
    start: token.start,
    end: token.start,
    line: token.line,
    column: token.column,
    tag: properties === undefined ? '' : properties.tag,
    anchor: properties === undefined ? '' : properties.anchor,
    inFlow,
    head,
    lineComment: noComments.line,
    foot: noComments.foot,
    flow: false,
    dashes: [],
    items: [],
  };
}

function openMapping(token: Token, properties: Properties | undefined, inFlow: boolean, head: Head): OpenMapping {
  return {
    kind: 'mapping',
    propsStart: properties === undefined ? token.start : properties.start,
    start: token.start,
    end: token.start,
    line: token.line,
    column: token.column,
    tag: properties === undefined ? '' : properties.tag,
    anchor: properties === undefined ? '' : properties.anchor,
    inFlow,
    head,
    lineComment: noComments.line,
    foot: noComments.foot,
    flow: false,
    pairs: [],
  };
}

export function acceptValue(frame: MappingFrame, key: SyntaxNode, value: SyntaxNode): void {
  if (key.foot.length === 0 && value.foot.length > 0) {
    key.foot = value.foot;
    value.foot = noComments.foot;
  }
  frame.node.pairs.push({ key, value, colon: frame.colon, question: frame.question });
  frame.key = undefined;
}

export const isProperty = ({ type }: Token): boolean => type === TokenType.anchor || type === TokenType.tag;

/** The kind of collection that a token opens. */
export function opens({ type }: Token, block: boolean): Frame['kind'] | undefined {
  if (type === TokenType.flowSequenceStart) return 'flowSequence';
  if (type === TokenType.flowMappingStart) return 'flowMapping';
  if (block && type === TokenType.blockSequenceStart) return 'blockSequence';
  if (block && type === TokenType.blockMappingStart) return 'blockMapping';
  return undefined;
}
