// Shows what a proxy is to have as Envoy's admin would: decoded, as protobuf's JSON.
import { fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { registryOf } from '@meltemi/api';
import { file_envoy_config_cluster_v3_cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { file_envoy_config_endpoint_v3_endpoint } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { file_envoy_config_listener_v3_listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { file_envoy_config_route_v3_route } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { file_envoy_extensions_access_loggers_file_v3_file } from '@meltemi/api/envoy/extensions/access_loggers/file/v3/file_pb';
import { file_envoy_extensions_filters_http_cors_v3_cors } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { file_envoy_extensions_filters_http_fault_v3_fault } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { file_envoy_extensions_filters_http_router_v3_router } from '@meltemi/api/envoy/extensions/filters/http/router/v3/router_pb';
import { file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector } from '@meltemi/api/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb';
import { file_envoy_extensions_filters_listener_original_dst_v3_original_dst } from '@meltemi/api/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb';
import { file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector } from '@meltemi/api/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { file_envoy_extensions_filters_network_rbac_v3_rbac } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from '@meltemi/api/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb';
import { file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer } from '@meltemi/api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb';
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { Fragment } from '../fragment.ts';
import type { ProxyResources } from '../resources.ts';

const registry = registryOf(
  file_envoy_config_cluster_v3_cluster,
  file_envoy_config_endpoint_v3_endpoint,
  file_envoy_config_listener_v3_listener,
  file_envoy_config_route_v3_route,
  file_envoy_extensions_access_loggers_file_v3_file,
  file_envoy_extensions_filters_http_cors_v3_cors,
  file_envoy_extensions_filters_http_fault_v3_fault,
  file_envoy_extensions_filters_http_rbac_v3_rbac,
  file_envoy_extensions_filters_http_router_v3_router,
  file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector,
  file_envoy_extensions_filters_listener_original_dst_v3_original_dst,
  file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector,
  file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
  file_envoy_extensions_filters_network_rbac_v3_rbac,
  file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
  file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
  file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
  file_envoy_extensions_upstreams_http_v3_http_protocol_options,
);

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/admin/v3/config_dump.proto, reduced to what is served. */
export function configDump(resources: ProxyResources): JsonValue {
  // The names of fields are protobuf's, as in the dumps of proxies: the two can be compared.
  const json = (fragments: ReadonlyMap<string, Fragment>) => resourcesJson(fragments, { useProtoFieldName: true });
  return {
    configs: [
      dumpPart('ClustersConfigDump', 'dynamic_active_clusters', 'cluster', json(resources.CDS)),
      dumpPart('ListenersConfigDump', 'dynamic_listeners', 'listener', json(resources.LDS)),
      dumpPart('RoutesConfigDump', 'dynamic_route_configs', 'route_config', json(resources.RDS)),
      dumpPart('EndpointsConfigDump', 'dynamic_endpoint_configs', 'endpoint_config', json(resources.EDS)),
    ],
  };
}

/** Each resource as `{"@type": …, …}`. */
export function resourcesJson(
  fragments: ReadonlyMap<string, Fragment>,
  options: { readonly useProtoFieldName?: boolean } = {},
): JsonValue[] {
  return [...fragments.values()].map(({ any }) =>
    toJson(AnySchema, fromBinary(AnySchema, any), { registry, ...options }),
  );
}

function dumpPart(type: string, list: string, field: string, resources: readonly JsonValue[]): JsonValue {
  return {
    '@type': `type.googleapis.com/envoy.admin.v3.${type}`,
    [list]: resources.map((resource) => ({ [field]: resource })),
  };
}
