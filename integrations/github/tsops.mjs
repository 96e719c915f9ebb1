/** Finds or installs tsops, and runs it. Plain text goes through pipes only. */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ActionError, harmless, input } from './runner.mjs';

/** The end of a program and what it printed; its standard error is shown where it fails. */
function run(program, args, { stdin = '', env = process.env, cwd, shell = false } = {}) {
  return new Promise((done, refuse) => {
    const child = spawn(program, args, { stdio: 'pipe', env, cwd, shell });
    const [out, err] = [[], []];
    child.stdout.on('data', chunk => out.push(chunk));
    child.stderr.on('data', chunk => err.push(chunk));
    child.stdin.on('error', () => undefined);
    child.on('error', error =>
      refuse(new ActionError(`${program} cannot be started (${error.code})`, 'Check the inputs command and version')),
    );
    child.on('close', status =>
      done({ status, stdout: Buffer.concat(out), stderr: harmless(Buffer.concat(err).toString()) }),
    );
    child.stdin.end(stdin);
  });
}

/** The program and its first arguments. @param folder where it is installed, if it has to be */
export async function findTsops(folder) {
  const command = input('command');
  if (command !== '') {
    if (!existsSync(command))
      throw new ActionError(`there is no ${command}`, 'The input command is the path of a tsops');
    return /\.[cm]?js$/.test(command) ? [process.execPath, resolve(command)] : [resolve(command)];
  }
  const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = input('version') || own.version;
  if (!/^[0-9A-Za-z][\w.+-]*$/.test(version))
    throw new ActionError('the input version is no version', 'Write one such as 0.1.0');
  const args = [
    'install',
    '--prefix',
    folder,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `${own.name}@${version}`,
  ];
  // On Windows npm is a script, which only a shell can start.
  const isWindows = process.platform === 'win32';
  const { status, stderr } = await run('npm', isWindows ? args.map(arg => `"${arg}"`) : args, { shell: isWindows });
  if (status !== 0) {
    process.stdout.write(`${stderr}\n`);
    throw new ActionError(
      `tsops ${version} cannot be installed from npm`,
      'Check the input version and the network, or name a tsops with the input command',
    );
  }
  return [process.execPath, join(folder, 'node_modules', own.name, 'bin', 'tsops.js')];
}

/** What tsops printed. @throws ActionError where it failed, after its error was shown */
export async function tsops([program, ...first], args, file, options) {
  const { status, stdout, stderr } = await run(program, [...first, ...args], options);
  if (status === 0) return stdout;
  process.stdout.write(`${stderr}\n`);
  // A folder may have files that are none of ours and cannot be read as what their name says; the lines above name them.
  if (options?.mayFailInPart && stdout.length > 0) return stdout;
  throw new ActionError(
    `${file}: ${stderr.split('\n')[0]?.replace(/^tsops: error: /, '') || `tsops ended with ${status}`}`,
    'See the lines above; nothing was written',
  );
}

/**
 * The files that one line of the input means, each with whether it is encrypted. tsops expands folders and globs. Of a folder, files that
 * are not encrypted are not meant; a glob or a name means all that it says.
 */
export async function filesOf(program, line) {
  const found = await stat(line).catch(() => undefined);
  if (found === undefined && !/[*?[\]{}()!]/.test(line)) {
    throw new ActionError(
      `${line}: there is no such file or folder`,
      'Paths count from the working directory of the job; is the repository checked out?',
    );
  }
  const isFolder = found?.isDirectory() === true;
  const lines = (await tsops(program, ['filestatus', '--', line], line, { mayFailInPart: isFolder }))
    .toString()
    .split('\n');
  const files = lines.filter(text => text !== '').map(text => ({ file: line, ...JSON.parse(text) }));
  const meant = isFolder ? files.filter(({ encrypted }) => encrypted) : files;
  if (meant.length === 0)
    throw new ActionError(`${line}: there is no encrypted file in it`, 'Files that a .gitignore names are left out');
  return meant;
}

/**
 * The documents of a file as JSON texts. JSON has no room for several documents; so each of them is encrypted for a key that nobody
 * keeps, and read from there: the text is taken apart by the parser that tsops has, not by a guess.
 */
export async function documentsOf(program, file, plain, temporary) {
  const parts = /\.ya?ml$/i.test(file)
    ? plain
        .toString('utf8')
        .split(/^(?=---(?:\s|$))/m)
        .filter(hasContent)
    : [];
  if (parts.length < 2)
    return [(await tsops(program, ['decrypt', '--output-type', 'json', '--', file], file)).toString()];
  const identity = (await tsops(program, ['keygen'], file)).toString();
  const recipient = /age1[0-9a-z]+/.exec(identity)?.[0] ?? '';
  const env = { ...process.env, SOPS_AGE_KEY: identity };
  // A configuration of its own: the rules of the repository would select, and choose keys.
  const config = join(temporary, `${recipient}.yaml`);
  await writeFile(config, `creation_rules: [{ age: ${recipient} }]\n`, { mode: 0o600, flag: 'wx' });
  const name = ['--filename-override', 'document.yaml', '--config', config, '-'];
  const documents = [];
  for (const part of parts) {
    const sealed = await tsops(program, ['encrypt', '--allow-nothing', ...name], file, { stdin: part });
    const json = await tsops(program, ['decrypt', '--output-type', 'json', ...name], file, { stdin: sealed, env });
    documents.push(json.toString());
  }
  return documents;
}

/** Whether there is more than comments and markers. */
const hasContent = part => part.split(/\r?\n/).some(line => !/^(\s*(#.*)?|---(\s+#.*|\s*)|\.\.\..*|%.*)$/.test(line));
