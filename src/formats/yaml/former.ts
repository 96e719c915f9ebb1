/**
 * The ciphertexts of a file that is edited, in the style in which they stood there. sops writes every ciphertext as a plain scalar and
 * comments of lists as items; where such text brings back what the edited file has in that place, it stays. `docs/format.md` §9.
 */

import type { Scalar } from '../../core/tree.ts';
import { lineStart, newlineOf } from './patch.ts';
import { bodyEnd, hasTypeTag, openedText, type RestyleContext, sealedLeaf } from './restyle.ts';
import type { ScalarNode } from './syntax.ts';
import type { CommentPlace, LeafPlace, Place } from './tree.ts';

export class FormerStyles {
  /** Spaces per level, as decrypting takes them from the block. */
  readonly step: number;
  readonly #text: string;
  readonly #leaves = new Map<string, LeafPlace>();

  constructor(text: string, places: readonly Place[], step: number) {
    this.step = step;
    this.#text = text;
    for (const place of places) {
      if (place.kind === 'leaf' && place.node.block === undefined && place.node.tag === '')
        this.#leaves.set(place.node.text, place);
    }
  }

  /** The text of a ciphertext in the place of a leaf; undefined where it was not there before or gives back another text. */
  leafText(
    node: ScalarNode,
    ciphertext: string,
    value: Scalar,
    text: string,
    context: RestyleContext,
  ): string | undefined {
    const former = this.#leaves.get(ciphertext)?.node;
    // A tag such as !!binary comes with the value that sops prints under it.
    const tagged = hasTypeTag(node) && node.anchor === '';
    if (former === undefined || former.inFlow !== node.inFlow || (node.tag !== '' && !tagged)) return undefined;
    const opened = openedText(sealedLeaf(former, this.#text), value, context);
    const source = [text.slice(tagged ? node.propsStart : node.start, node.block?.headerEnd ?? node.end)];
    if (node.block !== undefined) source.push(text.slice(node.block.bodyStart, bodyEnd(node, text)));
    const newline = newlineOf(text, node.block?.headerEnd ?? node.end);
    const lines = opened.body.map(line => line + newline).join('');
    if (opened.head !== source[0] || lines !== (source[1] ?? '')) return undefined;
    return this.#text.slice(former.start, former.end);
  }

  /** The item that a comment of a list was in the file before. */
  itemText({ line, list }: CommentPlace, ciphertext: string, text: string): string | undefined {
    const former = this.#leaves.get(ciphertext);
    if (former?.list === undefined || list === undefined || list.flow) return undefined;
    const start = lineStart(text, line.start);
    const isAlone = text.slice(start, line.start).trim() === '' && line.start - start === list.column;
    return isAlone ? `- ${this.#text.slice(former.node.start, former.node.end)}` : undefined;
  }
}
