/** The folders of the user and of this process. */

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { TsopsError } from '../errors.ts';
import { type Environment, env } from './environment.ts';

/** The current folder. @throws TsopsError FILE_UNREADABLE where it has been removed */
export function currentDir(): string {
  try {
    return process.cwd();
  } catch {
    throw new TsopsError('FILE_UNREADABLE', 'the current folder does not exist any more', {
      hints: ['Change to a folder that is there, and run the command again.'],
    });
  }
}

/** The home folder of the user; undefined where there is none. */
export function homeDir(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The folder for the configuration of the user's programs, as sops 3.13.2 age/keysource.go takes it: `$XDG_CONFIG_HOME`, else
 * `~/Library/Application Support` on macOS and `~/.config` elsewhere; `%AppData%` on Windows. A relative
 * `$XDG_CONFIG_HOME` counts as none, as in Go's os.UserConfigDir.
 */
export function configDir(machine: Machine = { platform: process.platform, env, home: homeDir() }): string | undefined {
  if (machine.platform === 'win32') return machine.env('AppData') || machine.env('APPDATA') || undefined;
  const named = machine.env('XDG_CONFIG_HOME');
  if (named) return isAbsolute(named) ? named : undefined;
  if (machine.home === undefined) return undefined;
  return machine.platform === 'darwin'
    ? join(machine.home, 'Library', 'Application Support')
    : join(machine.home, '.config');
}

interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Environment;
  readonly home: string | undefined;
}
