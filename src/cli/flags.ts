/**
 * The commands and their flags, as one table. Parsing, help and `docs/cli.md` all derive from it. Names and meanings
 * are those of sops 3.13.2 (cmd/sops/main.go); the flags of master keys come from the list of providers.
 */

import { formatNames, type KeyKind, keyOptions } from '../index.ts';

/** A `switch` is on unless it is given as `=false`. */
export type FlagKind = 'boolean' | 'switch' | 'text' | 'number';

export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly short?: string | undefined;
  /** Another name that sops gives it. */
  readonly alias?: string | undefined;
  readonly kind: FlagKind;
  /** Whether it may be given several times; its value is then all of them, with commas. */
  readonly many?: boolean | undefined;
  /** What its value is called in the help. */
  readonly value?: string | undefined;
  /** The variable that is used where the flag is not given. */
  readonly env?: string | undefined;
  /** The words it takes; any other word is an error. */
  readonly words?: readonly string[] | undefined;
  readonly what: string;
}

export interface CommandEntry {
  readonly name: CommandName;
  readonly what: string;
  /** The positional arguments as the help shows them; `[file]` may be left out. */
  readonly operands: string;
  readonly maxOperands: number;
  /** The words of which one has to follow the name, as in `rules test`. */
  readonly verbs?: readonly string[];
  readonly flags: readonly string[];
}

export type CommandName = 'encrypt' | 'decrypt' | 'edit' | 'filestatus' | 'rules' | 'keygen' | 'init' | 'keyservice';

const flag = <K extends FlagKind>(kind: K, what: string, more: Omit<Partial<Flag>, 'kind'> = {}) => ({
  ...more,
  kind,
  what,
});

