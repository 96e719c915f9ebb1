/** Which editor, and with which arguments it waits and leaves nothing behind. */

import { TsopsError } from '../errors.ts';
import type { Environment } from '../host/environment.ts';
import { findProgram, realName, splitCommand } from '../host/process.ts';

export interface EditorCommand {
  readonly program: string;
  /** Without the file, which comes last. */
  readonly args: readonly string[];
}

/**
 * SOPS_EDITOR, else EDITOR, else the first of vim, nano and vi: sops 3.13.2 cmd/sops/edit.go.
 * @throws TsopsError EDITOR_FAILED
 */
export function chooseEditor(env: Environment): EditorCommand {
  for (const variable of ['SOPS_EDITOR', 'EDITOR']) {
    const [name, ...args] = wordsOf(variable, env(variable) ?? '');
    if (name === undefined) continue;
    const program = findProgram(name);
    if (program === undefined) throw missing(`the editor that ${variable} names was not found on the PATH`);
    return { program, args: [...args, ...extraArguments(name, realName(program), args)] };
  }
  for (const name of ['vim', 'nano', 'vi']) {
    const program = findProgram(name);
    if (program !== undefined) return { program, args: extraArguments(name, realName(program), []) };
  }
  throw missing('no editor was found: neither vim nor nano nor vi is on the PATH');
}

function wordsOf(variable: string, text: string): string[] {
  try {
    return splitCommand(text);
  } catch {
    throw missing(`a quote in ${variable} is not closed`);
  }
}

function missing(message: string): TsopsError {
  return new TsopsError('EDITOR_FAILED', message, {
    hints: ['Set EDITOR to an editor, for example EDITOR="code --wait".'],
  });
}

/** Editors that return at once and edit in a window, with the flag that makes them wait; the first spelling is the one added. */
const waitFlags: ReadonlyMap<string, readonly string[]> = new Map(
  [
    ...[
      'code',
      'code-insiders',
      'codium',
      'vscodium',
      'code-oss',
      'cursor',
      'windsurf',
      'positron',
      'subl',
      'sublime_text',
    ],
    ...['zed', 'zeditor', 'zed-editor', 'atom', 'pulsar', 'mate', 'bbedit', 'gedit', 'xed', 'lapce', 'nova'],
    ...[
      'idea',
      'idea64',
      'pycharm',
      'webstorm',
      'phpstorm',
      'goland',
      'clion',
      'rubymine',
      'rider',
      'rustrover',
      'datagrip',
    ],
  ].map(name => [name, ['--wait', '-w']] as const),
);
const otherWaitFlags: ReadonlyMap<string, readonly string[]> = new Map([
  ['kate', ['--block', '-b']],
  ['gvim', ['--nofork', '-f']],
  ['mvim', ['--nofork', '-f']],
  ['gnome-text-editor', ['--standalone', '-s']],
]);

/** What has to be added to the user's own arguments. `name` is as the user wrote it, `real` is the program behind it. */
export function extraArguments(name: string, real: string, given: readonly string[]): string[] {
  const called = (name.split(/[/\\]/).at(-1) ?? '').toLowerCase().replace(/\.(exe|cmd|bat|com|sh)$/, '');
  const wait = waitFlags.get(called) ?? otherWaitFlags.get(called) ?? [];
  const added = wait.length > 0 && !given.some(word => wait.includes(word)) ? wait.slice(0, 1) : [];
  return [...added, ...discreetArguments(called, real)];
}

/**
 * vim keeps swap, undo, backup and history files, some of them outside the private folder. `-n` and `-i NONE` count from the start;
 * what the user's vimrc may turn on again is turned off after it. nano can only be kept from backups and history by passing over
 * its configuration.
 */
function discreetArguments(called: string, real: string): string[] {
  if ([called, real].some(program => /^[gmn]?vim?([.-]|$)/.test(program)) && /vim/.test(`${called} ${real}`)) {
    const settings = ['noundofile', 'nobackup', 'nowritebackup', 'viminfo='].map(setting => `silent! set ${setting}`);
    return ['-n', '-i', 'NONE', '-c', settings.join(' | ')];
  }
  return real === 'nano' ? ['--ignorercfiles'] : [];
}
