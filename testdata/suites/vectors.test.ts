/**
 * The compatibility vectors: files made by sops, good and tampered ones, run through the built command.
 * What an `ok` case decrypts to is compared byte for byte, or, where the layout is ours to keep, by its values; what we
 * encrypt from `plain` must come back to its exact bytes. Deliberate differences stand in `differences.json` with a row in `docs/`.
 */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Timestamp } from '../../src/core/scalar.ts';
import type { Node } from '../../src/core/tree.ts';
import { formatEntry } from '../../src/formats/index.ts';
import { type FormatName, inspectFile } from '../../src/index.ts';
import {
  type Case,
  type CaseEnv,
  caseFile,
  caseFolder,
  casesOf,
  environmentOf,
  fileNamed,
  type RunOptions,
  removeFolder,
  root,
  runTsops,
  secretsOf,
} from './harness.ts';

interface Difference {
  /** The exit status of tsops. */
  readonly exitCode: number;
  /** Flags that let tsops encrypt what it refuses without them. */
  readonly encryptWith?: readonly string[];
  /** The section of docs/compatibility.md or docs/security.md whose table has the row. */
  readonly row: string;
}

const differences = JSON.parse(readFileSync(join(root, 'testdata', 'suites', 'differences.json'), 'utf8')) as Record<
  string,
  Difference
>;
/** Of the steps `lifecycle` and `exec` only those whose commands exist. */
const areas = [
  'yaml',
  'json',
  'dotenv',
  'ini',
  'binary',
  'selection',
  'config',
  'convert',
  'metadata',
  'keys',
  'tampered',
];
const cases = casesOf(areas);
const nameOf = (entry: Case): string => `${entry.area}/${entry.name}`;
const exitOf = (entry: Case): number => differences[nameOf(entry)]?.exitCode ?? entry.exitCode;

async function inFolder(entry: Case, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = caseFolder(entry);
  try {
    await work(folder);
  } finally {
    removeFolder(folder);
  }
}

async function decrypts(entry: Case, folder: string, env: CaseEnv, exitCode: number): Promise<void> {
  const name = fileNamed(entry, 'encrypted') ?? '';
  const type = entry.format === 'binary' ? ['--input-type', 'binary', '--output-type', 'binary'] : [];
  const options = { cwd: folder, env: environmentOf(env, folder), secrets: secretsOf(entry) };
  const run = await runTsops(['decrypt', ...type, name], options);
  assert.equal(run.status, exitCode, run.stderr);
  if (exitCode !== 0) {
    assert.equal(run.stdout.length, 0, 'nothing may be printed when decrypting fails');
    assert.match(run.stderr, /^tsops: error: /m);
    return;
  }
  const expected = caseFile(entry, fileNamed(entry, 'decrypted') ?? '');
  const plain = caseFile(entry, fileNamed(entry, 'plain') ?? '');
  if (expected === undefined || run.stdout.equals(expected) || (plain !== undefined && run.stdout.equals(plain)))
    return;
  const wanted = await valuesOf(expected, entry.format).catch(() => undefined);
  if (isDeepStrictEqual(await valuesOf(run.stdout, entry.format), wanted)) return;
  assert.ok(caseFile(entry, 'decrypted.json') !== undefined, 'other values');
  await sameJson(entry, name, options);
}

/** For texts of sops that read back otherwise (its indentation indicators can be wrong): the values as JSON. */
async function sameJson(entry: Case, name: string, options: RunOptions): Promise<void> {
  const values = await runTsops(['decrypt', '--output-type', 'json', name], options);
  assert.equal(values.stdout.toString(), caseFile(entry, 'decrypted.json')?.toString() ?? assert.fail('no values'));
}

/** All values with their keys, comments left out, in a form that can be compared. */
async function valuesOf(bytes: Uint8Array, format: FormatName): Promise<unknown> {
  const { tree } = (await formatEntry(format).load()).parse(bytes, 'plain');
  const plain = (node: Node): unknown => {
    if (node.kind === 'leaf') return node.value instanceof Timestamp ? node.value.text : node.value;
    const items = node.items.filter(item => item.kind !== 'comment');
    return items.map(item => (item.kind === 'entry' ? [item.key, plain(item.value)] : plain(item)));
  };
  return tree.documents.map(plain);
}

