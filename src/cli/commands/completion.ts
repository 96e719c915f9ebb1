/** `tsops completion SHELL`: a script that lets a shell complete commands, flags and the words of flags. */

import { TsopsError } from '../../errors.ts';
import { programName } from '../../host/environment.ts';
import { writeStdout } from '../../host/streams.ts';
import type { Call } from '../call.ts';
import { type Shell, shells } from '../completions/vocabulary.ts';

/** Each shell with its script for a program of a name. */
const scripts: Readonly<Record<Shell, () => Promise<(program: string) => string>>> = {
  bash: async () => (await import('../completions/bash.ts')).bashScript,
  zsh: async () => (await import('../completions/zsh.ts')).zshScript,
  fish: async () => (await import('../completions/fish.ts')).fishScript,
  powershell: async () => (await import('../completions/powershell.ts')).powershellScript,
};

export async function run({ operands: [asked] }: Call): Promise<void> {
  if (asked === undefined) return print((await import('../help.ts')).helpText('completion'));
  const shell = shells.find(name => name === asked);
  if (shell === undefined) {
    throw new TsopsError('USAGE', 'there is no completion for that shell', {
      exitStatus: 3,
      hints: [`Name one of ${shells.join(', ')}.`],
    });
  }
  const script = await scripts[shell]();
  await print(script(programName()));
}

const print = (text: string): Promise<void> => writeStdout(new TextEncoder().encode(text));
