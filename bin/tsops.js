#!/usr/bin/env node
// Plain syntax that every Node can parse, so that an old one gets to say what is wrong; and CommonJS, which starts faster.

const oldest = [22, 12];

function isTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}

/**
 * Keeps compiled code between runs, in the cache folder of the user. Node's own default is under the common temporary folder, where
 * somebody else could have put a folder of that name; for the same reason folders that are not ours alone are passed over.
 */
function enableCompileCache() {
  const { env, platform } = process;
  try {
    const home = require('node:os').homedir();
    if (!isOurs(require('node:fs').statSync(home))) return;
    const { join, isAbsolute } = require('node:path');
    const usual = platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
    const caches = platform === 'win32' ? env.LOCALAPPDATA : env.XDG_CACHE_HOME || usual;
    if (!caches || !isAbsolute(caches)) return;
    const own = join(caches, 'tsops');
    const folder = join(own, 'code');
    if ([caches, own, folder].every(makeFolder)) require('node:module').enableCompileCache(folder);
  } catch {
    // It only saves time.
  }
}

/** Whether nobody else may put files of theirs into a folder. */
function isOurs({ uid, mode }) {
  return !process.getuid || (uid === process.getuid() && (mode & 0o002) === 0);
}

/** One folder at a time: where a system says of a new one that it does not exist, as Linux does in /proc, Node would try for ever. */
function makeFolder(path) {
  const { mkdirSync, statSync } = require('node:fs');
  if (statSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { mode: 0o700 });
  return isOurs(statSync(path));
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
