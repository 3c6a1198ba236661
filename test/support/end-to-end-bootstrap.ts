// Turns route configurations and upstreams into one static bootstrap that both Envoy and our proxy take.
import type { JsonObject } from '@bufbuild/protobuf';
import type { EchoUpstream } from './echo-upstream.ts';
import { type EnvoyListener, envoyBootstrap, FAULT_TYPE } from './envoy-bootstrap.ts';
import { RING_CLUSTER } from './random-policies.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';

export function endToEndBootstrap(listeners: readonly EnvoyListener[], upstreams: readonly EchoUpstream[]): JsonObject {
  const managed = listeners.map((listener) => ({
    ...listener,
    manager: { ...listener.manager, httpFilters: [...FILTERS] },
  }));
  const bootstrap = envoyBootstrap(managed, upstreams);
  const resources = bootstrap['staticResources'] as { readonly clusters: JsonObject[] };
  return {
    node: { id: 'end-to-end', cluster: 'test' },
    staticResources: { ...resources, clusters: [...resources.clusters, ring(upstreams)] },
  };
}

const FILTERS: readonly JsonObject[] = [
  { name: 'envoy.filters.http.cors', typedConfig: { '@type': `${TYPE}.cors.v3.Cors` } },
  { name: 'envoy.filters.http.rbac', typedConfig: { '@type': `${TYPE}.rbac.v3.RBAC` } },
  {
    name: 'envoy.filters.http.fault',
    typedConfig: { '@type': FAULT_TYPE, abort: { headerAbort: {}, percentage: { numerator: 100 } } },
  },
  { name: 'envoy.filters.http.router', typedConfig: { '@type': `${TYPE}.router.v3.Router` } },
];

function ring(upstreams: readonly EchoUpstream[]): JsonObject {
  return {
    name: RING_CLUSTER,
    type: 'STATIC',
    connectTimeout: '1s',
    lbPolicy: 'RING_HASH',
    loadAssignment: {
      clusterName: RING_CLUSTER,
      endpoints: [
        {
          lbEndpoints: upstreams.map(({ port }) => ({
            endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: port } } },
          })),
        },
      ],
    },
  };
}
