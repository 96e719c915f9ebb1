/** When keys are asked: services beside each other when they are slow, keys of this machine one at a time. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataKey } from '../core/datakey.ts';
import type { KeyGroup, MasterKey } from '../core/metadata.ts';
import { TsopsError } from '../errors.ts';
import { explicitContext } from './context.ts';
import { unwrapDataKey, wrapDataKey } from './groups.ts';
import type { KeyContext } from './provider.ts';

/** How a key behaves: after a time in milliseconds it opens or not; `never`: it does not answer. */
type Behaviour = readonly [ms: number, opens: boolean] | 'never';

const forever = 60_000;

/** A key service that holds parts in its memory, and keys that each behave in their own way. */
class Services {
  readonly asked: string[] = [];
  readonly #parts = new Map<string, Uint8Array>();
  readonly #behaviours = new Map<string, Behaviour>();
  readonly context: KeyContext;

  constructor() {
    const name = 'tcp://test';
    const wrap = async (_key: MasterKey, part: Uint8Array) => {
      const enc = `part ${this.#parts.size}`;
      this.#parts.set(enc, Uint8Array.from(part));
      return enc;
    };
    const service = { name, wrap, unwrap: (key: MasterKey) => this.#unwrap(key) };
    this.context = { ...explicitContext({}), localKeyService: false, keyServices: [service] };
  }

  kms(name: string, behaviour: Behaviour): MasterKey {
    this.#behaviours.set(name, behaviour);
    return { kind: 'gcp_kms', resourceId: name, createdAt: '2024-01-01T00:00:00Z', enc: '' };
  }

  pgp(name: string, behaviour: Behaviour): MasterKey {
    this.#behaviours.set(name, behaviour);
    return { kind: 'pgp', fingerprint: name, createdAt: '2024-01-01T00:00:00Z', enc: '' };
  }

  async #unwrap(key: MasterKey) {
    const name = key.kind === 'pgp' ? key.fingerprint : key.kind === 'gcp_kms' ? key.resourceId : '';
    this.asked.push(name);
    const behaviour = this.#behaviours.get(name) ?? 'never';
    await sleep(behaviour === 'never' ? forever : behaviour[0], undefined, { ref: behaviour !== 'never' });
    const part = behaviour !== 'never' && behaviour[1] ? this.#parts.get(key.enc) : undefined;
    return part === undefined ? { key, reason: `${name} failed`, hints: [] } : Uint8Array.from(part);
  }

  /** Wraps a data key for the groups and opens it again; gives which keys opened it, and how long that took. */
  async open(groups: readonly KeyGroup[], threshold = 0, order?: readonly string[]) {
    const dataKey = DataKey.generate(randomBytes);
    const wrapped = await wrapDataKey(dataKey, groups, threshold, this.context, randomBytes);
    const start = performance.now();
    const options = { context: this.context, order };
    const metadata = { groups: wrapped.groups, shamirThreshold: wrapped.threshold };
    const { dataKey: found, openedBy } = await unwrapDataKey(metadata, options);
    assert.ok(found.keyObject().equals(dataKey.keyObject()));
    const by = openedBy.map(key => (key.kind === 'gcp_kms' ? key.resourceId : key.kind));
    return { by, tookMs: performance.now() - start };
  }
}

test('a service that does not answer does not keep the next one waiting', async () => {
  const services = new Services();
  const group = [services.kms('a', 'never'), services.kms('b', 'never'), services.kms('c', [50, true])];
  const { by, tookMs } = await services.open([group]);
  assert.deepEqual([by, services.asked], [['c'], ['a', 'b', 'c']]);
  assert.ok(tookMs > 900 && tookMs < 3000, `${tookMs}`);
});

