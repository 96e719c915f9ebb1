/** Reports of data keys that could not be wrapped or opened: one block that names every key tried, why, and what to do. */

import { type MasterKey, masterKeyText } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { printable, shortened } from './printable.ts';
import type { UnwrapFailure } from './provider.ts';

/** The report of keys that could not be wrapped for, in file order. */
export function wrapError(keys: readonly MasterKey[], failures: ReadonlyMap<MasterKey, TsopsError>): TsopsError {
  const failed = [...new Set(keys)].flatMap(key => {
    const error = failures.get(key);
    return error === undefined ? [] : [{ key, error }];
  });
  const lines = failed.map(({ key, error }) => `  ${masterKeyName(key)}: ${told(error.message)}`);
  const message = ['the data key could not be encrypted for every master key:', ...shortList(lines)].join('\n');
  return new TsopsError('WRAP_FAILED', message, {
    hints: [...new Set(failed.flatMap(({ error }) => error.hints.map(told)))],
  });
}

/** A group that gave no part of the data key. */
export interface TriedGroup {
  /** Its place in the file, from 1. */
  readonly number: number;
  readonly failures: readonly UnwrapFailure[];
  /** Whether it opened, but holds the share of an earlier group. */
  readonly repeated: boolean;
}

export interface GroupCounts {
  readonly groups: number;
  readonly needed: number;
  readonly opened: number;
}

/** A hostile file can name any number of keys. */
const maxKeys = 50;

export function unavailableError(tried: readonly TriedGroup[], counts: GroupCounts): TsopsError {
  const failures = tried.flatMap(group => group.failures);
  const lines = counts.groups > 1 ? tried.flatMap(groupLines) : keyLines(failures, '  ');
  const message = [`${headline(counts)}${lines.length > 0 ? ':' : ''}`, ...shortList(lines)].join('\n');
  const hints = [...new Set(failures.flatMap(failure => failure.hints.map(told)))];
  return new TsopsError('DATA_KEY_UNAVAILABLE', message, { hints: hints.slice(0, maxKeys) });
}

function headline({ groups, needed, opened }: GroupCounts): string {
  if (groups === 0) return 'the file names no master key, so nothing can open its data key';
  if (groups === 1) return 'none of the master keys of the file gave the data key';
  return `the data key needs ${needed} of the ${groups} key groups, and only ${opened} could be opened`;
}

function groupLines({ number, failures, repeated }: TriedGroup): string[] {
  const title = `  group ${number}:${repeated ? ' it holds the same share as an earlier group' : ''}`;
  return [title, ...(repeated ? [] : keyLines(failures, '    '))];
}

function keyLines(failures: readonly UnwrapFailure[], indent: string): string[] {
  return failures.map(({ key, reason }) => `${indent}${masterKeyName(key)}: ${told(reason)}`);
}

/** The kind of a key and its text as reports show them: on one line, the middle of a long text left out, never a secret key. */
export function masterKeyName(key: MasterKey): string {
  return `${key.kind} ${keyName(masterKeyText(key))}`;
}

const longest = 2000;
const hidden = '(a secret key, not shown)';

/** A reason or a hint. Names from the file and answers of others can be in it. */
function told(text: string): string {
  const plain = printable(text).replace(/AGE-(?:SECRET-KEY-|PLUGIN-[A-Z0-9+._-]+-1)[A-Z0-9]\S*/gi, hidden);
  return plain.length > longest ? `${plain.slice(0, longest)}…` : plain;
}

function shortList(lines: readonly string[]): string[] {
  if (lines.length <= maxKeys) return [...lines];
  return [...lines.slice(0, maxKeys), `  … and ${lines.length - maxKeys} more`];
}

/** A name from a file, safe to show: escaped, shortened, and never a secret key or a password that was put there by mistake. */
export function keyName(text: string): string {
  if (/AGE-SECRET-KEY|AGE-PLUGIN-\S+-1|PRIVATE KEY/i.test(text)) return hidden;
  return shortened(text.replace(/(:\/\/)[^/]*@/g, '$1…@'));
}
