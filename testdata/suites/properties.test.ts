/**
 * Random files of every format: what is encrypted comes back byte for byte. With TSOPS_TEST_SOPS a part of them also goes through a
 * real sops, both ways. The seed is fixed; TSOPS_TEST_SEED gives another one and TSOPS_TEST_RUNS another number of files.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { decrypt, type EncryptOptions, edit, encrypt, type FormatName, TsopsError } from '../../src/index.ts';
import { Chooser, generate } from './generate.ts';
import { newFolder, realSops, removeFolder, runProgram, vectors } from './harness.ts';
import { mutated, ruleFrom } from './mutate.ts';

const identityFile = join(vectors, 'keys', 'age-1.txt');
const identity = readFileSync(identityFile, 'utf8');
const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
const seed = Number(process.env['TSOPS_TEST_SEED'] ?? 20261122);
const factor = Number(process.env['TSOPS_TEST_RUNS'] ?? 2500) / 2500;

const shares: readonly (readonly [FormatName, number])[] = [
  ['yaml', 1200],
  ['json', 500],
  ['dotenv', 350],
  ['ini', 350],
  ['binary', 100],
];

for (const [format, runs] of shares) {
  test(`${format}: decrypt(encrypt(file)) is the file`, async t => {
    let accepted = 0;
    const numRuns = Math.max(1, Math.round(runs * factor));
    await fc.assert(
      fc.asyncProperty(fc.nat(), async number => {
        const plain = generate(format, number);
        const sealed = await sealedOrRefused(plain, format);
        if (sealed === undefined) return;
        accepted++;
        const back = await decrypt(sealed, { format, identities: identity });
        assert.ok(Buffer.compare(back, plain) === 0, `file ${number} came back different`);
      }),
      { seed, numRuns },
    );
    t.diagnostic(`${accepted} of ${numRuns} files accepted, all restored`);
    assert.ok(accepted >= numRuns * 0.75, 'the generator makes too many files that are refused');
  });
}

async function sealedOrRefused(
  plain: Uint8Array,
  format: FormatName,
  options: Partial<EncryptOptions> = {},
): Promise<Uint8Array | undefined> {
  try {
    return await encrypt(plain, { format, age: recipient, allowNothing: true, ...options });
  } catch (error) {
    assert.ok(error instanceof TsopsError, String(error));
    assert.notEqual(error.code, 'INTERNAL', 'a file that was accepted would not come back');
    return undefined;
  }
}

const damaged = [
  ['yaml', 1800],
  ['dotenv', 200],
  ['ini', 250],
] as const;

for (const [format, runs] of damaged) {
  test(`${format}: odd files come back under every rule, and edits of them too`, async t => {
    let [accepted, edited] = [0, 0];
    const property = fc.asyncProperty(fc.nat(), async number => {
      const chooser = new Chooser(number);
      const plain = mutated(format, chooser);
      const options = { selection: ruleFrom(chooser), macOnlyEncrypted: chooser.chance(0.2) };
      const sealed = await sealedOrRefused(plain, format, options);
      if (sealed === undefined) return;
      accepted++;
      const back = await decrypt(sealed, { format, identities: identity });
      assert.ok(Buffer.compare(back, plain) === 0, `file ${number} came back different`);
      if (await editComesBack(sealed, plain, format, chooser)) edited++;
    });
    const numRuns = Math.max(1, Math.round(runs * factor));
    await fc.assert(property, { seed, numRuns });
    t.diagnostic(`${accepted} of ${numRuns} files accepted, ${edited} of them edited`);
    assert.ok(
      accepted >= numRuns * 0.3 && edited >= numRuns * 0.1,
      'the generator makes too many files that are refused',
    );
  });
}

/** Changes one letter or digit; false where that made no file that can be encrypted. */
async function editComesBack(
  sealed: Uint8Array,
  plain: Uint8Array,
  format: FormatName,
  chooser: Chooser,
): Promise<boolean> {
  const at = chooser.below(plain.length);
  if (!/[0-9a-z]/.test(String.fromCharCode(plain[at] ?? 0))) return false;
  const changed = Uint8Array.from(plain);
  changed[at] = plain[at] === 0x35 ? 0x36 : 0x35;
  try {
    const result = await edit(sealed, () => changed, { format, identities: identity, allowNothing: true });
    const back = await decrypt(result, { format, identities: identity });
    assert.ok(Buffer.compare(back, changed) === 0, 'the edited file came back different');
    return true;
  } catch (error) {
    assert.ok(error instanceof TsopsError && error.code !== 'INTERNAL', String(error));
    return false;
  }
}

