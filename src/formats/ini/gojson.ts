/** A value as Go's `encoding/json` marshals it, which is what sops prints for `--extract` of a non-string from an INI store. */

import { Timestamp } from '../../core/scalar.ts';
import type { Leaf, Sequence } from '../../core/tree.ts';
import { TsopsError } from '../../errors.ts';
import { rawOf, readable } from '../flat.ts';

/** Compact, without a final newline; comments are left out. @throws TsopsError NOT_REPRESENTABLE for NaN, infinities and mappings in lists */
export function goJson(node: Leaf | Sequence): string {
  if (node.kind === 'leaf') return scalarJson(node);
  const items = node.items.flatMap(item => (item.kind === 'comment' ? [] : [item]));
  return `[${items.map(item => (item.kind === 'mapping' ? refuse('a mapping in a list') : goJson(item))).join(',')}]`;
}

function scalarJson({ value }: Leaf): string {
  if (value === null) return 'null';
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberJson(value);
  if (value instanceof Timestamp) return stringJson(value.text);
  return stringJson(typeof value === 'string' ? value : readable(rawOf(value)));
}

function numberJson(value: number): string {
  if (!Number.isFinite(value)) return refuse('a number that is not finite');
  return Object.is(value, -0) ? '-0' : String(value);
}

/** `<`, `>`, `&` and the two Unicode line breaks are escaped, and lone surrogates are U+FFFD. */
function stringJson(text: string): string {
  return JSON.stringify(Buffer.from(text, 'utf8').toString('utf8')).replace(
    /[<>&\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function refuse(what: string): never {
  throw new TsopsError('NOT_REPRESENTABLE', `the INI format cannot print ${what}`, {
    hints: ['choose another output type, for example json'],
  });
}
