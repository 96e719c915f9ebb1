/** `tsops publish FILE|FOLDER`: encrypted files, or their values, to where the configuration says. sops 3.13.2 cmd/sops/subcommand/publish. */

import { basename, extname, relative, resolve } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { isFile, maxEncryptedBytes, readFileBounded } from '../../host/files.ts';
import { closeLines, nextLine } from '../../host/lines.ts';
import { paintFor, writeStdout } from '../../host/streams.ts';
import { filesBelow, isFolder } from '../../host/walk.ts';
import { type Config, matchDestination, type Publication, publication } from '../../index.ts';
import type { Call } from '../call.ts';
import { configFor } from '../configuration.ts';
import { changeLines } from '../keyschange.ts';
import { keyContext } from '../keyservices.ts';
import { openingOptions } from '../opening.ts';
import { asTsopsError, escapeControls } from '../report.ts';
import { about, formatsOf, refuseTemporary } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const { file: path = '', flags } = call;
  const config = await configFor(call, path);
  if (config === undefined) {
    throw new TsopsError('CONFIG_NOT_FOUND', 'config file not found', {
      hints: ['Destinations stand in destination_rules of .sops.yaml; name another file with --config FILE.'],
    });
  }
  for (const warning of config.destinationWarnings) call.report.warn(warning);
  try {
    if (!isFolder(path)) await publish(call, config, path, basename(path));
    else if (flags.recursive) await publishFolder(call, config, path);
    else
      throw new TsopsError('USAGE', 'the path is a folder', {
        file: path,
        hints: ['Publish all of its files with --recursive.'],
      });
  } finally {
    closeLines();
  }
}

/** A failure is told and counted, and the other files are done. */
async function publishFolder(call: Call, config: Config, folder: string): Promise<void> {
  const files = filesBelow(folder);
  let failures = 0;
  for (const file of files) {
    try {
      await publish(call, config, file, relative(folder, file).replaceAll('\\', '/'));
    } catch (error) {
      failures += 1;
      call.report.fail(asTsopsError(error, call.report.verbose).with({ file }));
    }
  }
  if (failures > 0) throw new TsopsError('SOME_FAILED', `${failures} of ${files.length} files could not be published`);
}

async function publish(call: Call, config: Config, path: string, placeName: string): Promise<void> {
  const { flags, report } = call;
  refuseTemporary(path);
  if (!(await isFile(path))) await readFileBounded(path);
  const bytes = await readFileBounded(path, { maxBytes: maxEncryptedBytes });
  const match = await matchDestination(config, path, { now: new Date() });
  const omit = flags.omitExtensions || match.omitExtensions;
  const name = omit ? placeName.slice(0, placeName.length - extname(placeName).length) : placeName;
  const ready = await about({ path }, () =>
    publication(bytes, match, {
      ...openingOptions(call),
      keys: keyContext(call, match.recreation?.groups),
      format: formatsOf(path, flags).format,
      allowNothing: flags.allowNothing,
      name,
    }),
  );
  await show(ready);
  if (flags.dryRun) {
    report.tell(`${path} would go to ${ready.address}${ready.isDecrypted ? ', decrypted' : ''}`);
    return;
  }
  if (!flags.yes && !(await isConfirmed(path, ready))) {
    decline(call, path);
    return;
  }
  const outcome = await about({ path }, () => ready.send());
  report.tell(`${path} ${outcome === 'current' ? 'is up to date at' : 'was published to'} ${ready.address}`);
}

async function show({ change }: Publication): Promise<void> {
  if (change === undefined || !change.groups.some(({ added, removed }) => added.length + removed.length > 0)) return;
  const lines = changeLines(change, await paintFor('stdout'));
  const text = ["The following changes will be made to the file's key groups:", ...lines].join('\n');
  await writeStdout(new TextEncoder().encode(`${text}\n`));
}

async function isConfirmed(path: string, { address }: Publication): Promise<boolean> {
  for (;;) {
    const question = `uploading ${escapeControls(resolve(path))} to ${escapeControls(address)} ? (y/n): `;
    await writeStdout(new TextEncoder().encode(question));
    const answer = (await nextLine())?.trim();
    if (answer === 'y' || answer === 'n') return answer === 'y';
    if (answer !== undefined) continue;
    throw new TsopsError('DECLINED', 'nobody answered the question whether to publish the file', {
      hints: ['Pass --yes to publish without a question, or --dry-run to see what would be done.'],
    });
  }
}

function decline({ flags, report }: Call, path: string): void {
  if (flags.recursive) report.tell(`Publication of ${path} canceled`);
  else throw new TsopsError('DECLINED', `Publication of ${path} canceled`);
}
