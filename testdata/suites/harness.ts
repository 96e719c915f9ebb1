/** Runs the built command as a user would, in folders of its own, and watches that no secret of the test data reaches stderr. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, started } from '../started.ts';

export { root } from '../started.ts';
export const vectors: string = join(root, 'testdata', 'vectors');
/** A real sops to compare with, where the environment names one. */
export const realSops: string | undefined = process.env['TSOPS_TEST_SOPS'];

export interface Run {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Texts that must not show on stderr. */
  readonly secrets?: readonly string[];
}

/** One run of the built tsops with an empty home and no SOPS_* variable but the given ones. */
export async function runTsops(args: readonly string[], options: RunOptions): Promise<Run> {
  const [program, ...first] = started;
  const run = await runProgram(program, [...first, ...args], options);
  for (const secret of options.secrets ?? []) {
    assert.ok(!run.stderr.includes(secret), `a secret of the test data reached stderr of: tsops ${args.join(' ')}`);
  }
  assert.ok(!run.stderr.includes('AGE-SECRET-KEY'), 'an identity reached stderr');
  assert.ok(
    !/\n\s+at .*:\d+/.test(run.stderr),
    `a stack trace reached stderr of: tsops ${args.join(' ')}\n${run.stderr}`,
  );
  return run;
}

export function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<Run> {
  const home = join(options.cwd, '.home-of-the-test');
  mkdirSync(home, { recursive: true });
  const kept = Object.entries(process.env).filter(([name]) => !/^(SOPS_|XDG_|EDITOR$|GNUPGHOME$|NODE_)/.test(name));
  const env = { ...Object.fromEntries(kept), HOME: home, ...options.env } as Record<string, string>;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', chunk => out.push(chunk));
    child.stderr.on('data', chunk => err.push(chunk));
    child.on('error', reject);
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
    child.on('close', status => resolve({ status, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }));
  });
}

/** The addresses of all modules that this code loads in a process of its own, one a line. */
export function loadedBy(code: string): string {
  const hooks = `import { registerHooks } from 'node:module';
    const urls = [];
    registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
    process.on('exit', () => process.stderr.write(urls.join('\\n')));`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', `${hooks}\n${code}`], {
    cwd: root,
    encoding: 'utf8',
  }).stderr;
}

/** A new folder; its name has a blank and a letter beyond ASCII on purpose. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tsops test ö '));
}

/** A program that was left in the background may still write into it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

export type CaseEnv = Readonly<Record<string, string | readonly string[]>>;

export interface Case {
  readonly description: string;
  readonly area: string;
  readonly name: string;
  readonly format: 'yaml' | 'json' | 'dotenv' | 'ini' | 'binary';
  readonly step: 'decrypt' | 'encrypt' | 'lifecycle' | 'config' | 'convert' | 'exec';
  readonly args?: readonly string[];
  readonly decryptArgs?: readonly string[];
  readonly env: CaseEnv;
  readonly encryptEnv?: CaseEnv;
  readonly decryptWith?: readonly { readonly env: CaseEnv; readonly exitCode: number }[];
  readonly expect: 'ok' | 'error' | 'policy';
  readonly exitCode: number;
  readonly exitCodeIgnoreMac?: number;
  readonly passphraseFile?: string;
}

function readCase(area: string, name: string): Case {
  return JSON.parse(readFileSync(join(vectors, 'cases', area, name, 'case.json'), 'utf8')) as Case;
}

export function casesOf(areas: readonly string[]): Case[] {
  const index = JSON.parse(readFileSync(join(vectors, 'index.json'), 'utf8')) as {
    cases: { area: string; name: string }[];
  };
  return index.cases.filter(entry => areas.includes(entry.area)).map(entry => readCase(entry.area, entry.name));
}

export function caseFile(test: Case, name: string): Buffer | undefined {
  const path = join(vectors, 'cases', test.area, test.name, name);
  return name !== '' && existsSync(path) ? readFileSync(path) : undefined;
}

/** The name of a file of the case, whatever its ending: `plain`, `encrypted` or `decrypted`. */
export function fileNamed(test: Case, stem: string): string | undefined {
  const names = readdirSync(join(vectors, 'cases', test.area, test.name)).filter(
    name => name.startsWith(`${stem}.`) && !name.endsWith('.sops.yaml'),
  );
  return names.length > 1 ? names.find(name => !name.endsWith('.json')) : names[0];
}

/** A folder with the files of the case in it, as the readme of the vectors describes it. */
export function caseFolder(test: Case): string {
  const folder = newFolder();
  cpSync(join(vectors, 'cases', test.area, test.name), folder, { recursive: true });
  return folder;
}

const pgpHomes = new Map<string, string>();

/** The environment of a case: the names of key files become what the readme of the vectors says. */
export function environmentOf(env: CaseEnv, folder: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const files = typeof value === 'string' ? [value] : value;
    if (name === 'SOPS_AGE_KEY_FILE') result[name] = joined(files, join(folder, '.keys.txt'));
    else if (name === 'SOPS_AGE_KEY') result[name] = files.map(keyText).join('\n');
    else if (name === 'SOPS_AGE_KEY_CMD')
      result[name] = `cat ${files.map(file => `'${join(vectors, 'keys', file)}'`).join(' ')}`;
    else if (name === 'SOPS_AGE_SSH_PRIVATE_KEY_FILE') result[name] = joined(files, join(folder, '.ssh-key'));
    else if (name === 'GNUPGHOME') result[name] = pgpHome(files);
    else result[name] = String(value);
  }
  return result;
}

const keyText = (file: string): string => readFileSync(join(vectors, 'keys', file), 'utf8');

function joined(files: readonly string[], target: string): string {
  writeFileSync(target, files.map(keyText).join('\n'), { mode: 0o600 });
  return target;
}

function pgpHome(files: readonly string[]): string {
  const name = files.join(' ');
  const made = pgpHomes.get(name);
  if (made !== undefined) return made;
  const home = mkdtempSync(join(tmpdir(), 'tsops-gpg-'));
  pgpHomes.set(name, home);
  for (const file of files) {
    const imported = spawnSync('gpg', ['--homedir', home, '--batch', '--import', join(vectors, 'keys', file)]);
    assert.equal(imported.status, 0, 'gpg could not import a test key');
  }
  return home;
}

process.on('exit', () => {
  for (const home of pgpHomes.values()) {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  }
});

/** Every text value of a case that would give a secret away: from its decrypted JSON form, six characters and more. */
export function secretsOf(test: Case): string[] {
  const json = caseFile(test, 'decrypted.json');
  if (json === undefined) return [];
  const found: string[] = [];
  JSON.parse(json.toString(), (_key, value: unknown) => {
    if (typeof value === 'string' && value.length >= 6 && !value.startsWith('ENC[')) found.push(value);
    return value;
  });
  return found;
}
