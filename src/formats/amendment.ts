/** What the formats share when they change a plain text in one place: the proof that nothing else has changed. */

import { type Amendment, amended, commentLines, sameValues } from '../core/amend.ts';
import { getNode } from '../core/path.ts';
import { leaf, mapping, type Scalar, type Tree } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import { rawScalar, scalarOf } from './flat.ts';

/**
 * Whether a text that has been read again is the one before with exactly this change. Comments may only go with an entry that
 * goes, with a collection that is replaced, or where the caller says so.
 */
export function isAmended(
  before: Tree<'plain'>,
  after: Tree<'plain'>,
  amendment: Amendment,
  mayLoseComments = false,
): boolean {
  const [first = mapping([]), ...others] = before.documents;
  const [changed, ...rest] = after.documents;
  if (changed === undefined || !sameValues(amended(first, amendment), changed)) return false;
  if (rest.length !== others.length || !rest.every((root, index) => sameValues(root, others[index] ?? root)))
    return false;
  const replaced = getNode(first, amendment.path);
  const mayLose =
    mayLoseComments || amendment.value === undefined || (replaced !== undefined && replaced.kind !== 'leaf');
  const [left, kept] = [before, after].map(({ documents }) => documents.flatMap(commentLines));
  return isSubset(kept ?? [], left ?? []) && (mayLose || kept?.length === left?.length);
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  const counts = new Map<string, number>();
  for (const line of whole) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of part) {
    const count = counts.get(line) ?? 0;
    if (count === 0) return false;
    counts.set(line, count - 1);
  }
  return true;
}

/**
 * The string that a flat format keeps of a scalar.
 * @throws TsopsError NOT_REPRESENTABLE for null, which reads back as a text
 */
export function flatScalar(value: Scalar, { path }: Amendment, format: string): { raw: string; amendment: Amendment } {
  if (value === null)
    throw cannotHold(`a ${format} file cannot hold null`, path, 'Set the empty text, or unset the key.');
  const raw = rawScalar(value);
  return { raw, amendment: { path, value: leaf(scalarOf(raw)) } };
}

export function cannotHold(message: string, path: Amendment['path'], hint?: string): TsopsError {
  return new TsopsError('NOT_REPRESENTABLE', message, { path, ...(hint !== undefined && { hints: [hint] }) });
}
