// Merging against protobuf's own: the bytes of two messages one after the other are their merge.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { type Cluster, ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { CorsSchema } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { BufferSchema } from '@meltemi/api/envoy/extensions/filters/http/buffer/v3/buffer_pb';
import fc from 'fast-check';
import { mergedAny, mergedMessage } from './merge-message.ts';

const word = fc.constantFrom('a', 'b', 'c');
const threshold = fc.record({ priority: fc.constantFrom('DEFAULT', 'HIGH') });

/** Everything but what is one value here: durations, wrapped numbers and `Any`. */
const cluster = fc
  .record(
    {
      name: word,
      lbPolicy: fc.constantFrom('RANDOM', 'MAGLEV'),
      respectDnsTtl: fc.boolean(),
      type: fc.constantFrom('STATIC', 'EDS'),
      clusterType: fc.record({ name: word }),
      edsClusterConfig: fc.record({ serviceName: word }, { requiredKeys: [] }),
      circuitBreakers: fc.record({ thresholds: fc.array(threshold), perHostThresholds: fc.array(threshold) }),
      upstreamBindConfig: fc.record(
        {
          sourceAddress: fc.record({ address: word, portValue: fc.nat(9) }),
          extraSourceAddresses: fc.array(fc.constant({})),
        },
        { requiredKeys: [] },
      ),
      lbSubsetConfig: fc.record(
        { subsetSelectors: fc.array(fc.record({ keys: fc.array(word) })) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  .map(({ type, clusterType, ...rest }) => ({
    ...rest,
    ...(type ? { type } : clusterType ? { clusterType } : {}),
  }))
  .map((json) => fromJson(ClusterSchema, JSON.parse(JSON.stringify(json)) as JsonValue));

function shown(message: Cluster): JsonValue {
  return toJson(ClusterSchema, message);
}

test('is what the bytes of the two say, and changes neither', () => {
  fc.assert(
    fc.property(cluster, cluster, (target, source) => {
      const before = [shown(target), shown(source)];
      const bytes = Buffer.concat([toBinary(ClusterSchema, target), toBinary(ClusterSchema, source)]);
      const merged = mergedMessage(ClusterSchema, target, source);
      assert.deepEqual(shown(merged), shown(fromBinary(ClusterSchema, bytes)));
      assert.deepEqual([shown(target), shown(source)], before);
    }),
  );
});

test('a duration and a wrapped number are one value', () => {
  const target = fromJson(ClusterSchema, { connectTimeout: '10.5s', perConnectionBufferLimitBytes: 5 });
  const source = fromJson(ClusterSchema, { connectTimeout: '2s', perConnectionBufferLimitBytes: 0 });
  assert.deepEqual(shown(mergedMessage(ClusterSchema, target, source)), {
    connectTimeout: '2s',
    perConnectionBufferLimitBytes: 0,
  });
});

test('lists are appended to, or replaced where the patch asks for it', () => {
  const [target, source] = ['a', 'b'].map((alias) =>
    fromJson(ClusterSchema, { lbSubsetConfig: { subsetSelectors: [{ keys: [alias] }] } }),
  );
  const keys = (lists: 'append' | 'replace') =>
    mergedMessage(ClusterSchema, target!, source!, lists).lbSubsetConfig?.subsetSelectors.map((each) => each.keys);
  assert.deepEqual([keys('append'), keys('replace')], [[['a'], ['b']], [['b']]]);
});

test('settings of one type are merged, those of another take their place', () => {
  const buffer = packAny(BufferSchema, create(BufferSchema, { maxRequestBytes: 5 }));
  const cors = packAny(CorsSchema, create(CorsSchema));
  assert.deepEqual(mergedAny(buffer, packAny(BufferSchema, create(BufferSchema))), buffer);
  assert.deepEqual(mergedAny(buffer, cors), cors);
  assert.deepEqual(mergedAny(undefined, cors), cors);
});
