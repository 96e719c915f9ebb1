/** The action of GitHub, run as a runner does, and the recipes for other services. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { startedText } from '../started.ts';
import { newFolder, type Run, removeFolder, root, runProgram, runTsops, vectors } from './harness.ts';

const identity = join(vectors, 'keys', 'age-1.txt');
const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { default?: string }>;
  outputs: Record<string, unknown>;
  runs: { using: string; main: string; post: string };
};

let work: string;
let runner: string;
beforeEach(() => {
  work = newFolder();
  runner = newFolder();
  mkdirSync(join(runner, 'temp'));
});
afterEach(() => {
  removeFolder(work);
  removeFolder(runner);
});

async function seal(name: string, text: string | Uint8Array): Promise<void> {
  mkdirSync(dirname(join(work, name)), { recursive: true });
  writeFileSync(join(work, name), text);
  const run = await runTsops(['encrypt', '-i', '--age', recipient, name], { cwd: work });
  assert.equal(run.status, 0, run.stderr);
}

/** A `tsops` on the PATH, as an installation makes it. */
function program(): string {
  const path = join(runner, 'tsops');
  writeFileSync(path, `#!/bin/sh\nexec ${startedText} "$@"\n`, { mode: 0o755 });
  return path;
}

/** The variables in a file of the runner, read as the runner reads them. */
function variables(file: string): Record<string, string> {
  const found: Record<string, string> = {};
  const path = join(runner, file);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  while (lines.length > 0) {
    const line = lines.shift() ?? '';
    if (line === '') continue;
    const [name, delimiter] = line.split('<<');
    const end = lines.indexOf(delimiter ?? '');
    assert.ok(name !== undefined && end >= 0, 'a variable without an end');
    found[name] = lines.splice(0, end).join('\n');
    lines.shift();
  }
  return found;
}

type Inputs = Readonly<Record<string, string>>;

