// The package as it is published: one bundle in CommonJS chunks, since Node starts those faster than ES modules, and without dependencies.
// `dist/main.cjs` is the command, `dist/index.cjs` the library; `dist/index.js` lets ES modules import that by name.

import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';
import { chunkGroups, src } from './build/chunks.mjs';
import { inventory } from './build/inventory.mjs';
import { moduleFace } from './build/moduleface.mjs';
import { helpText } from './src/cli/help.ts';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

// What is the same in every run is made once, here.
const help = Object.fromEntries(['tsops', 'sops'].map(name => [name, helpText(undefined, name)]));
const define = { TSOPS_VERSION: JSON.stringify(version), TSOPS_HELP: JSON.stringify(help) };

/** The bundler would copy `node:fs`, property by property, for every chunk that has it as a whole: a millisecond each. */
const builtinNamespaces = {
  name: 'builtin-namespaces',
  transform(code, id) {
    if (!id.startsWith(src)) return null;
    const whole = /^import \* as (\w+) from '(node:[\w/]+)';$/gm;
    return { code: code.replace(whole, "const $1 = process.getBuiltinModule('$2');"), map: null };
  },
};

export default defineConfig({
  input: { main: `${src}cli/main.ts`, index: `${src}index.ts` },
  platform: 'node',
  // The chunks are chosen below; an import() that stays in its own chunk is meant.
  checks: { ineffectiveDynamicImport: false },
  external: /^node:/,
  transform: { define, target: 'node22.12' },
  // Modules of our own only define things; so a run loads those that it uses, and not all that the index names.
  treeshake: { moduleSideEffects: id => !id.startsWith(src) },
  preserveEntrySignatures: 'allow-extension',
  plugins: [builtinNamespaces, inventory(), moduleFace()],
  output: {
    dir: 'dist',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name]-[hash].cjs',
    // Text of one byte a character is read and compiled faster.
    charset: 'ascii',
    minify: !process.env.TSOPS_BUILD_READABLE,
    comments: { legal: false },
    codeSplitting: { includeDependenciesRecursively: false, groups: chunkGroups() },
  },
});
