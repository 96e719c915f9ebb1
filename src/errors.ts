/**
 * The one error class of tsops and the table of its stable codes.
 *
 * Nothing here has a field that a secret value could sit in: an error says what, where (file, line, column, key path)
 * and what to do next. The exit statuses are those of sops 3.13.2 (cmd/sops/codes/codes.go); `docs/errors.md` is printed from this table.
 */

/** What one code means: its exit status (sops's own number) and one sentence for the reference. */
export interface ErrorKind {
  readonly exitStatus: number;
  readonly meaning: string;
  /** Whether the command prints the message and nothing else, since programs around sops compare all of standard error with it. */
  readonly standsAlone?: boolean;
}

const kind = (exitStatus: number, meaning: string): ErrorKind => ({ exitStatus, meaning });

/** Every code that tsops throws. A code never changes its meaning. */
export const errorKinds = {
  USAGE: kind(1, 'The command line is not one that this command takes.'),
  INTERNAL: kind(1, 'A check inside tsops failed; nothing was written.'),
  CONFIG_INVALID: kind(1, 'The .sops.yaml cannot be read or says something that cannot be meant.'),
  CONFIG_NOT_FOUND: kind(1, 'No .sops.yaml was found and no keys were given.'),
  NO_MATCHING_RULE: kind(1, 'No creation rule of the .sops.yaml matches the file.'),
  PATTERN_INVALID: kind(1, 'A regular expression is not one that Go (RE2) accepts.'),
  KEY_INVALID: kind(1, 'A recipient, fingerprint, ARN or URL of a master key is not well formed.'),
  KEY_GROUP_EMPTY: { exitStatus: 1, meaning: 'A key group has no master key.', standsAlone: true },
  RECIPIENT_NOT_IN_RULE: kind(1, 'The file names a master key that its creation rule does not name.'),
  SOME_FAILED: kind(1, 'Some of several files could not be worked on; the others were.'),
  CHECK_FAILED: kind(1, 'The check found something; the findings are the report.'),
  DECLINED: kind(1, 'Nobody answered the question whether to go on.'),
  KEY_GROUP_INVALID: kind(1, 'The key groups or the threshold cannot protect a file.'),
  WRAP_FAILED: kind(1, 'The data key could not be encrypted for every master key.'),
  METADATA_NOT_FOUND: kind(1, 'The file has no sops metadata: it is not encrypted.'),
  METADATA_INVALID: kind(1, 'The sops metadata of the file is damaged or contradicts itself.'),
  PATH_NOT_FOUND: kind(1, 'The key path does not exist in the file.'),
  MERGE_CONFLICT: kind(1, 'Two versions of a file cannot be merged without somebody who decides.'),
  LISTEN_FAILED: kind(1, 'The key service cannot listen at the address.'),
  NO_DESTINATION: kind(
    1,
    'No destination rule of the .sops.yaml matches the file, or the one that does is not complete.',
  ),
  PUBLISH_FAILED: kind(1, 'The destination did not take the content.'),
  COMMAND_FAILED: kind(1, 'The command that was to be run cannot be started.'),
  USER_UNAVAILABLE: kind(
    1,
    'The user that a command was to be run as does not exist, or this process may not become it.',
  ),
  EDIT_CANCELLED: kind(1, 'Editing was cancelled; the file is as it was.'),
  FILE_SYNTAX: kind(2, 'The file cannot be parsed.'),
  FILE_UNREADABLE: kind(2, 'The file cannot be read.'),
  OUTSIDE_ROOT: kind(2, 'The path leads out of the folder that files have to be in.'),
  FILE_UNWRITABLE: kind(3, 'The output cannot be written.'),
  AUDIT_FAILED: kind(3, 'The audit log that TSOPS_AUDIT_LOG names cannot be written.'),
  FILE_LOCKED: kind(3, 'Another process is changing the file and did not finish in time.'),
  NOT_REPRESENTABLE: kind(4, 'The output format cannot hold this content.'),
  RESERVED_KEY: kind(4, 'A later document has the reserved top-level key sops.'),
  ENCRYPTION_CONTEXT_INVALID: kind(6, 'The encryption context for AWS KMS is not a list of name:value pairs.'),
  SET_FORMAT_INVALID: kind(7, 'The path or the value of set or unset is not well formed.'),
  CONFLICTING_OPTIONS: kind(8, 'Two options or rules contradict each other.'),
  NOTHING_ENCRYPTED: kind(23, 'The selection rule selects nothing: the file would stay in clear text.'),
  NOT_ENCRYPTABLE: kind(23, 'A key or value of the file cannot be encrypted in the sops format.'),
  VALUE_UNDECRYPTABLE: kind(25, 'A value does not decrypt: it was changed, moved, or is not ciphertext.'),
  MAC_MISMATCH: kind(51, 'The message authentication code does not fit the content.'),
  TREE_PATH_SYNTAX: kind(91, 'The --extract path is not well formed.'),
  EMPTY_FILE: kind(92, 'The file holds no document.'),
  KEYS_OF_MISSING_FILE: kind(49, 'Keys cannot be added to or removed from a file that does not exist.'),
  FILE_MISSING: kind(100, 'No file was named, or it does not exist.'),
  DECRYPTION_ORDER_DUPLICATE: kind(112, 'A key type is named twice in the decryption order.'),
  DATA_KEY_UNAVAILABLE: kind(128, 'None of the master keys at hand opens the data key.'),
  FILE_UNCHANGED: kind(200, 'The editor left the file as it was.'),
  EDITOR_FAILED: kind(201, 'The editor is missing or returned an error.'),
  ALREADY_ENCRYPTED: kind(203, 'The file is encrypted already, or has the reserved top-level key sops.'),
} as const satisfies Record<string, ErrorKind>;

/** A stable error code, for programs to compare. */
export type ErrorCode = keyof typeof errorKinds;

/** Where the fault is. Key names may be shown, values never. Lines and columns count from 1; documents from 0. */
export interface Where {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly document?: number;
  readonly path?: readonly (string | number)[];
}

export interface ErrorDetails extends Where {
  /** Sentences that name the next act, most useful first. */
  readonly hints?: readonly string[];
  /** Replaces the exit status of the code, where sops tells two situations of one code apart. */
  readonly exitStatus?: number;
}

/** The only error that tsops throws on purpose. `message` never holds a value of a file or any part of a private key. */
export class TsopsError extends Error {
  override readonly name = 'TsopsError';
  readonly code: ErrorCode;
  readonly where: Where;
  readonly hints: readonly string[];
  /** The exit status of the command for this error, as sops numbers them. */
  readonly exitStatus: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    const { hints, exitStatus, ...where } = details;
    this.code = code;
    this.where = where;
    this.hints = hints ?? [];
    this.exitStatus = exitStatus ?? errorKinds[code].exitStatus;
  }

  /** The same error with more said about the place or the exit status; what was said before stays. */
  with(details: ErrorDetails): TsopsError {
    const { hints, exitStatus, ...where } = details;
    return new TsopsError(this.code, this.message, {
      ...where,
      ...this.where,
      hints: [...this.hints, ...(hints ?? [])],
      exitStatus: exitStatus ?? this.exitStatus,
    });
  }
}
