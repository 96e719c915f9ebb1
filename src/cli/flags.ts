/**
 * The flags of all commands, as one table. Parsing, help, completion and `docs/cli.md` derive from it and from `commands.ts`. Names and
 * meanings are those of sops 3.13.2 (cmd/sops/main.go); the flags of master keys come from the list of providers.
 */

import { formatNames, type KeyKind, keyOptions, valueForms } from '../index.ts';

/** A `switch` is on unless it is given as `=false`; a `list` may be given several times. */
export type FlagKind = 'boolean' | 'switch' | 'text' | 'number' | 'list';

export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly short?: string | undefined;
  /** Another name that sops gives it. */
  readonly alias?: string | undefined;
  readonly kind: FlagKind;
  /** What its value is called in the help. */
  readonly value?: string | undefined;
  /** The variable that is used where the flag is not given. */
  readonly env?: string | undefined;
  /** The words it takes; any other word is an error. */
  readonly words?: readonly string[] | undefined;
  readonly what: string;
}

const flag = <K extends FlagKind>(kind: K, what: string, more: Omit<Partial<Flag>, 'kind'> = {}) => ({
  ...more,
  kind,
  what,
});

const ownFlags = {
  'in-place': flag('boolean', 'Write the result back to the file.', { short: 'i' }),
  output: flag('text', 'Write the result to this file instead of standard output.', { short: 'o', value: 'FILE' }),
  'output-dir': flag('text', 'Write each result into this folder, under the path that its file has here.', {
    value: 'DIR',
  }),
  'input-type': flag('text', 'The format of the input, where the file name does not tell it.', formatWords()),
  'output-type': flag('text', 'The format of the output; else that of the file name.', formatWords()),
  'filename-override': flag('text', 'The name that the rules and the formats go by; required with standard input.', {
    value: 'FILE',
  }),
  config: flag('text', 'The configuration file; else the nearest .sops.yaml from the current folder upwards.', {
    value: 'FILE',
    env: 'SOPS_CONFIG',
  }),
  layout: flag('text', 'Whether the plain text keeps its layout (kept), or is printed anew as sops does.', {
    value: 'LAYOUT',
    env: 'TSOPS_LAYOUT',
    words: ['kept', 'sops'],
  }),
  extract: flag('list', 'Print only the value at this path, such as \'["a"][0]\'; repeatable.', { value: 'PATH' }),
  format: flag(
    'text',
    'The form of what is printed: texts as they are (raw), JSON, lines for a shell, or a dotenv file.',
    {
      value: 'FORM',
      words: valueForms,
    },
  ),
  'ignore-mac': flag('boolean', 'Do not check that the file is complete and unchanged.'),
  'decryption-order': flag('text', 'Kinds of keys in the order in which they are tried, such as "pgp,age".', {
    value: 'KINDS',
    env: 'SOPS_DECRYPTION_ORDER',
  }),
  'unencrypted-suffix': flag('text', 'Leave the values of keys with this ending in clear text.', { value: 'ENDING' }),
  'encrypted-suffix': flag('text', 'Encrypt only the values of keys with this ending.', { value: 'ENDING' }),
  'unencrypted-regex': flag('text', 'Leave the values of keys that match in clear text.', { value: 'REGEX' }),
  'encrypted-regex': flag('text', 'Encrypt only the values of keys that match.', { value: 'REGEX' }),
  'unencrypted-comment-regex': flag('text', 'Leave values in clear text whose comment matches.', { value: 'REGEX' }),
  'encrypted-comment-regex': flag('text', 'Encrypt only values whose comment matches.', { value: 'REGEX' }),
  'mac-only-encrypted': flag('boolean', 'Let the MAC cover only the encrypted values.'),
  'shamir-secret-sharing-threshold': flag('number', 'How many key groups are needed to decrypt.', { value: 'COUNT' }),
  indent: flag('number', 'Spaces per level of what is printed anew.', { value: 'COUNT' }),
  conflict: flag('boolean', 'Decide about the values that both sides of a merge of git have changed.'),
  'show-master-keys': flag('boolean', 'Edit the sops block as well.', { short: 's' }),
  'allow-nothing': flag('boolean', 'Write the file also where the rule selects no value at all.'),
  'if-needed': flag('boolean', 'Pass over a file that is in the wanted state already.'),
  fix: flag('boolean', 'Encrypt what is staged in clear text, and stage it again.'),
  'reuse-from': flag(
    'text',
    'An encrypted version of the file, whose ciphertexts of unchanged values are kept; else the one it replaces, or that of the last commit, where it opens without a question.',
    { value: 'FILE' },
  ),
  'no-reuse': flag('boolean', 'Encrypt every value anew, under a new data key.'),
  'no-spelling': flag('boolean', 'Do not store the spelling field; unusual spellings are then not restored.'),
  'encryption-context': flag(
    'text',
    'Pairs that AWS KMS ties the data key to; for keys beside key_groups and of --kms.',
    {
      value: 'NAME:VALUE,…',
    },
  ),
  'aws-profile': flag('text', 'The profile of your AWS configuration for the keys of --kms.', { value: 'NAME' }),
  timeout: flag('number', 'How long to wait for a service (else 30), and for a program such as gpg (else 120).', {
    value: 'SECONDS',
  }),
  keyservice: flag(
    'list',
    'Ask this key service (tcp://HOST:PORT, unix:///PATH) where this machine cannot; repeatable.',
    {
      value: 'ADDRESS',
      env: 'SOPS_KEYSERVICE',
    },
  ),
  'enable-local-keyservice': flag('switch', 'Use the keys of this machine, before any key service.', {
    env: 'SOPS_ENABLE_LOCAL_KEYSERVICE',
  }),
  network: flag('text', 'How the key service is reached; else tcp.', {
    alias: 'net',
    value: 'NETWORK',
    words: ['tcp', 'unix'],
  }),
  address: flag('text', 'Where it listens: HOST:PORT, else 127.0.0.1:5000; for unix the path of a socket.', {
    alias: 'addr',
    value: 'ADDRESS',
  }),
  prompt: flag('boolean', 'Ask on the terminal before each use of a key.'),
  json: flag('boolean', 'Print the report as JSON.'),
  report: flag('text', 'The form of the report; else text.', {
    value: 'FORM',
    words: ['text', 'json', 'sarif', 'github'],
  }),
  verify: flag(
    'boolean',
    'Decrypt the files too, to check that they are complete and unchanged; nothing of them is shown.',
  ),
  pq: flag('boolean', 'Make a post-quantum identity (ML-KEM-768 with X25519).'),
  yes: flag('boolean', 'Do not ask before the change.', { short: 'y' }),
  'dry-run': flag('boolean', 'Show what would be done, and do nothing.'),
  file: flag('list', 'The file to work on.', { short: 'f', value: 'FILE' }),
  'recipients-from': flag(
    'text',
    'rule: refuse keys of the file that its creation rule does not name (else); file: take the keys of the file.',
    {
      value: 'WHERE',
      words: ['rule', 'file'],
    },
  ),
  'keep-data-key': flag('boolean', 'Keep the data key also where a recipient is removed, as sops does.'),
  'value-file': flag('boolean', 'The third argument names a file that holds the value.'),
  'value-stdin': flag('boolean', 'Take the value from standard input.'),
  string: flag(
    'boolean',
    'The value is a text as it stands, not JSON; of one that is a single line, the line end is left out.',
  ),
  generate: flag('text', 'Make a random value and never show it: hex:32, base64:32, password:24 or uuid.', {
    value: 'KIND',
  }),
  idempotent: flag('boolean', 'It is no error where there is nothing to change.'),
  background: flag('boolean', 'Do not wait for the command (deprecated).'),
  pristine: flag('boolean', 'Start with an empty environment.'),
  user: flag('text', 'Run the command as this user.', { value: 'NAME' }),
  'same-process': flag('boolean', 'Let the command take the place of this process.'),
  'no-fifo': flag('boolean', 'Use a regular file instead of a FIFO.'),
  filename: flag('text', 'The name of the file that the command sees.', { value: 'NAME' }),
  recursive: flag('boolean', 'Take all files of a folder and of the folders in it.'),
  'omit-extensions': flag('boolean', 'Leave out the endings of file names at the destination.'),
  require: flag('list', 'Names that have to be set by the files or the environment, comma separated; repeatable.', {
    value: 'NAMES',
  }),
  'require-from': flag('text', 'A dotenv file, such as .env.example, whose names have to be set.', { value: 'FILE' }),
  'keep-existing': flag('boolean', 'Leave variables alone that are set already.'),
  flatten: flag('text', 'Join the names of nested keys with this text, such as __.', { value: 'TEXT' }),
  redact: flag('boolean', 'Hide the values in what the command prints.'),
  root: flag('text', 'Use only files in this folder, wherever links lead.', { value: 'DIR' }),
  k8s: flag('boolean', 'Show and take the values below data of Kubernetes Secrets as text, not in base64.'),
  'strip-metadata': flag(
    'boolean',
    'Decrypt nothing: print the file without its sops block, for checkers of schemas; no key is needed.',
  ),
  global: flag('boolean', 'Write the configuration of git for all repositories of this user.'),
  verbose: flag('boolean', 'Say more on standard error, such as which key opened the file.'),
} satisfies Record<string, Omit<Flag, 'name'>>;

