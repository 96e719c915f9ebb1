/** The quick way of a format beside its general way: with the same random bytes they have to give the same. */

import assert from 'node:assert/strict';
import type { SelectionRule } from '../../src/core/selection.ts';
import type { FormatName } from '../../src/formats/format.ts';
import { formatEntry } from '../../src/formats/index.ts';
import { TsopsError } from '../../src/index.ts';
import { Chooser } from './generate.ts';

export function rules(chooser: Chooser): { selection: SelectionRule | undefined; macOnlyEncrypted: boolean } {
  const selection = chooser.pick<SelectionRule | undefined>([
    undefined,
    undefined,
    { kind: 'encryptedRegex', text: '^(k|m|g)' },
    { kind: 'unencryptedRegex', text: '2$' },
    { kind: 'encryptedSuffix', text: '_unencrypted' },
    { kind: 'encryptedCommentRegex', text: 'com' },
  ]);
  return { selection, macOnlyEncrypted: chooser.chance(0.2) };
}

/** The same bytes for every run. */
export function fixedRandom(): (bytes: number) => Uint8Array {
  const chooser = new Chooser(1);
  return bytes => Uint8Array.from({ length: bytes }, () => chooser.below(256));
}

export type Outcome = { readonly bytes: Buffer } | { readonly error: string };

async function outcome(work: () => Promise<Uint8Array>): Promise<Outcome> {
  try {
    return { bytes: Buffer.from(await work()) };
  } catch (error) {
    assert.ok(error instanceof TsopsError, String(error));
    const { code, message, where, hints, exitStatus } = error;
    return { error: JSON.stringify({ code, message, where, hints, exitStatus }) };
  }
}

/** What the quick way and the general way of a format make of it. */
export async function bothWays(name: FormatName, work: () => Promise<Uint8Array>): Promise<[Outcome, Outcome]> {
  const quick = await outcome(work);
  const format = formatEntry(name);
  const { onePass } = format;
  Reflect.set(format, 'onePass', undefined);
  try {
    return [quick, await outcome(work)];
  } finally {
    Reflect.set(format, 'onePass', onePass);
  }
}

/** The wrapped data key is new every time. */
export function withoutWrapped(result: Outcome): string {
  if ('error' in result) return result.error;
  return result.bytes.toString('latin1').replace(/-----BEGIN AGE[\s\S]*?-----END AGE ENCRYPTED FILE-----/g, '');
}
