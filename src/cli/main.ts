/** The command: what is asked, the command's own module, and the only place that turns errors into text and an exit status. */

import { env, programName } from '../host/environment.ts';
import { writeStdout } from '../host/streams.ts';
import { ownVersion } from '../host/version.ts';
import type { Report } from './report.ts';

/** Runs the command line; gives the exit status (docs/errors.md). */
export async function main(argv: readonly string[]): Promise<number> {
  // The shortest way to the most frequent questions: nothing is loaded for messages unless there is one.
  if (argv.length === 1 && /^--?v(ersion)?$/.test(argv[0] ?? '')) return printVersion().catch(failed);
  if (argv.length === 1 && /^--?h(elp)?$/.test(argv[0] ?? '')) return printHelp().catch(failed);
  if (argv.at(-1) === '--generate-bash-completion' && !argv.includes('--')) return suggest(argv).catch(failed);
  const { Report } = await import('./report.ts');
  const report = await Report.onTerminal();
  try {
    const { normalise } = await import('./arguments.ts');
    const grammar = { ...(await import('./flags.ts')), ...(await import('./commands.ts')) };
    const invocation = normalise(argv, grammar, env);
    for (const warning of invocation.warnings) report.warn(warning);
    if (invocation.asks === 'version') return await printVersion();
    if (invocation.asks === 'help') return await print((await import('./help.ts')).helpText(invocation.vector[0]));
    const { runCommand } = await import('./program.ts');
    return await runCommand(invocation, argv, report);
  } catch (error) {
    return failed(error, report);
  }
}

async function failed(error: unknown, given?: Report): Promise<number> {
  const { Report, asTsopsError } = await import('./report.ts');
  const report = given ?? (await Report.onTerminal());
  const known = asTsopsError(error, report.verbose);
  report.fail(known);
  return known.exitStatus;
}

/** Answers a completion script of sops, which may be installed for this program too. */
async function suggest(argv: readonly string[]): Promise<number> {
  const { suggestions } = await import('./completions/asked.ts');
  return print(suggestions(argv.slice(0, -1), env('_CLI_ZSH_AUTOCOMPLETE_HACK') === '1'));
}

/** No request leaves the machine: tsops does not look for new versions. */
async function printVersion(): Promise<number> {
  const own = `tsops ${ownVersion()}\n`;
  if (programName() === 'tsops') return print(own);
  // Programs around sops read the version of its format and flags from the first line.
  const { formatVersion } = await import('../index.ts');
  return print(`sops ${formatVersion}\n${own}`);
}

async function printHelp(): Promise<number> {
  const { generalHelp } = await import('./helptext.ts');
  return print(await generalHelp());
}

async function print(text: string): Promise<number> {
  await writeStdout(new TextEncoder().encode(text));
  return 0;
}
