import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { IvPool, ivBytes } from './ivpool.ts';

test('no vector is given twice, over many draws', () => {
  const pool = new IvPool(bytes => randomBytes(bytes));
  const seen = new Set<string>();
  const target = Buffer.alloc(ivBytes);
  for (let i = 0; i < 10_000; i++) {
    pool.next(target);
    seen.add(target.toString('hex'));
  }
  assert.equal(seen.size, 10_000);
});

test('a random source that gives too little is never made up for', () => {
  const target = Buffer.alloc(ivBytes);
  for (const length of [0, ivBytes - 1])
    assert.throws(() => new IvPool(() => randomBytes(length)).next(target), RangeError);
});

test('what a source gives is used to its last whole vector', () => {
  let drawn = 0;
  const source = Buffer.concat([Buffer.alloc(ivBytes, 1), Buffer.alloc(ivBytes, 2), Buffer.alloc(5, 3)]);
  const pool = new IvPool(() => {
    drawn += 1;
    return source;
  });
  const next = (): number => {
    const target = Buffer.alloc(ivBytes);
    pool.next(target);
    return target[ivBytes - 1] ?? 0;
  };
  assert.deepEqual([next(), next(), next(), drawn], [1, 2, 1, 2]);
});
