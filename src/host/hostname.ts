/** The name of this machine. */

import { hostname } from 'node:os';

/** The host name as the system gives it; empty where there is none. */
export function hostName(): string {
  try {
    return hostname();
  } catch {
    return '';
  }
}
