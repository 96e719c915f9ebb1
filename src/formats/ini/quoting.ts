/** The ways to write a value, and which of them read back. */

import type { Quote } from './scan.ts';
import { trimmed } from './whitespace.ts';

const quotes: readonly Quote[] = ['', '"', "'", '`', '"""'];

/** How the INI library writes a value (gopkg.in/ini.v1 1.67.3 file.go writeToBuffer), even where it cannot read it back. */
function usualQuote(value: string): Quote {
  if (/[\n`]/.test(value)) return '"""';
  if (/[#;]/.test(value)) return '`';
  return trimmed(value) === value ? '' : '"';
}

/** The value in every way, the best first: in the quotes it stood in, as the library writes it, and whatever else may read back. */
export function* writings(value: string, style: Quote): Generator<string> {
  const usual = usualQuote(value);
  for (const quote of new Set([style === '' ? usual : style, usual, ...quotes])) yield quote + value + quote;
}
