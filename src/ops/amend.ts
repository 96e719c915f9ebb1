/** The part that `set` and `unset` share: one change in the plain text of an opened file, and the file encrypted again. `docs/format.md` §9. */

import type { Amendment } from '../core/amend.ts';
import { type Mapping, mapping, type Path } from '../core/tree.ts';
import { TsopsError } from '../errors.ts';
import type { Format, PlainFile } from '../formats/format.ts';
import { formatEntry } from '../formats/index.ts';
import { type EditOptions, resealed } from './edit.ts';
import { onlyOneDocument, outputFormat } from './input.ts';
import { type OpenedFile, open } from './open.ts';

/** An opened file with its plain text. */
export interface OpenedPlain {
  readonly opened: OpenedFile;
  readonly output: Format;
  readonly plain: Uint8Array;
  readonly file: PlainFile;
  /** Of the first document, the only one that a path can name. */
  readonly root: Mapping;
}

export async function openPlain(bytes: Uint8Array, options: EditOptions): Promise<OpenedPlain> {
  const output = await formatEntry(outputFormat(options)).load();
  const opened = await open(bytes, { ...options, outputFormat: undefined });
  const plain = opened.file.rewrite(opened.changes, opened.spelling?.text);
  const file = opened.format.parse(plain, 'plain');
  return { opened, output, plain, file, root: file.tree.documents[0] ?? mapping([]) };
}

/** @returns the encrypted bytes; undefined where nothing changes */
export async function sealAmended(
  { opened, output, plain, file }: OpenedPlain,
  amendment: Amendment | undefined,
  options: EditOptions,
): Promise<Uint8Array | undefined> {
  const { format } = opened;
  const edited = amendment === undefined ? plain : format.amend(plain, amendment);
  const isSame = Buffer.compare(plain, edited) === 0;
  if (isSame && output === format) return undefined;
  if (file.tree.documents.length > 1 && !formatEntry(output.name).manyDocuments) throw onlyOneDocument(output.name);
  return resealed(opened, isSame ? file : format.parse(edited, 'plain'), edited, options, output);
}

/** @throws TsopsError SET_FORMAT_INVALID for the path of the whole file */
export function refuseRoot(path: Path): void {
  if (path.length > 0) return;
  throw new TsopsError('SET_FORMAT_INVALID', 'the path is empty: it names the whole file', {
    hints: ['Name a key, for example ["key"]; `tsops edit` changes the file as a whole.'],
  });
}
