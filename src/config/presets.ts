/** Selections that have a name, so that nobody has to remember them. sops ignores `preset`; what is written into a file is for it too. */

import type { SelectionRule } from '../core/selection.ts';

/** The value of `preset` in a creation rule, and what it stands for. */
export const presets: ReadonlyMap<string, Exclude<SelectionRule, { readonly kind: 'none' }>> = new Map([
  // What Flux, Argo CD and kubectl need in clear (apiVersion, kind, metadata) stays so. sops knows no rule for the top level alone.
  ['kubernetes', { kind: 'encryptedRegex', text: '^(data|stringData)$' }],
]);
