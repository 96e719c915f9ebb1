import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCipher } from '../core/cipher.ts';
import { decryptTree, encryptTree } from '../core/crypt.ts';
import { DataKey } from '../core/datakey.ts';
import { fromStored, toStored } from '../core/metadata.ts';
import type { SelectionRule } from '../core/selection.ts';
import { compileSelection, defaultSelection } from '../core/selection.ts';
import { TsopsError } from '../errors.ts';
import { dotenv } from './dotenv/index.ts';
import type { Format, PlainFile } from './format.ts';
import { ini } from './ini/index.ts';

const cipher = createCipher(DataKey.from(new Uint8Array(32).fill(0x66)), randomBytes);
const lastModified = '2026-11-22T07:01:08Z';
const rules: readonly SelectionRule[] = [
  defaultSelection,
  { kind: 'encryptedRegex', text: '^(a|k|s)$' },
  { kind: 'unencryptedRegex', text: '^(k|b)$' },
  { kind: 'encryptedCommentRegex', text: 'n' },
];
const selections = await Promise.all(rules.map(rule => compileSelection(rule)));

interface Journey {
  readonly plain: PlainFile;
  readonly sealed: Uint8Array;
  /** Decrypted with and without the spelling. */
  readonly restored: Uint8Array;
  readonly unspelled: Uint8Array;
}

/** Encrypts and decrypts with the real cipher; the MAC is checked on the way. */
function journey(format: Format, original: Uint8Array, rule: number): Journey {
  const selection = selections[rule]!;
  const common = { cipher, selection, macOnlyEncrypted: false, lastModified };
  const plain = format.parse(original, 'plain');
  const { changes, mac } = encryptTree(plain.tree, common);
  const age = { kind: 'age', recipient: 'age1x', enc: '-----BEGIN\nx\n-----END\n' } as const;
  const metadata = { shamirThreshold: 0, lastModified, macOnlyEncrypted: false, version: '3.13.2', mac };
  const block = toStored({ ...metadata, groups: [[age]], selection: rules[rule]! });
  const sealed = plain.rewrite(changes, block, {});
  const encrypted = format.parse(sealed, 'encrypted');
  assert.deepEqual(fromStored(encrypted.blocks[0]!.value).groups, [[age]]);
  const opened = decryptTree(encrypted.tree, { ...common, mac });
  assert.deepEqual(opened.unverifiedComments, []);
  const restored = encrypted.rewrite(opened.changes, plain.spelling(changes));
  return { plain, sealed, restored, unspelled: encrypted.rewrite(opened.changes, undefined) };
}

/** Every file that is accepted comes back byte by byte, and without its spelling at least value by value. */
function checkJourney(format: Format, original: Uint8Array, rule: number): void {
  let travelled: Journey;
  try {
    if (format.parse(original, 'plain').blocks.length > 0) return;
    travelled = journey(format, original, rule);
  } catch (error) {
    assert.ok(
      error instanceof TsopsError && (error.code === 'FILE_SYNTAX' || error.code === 'NOT_ENCRYPTABLE'),
      error as Error,
    );
    return;
  }
  assert.equal(latin(travelled.restored), latin(original));
  assert.deepEqual(format.parse(travelled.unspelled, 'plain').tree, travelled.plain.tree);
}

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const envPieces = [
  'A=',
  'B=two words',
  '=',
  '#',
  '# note',
  '\n',
  '\n',
  '\r\n',
  '\r',
  '\\n',
  'export C=1',
  'K_unencrypted=x',
  'é',
  '\xff',
  'sops=1',
  '\n\r\n',
];

/** Whole lines, so that most files are accepted, and bits of syntax, so that the odd ones are met. */
const iniLines = [
  'a = secret',
  'b = "two words"',
  "c = 'x'",
  'd = `tick # tock`',
  'e = """tri\nple"""',
  'g = cont\\\n  inued',
  'g = cont\\',
  '; comment',
  '  # indented',
  '[s]',
  '[s] ; note',
  '[s] junk # note',
  '',
  '  ',
  '\t',
  'k = v ; inline',
  'k : v#x',
  'i = `q` ; lost',
  'l = """a\nb""" junk ; kept',
  'm =',
  'o = ; only',
  'p = "C:\\dir\\"',
  '`b=q` = 1',
  '[DEFAULT]',
  'u_unencrypted = clear ; n',
  ';',
  ';; # x',
  'z = "',
  'w = """a`\nb"""',
  'v = trailing  ',
  't = \xff',
  'n = Ã ',
  'x = ]',
  '; n',
];
const iniBits = [
  'a',
  'k',
  ' ',
  '=',
  ':',
  ';',
  '#',
  '[',
  ']',
  '"',
  "'",
  '`',
  '"""',
  '\\',
  '\n',
  '\r\n',
  '\r',
  '\xc2\xa0',
  '\xff',
  '-',
  '\\n',
];

