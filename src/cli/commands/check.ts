/** `tsops check [path...]`: files are encrypted as the configuration says, and sound. `docs/check.md` */

import { dirname, relative, resolve, sep } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { currentDir } from '../../host/directories.ts';
import { exists, maxEncryptedBytes, readFileBounded, sizeOf } from '../../host/files.ts';
import { writeStdout } from '../../host/streams.ts';
import {
  type Config,
  checkFile,
  type Finding,
  type FormatName,
  findConfig,
  matchRule,
  type RuleMatch,
} from '../../index.ts';
import type { Call } from '../call.ts';
import { configFor } from '../configuration.ts';
import { type FileFinding, printFindings } from '../findings/index.ts';
import { sideBySide, targetsOf } from '../manyfiles.ts';
import { openingOptions } from '../opening.ts';
import { asTsopsError } from '../report.ts';
import { about } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const { report } = call;
  const form = formOf(call);
  const rules = new Rules(call);
  const files = await filesFor(call);
  const findings: FileFinding[] = [];
  const progress = report.progress(files.length);
  const look = async (path: string) => {
    const match = await rules.of(path);
    return about({ path }, () => findingsIn(call, path, match));
  };
  try {
    for await (const outcome of sideBySide(files, look)) {
      if ('error' in outcome) throw outcome.error;
      for (const finding of outcome.result) findings.push({ ...finding, file: shown(outcome.item) });
      progress.step();
    }
  } finally {
    progress.end();
  }
  await writeStdout(new TextEncoder().encode(await printFindings(form, { findings, files: files.length })));
  const looked = `${files.length} ${files.length === 1 ? 'file was' : 'files were'} looked at`;
  if (findings.length === 0) return report.note(`${looked}, and nothing was found`);
  const bad = new Set(findings.map(({ file }) => file)).size;
  const found = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'} in ${bad} of them`;
  throw new TsopsError('CHECK_FAILED', `${looked}: ${found}`);
}

function formOf({ flags }: Call): string {
  if (!flags.json) return flags.report ?? 'text';
  if (flags.report === undefined || flags.report === 'json') return 'json';
  throw new TsopsError('CONFLICTING_OPTIONS', `--json and --report ${flags.report} cannot be used together`, {
    hints: ['Choose one form of the report.'],
  });
}

/** Without operands everything beside the configuration and below. @throws TsopsError FILE_MISSING */
async function filesFor(call: Call): Promise<string[]> {
  const { operands, flags } = call;
  const found = operands.length > 0 ? undefined : await findConfig({ cwd: currentDir(), explicit: flags.config });
  const folder = found === undefined ? currentDir() : dirname(found.path);
  const targets = await targetsOf(operands.length > 0 ? call : { flags, operands: [folder] });
  for (const { path } of targets)
    if (!exists(path)) throw new TsopsError('FILE_MISSING', 'the file does not exist', { file: path });
  return targets.map(({ path }) => path);
}

/** The rules of files; a configuration is looked for once for each folder. */
class Rules {
  readonly #call: Call;
  readonly #configs = new Map<string, Promise<Config | undefined>>();

  constructor(call: Call) {
    this.#call = call;
  }

  async of(path: string): Promise<RuleMatch | undefined> {
    const folder = dirname(resolve(path));
    const known = this.#configs.get(folder) ?? configFor(this.#call, path);
    this.#configs.set(folder, known);
    const config = await known;
    if (config === undefined) return undefined;
    try {
      return await matchRule(config, resolve(path), { now: new Date() });
    } catch (error) {
      if (error instanceof TsopsError && error.code === 'NO_MATCHING_RULE') return undefined;
      throw error;
    }
  }
}

async function findingsIn(call: Call, path: string, match: RuleMatch | undefined): Promise<readonly Finding[]> {
  // What is larger cannot be a file of ours, and need not be read where nobody says that it is.
  if (match === undefined && sizeOf(path) > maxEncryptedBytes) return [];
  try {
    const bytes = await readFileBounded(path, { maxBytes: maxEncryptedBytes, root: call.flags.root });
    return await checkFile(bytes, {
      filename: path,
      format: call.flags.inputType as FormatName | undefined,
      match,
      verify: call.flags.verify ? openingOptions({ ...call, file: path }) : undefined,
    });
  } catch (error) {
    const known = asTsopsError(error, false);
    if (known.code === 'AUDIT_FAILED' || known.code === 'EDIT_CANCELLED' || known.code === 'USAGE') throw known;
    const [hint] = known.hints;
    return [{ kind: 'unreadable', message: known.message, ...(hint === undefined ? {} : { hint }) }];
  }
}

/** Services that read reports want paths of the repository, with `/` between their steps. */
function shown(path: string): string {
  const text = relative(currentDir(), resolve(path));
  return sep === '/' ? text : text.replaceAll(sep, '/');
}
