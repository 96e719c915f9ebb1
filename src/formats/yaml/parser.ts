/** Parses a YAML text to its documents. */

import { Composer } from './compose.ts';
import { syntaxError } from './parser-problems.ts';
import { checkCharacters } from './reader.ts';
import { Scanner } from './scanner.ts';
import { type Token, TokenType } from './scanner-tokens.ts';
import type { SyntaxNode, YamlDocument, YamlStream } from './syntax.ts';

export { type DecodedYaml, decodeYaml, encodeYaml, type YamlEncoding } from './reader.ts';

/**
 * Parses a whole text; a text without any node or `---` has no documents.
 * @throws TsopsError FILE_SYNTAX with line and column: what go-yaml v3.0.4 refuses, a duplicate key in the first document,
 * an alias inside the value that it names.
 */
export function parseYaml(text: string): YamlStream {
  const scanner = new Scanner(text, checkCharacters(text));
  const documents = new StreamParser(scanner).read();
  return { text, documents, comments: scanner.comments.all };
}

class StreamParser {
  readonly scanner: Scanner;
  readonly composer: Composer;

  constructor(scanner: Scanner) {
    this.scanner = scanner;
    this.composer = new Composer(scanner);
  }

  read(): YamlDocument[] {
    const { scanner } = this;
    const documents: YamlDocument[] = [];
    scanner.peek();
    scanner.skip();
    for (let token = scanner.peek(); token.type !== TokenType.streamEnd; token = this.#nextStart()) {
      const isFirst = documents.length === 0;
      documents.push(isFirst && !opensDocument(token) ? this.#implicit(token) : this.#explicit(token));
      if (isFirst) refuseDuplicate(documents[0] as YamlDocument);
    }
    return documents;
  }

  #nextStart(): Token {
    const { scanner } = this;
    for (;;) {
      const token = scanner.peek();
      if (token.type !== TokenType.documentEnd) return token;
      scanner.skip();
    }
  }

  #implicit(token: Token): YamlDocument {
    const head = this.scanner.comments.takeDocumentHead();
    return this.#finish(
      { head, start: token.start, explicitStart: false, bodyStart: token.start },
      this.composer.compose(),
    );
  }

  #explicit(first: Token): YamlDocument {
    const { scanner } = this;
    this.#directives();
    const token = scanner.peek();
    if (token.type !== TokenType.documentStart) throw syntaxError('documentStart', token.line, token.column);
    scanner.skip();
    const opening = { head: [], start: first.start, explicitStart: true, bodyStart: token.end };
    const next = scanner.peek();
    const isEmpty = opensDocument(next) || next.type === TokenType.documentEnd || next.type === TokenType.streamEnd;
    const root = isEmpty ? this.composer.absent(token.end, token.line, token.column + 3) : this.composer.compose();
    return this.#finish(opening, root);
  }

  #directives(): void {
    const { scanner, composer } = this;
    let hasVersion = false;
    for (let token = scanner.peek(); ; token = scanner.peek()) {
      if (token.type === TokenType.versionDirective) {
        if (hasVersion) throw syntaxError('twoVersions', token.line, token.column);
        if (token.text !== '1' || token.suffix !== '1') throw syntaxError('badVersion', token.line, token.column);
        hasVersion = true;
      } else if (token.type === TokenType.tagDirective) {
        if (composer.handles.has(token.text)) throw syntaxError('twoHandles', token.line, token.column);
        composer.handles.set(token.text, token.suffix);
      } else return;
      scanner.skip();
    }
  }

  #finish(
    opening: Omit<YamlDocument, 'foot' | 'root' | 'end' | 'explicitEnd' | 'duplicate'>,
    root: SyntaxNode,
  ): YamlDocument {
    const { scanner, composer } = this;
    const token = scanner.peek();
    const explicitEnd = token.type === TokenType.documentEnd;
    if (explicitEnd) scanner.skip();
    const { head, foot } = scanner.comments.take();
    const { duplicate } = composer;
    composer.duplicate = undefined;
    composer.handles.clear();
    return { ...opening, foot: foot.length > 0 ? foot : head, root, end: token.start, explicitEnd, duplicate };
  }
}

function opensDocument({ type }: Token): boolean {
  return type === TokenType.versionDirective || type === TokenType.tagDirective || type === TokenType.documentStart;
}

function refuseDuplicate({ duplicate }: YamlDocument): void {
  if (duplicate !== undefined) throw syntaxError('duplicateKey', duplicate.line, duplicate.column, duplicate.key);
}
