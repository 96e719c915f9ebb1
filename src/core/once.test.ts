import assert from 'node:assert/strict';
import { test } from 'node:test';
import { once } from './once.ts';

test('what is loaded once is loaded when it is asked for, and then no more', async () => {
  let loads = 0;
  const load = once(async () => {
    loads += 1;
    return {};
  });
  assert.equal(loads, 0);
  const [one, other] = await Promise.all([load(), load()]);
  assert.equal(one, other);
  assert.equal(await load(), one);
  assert.equal(loads, 1);
});

test('what failed is tried again', async () => {
  let loads = 0;
  const load = once(async () => {
    loads += 1;
    if (loads === 1) throw new Error('no file can be opened');
    return loads;
  });
  const first = await Promise.allSettled([load(), load()]);
  assert.deepEqual(
    first.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(await load(), 2);
  assert.equal(await load(), 2);
});
