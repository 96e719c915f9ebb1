/** What git knows of a file. Only plumbing commands are run, which neither filters nor hooks of a repository change. */

import * as fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { TsopsError } from '../errors.ts';
import { runProgram } from './process.ts';

const timeoutMs = 30_000;

/** The root of the repository that a folder is in: the nearest one with a `.git`. */
export function repositoryOf(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (fs.existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** The content that a file has in the last commit; undefined where it has none, or there is no repository or no git. */
export async function committedVersion(path: string): Promise<Uint8Array | undefined> {
  return repositoryOf(dirname(resolve(path))) === undefined ? undefined : blobAt(path, 'HEAD');
}

async function blobAt(path: string, version: string): Promise<Uint8Array | undefined> {
  const args = ['-C', dirname(resolve(path)), 'cat-file', 'blob', `${version}:./${basename(path)}`];
  const { status, stdout } = await runProgram('git', args, { timeoutMs });
  return status === 0 ? stdout : undefined;
}

/** One version of a file in conflict: 1 is the common ancestor, 2 ours, 3 theirs; undefined where the index has none. */
export async function conflictVersion(path: string, stage: 1 | 2 | 3): Promise<Uint8Array | undefined> {
  return blobAt(path, `:${stage}`);
}

/** A file as it is in the index. */
export interface StagedFile {
  /** Relative to the root of the work tree, with `/` between its steps. */
  readonly path: string;
  /** As git writes it, `100644`. */
  readonly mode: string;
  readonly blob: string;
}

/** The root of the work tree of the current folder. @throws TsopsError COMMAND_FAILED */
export async function workTree(): Promise<string> {
  const text = await output(['rev-parse', '--show-toplevel']);
  return text.replace(/\r?\n$/, '');
}

/**
 * The root of the work tree of the current folder, and its regular files whose staged content is not that of the last commit; what is
 * deleted, links and submodules are not among them.
 * @throws TsopsError COMMAND_FAILED
 */
export async function stagedFiles(): Promise<{ root: string; files: StagedFile[] }> {
  const [root, base] = await Promise.all([workTree(), baseOf()]);
  const args = ['-C', root, 'diff-index', '--cached', '--no-renames', '--diff-filter=AMT', '-z', base];
  const words = (await output(args)).split('\0');
  const files: StagedFile[] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [, mode = '', , blob = ''] = (words[at] ?? '').split(' ');
    if (/^100/.test(mode)) files.push({ path: words[at + 1] ?? '', mode, blob });
  }
  return { root, files };
}

/** Before the first commit everything is new. */
async function baseOf(): Promise<string> {
  const head = await runProgram('git', ['rev-parse', '-q', '--verify', 'HEAD'], { timeoutMs });
  if (head.status === 0) return 'HEAD';
  return (await output(['hash-object', '-t', 'tree', '--stdin'])).trim();
}

/** The content that a path has in the index; undefined where it has none. */
export async function stagedVersion(root: string, path: string): Promise<Uint8Array | undefined> {
  const { status, stdout } = await runProgram('git', ['-C', root, 'cat-file', 'blob', `:0:${path}`], { timeoutMs });
  return status === 0 ? stdout : undefined;
}

/** The sizes of blobs, in bytes. @throws TsopsError COMMAND_FAILED */
export async function blobSizes(root: string, blobs: readonly string[]): Promise<number[]> {
  if (blobs.length === 0) return [];
  const text = await output(['-C', root, 'cat-file', '--batch-check=%(objectsize)'], `${blobs.join('\n')}\n`);
  return text.trim().split('\n').map(Number);
}

/** The contents of blobs, 64 MiB in all at most, from one process. @throws TsopsError COMMAND_FAILED */
export async function blobContents(root: string, blobs: readonly string[]): Promise<Uint8Array[]> {
  if (blobs.length === 0) return [];
  const bytes = await run(['-C', root, 'cat-file', '--batch=%(objectsize)'], `${blobs.join('\n')}\n`);
  const contents: Uint8Array[] = [];
  let at = 0;
  for (const blob of blobs) {
    const end = bytes.indexOf(0x0a, at);
    const size = Number(Buffer.from(bytes.subarray(at, end)).toString());
    if (end < 0 || !Number.isInteger(size)) throw failed(`the object ${blob} cannot be read`);
    contents.push(bytes.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return contents;
}

/** Puts other content into the index in the place of a staged file. @throws TsopsError COMMAND_FAILED */
export async function restage(root: string, { path, mode }: StagedFile, bytes: Uint8Array): Promise<void> {
  const blob = (await output(['-C', root, 'hash-object', '-w', '--stdin'], bytes)).trim();
  await run(['-C', root, 'update-index', '-z', '--index-info'], `${mode} ${blob}\t${path}\0`);
}

/** Sets one setting. @throws TsopsError COMMAND_FAILED */
export async function setSetting(scope: '--local' | '--global', name: string, value: string): Promise<void> {
  await run(['config', scope, name, value]);
}

/** One setting or path that git knows; undefined where it has none. */
export async function askGit(args: readonly string[]): Promise<string | undefined> {
  const { status, stdout } = await runProgram('git', args, { timeoutMs });
  return status === 0
    ? Buffer.from(stdout)
        .toString()
        .replace(/\r?\n$/, '')
    : undefined;
}

const output = async (args: readonly string[], input?: Uint8Array | string): Promise<string> =>
  Buffer.from(await run(args, input)).toString();

async function run(args: readonly string[], input: Uint8Array | string = ''): Promise<Uint8Array> {
  const { status, stdout } = await runProgram('git', args, { timeoutMs, input: Buffer.from(input) });
  if (status === 0) return stdout;
  if (status === 127) throw failed('git was not found', ['Install git, or put it on the PATH.']);
  const name = args[0] === '-C' ? args[2] : args[0];
  throw failed(`git ${name} failed`, ['Run the command in the work tree of a git repository.']);
}

function failed(message: string, hints: string[] = []): TsopsError {
  return new TsopsError('COMMAND_FAILED', message, { hints });
}
