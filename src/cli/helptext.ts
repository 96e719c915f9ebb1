/** The help on all commands, printed when the package was built: the most frequent question after the version needs no tables. */

import { programName } from '../host/environment.ts';

/** By the name of the program. Put in by the build of the package. */
declare const TSOPS_HELP: Readonly<Record<'sops' | 'tsops', string>> | undefined;

export async function generalHelp(): Promise<string> {
  if (typeof TSOPS_HELP === 'object') return TSOPS_HELP[programName()];
  return (await import('./help.ts')).helpText(undefined);
}