export type OwnFlagName = keyof typeof ownFlags;

function formatWords(): Omit<Partial<Flag>, 'kind'> {
  return { value: 'FORMAT', words: formatNames };
}

/** What is done with the keys that a flag names: the file is made for them, or they are added to it or removed from it. */
export type KeyFlagUse = 'use' | 'add' | 'remove';

export interface KeyFlag extends Flag {
  /** The kind of key that it names. */
  readonly key: KeyKind;
  readonly use: KeyFlagUse;
}

/** The flags that name master keys: `--age`, `--add-age` and `--rm-age` for every provider. */
export const keyFlags: readonly KeyFlag[] = keyOptions.flatMap(option => {
  const rest = { key: option.kind, kind: 'text', value: 'KEYS' } as const;
  return [
    { ...rest, use: 'use', name: option.name, short: option.short, env: option.env, what: option.what },
    {
      ...rest,
      use: 'add',
      name: `add-${option.name}`,
      what: `Add these keys to the file, named as for --${option.name}.`,
    },
    {
      ...rest,
      use: 'remove',
      name: `rm-${option.name}`,
      what: `Remove these keys from the file, named as for --${option.name}.`,
    },
  ];
});

/** Every flag by its name. */
export const flags: ReadonlyMap<string, Flag> = new Map(
  [...Object.entries(ownFlags).map(([name, rest]): Flag => ({ name, ...rest })), ...keyFlags].map(entry => [
    entry.name,
    entry,
  ]),
);

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type ValueOf<K extends FlagKind> = K extends 'boolean' | 'switch'
  ? boolean
  : K extends 'number'
    ? number
    : K extends 'list'
      ? readonly string[]
      : string;

/** The values of the flags as a command gets them; what was neither given nor set by a variable is absent. */
export type FlagValues = {
  readonly [N in OwnFlagName as Camel<N>]?: ValueOf<(typeof ownFlags)[N]['kind']> | undefined;
};

/** The property of `FlagValues` (and of commander's options) that holds a flag. */
export function propertyOf(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
