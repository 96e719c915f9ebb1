/**
 * The spelling of a JSON file: the source text of every replaced scalar that its value alone would not restore
 * (`"\u00e9"`, `1.50`, `1e3`). `docs/format.md` §7.
 *
 * The text is JSON, an object shaped like the file but with these scalars only. A step is `:key` for a member
 * (`1:key` for the second member of that name), `3` for the fourth item of an array. A scalar is its token as a string, or as
 * a list of one base64 text where the token is not UTF-8.
 */

import { standsFor } from '../../core/scalar.ts';
import type { Changes } from '../../core/tree.ts';
import { isComment } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { parseJson, parseToken } from './parser.ts';
import { printScalar, quote } from './print.ts';
import { type JsonContainer, type JsonNode, type JsonObject, type JsonScalar, nodeOf } from './syntax.ts';
import { exactTextOf, toByteText } from './utf8.ts';

/** The spelling of the changed slots, or undefined where printing restores all of them. */
export function spellingOf(
  byteText: string,
  file: JsonContainer,
  scalars: readonly JsonScalar[],
  changes: Changes,
): string | undefined {
  const tokens = new Map<number, string>();
  for (const scalar of scalars) {
    if (changes[scalar.slot] === undefined) continue;
    const token = byteText.slice(scalar.start, scalar.end);
    if (token !== toByteText(printScalar(scalar.value))) tokens.set(scalar.slot, token);
  }
  return tokens.size === 0 ? undefined : new SpellingWriter(tokens).write(file);
}

interface Frame {
  readonly node: JsonContainer;
  /** The step that leads here; empty for the root. */
  readonly step: string;
  readonly steps: StepCounter;
  at: number;
}

class SpellingWriter {
  private readonly tokens: ReadonlyMap<number, string>;
  private readonly pieces: string[] = [];
  private readonly open: Frame[] = [];
  /** How many frames from the root have been written: those above are never written without these. */
  private written = 0;
  private needsComma = false;

  constructor(tokens: ReadonlyMap<number, string>) {
    this.tokens = tokens;
  }

  write(file: JsonContainer): string {
    this.enter(file, '');
    for (let frame = this.open.at(-1); frame !== undefined; frame = this.open.at(-1)) {
      const part = frame.node.parts[frame.at];
      if (part === undefined) this.leave();
      else this.visit(nodeOf(part), frame.steps.step('key' in part ? part.key : frame.at), frame);
    }
    return this.pieces.join('');
  }

  private visit(node: JsonNode, step: string, frame: Frame): void {
    frame.at++;
    if (node.kind !== 'scalar') {
      this.enter(node, step);
      return;
    }
    const token = this.tokens.get(node.slot);
    if (token === undefined) return;
    for (const outer of this.open.slice(this.written)) this.begin(outer.step);
    this.written = this.open.length;
    this.separate();
    this.pieces.push(quote(step), ':', storedToken(token));
    this.needsComma = true;
  }

  private enter(node: JsonContainer, step: string): void {
    this.open.push({ node, step, steps: new StepCounter(), at: 0 });
  }

  private begin(step: string): void {
    this.separate();
    this.pieces.push(step === '' ? '' : `${quote(step)}:`, '{');
    this.needsComma = false;
  }

  private separate(): void {
    if (this.needsComma) this.pieces.push(',');
  }

  private leave(): void {
    if (this.open.length === this.written) {
      this.pieces.push('}');
      this.needsComma = true;
      this.written--;
    }
    this.open.pop();
  }
}

/** Names the parts of one container. */
class StepCounter {
  private readonly seen = new Map<string, number>();

  step(name: string | number): string {
    if (typeof name === 'number') return String(name);
    const count = this.seen.get(name) ?? 0;
    this.seen.set(name, count + 1);
    return `${count === 0 ? '' : count}:${name}`;
  }
}

function storedToken(token: string): string {
  const text = exactTextOf(token);
  return text === undefined ? `["${Buffer.from(token, 'latin1').toString('base64')}"]` : quote(text);
}

/**
 * The tokens that a spelling gives for slots of a file, as byte text. What does not fit the file, or does not mean the
 * decrypted value of its slot, is left out; a text that is no spelling gives none.
 */
export function spelledTokens(
  spelling: string | undefined,
  file: JsonContainer,
  changes: Changes,
): Map<number, string> {
  const tokens = new Map<number, string>();
  const root = spelling === undefined ? undefined : parsedOrNothing(() => parseJson(toByteText(spelling)));
  if (root === undefined) return tokens;
  const open: Pair[] = [{ spelled: root, node: file }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const { spelled, node } = pair;
    if (node.kind === 'scalar') addToken(tokens, spelled, node, changes);
    else if (spelled.kind === 'object') openPairs(spelled, node, open);
  }
  return tokens;
}

/** A spelled value and what it speaks of. */
interface Pair {
  readonly spelled: JsonNode;
  readonly node: JsonNode;
}

function openPairs(spelled: JsonObject, node: JsonContainer, open: Pair[]): void {
  const steps = new StepCounter();
  const parts = new Map<string, JsonNode>();
  node.parts.forEach((part, index) => {
    parts.set(steps.step('key' in part ? part.key : index), nodeOf(part));
  });
  for (const { key, value } of spelled.parts) {
    const part = parts.get(key);
    if (part !== undefined) open.push({ spelled: value, node: part });
    // A part is visited once, whatever the spelling repeats.
    parts.delete(key);
  }
}

function addToken(tokens: Map<number, string>, spelled: JsonNode, scalar: JsonScalar, changes: Changes): void {
  const change = changes[scalar.slot];
  const token = tokenOf(spelled);
  if (change === undefined || isComment(change) || token === undefined) return;
  const meant = parsedOrNothing(() => parseToken(token));
  if (meant !== undefined && standsFor(meant, change)) tokens.set(scalar.slot, token);
}

function tokenOf(spelled: JsonNode): string | undefined {
  if (spelled.kind === 'scalar') return typeof spelled.value === 'string' ? toByteText(spelled.value) : undefined;
  const [only] = spelled.kind === 'array' ? spelled.parts : [];
  if (only?.kind !== 'scalar' || typeof only.value !== 'string') return undefined;
  return Buffer.from(only.value, 'base64').toString('latin1');
}

function parsedOrNothing<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}
