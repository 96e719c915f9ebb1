/** The .sops.yaml of a run: named by --config, else found by the rules of `docs/config.md` §1. */

import { dirname } from 'node:path';
import { TsopsError } from '../errors.ts';
import { currentDir } from '../host/directories.ts';
import { type Config, type FormatName, type FoundConfig, findConfig, keyAddresses, loadConfig } from '../index.ts';
import type { Call } from './call.ts';

/**
 * The configuration for a file; undefined where none was named and none is found. What is suspicious in it is said.
 * @throws TsopsError CONFIG_INVALID
 */
export async function configFor({ flags, report }: Call, target: string | undefined): Promise<Config | undefined> {
  const found = await foundFor(target, flags.config);
  if (found === undefined) return undefined;
  const known = loaded.get(found.path);
  if (known !== undefined) return known;
  const loading = loadConfig(found);
  loaded.set(found.path, loading);
  const config = await loading;
  for (const warning of config.warnings) report.warn(warning);
  return config;
}

/** Read once a run, however many files there are. */
const loaded = new Map<string, Promise<Config>>();
/** Looked for once for each folder that a file is in. */
const whereFound = new Map<string, Promise<FoundConfig | undefined>>();

function foundFor(target: string | undefined, explicit: string | undefined): Promise<FoundConfig | undefined> {
  const id = JSON.stringify([explicit, target === undefined ? null : dirname(target)]);
  const finding = whereFound.get(id) ?? findConfig({ cwd: currentDir(), target, explicit });
  whereFound.set(id, finding);
  return finding;
}

/**
 * The same for a command that needs no rule. One that was named has to be sound, as in sops; one that would have to be looked for is
 * only read where its indentation counts, so that a broken .sops.yaml does not keep anybody from decrypting.
 */
export async function configIfNeeded(
  call: Call,
  target: string | undefined,
  isNeeded: boolean,
): Promise<Config | undefined> {
  return isNeeded || call.flags.config !== undefined ? configFor(call, target) : undefined;
}

/** The indentation for what is printed anew: that of the flag, else that of the configuration for this format. */
export function indentFor({ flags }: Call, config: Config | undefined, format: FormatName): number | undefined {
  return flags.indent ?? config?.indents[format];
}

/**
 * The addresses of keys that the user's configuration names, in whichever rule. It is read without warnings, since they are no
 * matter here, and one that cannot be read names none.
 */
export async function configuredAddresses({ file, flags, report }: Call): Promise<readonly string[]> {
  const target = flags.filenameOverride ?? (file === '-' ? undefined : file);
  try {
    const found = await findConfig({ cwd: process.cwd(), target, explicit: flags.config });
    return found === undefined ? [] : keyAddresses(await loadConfig(found));
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    report.warn(
      'the configuration cannot be read, so no address of a key in it is trusted; `tsops rules test` says why',
    );
    return [];
  }
}
