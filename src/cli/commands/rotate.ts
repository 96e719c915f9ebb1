/** `tsops rotate`, and `tsops -r`: a new data key. sops 3.13.2 cmd/sops/rotate.go. */

import { TsopsError } from '../../errors.ts';
import { exists, maxEncryptedBytes } from '../../host/files.ts';
import { type KeyGroup, masterKeyText, type RotateOptions, rotate } from '../../index.ts';
import type { Call } from '../call.ts';
import { configIfNeeded, indentFor } from '../configuration.ts';
import { changeFile } from '../inplace.ts';
import { keyContext } from '../keyservices.ts';
import { eachFile, meansMany, targetsOf, targetsWith } from '../manyfiles.ts';
import { openingOptions } from '../opening.ts';
import { isOurs } from '../ours.ts';
import { inAddOrder, keysNamed, recipientCheck } from '../recipients.ts';
import { about, putResult, readSource, refuseTooLarge, sourceOf } from '../source.ts';

export async function run(call: Call): Promise<void> {
  if (meansMany(call)) return rotateMany(call);
  await rotateOne(call);
}

async function rotateMany(call: Call): Promise<void> {
  const { flags } = call;
  if (!flags.inPlace || flags.output !== undefined || flags.filenameOverride !== undefined) {
    throw new TsopsError('CONFLICTING_OPTIONS', 'several files are rotated each in its place', {
      hints: ['Add -i, and leave out --output and --filename-override.'],
    });
  }
  const targets = await targetsWith(await targetsOf(call), flags, isOurs);
  await eachFile(
    call,
    targets,
    (_target, own) => rotateOne(own),
    async () => {},
  );
}

async function rotateOne(call: Call): Promise<true> {
  const { file = '', flags } = call;
  refuseMissing(call, file);
  const source = await sourceOf(file, flags);
  const add = inAddOrder(await keysNamed(call, call.keysFor.add));
  const remove = await keysNamed(call, call.keysFor.remove);
  const options = await optionsOf(call, source.name ?? '', { add, remove });
  const { format, outputFormat, path } = source;
  const work = (bytes: Uint8Array) => rotate(bytes, { ...options, format, outputFormat });
  if (flags.inPlace && path !== undefined) {
    await changeFile(call, path, work);
    return true;
  }
  const bytes = await readSource(source, { maxBytes: maxEncryptedBytes });
  await putResult(source, flags, refuseTooLarge(await about(source, () => work(bytes))), { secret: false });
  return true;
}

/** sops tells a missing file apart by what was to be done with it. */
function refuseMissing({ keysFor, isMode }: Call, file: string): void {
  if (file === '-' || exists(file)) return;
  if (keysFor.add.size + keysFor.remove.size > 0) {
    throw new TsopsError('KEYS_OF_MISSING_FILE', 'the file does not exist, so its keys cannot be changed', { file });
  }
  throw new TsopsError('FILE_MISSING', 'the file does not exist', { file, exitStatus: isMode ? 100 : 2 });
}

async function optionsOf(
  call: Call,
  name: string,
  keys: { readonly add: KeyGroup; readonly remove: KeyGroup },
): Promise<Omit<RotateOptions, 'format'>> {
  const { report } = call;
  const config = await configIfNeeded(call, name, false);
  const check = await recipientCheck(call, name, keys.add);
  return {
    ...openingOptions(call),
    ...keys,
    keys: keyContext(call, [keys.add]),
    indent: indentFor(call, config, 'json'),
    onRecipients: check,
    onAbsent: key => report.warn(`the file has no key ${key.kind} ${masterKeyText(key)}, so it was not removed`),
  };
}
