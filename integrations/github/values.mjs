/** The values in a decrypted file: what is masked, and what becomes a variable. */

import { ActionError } from './runner.mjs';

/** A number as it stands in the JSON, which keeps the digits that a double has no room for. */
class Digits {
  constructor(text) {
    this.text = text;
  }
}

/** The JSON that tsops printed. */
export function parsed(json, file) {
  try {
    return JSON.parse(json, (_, value, { source }) => (typeof value === 'number' ? new Digits(source) : value));
  } catch {
    // The error of the parser quotes the text.
    throw new ActionError(`${file}: tsops printed no JSON`, 'Check that the input command names a tsops');
  }
}

const isCollection = value => typeof value === 'object' && value !== null && !(value instanceof Digits);

/** Each leaf as [path, text]; of null, true and false the text is `<nil>`, `true`, `false`, as `tsops run` has it. */
function* leaves(value, path = []) {
  if (isCollection(value)) {
    for (const [key, child] of Object.entries(value)) yield* leaves(child, [...path, key]);
  } else yield [path, value instanceof Digits ? value.text : (value ?? '<nil>').toString(), value];
}

/** A shorter text would blot out half of the log. */
const shortest = 3;

/** The texts to hide: the leaves of the document, the lines of those that have several, and what a Secret has in base64. */
export function masksOf(document) {
  const masks = new Set();
  for (const [, text, value] of leaves(document))
    if (typeof value === 'string' || value instanceof Digits) addMasks(masks, text);
  for (const data of dataOfSecrets(document)) {
    for (const [, text] of leaves(data)) addMasks(masks, Buffer.from(text, 'base64').toString('utf8'));
  }
  return masks;
}

/** Of a text with several lines each one, since the log is made of lines; those without a letter or digit (`{`, `---`) hide nothing. */
export function addMasks(masks, text) {
  // Bytes that are no text do not show in a log as they are.
  if (text.trim().length < shortest || text.includes('\ufffd')) return;
  // Values of dotenv files have their quotes and escapes still, which the program that reads the file takes off.
  const bare = /^\s*(["'])(.*)\1\s*$/s.exec(text)?.[2];
  if (bare !== undefined) addMasks(masks, bare);
  if (text.includes('\\n')) addMasks(masks, text.replaceAll('\\n', '\n'));
  masks.add(text);
  masks.add(text.trim());
  const lines = text.split(/[\r\n]+/).map(line => line.trim());
  if (lines.length === 1) return;
  for (const line of lines) if (line.length >= shortest && /[\p{L}\p{N}]/u.test(line)) masks.add(line);
}

function* dataOfSecrets(value) {
  if (!isCollection(value)) return;
  if (value.kind === 'Secret' && isCollection(value.data)) yield value.data;
  for (const child of Object.values(value)) yield* dataOfSecrets(child);
}

/** Names that would change which programs the steps run, or that belong to the runner. */
const taken =
  /^(GITHUB_|RUNNER_|ACTIONS_|INPUT_|STATE_|LD_|DYLD_)|^(PATH|NODE_OPTIONS|BUN_OPTIONS|BUN_BE_BUN|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|PYTHONSTARTUP|PERL5OPT|RUBYOPT|CI)$/i;

/**
 * The values as variables, with the names of nested keys joined, as `tsops run --flatten` does.
 * @throws ActionError for a name that no variable may have
 */
export function variablesOf(document, file, flatten) {
  const found = new Map();
  for (const [path, text] of leaves(document)) {
    const name = path.join(flatten);
    if (!/^[A-Za-z_][\w.-]*$/.test(name)) {
      throw new ActionError(
        `${file}: the key ${JSON.stringify(path)} cannot be the name of a variable`,
        'Rename it, or leave out env and read the file',
      );
    }
    if (taken.test(name)) {
      throw new ActionError(
        `${file}: ${name} belongs to the runner, or decides which programs run, and is not set from a file`,
        'Rename the key',
      );
    }
    if (text.includes('\0'))
      throw new ActionError(
        `${file}: ${name} has a null character, which no variable can have`,
        'Leave out env and read the file',
      );
    found.set(name, text);
  }
  return found;
}
