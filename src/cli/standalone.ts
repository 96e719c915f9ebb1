/** Start of the standalone executable, as bin/tsops.js is that of the package. docs/standalone.md. */

import { main } from './main.ts';

process.exitCode = await main(process.argv.slice(2));
// A service that is still asked, or a connection that is kept for more, must not keep the process.
setTimeout(() => process.exit(), 20).unref();