/** What tsops encrypts with the arguments of the case comes back to the bytes of `plain`. */
async function roundTrips(entry: Case, folder: string): Promise<void> {
  const plain = fileNamed(entry, 'plain');
  if (plain === undefined || entry.args === undefined) return;
  const env = { ...environmentOf(entry.env, folder), ...environmentOf(entry.encryptEnv ?? {}, folder) };
  const args = [...entry.args, ...(differences[nameOf(entry)]?.encryptWith ?? [])];
  const run = await runTsops(args, { cwd: folder, env, secrets: secretsOf(entry) });
  assert.equal(run.status, 0, run.stderr);
  const outName = entry.args.includes('--output-type') ? `again.${entry.format}` : `again-${plain}`;
  writeFileSync(join(folder, outName), run.stdout);
  const type =
    entry.format === 'binary'
      ? ['--input-type', 'binary', '--output-type', 'binary']
      : ['--input-type', entry.format, '--output-type', entry.format];
  const back = await runTsops(['decrypt', ...type, outName], {
    cwd: folder,
    env: { ...env, ...environmentOf(entry.env, folder) },
  });
  assert.equal(back.status, 0, back.stderr);
  assert.ok(back.stdout.equals(caseFile(entry, plain) as Buffer), 'decrypt(encrypt(plain)) differs from plain');
  if (entry.area === 'selection') await sameSelection(entry, run.stdout.toString());
}

interface Leaf {
  readonly encrypted: boolean;
  readonly type: string;
}

/** The same values are encrypted as sops encrypted, whatever the layout. */
async function sameSelection(entry: Case, ours: string): Promise<void> {
  const recorded = caseFile(entry, 'selection.json');
  if (recorded === undefined) return;
  const expected = JSON.parse(recorded.toString()) as Leaf[] | { leaves: Leaf[] };
  const leaves = Array.isArray(expected) ? expected : expected.leaves;
  const count = (text: string): number =>
    text.replace(/\n(sops:|\s*"sops":|\[sops\]|sops_)[\s\S]*$/, '').match(/,type:(?!comment)[a-z]+\]/g)?.length ?? 0;
  if (leaves === undefined) return;
  assert.equal(
    count(ours),
    leaves.filter(leaf => leaf.encrypted && leaf.type !== 'comment').length,
    'another number of ciphertexts than sops made',
  );
}

interface Target {
  readonly path: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly exitCode: number;
  readonly env?: CaseEnv;
  readonly metadata?: Record<string, unknown>;
}

async function configTargets(entry: Case, folder: string): Promise<void> {
  const { targets } = JSON.parse((caseFile(entry, 'expected.json') as Buffer).toString()) as { targets: Target[] };
  for (const target of targets) {
    const cwd = join(folder, target.cwd ?? '.');
    mkdirSync(cwd, { recursive: true });
    const env = {
      ...environmentOf(entry.env, folder),
      ...environmentOf(entry.encryptEnv ?? {}, folder),
      ...environmentOf(target.env ?? {}, folder),
    };
    const run = await runTsops(target.args, { cwd, env });
    const difference = differences[`${nameOf(entry)}#${target.path}`];
    assert.equal(run.status, difference?.exitCode ?? target.exitCode, `${target.path}: ${run.stderr}`);
    if (run.status === 0 && target.metadata !== undefined) await sameMetadata(run.stdout, target.metadata);
  }
}

async function sameMetadata(bytes: Buffer, expected: Record<string, unknown>): Promise<void> {
  const { metadata } = await inspectFile(bytes, { format: 'yaml' });
  assert.ok(metadata !== undefined);
  const flat: Record<string, unknown> = {};
  const [only] = metadata.groups;
  const lists = (group: readonly { kind: string; text: string }[]): Record<string, string[]> => {
    const found: Record<string, string[]> = {};
    for (const key of group) found[key.kind] = [...(found[key.kind] ?? []), key.text];
    return found;
  };
  if (metadata.groups.length === 1 && only !== undefined) Object.assign(flat, lists(only));
  else flat['key_groups'] = metadata.groups.map(lists);
  if (metadata.shamirThreshold !== 0) flat['shamir_threshold'] = metadata.shamirThreshold;
  if (metadata.macOnlyEncrypted) flat['mac_only_encrypted'] = true;
  const names: Record<string, string> = {
    unencryptedSuffix: 'unencrypted_suffix',
    encryptedSuffix: 'encrypted_suffix',
    unencryptedRegex: 'unencrypted_regex',
    encryptedRegex: 'encrypted_regex',
    unencryptedCommentRegex: 'unencrypted_comment_regex',
    encryptedCommentRegex: 'encrypted_comment_regex',
  };
  const { selection } = metadata;
  if (selection.kind !== 'none') flat[names[selection.kind] ?? ''] = selection.text;
  assert.deepEqual(flat, normalized(expected));
}

