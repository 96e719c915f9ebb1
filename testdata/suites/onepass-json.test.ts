/**
 * The quick way through JSON texts (`formats/json/onepass.ts`) beside the parser: with the same random bytes the same encrypted file,
 * the same decrypted file, and the same errors, for random texts and for damaged ones. TSOPS_TEST_SEED gives other texts,
 * TSOPS_TEST_RUNS another number of them.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { plainObject, sealedObject } from '../../src/formats/json/onepass.ts';
import { decrypt, encrypt } from '../../src/index.ts';
import { bothWays, fixedRandom, rules, withoutWrapped } from './bothways.ts';
import { Chooser } from './generate.ts';
import { vectors } from './harness.ts';

const identities = readFileSync(join(vectors, 'keys', 'age-1.txt'), 'utf8');
const age = readFileSync(join(vectors, 'keys', 'age-1.pub'), 'utf8').trim();
const seed = Number(process.env['TSOPS_TEST_SEED'] ?? 20261129);
const runs = Number(process.env['TSOPS_TEST_RUNS'] ?? 1000);
const now = new Date('2026-01-01T00:00:00Z');

const simpleValues = [
  '"plain text"',
  '12',
  '-5',
  'true',
  'false',
  'null',
  '1.5',
  '""',
  '"ENC[x]"',
  '{}',
  '[]',
  '"é ü"',
];
const moreValues = [
  '"two\\nlines"',
  '"say \\"hi\\""',
  '"C:\\\\x"',
  '123456789012345678',
  '"😀"',
  '"a long text, of words"',
];
const oddValues = [
  ...['"a\\u00e9"', '"<b>"', '"x\\u003cy"', '"\\/"', '1.0', '1e3', '-0', '0.50', '18446744073709551616', '1e400', '01'],
  ...[
    '"\u2028"',
    '"tab\there"',
    '"\\x"',
    '"\\ud800"',
    'nul',
    'True',
    '+1',
    '.5',
    "'x'",
    '',
    '"open',
    '[1,]',
    '{"a":1,}',
  ],
  ...['"\x7f"', '"\\u0000"', '1 2', '[[[["deep"]]]]', '{"sops": 1}', '"\ufffd"'],
];
const oddKeys = ['"é"', '"a\\nb"', '"sops"', '""', '"a:b"', 'bare', '"s\\u006fps"', '"x" ', '"x'];
const invalidByte = Buffer.from([0xff]);

/** A text in which nearly everything is simple, and now and then something is not. */
class Text {
  readonly #chooser: Chooser;
  readonly #oddness: number;
  readonly #newline: string;
  readonly #unit: string;

  constructor(chooser: Chooser) {
    this.#chooser = chooser;
    this.#oddness = chooser.pick([0, 0, 0.02, 0.2]);
    this.#newline = chooser.pick(['\n', '\n', '\n', '', '\r\n', '\r']);
    this.#unit = chooser.pick(['  ', '  ', '\t', '    ', '']);
  }

  bytes(): Buffer {
    const { chance, pick } = { chance: this.#chance, pick: this.#pick };
    const lead = chance(0.03) ? pick(['\n', ' ', '\ufeff', '/* c */', '// c\n']) : '';
    const root = chance(0.02) ? pick(['[]', '1', '', '{}', '{ }']) : this.#object(0);
    const tail = chance(0.9) ? this.#newline : pick(['', ' \n\n', 'x', '{}', ',']);
    const bytes = Buffer.from(lead + root + tail);
    if (!chance(0.02)) return bytes;
    return Buffer.concat([bytes.subarray(0, 5), invalidByte, bytes.subarray(6)]);
  }

  readonly #chance = (probability: number): boolean => this.#chooser.chance(probability);
  readonly #pick = <T>(list: readonly T[]): T => this.#chooser.pick(list);

  #object(depth: number): string {
    const members = Array.from({ length: 1 + this.#chooser.below(depth === 0 ? 8 : 4) }, (_, i) => {
      const key = this.#isOdd() ? this.#pick(oddKeys) : `"${this.#pick(['k', 'group', 'm_unencrypted'])}${i}"`;
      return key + this.#pick([': ', ': ', ': ', ':', ' : ']) + this.#value(depth + 1);
    });
    return this.#container('{', members, '}', depth);
  }

