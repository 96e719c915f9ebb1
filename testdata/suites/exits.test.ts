/**
 * Argument vectors against exit statuses: every row of `testdata/exits.ts`, and every flag of every command added to a good run of it,
 * in the spellings that sops takes. With `TSOPS_TEST_SOPS` a real sops has to end in the same way, but for what the table says.
 */

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { flags, keyFlags } from '../../src/cli/flags.ts';
import { type ExitRow, exitRows, flagValues, goodInputs, goodRuns, otherEnds, questionRows } from '../exits.ts';
import { startKeyValue } from '../servers/stores.ts';
import { newFolder, type Run, realSops, removeFolder, runProgram, runTsops, vectors } from './harness.ts';

const recipient = (n: number): string => readFileSync(join(vectors, 'keys', `age-${n}.pub`), 'utf8').trim();
const model = newFolder();
const store = await startKeyValue();
after(() => store.stop());
after(() => removeFolder(model));

const env: Record<string, string> = {
  SOPS_AGE_KEY_FILE: join(model, 'identities.txt'),
  EDITOR: `sh -c 'printf "z: 9\\n" > "$0"'`,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  AWS_MAX_ATTEMPTS: '1',
  HTTPS_PROXY: 'http://127.0.0.1:1',
  VAULT_TOKEN: 'root',
  VAULT_ADDR: store.address,
  VAULT_MAX_RETRIES: '0',
  GNUPGHOME: join(model, 'gnupg'),
};

