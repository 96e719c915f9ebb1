/**
 * Typed values from the YAML nodes of a configuration, as go-yaml v3.0.4 decodes into the structs of sops 3.13.2
 * (config/config.go): null means absent, any scalar is a text, aliases and merge keys are followed. Everything that is wrong
 * is CONFIG_INVALID with file, line and column.
 */

import { TsopsError } from '../errors.ts';
import { resolveScalar } from '../formats/yaml/resolve.ts';
import type { MappingNode, ScalarNode, SyntaxNode } from '../formats/yaml/syntax.ts';

/** A position in the configuration, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A text of the configuration and where it stands. */
export interface PlacedText {
  readonly text: string;
  readonly place: Place;
}

/** One key of a mapping with its value. */
export interface Field {
  readonly name: string;
  readonly key: SyntaxNode;
  readonly value: SyntaxNode;
}

/** Aliases can make a few lines mean billions of nodes; no configuration needs this many. */
const maxVisits = 300_000;
/** Nobody reads more than this. */
const maxWarnings = 100;
/** Levels of mappings merged into each other. */
const maxMergeDepth = 100;

export class ConfigReader {
  readonly file: string;
  readonly warnings: string[] = [];
  #visits = 0;

  constructor(file: string) {
    this.file = file;
  }

  fail(node: SyntaxNode, message: string, hints: readonly string[] = []): never {
    throw new TsopsError('CONFIG_INVALID', message, { file: this.file, ...placeOf(node), hints });
  }

  warn(node: SyntaxNode, message: string): void {
    if (this.warnings.length >= maxWarnings) return;
    const { line, column } = placeOf(node);
    this.warnings.push(`${this.file}:${line}:${column}: ${message}`);
  }

  isNull(node: SyntaxNode): boolean {
    const target = this.#target(node);
    return target.kind === 'scalar' && this.#scalar(target) === null;
  }

  /** The known fields of a mapping by name, none for null; the other fields go to `unknown`. */
  record<K extends string>(
    node: SyntaxNode,
    what: string,
    known: readonly K[],
    unknown: (field: Field) => void,
  ): ReadonlyMap<K, Field> {
    const names = new Map<string, K>(known.map(name => [name, name]));
    const fields = new Map<K, Field>();
    for (const field of this.fields(node, what)) {
      const name = names.get(field.name);
      if (name === undefined) unknown(field);
      else fields.set(name, field);
    }
    return fields;
  }

  /** All fields of a mapping, then those merged into it; a name that was there before wins. */
  fields(node: SyntaxNode, what: string): Field[] {
    const target = this.#target(node);
    if (target.kind === 'scalar' && this.#scalar(target) === null) return [];
    if (target.kind !== 'mapping') return this.#wrongKind(node, what, 'a mapping');
    const fields = new Map<string, Field>();
    this.#collect(target, fields, 0);
    return [...fields.values()];
  }

  #collect(mapping: MappingNode, fields: Map<string, Field>, depth: number): void {
    if (depth > maxMergeDepth) this.fail(mapping, 'the merge keys (<<) nest too deeply');
    let merged: SyntaxNode | undefined;
    const own = new Set<string>();
    for (const { key, value } of mapping.pairs) {
      this.#visit(key);
      if (isMerge(key)) merged = value;
      else this.#collectPair(key, value, fields, own);
    }
    if (merged !== undefined) for (const source of this.#sources(merged)) this.#collect(source, fields, depth + 1);
  }

  #collectPair(key: SyntaxNode, value: SyntaxNode, fields: Map<string, Field>, own: Set<string>): void {
    if (this.isNull(key)) return;
    const name = this.text(key, 'a key');
    if (own.has(name)) this.fail(key, `the key ${quoted(name)} stands twice in one mapping`);
    own.add(name);
    if (!fields.has(name)) fields.set(name, { name, key, value });
  }

