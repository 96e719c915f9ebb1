/** Which leaves are encrypted. `docs/format.md` §5; sops 3.13.2 sops.go shouldBeEncrypted. */

import { TsopsError } from '../errors.ts';

/**
 * The one rule of a file. `none` is what binary files have in memory; a stored block without a rule means
 * `unencrypted_suffix: _unencrypted`.
 */
export type SelectionRule =
  | { readonly kind: 'none' }
  | {
      readonly kind:
        | 'unencryptedSuffix'
        | 'encryptedSuffix'
        | 'unencryptedRegex'
        | 'encryptedRegex'
        | 'unencryptedCommentRegex'
        | 'encryptedCommentRegex';
      readonly text: string;
    };

/** What sops assumes where neither the command line nor the creation rule nor the file names a rule. */
export const defaultSelection: SelectionRule = { kind: 'unencryptedSuffix', text: '_unencrypted' };

/** Whether it says anything: no block can store a rule without a text, so the file would be read by the default. */
export const isRule = (rule: SelectionRule | undefined): rule is SelectionRule =>
  rule !== undefined && rule.kind !== 'none' && rule.text !== '';

/** A compiled rule. Walks ask it through scopes, one per container. */
export interface Selection {
  /** The scope of the root of a document. */
  root(): Scope;
  /** Whether the ciphertext of a comment would count as a comment that switches encryption off. */
  refusesCiphertext(text: string): boolean;
  /** Whether a comment with this text decides about what follows it. */
  isTrigger(text: string): boolean;
}

/**
 * The rule within one mapping or sequence. A match on a key covers the subtree below it. A comment is active for itself, for
 * the comments after it, and for the next sibling with all below it (sops 3.13.2 sops.go walkBranch, walkSlice).
 */
export interface Scope {
  /** Whether a leaf of this container is encrypted; `key` is undefined for an item of a sequence. */
  selects(key: string | undefined): boolean;
  /** Makes a comment of this container active and tells whether it is encrypted itself. */
  selectsComment(text: string): boolean;
  /** The scope of a container in this one. */
  enter(key: string | undefined): Scope;
  /** To be called behind every sibling that is no comment: the comments before it are no longer active. */
  leaveSibling(): void;
}

/** Matches nothing and so decides nothing: what sops makes of a pattern that Go refuses. */
const matchesNothing: Matcher = () => false;

type Matcher = (text: string) => boolean;

/**
 * Compiles a rule; regular expressions are loaded only where the rule has one. An empty text is no rule, as in sops.
 * `invalidMatchesNothing` is for reading: sops writes files with patterns that Go refuses and treats them as matching nothing.
 * @throws TsopsError PATTERN_INVALID
 */
export async function compileSelection(
  rule: SelectionRule,
  options: { readonly invalidMatchesNothing?: boolean } = {},
): Promise<Selection> {
  if (rule.kind === 'none' || rule.text === '') return keySelection(matchesNothing, false);
  const { kind, text } = rule;
  if (kind === 'unencryptedSuffix') return keySelection(key => key.endsWith(text), false);
  if (kind === 'encryptedSuffix') return keySelection(key => key.endsWith(text), true);
  const matcher = await patternMatcher(text, options.invalidMatchesNothing ?? false);
  if (kind === 'unencryptedRegex') return keySelection(remembered(matcher), false);
  if (kind === 'encryptedRegex') return keySelection(remembered(matcher), true);
  return commentSelection(matcher, kind === 'encryptedCommentRegex');
}

async function patternMatcher(text: string, invalidMatchesNothing: boolean): Promise<Matcher> {
  const { compilePattern } = await import('./regex.ts');
  try {
    const pattern = await compilePattern(text);
    return input => pattern.test(input);
  } catch (error) {
    if (invalidMatchesNothing && error instanceof TsopsError && error.code === 'PATTERN_INVALID') return matchesNothing;
    throw error;
  }
}

/** The same keys come again and again in the items of a list. */
function remembered(matcher: Matcher): Matcher {
  const answers = new Map<string, boolean>();
  return key => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = matcher(key);
    answers.set(key, answer);
    return answer;
  };
}

/** `selecting` tells whether a match encrypts or leaves in clear. */
function keySelection(matches: Matcher, selecting: boolean): Selection {
  const scopes = { inside: keyScope(true), outside: keyScope(false) };
  function keyScope(covered: boolean): Scope {
    const isCovered = (key: string | undefined): boolean => covered || (key !== undefined && matches(key));
    return {
      selects: key => isCovered(key) === selecting,
      selectsComment: () => covered === selecting,
      enter: key => (isCovered(key) ? scopes.inside : scopes.outside),
      leaveSibling: () => {},
    };
  }
  return { root: () => scopes.outside, refusesCiphertext: () => false, isTrigger: () => false };
}

function commentSelection(matches: Matcher, selecting: boolean): Selection {
  return {
    root: () => new CommentScope(matches, selecting, false),
    refusesCiphertext: text => !selecting && matches(text),
    isTrigger: matches,
  };
}

class CommentScope implements Scope {
  readonly #matches: Matcher;
  readonly #selecting: boolean;
  /** Whether an active comment of an outer container matches. */
  readonly #outer: boolean;
  /** Whether an active comment of this container matches. */
  #active = false;

  constructor(matches: Matcher, selecting: boolean, outer: boolean) {
    this.#matches = matches;
    this.#selecting = selecting;
    this.#outer = outer;
  }

  selects(): boolean {
    return (this.#outer || this.#active) === this.#selecting;
  }

  /** Under an `encrypted` rule the comment that triggers it stays readable, so its own text does not count. */
  selectsComment(text: string): boolean {
    const before = this.selects();
    this.#active ||= this.#matches(text);
    return this.#selecting ? before : this.selects();
  }

  enter(): Scope {
    return new CommentScope(this.#matches, this.#selecting, this.#outer || this.#active);
  }

  leaveSibling(): void {
    this.#active = false;
  }
}
