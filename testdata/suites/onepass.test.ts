/**
 * The quick way through simple YAML texts (`formats/yaml/onepass.ts`) beside the parser: with the same random bytes the same
 * encrypted file, the same decrypted file, and the same errors, for random texts and for damaged encrypted ones. TSOPS_TEST_SEED
 * gives other texts, TSOPS_TEST_RUNS another number of them.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sealedLines } from '../../src/formats/yaml/onepass.ts';
import { plainLines } from '../../src/formats/yaml/onepass-plain.ts';
import { decrypt, encrypt } from '../../src/index.ts';
import { bothWays, fixedRandom, rules, withoutWrapped } from './bothways.ts';
import { Chooser } from './generate.ts';
import { vectors } from './harness.ts';

const identities = readFileSync(join(vectors, 'keys', 'age-1.txt'), 'utf8');
const age = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
const seed = Number(process.env['TSOPS_TEST_SEED'] ?? 20261129);
const runs = Number(process.env['TSOPS_TEST_RUNS'] ?? 1200);
const now = new Date('2026-01-01T00:00:00Z');

const keys =
  'a b key no null true x_unencrypted a.b/c "q" "tls.crt" 12 1.5 sops _u .dot n True Off k-e-y 2001-01-01 ~ ü'.split(
    ' ',
  );
const oddValues = [
  ...['hello world', 'x', '12', '0x1F', '1.50', 'true', 'yes', 'null', '~', '', '""', "''", '-5', '-x', '- x', '.5'],
  ...['"quoted text"', "'single'", '"a\\nb"', "'it''s'", '"# no"', '"true"', "'12'", 'ENC[foo]', '{}', '[]', '{a: 1}'],
  ...['2001-01-01', '2001-01-01T00:00:00Z', 'a: b', 'a #b', 'a:b', 'http://x.y/z', '|', '>-', '&x y', '!!str x'],
  ...['ü umlaut', '"ünï"', 'Ünïcode text', '\u2028x', 'emoji 😀', '\u00a0nb', 'tab\there', 'trailing ', 'x\u0085y'],
  ...['18446744073709551615', '<<', '=', 'value with "quotes"', "don't", '100%', '@x', '.inf', '1_000', '012', '1:30'],
  ...['on', '# only', '...', '---', '\ufeffx', 'value:', 'q?', '}x', 'word \\ back'],
];
const simpleValues = ['longer plain text', '12', 'true', '"quoted value"', 'null', "'single value'", 'short', '1.5'];
const comments = [' comment here', 'c', '', ' ENC[x', '#', ' ü comment'];

/** Lines in which nearly everything is simple, and now and then something is not. */
class Lines {
  readonly lines: string[] = [];
  readonly #chooser: Chooser;
  readonly #oddness: number;

  constructor(chooser: Chooser) {
    this.#chooser = chooser;
    this.#oddness = chooser.pick([0, 0, 0.05, 0.3]);
    this.#mapping(0, 0);
  }

  #mapping(column: number, depth: number): void {
    const count = 1 + this.#chooser.below(depth === 0 ? 8 : 4);
    for (let i = 0; i < count; i++) {
      this.#between(column);
      const key = this.#isOdd() ? this.#chooser.pick(keys) : `${this.#chooser.pick(['k', 'grp', 'm_unencrypted'])}${i}`;
      if (depth < 4 && this.#chooser.chance(0.3)) this.#container(key, column, depth);
      else this.#add(column, `${key}: ${this.#value()}${this.#inline()}`);
    }
  }

