/** `tsops hook install`: every commit is checked before it is made. Plain git, husky and lefthook are known. */

import { join, resolve } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { ownCommand } from '../../host/environment.ts';
import { exists, readFileBounded, readOptionalFile } from '../../host/files.ts';
import { askGit, workTree } from '../../host/git.ts';
import { createFile, makeFolder, replaceFile, setExecutable } from '../../host/replace.ts';
import { isStandalone } from '../../host/version.ts';
import { isFolder } from '../../host/walk.ts';
import type { Call } from '../call.ts';

export async function run(call: Call): Promise<void> {
  const root = await workTree();
  const command = call.flags.fix ? 'tsops hook run --fix' : 'tsops hook run';
  const lefthook = lefthookNames.map(name => join(root, name)).find(path => exists(path));
  if (lefthook !== undefined) return intoLefthook(call, lefthook, command);
  // Of husky's folder git knows only a part that is made anew each time.
  if (isFolder(join(root, '.husky'))) return intoScript(call, join(root, '.husky', 'pre-commit'), command);
  const hooks = await askGit(['-C', root, 'rev-parse', '--git-path', 'hooks']);
  return intoScript(call, join(resolve(root, hooks ?? '.git/hooks'), 'pre-commit'), scriptLine(command));
}

/** Beside a Node project the command may be in its node_modules alone; the executable may lie where no PATH leads. */
function scriptLine(command: string): string {
  const otherwise = isStandalone ? command.replace('tsops', ownCommand) : `npx --no-install ${command}`;
  return `if command -v tsops >/dev/null 2>&1; then ${command}; else ${otherwise}; fi`;
}

/** A script that is there keeps all it does; ours comes first, since others may end it. */
async function intoScript({ report }: Call, path: string, line: string): Promise<void> {
  const before = await readOptionalFile(path);
  if (before === undefined) {
    await makeFolder(join(path, '..'), { secret: false });
    await createFile(path, new TextEncoder().encode(`#!/bin/sh\n${line}\n`), { secret: false });
    setExecutable(path);
    report.tell(`${path} was made`);
    return;
  }
  const text = Buffer.from(before).toString();
  if (text.includes('tsops hook run')) return report.tell(`${path} runs tsops already`);
  const [first = '', ...rest] = text.split('\n');
  const isShell = /^#!.*\b(sh|bash|zsh|dash|ksh)\b/.test(first);
  if (first.startsWith('#!') && !isShell) throw foreign(path, line);
  const own = `{ ${line}; } || exit $?`;
  const lines = isShell ? [first, own, ...rest] : [own, first, ...rest];
  await replaceFile(path, new TextEncoder().encode(lines.join('\n')));
  setExecutable(path);
  report.tell(`${path} runs tsops first`);
}

function foreign(path: string, line: string): TsopsError {
  return new TsopsError('CONFLICTING_OPTIONS', 'the hook is no shell script, so nothing was put into it', {
    file: path,
    hints: [`Let it run this, and end where it fails: ${line}`],
  });
}

const lefthookNames = ['lefthook.yml', 'lefthook.yaml', '.lefthook.yml', '.lefthook.yaml'];

async function intoLefthook({ report }: Call, path: string, command: string): Promise<void> {
  const text = Buffer.from(await readFileBounded(path)).toString();
  if (text.includes('tsops hook run')) return report.tell(`${path} runs tsops already`);
  if (/^(['"]?)pre-commit\1\s*:/m.test(text)) {
    throw new TsopsError(
      'CONFLICTING_OPTIONS',
      'the file has a pre-commit section already, so nothing was put into it',
      {
        file: path,
        hints: [`Add a command to it: tsops: { run: ${command} }`],
      },
    );
  }
  const section = `pre-commit:\n  commands:\n    tsops:\n      run: ${command}\n`;
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  await replaceFile(path, new TextEncoder().encode(`${text}${gap}${section}`));
  report.tell(`${path} runs tsops before each commit, once \`lefthook install\` has been run`);
}