  /** The mappings that a merge key names: one, or a list of them. */
  #sources(node: SyntaxNode): MappingNode[] {
    const nodes = node.kind === 'sequence' ? node.items : [node];
    return nodes.map(item => {
      const target = this.#target(item);
      if (target.kind === 'mapping') return target;
      return this.fail(item, 'a merge key (<<) needs a mapping or a list of mappings');
    });
  }

  /** The items of a list without null ones, none for null. Items of sops's lists of texts and structs alike drop null. */
  list(node: SyntaxNode, what: string): SyntaxNode[] {
    const target = this.#target(node);
    if (target.kind === 'scalar' && this.#scalar(target) === null) return [];
    if (target.kind !== 'sequence') return this.#wrongKind(node, what, 'a list');
    return target.items.filter(item => !this.isNull(item));
  }

  /** The items of a list with null ones; undefined for what is no list. */
  rawList(node: SyntaxNode): readonly SyntaxNode[] | undefined {
    const target = this.#target(node);
    return target.kind === 'sequence' ? target.items : undefined;
  }

  /** The text of any scalar, '' for null. */
  text(node: SyntaxNode, what: string): string {
    const target = this.#target(node);
    if (target.kind !== 'scalar') return this.#wrongKind(node, what, 'a text');
    const value = this.#scalar(target);
    if (value === null) return '';
    if (value instanceof Uint8Array) return this.#wrongKind(node, what, 'UTF-8 text');
    return typeof value === 'string' ? value : target.text;
  }

  /** The text of a scalar that means a string; undefined for all else. */
  string(node: SyntaxNode): string | undefined {
    const target = this.#target(node);
    const value = target.kind === 'scalar' ? this.#scalar(target) : undefined;
    return typeof value === 'string' ? value : undefined;
  }

  /** An integer within bounds; undefined for null. */
  integer(node: SyntaxNode, what: string, minimum: number, maximum: number): number | undefined {
    const target = this.#target(node);
    const value = target.kind === 'scalar' ? this.#scalar(target) : undefined;
    if (value === null) return undefined;
    const number = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : Number.NaN;
    if (Number.isInteger(number) && number >= minimum && number <= maximum) return number;
    return this.#wrongKind(node, what, `a number from ${minimum} to ${maximum}`);
  }

  /** A boolean, also as the words of YAML 1.1, which go-yaml takes where a boolean is wanted; false for null. */
  flag(node: SyntaxNode, what: string): boolean {
    const target = this.#target(node);
    const value = target.kind === 'scalar' ? this.#scalar(target) : undefined;
    if (value === null) return false;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string' && yesWords.has(value)) return true;
    if (typeof value === 'string' && noWords.has(value)) return false;
    return this.#wrongKind(node, what, 'true or false');
  }

  #wrongKind(node: SyntaxNode, what: string, wanted: string): never {
    return this.fail(node, `${what} must be ${wanted}`);
  }

  #scalar(node: ScalarNode): ReturnType<typeof resolveScalar> {
    try {
      return resolveScalar(node);
    } catch (error) {
      if (!(error instanceof TsopsError)) throw error;
      if (error.code === 'NOT_ENCRYPTABLE') return this.fail(node, 'the number is too large');
      return this.fail(node, error.message, error.hints);
    }
  }

  #target(node: SyntaxNode): Exclude<SyntaxNode, { kind: 'alias' }> {
    this.#visit(node);
    let target = node;
    while (target.kind === 'alias') target = target.target;
    return target;
  }

  #visit(node: SyntaxNode): void {
    this.#visits += 1;
    if (this.#visits > maxVisits) this.fail(node, 'the configuration is too large, or its aliases repeat too much');
  }
}

const yesWords: ReadonlySet<string> = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']);
const noWords: ReadonlySet<string> = new Set(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF']);

/** go-yaml: a plain `<<` without a tag, or anything `<<` with the tag of merge keys. */
function isMerge(key: SyntaxNode): boolean {
  if (key.kind !== 'scalar' || key.text !== '<<') return false;
  return key.tag === 'tag:yaml.org,2002:merge' || key.tag === '!' || (key.tag === '' && key.style === 'plain');
}

export function placeOf(node: SyntaxNode): Place {
  return { line: node.line + 1, column: node.column + 1 };
}

/** A name of the file in a message, cut where it is long. */
export function quoted(name: string): string {
  return `"${name.length > 60 ? `${name.slice(0, 60)}…` : name}"`;
}
