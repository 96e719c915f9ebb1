/**
 * Modules of Node that most runs do not use, and that take milliseconds to load: each comes with its first use. An `import` at the top
 * of a file would load them with everything that could need them.
 */

export const childProcesses = (): typeof import('node:child_process') => process.getBuiltinModule('node:child_process');

export const terminals = (): typeof import('node:tty') => process.getBuiltinModule('node:tty');
