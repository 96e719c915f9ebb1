/**
 * The commands, as one table: a new one is its file in `commands/` and one entry here. Parsing, help, completion and `docs/cli.md`
 * derive from it. Names are those of sops 3.13.2 (cmd/sops/main.go); what is ours besides has no counterpart there.
 */

import type { Call, Ending } from './call.ts';
import { keyFlags, type OwnFlagName } from './flags.ts';

export interface CommandEntry {
  /** One word, or two as in `rules test`. */
  readonly name: string;
  readonly what: string;
  /** The positional arguments as the help shows them: `<file>` is needed, `[file]` may be left out, `...` is any number of them. */
  readonly operands: string;
  /** Set where another number of operands is an error and not a warning, with the exit status of sops for it. */
  readonly operandStatus?: number;
  /** Whether what follows the first operand is a command line of somebody else, in which no flags of ours are looked for. */
  readonly passThrough?: boolean;
  /** Whether it uses no master key, so that the audit log has nothing to say of it. */
  readonly usesNoKeys?: boolean;
  /** Whether flags of keys that are given several times add up; else the last one counts. */
  readonly keysAddUp?: boolean;
  readonly flags: readonly string[];
  /** Loads the command; nothing of it is loaded before it runs. */
  readonly load: () => Promise<{ run: (call: Call) => Promise<Ending> }>;
}

const keyNames = keyFlags.filter(entry => entry.use === 'use').map(entry => entry.name);
const changeNames = keyFlags.filter(entry => entry.use !== 'use').map(entry => entry.name);
const selection: readonly OwnFlagName[] = [
  'unencrypted-suffix',
  'encrypted-suffix',
  'unencrypted-regex',
  'encrypted-regex',
  'unencrypted-comment-regex',
  'encrypted-comment-regex',
];
const sealing: readonly OwnFlagName[] = [
  ...selection,
  'mac-only-encrypted',
  'shamir-secret-sharing-threshold',
  'allow-nothing',
  'no-spelling',
];
const types: readonly OwnFlagName[] = ['input-type', 'output-type'];
const aws: readonly OwnFlagName[] = ['encryption-context', 'aws-profile'];
const services: readonly OwnFlagName[] = ['keyservice', 'enable-local-keyservice', 'timeout'];
const amending: readonly OwnFlagName[] = [
  'shamir-secret-sharing-threshold',
  'allow-nothing',
  'no-spelling',
  ...services,
  'indent',
  'ignore-mac',
  'decryption-order',
  'verbose',
];
const own = (...names: readonly OwnFlagName[]): readonly OwnFlagName[] => names;

