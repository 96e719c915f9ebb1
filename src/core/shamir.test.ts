import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { combine, multiply, split } from './shamir.ts';

describe('shamir', () => {
  it('gives the shares of sops', () => {
    const shares = split(Uint8Array.of(0x2a), 3, 2, () => Uint8Array.of(0x53));
    assert.deepEqual(
      shares.map(share => Buffer.from(share).toString('hex')),
      ['7901', '8c02', 'df03'],
    );
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 0],
    ] as const) {
      assert.deepEqual(combine([shares[a]!, shares[b]!]), Uint8Array.of(0x2a));
    }
  });

  it('multiplies as GF(2^8) does (FIPS 197 §4.2)', () => {
    assert.equal(multiply(3, 7), 9);
    assert.equal(multiply(0x57, 0x83), 0xc1);
    assert.equal(multiply(0x57, 0x13), 0xfe);
    for (let a = 0; a < 256; a++) {
      assert.equal(multiply(a, 1), a);
      assert.equal(multiply(a, 0), 0);
    }
  });

  it('comes back from any threshold or more shares, in any order, and from no fewer', () => {
    const sizes = fc.integer({ min: 2, max: 8 }).chain(threshold =>
      fc.record({
        threshold: fc.constant(threshold),
        parts: fc.integer({ min: threshold, max: 12 }),
        secret: fc.uint8Array({ minLength: 16, maxLength: 40 }),
        order: fc.infiniteStream(fc.integer({ min: 0, max: 1000 })),
      }),
    );
    const property = fc.property(sizes, ({ threshold, parts, secret, order }) => {
      const shares = split(secret, parts, threshold, randomBytes)
        .map(share => ({ share, rank: order.next().value as number }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ share }) => share);
      assert.deepEqual(combine(shares.slice(0, threshold)), secret);
      assert.deepEqual(combine(shares), secret);
      if (threshold > 2) assert.notDeepEqual(combine(shares.slice(0, threshold - 1)), secret);
    });
    fc.assert(property, { seed: 3, numRuns: 60 });
  });

  it('works at the limit of 255 parts', () => {
    const shares = split(Uint8Array.of(1, 2, 3), 255, 255, randomBytes);
    assert.equal(shares.at(-1)?.at(-1), 255);
    assert.deepEqual(combine(shares), Uint8Array.of(1, 2, 3));
  });

  const one = Uint8Array.of(1);
  const refused: [name: string, run: () => unknown][] = [
    ['threshold 1', () => split(one, 3, 1, randomBytes)],
    ['threshold 256', () => split(one, 255, 256, randomBytes)],
    ['a threshold above the parts', () => split(one, 2, 3, randomBytes)],
    ['256 parts', () => split(one, 256, 2, randomBytes)],
    ['an empty secret', () => split(new Uint8Array(), 2, 2, randomBytes)],
    ['one share', () => combine([Uint8Array.of(1, 1)])],
    ['no shares', () => combine([])],
    ['different lengths', () => combine([Uint8Array.of(1, 1), Uint8Array.of(1, 1, 2)])],
    ['shares without a byte', () => combine([Uint8Array.of(1), Uint8Array.of(2)])],
    ['the same share twice', () => combine([Uint8Array.of(5, 1), Uint8Array.of(5, 1)])],
  ];
  for (const [name, run] of refused) it(`refuses ${name}`, () => assert.throws(run, { code: 'KEY_GROUP_INVALID' }));
});
