import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson } from '@bufbuild/protobuf';
import { LayeredRuntimeSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { runtimeValues } from './runtime-values.ts';

test('the last layer that names a key is right; objects are dotted keys, but fractions', () => {
  const { layers, entries } = runtimeValues(
    fromJson(LayeredRuntimeSchema, {
      layers: [
        { name: 'base', static_layer: { a: { b: 1, c: 'x' }, 'd.e': { numerator: 5, denominator: 'HUNDRED' } } },
        { name: 'over', static_layer: { 'a.b': true } },
        { name: 'admin', admin_layer: {} },
      ],
    }),
  );
  assert.deepEqual(layers, ['base', 'over', 'admin']);
  assert.deepEqual(Object.fromEntries(entries), {
    'a.b': { layerValues: ['1', 'true', ''], finalValue: 'true' },
    'a.c': { layerValues: ['x', '', ''], finalValue: 'x' },
    'd.e': {
      layerValues: ['{"numerator":5,"denominator":"HUNDRED"}', '', ''],
      finalValue: '{"numerator":5,"denominator":"HUNDRED"}',
    },
  });
});
