/**
 * The action: everything is decrypted into memory, then the values are masked, and only then something is written. Where one file
 * fails, nothing is.
 */

import { existsSync, mkdtempSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { removeAll } from './remove.mjs';
import { ActionError, booleanInput, command, fail, input, runnerVariable, setVariable } from './runner.mjs';
import { documentsOf, filesOf, findTsops, tsops } from './tsops.mjs';
import { addMasks, masksOf, parsed, variablesOf } from './values.mjs';

/** What the step after the job removes. Recorded before anything is there, so that a job that is cut off leaves nothing. */
const made = { temporary: '', files: [], folders: [] };
const record = () => setVariable('GITHUB_STATE', 'made', JSON.stringify(made));

async function main() {
  const lines = input('files')
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '');
  if (lines.length === 0) throw new ActionError('the input files is empty', 'Name the files, one per line');
  const [asEnv, isMasked, ifNeeded] = [
    booleanInput('env', false),
    booleanInput('mask', true),
    booleanInput('if-needed', false),
  ];
  if (asEnv && input('output-dir') !== '')
    throw new ActionError('env writes no files, and output-dir is given', 'Leave out one of the two');
  // mkdtemp gives the folder to its owner alone, 0700.
  made.temporary = mkdtempSync(join(runnerVariable('RUNNER_TEMP'), 'tsops-'));
  record();
  const program = await findTsops(join(made.temporary, 'program'));
  const opened = await openAll(program, await targetsOf(program, lines), ifNeeded);
  const variables = asEnv ? opened.flatMap(({ file, documents }) => [...variablesIn(documents, file)]) : [];
  if (isMasked) mask(opened);
  if (asEnv) for (const [name, value] of variables) setVariable('GITHUB_ENV', name, value);
  setVariable('GITHUB_OUTPUT', 'path', asEnv ? '' : await writeAll(opened));
}

async function targetsOf(program, lines) {
  const targets = new Map();
  for (const line of lines)
    for (const target of await filesOf(program, line)) targets.set(resolve(target.file), target);
  return [...targets.values()];
}

/** How many files are decrypted at once; services limit their callers. */
const width = 4;

/** Each file with its plain bytes and its documents. @throws ActionError for the first that fails, when none is being worked on */
async function openAll(program, targets, ifNeeded) {
  const opened = [];
  for (let start = 0; start < targets.length; start += width) {
    const works = targets.slice(start, start + width).map(target => openOne(program, target, ifNeeded));
    for (const { status, value, reason } of await Promise.allSettled(works)) {
      if (status === 'rejected') throw reason;
      opened.push(value);
    }
  }
  return opened;
}

async function openOne(program, { file, encrypted }, ifNeeded) {
  const isPassed = ifNeeded && !encrypted;
  if (isPassed && booleanInput('env', false)) {
    throw new ActionError(`${file} is not encrypted, and env takes encrypted files only`, 'Leave out one of the two');
  }
  const plain = await tsops(program, ['decrypt', ...(isPassed ? ['--if-needed'] : []), '--', file], file);
  // What stands in clear in the repository is no secret that a mask could keep.
  const texts = isPassed ? [] : await documentsOf(program, file, plain, made.temporary);
  return { file, plain, documents: texts.map(text => parsed(text, file)) };
}

function variablesIn(documents, file) {
  const [first, ...others] = documents;
  if (others.length > 0)
    throw new ActionError(
      `${file} has several documents, which together are no environment`,
      'Leave out env, or split the file',
    );
  const document = typeof first === 'object' && first !== null ? first : {};
  return variablesOf(document, file, input('flatten') || '_');
}

function mask(opened) {
  const masks = new Set();
  for (const { file, plain, documents } of opened) {
    for (const document of documents) for (const text of masksOf(document)) masks.add(text);
    // A file without a format of its own is one value; JSON has its text where it is text.
    if (documents.length > 0 && !/\.(ya?ml|json|env|ini)$/i.test(basename(file)))
      addMasks(masks, plain.toString('utf8'));
  }
  for (const text of masks) command('add-mask', text);
}

/** The folder of the plain files: 0700 where it is made here; the files 0600. */
async function writeAll(opened) {
  const folder = input('output-dir') === '' ? join(made.temporary, 'files') : resolve(input('output-dir'));
  const places = new Map(opened.map(({ file, plain }) => [join(folder, placeOf(file)), plain]));
  if (places.size < opened.length) {
    throw new ActionError('two files would be written to one place', 'Run the action once for each');
  }
  for (const path of places.keys()) {
    // What was there before would be removed after the job.
    if (existsSync(path)) throw new ActionError(`${path} is there already`, 'Choose another output-dir');
    const first = await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(error => refuse(path, error));
    if (first !== undefined) made.folders.push(...foldersFrom(first, dirname(path)));
  }
  made.files = [...places.keys()];
  record();
  for (const [path, plain] of places) await create(path, plain);
  return folder;
}

const create = (path, bytes) => writeFile(path, bytes, { mode: 0o600, flag: 'wx' }).catch(error => refuse(path, error));

function refuse(path, { code }) {
  throw new ActionError(`${path} cannot be written (${code})`, 'Check output-dir and the space on the disk');
}

/** The path that the file has here; of one outside of the working directory its name. */
function placeOf(file) {
  const place = relative('.', file);
  return isAbsolute(place) || place === '..' || place.startsWith(`..${sep}`) ? basename(file) : place;
}

/** The folders on the way from one to the other, the innermost last. */
function foldersFrom(first, last) {
  return last === first || !last.startsWith(first) ? [first] : [...foldersFrom(first, dirname(last)), last];
}

try {
  await main();
} catch (error) {
  fail(error);
  await removeAll(made);
}
