/** What a test of one row of `docs/compatibility.md` is made of. */

export interface Seen {
  readonly exit: number | null;
  /** All of standard output, or what it has to match. */
  readonly out?: string | RegExp;
  /** What standard error has to match. */
  readonly err?: RegExp;
  /** A file of the folder and what it has to match. */
  readonly file?: readonly [name: string, content: RegExp];
  /** Whatever else can be seen in the folder. */
  readonly also?: (folder: string) => void;
}

export interface Row {
  /** The text of the row's first cell, or a part of it. */
  readonly row: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** The case of the compatibility vectors whose files are in the folder: made by sops. */
  readonly vector?: string;
  /** Runs of tsops before; each has to succeed. */
  readonly first?: readonly (readonly string[])[];
  /** Runs before of the program that is looked at. */
  readonly own?: readonly (readonly string[])[];
  /** A change to one file behind those runs. */
  readonly change?: readonly [name: string, change: (text: string) => string];
  readonly run: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly tsops: Seen;
  /** Absent where sops has nothing that could be run, or where it would ask the network. */
  readonly sops?: Seen;
}

/** An encrypted value of YAML in any of its styles. */
export const sealed = String.raw`["']?ENC\[[^\]]*\]["']?`;
/** The last command of a test program that stands for an editor: `$1` is the file. */
export const script = (lines: string): string => `#!/bin/sh\n${lines}\n`;
