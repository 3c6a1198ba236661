// For tests: an EnvoyFilter for each thing that may be patched, all of which a real Envoy takes.
import { rule } from './test-world.ts';

export const MANAGER = 'envoy.filters.network.http_connection_manager';
const TYPE = 'type.googleapis.com/envoy.extensions';

/** An EnvoyFilter of patches. */
export function envoyFilter(
  name: string,
  patches: readonly object[],
  more: object = {},
  namespace = 'default',
): string {
  return rule('EnvoyFilter', name, { configPatches: patches, ...more }, namespace).replace('io/v1', 'io/v1alpha3');
}

/** A patch beside the router of a connection manager. */
export function httpFilterPatch(context: string, name: string, typedConfig: object, more: object = {}): object {
  return {
    applyTo: 'HTTP_FILTER',
    match: {
      context,
      listener: { filterChain: { filter: { name: MANAGER, subFilter: { name: 'envoy.filters.http.router' } } } },
      ...more,
    },
    patch: { operation: 'INSERT_BEFORE', value: { name, typed_config: typedConfig } },
  };
}

export const LUA = {
  '@type': `${TYPE}.filters.http.lua.v3.Lua`,
  default_source_code: { inline_string: 'function envoy_on_request(handle) end' },
};

export const BUFFER = { '@type': `${TYPE}.filters.http.buffer.v3.Buffer`, max_request_bytes: 1024 };

const ECHO = { name: 'envoy.filters.network.echo', typed_config: { '@type': `${TYPE}.filters.network.echo.v3.Echo` } };

/** One of each, for sidecars and gateways of every namespace. */
export const EVERY_PATCH: readonly string[] = [
  envoyFilter(
    'listeners',
    [
      { applyTo: 'LISTENER', patch: { operation: 'MERGE', value: { per_connection_buffer_limit_bytes: 32_768 } } },
      {
        applyTo: 'LISTENER',
        match: { context: 'ANY' },
        patch: {
          operation: 'ADD',
          value: {
            name: 'added',
            address: { socket_address: { address: '127.0.0.1', port_value: 15_200 } },
            filter_chains: [{ filters: [ECHO] }],
          },
        },
      },
      {
        applyTo: 'LISTENER_FILTER',
        patch: {
          operation: 'INSERT_FIRST',
          value: {
            name: 'envoy.filters.listener.local_ratelimit',
            typed_config: {
              '@type': `${TYPE}.filters.listener.local_ratelimit.v3.LocalRateLimit`,
              stat_prefix: 'patched',
              token_bucket: { max_tokens: 1000, fill_interval: '1s' },
            },
          },
        },
      },
      {
        applyTo: 'FILTER_CHAIN',
        patch: { operation: 'MERGE', value: { transport_socket_connect_timeout: '5s' } },
      },
      {
        applyTo: 'NETWORK_FILTER',
        match: { listener: { filterChain: { filter: { name: MANAGER } } } },
        patch: {
          operation: 'MERGE',
          value: {
            typed_config: {
              '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              common_http_protocol_options: { idle_timeout: '30s' },
              xff_num_trusted_hops: 2,
            },
          },
        },
      },
      {
        applyTo: 'NETWORK_FILTER',
        match: { listener: { filterChain: { filter: { name: 'envoy.filters.network.tcp_proxy' } } } },
        patch: {
          operation: 'INSERT_BEFORE',
          value: {
            name: 'envoy.filters.network.connection_limit',
            typed_config: {
              '@type': `${TYPE}.filters.network.connection_limit.v3.ConnectionLimit`,
              stat_prefix: 'patched',
              max_connections: 100,
            },
          },
        },
      },
      httpFilterPatch('ANY', 'buffer', BUFFER),
      httpFilterPatch('GATEWAY', 'lua', LUA),
      httpFilterPatch('SIDECAR_INBOUND', 'lua', LUA),
    ],
    {},
    'istio-system',
  ),
  envoyFilter(
    'clusters',
    [
      {
        applyTo: 'CLUSTER',
        patch: { operation: 'MERGE', value: { upstream_connection_options: { tcp_keepalive: {} } } },
      },
      {
        applyTo: 'CLUSTER',
        match: { cluster: { service: 'reviews.default.svc.cluster.local', subset: 'v1' } },
        patch: { operation: 'MERGE', value: { connect_timeout: '1.5s', lb_policy: 'RANDOM' } },
      },
      { applyTo: 'CLUSTER', match: { cluster: { subset: 'v2' } }, patch: { operation: 'REMOVE' } },
      {
        applyTo: 'CLUSTER',
        patch: { operation: 'ADD', value: { name: 'extra', type: 'STATIC', connect_timeout: '1s' } },
      },
    ],
    {},
    'istio-system',
  ),
  envoyFilter(
    'routes',
    [
      {
        applyTo: 'ROUTE_CONFIGURATION',
        patch: { operation: 'MERGE', value: { request_headers_to_remove: ['x-forbidden'] } },
      },
      {
        applyTo: 'VIRTUAL_HOST',
        patch: {
          operation: 'MERGE',
          value: { response_headers_to_add: [{ header: { key: 'x-patched', value: 'yes' } }] },
        },
      },
      {
        applyTo: 'HTTP_ROUTE',
        match: { routeConfiguration: { vhost: { route: { action: 'ROUTE' } } } },
        patch: { operation: 'MERGE', value: { route: { idle_timeout: '10s' } } },
      },
      {
        applyTo: 'HTTP_ROUTE',
        patch: {
          operation: 'INSERT_FIRST',
          value: { name: 'teapot', match: { path: '/teapot' }, direct_response: { status: 418 } },
        },
      },
    ],
    {},
    'istio-system',
  ),
];
