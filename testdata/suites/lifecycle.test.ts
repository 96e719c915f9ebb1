/**
 * The lifecycle vectors: files of sops before and after a command that changes them, run through the built command. The values must be
 * those that sops recorded, ciphertexts that stay must stay, and no line changes but those of what was changed, `mac` and
 * `lastmodified`. Deliberate differences stand in `differences.json`.
 */

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { getNode, parseTreePath } from '../../src/core/path.ts';
import { Timestamp } from '../../src/core/scalar.ts';
import type { Mapping, Node, Path } from '../../src/core/tree.ts';
import { formatEntry } from '../../src/formats/index.ts';
import {
  type Case,
  caseFile,
  caseFolder,
  casesOf,
  environmentOf,
  fileNamed,
  removeFolder,
  root,
  runTsops,
  secretsOf,
} from './harness.ts';

interface LifecycleCase extends Case {
  readonly command: readonly string[];
  readonly commandEnv: Case['env'];
  readonly stdin?: string;
  readonly result: 'file' | 'stdout';
  readonly unchangedFile: boolean;
  readonly sameCiphertext?: readonly Path[];
}

interface Difference {
  readonly exitCode: number;
  /** Of a command that ends well here: whether the file stays as it is, gets other values than those of sops, or was refused by it. */
  readonly result?: 'unchanged' | 'otherValues' | 'unrecorded' | 'newCiphertexts';
}

const differences = JSON.parse(readFileSync(join(root, 'testdata', 'suites', 'differences.json'), 'utf8')) as Record<
  string,
  Difference
>;

/** What is looked at of a command beside the values that it leaves. */
interface Looked {
  /** How many lines of the file before may be gone, beside those of `mac` and `lastmodified`. */
  readonly goneLines: (before: Mapping, command: readonly string[]) => number;
}

/** The commands whose vectors are run. */
/** Every value has another ciphertext, and every key another wrapped data key. */
const all = (): number => Number.POSITIVE_INFINITY;

const looked: Readonly<Record<string, Looked>> = {
  rotate: { goneLines: all },
  updatekeys: { goneLines: all },
  groups: { goneLines: all },
  set: { goneLines: (before, command) => sizeAt(before, command) },
  // A comment above the entry goes with it.
  unset: { goneLines: (before, command) => sizeAt(before, command) + 1 },
  // The text is what the editor left.
  edit: { goneLines: all },
};

/** A file in the place of a command means edit. */
const verbOf = (command: readonly string[]): string =>
  (command[0] ?? '').startsWith('encrypted.') ? 'edit' : (command[0] ?? '');

/** As many lines as the nodes and comments at the path of the command can take. */
function sizeAt(before: Mapping, command: readonly string[]): number {
  const path = command.find(word => word.startsWith('['));
  const node = path === undefined ? undefined : getNode(before, parseTreePath(path), true);
  return node === undefined ? 0 : sizeOf(node);
}

function sizeOf(node: Node): number {
  if (node.kind === 'leaf') return 1;
  const sizes = node.items.map(item =>
    item.kind === 'comment' ? 1 : sizeOf(item.kind === 'entry' ? item.value : item),
  );
  // A line for the key, and in JSON one for each bracket.
  return sizes.reduce((sum, size) => sum + size, 2);
}

const cases = casesOf(['lifecycle']).filter((entry): entry is LifecycleCase => {
  const { command } = entry as LifecycleCase;
  return command !== undefined && Object.hasOwn(looked, verbOf(command));
});

async function run(entry: LifecycleCase, folder: string): Promise<void> {
  const name = fileNamed(entry, 'before')?.replace('before', 'encrypted') ?? assert.fail('no file');
  const path = join(folder, name);
  copyFileSync(join(folder, fileNamed(entry, 'before') ?? ''), path);
  const before = readFileSync(path);
  const secrets = secretsOf(entry);
  const env = environmentOf(entry.commandEnv, folder);
  const done = await runTsops(entry.command, { cwd: folder, env, stdin: entry.stdin ?? '', secrets });
  const difference = differences[`lifecycle/${entry.name}`];
  const exitCode = difference?.exitCode ?? entry.exitCode;
  assert.equal(done.status, exitCode, done.stderr);
  const result = entry.result === 'file' ? readFileSync(path) : done.stdout;
  const isUnchanged = difference?.result === undefined ? entry.unchangedFile : difference.result === 'unchanged';
  if (exitCode !== 0 || isUnchanged) {
    assert.ok(readFileSync(path).equals(before), 'the file has changed');
    return;
  }
  const isNew = difference?.result === 'newCiphertexts';
  if (!isNew) await keepsCiphertexts(entry, before, result);
  keepsLines(entry, before, result, await rootOf(entry, before));
  if (isNew || difference?.result === undefined) await holdsValues(entry, name, result, folder);
}

