/** Values as lines that set variables: for a shell, and in the dialect of dotenv files that programs agree on. */

import { formatPath } from '../core/path.ts';
import type { Path } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import { leavesOf, valueText } from './environment.ts';
import type { Part } from './part.ts';

/** How the lines are written. */
export type AssignmentStyle = 'shell' | 'dotenv';

/**
 * One line for every value of the parts. A value or list has the name of its last key, with the positions behind it; the values of a
 * mapping have their keys and positions below it, joined by `_`. Other characters than letters, digits and `_` become `_`.
 * A null is an empty text.
 * @throws TsopsError NOT_REPRESENTABLE where a name cannot be that of a variable, two names are the same, or a value holds a null
 *   character or is no UTF-8 text
 */
export function assignments(parts: readonly Part[], style: AssignmentStyle): string {
  const lines = new Map<string, { readonly path: Path; readonly line: string }>();
  for (const part of parts) {
    for (const { path, leaf } of leavesOf(part.node, '_')) {
      const place = [...part.path, ...path];
      const name = nameOf(part.node.kind === 'mapping' ? path : [...ownName(part.path), ...path], place);
      const text = leaf.value === null ? '' : valueText(leaf.value, place);
      const other = lines.get(name)?.path;
      if (other !== undefined && formatPath(other) !== formatPath(place)) throw twice(name, other, place);
      lines.set(name, { path: place, line: styles[style](name, text) });
    }
  }
  return [...lines.values()].map(({ line }) => `${line}\n`).join('');
}

/** The last key of a path and the positions behind it. */
function ownName(path: Path): Path {
  const last = path.findLastIndex(segment => typeof segment === 'string');
  return path.slice(Math.max(last, 0));
}

function nameOf(path: Path, place: Path): string {
  const name = path.join('_').replace(/[^A-Za-z0-9_]/g, '_');
  if (/^[A-Za-z_]/.test(name)) return name;
  throw unusable('a key begins with a digit or is empty, and cannot be the name of a variable', place);
}

const styles: Readonly<Record<AssignmentStyle, (name: string, text: string) => string>> = {
  shell: (name, text) => `export ${name}='${text.replaceAll("'", "'\\''")}'`,
  dotenv: (name, text) => `${name}=${dotenvValue(text)}`,
};

/** The first form in which all programs read the same; escapes, which not all of them know, only where nothing else is left. */
function dotenvValue(text: string): string {
  if (/^[\w./:@%+,=-]*$/.test(text)) return text;
  if (!/['\\\r]/.test(text)) return `'${text}'`;
  if (!/["\\\r$`]/.test(text)) return `"${text}"`;
  const escapes: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n' };
  return `"${text.replace(/["\\\r\n$]/g, char => escapes[char] ?? `\\${char}`)}"`;
}

function twice(name: string, first: Path, second: Path): TsopsError {
  return unusable(`${formatPath(first)} and ${formatPath(second)} would both be the variable ${name}`, second);
}

function unusable(message: string, path: Path): TsopsError {
  return new TsopsError('NOT_REPRESENTABLE', message, {
    path,
    hints: ['Take other values, or print them with --format json.'],
  });
}