const ownFlags = {
  'in-place': flag('boolean', 'Write the result back to the file.', { short: 'i' }),
  output: flag('text', 'Write the result to this file instead of standard output.', { short: 'o', value: 'FILE' }),
  'input-type': flag('text', 'The format of the input, where the file name does not tell it.', formatWords()),
  'output-type': flag('text', 'The format of the output; else that of the file name.', formatWords()),
  'filename-override': flag('text', 'The name that the rules and the formats go by; required with standard input.', {
    value: 'FILE',
  }),
  config: flag('text', 'The configuration file; else the nearest .sops.yaml from the current folder upwards.', {
    value: 'FILE',
    env: 'SOPS_CONFIG',
  }),
  extract: flag('text', 'Print only the value at this path, such as \'["a"][0]\'.', { value: 'PATH' }),
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
  'show-master-keys': flag('boolean', 'Not available yet: edit the sops block as well.', { short: 's' }),
  'allow-nothing': flag('boolean', 'Write the file also where the rule selects no value at all.'),
  'if-needed': flag('boolean', 'Pass over a file that is in the wanted state already.'),
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
    'text',
    'Ask this key service (tcp://HOST:PORT, unix:///PATH) where this machine cannot; repeatable.',
    {
      value: 'ADDRESS',
      env: 'SOPS_KEYSERVICE',
      many: true,
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
  pq: flag('boolean', 'Make a post-quantum identity (ML-KEM-768 with X25519).'),
  verbose: flag('boolean', 'Say more on standard error, such as which key opened the file.'),
} satisfies Record<string, Omit<Flag, 'name'>>;

type OwnFlagName = keyof typeof ownFlags;

function formatWords(): Omit<Partial<Flag>, 'kind'> {
  return { value: 'FORMAT', words: formatNames };
}

export interface KeyFlag extends Flag {
  /** The kind of key that it names. */
  readonly key: KeyKind;
}

/** The flags that name master keys, one per provider. */
export const keyFlags: readonly KeyFlag[] = keyOptions.map(option => ({
  key: option.kind,
  name: option.name,
  short: option.short,
  kind: 'text',
  value: 'KEYS',
  env: option.env,
  what: option.what,
}));

/** Every flag by its name. */
export const flags: ReadonlyMap<string, Flag> = new Map(
  [...Object.entries(ownFlags).map(([name, rest]): Flag => ({ name, ...rest })), ...keyFlags].map(entry => [
    entry.name,
    entry,
  ]),
);

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type ValueOf<K extends FlagKind> = K extends 'boolean' | 'switch' ? boolean : K extends 'number' ? number : string;

/** The values of the flags as a command gets them; what was neither given nor set by a variable is absent. */
export type FlagValues = {
  readonly [N in OwnFlagName as Camel<N>]?: ValueOf<(typeof ownFlags)[N]['kind']> | undefined;
};

const keyNames = keyFlags.map(entry => entry.name);
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
const own = (...names: readonly OwnFlagName[]): readonly OwnFlagName[] => names;

export const commands: readonly CommandEntry[] = [
  {
    name: 'encrypt',
    what: 'Encrypt the values of a file.',
    operands: '[file]',
    maxOperands: 1,
    flags: [
      ...own('in-place', 'output', ...types, 'filename-override', 'config'),
      ...keyNames,
      ...own(...aws, ...sealing, ...services, 'indent', 'if-needed', 'verbose'),
    ],
  },
  {
    name: 'decrypt',
    what: 'Decrypt a file.',
    operands: '[file]',
    maxOperands: 1,
    flags: own(
      ...own('in-place', 'output', ...types, 'filename-override', 'config'),
      ...own('extract', 'ignore-mac', 'decryption-order', ...services, 'indent', 'if-needed', 'verbose'),
    ),
  },
  {
    name: 'edit',
    what: 'Open a file in an editor, decrypted; a new file begins with an example.',
    operands: '<file>',
    maxOperands: 1,
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
        'verbose',
      ),
    ],
  },
  {
    name: 'filestatus',
    what: 'Tell as JSON whether a file is encrypted.',
    operands: '<file>',
    maxOperands: 1,
    flags: own('input-type', 'config', 'verbose'),
  },
  {
    name: 'rules',
    what: 'Show which creation rule of the .sops.yaml a file gets, and why (`rules test FILE`).',
    operands: '<file>',
    maxOperands: 1,
    verbs: ['test'],
    flags: own('config', 'json', 'verbose'),
  },
  {
    name: 'keygen',
    what: 'Make a new age identity.',
    operands: '',
    maxOperands: 0,
    flags: own('output', 'pq', 'verbose'),
  },
  {
    name: 'init',
    what: 'Set up a repository: an age identity of your own and a .sops.yaml.',
    operands: '',
    maxOperands: 0,
    flags: own('pq', 'verbose'),
  },
  {
    name: 'keyservice',
    what: 'Let others use the keys of this machine, through --keyservice.',
    operands: '',
    maxOperands: 0,
    flags: own('network', 'address', 'prompt', 'timeout', 'verbose'),
  },
];

/** The flags that choose a command where none is named, as in `sops -d FILE`. */
export const modeFlags: ReadonlyMap<string, CommandName> = new Map([
  ['decrypt', 'decrypt'],
  ['d', 'decrypt'],
  ['encrypt', 'encrypt'],
  ['e', 'encrypt'],
]);

/** What sops 3.13.2 has and this version has not. It is refused by name, so that it is never taken for a file or passed over. */
export const absentCommands: readonly string[] = [
  ...['completion', 'exec-env', 'exec-file', 'groups', 'publish'],
  ...['rotate', 'set', 'unset', 'updatekeys'],
];
export const absentFlags: readonly string[] = [
  ...['rotate', 'r', 'set'],
  ...['kms', 'pgp', 'gcp-kms', 'hckms', 'azure-kv', 'hc-vault-transit', 'age'].flatMap(name => [
    `add-${name}`,
    `rm-${name}`,
  ]),
];

/** The property of `FlagValues` (and of commander's options) that holds a flag. */
export function propertyOf(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

export function commandEntry(name: string): CommandEntry | undefined {
  return commands.find(command => command.name === name);
}
