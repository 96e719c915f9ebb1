/** The forms in which findings are reported. A new one is its file here and one line below. */

import type { Finding } from '../../index.ts';

export interface FileFinding extends Finding {
  /** As it is shown: relative to the working directory, with `/` between its steps. */
  readonly file: string;
}

export interface FindingsReport {
  readonly findings: readonly FileFinding[];
  /** How many files were looked at. */
  readonly files: number;
}

/** What goes to standard output. */
export type FindingsForm = (report: FindingsReport) => Promise<string>;

const forms = {
  text: async (): Promise<FindingsForm> => (await import('./text.ts')).text,
  json: async (): Promise<FindingsForm> => (await import('./json.ts')).json,
  sarif: async (): Promise<FindingsForm> => (await import('./sarif.ts')).sarif,
  github: async (): Promise<FindingsForm> => (await import('./github.ts')).github,
};

export async function printFindings(form: string, report: FindingsReport): Promise<string> {
  return (await forms[form as keyof typeof forms]())(report);
}
