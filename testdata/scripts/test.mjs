// Runs the tests: those beside the code, then the suites over the built command. Arguments name other files.

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const given = process.argv.slice(2);
const files = given.length > 0 ? given : globSync(['src/**/*.test.ts', 'testdata/**/*.test.ts']).sort();
const done = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files], {
  stdio: 'inherit',
});
process.exitCode = done.status ?? 1;
