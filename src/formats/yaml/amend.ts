/**
 * A YAML text with one change. Every way of making it is tried until one reads back as exactly the tree that is meant, so a rule that does
 * not fit some corner of YAML costs a refusal, never a value. `docs/format.md` §9.
 */

import type { Amendment } from '../../core/amend.ts';
import { TsopsError } from '../../errors.ts';
import { cannotHold, isAmended } from '../amendment.ts';
import { firstEntry, insertions, replacements } from './amend-set.ts';
import { removals } from './amend-unset.ts';
import { parseYaml } from './parser.ts';
import { applyPatches, type Patch } from './patch.ts';
import { childOf, type Place, placeOf } from './place.ts';
import { PlainYaml } from './plain.ts';
import { decodeYaml, encodeYaml } from './reader.ts';
import { styleOf } from './render.ts';
import type { YamlStream } from './syntax.ts';

/** @see Format.amend */
export function amend(bytes: Uint8Array, amendment: Amendment): Uint8Array {
  const { text, encoding } = decodeYaml(bytes);
  const stream = parseYaml(text);
  const before = new PlainYaml(bytes).tree;
  const place = placeOf(stream, amendment.path);
  const mayLose = place !== undefined && childOf(place.container, place.index)?.kind === 'alias';
  for (const patches of ways(stream, place, amendment)) {
    const after = encodeYaml(applyPatches(text, patches).text, encoding);
    const changed = readAgain(after);
    if (changed !== undefined && isAmended(before, changed.tree, amendment, mayLose)) return after;
  }
  throw refused(stream, amendment);
}

function* ways(stream: YamlStream, place: Place | undefined, { path, value }: Amendment): Generator<Patch[]> {
  const style = styleOf(stream.documents[0]?.root);
  const key = path.at(-1);
  if (key === undefined) return;
  if (value === undefined) {
    if (place !== undefined) yield* removals(place);
  } else if (place === undefined) {
    const end = stream.documents[0]?.end ?? stream.text.length;
    if (path.length === 1 && typeof key === 'string') yield firstEntry(stream.text, end, key, value, style);
  } else if (place.index < 0) yield* insertions(place, key, value, style);
  else yield* replacements(place, value, style);
}

function readAgain(bytes: Uint8Array): PlainYaml | undefined {
  try {
    return new PlainYaml(bytes);
  } catch (error) {
    if (error instanceof TsopsError) return undefined;
    throw error;
  }
}

function refused({ text, documents }: YamlStream, { path }: Amendment): TsopsError {
  const hasAliases = documents.length > 0 && /(?:^|[\s[{,])\*[^\s,[\]{}]/.test(text);
  const hint = hasAliases
    ? 'An alias (*name) may show the value in another place; make the change with `tsops edit`.'
    : 'Make the change with `tsops edit`.';
  return cannotHold('the YAML text cannot be changed in this place without changing something else', path, hint);
}
