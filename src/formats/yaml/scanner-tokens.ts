/** What the scanner cuts the text into. */

import type { BlockLayout, ScalarStyle } from './syntax.ts';

export const TokenType = {
  streamStart: 0,
  streamEnd: 1,
  versionDirective: 2,
  tagDirective: 3,
  documentStart: 4,
  documentEnd: 5,
  blockSequenceStart: 6,
  blockMappingStart: 7,
  blockEnd: 8,
  flowSequenceStart: 9,
  flowSequenceEnd: 10,
  flowMappingStart: 11,
  flowMappingEnd: 12,
  /** `-` */
  blockEntry: 13,
  /** `,` */
  flowEntry: 14,
  /** `?`, or the place where a simple key starts */
  key: 15,
  /** `:` */
  value: 16,
  alias: 17,
  anchor: 18,
  tag: 19,
  scalar: 20,
} as const;

export type TokenType = (typeof TokenType)[keyof typeof TokenType];

export interface Token {
  readonly type: TokenType;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  /** Of a scalar the cooked text, of an alias or anchor its name, of a tag (or %TAG) its handle, '' for a verbatim tag. */
  readonly text: string;
  /** Of a tag what follows the handle, of a %TAG its prefix. */
  readonly suffix: string;
  readonly style: ScalarStyle;
  readonly block: BlockLayout | undefined;
}

/** A token without text. */
export function mark(type: TokenType, start: number, end: number, line: number, column: number): Token {
  return { type, start, end, line, column, text: '', suffix: '', style: 'plain', block: undefined };
}