test('the next service is asked at once when one has failed', async () => {
  const services = new Services();
  const group = [services.kms('a', 'never'), services.kms('b', [10, false]), services.kms('c', [10, true])];
  const { by, tookMs } = await services.open([group]);
  assert.deepEqual([by, services.asked], [['c'], ['a', 'b', 'c']]);
  assert.ok(tookMs < 900, `${tookMs}`);
});

test('a service that is quick enough is the only one asked', async () => {
  const services = new Services();
  const { by } = await services.open([[services.kms('a', [100, true]), services.kms('b', [0, true])]]);
  assert.deepEqual([by, services.asked], [['a'], ['a']]);
});

test('a slow service still counts', async () => {
  const services = new Services();
  const { by } = await services.open([[services.kms('a', [800, true]), services.kms('b', 'never')]]);
  assert.deepEqual([by, services.asked], [['a'], ['a', 'b']]);
});

test('keys of this machine come first, and nothing is asked beside them', async () => {
  const services = new Services();
  const group = [services.kms('a', [0, true]), services.pgp('P', [900, true])];
  const { by } = await services.open([group]);
  assert.deepEqual([by, services.asked], [['pgp'], ['P']]);
});

test('nobody is disturbed while a service may still answer', async () => {
  const services = new Services();
  const group = [services.pgp('P', [0, true]), services.kms('a', [1500, true])];
  const { by } = await services.open([group], 0, ['gcp_kms', 'pgp']);
  assert.deepEqual([by, services.asked], [['a'], ['a']]);
});

test('slow groups are asked beside each other, up to the threshold', async () => {
  const services = new Services();
  const groups = [
    [services.kms('a', 'never'), services.kms('b', [0, false])],
    [services.kms('c', [700, true])],
    [services.kms('d', [700, true])],
    [services.kms('e', [0, true])],
  ];
  const { by, tookMs } = await services.open(groups, 2);
  assert.deepEqual(by, ['c', 'e']);
  assert.ok(tookMs < 2500, `${tookMs}`);
});

test('equal wrapped keys are asked once', async () => {
  const services = new Services();
  const key = { ...services.kms('a', [10, false]), enc: 'x' };
  const groups = [
    [key, { ...key }],
    [{ ...key }, { ...key, createdAt: '2025-01-01T00:00:00Z' }],
  ];
  const opening = unwrapDataKey({ groups, shamirThreshold: 2 }, { context: services.context });
  await assert.rejects(opening, (error: unknown) => {
    assert.ok(error instanceof TsopsError);
    assert.equal([...error.message.matchAll(/a failed/g)].length, 4);
    return true;
  });
  assert.deepEqual(services.asked, ['a']);
});

test('the report has the keys in their order, whoever failed first', async () => {
  const services = new Services();
  const keys = [services.kms('a', [900, false]), services.kms('b', [0, false]), services.kms('c', [0, false])];
  const groups = [keys.map((key, index) => ({ ...key, enc: `x${index}` }))];
  const opening = unwrapDataKey({ groups, shamirThreshold: 0 }, { context: services.context });
  await assert.rejects(opening, /gcp_kms a: .*a failed\n.*gcp_kms b: .*b failed\n.*gcp_kms c: .*c failed/);
});

test('what is thrown is not lost, unless another key opens the file', async () => {
  const fault = new RangeError('a fault');
  const unwrap = async (key: MasterKey) => {
    if (key.enc === 'bad') throw fault;
    return new Uint8Array(32);
  };
  const service = { name: 'tcp://test', wrap: async () => '', unwrap };
  const context = { ...explicitContext({}), localKeyService: false, keyServices: [service] };
  const [bad, good] = ['bad', 'good'].map(enc => ({ ...new Services().kms('a', 'never'), enc })) as MasterKey[];
  await assert.rejects(unwrapDataKey({ groups: [[bad!]], shamirThreshold: 0 }, { context }), fault);
  const { openedBy } = await unwrapDataKey({ groups: [[bad!, good!]], shamirThreshold: 0 }, { context });
  assert.deepEqual(openedBy, [good]);
});