async function rootOf(entry: Case, bytes: Uint8Array): Promise<readonly Mapping[]> {
  return (await formatEntry(entry.format).load()).parse(bytes, 'encrypted').tree.documents;
}

async function keepsCiphertexts(entry: LifecycleCase, before: Uint8Array, after: Uint8Array): Promise<void> {
  const trees = [await rootOf(entry, before), await rootOf(entry, after)];
  for (const path of entry.sameCiphertext ?? []) {
    const [left, right] = trees.map(documents => ciphertextAt(documents, path));
    assert.ok(left !== undefined && left === right, `another ciphertext at ${JSON.stringify(path)}`);
  }
}

function ciphertextAt(documents: readonly Mapping[], path: Path): unknown {
  const [first, ...rest] = path;
  const node = typeof first === 'number' ? at(documents[first], rest) : at(documents[0], path);
  return node?.kind === 'leaf' ? node.value : undefined;
}

const at = (document: Mapping | undefined, path: Path): Node | undefined => document && getNode(document, path, true);

function keepsLines(entry: LifecycleCase, before: Buffer, after: Buffer, documents: readonly Mapping[]): void {
  const left = new Map<string, number>();
  for (const line of after.toString().split('\n')) left.set(line, (left.get(line) ?? 0) + 1);
  const gone = before
    .toString()
    .split('\n')
    .filter(line => {
      const count = left.get(line) ?? 0;
      left.set(line, count - 1);
      return count <= 0 && !/\b(?:sops_)?(?:mac|lastmodified)\b/.test(line);
    });
  const may = looked[verbOf(entry.command)]?.goneLines(documents[0] ?? assert.fail('no document'), entry.command) ?? 0;
  // JSON and lists: a neighbour gets or loses its comma.
  const most = may + (entry.format === 'json' ? 1 : 0);
  assert.ok(
    gone.length <= most,
    `${gone.length} lines have changed: ${gone.map(line => line.slice(0, 20)).join(' | ')}`,
  );
}

async function holdsValues(entry: LifecycleCase, name: string, result: Buffer, folder: string): Promise<void> {
  const env = environmentOf(entry.env, folder);
  const type = ['--input-type', entry.format, '--output-type', entry.format];
  const options = { cwd: folder, env, stdin: result };
  const plain = await runTsops(['decrypt', ...type, '--filename-override', name, '-'], options);
  assert.equal(plain.status, 0, plain.stderr);
  const expected = caseFile(entry, fileNamed(entry, 'decrypted') ?? '') ?? assert.fail('no decrypted file');
  assert.deepEqual(await valuesOf(entry, plain.stdout), await valuesOf(entry, expected));
}

/** All values with their keys, comments left out. */
async function valuesOf(entry: Case, bytes: Uint8Array): Promise<unknown> {
  const plain = (node: Node): unknown => {
    if (node.kind === 'leaf') return node.value instanceof Timestamp ? node.value.text : node.value;
    const items = node.items.filter(item => item.kind !== 'comment');
    return items.map(item => (item.kind === 'entry' ? [item.key, plain(item.value)] : plain(item)));
  };
  return (await formatEntry(entry.format).load()).parse(bytes, 'plain').tree.documents.map(plain);
}

describe('lifecycle vectors', { concurrency: 2 }, () => {
  for (const entry of cases) {
    test(`${verbOf(entry.command)}: ${entry.name}`, async () => {
      const folder = caseFolder(entry);
      try {
        await run(entry, folder);
      } finally {
        removeFolder(folder);
      }
    });
  }
});