  #container(key: string, column: number, depth: number): void {
    this.#add(column, `${key}:${this.#isOdd() ? this.#chooser.pick([' ', ' # c', ' &anchor']) : ''}`);
    if (this.#chooser.chance(0.1)) return;
    const width = this.#chooser.pick([1, 2, 2, 2, 4]);
    if (this.#chooser.chance(0.6)) this.#mapping(column + width, depth + 1);
    else this.#list(column + (this.#chooser.chance(0.4) ? 0 : width), depth + 1);
  }

  #list(column: number, depth: number): void {
    for (let i = 1 + this.#chooser.below(3); i > 0; i--) {
      this.#between(column);
      const dash = `-${' '.repeat(this.#chooser.pick([1, 1, 1, 3]))}`;
      if (this.#chooser.chance(0.5)) this.#add(column, dash + this.#value() + this.#inline());
      else {
        const start = this.lines.length;
        this.#mapping(column + dash.length, depth + 1);
        const first = this.lines[start] ?? '';
        this.lines[start] = `${first.slice(0, column)}${dash}${first.trimStart()}`;
      }
    }
  }

  #between(column: number): void {
    if (this.#chooser.chance(0.15)) {
      const place = this.#chooser.chance(0.1) ? this.#chooser.pick([0, 1, 2, 4]) : column;
      for (let i = this.#chooser.pick([1, 1, 2]); i > 0; i--) this.#add(place, `#${this.#chooser.pick(comments)}`);
    }
    if (this.#chooser.chance(0.05)) this.lines.push(this.#chooser.pick(['', '', '', '  ']));
  }

  #value(): string {
    return this.#isOdd() ? this.#chooser.pick(oddValues) : this.#chooser.pick(simpleValues);
  }

  #inline(): string {
    return this.#chooser.chance(0.08) ? this.#chooser.pick([' # inline', '  #in', ' #']) : '';
  }

  #add(column: number, line: string): void {
    this.lines.push(' '.repeat(column) + line);
  }

  #isOdd(): boolean {
    return this.#chooser.chance(this.#oddness);
  }
}

function damaged(sealed: Buffer, chooser: Chooser): Buffer {
  const lines = sealed.toString().split('\n');
  const at = chooser.below(Math.max(1, lines.indexOf('sops:')));
  const line = lines[at] ?? '';
  const cipherAt = line.indexOf('ENC[');
  const ways: (() => void)[] = [
    () => lines.splice(at, 1),
    () => lines.splice(at, 0, line),
    () => lines.splice(at, 0, chooser.pick(['', '# new', '---', '  ', 'new: value'])),
    () => lines.splice(at, 1, `${line} # x`),
    () => lines.splice(at, 1, ` ${line}`),
    () =>
      lines.splice(
        at,
        1,
        line.replace(/[A-Za-z0-9]/g, c => (chooser.chance(0.02) ? 'Z' : c)),
      ),
    () => lines.splice(at, 1, line.slice(0, Math.max(0, cipherAt)) + chooser.pick(['"', "'", '[', '|-\n      '])),
    () => lines.splice(at, 1, line.replace('type:str', chooser.pick(['type:int', 'type:comment', 'type:none']))),
    () => lines.splice(-1, 1),
  ];
  chooser.pick(ways)();
  return Buffer.from(lines.join('\n'));
}

test('encrypting and decrypting simple texts in one pass gives what the parser gives', async t => {
  let [taken, opened, accepted] = [0, 0, 0];
  for (let number = 0; number < runs; number++) {
    const chooser = new Chooser(seed + number);
    const plain = Buffer.from(`${new Lines(chooser).lines.join('\n')}${chooser.chance(0.97) ? '\n' : ''}`);
    const options = { format: 'yaml', age, now, ...rules(chooser) } as const;
    const [quick, slow] = await bothWays('yaml', () => encrypt(plain, { ...options, random: fixedRandom() }));
    assert.equal(withoutWrapped(quick), withoutWrapped(slow), plain.toString());
    if (plainLines(plain) !== undefined) taken++;
    if ('error' in quick) continue;
    accepted++;
    const isWhole = chooser.chance(0.5);
    const sealed = isWhole ? quick.bytes : damaged(quick.bytes, chooser);
    const ignoreMac = chooser.chance(0.5);
    const [back, slowBack] = await bothWays('yaml', () => decrypt(sealed, { format: 'yaml', identities, ignoreMac }));
    assert.deepEqual(back, slowBack, sealed.toString());
    if (isWhole) assert.deepEqual(back, { bytes: plain }, plain.toString());
    if (sealedLines(sealed) !== undefined) opened++;
  }
  t.diagnostic(`${runs} texts: ${taken} taken, ${accepted} encrypted, ${opened} of these taken again`);
  assert.ok(taken > runs / 4 && opened > runs / 6 && taken < accepted, 'the texts are too odd, or not odd enough');
});
