/** What a command is given. */

import type { KeyKind } from '../index.ts';
import type { Audit } from './audit.ts';
import type { FlagValues, KeyFlagUse } from './flags.ts';
import type { Report } from './report.ts';

/** The texts of flags that name master keys, by kind, in the order in which their keys are stored. */
export type KeyTexts = ReadonlyMap<KeyKind, string>;

/** What a command ends with where that is not told by an error: the exit status of a program that it ran. 0 where it says nothing. */
export type Ending = number | void;

export interface Call {
  /** The name of the command in the table. */
  readonly command: string;
  /** Whether it was chosen by a flag or by nothing, as in `sops -d FILE` and `sops FILE`. */
  readonly isMode: boolean;
  /** All arguments as they were given. */
  readonly argv: readonly string[];
  readonly operands: readonly string[];
  /** The first operand; `-` is standard input. */
  readonly file: string | undefined;
  readonly flags: FlagValues;
  /** Those of `--age` and its like, which say for whom a file is made. */
  readonly keys: KeyTexts;
  /** Those of all flags of keys, by what is done with them. */
  readonly keysFor: Readonly<Record<KeyFlagUse, KeyTexts>>;
  readonly report: Report;
  /** Where uses of keys are noted down; undefined unless TSOPS_AUDIT_LOG asks for it. */
  readonly audit?: Audit | undefined;
}
