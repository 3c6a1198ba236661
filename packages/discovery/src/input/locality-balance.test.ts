// Localities of endpoints get priorities and weights as their caller's locality and labels ask for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Labels } from '@meltemi/base';
import { NO_WORKLOAD } from './endpoint-inputs.ts';
import { balanced, type LabelledLocality } from './locality-balance.ts';

const CALLER = { locality: 'r1/z1/s1', labels: { version: 'v1' } };

function at(locality: string, labels: Labels = {}, weight = 0): LabelledLocality {
  return { locality, endpoints: [{ endpoint: { ...NO_WORKLOAD, host: locality, port: 80, weight }, labels }] };
}

const WORLD = ['r1/z1/s1', 'r1/z1/s2', 'r1/z2', 'r2', 'r3', ''].map((locality) => at(locality));
const priorities = (all: ReturnType<typeof balanced>) => all.map(({ priority = 0 }) => priority);
const weights = (all: ReturnType<typeof balanced>) =>
  all.map(({ weight, endpoints }) => (endpoints.length ? weight : 0));

test('the nearer the sooner, and of other regions the one that is named first', () => {
  assert.deepEqual(priorities(balanced(WORLD, {}, CALLER)), [0, 1, 2, 3, 3, 3]);
  assert.deepEqual(priorities(balanced(WORLD, { failover: [{ from: 'r1', to: 'r3' }] }, CALLER)), [0, 1, 2, 4, 3, 4]);
  assert.deepEqual(priorities(balanced(WORLD.slice(3), {}, CALLER)), [0, 0, 0]);
});

test('labels that an endpoint shares with its caller say when it is taken', () => {
  const all = [at('r1', { version: 'v1', app: 'a' }), at('r2', { version: 'v1' }), at('r3', { app: 'a' })];
  assert.deepEqual(priorities(balanced(all, { failoverPriority: ['version', 'app=a'] }, CALLER)), [0, 1, 2]);
});

test('shares are divided by weight; what has none takes nothing', () => {
  const all = [at('r1/z1', {}, 3), at('r1/z2', {}, 1), at('r2'), at('r3')];
  const distribute = [{ from: 'r1/*', to: { 'r1/*': 80, r2: 20 } }];
  assert.deepEqual(weights(balanced(all, { distribute }, CALLER)), [60, 20, 20, 0]);
  assert.deepEqual(weights(balanced(all, { distribute: [{ from: 'r9', to: { r2: 100 } }] }, CALLER)), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('whatever is asked for, priorities have no gaps and no endpoint is lost or doubled', () => {
  const word = fc.constantFrom('', 'a', 'b');
  const locality = fc.tuple(word, word, word).map((parts) => parts.join('/').replace(/\/+$/, ''));
  const label = fc.constantFrom('x', 'y', 'topology.istio.io/network');
  const labels = fc.dictionary(label, word);
  const setting = fc.record({
    failover: fc.array(fc.record({ from: word, to: word }), { maxLength: 2 }),
    failoverPriority: fc.uniqueArray(label),
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(locality, labels), { maxLength: 6 }),
      setting,
      fc.record({ locality, labels }),
      (world, said, caller) => {
        const localities = world.map(([where, own], index) => at(where, { ...own, index: String(index) }));
        const all = balanced(localities, said, caller);
        const used = [...new Set(priorities(all))].sort((a, b) => a - b);
        assert.deepEqual(used, [...used.keys()]);
        assert.equal(all.flatMap(({ endpoints }) => endpoints).length, world.length);
      },
    ),
  );
});
