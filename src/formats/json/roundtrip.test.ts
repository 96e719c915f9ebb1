import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Changes, entry, leaf, type Mapping, mapping, type Node, type Scalar } from '../../core/tree.ts';
import { json } from './index.ts';

const space = fc.array(fc.constantFrom(' ', '\t', '\n', '\r\n', '\r', '  '), { maxLength: 2 }).map(all => all.join(''));
const word = fc.constantFrom('true', 'false', 'null');
const number = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '-0.0',
    '1.0',
    '1.50',
    '1e3',
    '1E+03',
    '1e-400',
    '9223372036854775808',
    '12345678901234567890.5',
  ),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => JSON.stringify(value)),
);

/** Pieces of a string body as byte text: escapes, UTF-8 and what only looks like it. */
const piece = fc.oneof(
  fc.constantFrom('\\u00e9', '\\u00E9', '\\ud83d\\ude00', '\\ud83d', '\\ude00', '\\/', '\\n', '\\"', '\\\\', '\\u0000'),
  fc.constantFrom(
    '<',
    '&',
    '/',
    'ENC[',
    '\x7f',
    '\xc3\xa9',
    '\xf0\x9f\x98\x80',
    '\xe2\x80\xa8',
    '\xef\xbf\xbd',
    '\xff',
    '\xe2\x82',
  ),
  fc.stringMatching(/^[a-z 0-9]{1,5}$/),
);
const string = fc.array(piece, { maxLength: 5 }).map(all => `"${all.join('')}"`);
const key = fc.oneof(string, fc.constantFrom('"a"', '"b"', '"__proto__"', '"1"', '""'));

/** An object or a list of parts with odd white space. */
const enclosed = (part: fc.Arbitrary<string>, open: string, close: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(
        fc.tuple(space, part, space).map(all => all.join('')),
        { maxLength: 4 },
      ),
      space,
    )
    .map(([parts, blank]) => open + (parts.length === 0 ? blank : parts.join(',')) + close);

const member = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(key, space, fc.constant(':'), space, value).map(all => all.join(''));

/** JSON byte texts of every shape. */
const { file: jsonFile } = fc.letrec<{ file: string; value: string; object: string }>(tie => ({
  file: fc.tuple(space, tie('object'), space).map(all => all.join('')),
  value: fc.oneof({ maxDepth: 4 }, number, string, word, tie('object'), enclosed(tie('value'), '[', ']')),
  object: enclosed(member(tie('value')), '{', '}'),
}));

/** The values by slot. */
function values(node: Node, found: Scalar[] = []): Scalar[] {
  if (node.kind === 'leaf') found[node.slot] = node.value;
  else
    for (const item of node.items)
      if (item.kind !== 'comment') values(item.kind === 'entry' ? item.value : item, found);
  return found;
}

const block = mapping([entry('mac', leaf('ENC[m]')), entry('version', leaf('3.13.2'))]);
const documentOf = (documents: readonly Mapping[]): Mapping => documents[0] ?? assert.fail('no document');

test('decrypting an encrypted file gives its bytes', () => {
  const indents = fc.option(fc.integer({ min: -1, max: 8 }), { nil: undefined });
  const property = fc.property(jsonFile, fc.infiniteStream(fc.boolean()), indents, (source, choices, indent) => {
    const bytes = Buffer.from(source, 'latin1');
    const plain = json.parse(bytes, 'plain');
    const plainValues = values(documentOf(plain.tree.documents));
    assert.equal(plainValues.length, plain.tree.slots);
    const isChosen = plainValues.map(value => value !== null && choices.next().value === true);
    const changes: Changes = isChosen.map((chosen, slot) => (chosen ? `ENC[${slot}]` : undefined));
    const written = plain.rewrite(changes, block, { indent });
    assert.ok(Buffer.from(written).includes('"mac": "ENC['));

    const encrypted = json.parse(written, 'encrypted');
    assert.deepEqual(
      encrypted.blocks.map(({ value }) => value),
      [block],
    );
    const expected = plainValues.map((value, slot) => changes[slot] ?? value);
    assert.deepEqual(values(documentOf(encrypted.tree.documents)), expected);
    const restored = plainValues.map((value, slot) => (isChosen[slot] ? value : undefined));
    assert.equal(Buffer.from(encrypted.rewrite(restored, plain.spelling(changes))).toString('latin1'), source);

    const edited = plain.rewrite(changes, block, { keep: encrypted });
    assert.deepEqual(Buffer.from(edited), Buffer.from(written));
  });
  fc.assert(property, { seed: 20260726, numRuns: 500 });
});

test('printing a file and reading it gives its tree', () => {
  const property = fc.property(jsonFile, fc.integer({ min: -1, max: 3 }), (source, indent) => {
    const { tree } = json.parse(Buffer.from(source, 'latin1'), 'plain');
    const again = json.parse(json.print(tree, { indent }), 'plain');
    // A whole float is printed as an integer and -0.0 as -0, as sops does.
    const loose = (found: Scalar[]): unknown[] =>
      found.map(value => (typeof value === 'bigint' ? Number(value) : value));
    const sign = (found: unknown[]): unknown[] => found.map(value => (value === 0 ? 0 : value));
    assert.deepEqual(
      sign(loose(values(documentOf(again.tree.documents)))),
      sign(loose(values(documentOf(tree.documents)))),
    );
  });
  fc.assert(property, { seed: 20260726, numRuns: 300 });
});

test('text of any kind is read or refused with a place', () => {
  const mangled = fc
    .tuple(jsonFile, fc.nat(), fc.nat({ max: 3 }), fc.constantFrom('', ',', '"', '}', '\\', '0', '\xff', '\0'))
    .map(([source, at, count, text]) => {
      const place = at % (source.length + 1);
      return source.slice(0, place) + text + source.slice(place + count);
    });
  const property = fc.property(mangled, source => {
    try {
      json.parse(Buffer.from(source, 'latin1'), 'plain');
    } catch (error) {
      assert.match(String(error), /^TsopsError/);
      // JSON.parse has no limit for numbers and takes every value at the top.
      if (!/not an object|too large/.test(String(error))) assert.throws(() => JSON.parse(source));
    }
  });
  fc.assert(property, { seed: 20260726, numRuns: 500 });
});
