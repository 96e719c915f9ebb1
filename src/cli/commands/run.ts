/** `tsops run -f FILE … -- PROGRAM ARGS`: a program with the values of files in its environment, without a shell. */

import { TsopsError } from '../../errors.ts';
import { inherited } from '../../host/environment.ts';
import { runCommandLine, shellStatus } from '../../host/execution.ts';
import { maxEncryptedBytes, readFileBounded } from '../../host/files.ts';
import { becomeUser } from '../../host/user.ts';
import { dotenvNames, environment, type Variable } from '../../index.ts';
import type { Call } from '../call.ts';
import { configIfNeeded } from '../configuration.ts';
import { openingOptions } from '../opening.ts';
import { Redaction } from '../redaction.ts';
import { about, readSource, sourceOf } from '../source.ts';

export async function run(call: Call): Promise<number> {
  const { flags, operands } = call;
  const files = flags.file ?? [];
  if (files.length === 0) {
    throw new TsopsError('FILE_MISSING', 'run needs a file with the values', {
      hints: ['Name it with -f FILE, and the program behind --.'],
    });
  }
  await configIfNeeded(call, files[0], false);
  const values = new Map<string, string>();
  for (const file of files) for (const { name, value } of await variablesOf(call, file)) values.set(name, value);
  const existing = flags.pristine ? {} : inherited();
  await requireNames(call, { ...existing, ...Object.fromEntries(values) });
  const account = flags.user === undefined ? {} : await becomeUser(flags.user);
  const own = Object.fromEntries(values);
  const env = flags.keepExisting ? { ...own, ...existing, ...account } : { ...existing, ...account, ...own };
  const [program = '', ...args] = operands;
  const redaction = flags.redact ? new Redaction(values.values()) : undefined;
  return shellStatus(await runCommandLine({ program, args, env }, { filter: redaction && (() => redaction.stream()) }));
}

/** A later file wins over an earlier one. */
async function variablesOf(call: Call, file: string): Promise<readonly Variable[]> {
  const { flags } = call;
  const source = await sourceOf(file, flags);
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  return about(source, () =>
    environment(bytes, {
      ...openingOptions(call),
      format: source.format,
      flatten: flags.flatten,
      dotenv: 'common',
      allowPlain: flags.ifNeeded,
    }),
  );
}

/** @throws TsopsError PATH_NOT_FOUND that names what is missing */
async function requireNames({ flags }: Call, env: Readonly<Record<string, string>>): Promise<void> {
  const named = (flags.require ?? []).flatMap(text => text.split(',')).map(name => name.trim());
  const { requireFrom } = flags;
  const example =
    requireFrom === undefined
      ? []
      : await about({ path: requireFrom }, async () =>
          dotenvNames(await readFileBounded(requireFrom, { root: flags.root })),
        );
  const missing = [...new Set([...named, ...example])].filter(name => name !== '' && !Object.hasOwn(env, name));
  if (missing.length === 0) return;
  const what = missing.length === 1 ? 'a variable is' : `${missing.length} variables are`;
  throw new TsopsError('PATH_NOT_FOUND', `${what} missing: ${missing.join(', ')}`, {
    hints: ['Set it with `tsops set FILE NAME`, in another file with -f, or in the environment.'],
  });
}
