/** The user that this process runs as; and becoming another one, for good: user, group and supplementary groups. */

import * as fs from 'node:fs';
import { userInfo } from 'node:os';
import { TsopsError } from '../errors.ts';
import { findProgram, runProgram } from './process.ts';

/** The name and number of this process's user; the name is empty where the system knows none, the number null where there are none. */
export function currentUser(): { readonly name: string; readonly uid: number | null } {
  return { name: currentName(), uid: process.geteuid?.() ?? null };
}

function currentName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}

/** The number of this process. */
export const processId = (): number => process.pid;

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

const lookUpMs = 10_000;

/**
 * Makes this process one of another user, with the groups that the user has, and no way back.
 * @returns the variables that tell a program who it runs as: HOME, USER, LOGNAME
 * @throws TsopsError USER_UNAVAILABLE
 * @see sops 3.13.2 cmd/sops/subcommand/exec/exec_unix.go SwitchUser
 */
export async function becomeUser(name: string): Promise<Readonly<Record<string, string>>> {
  // The types of Node do not know this function of it.
  const { initgroups, setgid, setuid } = process as NodeJS.Process & {
    readonly initgroups?: (user: string, extraGroup: number) => void;
  };
  if (!initgroups || !setgid || !setuid) throw unavailable('this system has no users to run a command as');
  const account = await accountOf(name);
  if (account === undefined) throw unavailable('there is no user of that name');
  try {
    // In this order: without its rights a process can set neither groups nor group.
    initgroups(account.name, account.gid);
    setgid(account.gid);
    setuid(account.uid);
  } catch {
    throw unavailable('this process may not become another user', ['Only root can run a command as somebody else.']);
  }
  return { HOME: account.home, USER: account.name, LOGNAME: account.name };
}

/** getent(1) knows users from everywhere; where there is none, the file of the system has them. */
async function accountOf(name: string): Promise<Account | undefined> {
  if (!/^[^:\s/-][^:\s/]*$/.test(name)) return undefined;
  const lines =
    findProgram('getent') === undefined
      ? readPasswd()
      : Buffer.from((await runProgram('getent', ['passwd', name], { timeoutMs: lookUpMs })).stdout).toString();
  for (const line of lines.split('\n')) {
    const [found, , uid = '', gid = '', , home = ''] = line.split(':');
    if (found === name && /^\d+$/.test(uid) && /^\d+$/.test(gid)) {
      return { name, uid: Number(uid), gid: Number(gid), home };
    }
  }
  return undefined;
}

function readPasswd(): string {
  try {
    return fs.readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

function unavailable(message: string, hints: readonly string[] = []): TsopsError {
  return new TsopsError('USER_UNAVAILABLE', message, { hints });
}
