/**
 * What the YAML parser gives: nodes with their place in the text, and comments attached as go-yaml attaches them.
 *
 * The grammar, the scalars and the comment places are those of go.yaml.in/yaml v3.0.4, since that is what sops sees of
 * a file. All offsets are UTF-16 code units in the decoded text (BOM included). Lines and columns count from 0 in here;
 * columns count code points, as go-yaml does (offsets of line starts are found in the text, not by subtracting columns).
 */

/** What `!!` stands for. */
export const coreTagPrefix = 'tag:yaml.org,2002:';

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
  /**
   * The node itself without properties.
   * A block scalar runs from its `|` or `>` to the start of the line behind its last line, trailing blank lines included
   * whatever the chomping (`block.contentEnd` leaves them out); at the end of a text without final break, to the end.
   * A flow collection includes its brackets. A block collection runs from its first key (its properties or `?` included)
   * or first dash to the end of its last node (or of its last `:`, `?`, `-` where that node is absent).
   * An absent scalar has start === end: directly behind its properties, else behind the `:`, `-` or `---` that opens
   * it, else behind the key (a key without `:`) or the `?` (an absent key). A separating space may be needed there.
   */
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

/** The parts of a block scalar. */
export interface BlockLayout {
  /** Behind the indentation and chomping indicators (`|2-`), before spaces and comment. */
  readonly headerEnd: number;
  /** Start of the line behind the header (or the end of the text). */
  readonly bodyStart: number;
  /** Columns of indentation of the content, found or given. */
  readonly indent: number;
  /** The indentation indicator as written; 0 where there is none. */
  readonly indicator: number;
  readonly chomping: 'clip' | 'strip' | 'keep';
  /** Behind the last character of the last line that is not blank, before its break; equal to `bodyStart` where there is none. */
  readonly contentEnd: number;
}

export interface ScalarNode extends Base {
  readonly kind: 'scalar';
  readonly style: ScalarStyle;
  /** The cooked text as go-yaml computes it. */
  readonly text: string;
  /** Of literal and folded scalars only. */
  readonly block: BlockLayout | undefined;
}

export interface Pair {
  readonly key: SyntaxNode;
  readonly value: SyntaxNode;
  /** Offset of the `:`, -1 for a key without one. */
  readonly colon: number;
  /** Offset of the explicit `?`, -1 without one. */
  readonly question: number;
}

export interface MappingNode extends Base {
  readonly kind: 'mapping';
  /** Also true for a single pair without braces in a flow sequence (`[a: b]`), which spans from its key to its value. */
  readonly flow: boolean;
  readonly pairs: readonly Pair[];
}

export interface SequenceNode extends Base {
  readonly kind: 'sequence';
  readonly flow: boolean;
  /** Offset of the `-` of each item in a block sequence; empty for a flow sequence. */
  readonly dashes: readonly number[];
  readonly items: readonly SyntaxNode[];
}

/** `start` and `end` cover `*name`. Tag and anchor are always ''. */
export interface AliasNode extends Base {
  readonly kind: 'alias';
  readonly name: string;
  /** The anchored node, of this document or an earlier one; an alias inside the node that it names is refused by the parser. */
  readonly target: SyntaxNode;
}

export type SyntaxNode = ScalarNode | MappingNode | SequenceNode | AliasNode;

/** A key that stands twice in one mapping, in the sense of go-yaml: same kind, same cooked text (`1` and `"1"` are the same). */
export interface DuplicateKey {
  /** Of the second one; from 0. */
  readonly line: number;
  readonly column: number;
  readonly key: string;
}

export interface YamlDocument {
  /** Comments of go-yaml's document node. */
  readonly head: readonly CommentLine[];
  readonly foot: readonly CommentLine[];
  /** An absent plain scalar (start === end, text '') for a document without any node: go-yaml reads null there. */
  readonly root: SyntaxNode;
  /** Offset where the document starts: its directives, its `---`, or the first character of its root. */
  readonly start: number;
  /** True where a `---` opens the document. */
  readonly explicitStart: boolean;
  /** Offset behind the `---` (or equal to `start` without one). */
  readonly bodyStart: number;
  /** Offset of the line start of the `...` or the next document's first line (`---` or `%`), or the end of the text. */
  readonly end: number;
  /** True where a `...` stands at `end`. */
  readonly explicitEnd: boolean;
  /** The first duplicate key at any depth. Always undefined in the first document, where the parser refuses it. */
  readonly duplicate: DuplicateKey | undefined;
}

export interface YamlStream {
  readonly text: string;
  readonly documents: readonly YamlDocument[];
  /** Every comment of the text in order of position, also those that go-yaml loses. */
  readonly comments: readonly CommentLine[];
}
