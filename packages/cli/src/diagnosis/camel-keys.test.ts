// Field names change, what people wrote does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { camelKeys } from './camel-keys.ts';

test('names of fields change, keys of maps and metadata stay', () => {
  assert.deepEqual(
    camelKeys({
      '@type': 'x',
      eds_cluster_config: { service_name: 'a_b' },
      typed_per_filter_config: { 'envoy.filters.http.fault': { max_active_faults: 1 } },
      metadata: { filter_metadata: { my_filter: { a_key: [{ b_key: 1 }] } } },
      node: { metadata: { INTERCEPTION_MODE: 'NONE', some_label: 'x' }, user_agent_name: 'envoy' },
    }),
    {
      '@type': 'x',
      edsClusterConfig: { serviceName: 'a_b' },
      typedPerFilterConfig: { 'envoy.filters.http.fault': { maxActiveFaults: 1 } },
      metadata: { filterMetadata: { my_filter: { a_key: [{ b_key: 1 }] } } },
      node: { metadata: { INTERCEPTION_MODE: 'NONE', some_label: 'x' }, userAgentName: 'envoy' },
    },
  );
});
