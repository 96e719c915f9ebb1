/** `unset`: one entry less in an encrypted file. sops 3.13.2 cmd/sops/unset.go; `docs/format.md` §9. */

import { unsetAmendment } from '../core/amend.ts';
import { append, formatPath, parseSetPath } from '../core/path.ts';
import type { Path } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import { openPlain, refuseRoot, sealAmended } from './amend.ts';
import type { EditOptions } from './edit.ts';
import { bytesOf, type Content, likeInput } from './input.ts';
import { isCounting } from './set.ts';

export interface UnsetOptions extends EditOptions {
  /** Whether it is no error that the path does not exist. Default: false. */
  readonly idempotent?: boolean | undefined;
}

/**
 * Takes one entry or item out of the first document, with the comments directly above it and behind it. A mapping or list that loses its
 * last entry becomes `{}` or `[]`.
 *
 * @param path as for `set`
 * @returns the same content where the path does not exist and `idempotent` is set
 * @throws TsopsError SET_FORMAT_INVALID, PATH_NOT_FOUND, NOT_REPRESENTABLE, and what `decrypt` and `encrypt` throw
 * @see docs/format.md §9
 */
export async function unset<C extends Content>(content: C, path: Path | string, options: UnsetOptions): Promise<C> {
  const steps = typeof path === 'string' ? parseSetPath(path) : path;
  refuseRoot(steps);
  if (steps.includes(append)) throw namesNothing(steps);
  const file = await openPlain(bytesOf(content), options);
  const amendment = unsetAmendment(file.root, steps, isCounting(path));
  if (amendment === undefined && options.idempotent) return content;
  if (amendment === undefined) throw notFound(steps);
  const sealed = await sealAmended(file, amendment, options);
  return sealed === undefined ? content : likeInput(content, sealed);
}

function namesNothing(path: Path): TsopsError {
  return new TsopsError('SET_FORMAT_INVALID', `the path ${formatPath(path)} names an item that is not there yet`, {
    path,
    hints: ['[-1] names the last item of a list.'],
  });
}

function notFound(path: Path): TsopsError {
  return new TsopsError('PATH_NOT_FOUND', `the path ${formatPath(path)} does not exist in the file`, {
    path,
    hints: [
      'Check the key names and positions; they count from 0, and comments in a list count too in this form (not in a.b[0]).',
      'Pass --idempotent where there may be nothing to take away.',
    ],
  });
}
