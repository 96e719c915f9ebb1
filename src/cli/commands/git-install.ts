/** `tsops git install`: git's configuration for `git diff` and `git merge`, and the lines of .gitattributes. */

import { join } from 'node:path';
import { ownCommand } from '../../host/environment.ts';
import { readOptionalFile } from '../../host/files.ts';
import { setSetting, workTree } from '../../host/git.ts';
import { findProgram } from '../../host/process.ts';
import { writeOutput } from '../../host/replace.ts';
import type { Call } from '../call.ts';

export async function run({ operands, flags, report }: Call): Promise<void> {
  const scope = flags.global ? '--global' : '--local';
  // The name where it is on the PATH, else this very program.
  const program = findProgram('tsops') === undefined ? ownCommand() : 'tsops';
  const settings: readonly (readonly [string, string])[] = [
    ['diff.tsops.textconv', `${program} git textconv --`],
    // Else git keeps the plain text in its object store.
    ['diff.tsops.cachetextconv', 'false'],
    ['merge.tsops.name', 'tsops: merge encrypted files by their values'],
    ['merge.tsops.driver', `${program} git merge -- %O %A %B %P`],
  ];
  for (const [name, value] of settings) await setSetting(scope, name, value);
  report.tell(`git knows diff=tsops and merge=tsops now (git config ${scope}).`);
  const path = join(await workTree(), '.gitattributes');
  const before = Buffer.from((await readOptionalFile(path)) ?? '').toString();
  const patterns = operands.length > 0 ? operands : ['*.enc.*'];
  const lines = patterns.map(pattern => `${quoted(pattern)} diff=tsops merge=tsops`);
  const missing = lines.filter(line => !before.split('\n').includes(line));
  if (missing.length === 0) return report.tell(`${path} has the lines already.`);
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  await writeOutput(path, Buffer.from(`${before}${gap}${missing.join('\n')}\n`), { secret: false });
  report.tell(`${path}: added ${missing.join('; ')}`);
}

const quoted = (pattern: string): string => (/[\s"]/.test(pattern) ? JSON.stringify(pattern) : pattern);
