#!/usr/bin/env node
// Plain syntax that every Node can parse, so that an old one gets to say what is wrong; and CommonJS, which starts faster.

const oldest = [22, 12];

function isTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}

/**
 * Keeps compiled code between runs, in the cache folder of the user. Node's own default is under the common temporary folder, where
 * somebody else could have put a folder of that name; for the same reason a home that is not ours is passed over.
 */
function enableCompileCache() {
  const { env, platform } = process;
  try {
    const own = process.getuid?.();
    const { mkdirSync, statSync } = require('node:fs');
    const home = require('node:os').homedir();
    if (own !== undefined && statSync(home).uid !== own) return;
    const { join, isAbsolute } = require('node:path');
    const usual = platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
    const caches = platform === 'win32' ? env.LOCALAPPDATA : env.XDG_CACHE_HOME || usual;
    if (!caches || !isAbsolute(caches)) return;
    const folder = join(caches, 'tsops');
    // One step at a time: where nothing can be made, as in /proc, Node would try for ever.
    for (const place of [caches, folder])
      if (statSync(place, { throwIfNoEntry: false }) === undefined) mkdirSync(place, { mode: 0o700 });
    if (own !== undefined && statSync(folder).uid !== own) return;
    require('node:module').enableCompileCache(join(folder, 'code'));
  } catch {
    // It only saves time.
  }
}

async function start() {
  enableCompileCache();
  const { main } = require('../dist/main.cjs');
  process.exitCode = await main(process.argv.slice(2));
  // A service that is still asked, or a connection that is kept for more, must not keep the process.
  setTimeout(() => process.exit(), 20).unref();
}

if (isTooOld()) {
  console.error(`tsops: error: Node.js ${oldest.join('.')} or later is needed; this is ${process.versions.node}`);
  process.exitCode = 1;
} else {
  start();
}