async function step(
  script: 'main' | 'post',
  inputs: Inputs,
  env: Inputs = {},
): Promise<Run & { readonly log: string }> {
  const all = { ...Object.fromEntries(Object.entries(action.inputs).map(([name, { default: d }]) => [name, d ?? ''])) };
  for (const name of Object.keys(inputs)) assert.ok(name in action.inputs, `action.yml has no input ${name}`);
  Object.assign(all, { command: program() }, inputs);
  const state = Object.entries(variables('state')).map(([name, value]) => [`STATE_${name}`, value]);
  const run = await runProgram(process.execPath, [join(root, action.runs[script])], {
    cwd: work,
    env: {
      SOPS_AGE_KEY_FILE: identity,
      RUNNER_TEMP: join(runner, 'temp'),
      GITHUB_ENV: join(runner, 'env'),
      GITHUB_OUTPUT: join(runner, 'output'),
      GITHUB_STATE: join(runner, 'state'),
      ...Object.fromEntries(Object.entries(all).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      ...Object.fromEntries(state),
      ...env,
    },
  });
  assert.equal(run.stderr, '');
  return { ...run, log: run.stdout.toString() };
}

/** What is hidden, as the runner reads it; every other line has to be free of the secrets. */
function masksIn(log: string, secrets: readonly string[]): string[] {
  const lines = log.split('\n');
  const masks = lines.filter(line => line.startsWith('::add-mask::'));
  const others = lines.filter(line => !masks.includes(line)).join('\n');
  for (const secret of secrets) assert.equal(others.includes(secret), false, 'a secret is in the log');
  const decoded = masks.map(line => line.slice('::add-mask::'.length));
  return decoded.map(text => text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%'));
}
const mode = (path: string): number => statSync(path).mode & 0o777;
const left = (): string[] => readdirSync(join(runner, 'temp'));

test('action.yml and its scripts speak of the same inputs and outputs', () => {
  const folder = join(root, 'integrations', 'github');
  const source = readdirSync(folder)
    .map(name => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  const used = [...source.matchAll(/\b(?:input|booleanInput)\('([^']+)'/g)].map(match => match[1]);
  assert.deepEqual([...new Set(used)].sort(), Object.keys(action.inputs).sort());
  const outputs = [...source.matchAll(/'GITHUB_OUTPUT', '([^']+)'/g)].map(match => match[1]);
  assert.deepEqual(outputs, Object.keys(action.outputs));
  assert.equal(action.runs.using, 'node24');
  for (const path of [action.runs.main, action.runs.post]) assert.ok(existsSync(join(root, path)));
  assert.doesNotMatch(source, /from '(?!node:|\.)/, 'nothing has to be installed for them');
});

describe('the action', { skip: process.platform === 'win32' }, () => {
  test('files are private, masked first, and gone after the job', async () => {
    await seal(
      'env/a b.yaml',
      'password: canary-1%0A\nkey: |\n  canary-2\n  canary-3\nnumber: 12345678901234567\nx: ab\n',
    );
    await seal('b.env', 'TOKEN="canary-4"\n');
    await seal('c.bin', 'canary-5\ncanary-6\n');
    writeFileSync(join(work, 'env', 'README.md'), 'plain\n');
    const run = await step('main', { files: 'env\n*.env\n\n  c.bin\n' });
    assert.equal(run.status, 0, run.log);
    const masks = masksIn(run.log, ['canary', '12345678901234567']);
    for (const text of [
      'canary-1%0A',
      'canary-2\ncanary-3',
      'canary-2',
      'canary-3',
      '12345678901234567',
      'canary-4',
      'canary-5',
    ])
      assert.ok(masks.includes(text), text);
    assert.ok(!masks.includes('ab') && !masks.includes(''));
    const folder = variables('output')['path'] ?? '';
    assert.ok(folder.startsWith(join(runner, 'temp')));
    assert.deepEqual(readdirSync(folder).sort(), ['b.env', 'c.bin', 'env']);
    assert.equal(readFileSync(join(folder, 'b.env'), 'utf8'), 'TOKEN="canary-4"\n');
    for (const name of ['b.env', 'c.bin', 'env/a b.yaml']) assert.equal(mode(join(folder, name)), 0o600);
    for (const path of [dirname(folder), folder, join(folder, 'env')]) assert.equal(mode(path), 0o700);
    assert.equal((await step('post', {})).status, 0);
    assert.deepEqual(left(), []);
    assert.equal((await step('post', {})).status, 0, 'twice is once');
  });

  test('Secrets and several documents', async () => {
    const base64 = Buffer.from('canary-1\ncanary-2').toString('base64');
    const secret = `apiVersion: v1\nkind: Secret\ndata:\n  a: ${base64}\n`;
    await seal('s.yaml', `# one\n---\n${secret}---\nb:\n  - text: "canary\\u002d3"\n---\n# none\n`);
    // The rules of the repository are for its files, not for what the action does with them.
    const rule = `creation_rules: [{ path_regex: s.yaml, encrypted_regex: none, pgp: ${'A'.repeat(40)} }]\n`;
    writeFileSync(join(work, '.sops.yaml'), rule);
    const run = await step('main', { files: 's.yaml' });
    assert.equal(run.status, 0, run.log);
    const masks = masksIn(run.log, ['canary', base64]);
    for (const text of [base64, 'canary-1\ncanary-2', 'canary-1', 'canary-2', 'canary-3'])
      assert.ok(masks.includes(text), text);
  });

  test('a folder of the job: what was there stays', async () => {
    await seal('a/b.yaml', 'x: canary-1\n');
    mkdirSync(join(work, 'out'));
    writeFileSync(join(work, 'out', 'mine'), '');
    assert.equal((await step('main', { files: 'a/b.yaml', 'output-dir': 'out' })).status, 0);
    assert.equal(variables('output')['path'], join(work, 'out'));
    assert.equal(mode(join(work, 'out', 'a')), 0o700);
    assert.equal(readFileSync(join(work, 'out', 'a', 'b.yaml'), 'utf8'), 'x: canary-1\n');
    await step('post', {});
    assert.deepEqual(readdirSync(join(work, 'out')), ['mine']);
    const before = readFileSync(join(work, 'a', 'b.yaml'));
    const run = await step('main', { files: 'a/b.yaml', 'output-dir': '.' });
    assert.equal(run.status, 1);
    assert.match(run.log, /b\.yaml is there already/);
    await step('post', {});
    assert.deepEqual(readFileSync(join(work, 'a', 'b.yaml')), before, 'the encrypted file is not touched');
  });

  test('the environment, with values that want to be more', async () => {
    const hostile = 'canary-1\nEVIL<<x\n::stop-commands::y\nx\n%0A::set-env name=Z::z';
    await seal(
      'a.json',
      JSON.stringify({ db: { pass: hostile, port: 5432, ok: true }, list: ['canary-2'], s: '::stop-commands::q' }),
    );
    const run = await step('main', { files: 'a.json', env: 'true' });
    assert.equal(run.status, 0, run.log);
    const masks = masksIn(run.log, ['canary', 'stop-commands', 'EVIL']);
    assert.ok(masks.includes(hostile) && masks.includes('::stop-commands::q') && masks.includes('EVIL<<x'));
    assert.ok(run.log.split('\n').every(line => line === '' || line.startsWith('::add-mask::')));
    assert.deepEqual(variables('env'), {
      db_pass: hostile,
      db_port: '5432',
      db_ok: 'true',
      list_0: 'canary-2',
      s: '::stop-commands::q',
    });
    assert.equal(variables('output')['path'], '');
    await step('post', {});
    assert.deepEqual(left(), []);
  });

  test('names that decide which programs run, or are none', async () => {
    for (const name of [
      'NODE_OPTIONS',
      'BUN_OPTIONS',
      'BUN_BE_BUN',
      'LD_PRELOAD',
      'Path',
      'GITHUB_TOKEN',
      'a b',
      'x\nEVIL',
      '1',
    ]) {
      await seal('a.json', JSON.stringify({ [name]: 'canary-1', other: 'canary-2' }));
      const run = await step('main', { files: 'a.json', env: 'true' });
      assert.equal(run.status, 1, name);
      masksIn(run.log, ['canary']);
      assert.match(run.log, /^::error title=tsops::/m);
      assert.deepEqual(variables('env'), {});
    }
  });

  test('where one file fails nothing is written', async () => {
    await seal('a.yaml', 'x: canary-1\n');
    await seal('b.yaml', 'x: canary-2\n');
    writeFileSync(join(work, 'b.yaml'), readFileSync(join(work, 'b.yaml'), 'utf8').replace('x:', 'y:'));
    const run = await step('main', { files: 'a.yaml\nb.yaml' });
    assert.equal(run.status, 1);
    assert.match(run.log, /^::error title=tsops::b\.yaml/m);
    masksIn(run.log, ['canary']);
    assert.deepEqual(left(), []);
    assert.equal(variables('output')['path'], undefined);
    assert.equal((await step('main', { files: 'a.yaml' }, { SOPS_AGE_KEY_FILE: '/dev/null' })).status, 1);
    assert.deepEqual(left(), []);
  });

  test('what cannot be written was masked before', async () => {
    await seal('a.yaml', 'x: canary-1\n');
    writeFileSync(join(work, 'file'), '');
    const places: [Inputs, Inputs][] = [
      [{ 'output-dir': 'file/x' }, {}],
      [{ env: 'true' }, { GITHUB_ENV: work }],
    ];
    for (const [inputs, env] of places) {
      const run = await step('main', { files: 'a.yaml', ...inputs }, env);
      assert.equal(run.status, 1);
      assert.match(run.log, /^::add-mask::canary-1\n::error title=tsops::.*(ENOTDIR|EEXIST|EISDIR)/);
      assert.deepEqual(left(), []);
    }
  });

  test('inputs that are wrong', async () => {
    await seal('a.yaml', 'x: canary-1\n');
    writeFileSync(join(work, 'plain.yaml'), 'x: y\n');
    const wrong: Inputs[] = [
      { files: '' },
      { files: 'none.yaml' },
      { files: '::stop-commands::x' },
      { files: 'a.yaml', mask: 'yes' },
      { files: 'a.yaml', command: '/nowhere' },
      { files: 'a.yaml', command: '', version: '1 && true' },
      { files: 'a.yaml', env: 'true', 'output-dir': 'x' },
      { files: 'plain.yaml' },
      { files: 'plain.yaml', env: 'true', 'if-needed': 'true' },
    ];
    for (const inputs of wrong) {
      const run = await step('main', inputs);
      assert.equal(run.status, 1, JSON.stringify(inputs));
      assert.match(run.log, /^::error title=tsops::/m);
      assert.doesNotMatch(run.log, /^\s*::(?!error)/m);
      assert.deepEqual(left(), []);
    }
    const run = await step('main', { files: '*.yaml', 'if-needed': 'true', mask: 'false' });
    assert.equal(run.status, 0, run.log);
    assert.equal(run.log, '');
    assert.deepEqual(readdirSync(variables('output')['path'] ?? ''), ['a.yaml', 'plain.yaml']);
  });
});

/** A registry on the loopback with one package, `tsops`, that starts the built one. Its script must not run. */
async function registry(): Promise<{ readonly address: string; readonly close: () => void }> {
  const folder = join(runner, 'package');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const manifest = { name: 'tsops', version: '7.0.0', type: 'module', scripts: { install: 'touch ran-a-script' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const target = pathToFileURL(join(root, 'bin', 'tsops.js')).href;
  writeFileSync(join(folder, 'bin', 'tsops.js'), `import ${JSON.stringify(target)};\n`);
  const packed = await runProgram('npm', ['pack', '--ignore-scripts', folder], { cwd: runner });
  assert.equal(packed.status, 0, packed.stderr);
  const tarball = readFileSync(join(runner, 'tsops-7.0.0.tgz'));
  const server = createServer((request, response) => {
    if (request.url?.endsWith('.tgz')) return void response.end(tarball);
    const dist = { tarball: `http://${request.headers.host}/tsops-7.0.0.tgz` };
    const versions = { '7.0.0': { ...manifest, hasInstallScript: true, dist } };
    response.end(JSON.stringify({ name: 'tsops', 'dist-tags': { latest: '7.0.0' }, versions }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe('tsops for the action', { skip: process.platform === 'win32' }, () => {
  test('is installed from npm, without scripts, where nothing outlives the job', async () => {
    await seal('a.yaml', 'x: canary-1\n');
    const { address, close } = await registry();
    try {
      const env = { npm_config_registry: address };
      const run = await step('main', { files: 'a.yaml', command: '', version: '7.0.0' }, env);
      assert.equal(run.status, 0, run.log);
      const made = readdirSync(join(runner, 'temp'), { recursive: true }).map(String);
      assert.ok(made.some(path => path.endsWith(join('node_modules', 'tsops', 'bin', 'tsops.js'))));
      assert.ok(!made.some(path => path.includes('ran-a-script')));
      await step('post', {});
      assert.deepEqual(left(), []);
      const missing = await step('main', { files: 'a.yaml', command: '', version: '9.9.9' }, env);
      assert.equal(missing.status, 1);
      assert.match(missing.log, /^::error title=tsops::tsops 9\.9\.9 cannot be installed/m);
      assert.deepEqual(left(), []);
    } finally {
      close();
    }
  });

  test('a job that is cut off leaves nothing', async () => {
    await seal('a.yaml', 'x: canary-1\n');
    const killer = join(runner, 'killer');
    writeFileSync(killer, '#!/bin/sh\nkill -9 $PPID\n', { mode: 0o755 });
    assert.equal((await step('main', { files: 'a.yaml', command: killer })).status, null);
    assert.equal(left().length, 1);
    await step('post', {});
    assert.deepEqual(left(), []);
  });
});

/** The scripts of docs/ci.md that are marked as sh. */
function recipes(): string[] {
  const text = readFileSync(join(root, 'docs', 'ci.md'), 'utf8');
  return [...text.matchAll(/```sh\n(.*?)```/gs)].map(match => match[1] ?? '');
}

describe('the recipes', { skip: process.platform === 'win32' }, () => {
  const withTsops = () => ({ PATH: `${dirname(program())}:${process.env['PATH']}`, SOPS_AGE_KEY_FILE: identity });

  test('a private folder that goes with the shell', async () => {
    const recipe = recipes().find(text => text.includes('trap'));
    assert.ok(recipe !== undefined);
    await seal('environments/production/db.yaml', 'x: canary-1\n');
    const look =
      'ls -l "$plain/environments/production" | grep -c "^-rw-------"; cat "$plain/environments/production/db.yaml"; exit 3\n';
    const env = { ...withTsops(), TMPDIR: join(runner, 'temp') };
    const script = recipe.replace(/^kubectl.*$/m, look);
    assert.notEqual(script, recipe);
    const run = await runProgram('sh', ['-c', script], { cwd: work, env });
    assert.equal(run.stdout.toString(), '1\nx: canary-1\n', run.stderr);
    assert.equal(run.status, 3);
    assert.deepEqual(left(), []);
  });

  test('a program with the values in its environment', async () => {
    const recipe = recipes().find(text => text.includes('tsops run'));
    assert.ok(recipe !== undefined);
    await seal('production.env', 'DB=canary-1\n');
    mkdirSync(join(work, 'bin'));
    writeFileSync(join(work, 'deploy.sh'), '#!/bin/sh\necho "deployed with $DB"\n', { mode: 0o755 });
    const run = await runProgram('sh', ['-c', recipe], { cwd: work, env: withTsops() });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout.toString(), /^deployed with (?!canary)/);
  });
});
