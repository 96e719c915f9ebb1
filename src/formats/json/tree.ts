/** From the parsed JSON to the tree that is encrypted. `docs/format.md` §2; sops 3.13.2 stores/json. */

import { type Comment, type Entry, entry, leaf, type Mapping, mapping, type Node, sequence } from '../../core/tree.ts';
import type { StoredBlock } from '../format.ts';
import {
  type JsonContainer,
  type JsonMember,
  type JsonNode,
  type JsonObject,
  type JsonScalar,
  nodeOf,
  reservedKey,
} from './syntax.ts';

export interface JsonContent {
  readonly root: Mapping;
  /** The scalars of the tree by slot. */
  readonly scalars: readonly JsonScalar[];
  /** The members of the root that hold a block. */
  readonly blockMembers: readonly JsonMember[];
}

/** The tree of a file without its blocks; every scalar in it gets its slot. */
export function contentOf(file: JsonObject): JsonContent {
  const scalars: JsonScalar[] = [];
  const isBlock = (member: JsonMember): boolean => member.key === reservedKey;
  const root = treeOf({ ...file, parts: file.parts.filter(part => !isBlock(part)) }, scalars);
  return { root: root as Mapping, scalars, blockMembers: file.parts.filter(isBlock) };
}

/** The blocks as ops reads them; their leaves have no slots. */
export function blocksOf(members: readonly JsonMember[]): StoredBlock[] {
  return members.map(member => ({ document: 0, value: treeOf(member.value, undefined) }));
}

interface Frame {
  readonly source: JsonContainer;
  readonly items: (Entry | Comment | Node)[];
  at: number;
}

/** The tree of a value, without recursion. With a list of scalars, every scalar is put there and gets its place as its slot. */
export function treeOf(source: JsonNode, scalars: JsonScalar[] | undefined): Node {
  const open: Frame[] = [];
  const shell = (node: JsonNode): Node => {
    if (node.kind === 'scalar') return leaf(node.value, scalars === undefined ? -1 : slotOf(node, scalars));
    const items: Frame['items'] = [];
    open.push({ source: node, items, at: 0 });
    return node.kind === 'object' ? mapping(items as Entry[]) : sequence(items as Node[]);
  };
  const root = shell(source);
  for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
    const part = frame.source.parts[frame.at++];
    if (part === undefined) open.pop();
    else frame.items.push('key' in part ? entry(part.key, shell(part.value)) : shell(nodeOf(part)));
  }
  return root;
}

function slotOf(node: JsonScalar, scalars: JsonScalar[]): number {
  node.slot = scalars.push(node) - 1;
  return node.slot;
}
