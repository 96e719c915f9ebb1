/** What the runner of GitHub Actions hands over and takes: inputs, commands on standard output, and files of variables. */

import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';

/** An error that is shown with what to do about it. */
export class ActionError extends Error {
  constructor(message, hint) {
    super(hint === undefined ? message : `${message}. ${hint}`);
  }
}

/** The input as text without blanks around it; empty where it is not given. */
export const input = name => (process.env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`] ?? '').trim();

export function booleanInput(name, otherwise) {
  const text = input(name).toLowerCase();
  if (text === '') return otherwise;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new ActionError(`the input ${name} is neither true nor false`, 'Write one of the two');
}

/** A variable that the runner always sets. */
export function runnerVariable(name) {
  const value = process.env[name];
  if (value) return value;
  throw new ActionError(
    `${name} is not set`,
    'This program is started by a runner of GitHub Actions; elsewhere use the command tsops',
  );
}

/** The end of a line or a percent sign in the data would end or change the command. */
const escaped = text => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

export function command(name, text) {
  process.stdout.write(`::${name}::${escaped(text)}\n`);
}

/**
 * Appends a variable to the file that the runner named in `fileVariable` (GITHUB_ENV, GITHUB_OUTPUT, GITHUB_STATE). The delimiter is
 * random, so that no value can end itself early and set another variable.
 */
export function setVariable(fileVariable, name, value) {
  const delimiter = `tsops_${randomBytes(24).toString('hex')}`;
  if (value.includes(delimiter)) throw new ActionError('a value has the delimiter in it', 'Run the job again');
  appendFileSync(runnerVariable(fileVariable), `${name}<<${delimiter}\n${value}\n${delimiter}\n`, { mode: 0o600 });
}

/** Text of another program, such that no line of it is a command to the runner. */
export function harmless(text) {
  return text
    .split(/[\r\n]+/)
    .filter(line => line.trim() !== '')
    .map(line => (/^\s*::/.test(line) ? `| ${line}` : line).replaceAll('##[', '## ['))
    .join('\n');
}

export function fail(error) {
  process.exitCode = 1;
  if (error instanceof ActionError) return command('error title=tsops', error.message);
  // The text of an error that is not ours could quote what it was working on.
  command('error title=tsops', `the action failed (${error?.code ?? error?.name ?? 'unknown'}). See the lines above`);
}