export const commands: readonly CommandEntry[] = [
  {
    name: 'encrypt',
    what: 'Encrypt the values of files, and of those files in folders that a rule with a path claims.',
    operands: '[file...]',
    flags: [
      ...own('in-place', 'output', 'output-dir', ...types, 'filename-override', 'root', 'config'),
      ...keyNames,
      ...own(...aws, ...sealing, ...services, 'indent', 'if-needed', 'reuse-from', 'no-reuse', 'verbose'),
    ],
    load: () => import('./commands/encrypt.ts'),
  },
  {
    name: 'decrypt',
    what: 'Decrypt files and folders of files; several become one stream, such as `kubectl apply -f -` takes.',
    operands: '[file...]',
    flags: own(
      ...own('in-place', 'output', 'output-dir', ...types, 'filename-override', 'root', 'config'),
      ...own('extract', 'format', 'ignore-mac', 'decryption-order', ...services, 'indent', 'layout', 'if-needed'),
      ...own('strip-metadata', 'verbose'),
    ),
    load: () => import('./commands/decrypt.ts'),
  },
  {
    name: 'get',
    what: 'Print values of an encrypted file by their paths (`get FILE db.password`).',
    operands: '<file> [path...]',
    flags: own(
      ...own('format', 'k8s', 'output', ...types, 'filename-override', 'root', 'config'),
      ...own('ignore-mac', 'decryption-order', ...services, 'indent', 'verbose'),
    ),
    load: () => import('./commands/get.ts'),
  },
  {
    name: 'edit',
    what: 'Open files in an editor, decrypted, one after the other; a new file begins with an example.',
    operands: '<file...>',
    flags: [
      ...own('in-place', ...types, 'config'),
      ...keyNames,
      ...own(
        ...aws,
        ...sealing,
        ...services,
        'indent',
        'ignore-mac',
        'decryption-order',
        'show-master-keys',
        'conflict',
        'k8s',
        'verbose',
      ),
    ],
    load: () => import('./commands/edit.ts'),
  },
  {
    name: 'set',
    what: 'Set one value of a file, such as \'["a"][0]\' ([-1]: the last item, [+]: a new one). A value that is left out is asked for; given here, others on this machine can see it.',
    operands: '<file> <path> [value]',
    operandStatus: 100,
    flags: own(
      ...own('value-file', 'value-stdin', 'string', 'generate', 'k8s', 'idempotent', 'in-place', ...types, 'config'),
      ...amending,
    ),
    load: () => import('./commands/set.ts'),
  },
  {
    name: 'unset',
    what: 'Take one value or list item out of a file.',
    operands: '<file> <path>',
    operandStatus: 100,
    flags: own('idempotent', 'in-place', ...types, 'config', ...amending),
    load: () => import('./commands/unset.ts'),
  },
  {
    name: 'filestatus',
    what: 'Tell as JSON whether a file is encrypted; of several files with a line for each.',
    operands: '<file...>',
    flags: own('input-type', 'config', 'verbose'),
    usesNoKeys: true,
    load: () => import('./commands/filestatus.ts'),
  },
  {
    name: 'check',
    what: 'Check that files are encrypted as the .sops.yaml says, and sound; without a path, all files beside it and below.',
    operands: '[path...]',
    flags: own(
      ...own('verify', 'report', 'json', 'input-type', 'root', 'config'),
      ...own('decryption-order', ...services, 'verbose'),
    ),
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'rules test',
    what: 'Show which creation rule of the .sops.yaml a file gets, and why (`rules test FILE`).',
    operands: '<file>',
    flags: own('config', 'json', 'verbose'),
    usesNoKeys: true,
    load: () => import('./commands/rules.ts'),
  },
  {
    name: 'hook install',
    what: 'Check every commit of this repository before it is made (plain git, husky, lefthook).',
    operands: '',
    flags: own('fix', 'verbose'),
    usesNoKeys: true,
    load: () => import('./commands/hook-install.ts'),
  },
  {
    name: 'hook run',
    what: 'Check what is staged, and with --fix encrypt what should be encrypted.',
    operands: '',
    flags: own('fix', 'config', ...services, 'verbose'),
    load: () => import('./commands/hook-run.ts'),
  },
  {
    name: 'keygen',
    what: 'Make a new age identity.',
    operands: '',
    flags: own('output', 'pq', 'verbose'),
    usesNoKeys: true,
    load: () => import('./commands/keygen.ts'),
  },
  {
    name: 'init',
    what: 'Set up a repository: an age identity of your own and a .sops.yaml.',
    operands: '',
    flags: own('pq', 'verbose'),
    usesNoKeys: true,
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'keyservice',
    what: 'Let others use the keys of this machine, through --keyservice.',
    operands: '',
    flags: own('network', 'address', 'prompt', 'timeout', 'verbose'),
    load: () => import('./commands/keyservice.ts'),
  },
  {
    name: 'rotate',
    what: 'Encrypt files under a new data key each, and change their keys.',
    operands: '<file...>',
    flags: [
      ...own('in-place', 'output', ...types, 'filename-override', 'config', ...aws),
      ...changeNames,
      ...own('recipients-from', 'ignore-mac', 'decryption-order', ...services, 'indent', 'verbose'),
    ],
    load: () => import('./commands/rotate.ts'),
  },
  {
    name: 'updatekeys',
    what: 'Give files and folders of files the keys, threshold and rules of the .sops.yaml.',
    operands: '<file...>',
    flags: own(
      ...own('yes', 'dry-run', 'json', 'keep-data-key', 'allow-nothing', 'input-type', 'config'),
      ...own('decryption-order', ...services, 'verbose'),
    ),
    load: () => import('./commands/updatekeys.ts'),
  },
  {
    name: 'publish',
    what: 'Send a file, or all files of a folder, to the destination that the .sops.yaml names.',
    operands: '<path>',
    flags: own(
      ...own('yes', 'dry-run', 'recursive', 'omit-extensions', 'allow-nothing', 'input-type', 'config'),
      ...own('decryption-order', ...services, 'verbose'),
    ),
    load: () => import('./commands/publish.ts'),
  },
  {
    name: 'groups add',
    what: 'Add a key group to a file.',
    operands: '',
    keysAddUp: true,
    flags: [
      ...own('file', 'in-place', 'input-type', 'config'),
      ...keyNames,
      ...own(...aws, 'shamir-secret-sharing-threshold', 'recipients-from', 'ignore-mac'),
      ...own('decryption-order', ...services, 'verbose'),
    ],
    load: () => import('./commands/groups-add.ts'),
  },
  {
    name: 'groups delete',
    what: 'Take a key group out of a file; groups are numbered from 0.',
    operands: '<index>',
    operandStatus: 1,
    flags: own(
      ...own('file', 'in-place', 'input-type', 'config'),
      ...own('shamir-secret-sharing-threshold', 'recipients-from', 'ignore-mac'),
      ...own('decryption-order', ...services, 'verbose'),
    ),
    load: () => import('./commands/groups-delete.ts'),
  },
  {
    name: 'krm',
    what: 'Decrypt for kustomize: a ResourceList on standard input, with decrypted resources on standard output.',
    operands: '',
    flags: own('root', 'config', 'decryption-order', ...services, 'verbose'),
    load: () => import('./commands/krm.ts'),
  },
  {
    name: 'git install',
    what: 'Let git show and merge encrypted files by their plain text: its configuration and the .gitattributes.',
    operands: '[pattern...]',
    flags: own('global', 'verbose'),
    usesNoKeys: true,
    load: () => import('./commands/git-install.ts'),
  },
  {
    name: 'git textconv',
    what: 'Print a file for `git diff`: decrypted where a key is at hand, else as it is.',
    operands: '<file>',
    flags: own('input-type', 'decryption-order', ...services, 'verbose'),
    load: () => import('./commands/git-textconv.ts'),
  },
  {
    name: 'git merge',
    what: 'Merge three versions of an encrypted file into the second one, as git asks for it.',
    operands: '<base> <ours> <theirs> <path>',
    flags: own('input-type', 'decryption-order', ...services, 'verbose'),
    load: () => import('./commands/git-merge.ts'),
  },
  {
    name: 'completion',
    what: 'Print a script with which a shell completes commands and flags: bash, zsh, fish or powershell.',
    operands: '[shell]',
    flags: own('verbose'),
    usesNoKeys: true,
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'exec-env',
    what: 'Run a shell command with the values of a file in its environment.',
    operands: '<file> <command>',
    operandStatus: 1,
    flags: own(
      ...own('background', 'pristine', 'user', 'same-process', 'input-type', 'root', 'config'),
      ...own('ignore-mac', 'decryption-order', ...services, 'verbose'),
    ),
    load: () => import('./commands/exec-env.ts'),
  },
  {
    name: 'exec-file',
    what: 'Run a shell command with the plain text of a file in a FIFO or private file; {} stands for its path.',
    operands: '<file> <command>',
    operandStatus: 1,
    flags: own(
      ...own('background', 'no-fifo', 'user', ...types, 'filename', 'root', 'config'),
      ...own('ignore-mac', 'decryption-order', ...services, 'indent', 'verbose'),
    ),
    load: () => import('./commands/exec-file.ts'),
  },
  {
    name: 'run',
    what: 'Run a program with the values of files in its environment, without a shell (`run -f a.env -f b.yaml -- PROGRAM ARGS`).',
    operands: '<program> [args...]',
    operandStatus: 1,
    passThrough: true,
    flags: own(
      ...own('file', 'input-type', 'root', 'config', 'flatten', 'require', 'require-from', 'keep-existing', 'pristine'),
      ...own('redact', 'user', 'if-needed', 'ignore-mac', 'decryption-order', ...services, 'verbose'),
    ),
    load: () => import('./commands/run.ts'),
  },
];

