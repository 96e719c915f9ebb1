/** One change of a plain text, by the words of the command, for the tests of `set` and `unset`. */

import { setAmendment, unsetAmendment } from '../../src/core/amend.ts';
import { parseSetPath } from '../../src/core/path.ts';
import { mapping, type Path } from '../../src/core/tree.ts';
import { TsopsError } from '../../src/errors.ts';
import type { Format } from '../../src/formats/format.ts';
import { parseJsonValue } from '../../src/formats/json/value.ts';

/** The text before, a path such as `a.b[0]`, the new value as JSON (undefined: the path is taken away), and the text after or an error code. */
export type AmendCase = readonly [before: string, path: string, value: string | undefined, after: string];

/** The text with the change, or the code of the error. */
export function amendedText(format: Format, before: string, path: string | Path, value: string | undefined): string {
  const bytes = Buffer.from(before);
  const steps = typeof path === 'string' ? parseSetPath(path) : path;
  const root = format.parse(bytes, 'plain').tree.documents[0] ?? mapping([]);
  try {
    const amendment =
      value === undefined
        ? unsetAmendment(root, steps, false)
        : setAmendment(root, steps, parseJsonValue(value), false);
    return amendment === undefined ? 'NOTHING' : Buffer.from(format.amend(bytes, amendment)).toString();
  } catch (error) {
    if (error instanceof TsopsError) return error.code;
    throw error;
  }
}
