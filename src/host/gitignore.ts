/** What git would not look at: the `.gitignore` files of a repository and its `.git/info/exclude`. git-scm.com/docs/gitignore */

import * as fs from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Ignore } from 'ignore';
import { repositoryOf } from './git.ts';

type Make = () => Ignore;

/** One file of patterns, for what is below its folder. */
interface Patterns {
  readonly folder: string;
  readonly matcher: Ignore;
}

/** The patterns that count in one folder; those of inner folders come first. */
export class GitIgnore {
  readonly #make: Make;
  readonly #patterns: readonly Patterns[];

  constructor(make: Make, patterns: readonly Patterns[]) {
    this.#make = make;
    this.#patterns = patterns;
  }

  /** The same with the patterns of a folder, an absolute path, where it has any. */
  within(folder: string): GitIgnore {
    const matcher = patternsOf(join(folder, '.gitignore'), this.#make);
    return matcher === undefined ? this : new GitIgnore(this.#make, [{ folder, matcher }, ...this.#patterns]);
  }

  /** @param path absolute; the folders above it are not ignored */
  ignores(path: string, isFolder: boolean): boolean {
    for (const { folder, matcher } of this.#patterns) {
      const within = relative(folder, path).split(sep).join('/');
      if (within === '') continue;
      const { ignored, unignored } = matcher.test(isFolder ? `${within}/` : within);
      if (ignored || unignored) return ignored;
    }
    return false;
  }
}

/**
 * The patterns of all folders above this one, up to the root of the repository; none where there is no repository, and none where they
 * would ignore this folder, which somebody has named.
 */
export async function gitIgnoreFor(folder: string): Promise<GitIgnore> {
  const { default: make } = await import('ignore');
  const root = repositoryOf(folder);
  const matcher = root === undefined ? undefined : patternsOf(join(root, '.git', 'info', 'exclude'), make);
  let found = new GitIgnore(make, root === undefined || matcher === undefined ? [] : [{ folder: root, matcher }]);
  if (root === undefined) return found;
  const between = relative(root, folder)
    .split(sep)
    .filter(step => step !== '');
  for (let depth = 0; depth < between.length; depth += 1) found = found.within(join(root, ...between.slice(0, depth)));
  return found.ignores(folder, true) ? new GitIgnore(make, []) : found;
}

/** A file that is not there or cannot be read names nothing. */
function patternsOf(file: string, make: Make): Ignore | undefined {
  try {
    return make().add(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