/** A flag that chooses a command where none is named, as in `sops -d FILE`. */
export interface ModeFlag {
  readonly command: string;
  /** `--set` takes the path and the value as one text. */
  readonly kind: 'boolean' | 'text';
}

export const modeFlags: ReadonlyMap<string, ModeFlag> = new Map([
  ['decrypt', { command: 'decrypt', kind: 'boolean' }],
  ['d', { command: 'decrypt', kind: 'boolean' }],
  ['encrypt', { command: 'encrypt', kind: 'boolean' }],
  ['e', { command: 'encrypt', kind: 'boolean' }],
  ['rotate', { command: 'rotate', kind: 'boolean' }],
  ['r', { command: 'rotate', kind: 'boolean' }],
  ['set', { command: 'set', kind: 'text' }],
]);

export function commandEntry(name: string): CommandEntry | undefined {
  return commands.find(command => command.name === name);
}

/** How many operands a command takes, from how they are written: `<file>` has to be there, `[value]` may, `...` is any number. */
export function operandRange({ operands }: CommandEntry): { readonly least: number; readonly most: number } {
  const words = operands.split(' ').filter(word => word !== '');
  const least = words.filter(word => word.startsWith('<')).length;
  return { least, most: words.some(word => word.includes('...')) ? Number.POSITIVE_INFINITY : words.length };
}
