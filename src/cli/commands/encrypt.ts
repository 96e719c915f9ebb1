/** `tsops encrypt`: the encrypted file on standard output, in its own place, or in another file; several files each in its place. */

import { TsopsError } from '../../errors.ts';
import { maxEncryptedBytes } from '../../host/files.ts';
import { inspectFile, isNeverEncrypted } from '../../index.ts';
import type { Call } from '../call.ts';
import { encryptRenewed } from '../former.ts';
import { eachFile, meansMany, type Target, targetsOf } from '../manyfiles.ts';
import { mayHaveBlock } from '../ours.ts';
import { outputsFor } from '../outputs.ts';
import { ruleOf } from '../recipients.ts';
import { sealingOptions } from '../sealing.ts';
import { about, putResult, readSource, refuseTooLarge, type Source, sourceOf } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const { file, flags } = call;
  if (meansMany(call) || (flags.outputDir !== undefined && file !== undefined)) return encryptMany(call);
  const source = await sourceOf(file, flags, { needsName: true });
  const { bytes, isChanged } = await sealedOf(call, source, flags.output ?? source.name);
  // In its own place there is nothing to do.
  if (isChanged || !flags.inPlace) await putResult(source, flags, bytes, { secret: false });
}

async function encryptMany(call: Call): Promise<void> {
  const { flags } = call;
  if (flags.reuseFrom !== undefined) throw onlyForOne();
  const targets: Target[] = [];
  for (const target of await targetsOf(call))
    if (target.isNamed || (await isClaimed(call, target))) targets.push(target);
  const outputs = outputsFor(call, targets, { secret: false });
  const work = async (target: Target, own: Call) => {
    const source = await sourceOf(target.path, { ...flags, output: undefined });
    // Of a folder, what is encrypted already is as it should be.
    const ifNeeded = flags.ifNeeded || !target.isNamed;
    const sealing = sealedOf({ ...own, flags: { ...flags, ifNeeded } }, source, outputs.placeOf(target));
    const sealed = await sealing.catch(error => {
      if (target.isNamed || !(error instanceof TsopsError) || error.code !== 'NOTHING_ENCRYPTED') throw error;
      own.report.tell('the rule selects nothing in it, so it was passed over');
      return undefined;
    });
    if (sealed !== undefined && (sealed.isChanged || !flags.inPlace)) await outputs.put(target, sealed.bytes);
    return sealed;
  };
  // The results have places of their own, so none waits for the disk until those before it are written.
  await eachFile(call, targets, work, async () => {});
  await outputs.finish();
}

/** Of a folder, the files that a rule with a path asks for. A rule for everything asks for none of them. */
async function isClaimed(call: Call, { path }: Target): Promise<boolean> {
  const rule = isNeverEncrypted(path) ? undefined : await ruleOf(call, path);
  return rule !== undefined && !rule.isForAll;
}

interface Sealed {
  readonly bytes: Uint8Array;
  /** False for a file that was encrypted already. */
  readonly isChanged: boolean;
}

/** @param place where the result will be */
async function sealedOf(call: Call, source: Source, place: string | undefined): Promise<Sealed> {
  const { flags } = call;
  const early = flags.ifNeeded ? await readSource(source, { maxBytes: maxEncryptedBytes }) : undefined;
  if (early !== undefined && (await isEncrypted(early, source))) return { bytes: early, isChanged: false };
  const options = await sealingOptions(call, { ...source, name: source.name ?? '' });
  const bytes = early ?? (await readSource(source));
  const { format, outputFormat } = source;
  const renewal = { bytes, path: source.path, options, format, outputFormat, place };
  const sealed = await about(source, async () => refuseTooLarge(await encryptRenewed(call, renewal)));
  return { bytes: sealed, isChanged: true };
}

function onlyForOne(): TsopsError {
  return new TsopsError(
    'CONFLICTING_OPTIONS',
    '--reuse-from names the former version of one file, and several are given',
    {
      hints: ['Leave it out: each file is compared with what it replaces, or with the last commit.'],
    },
  );
}

/**
 * Only a file with sound metadata counts. One that merely cannot be told (no JSON, a damaged block) is left to `encrypt`, which says
 * what is wrong or encrypts it.
 */
async function isEncrypted(bytes: Uint8Array, { outputFormat }: Source): Promise<boolean> {
  if (!mayHaveBlock(bytes)) return false;
  try {
    return (await inspectFile(bytes, { format: outputFormat })).encrypted;
  } catch (error) {
    if (error instanceof TsopsError) return false;
    throw error;
  }
}
