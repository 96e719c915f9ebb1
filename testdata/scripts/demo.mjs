// Shows the main job of tsops on a copy of testdata/demo: encrypt a tree of Secrets in place, decrypt it to the same bytes, change
// one value, and hand the result to kubectl. No network and no server; everything happens in a temporary folder that is removed.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const tsops = fileURLToPath(new URL('../../bin/tsops.js', import.meta.url));
const source = fileURLToPath(new URL('../demo', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tsops demo '));
const identity = join(folder, 'identity.txt');
const environment = cleanEnvironment();

try {
  demo();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function demo() {
  title('A new age identity');
  const made = run(['keygen', '-o', identity]);
  const recipient = /age1[0-9a-z]+/.exec(made.stderr + made.stdout)?.[0] ?? fail('keygen named no recipient');
  console.log(`recipient: ${recipient}`);

  cpSync(source, folder, { recursive: true });
  const config = join(folder, '.sops.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replaceAll('AGE_RECIPIENT', recipient));
  const files = filesBelow(join(folder, 'environments'));
  const originals = new Map(files.map(file => [file, readFileSync(file)]));

  title('Encrypt every file in place');
  for (const file of files) {
    run(['encrypt', '-i', file]);
    if (readFileSync(file).equals(originals.get(file))) fail(`${name(file)} is still in clear text`);
    console.log(`encrypted ${name(file)}`);
  }

  const shown = join(folder, 'environments', 'production', 'database.yaml');
  title(`What is committed: ${name(shown)}`);
  console.log(
    readFileSync(shown, 'utf8')
      .split('\n')
      .map(line => (line.length > 110 ? `${line.slice(0, 107)}...` : line))
      .join('\n'),
  );

  title('Decrypt and compare byte for byte');
  for (const [file, original] of originals) {
    const { stdout } = run(['decrypt', file], { binary: true });
    if (!stdout.equals(original)) fail(`${name(file)} came back different`);
    console.log(`identical ${name(file)} (${original.length} bytes)`);
  }

  title('Change one value with an editor');
  changeOneValue(shown);

  title('Hand it to kubectl');
  applyWithKubectl(shown);
}

function changeOneValue(file) {
  const editor = join(folder, 'editor.mjs');
  writeFileSync(
    editor,
    "import { readFileSync, writeFileSync } from 'node:fs';\nconst file = process.argv[2];\nwriteFileSync(file, readFileSync(file, 'utf8').replace('orders_rw\\n', 'orders_admin\\n'));\n",
  );
  const before = readFileSync(file, 'utf8').split('\n');
  run(['edit', file], { env: { EDITOR: `"${process.execPath}" "${editor}"` } });
  const after = readFileSync(file, 'utf8').split('\n');
  if (before.length !== after.length) fail('the edit changed the number of lines');
  const changed = after.filter((line, i) => line !== before[i]).map(line => line.trim().split(':')[0]);
  console.log(`changed lines: ${changed.join(', ')}`);
  // Within one second `lastmodified` is the same text.
  if (
    changed
      .filter(key => key !== 'lastmodified')
      .sort()
      .join() !== 'mac,username'
  )
    fail('more than one value, mac and lastmodified changed');
}

function applyWithKubectl(file) {
  const { stdout } = run(['decrypt', file], { binary: true });
  const applied = spawnSync('kubectl', ['apply', '--dry-run=client', '--validate=false', '-f', '-'], {
    input: stdout,
    encoding: 'utf8',
    env: { ...environment, KUBECONFIG: join(folder, 'no-kubeconfig') },
  });
  if (applied.error?.code === 'ENOENT') console.log('kubectl is not installed here: this step was left out');
  else if (applied.status === 0) console.log(applied.stdout.trim());
  else if (/connection refused|no such host|dial tcp|couldn't get current server/i.test(applied.stderr))
    offlineCheck(stdout);
  else fail(`kubectl refused the Secret (status ${applied.status}): ${applied.stderr.slice(-400)}`);
}

/** Without a cluster `kubectl apply` has no list of kinds; its parser can be had offline all the same. */
function offlineCheck(manifest) {
  console.log(
    'kubectl apply asks a cluster for its list of kinds even in a client-side dry run, and none is reachable here.',
  );
  const parsed = spawnSync('kubectl', ['label', '--local', '-f', '-', 'tsops-demo=checked', '-o', 'name'], {
    input: manifest,
    encoding: 'utf8',
    env: environment,
  });
  if (parsed.status === 0) console.log(`kubectl reads it offline as: ${parsed.stdout.trim()}`);
  else fail(`kubectl cannot read the Secret (status ${parsed.status})`);
}

function run(args, { binary = false, env = {} } = {}) {
  const done = spawnSync(process.execPath, [tsops, ...args], {
    cwd: folder,
    env: { ...environment, SOPS_AGE_KEY_FILE: identity, ...env },
    encoding: binary ? 'buffer' : 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0) fail(`tsops ${args[0]} ended with ${done.status}: ${done.stderr}`);
  return done;
}

function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(([key]) => !key.startsWith('SOPS_') && key !== 'EDITOR');
  return { ...Object.fromEntries(kept), HOME: folder, XDG_CONFIG_HOME: folder };
}

function filesBelow(root) {
  return readdirSync(root)
    .map(entry => join(root, entry))
    .flatMap(path => (statSync(path).isDirectory() ? filesBelow(path) : [path]))
    .sort();
}

function name(file) {
  return relative(folder, file);
}

function title(text) {
  console.log(`\n== ${text}`);
}

function fail(message) {
  throw new Error(message);
}
