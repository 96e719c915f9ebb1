/** The version of this package. */

import { createRequire } from 'node:module';

/** Put in by the builds; absent where the sources are run as they are. */
declare const TSOPS_VERSION: string | undefined;

/** True in the standalone executable. */
declare const TSOPS_STANDALONE: boolean | undefined;

export const isStandalone: boolean = typeof TSOPS_STANDALONE === 'boolean' && TSOPS_STANDALONE;

export function ownVersion(): string {
  if (typeof TSOPS_VERSION === 'string') return TSOPS_VERSION;
  return (createRequire(import.meta.url)('../../package.json') as { version: string }).version;
}
