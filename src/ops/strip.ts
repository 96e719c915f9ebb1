/** `stripMetadata`: an encrypted file without its block, for programs that check its form and have no key. */

import { TsopsError } from '../errors.ts';
import { formatEntry } from '../formats/index.ts';
import { bytesOf, type Content, type FormatOptions, inputFormat, likeInput } from './input.ts';
import { parseEncrypted } from './open.ts';

/**
 * Takes the `sops` block out of every document and leaves all else, so that a checker of schemas finds the object that will be there once the
 * file is decrypted. The values stay encrypted, and **nobody can decrypt the result**. A file without a block stays as it is.
 *
 * @throws TsopsError FILE_SYNTAX; CONFLICTING_OPTIONS for a binary file, which is nothing without its block
 */
export async function stripMetadata<C extends Content>(
  content: C,
  options: Pick<FormatOptions, 'filename' | 'format'>,
): Promise<C> {
  const name = inputFormat(options);
  if (name === 'binary') {
    throw new TsopsError('CONFLICTING_OPTIONS', 'an encrypted binary file is nothing without its sops block', {
      hints: ['Name the format with --input-type where the name of the file does not tell it.'],
    });
  }
  const file = parseEncrypted(await formatEntry(name).load(), bytesOf(content));
  return file.blocks.length === 0 ? content : likeInput(content, file.rewrite([], undefined));
}
