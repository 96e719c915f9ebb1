// Which modules share a chunk. Every chunk that a run loads costs it time, and so does code that it does not use: what nearly every run
// needs is in one chunk (`start`), what the most frequent run needs besides, a decrypt of YAML for age, in a second one, and
// what an encrypt needs beyond that in further ones. The bundler divides the rest.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const src = fileURLToPath(new URL('../src/', import.meta.url));
const index = `${src}index.ts`;

/** For each chunk the modules that it is made from, together with all that these import at once and that no earlier chunk has. */
const roots = {
  start: [
    'host/environment.ts',
    'host/streams.ts',
    'host/version.ts',
    'cli/report.ts',
    'cli/arguments.ts',
    'cli/flags.ts',
    'cli/commands.ts',
    'cli/program.ts',
  ],
  frequent: [
    'cli/commands/decrypt.ts',
    'host/temp.ts',
    'formats/yaml/onepass.ts',
    'keys/age/index.ts',
    'keys/age/x25519.ts',
  ],
  general: ['ops/open.ts', 'ops/part.ts'],
  patterns: ['core/regex.ts'],
  yaml: ['formats/yaml/index.ts', 'cli/configuration.ts'],
  sealing: ['cli/commands/encrypt.ts', 'formats/yaml/onepass-plain.ts'],
};

const namedImports = /^(?:import|export) (?!type )\{([^}]*)\} from '(\.[^']+)';$/gm;

/** The values that a module imports, or exports again, with the module that they come from. */
function* importsOf(id) {
  for (const [, names, from] of readFileSync(id, 'utf8').matchAll(namedImports)) {
    const values = names
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== '' && !name.startsWith('type '));
    if (values.length > 0) yield [fileURLToPath(new URL(from, `file://${id}`)), values];
  }
}

/** The chunk of each module that has a named one. The index is passed through: only what is asked of it counts. */
function assigned() {
  const behindIndex = new Map([...importsOf(index)].flatMap(([id, names]) => names.map(name => [name, id])));
  const chunks = new Map();
  const visit = (id, chunk) => {
    if (chunks.has(id)) return;
    chunks.set(id, chunk);
    for (const [next, names] of importsOf(id)) {
      if (next === index) for (const name of names) visit(behindIndex.get(name), chunk);
      else visit(next, chunk);
    }
  };
  for (const [chunk, names] of Object.entries(roots)) for (const name of names) visit(src + name, chunk);
  return chunks;
}

/** For rolldown's `codeSplitting.groups`. */
export function chunkGroups() {
  const chunks = assigned();
  return [{ name: id => chunks.get(id) ?? null, debugName: 'ours' }];
}

/** The names of the values that the library exports. */
export function libraryNames() {
  return [...importsOf(index)].flatMap(([, names]) => names).sort();
}
