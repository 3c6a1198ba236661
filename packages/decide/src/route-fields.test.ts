import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescMessage } from '@bufbuild/protobuf';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import {
  RouteActionSchema,
  RouteSchema,
  VirtualHostSchema,
  WeightedCluster_ClusterWeightSchema as ClusterWeightSchema,
  WeightedClusterSchema,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import {
  CLUSTER_WEIGHT_FIELDS,
  ROUTE_ACTION_FIELDS,
  ROUTE_CONFIGURATION_FIELDS,
  ROUTE_FIELDS,
  VIRTUAL_HOST_FIELDS,
  WEIGHTED_CLUSTER_FIELDS,
} from './route-fields.ts';

const DECIDED: readonly (readonly [DescMessage, object])[] = [
  [RouteConfigurationSchema, ROUTE_CONFIGURATION_FIELDS],
  [VirtualHostSchema, VIRTUAL_HOST_FIELDS],
  [RouteSchema, ROUTE_FIELDS],
  [RouteActionSchema, ROUTE_ACTION_FIELDS],
  [WeightedClusterSchema, WEIGHTED_CLUSTER_FIELDS],
  [ClusterWeightSchema, CLUSTER_WEIGHT_FIELDS],
];

for (const [schema, rules] of DECIDED) {
  test(`every field of ${schema.name} is decided about`, () => {
    const fields = schema.fields.map((field) => field.name);
    assert.ok(fields.length > 3);
    assert.deepEqual(Object.keys(rules).sort(), [...fields].sort());
  });
}
