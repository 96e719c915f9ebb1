/** The keys of one mapping, to find the second of two equal ones. */

import type { SyntaxNode } from './syntax.ts';

/** From this many scalar keys on they are kept in a set. */
const many = 8;

/** Keys are equal as in go-yaml: same kind of node and same text; two collections are equal, tags do not matter. */
export class Keys {
  #few: string[] = [];
  #texts: Set<string> | undefined;
  #others: Set<string> | undefined;

  /** False where an equal key is there already. */
  add(key: SyntaxNode): boolean {
    if (key.kind !== 'scalar') {
      this.#others ??= new Set();
      return addTo(this.#others, key.kind === 'alias' ? `*${key.name}` : key.kind);
    }
    if (this.#texts !== undefined) return addTo(this.#texts, key.text);
    if (this.#few.includes(key.text)) return false;
    this.#few.push(key.text);
    if (this.#few.length === many) this.#texts = new Set(this.#few);
    return true;
  }
}

function addTo(set: Set<string>, text: string): boolean {
  const before = set.size;
  return set.add(text).size > before;
}