before(async () => {
  mkdirSync(join(model, 'gnupg'), { mode: 0o700 });
  const plain = 'a: one\nb: two\n';
  writeFileSync(join(model, 'source.yaml'), plain);
  const identities = ['age-1.txt', 'age-3.txt'].map(name => readFileSync(join(vectors, 'keys', name), 'utf8'));
  writeFileSync(join(model, 'identities.txt'), identities.join('\n'));
  const make = async (name: string, content: string, who: number): Promise<string> => {
    const run = await runTsops(['encrypt', '--age', recipient(who), '--filename-override', name, '-'], {
      cwd: model,
      stdin: content,
    });
    assert.equal(run.status, 0, run.stderr);
    writeFileSync(join(model, name), run.stdout);
    return run.stdout.toString();
  };
  const encrypted = await make('enc.yaml', plain, 1);
  await make('enc.json', '{"a": "one", "b": "two"}\n', 1);
  await make('enc.env', 'a=one\nb=two\n', 1);
  await make('enc.bin', 'text', 1);
  await make('foreign.yaml', plain, 2);
  const stranger = ` - enc: junk\n          recipient: ${recipient(2)}\n        - enc:`;
  writeFileSync(join(model, 'stranger.yaml'), encrypted.replace(' - enc:', stranger));
  writeFileSync(join(model, 'no-rules.yaml'), 'stores: {}\n');
  writeFileSync(join(model, 'publish.sops.yaml'), 'destination_rules:\n  - vault_path: x\n');
  const open = `encrypted_regex: ^nosuch$, age: ${recipient(1)}`;
  const lists = `creation_rules: [{${open}}]\ndestination_rules: [{gcs_bucket: b, recreation_rule: {${open}}}]\n`;
  writeFileSync(join(model, 'open.sops.yaml'), lists);
  const groups = `creation_rules:\n  - key_groups:\n      - age: [${recipient(1)}]\n      - age: [${recipient(3)}]\n`;
  writeFileSync(join(model, 'groups.sops.yaml'), groups);
  const grouped = await runTsops(['encrypt', '--config', 'groups.sops.yaml', 'source.yaml'], { cwd: model });
  assert.equal(grouped.status, 0, grouped.stderr);
  writeFileSync(join(model, 'groups.yaml'), grouped.stdout);
  await make('nested.yaml', 'a: {b: c}\n', 1);
  writeFileSync(join(model, 'example.env'), 'a=\n');
  const [first = '', second = ''] = encrypted.split('\n');
  writeFileSync(join(model, 'tampered.yaml'), encrypted.replace(/(a: ENC\[AES256_GCM,data:)../, '$1zz'));
  writeFileSync(join(model, 'reordered.yaml'), encrypted.replace(`${first}\n${second}`, `${second}\n${first}`));
  writeFileSync(join(model, 'plain.yaml'), plain);
  writeFileSync(join(model, 'plain.json'), '{"x": 1}\n');
  writeFileSync(join(model, 'broken.yaml'), 'a: [\n');
  writeFileSync(join(model, 'empty.yaml'), '');
  const destination = 'destination_rules:\n  - path_regex: ^enc\\.yaml$\n    vault_path: x\n';
  writeFileSync(join(model, '.sops.yaml'), `creation_rules:\n  - age: ${recipient(1)}\n${destination}`);
});

/** Runs a program on a copy of the files. */
async function inCopy(run: (folder: string) => Promise<Run>): Promise<Run> {
  const folder = newFolder();
  try {
    cpSync(model, folder, { recursive: true });
    return await run(folder);
  } finally {
    removeFolder(folder);
  }
}

async function ends(row: ExitRow): Promise<void> {
  const args = row.args.map(word => word.replaceAll('RECIPIENT', recipient(1)).replaceAll('OTHER', recipient(2)));
  const options = (cwd: string) => ({ cwd, env: { ...env, ...row.env }, stdin: row.stdin ?? '' });
  const run = await inCopy(folder => runTsops(args, options(folder)));
  assert.equal(run.status, row.status, run.stderr);
  // Of commands of others the status is theirs.
  if (run.status !== 0 && ![9, 137, 255].includes(run.status ?? 0)) {
    assert.match(run.stderr, /^(tsops: error: |Could not generate data key: )/m);
    // What the first two would do, and what `check` has found, is told before they fail; the answer of the last is for a program.
    if (!args.some(word => ['updatekeys', 'publish', 'check', 'krm'].includes(word)))
      assert.equal(run.stdout.length, 0, 'a failed run prints nothing on standard output');
  }
  if (realSops === undefined || row.sops === null) return;
  const theirs = await inCopy(folder => runProgram(realSops ?? '', args, options(folder)));
  assert.equal(theirs.status, row.sops ?? row.status, `sops: ${theirs.stderr}`);
}

for (const [name, rows] of [...Object.entries(exitRows), ['no command', questionRows] as const]) {
  describe(name, { concurrency: 2 }, () => {
    for (const row of rows) test(`tsops ${row.args.join(' ')} ends with ${row.status}`, () => ends(row));
  });
}

/** The spellings of a flag, one after the other. */
function spelled(name: string, at: number): string[] {
  const flag = flags.get(name) ?? assert.fail(name);
  const called = at % 3 === 1 ? (flag.short ?? flag.alias ?? name) : name;
  const dashes = at % 2 === 0 ? '--' : '-';
  if (flag.kind === 'boolean') return [`${dashes}${called}`];
  if (flag.kind === 'switch') return [`${dashes}${called}=true`];
  const value = flagValue(name);
  return at % 2 === 0 ? [`${dashes}${called}=${value}`] : [`${dashes}${called}`, value];
}

function flagValue(name: string): string {
  const key = keyFlags.find(flag => flag.name === name)?.key;
  const keys: Record<string, string> = {
    age: recipient(1),
    pgp: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4',
    kms: 'arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012',
    gcp_kms: 'projects/p/locations/global/keyRings/r/cryptoKeys/k',
    hckms: 'cn-north-1:12345678-1234-1234-1234-123456789012',
    azure_kv: 'https://nosuch.vault.azure.net/keys/k/1',
    hc_vault: 'https://127.0.0.1:1/v1/transit/keys/k',
  };
  const value = key === undefined ? flagValues[name] : keys[key];
  return (value ?? assert.fail(`testdata/exits.ts has no value for --${name}`)).replaceAll('RECIPIENT', recipient(1));
}

for (const command of commands) {
  const good = goodRuns[command.name];
  if (good === undefined) continue;
  describe(`${command.name}: every flag`, { concurrency: 2 }, () => {
    for (const [at, name] of command.flags.entries()) {
      const words = spelled(name, at);
      const length = command.name.split(' ').length;
      // Before the command, behind it, and behind the operands.
      const place = [0, length, good.length][at % 3] ?? 0;
      const args = [...good.slice(0, place), ...words, ...good.slice(place)];
      if (name === 'user' && process.getuid?.() !== 0) continue;
      const [status = 0] = otherEnds[command.name]?.[name] ?? [];
      const stdin = goodInputs[command.name] ?? '';
      test(`tsops ${args.join(' ')} ends with ${status}`, () => ends({ args, status, what: '', sops: null, stdin }));
    }
  });
}

test('every command has rows, and a good run for its flags', () => {
  // A service runs until it is ended, and some commands need a repository; their flags are tested in suites of their own.
  const without = ['keyservice', 'hook install', 'hook run', 'git install'];
  for (const { name } of commands) {
    assert.ok((exitRows[name]?.length ?? 0) > 0, `testdata/exits.ts has no rows for ${name}`);
    assert.ok(goodRuns[name] !== undefined || without.includes(name), `testdata/exits.ts has no good run of ${name}`);
  }
});
