/** Removes what the action wrote, and nothing else. */

import { rm, rmdir } from 'node:fs/promises';

/** @returns the paths that could not be removed */
export async function removeAll({ temporary, files, folders }) {
  const kept = [];
  const attempt = (path, work) => work.catch(error => error.code === 'ENOENT' || kept.push(`${path} (${error.code})`));
  for (const file of files) await attempt(file, rm(file, { force: true }));
  // A folder that a later step has put something into stays.
  for (const folder of [...folders].reverse()) await rmdir(folder).catch(() => undefined);
  if (temporary !== '') await attempt(temporary, rm(temporary, { recursive: true, force: true, maxRetries: 3 }));
  return kept;
}
