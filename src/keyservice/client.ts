/**
 * Key services of others: sops 3.13.2 cmd/sops/main.go keyservices. The transport is gRPC in clear text, as in sops, so a service
 * belongs on this machine, or behind a tunnel that ends on it.
 */

import { once } from '../core/once.ts';
import type { KeyService } from '../keys/provider.ts';
import type { Address } from './remote.ts';

export interface ServiceOptions {
  /** Bound on one request, in milliseconds. Default: two minutes, because a person may have to agree to it. */
  readonly timeoutMs?: number | undefined;
}

export interface ServiceList {
  /** In the order of the addresses. Nothing is connected before a key is asked for. */
  readonly services: readonly KeyService[];
  /** What was left out, and why. The addresses themselves are not repeated: they can hold a password. */
  readonly warnings: readonly string[];
}

/**
 * The services at these addresses (`tcp://host:port`, `unix:///path`); one that is no such address is left out, as in sops.
 * @param addresses a list, or one text with commas
 */
export function openKeyServices(addresses: string | readonly string[], options: ServiceOptions = {}): ServiceList {
  const texts = (typeof addresses === 'string' ? addresses.split(',') : addresses)
    .map(text => text.trim())
    .filter(text => text !== '');
  const services: KeyService[] = [];
  const warnings: string[] = [];
  for (const [index, text] of texts.entries()) {
    const address = parseAddress(text);
    if (address !== undefined) services.push(serviceAt(address, options.timeoutMs ?? 120_000));
    else {
      const which = texts.length > 1 ? `key service ${index + 1} of ${texts.length}` : 'the key service';
      warnings.push(`${which} is left out: its address is neither tcp://HOST:PORT nor unix:///PATH`);
    }
  }
  return { services, warnings };
}

/** What talks to it is loaded when it is asked for the first time. */
function serviceAt(address: Address, timeoutMs: number): KeyService {
  const remote = once(async () => new (await import('./remote.ts')).RemoteService(address, timeoutMs));
  return {
    name: address.name,
    wrap: async (key, part) => (await remote()).wrap(key, part),
    unwrap: async key => (await remote()).unwrap(key),
  };
}

/** `unix:PATH` is the form of gRPC for a relative path; two slashes and a name would be a host. */
function parseAddress(text: string): Address | undefined {
  const [, hostAndPort, port] = /^tcp[46]?:\/\/((?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5}))\/?$/.exec(text) ?? [];
  if (hostAndPort !== undefined) {
    return Number(port) <= 65_535 ? { name: `tcp://${hostAndPort}`, target: `dns:${hostAndPort}` } : undefined;
  }
  const [, encoded] = /^unix:(?:\/\/(?=\/))?([^/].*|\/(?!\/).*)$/s.exec(text) ?? [];
  const path = encoded === undefined ? undefined : decoded(encoded);
  return path === undefined ? undefined : { name: `unix:${path}`, target: `unix:${path}` };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
