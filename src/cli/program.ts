/** Runs the command of an invocation: its flags and operands become what every command is given. */

import { env } from '../host/environment.ts';
import type { KeyKind } from '../index.ts';
import type { Invocation } from './arguments.ts';
import type { Audit } from './audit.ts';
import type { Call, Ending, KeyTexts } from './call.ts';
import { type CommandEntry, commandEntry } from './commands.ts';
import { type FlagKind, type FlagValues, flags, type KeyFlagUse, keyFlags, propertyOf } from './flags.ts';
import { asTsopsError, type Report } from './report.ts';

/** Runs the command of an invocation; gives its exit status. */
export async function runCommand(invocation: Invocation, argv: readonly string[], report: Report): Promise<number> {
  const entry = commandEntry(invocation.command);
  if (entry === undefined) throw new RangeError('a command without an entry');
  const { run } = await entry.load();
  await sweep();
  return audited(entry, callOf(invocation, argv, report), run);
}

type Run = (call: Call) => Promise<Ending>;

/** Runs a command under the eyes of the audit log, where there is one. */
async function audited(entry: CommandEntry, call: Call, run: Run): Promise<number> {
  const log = entry.usesNoKeys ? undefined : env('TSOPS_AUDIT_LOG');
  if (!log) return (await run(call)) ?? 0;
  const { Audit } = await import('./audit.ts');
  const audit = new Audit(log, entry.name, call.flags.filenameOverride);
  let status: number;
  try {
    status = (await run({ ...call, audit })) ?? 0;
  } catch (error) {
    noteFailure(audit, error, call.report);
    throw error;
  }
  audit.ended(status);
  return status;
}

/** What the run failed with is told, whether or not it can be noted down. */
function noteFailure(audit: Audit, error: unknown, report: Report): void {
  try {
    audit.ended(asTsopsError(error, false).exitStatus, error);
  } catch {
    report.warn('the end of this run could not be noted down in the audit log');
  }
}

/** Plain text that a killed process could not remove goes with the next run, whichever it is. */
async function sweep(): Promise<void> {
  const { sweepPrivateFiles } = await import('../host/temp.ts');
  sweepPrivateFiles();
}

function callOf({ command, isMode, vector }: Invocation, argv: readonly string[], report: Report): Omit<Call, 'audit'> {
  const end = vector.indexOf('--');
  const operands = vector.slice(end + 1);
  const values = valuesOf(vector.slice(1, end));
  report.verbose = values.get('verbose') === true;
  const keysFor = { use: keyTexts(values, 'use'), add: keyTexts(values, 'add'), remove: keyTexts(values, 'remove') };
  return {
    command,
    isMode,
    argv,
    operands,
    file: operands[0],
    flags: Object.fromEntries(values) as FlagValues,
    keys: keysFor.use,
    keysFor,
    report,
  };
}

type Value = boolean | number | string | readonly string[];

/** The values of flags in the one plain form, `--name` or `--name=value`, by the property that holds them. */
function valuesOf(settings: readonly string[]): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>();
  for (const setting of settings) {
    const mark = setting.indexOf('=');
    const name = setting.slice(2, mark < 0 ? undefined : mark);
    const property = propertyOf(name);
    const kind = flags.get(name)?.kind ?? 'boolean';
    values.set(property, parsed(kind, mark < 0 ? 'true' : setting.slice(mark + 1), values.get(property)));
  }
  return values;
}

function parsed(kind: FlagKind, text: string, earlier: Value | undefined): Value {
  if (kind === 'list') return [...((earlier as readonly string[] | undefined) ?? []), text];
  if (kind === 'number') return Number(text);
  return kind === 'text' ? text : text === 'true';
}

function keyTexts(values: ReadonlyMap<string, unknown>, wanted: KeyFlagUse): KeyTexts {
  const keys = new Map<KeyKind, string>();
  for (const { name, key, use } of keyFlags) {
    const text = use === wanted ? values.get(propertyOf(name)) : undefined;
    if (typeof text === 'string') keys.set(key, text);
  }
  return keys;
}
