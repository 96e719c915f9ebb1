/** What `groups add` and `groups delete` share: the file of `--file`, changed in its place or printed. */

import { TsopsError } from '../errors.ts';
import { maxEncryptedBytes } from '../host/files.ts';
import type { GroupOptions, KeyGroup } from '../index.ts';
import type { Call } from './call.ts';
import { changeFile } from './inplace.ts';
import { keyContext } from './keyservices.ts';
import { openingOptions } from './opening.ts';
import { recipientCheck } from './recipients.ts';
import { about, putResult, readSource, refuseTooLarge, type Source, sourceOf } from './source.ts';

/** @param named the keys that the command line names @throws TsopsError FILE_UNREADABLE (2) where no file is named, as with sops */
export async function regroupFile(
  call: Call,
  named: KeyGroup,
  work: (bytes: Uint8Array, options: GroupOptions) => Promise<Uint8Array>,
): Promise<void> {
  const { flags } = call;
  const source = await fileOf(call);
  const options: GroupOptions = {
    ...openingOptions(call),
    keys: keyContext({ ...call, file: source.path }, [named]),
    format: source.format,
    shamirThreshold: flags.shamirSecretSharingThreshold,
    onRecipients: await recipientCheck(call, source.name ?? '', named),
  };
  if (flags.inPlace && source.path !== undefined) {
    await changeFile(call, source.path, bytes => work(bytes, options));
    return;
  }
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  const result = await about(source, async () => refuseTooLarge(await work(bytes, options)));
  await putResult(source, flags, result, { secret: false });
}

async function fileOf({ flags }: Call): Promise<Source> {
  const file = flags.file?.at(-1);
  if (file === undefined) {
    throw new TsopsError('FILE_UNREADABLE', 'no file was named', { hints: ['Name it with --file FILE.'] });
  }
  try {
    return await sourceOf(file, { ...flags, outputType: undefined });
  } catch (error) {
    throw error instanceof TsopsError && error.code === 'FILE_MISSING' ? error.with({ exitStatus: 2 }) : error;
  }
}