const joinedLines = (lines: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom(...lines), fc.constantFrom('\n', '\n', '\n', '\r\n')), { maxLength: 12 }),
      fc.boolean(),
    )
    .map(([rows, cut]) =>
      rows
        .map(row => row.join(''))
        .join('')
        .slice(0, cut ? -1 : undefined),
    );

const pieces = (bits: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...bits), { maxLength }).map(found => found.join(''));

const files: [name: string, format: Format, text: fc.Arbitrary<string>][] = [
  ['dotenv', dotenv, pieces(envPieces, 30)],
  ['INI lines', ini, joinedLines(iniLines)],
  ['INI bits', ini, pieces([...iniBits, 'a = x\n', '; c\n', '[s]\n'], 20)],
];

for (const [name, format, texts] of files) {
  test(`what is accepted comes back byte by byte: ${name}`, () => {
    fc.assert(
      fc.property(texts, fc.nat(rules.length - 1), fc.boolean(), (text, rule, marked) => {
        checkJourney(format, Buffer.from((marked ? '\xef\xbb\xbf' : '') + text, 'latin1'), rule);
      }),
      { seed: 20261122, numRuns: 1500 },
    );
  });
}

const hidden: [name: string, format: Format, input: string][] = [
  ['dotenv', dotenv, '# hunter2\nA=hunter2\nA=hunter2\n'],
  ['values and comments', ini, '; hunter2\n[s] ; hunter2\na = hunter2 ; hunter2\n; hunter2\n'],
  ['overridden values', ini, '; hunter2\na = hunter2 ; hunter2\na = """hunter2\n"""\na =\n'],
  ['behind quotes and headers', ini, '[s] hunter2\na = `x` hunter2\nb = """x\n""" hunter2 ; hunter2\n'],
  ['behind quoted names', ini, '"a" hunter2 = 1\n`b`hunter2:"x"\n`b` hunter2 = 2\n'],
  ['continued', ini, 'a = hunter2\\\n  hunter2\\\n\n; hunter2'],
];

for (const [name, format, input] of hidden) {
  test(`nothing of the plain file is left in the encrypted text: ${name}`, () => {
    const { sealed, restored } = journey(format, Buffer.from(input), 0);
    assert.ok(!latin(sealed).includes('hunter2'));
    assert.equal(latin(restored), input);
  });
}

const ends: [name: string, rule: number, input: string][] = [
  ['three quotes in clear', 1, 'b = """'],
  ['three quotes', 0, 'b = """'],
  ['a continued value in clear', 1, 'b = x\\'],
  ['a continued value', 0, 'b = x\\\n   '],
  ['a carriage return', 0, 'b = x\r'],
  ['an open line of blanks', 0, 'b = x\n  '],
];

for (const [name, rule, input] of ends) {
  test(`the end of an INI file without a line break comes back: ${name}`, () => {
    assert.equal(latin(journey(ini, Buffer.from(input), rule).restored), input);
  });
}

const unspelled: [name: string, format: Format, input: string][] = [
  ['dotenv', dotenv, '# c\r\n\nA=1\r\nB=a\\nb\n\nA="x"'],
  ['INI', ini, '; a\n; b\n[s]\r\na="1" ; x\n\n  b : """2\n3"""\n# d\nc=`#`\n; end\n\n; last'],
];

for (const [name, format, input] of unspelled) {
  test(`usual text needs no spelling: ${name}`, () => {
    const { plain, restored } = journey(format, Buffer.from(input), 0);
    const { changes } = encryptTree(plain.tree, {
      cipher,
      selection: selections[0]!,
      macOnlyEncrypted: false,
      lastModified,
    });
    assert.equal(plain.spelling(changes), undefined);
    assert.equal(latin(restored), input);
  });
}
