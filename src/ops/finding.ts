/** What `checkFile` finds. */

import type { LinePlace } from '../core/linemap.ts';
import type { Path } from '../core/tree.ts';

/** Every kind of finding, with one sentence for lists of rules. A kind never changes its meaning. */
export const findingKinds = {
  'plaintext-file': 'A file that a creation rule claims is not encrypted.',
  'plaintext-value': 'A value stands in clear text where the selection rule says it is encrypted.',
  'plaintext-comment': 'A comment stands in clear text where the selection rule says it is encrypted.',
  'damaged-value': 'A ciphertext is cut or changed, so that it cannot decrypt.',
  'stray-ciphertext':
    'A ciphertext stands where the selection rule says it is clear text, so that nothing decrypts it.',
  'secret-in-clear': 'Clear text looks like a secret.',
  metadata: 'The sops block is damaged, incomplete or contradicts itself.',
  'duplicate-block': 'A document has more than one sops block.',
  'conflict-marker': 'A merge conflict was not resolved.',
  drift: 'The keys or rules of a file are not those of its creation rule.',
  mac: 'The message authentication code does not fit the content.',
  unverified: 'The file could not be decrypted, so that its message authentication code was not checked.',
  unreadable: 'The file cannot be read or parsed.',
} as const satisfies Record<string, string>;

export type FindingKind = keyof typeof findingKinds;

/** One thing that is wrong with a file. It never holds a value, neither in clear nor encrypted. */
export interface Finding extends Partial<LinePlace> {
  readonly kind: FindingKind;
  /** Names of the file (keys, recipients) may be in it, so it has to be escaped before a terminal sees it. */
  readonly message: string;
  /** Keys and positions of the value, or of the container of a comment. */
  readonly path?: Path | undefined;
  /** The document of the path, from 0; absent for the first. */
  readonly document?: number | undefined;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

/** A finding on an error, with the places that the error knows. */
export function findingOf(
  kind: FindingKind,
  error: { message: string; where: Partial<Finding>; hints: readonly string[] },
): Finding {
  const { line, column, path, document } = error.where;
  return {
    kind,
    message: error.message,
    ...(line === undefined ? {} : { line }),
    ...(line === undefined || column === undefined ? {} : { column }),
    ...(path === undefined || path.length === 0 ? {} : { path }),
    ...(document === undefined || document === 0 ? {} : { document }),
    ...(error.hints[0] === undefined ? {} : { hint: error.hints[0] }),
  };
}

/** So many findings of one kind are told of one file; a hostile file can hold any number. */
export const shownPerKind = 50;

/** At most `shownPerKind` of each kind; the last one that is left says how many more there are. */
export function shortened(findings: readonly Finding[]): Finding[] {
  const counts = new Map<FindingKind, number>();
  for (const { kind } of findings) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const seen = new Map<FindingKind, number>();
  return findings.flatMap(finding => {
    const nth = (seen.get(finding.kind) ?? 0) + 1;
    seen.set(finding.kind, nth);
    if (nth > shownPerKind) return [];
    const more = (counts.get(finding.kind) ?? 0) - shownPerKind;
    if (nth < shownPerKind || more <= 0) return [finding];
    return [{ ...finding, message: `${finding.message}; ${more} more like this are not shown` }];
  });
}