  #value(depth: number): string {
    if (depth < 5 && this.#chance(0.2)) return this.#object(depth);
    if (depth < 5 && this.#chance(0.15)) {
      const items = Array.from({ length: 1 + this.#chooser.below(3) }, () => this.#value(depth + 1));
      return this.#container('[', items, ']', depth);
    }
    if (this.#isOdd()) return this.#pick(oddValues);
    return this.#pick(this.#chance(0.7) ? simpleValues : moreValues);
  }

  #container(open: string, parts: readonly string[], close: string, depth: number): string {
    const indent = this.#newline === '' ? '' : this.#newline + this.#unit.repeat(depth + 1);
    const outer = this.#newline === '' ? '' : this.#newline + this.#unit.repeat(depth);
    return `${open}${indent}${parts.join(`,${indent || this.#pick(['', ' '])}`)}${outer}${close}`;
  }

  #isOdd(): boolean {
    return this.#chooser.chance(this.#oddness);
  }
}

function damaged(sealed: Buffer, chooser: Chooser): Buffer {
  const text = sealed.toString('latin1');
  const end = text.lastIndexOf('"sops"');
  const at = chooser.below(end);
  const mark = text.indexOf('"ENC[', at);
  const ways: (() => string)[] = [
    () => text.slice(0, at) + text.slice(at + 1 + chooser.below(3)),
    () =>
      text.slice(0, at) +
      chooser.pick(['"', ',', '}', ' ', '\n', '\\', 'x', '\xe9', '\x01', '{', ':']) +
      text.slice(at),
    () => text.slice(0, at) + chooser.pick('"0Ax,}]\\ \n'.split('')) + text.slice(at + 1),
    () => text.slice(0, Math.max(mark, 0)) + text.slice(Math.max(mark, 0)).replace('type:str', 'type:comment'),
    () => text.slice(0, Math.max(mark, 0)) + text.slice(Math.max(mark, 0)).replace('type:str', 'type:int'),
    () =>
      text.slice(0, Math.max(mark, 0)) + text.slice(Math.max(mark, 0)).replace(/"ENC[^"]*"/, chooser.pick(oddValues)),
    () => text.replace('{', '{"new": "x", '),
    () => text.replace(/\}\s*$/, ', "new": 1}'),
    () => `{${text.slice(end).replace(/\}\s*$/, '')}, ${text.slice(text.indexOf('"'), end).replace(/,\s*$/, '')}}`,
    () => text.replace(/"mac": "ENC/, '"mac": "EMC'),
    () => text.replaceAll(/[\r\n\t]/g, ' '),
    () => text.slice(0, text.length - 1 - chooser.below(40)),
  ];
  return Buffer.from(chooser.pick(ways)(), 'latin1');
}

test('encrypting and decrypting JSON in one pass gives what the parser gives', async t => {
  let [taken, opened, accepted] = [0, 0, 0];
  for (let number = 0; number < runs; number++) {
    const chooser = new Chooser(seed + number);
    const plain = new Text(chooser).bytes();
    const indent = chooser.pick([undefined, undefined, -1, 0, 2, -2]);
    const options = { format: 'json', age, now, indent, ...rules(chooser) } as const;
    const [quick, slow] = await bothWays('json', () => encrypt(plain, { ...options, random: fixedRandom() }));
    assert.equal(withoutWrapped(quick), withoutWrapped(slow), plain.toString());
    if (plainObject(plain) !== undefined) taken++;
    if ('error' in quick) continue;
    accepted++;
    const isWhole = chooser.chance(0.4);
    const sealed = isWhole ? quick.bytes : damaged(quick.bytes, chooser);
    const ignoreMac = chooser.chance(0.5);
    const [back, slowBack] = await bothWays('json', () => decrypt(sealed, { format: 'json', identities, ignoreMac }));
    assert.deepEqual(back, slowBack, sealed.toString());
    if (isWhole) assert.deepEqual(back, { bytes: plain }, plain.toString());
    if (sealedObject(sealed) !== undefined) opened++;
  }
  t.diagnostic(`${runs} texts: ${taken} taken, ${accepted} encrypted, ${opened} of these taken again`);
  assert.ok(taken > runs / 4 && taken < runs * 0.9 && opened > runs / 6, 'the texts are too odd, or not odd enough');
});
