#!/usr/bin/env node
// Plain syntax that every Node with modules can parse, so that an old one gets to say what is wrong.

const oldest = [22, 12];

function isTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}

/**
 * Keeps compiled code between runs, in the cache folder of the user. Node's own default is under the common temporary folder, where
 * somebody else could have put a folder of that name; for the same reason a home that is not ours is passed over.
 */
async function enableCompileCache() {
  const { homedir } = await import('node:os');
  const { statSync } = await import('node:fs');
  const { join, isAbsolute } = await import('node:path');
  const { env, platform } = process;
  try {
    const home = homedir();
    if (process.getuid && statSync(home).uid !== process.getuid()) return;
    const usual = platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
    const caches = platform === 'win32' ? env.LOCALAPPDATA : env.XDG_CACHE_HOME || usual;
    if (!caches || !isAbsolute(caches)) return;
    const { enableCompileCache: enable } = await import('node:module');
    enable(join(caches, 'tsops', 'code'));
  } catch {
    // It only saves time.
  }
}

async function start() {
  await enableCompileCache();
  const { main } = await import('../dist/cli/main.js');
  process.exitCode = await main(process.argv.slice(2));
  await Promise.all([written(process.stdout), written(process.stderr)]);
  // A service that is still asked, or a connection that is kept for more, must not keep the process.
  setTimeout(() => process.exit(), 20).unref();
}

/** Resolves when everything has left this process, or cannot any more. */
function written(stream) {
  return new Promise(settle => {
    stream.once('error', () => settle());
    stream.write('', () => settle());
  });
}

if (isTooOld()) {
  console.error(`tsops: error: Node.js ${oldest.join('.')} or later is needed; this is ${process.versions.node}`);
  process.exitCode = 1;
} else {
  start();
}
