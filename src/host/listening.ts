/** Addresses to listen at: which of them other machines can reach, and sockets that belong to one user and one process. */

import { lookup } from 'node:dns/promises';
import * as fs from 'node:fs';
import { BlockList, connect, isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { TsopsError } from '../errors.ts';
import { systemCode, systemReason } from './faults.ts';
import { undoOnExit } from './signals.ts';

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
  /** Whether only this machine can reach it. */
  readonly isLoopback: boolean;
}

/**
 * `HOST:PORT` with the name looked up (IPv4 first, as Go does); without a host it is every address of the machine.
 * @throws TsopsError USAGE, LISTEN_FAILED
 */
export async function tcpAddress(text: string): Promise<TcpAddress> {
  const [, name, port] = /^(\[[^\]]*\]|[^:[\]/\s]*):(\d{1,5})$/.exec(text) ?? [];
  if (name === undefined || Number(port) > 65_535) {
    throw new TsopsError('USAGE', 'the address is not of the form HOST:PORT', {
      hints: ['It looks like 127.0.0.1:5000 or [::1]:5000.'],
    });
  }
  const host = await ipOf(name.replace(/^\[|\]$/g, '') || '0.0.0.0');
  return { host, port: Number(port), isLoopback: isLoopback(host) };
}

async function ipOf(name: string): Promise<string> {
  if (isIP(name) > 0) return name;
  try {
    return (await lookup(name, { order: 'ipv4first' })).address;
  } catch {
    throw new TsopsError('LISTEN_FAILED', 'the host of the address could not be looked up');
  }
}

/** RFC 1122 §3.2.1.3, RFC 4291 §2.5.3; addresses of IPv4 written as IPv6 count as what they are. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const isLoopback = (ip: string): boolean => loopback.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');

/**
 * Makes a path free for a socket, lets `bind` make it so that only this user can connect, and sees to it that it does not outlive the
 * process. What another process left behind is removed; a socket on which somebody answers, and a file, are not.
 *
 * @returns removes the socket
 * @throws TsopsError LISTEN_FAILED, and what `bind` throws
 */
export async function bindSocket(path: string, bind: (absolute: string) => Promise<void>): Promise<() => void> {
  const absolute = resolve(path);
  // The library below reports this as a lack of permission.
  if (!fs.existsSync(dirname(absolute))) throw listenFailed(path, 'the folder of the socket does not exist');
  await removeStale(absolute);
  // Before the socket is there, so that no signal finds it without somebody to remove it.
  const forget = undoOnExit(() => removeSocket(absolute));
  const before = process.umask(0o177);
  try {
    await bind(absolute);
  } catch (error) {
    forget();
    throw error;
  } finally {
    process.umask(before);
  }
  return () => {
    forget();
    removeSocket(absolute);
  };
}

function removeSocket(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT')
      throw listenFailed(path, `the socket cannot be removed: ${systemReason(error)}`);
  }
}

async function removeStale(path: string): Promise<void> {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw listenFailed(path, 'there is something else than a socket');
  if (await isAnswered(path)) throw listenFailed(path, 'another process listens on this socket');
  removeSocket(path);
}

function listenFailed(file: string, reason: string): TsopsError {
  return new TsopsError('LISTEN_FAILED', reason, { file, hints: ['Name another path with --address.'] });
}

/** Whether somebody listens on a socket. Only a refused connection says that nobody does. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise(settle => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      settle(true);
    });
    socket.on('error', error => settle(systemCode(error) !== 'ECONNREFUSED'));
  });
}
