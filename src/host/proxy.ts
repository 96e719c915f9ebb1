/** Which HTTP proxy to use, by the rules of Go's golang.org/x/net/http/httpproxy, which sops and most command line tools follow. */

import { BlockList, isIP } from 'node:net';
import type { Environment } from './environment.ts';

/** The address of the proxy for a request, or undefined: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not. */
export function proxyFor(url: URL, env: Environment): string | undefined {
  const either = (name: string): string => env(name) || env(name.toLowerCase()) || '';
  const proxy = either(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (proxy === '' || isLoopback(host)) return undefined;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const rules = either('NO_PROXY').toLowerCase().split(',');
  return rules.some(rule => excepts(rule.trim(), host, port)) ? undefined : proxy;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** `*`, an address, a network (10.0.0.0/8), a name with all below it, or (with a dot before it) all below it; a port may follow. */
function excepts(rule: string, host: string, port: string): boolean {
  if (rule === '' || rule === '*') return rule === '*';
  if (rule.includes('/')) return inNetwork(rule, host);
  const [, named = '', rulePort = port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(rule) ?? [];
  // Most colons are those of an IPv6 address.
  if (isIP(rule) !== 0) return rule === host;
  if (rulePort !== port) return false;
  const below = named.replace(/^\*(?=\.)/, '');
  return below.startsWith('.')
    ? host.endsWith(below)
    : host === below || (isIP(host) === 0 && host.endsWith(`.${below}`));
}

function inNetwork(rule: string, host: string): boolean {
  const [address = '', prefix = ''] = rule.split('/');
  const family = isIP(address);
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || isIP(host) !== family || !(bits <= (family === 4 ? 32 : 128))) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const network = new BlockList();
  network.addSubnet(address, bits, type);
  return network.check(host, type);
}
