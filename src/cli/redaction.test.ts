import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Redaction } from './redaction.ts';

function through(values: string[], chunks: (string | Uint8Array)[]): string {
  const stream = new Redaction(values).stream();
  const parts = [
    ...chunks.map(chunk => stream.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)),
    stream.end(),
  ];
  return Buffer.concat(parts).toString();
}

describe('redaction', () => {
  const cases: [name: string, values: string[], chunks: string[], expected: string][] = [
    ['nothing to hide', [], ['abc'], 'abc'],
    ['a value', ['hunter2'], ['x hunter2 y'], 'x [redacted] y'],
    ['again and again', ['hunter2'], ['hunter2hunter2'], '[redacted][redacted]'],
    ['across chunks', ['hunter2'], ['x hun', 'ter', '2 y'], 'x [redacted] y'],
    ['a start that is none', ['hunter2'], ['x hunt', 'ing'], 'x hunting'],
    ['a start at the end', ['hunter2'], ['x hunter'], 'x hunter'],
    ['the longest of several', ['abcd', 'abcdef'], ['abcdefg', 'abcde'], '[redacted]g[redacted]e'],
    ['short values stay', ['1', 'abc'], ['1 abc'], '1 abc'],
    ['line by line', ['first line\nsecond line\n'], ['> second line <'], '> [redacted] <'],
    ['base64', ['hunter22'], [Buffer.from('hunter22').toString('base64')], '[redacted]='],
    ['base64 for addresses', ['??>>??>>'], [Buffer.from('??>>??>>').toString('base64url')], '[redacted]'],
    ['percent-encoded', ['a b&c=d'], [encodeURIComponent('a b&c=d')], '[redacted]'],
    ['inside a JSON string', ['a"b\\c\u0001'], [JSON.stringify('a"b\\c\u0001')], '"[redacted]"'],
    ['beyond ASCII, cut inside a character', ['pässwörd'], ['x pässwörd y'], 'x [redacted] y'],
  ];
  for (const [name, values, chunks, expected] of cases)
    test(name, () => assert.equal(through(values, chunks), expected));

  test('chunks may cut characters', () => {
    const bytes = [...Buffer.from('x pässwörd y')].map(byte => Uint8Array.of(byte));
    assert.equal(through(['pässwörd'], bytes), 'x [redacted] y');
  });

  test('what cannot become a value is not held back', () => {
    const stream = new Redaction(['hunter2']).stream();
    assert.equal(Buffer.from(stream.push(Buffer.from('Name: '))).toString(), 'Name: ');
  });

  test('however the output is cut, no value is in it and all else is', () => {
    const value = fc.string({ minLength: 4, maxLength: 8, unit: fc.constantFrom('a', 'b') });
    const text = fc.string({ maxLength: 60, unit: fc.constantFrom('a', 'b', ' ') });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), text, fc.array(fc.nat(60)), (values, whole, cuts) => {
        const places = [0, ...cuts.filter(at => at < whole.length).sort((a, b) => a - b), whole.length];
        const chunks = places.slice(1).map((to, index) => whole.slice(places[index], to));
        const out = through(values, chunks);
        assert.equal(out, through(values, [whole]));
        for (const hidden of values) assert.ok(!out.includes(hidden), `${hidden} in ${out}`);
      }),
      { numRuns: 1000 },
    );
  });
});
