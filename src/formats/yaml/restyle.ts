/**
 * How the text of a leaf changes with its value while its style stays: towards `ENC[…]`, and back. The style of the
 * ciphertext is all that decrypting knows of the original; what it restores wrongly gets a spelling. `docs/format.md` §7.1.
 */

import type { Scalar } from '../../core/tree.ts';
import { nextLine } from './patch.ts';
import { asDoubleQuoted, asFolded, asLiteral, asPlain, asSingleQuoted, printScalar } from './print.ts';
import { coreTagPrefix, type ScalarNode } from './syntax.ts';

/** The new text of a leaf: `head` in place of the scalar (or of the block header; undefined: the header stays), `body` the lines below. */
export interface Restyled {
  readonly head: string | undefined;
  readonly body: readonly string[];
}

export interface RestyleContext {
  /** Column of the collection the leaf hangs on. */
  readonly base: number;
  /** Spaces per level of the file. */
  readonly step: number;
  /** Whether a literal block may be written: not in the last line of a text without final line break. */
  readonly allowBlock: boolean;
}

/** Tags that say what the text is, and would contradict a ciphertext: `!!int ENC[…]` is an error to every YAML reader. */
export function hasTypeTag(node: ScalarNode): boolean {
  return node.tag.startsWith(coreTagPrefix) && node.tag !== `${coreTagPrefix}str`;
}

/** The text that a ciphertext takes in the place of a leaf. */
export function sealedText(node: ScalarNode, ciphertext: string, context: RestyleContext): Restyled {
  if (node.block !== undefined) {
    if (hasTypeTag(node)) return { head: ciphertext, body: [] };
    return { head: undefined, body: [' '.repeat(contentColumn(node, context)) + ciphertext] };
  }
  if (node.style === 'double') return { head: `"${ciphertext}"`, body: [] };
  if (node.style === 'single' || node.inFlow) return { head: `'${ciphertext}'`, body: [] };
  return { head: ciphertext, body: [] };
}

export interface SealedLeaf {
  readonly style: ScalarNode['style'];
  readonly inFlow: boolean;
  /** Whether a tag that makes the text a string stands before it. */
  readonly tagged: boolean;
  /** Block indicators as written (`|-`), where the style is a block. */
  readonly header: string;
  readonly column: number;
}

/** A leaf of an encrypted file. */
export function sealedLeaf(node: ScalarNode, text: string): SealedLeaf {
  return {
    style: node.style,
    inFlow: node.inFlow,
    tagged: node.tag !== '' && node.tag !== '!',
    header: node.block === undefined ? '' : text.slice(node.start, node.block.headerEnd),
    column: node.block?.indent ?? 0,
  };
}

/** What a leaf of a plain file will be once `sealedText` has been written in its place. */
export function asSealedLeaf(node: ScalarNode, text: string, context: RestyleContext): SealedLeaf {
  const sealed = sealedLeaf(node, text);
  if (node.block !== undefined && !hasTypeTag(node)) return { ...sealed, column: contentColumn(node, context) };
  if (node.style === 'double' || node.style === 'single')
    return { ...sealed, tagged: sealed.tagged && !hasTypeTag(node) };
  return { ...sealed, style: node.inFlow ? 'single' : 'plain', tagged: sealed.tagged && !hasTypeTag(node) };
}

/** The text that a decrypted value takes in the place of its ciphertext, from the style of the ciphertext alone. */
export function openedText(leaf: SealedLeaf, value: Scalar, context: RestyleContext): Restyled {
  if (typeof value !== 'string')
    return whole(printScalar(value, { column: 0, flow: leaf.inFlow, key: false, tagged: false }));
  const isBlock = leaf.style === 'literal' || leaf.style === 'folded';
  if (!isBlock && isSureText(value)) return { head: enclosed(value, leaf), body: [] };
  if (isBlock) {
    const lines =
      leaf.style === 'literal' ? asLiteral(value, leaf.header, leaf.column) : asFolded(value, leaf.header, leaf.column);
    return lines === undefined ? whole(asDoubleQuoted(value)) : { head: undefined, body: lines };
  }
  if (leaf.style === 'double') return whole(asDoubleQuoted(value));
  if (leaf.inFlow)
    return whole(asPlain(value, { flow: true, tagged: leaf.tagged }) ?? asSingleQuoted(value) ?? asDoubleQuoted(value));
  if (leaf.style === 'single') return whole(asSingleQuoted(value) ?? asDoubleQuoted(value));
  if (!context.allowBlock && value.includes('\n')) return whole(asDoubleQuoted(value));
  const column = (Math.floor(context.base / context.step) + 1) * context.step;
  return whole(printScalar(value, { column, base: context.base, flow: false, key: false, tagged: leaf.tagged }));
}

function enclosed(text: string, { style, inFlow }: SealedLeaf): string {
  if (style === 'double') return `"${text}"`;
  // In a flow collection a ciphertext has quotes that the value need not have had.
  return style === 'single' && !inFlow ? `'${text}'` : text;
}

/** No word or number that means something else is longer and begins with a letter. */
const longestWord = 5;

/**
 * Whether a text stands for itself in a line, plain and in quotes of either kind, also in a flow collection. There are others that do; of
 * them the printers decide.
 */
function isSureText(text: string): boolean {
  const { length } = text;
  if (length <= longestWord || text.charCodeAt(length - 1) === 0x20) return false;
  const first = text.charCodeAt(0) | 0x20;
  if (first < 0x61 || first > 0x7a) return false;
  for (let at = 0; at < length; at++) if (sure[text.charCodeAt(at)] !== 1) return false;
  return true;
}

/** The characters of such texts. */
const sure = new Uint8Array(128);
for (const c of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ()*+-./;<=>@^_`|~$%&!'))
  sure[c] = 1;

function whole(text: string): Restyled {
  if (!text.includes('\n')) return { head: text, body: [] };
  const [head = '', ...body] = text.split('\n');
  return { head, body };
}

function contentColumn(node: ScalarNode, context: RestyleContext): number {
  return Math.max(node.block?.indent ?? 0, context.base + 1);
}

/** Behind the lines of a block scalar that its value covers: with `+` the blank ones too. */
export function bodyEnd(node: ScalarNode, text: string): number {
  const { block } = node;
  if (block === undefined) return node.end;
  return block.chomping === 'keep' ? node.end : contentLinesEnd(block, text);
}

/** Behind the lines that hold more than blanks. */
export function contentLinesEnd({ bodyStart, contentEnd }: NonNullable<ScalarNode['block']>, text: string): number {
  return contentEnd === bodyStart ? bodyStart : nextLine(text, contentEnd);
}
