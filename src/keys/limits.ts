/** How long a service in the network is waited for. */

import type { KeyContext } from './provider.ts';

/** A service that has not answered in this time will not; `timeoutMs` may be as long as a person needs at a prompt. */
const longestMs = 30_000;

/** Bound on a request with its retries, in milliseconds. */
export function requestLimitMs({ timeoutMs, requestTimeoutMs }: KeyContext): number {
  return requestTimeoutMs ?? Math.min(timeoutMs, longestMs);
}
