/** What the tests of the command start: Node with bin/tsops.js, or the standalone executable where the environment names one. */

import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('..', import.meta.url));

/** The executable (docs/standalone.md), if it is that which is tested. */
const named = process.env['TSOPS_TEST_STANDALONE'];
export const standalone: string | undefined = named === undefined ? undefined : resolve(named);

/** The words that start tsops. The environment can name another Node than that of the tests. */
export const started: readonly [program: string, ...args: string[]] =
  standalone === undefined
    ? [process.env['TSOPS_TEST_NODE'] ?? process.execPath, join(root, 'bin', 'tsops.js')]
    : [standalone];

/** The same in a shell. */
export const startedText: string = started.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

/** Why a test about Node and its modules is skipped. */
export const notOnNode: string | false = standalone !== undefined && 'it is about Node, and the executable has none';
