/**
 * Every row of `docs/compatibility.md` that the command can show: what tsops does, and, where `TSOPS_TEST_SOPS` names a real sops,
 * what sops does. A row that is no longer true fails here. Rows that need another machine (Windows) or a person are tested
 * beside the code.
 */

import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { commandRows } from './compatibility/command.ts';
import { execRows } from './compatibility/exec.ts';
import { formatRows } from './compatibility/formats.ts';
import { keyRows } from './compatibility/keys.ts';
import { publishRows } from './compatibility/publish.ts';
import { rekeyRows } from './compatibility/rekey.ts';
import type { Row, Seen } from './compatibility/row.ts';
import { setRows } from './compatibility/set.ts';
import { viewRows } from './compatibility/view.ts';
import { newFolder, type Run, realSops, removeFolder, root, runProgram, runTsops, vectors } from './harness.ts';

const rows: readonly Row[] = [
  ...commandRows,
  ...execRows,
  ...formatRows,
  ...keyRows,
  ...publishRows,
  ...rekeyRows,
  ...setRows,
  ...viewRows,
];
const page = readFileSync(join(root, 'docs', 'compatibility.md'), 'utf8');
const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
const identities = join(vectors, 'keys', 'age-1.txt');

type Program = (args: readonly string[]) => Promise<Run>;

async function inFolderOf(row: Row, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = newFolder();
  try {
    if (row.vector !== undefined) cpSync(join(vectors, 'cases', row.vector), folder, { recursive: true });
    for (const [name, content] of Object.entries(row.files ?? {})) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), fill(content));
      if (name.endsWith('.sh')) chmodSync(join(folder, name), 0o755);
    }
    await work(folder);
  } finally {
    removeFolder(folder);
  }
}

/** The recipient is not known to the tables. */
const fill = (content: string | Uint8Array): string | Uint8Array =>
  typeof content === 'string' ? content.replaceAll('RECIPIENT', recipient) : content;

/** A blank in the name of the folder would part the editor's name. */
function environment(row: Row, folder: string): Record<string, string> {
  const own = Object.entries(row.env ?? {}).map(([name, value]) => {
    const text = value.replaceAll('$ROOM', folder);
    return [name, name === 'EDITOR' && text.includes('/') ? `'${text}'` : text];
  });
  const keys = { SOPS_AGE_KEY_FILE: identities, SOPS_AGE_RECIPIENTS: recipient };
  return { ...keys, ROOM: folder, ...Object.fromEntries(own) };
}

async function look(row: Row, seen: Seen, folder: string, program: Program, tsops: Program): Promise<void> {
  for (const args of row.first ?? []) await succeeds(tsops, args);
  for (const args of row.own ?? []) await succeeds(program, args);
  if (row.change !== undefined) {
    const [name, change] = row.change;
    writeFileSync(join(folder, name), change(readFileSync(join(folder, name), 'utf8')));
  }
  const run = await program(row.run);
  assert.equal(run.status, seen.exit, run.stderr);
  if (typeof seen.out === 'string') assert.equal(run.stdout.toString(), seen.out);
  if (seen.out instanceof RegExp) assert.match(run.stdout.toString(), seen.out);
  if (seen.err !== undefined) assert.match(run.stderr, seen.err);
  if (seen.file !== undefined) assert.match(readFileSync(join(folder, seen.file[0]), 'utf8'), seen.file[1]);
  seen.also?.(folder);
}

async function succeeds(program: Program, args: readonly string[]): Promise<void> {
  const run = await program(args);
  assert.equal(run.status, 0, `${args.join(' ')}: ${run.stderr}`);
}

function programs(row: Row, folder: string): { tsops: Program; sops: Program } {
  const env = environment(row, folder);
  const options = { cwd: folder, env, stdin: row.stdin ?? '' };
  // The recipients of the test keys would win over those of a configuration.
  if (Object.values(row.files ?? {}).some(text => String(text).includes('RECIPIENT'))) env['SOPS_AGE_RECIPIENTS'] = '';
  return {
    tsops: args => runTsops(args, options),
    sops: args => runProgram(realSops ?? '', args, options),
  };
}

describe('the rows of docs/compatibility.md', { concurrency: 2 }, () => {
  for (const row of rows) {
    test(`tsops: ${row.row}: ${row.run.join(' ')}`, async () => {
      assert.ok(page.includes(row.row), `docs/compatibility.md has no row "${row.row}"`);
      await inFolderOf(row, async folder => {
        const { tsops } = programs(row, folder);
        await look(row, row.tsops, folder, tsops, tsops);
      });
    });
    const { sops: seen } = row;
    if (seen === undefined) continue;
    const skip = realSops === undefined ? 'TSOPS_TEST_SOPS names no sops' : false;
    test(`sops: ${row.row}: ${row.run.join(' ')}`, { skip }, async () => {
      await inFolderOf(row, async folder => {
        const { tsops, sops } = programs(row, folder);
        await look(row, seen, folder, sops, tsops);
      });
    });
  }
});

test('the rows that the vectors name stand in the page of their name', () => {
  const differences = JSON.parse(readFileSync(join(root, 'testdata', 'suites', 'differences.json'), 'utf8')) as Record<
    string,
    { row: string }
  >;
  for (const { row } of Object.values(differences)) {
    const at = row.indexOf('#');
    const text = readFileSync(join(root, 'docs', row.slice(0, at)), 'utf8');
    assert.ok(text.includes(row.slice(at + 1)), `docs/${row.slice(0, at)} has no row "${row.slice(at + 1)}"`);
  }
});
