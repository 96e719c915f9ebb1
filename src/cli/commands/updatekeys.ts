/** `tsops updatekeys FILE …`: files get the keys, threshold and rules of the configuration. sops 3.13.2 cmd/sops/subcommand/updatekeys. */

import { resolve } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { isFile, maxEncryptedBytes, readFileBounded, sizeOf } from '../../host/files.ts';
import { closeLines, nextLine } from '../../host/lines.ts';
import { paintFor, writeStdout } from '../../host/streams.ts';
import {
  compareKeys,
  formatPath,
  type KeysChange,
  matchRule,
  type Path,
  type RuleMatch,
  updateKeys,
} from '../../index.ts';
import type { Call } from '../call.ts';
import { configFor } from '../configuration.ts';
import { changeFile } from '../inplace.ts';
import { changeLines } from '../keyschange.ts';
import { keyContext } from '../keyservices.ts';
import { sideBySide, type Target, targetsOf } from '../manyfiles.ts';
import { openingOptions } from '../opening.ts';
import { isOurs } from '../ours.ts';
import { asTsopsError, escapeControls } from '../report.ts';
import { about, formatsOf, refuseTemporary } from '../source.ts';

interface Outcome {
  readonly file: string;
  readonly status: 'current' | 'changed' | 'wouldChange' | 'declined' | 'failed';
  readonly change?: KeysChange;
  readonly error?: string;
}

/** Does something now, or when it is the turn of the file. */
type InTurn = (say: () => Promise<void> | void) => Promise<void>;

export async function run(call: Call): Promise<void> {
  const { flags, report } = call;
  refuseSilentQuestion(call);
  const targets = await targetsOf(call);
  const outcomes: Outcome[] = [];
  // Where somebody is asked, one file comes after the other.
  const width = flags.yes || flags.dryRun ? undefined : 1;
  const progress = report.progress(width === 1 ? 0 : targets.length);
  try {
    for await (const outcome of sideBySide(targets, target => attempt(call, target, width === 1), width)) {
      const done = 'error' in outcome ? failed(call, outcome.item, outcome.error, targets.length > 1) : outcome.result;
      for (const say of done.later) await say();
      outcomes.push(...done.outcomes);
      progress.step();
    }
  } finally {
    progress.end();
    closeLines();
  }
  if (flags.json) await writeStdout(new TextEncoder().encode(`${JSON.stringify(outcomes, null, 2)}\n`));
  const failures = outcomes.filter(({ status }) => status === 'failed').length;
  if (failures > 0) throw new TsopsError('SOME_FAILED', `${failures} of ${outcomes.length} files could not be updated`);
}

interface Attempt {
  readonly outcomes: readonly Outcome[];
  readonly later: readonly (() => Promise<void> | void)[];
}

async function attempt(call: Call, target: Target, isAlone: boolean): Promise<Attempt> {
  const later: (() => Promise<void> | void)[] = [];
  const inTurn: InTurn = async say => {
    if (isAlone) await say();
    else later.push(say);
  };
  const outcome = await update(call, target, inTurn);
  return { outcomes: outcome === undefined ? [] : [outcome], later };
}

/** With several files a failure is told and counted, and the others are done. */
function failed({ report }: Call, { path }: Target, error: unknown, isOneOfSeveral: boolean): Attempt {
  if (!isOneOfSeveral) throw error;
  const known = asTsopsError(error, report.verbose).with({ file: path });
  return { outcomes: [{ file: path, status: 'failed', error: known.code }], later: [() => report.fail(known)] };
}

/** With --json standard output is the report, which has no place for the change and the question. */
function refuseSilentQuestion({ flags }: Call): void {
  if (!flags.json || flags.yes || flags.dryRun) return;
  throw new TsopsError('CONFLICTING_OPTIONS', 'with --json nobody is asked', {
    hints: ['Add --yes to make the changes, or --dry-run to see them.'],
  });
}