const endings: Readonly<Record<string, string>> = {
  yaml: 'yaml',
  json: 'json',
  dotenv: 'env',
  ini: 'ini',
  binary: 'bin',
};

test('a real sops and tsops read each other', {
  skip: realSops === undefined ? 'TSOPS_TEST_SOPS names no sops' : false,
}, async t => {
  const folder = newFolder();
  try {
    let [ours, theirs] = [0, 0];
    for (const [format, runs] of shares) {
      for (let number = 0; number < (runs * factor) / 10; number++) {
        if (await oursToSops(folder, format, seed + number)) ours++;
        if (await sopsToOurs(folder, format, seed + number)) theirs++;
      }
    }
    t.diagnostic(`${ours} files of ours opened in sops, ${theirs} files of sops opened here`);
    assert.ok(ours > 0 && theirs > 0);
  } finally {
    removeFolder(folder);
  }
});

const typeOf = (format: FormatName): string[] => ['--input-type', format, '--output-type', format];

async function sops(
  folder: string,
  args: readonly string[],
): Promise<{ status: number | null; stdout: Buffer; stderr: string }> {
  return runProgram(realSops ?? '', args, { cwd: folder, env: { SOPS_AGE_KEY_FILE: identityFile } });
}

/** Values as sops prints them: in JSON, or the file itself for formats with one layout. */
async function valuesBySops(folder: string, format: FormatName, file: string): Promise<Buffer | undefined> {
  const output = format === 'binary' ? 'binary' : 'json';
  const run = await sops(folder, ['decrypt', '--input-type', format, '--output-type', output, file]);
  return run.status === 0 ? run.stdout : undefined;
}

async function oursToSops(folder: string, format: FormatName, number: number): Promise<boolean> {
  const plain = generate(format, number);
  const sealed = await sealedOrRefused(plain, format);
  if (sealed === undefined) return false;
  const ending = endings[format];
  writeFileSync(join(folder, `plain.${ending}`), plain);
  writeFileSync(join(folder, `ours.${ending}`), sealed);
  const byThem = await sops(folder, ['encrypt', '--age', recipient, ...typeOf(format), `plain.${ending}`]);
  if (byThem.status !== 0) return false;
  writeFileSync(join(folder, `theirs.${ending}`), byThem.stdout);
  const expected = await valuesBySops(folder, format, `theirs.${ending}`);
  const opened = await sops(folder, ['decrypt', ...typeOf(format), `ours.${ending}`]);
  assert.equal(opened.status, 0, `sops refuses our file ${format} ${number}: ${opened.stderr.slice(0, 300)}`);
  assert.ok(!/unencrypted comment/i.test(opened.stderr), `sops cannot open a comment of our file ${format} ${number}`);
  const values = await valuesBySops(folder, format, `ours.${ending}`);
  if (expected !== undefined)
    assert.equal(values?.toString(), expected.toString(), `sops reads other values in our file ${format} ${number}`);
  return true;
}

async function sopsToOurs(folder: string, format: FormatName, number: number): Promise<boolean> {
  const ending = endings[format];
  writeFileSync(join(folder, `plain.${ending}`), generate(format, number));
  const run = await sops(folder, ['encrypt', '--age', recipient, ...typeOf(format), `plain.${ending}`]);
  if (run.status !== 0) return false;
  writeFileSync(join(folder, `theirs.${ending}`), run.stdout);
  const expected = await valuesBySops(folder, format, `theirs.${ending}`);
  if (expected === undefined) return false;
  const plain = await decrypt(run.stdout, { format, identities: identity });
  if (format === 'binary') assert.ok(expected.equals(plain), `file ${number}`);
  const converted =
    format === 'binary'
      ? expected
      : await decrypt(run.stdout, { format, outputFormat: 'json', identities: identity }).catch(refusedDocuments);
  if (converted !== undefined)
    assert.equal(
      Buffer.from(converted).toString(),
      expected.toString(),
      `other values than sops in ${format} ${number}`,
    );
  return true;
}

/** sops drops all documents but the first one when it prints JSON; tsops refuses. */
function refusedDocuments(error: unknown): undefined {
  assert.ok(error instanceof TsopsError && error.code === 'NOT_REPRESENTABLE', String(error));
  return undefined;
}
