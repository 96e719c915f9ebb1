/** One-line flow text of a node: for aliases that are written out and for blocks inside a flow mapping. */

import type { Node, Scalar } from '../../core/tree.ts';
import { asDoubleQuoted, printScalar } from './print.ts';
import { resolveScalar } from './resolve.ts';
import type { SyntaxNode } from './syntax.ts';

/** The value of a parsed node with every alias in it written out; anchors, comments and tags are left behind, as sops does. */
export function flowOfSyntax(node: SyntaxNode): string {
  if (node.kind === 'alias') return flowOfSyntax(node.target);
  if (node.kind === 'sequence') return `[${node.items.map(flowOfSyntax).join(', ')}]`;
  if (node.kind === 'mapping') {
    return `{${node.pairs.map(({ key, value }) => `${flowOfSyntax(key)}: ${flowOfSyntax(value)}`).join(', ')}}`;
  }
  return flowScalar(resolveScalar(node));
}

/** A float without fraction would read back as an integer. */
function flowScalar(value: Scalar): string {
  const text = printScalar(value, { column: 0, flow: true, key: false, tagged: false });
  return typeof value === 'number' && /^-?[0-9]+$/.test(text) ? `!!float ${text}` : text;
}

/** JSON-like flow text with every string in double quotes, so that readers of `"mac": "ENC[` find what they look for. */
export function flowOfNode(node: Node): string {
  if (node.kind === 'sequence')
    return `[${node.items.flatMap(item => (item.kind === 'comment' ? [] : [flowOfNode(item)])).join(', ')}]`;
  if (node.kind === 'mapping') {
    const pairs = node.items.flatMap(item =>
      item.kind === 'entry' ? [`${asDoubleQuoted(item.key)}: ${flowOfNode(item.value)}`] : [],
    );
    return `{${pairs.join(', ')}}`;
  }
  if (typeof node.value === 'string') return asDoubleQuoted(node.value);
  return flowScalar(node.value);
}
