/**
 * The valid documents of the public YAML test suite whose root is a mapping: each comes back byte for byte after its values were
 * replaced by ciphertexts, or is refused with a clear error. The counts are printed.
 */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseYaml } from '../../src/formats/yaml/parser.ts';
import type { SyntaxNode } from '../../src/formats/yaml/syntax.ts';
import { decrypt, encrypt, formatPath, TsopsError } from '../../src/index.ts';
import { root, vectors } from './harness.ts';

const suite = join(root, '..', 'shared', 'data', 'yaml-test-suite');
const identity = readFileSync(join(vectors, 'keys', 'age-1.txt'), 'utf8');
const recipient = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();

interface SuiteCase {
  readonly name: string;
  readonly yaml: string;
  readonly fails: boolean;
}

function* casesOf(file: string): Generator<SuiteCase> {
  const { root: list } = parseYaml(readFileSync(join(suite, file), 'utf8')).documents[0] ?? assert.fail();
  assert.equal(list.kind, 'sequence');
  let yaml = '';
  for (const [index, item] of list.items.entries()) {
    // A case takes over from the one before it what it does not say itself.
    yaml = fieldOf(item, 'yaml') ?? yaml;
    yield { name: `${file}#${index}`, yaml: unmarked(yaml), fails: fieldOf(item, 'fail') === 'true' };
  }
}

function fieldOf(node: SyntaxNode, name: string): string | undefined {
  if (node.kind !== 'mapping') return undefined;
  const value = node.pairs.find(({ key }) => key.kind === 'scalar' && key.text === name)?.value;
  return value?.kind === 'scalar' ? value.text : undefined;
}

/** The markers that the suite puts in the place of invisible characters. */
function unmarked(text: string): string {
  return text
    .replaceAll('␣', ' ')
    .replaceAll(/—*»/g, '\t')
    .replaceAll('⇔', '\uFEFF')
    .replaceAll('↵', '')
    .replaceAll('←', '\r')
    .replace(/∎\n$/, '');
}

test('the YAML test suite round trips', { skip: existsSync(suite) ? false : `${suite} is not there` }, async t => {
  const counts = { restored: 0, refused: 0, invalid: 0 };
  const refusals = new Map<string, string[]>();
  for (const file of readdirSync(suite)
    .filter(name => name.endsWith('.yaml'))
    .sort()) {
    for (const entry of casesOf(file)) {
      const refusal = await roundTrip(entry);
      if (entry.fails) counts.invalid++;
      else if (refusal === undefined) counts.restored++;
      else {
        counts.refused++;
        refusals.set(refusal, [...(refusals.get(refusal) ?? []), entry.name]);
      }
    }
  }
  t.diagnostic(
    `valid: ${counts.restored} restored byte for byte, ${counts.refused} refused; invalid: ${counts.invalid}`,
  );
  for (const [reason, names] of refusals)
    t.diagnostic(`refused ${names.length}: ${reason} (${names.slice(0, 4).join(', ')})`);
  assert.ok(counts.restored >= 106, 'fewer valid documents round trip than did once');
});

/** The reason of a refusal; undefined where the text came back. */
async function roundTrip({ name, yaml }: SuiteCase): Promise<string | undefined> {
  let sealed: string;
  try {
    sealed = await encrypt(yaml, { format: 'yaml', age: recipient, allowNothing: true });
  } catch (error) {
    assert.ok(error instanceof TsopsError, `${name} ends in ${String(error)}`);
    assert.notEqual(error.code, 'INTERNAL', `${name} would not be restored`);
    assert.ok(error.hints.length > 0, `${name}: no hint with: ${error.message} ${formatPath(error.where.path ?? [])}`);
    return `${error.code}: ${error.message}`;
  }
  assert.equal(await decrypt(sealed, { format: 'yaml', identities: identity }), yaml, name);
  return undefined;
}
