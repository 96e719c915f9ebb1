/** Where the configuration is. `docs/config.md` §1; sops 3.13.2 config/config.go LookupConfigFile. */

import { dirname, join, resolve } from 'node:path';
import { isFile } from '../host/files.ts';

export interface FoundConfig {
  /** Absolute; symbolic links are not resolved. */
  readonly path: string;
  readonly foundBy: 'option' | 'working directory' | 'target';
  readonly warnings: readonly string[];
}

export interface FindOptions {
  /** Absolute path of the working directory. */
  readonly cwd: string;
  /** The file that is worked on, absolute or relative to `cwd`. */
  readonly target?: string | undefined;
  /** What `--config` or SOPS_CONFIG says; used whether it exists or not. */
  readonly explicit?: string | undefined;
}

/** Folders looked into on the way up, as in sops. */
const maxLevels = 100;
const name = '.sops.yaml';
const otherName = '.sops.yml';

/**
 * The configuration that counts: the explicit one; else the nearest `.sops.yaml` from the working directory upwards, as in
 * sops; else the nearest one from the target's folder upwards; else, where there is none at all, the nearest `.sops.yml`
 * in the same order. undefined where there is nothing.
 */
export async function findConfig(options: FindOptions): Promise<FoundConfig | undefined> {
  const { cwd, target, explicit } = options;
  if (explicit !== undefined && explicit !== '') {
    return { path: resolve(cwd, explicit), foundBy: 'option', warnings: [] };
  }
  const fromCwd = foldersFrom(cwd);
  const fromTarget = target === undefined ? [] : foldersFrom(dirname(resolve(cwd, target)));
  const config = await nearest(fromCwd, fromTarget, name);
  const other = await nearest(fromCwd, fromTarget, otherName);
  if (config === undefined) return other && { ...other, warnings: [`${other.path} is used; sops reads only ${name}`] };
  return { ...config, warnings: other === undefined ? [] : [`${other.path} is ignored; ${config.path} is used`] };
}

async function nearest(
  fromCwd: readonly string[],
  fromTarget: readonly string[],
  file: string,
): Promise<Pick<FoundConfig, 'path' | 'foundBy'> | undefined> {
  const beside = await firstFile(fromCwd, file);
  if (beside !== undefined) return { path: beside, foundBy: 'working directory' };
  const above = await firstFile(fromTarget, file);
  return above === undefined ? undefined : { path: above, foundBy: 'target' };
}

async function firstFile(folders: readonly string[], file: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, file);
    // A folder that may not be searched hides what is in it, as for sops.
    if (await isFile(path).catch(() => false)) return path;
  }
  return undefined;
}

function foldersFrom(start: string): string[] {
  const folders = [resolve(start)];
  for (let level = 1; level < maxLevels; level += 1) {
    const folder = folders[level - 1] ?? '';
    const above = dirname(folder);
    if (above === folder) break;
    folders.push(above);
  }
  return folders;
}