/** Groups in the recordings also list their empty kinds. */
function normalized(expected: Record<string, unknown>): Record<string, unknown> {
  const groups = expected['key_groups'];
  if (!Array.isArray(groups)) return expected;
  const filled = groups.map(group =>
    Object.fromEntries(Object.entries(group as Record<string, unknown[]>).filter(([, keys]) => keys.length > 0)),
  );
  return { ...expected, key_groups: filled };
}

async function converts(entry: Case, folder: string): Promise<void> {
  const run = await runTsops(entry.decryptArgs ?? [], {
    cwd: folder,
    env: environmentOf(entry.env, folder),
    secrets: exitOf(entry) === 0 ? [] : secretsOf(entry),
  });
  assert.equal(run.status, exitOf(entry), run.stderr);
  const expected = caseFile(entry, 'expected.out');
  if (run.status === 0 && expected !== undefined && differences[nameOf(entry)] === undefined)
    assert.equal(run.stdout.toString('latin1'), expected.toString('latin1'));
}

async function encryptsOrRefuses(entry: Case, folder: string): Promise<void> {
  const run = await runTsops(entry.args ?? [], {
    cwd: folder,
    env: { ...environmentOf(entry.env, folder), ...environmentOf(entry.encryptEnv ?? {}, folder) },
  });
  assert.equal(run.status, exitOf(entry), run.stderr);
  if (exitOf(entry) !== 0) assert.equal(run.stdout.length, 0, 'nothing may be printed when encrypting is refused');
}

const steps: Record<string, (entry: Case, folder: string) => Promise<void>> = {
  decrypt: async (entry, folder) => {
    await decrypts(entry, folder, entry.env, exitOf(entry));
    for (const other of entry.decryptWith ?? []) await decrypts(entry, folder, other.env, other.exitCode);
    if (entry.exitCodeIgnoreMac !== undefined && differences[nameOf(entry)] === undefined)
      await ignoresMac(entry, folder);
    if (entry.expect === 'ok' && !entry.area.startsWith('tamper')) await roundTrips(entry, folder);
  },
  encrypt: encryptsOrRefuses,
  config: configTargets,
  convert: converts,
};

async function ignoresMac(entry: Case, folder: string): Promise<void> {
  const name = fileNamed(entry, 'encrypted') ?? '';
  const type = entry.format === 'binary' ? ['--input-type', 'binary', '--output-type', 'binary'] : [];
  const run = await runTsops(['decrypt', '--ignore-mac', ...type, name], {
    cwd: folder,
    env: environmentOf(entry.env, folder),
  });
  assert.equal(run.status, entry.exitCodeIgnoreMac, run.stderr);
}

describe('compatibility vectors', { concurrency: 2 }, () => {
  for (const entry of cases) {
    if (entry.passphraseFile !== undefined) continue;
    test(`${nameOf(entry)}: ${entry.description}`, () =>
      inFolder(entry, folder => (steps[entry.step] ?? assert.fail)(entry, folder)));
  }
});

test('every difference has a row in the documentation', () => {
  for (const [name, { row }] of Object.entries(differences)) {
    const [file = '', text = ''] = row.split('#');
    const page = join(root, 'docs', file);
    assert.ok(existsSync(page), `${page} is missing`);
    assert.ok(readFileSync(page, 'utf8').includes(text), `${name}: docs/${file} has no row with: ${text}`);
  }
});

test('every policy case has a row in docs/security.md', () => {
  const page = readFileSync(join(root, 'docs', 'security.md'), 'utf8');
  for (const entry of cases.filter(found => found.expect === 'policy' && found.area === 'tampered')) {
    assert.ok(page.includes(`\`${entry.name}\``), `docs/security.md says nothing about ${nameOf(entry)}`);
  }
});
