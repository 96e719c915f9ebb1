/** `tsops hook run`: what is about to be committed is encrypted as the configuration says. It judges the index, not the work tree. */

import { join, relative, resolve, sep } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { isRegularFile, maxEncryptedBytes, readFileBounded } from '../../host/files.ts';
import { blobContents, blobSizes, restage, type StagedFile, stagedFiles, stagedVersion } from '../../host/git.ts';
import { replaceFile } from '../../host/replace.ts';
import { writeStdout } from '../../host/streams.ts';
import {
  type Config,
  checkFile,
  encrypt,
  type Finding,
  findConfig,
  loadConfig,
  matchRule,
  parseConfig,
  type RuleMatch,
} from '../../index.ts';
import type { Call } from '../call.ts';
import { type FileFinding, printFindings } from '../findings/index.ts';
import { sealingOptions } from '../sealing.ts';
import { about, formatsOf } from '../source.ts';

interface Staged extends StagedFile {
  /** Absolute, in the work tree. */
  readonly place: string;
  readonly match: RuleMatch | undefined;
}

export async function run(call: Call): Promise<void> {
  const staged = await stagedFiles();
  const { root } = staged;
  const configs = new StagedConfigs(call, root);
  const [sizes, files] = await Promise.all([
    blobSizes(
      root,
      staged.files.map(({ blob }) => blob),
    ),
    Promise.all(staged.files.map(file => withRule(configs, root, file))),
  ]);
  const findings: FileFinding[] = [];
  for await (const { file, bytes } of contentsOf(root, files, sizes)) {
    for (const finding of await settled(call, root, file, bytes)) findings.push({ ...finding, file: file.path });
  }
  await writeStdout(new TextEncoder().encode(await printFindings('text', { findings, files: files.length })));
  if (findings.length === 0) return;
  const bad = new Set(findings.map(({ file }) => file)).size;
  throw new TsopsError('CHECK_FAILED', `${bad} of ${files.length} staged files must not be committed as they are`, {
    hints: [
      'Encrypt them with `tsops encrypt -i FILE` and stage them again, or let `tsops hook run --fix` do it.',
      'What is staged counts, not what is in the work tree: `git diff --cached` shows it.',
    ],
  });
}

async function withRule(configs: StagedConfigs, root: string, file: StagedFile): Promise<Staged> {
  const place = join(root, ...file.path.split('/'));
  return { ...file, place, match: await configs.ruleOf(place) };
}

/** The configurations as they are staged: loosening a rule without staging it changes nothing. */
class StagedConfigs {
  readonly #call: Call;
  readonly #root: string;
  readonly #loaded = new Map<string, Promise<Config>>();

  constructor(call: Call, root: string) {
    this.#call = call;
    this.#root = root;
  }

  async ruleOf(place: string): Promise<RuleMatch | undefined> {
    const found = await findConfig({ cwd: this.#root, target: place, explicit: this.#call.flags.config });
    if (found === undefined) return undefined;
    const loading = this.#loaded.get(found.path) ?? this.#load(found);
    this.#loaded.set(found.path, loading);
    try {
      return await matchRule(await loading, place, { now: new Date() });
    } catch (error) {
      if (error instanceof TsopsError && error.code === 'NO_MATCHING_RULE') return undefined;
      throw error;
    }
  }

  async #load(found: NonNullable<Awaited<ReturnType<typeof findConfig>>>): Promise<Config> {
    const within = relative(this.#root, resolve(found.path));
    const isInside = !within.startsWith('..') && within !== resolve(found.path);
    const staged = isInside ? await stagedVersion(this.#root, within.split(sep).join('/')) : undefined;
    const config = staged === undefined ? await loadConfig(found) : parseConfig(staged, found.path);
    for (const warning of config.warnings) this.#call.report.warn(warning);
    return config;
  }
}

const groupBytes = 32 * 1024 * 1024;

/** In groups that one answer of git can hold. What is larger than any file of ours is not read where no rule asks for it. */
async function* contentsOf(
  root: string,
  files: readonly Staged[],
  sizes: readonly number[],
): AsyncGenerator<{ file: Staged; bytes: Uint8Array | undefined }> {
  let group: Staged[] = [];
  let size = 0;
  const read = async () => {
    const contents = await blobContents(
      root,
      group.map(({ blob }) => blob),
    );
    const all = group.map((file, index) => ({ file, bytes: contents[index] }));
    [group, size] = [[], 0];
    return all;
  };
  for (const [index, file] of files.entries()) {
    const own = sizes[index] ?? 0;
    if (own > groupBytes) {
      if (file.match !== undefined && !file.match.isForAll) yield { file, bytes: undefined };
      continue;
    }
    if (size + own > groupBytes) yield* await read();
    group.push(file);
    size += own;
  }
  yield* await read();
}

/** What is wrong with a staged file, after --fix has had its turn. */
async function settled(
  call: Call,
  root: string,
  file: Staged,
  bytes: Uint8Array | undefined,
): Promise<readonly Finding[]> {
  if (bytes === undefined) return [{ kind: 'unreadable', message: 'the file is too large to be checked' }];
  const { place, match } = file;
  const findings = await checkFile(bytes, { filename: place, match });
  if (!call.flags.fix || !findings.some(({ kind }) => kind === 'plaintext-file')) return findings;
  const { format, outputFormat } = formatsOf(place, {});
  const options = await sealingOptions(call, { name: place, format, outputFormat });
  const sealed = await about({ path: place }, () => encrypt(bytes, options));
  const left = await checkFile(sealed, { filename: place, match });
  if (left.length > 0) return left;
  await restage(root, file, sealed);
  await renewed(call, file, bytes, sealed);
  return [];
}

/** The work tree follows where it had what was staged; what is not staged stays as it is, and in clear text. */
async function renewed(
  { report }: Call,
  { path, place }: Staged,
  before: Uint8Array,
  sealed: Uint8Array,
): Promise<void> {
  const there = isRegularFile(place) ? await readFileBounded(place, { maxBytes: maxEncryptedBytes }) : undefined;
  if (there !== undefined && Buffer.compare(there, before) === 0) {
    await replaceFile(place, sealed);
    report.tell(`${path} was encrypted and staged`);
    return;
  }
  report.tell(
    `${path} was encrypted in the index; the work tree differs from what was staged and is left in clear text`,
  );
}
