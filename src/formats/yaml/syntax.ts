/**
 * What the YAML parser gives: nodes with their place in the text, and comments attached as go-yaml attaches them.
 *
 * The grammar, the scalars and the comment places are those of go.yaml.in/yaml v3.0.4, since that is what sops sees of
 * a file. All offsets are UTF-16 code units in the decoded text (BOM included); lines and columns count from 0 in here.
 */

export interface CommentLine {
  /** Offset of the `#`. */
  readonly start: number;
  /** Offset behind the last character of the comment, before the line break. */
  readonly end: number;
  /** The text behind the `#`, spaces included. */
  readonly text: string;
}

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded';

interface Base {
  /** Where the first property (tag or anchor) starts; equal to `start` where the node has none. */
  readonly propsStart: number;
  /** The node itself without properties. For a block scalar: from the `|` or `>` through the last content line, its break excluded when chomped away is irrelevant: `end` is where the next token's line begins. For an empty (absent) plain scalar: start === end, where a value could be written. */
  readonly start: number;
  readonly end: number;
  /** Line and column of `start`. */
  readonly line: number;
  readonly column: number;
  /** As in the source with handles resolved (`tag:yaml.org,2002:str`, `!local`, `!` for the non-specific tag); '' where there is none. */
  readonly tag: string;
  readonly anchor: string;
  /** Whether the node stands inside a flow collection. */
  readonly inFlow: boolean;
  /** go-yaml's HeadComment, LineComment and FootComment of the node, split into lines, empty lines left out. */
  head: readonly CommentLine[];
  lineComment: readonly CommentLine[];
  foot: readonly CommentLine[];
}

export interface ScalarNode extends Base {
  readonly kind: 'scalar';
  readonly style: ScalarStyle;
  /** The cooked text as go-yaml computes it. */
  readonly text: string;
}

export interface MappingNode extends Base {
  readonly kind: 'mapping';
  readonly flow: boolean;
  readonly pairs: readonly { readonly key: SyntaxNode; readonly value: SyntaxNode }[];
}

export interface SequenceNode extends Base {
  readonly kind: 'sequence';
  readonly flow: boolean;
  /** Offset of the `-` of each item in a block sequence; empty for a flow sequence. */
  readonly dashes: readonly number[];
  readonly items: readonly SyntaxNode[];
}

export interface AliasNode extends Base {
  readonly kind: 'alias';
  readonly name: string;
  /** The anchored node; an alias of a collection that contains it is refused by the parser. */
  readonly target: SyntaxNode;
}

export type SyntaxNode = ScalarNode | MappingNode | SequenceNode | AliasNode;

export interface YamlDocument {
  /** Comments of go-yaml's document node. */
  readonly head: readonly CommentLine[];
  readonly foot: readonly CommentLine[];
  /** undefined for a document without any node (go-yaml reads null there). */
  readonly root: SyntaxNode;
  /** Offset where the document starts: its directives, its `---`, or its first character. */
  readonly start: number;
  /** True where a `---` opens the document. */
  readonly explicitStart: boolean;
  /** Offset behind the `---` (or equal to `start` without one). */
  readonly bodyStart: number;
  /** Offset of the line start of the `...` or the next document's first line (`---` or `%`), or the end of the text. */
  readonly end: number;
}

export interface YamlStream {
  readonly text: string;
  readonly documents: readonly YamlDocument[];
  /** Every comment of the text in order of position, also those that go-yaml loses. */
  readonly comments: readonly CommentLine[];
}
