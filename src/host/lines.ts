/** Answers that come line by line on standard input, from a person or from `yes`. */

import { createInterface, type Interface } from 'node:readline';

let reader: { readonly lines: AsyncIterator<string>; readonly source: Interface } | undefined;

/** The next line of standard input without its end; undefined where there is none. */
export async function nextLine(): Promise<string | undefined> {
  if (reader === undefined) {
    const source = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
    reader = { source, lines: source[Symbol.asyncIterator]() };
  }
  const { value, done } = await reader.lines.next();
  return done ? undefined : value;
}

/** Lets go of standard input, which would keep the process. */
export function closeLines(): void {
  reader?.source.close();
  process.stdin.destroy();
  reader = undefined;
}
