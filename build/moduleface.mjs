// The face of the library for ES modules, and for TypeScript in CommonJS. Named one by one: Node does not find out the names that a
// bundle in CommonJS exports.

import { libraryNames } from './chunks.mjs';

export function moduleFace() {
  return {
    name: 'module-face',
    generateBundle() {
      const source = `import library from './index.cjs';\nexport const { ${libraryNames().join(', ')} } = library;\n`;
      this.emitFile({ type: 'asset', fileName: 'index.js', source });
      this.emitFile({ type: 'asset', fileName: 'index.d.cts', source: "export * from './index.js';\n" });
    },
  };
}
