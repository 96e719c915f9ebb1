import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { DataKey } from '../core/datakey.ts';
import { masterKeyText } from '../core/metadata.ts';
import { defaultSelection } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import { explicitContext } from '../keys/context.ts';
import { wrapDataKey } from '../keys/groups.ts';
import { findConfig } from './find.ts';
import { loadConfig } from './load.ts';
import { matchRule, type RuleMatch } from './rules.ts';

interface Target {
  readonly path: string;
  readonly cwd?: string;
  readonly args: readonly string[];
  readonly expect: 'ok' | 'error';
  readonly exitCode: number;
  readonly stderrContains?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const cases = join(import.meta.dirname, '../../testdata/vectors/cases/config');
const root = mkdtempSync(join(tmpdir(), 'tsops-config-'));
after(() => rmSync(root, { recursive: true }));

/** What only the command can decide: flags of the command line against the rule. */
const flagsOfCommand = [
  '--encrypted-regex',
  '--encrypted-suffix',
  '--mac-only-encrypted',
  '--shamir-secret-sharing-threshold',
];
/** Where tsops differs on purpose (docs/compatibility.md), and what it does instead. */
const differences = new Map<string, string>([
  ['unknown-keys', 'CONFIG_INVALID'],
  ['sops-yml-ignored', 'used'],
]);

for (const name of readdirSync(cases)) {
  const { targets } = JSON.parse(readFileSync(join(cases, name, 'expected.json'), 'utf8')) as { targets: Target[] };
  for (const [index, target] of targets.entries()) {
    const { args } = target;
    if (name === 'config-dash-flag-after-command' || args.some(arg => flagsOfCommand.includes(arg))) continue;
    test(`config vector ${name}, target ${index} (${target.path})`, () => check(name, target));
  }
}

async function check(name: string, target: Target): Promise<void> {
  const outcome = await run(name, target);
  const difference = differences.get(name);
  if (difference !== undefined) {
    assert.equal(outcome instanceof TsopsError ? outcome.code : outcome && 'used', difference);
  } else if (target.expect === 'ok') checkMetadata(outcome, target);
  else await checkRefusal(outcome, target);
}

/** The rule for the target of a copy of the case, or what was thrown. */
async function run(name: string, { path, cwd = '.', args }: Target): Promise<RuleMatch | TsopsError | undefined> {
  const folder = join(root, name);
  if (!existsSync(folder)) cpSync(join(cases, name), folder, { recursive: true });
  const working = join(folder, cwd);
  mkdirSync(working, { recursive: true });
  const explicit = args[0] === '--config' ? args[1] : undefined;
  const found = await findConfig({ cwd: working, explicit });
  try {
    const config = found && (await loadConfig(found));
    return config && (await matchRule(config, resolve(working, path), { now: new Date(0) }));
  } catch (error) {
    assert.ok(error instanceof TsopsError, String(error));
    return error;
  }
}

function checkMetadata(outcome: RuleMatch | TsopsError | undefined, { args, metadata = {} }: Target): void {
  assert.ok(!(outcome instanceof TsopsError), String(outcome));
  if (args.includes('--age')) return;
  assert.ok(outcome !== undefined, 'no rule');
  const { groups, shamirThreshold, macOnlyEncrypted } = outcome;
  const listed = groups.map(group => {
    const texts = (kind: string) => group.filter(key => key.kind === kind).map(masterKeyText);
    return Object.fromEntries(['age', 'pgp'].flatMap(kind => (texts(kind).length > 0 ? [[kind, texts(kind)]] : [])));
  });
  const threshold = groups.length > 1 ? shamirThreshold || groups.length : shamirThreshold;
  const selection = outcome.selection ?? defaultSelection;
  assert.ok(selection.kind !== 'none');
  const stored = selection.kind.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  const actual = {
    ...(groups.length > 1 ? { key_groups: listed } : listed[0]),
    ...(threshold > 0 ? { shamir_threshold: threshold } : {}),
    [stored]: selection.text,
    ...(macOnlyEncrypted ? { mac_only_encrypted: true } : {}),
  };
  assert.deepEqual(actual, metadata);
}

/** sops refuses in the configuration, for want of one, or when the data key is to be wrapped. */
async function checkRefusal(
  outcome: RuleMatch | TsopsError | undefined,
  { stderrContains = '', exitCode, args }: Target,
): Promise<void> {
  if (outcome === undefined) assert.equal(args.includes('--age'), false);
  else {
    const error = outcome instanceof TsopsError ? outcome : await wrapRefusal(outcome);
    assert.equal(error.exitStatus, exitCode);
    assert.ok(error.message.includes(stderrContains), error.message);
    assert.equal(error === outcome, error.where.file !== undefined, 'an error of the configuration names the file');
  }
}

async function wrapRefusal({ groups, shamirThreshold }: RuleMatch): Promise<TsopsError> {
  const dataKey = DataKey.generate(randomBytes);
  try {
    await wrapDataKey(dataKey, groups, shamirThreshold, explicitContext({}), randomBytes);
  } catch (error) {
    assert.ok(error instanceof TsopsError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing refuses this' });
}
