/** `tsops exec-env FILE COMMAND`: a shell command with the values in its environment. sops 3.13.2 cmd/sops/subcommand/exec. */

import { TsopsError } from '../../errors.ts';
import { inherited } from '../../host/environment.ts';
import { becomeCommandLine, runCommandLine, shellCommand, startCommandLine } from '../../host/execution.ts';
import { maxEncryptedBytes } from '../../host/files.ts';
import { becomeUser } from '../../host/user.ts';
import { environment } from '../../index.ts';
import type { Call } from '../call.ts';
import { configIfNeeded } from '../configuration.ts';
import { childStatus, sourceToRun } from '../execution.ts';
import { openingOptions } from '../opening.ts';
import { about, readSource } from '../source.ts';

export async function run(call: Call): Promise<number> {
  const { flags, operands, report } = call;
  if (flags.background) {
    if (flags.sameProcess)
      throw new TsopsError('CONFLICTING_OPTIONS', '--same-process and --background cannot be used together');
    report.warn('--background is deprecated; let the shell put the command into the background');
  }
  const source = await sourceToRun(call);
  await configIfNeeded(call, source.name, false);
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  const variables = await about(source, () => environment(bytes, { ...openingOptions(call), format: source.format }));
  const account = flags.user === undefined ? {} : await becomeUser(flags.user);
  const values = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
  const command = shellCommand(operands[1] ?? '', { ...(flags.pristine ? {} : inherited()), ...account, ...values });
  if (flags.sameProcess) return becomeCommandLine(command);
  if (!flags.background) return childStatus(await runCommandLine(command));
  await startCommandLine(command);
  return 0;
}