async function update(call: Call, { path, isNamed }: Target, inTurn: InTurn): Promise<Outcome | undefined> {
  const { flags, report } = call;
  refuseTemporary(path);
  if (!(await isFile(path))) await readFileBounded(path);
  // Of a folder, what is too large is none of ours.
  if (!isNamed && sizeOf(path) > maxEncryptedBytes) return undefined;
  const { format } = formatsOf(path, flags);
  const rule = await ruleFor(call, path, isNamed);
  const bytes = await readFileBounded(path, { maxBytes: maxEncryptedBytes });
  if (rule === undefined || (!isNamed && !(await isOurs(bytes, format)))) return undefined;
  const keys = keyContext({ ...call, file: path }, rule.groups);
  const change = await about({ path }, () => compareKeys(bytes, rule, { format, keys }));
  if (!change.isNeeded) {
    await inTurn(() => report.tell(`${path} is already up to date`));
    return { file: path, status: 'current', change };
  }
  if (!flags.json) await inTurn(() => show(path, change));
  if (flags.dryRun) return { file: path, status: 'wouldChange', change };
  if (!flags.yes && !(await isConfirmed())) {
    report.tell(`${path} was left as it is`);
    return { file: path, status: 'declined', change };
  }
  const onRotated = (paths: readonly Path[]) => void inTurn(() => warnOfKnownValues(call, path, paths));
  const options = {
    ...openingOptions(call),
    keys,
    format,
    keepDataKey: flags.keepDataKey,
    onRotated,
    allowNothing: flags.allowNothing,
  };
  await changeFile(call, path, async before => {
    if (Buffer.compare(before, bytes) !== 0) throw changedMeanwhile();
    return updateKeys(before, rule, options);
  });
  await inTurn(() => report.tell(`${path} was updated`));
  return { file: path, status: 'changed', change };
}

/** What was shown, and maybe answered with yes, is not what would be done now. */
function changedMeanwhile(): TsopsError {
  return new TsopsError('FILE_UNWRITABLE', 'the file was changed by somebody else in the meantime', {
    hints: ['Nothing was written; run the command again on what is there now.'],
  });
}

async function ruleFor(call: Call, path: string, isNamed: boolean): Promise<RuleMatch | undefined> {
  const config = await configFor(call, path);
  if (config === undefined || config.rules === undefined) {
    const message =
      config === undefined
        ? 'config file not found'
        : `the config file ${config.path} does not contain any creation rule`;
    throw new TsopsError('CONFIG_NOT_FOUND', message, {
      hints: ['Make one with `tsops init`, or name one with --config FILE.'],
    });
  }
  try {
    return await matchRule(config, resolve(path), { now: new Date() });
  } catch (error) {
    if (!isNamed && error instanceof TsopsError && error.code === 'NO_MATCHING_RULE') return undefined;
    throw error;
  }
}

async function show(path: string, change: KeysChange): Promise<void> {
  const lines = [
    `The following changes will be made to ${escapeControls(path)}:`,
    ...changeLines(change, await paintFor('stdout')),
  ];
  await writeStdout(new TextEncoder().encode(`${lines.join('\n')}\n`));
}

/** Only the two letters count, as with sops. */
async function isConfirmed(): Promise<boolean> {
  for (;;) {
    await writeStdout(new TextEncoder().encode('Is this okay? (y/n):'));
    const answer = (await nextLine())?.trim();
    if (answer === 'y' || answer === 'n') return answer === 'y';
    if (answer !== undefined) continue;
    throw new TsopsError('DECLINED', 'nobody answered the question whether this is okay', {
      hints: ['Pass --yes to update without a question, or --dry-run to see what would change.'],
    });
  }
}

const shownPaths = 20;

/** A key that is taken out has seen the values, and the history of the repository keeps them. */
function warnOfKnownValues({ report, flags }: Call, path: string, paths: readonly Path[]): void {
  const kept = flags.keepDataKey
    ? ' The data key is the old one (--keep-data-key), so later values can be read too.'
    : '';
  report.warn(`${path}: whoever held a removed key knows these values; change them where they are used.${kept}`);
  for (const known of paths.slice(0, shownPaths)) report.tell(`  ${formatPath(known)}`);
  if (paths.length > shownPaths) report.tell(`  and ${paths.length - shownPaths} more`);
}
