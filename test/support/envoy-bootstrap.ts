// Turns route configurations and upstreams into a static bootstrap of Envoy: one listener for each configuration.
import type { JsonObject } from '@bufbuild/protobuf';
import type { EchoUpstream } from './echo-upstream.ts';

export const FAULT_TYPE = 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault';
const TYPE = 'type.googleapis.com/envoy.extensions.filters';

export interface EnvoyListener {
  readonly port: number;
  readonly routes: JsonObject;
  /** More fields of the HttpConnectionManager. */
  readonly manager?: JsonObject;
}

export function envoyBootstrap(listeners: readonly EnvoyListener[], upstreams: readonly EchoUpstream[]): JsonObject {
  return { staticResources: { listeners: listeners.map(listener), clusters: upstreams.map(cluster) } };
}

function listener({ port, routes, manager }: EnvoyListener): JsonObject {
  const typedConfig = {
    '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    statPrefix: 'test',
    routeConfig: routes,
    httpFilters: [
      { name: 'envoy.filters.http.fault', typedConfig: { '@type': FAULT_TYPE } },
      { name: 'envoy.filters.http.router', typedConfig: { '@type': `${TYPE}.http.router.v3.Router` } },
    ],
    ...manager,
  };
  return {
    name: `listener-${port}`,
    address: address(port),
    // A port that another has taken meanwhile is an error then, and not shared in silence.
    enableReusePort: false,
    filterChains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig }] }],
  };
}

function cluster({ name, port }: EchoUpstream): JsonObject {
  const endpoints = [{ lbEndpoints: [{ endpoint: { address: address(port) } }] }];
  return { name, type: 'STATIC', connectTimeout: '1s', loadAssignment: { clusterName: name, endpoints } };
}

function address(port: number): JsonObject {
  return { socketAddress: { address: '127.0.0.1', portValue: port } };
}
